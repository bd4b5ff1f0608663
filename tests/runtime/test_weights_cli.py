import argparse

from core.runtime import cli
from core.runtime.manifest import NetworkEntry, load_manifest, save_entry
from core.runtime.weights import sha256_of


def verify(folder) -> int:
    parser = argparse.ArgumentParser()
    cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["weights", "verify", "--dir", str(folder)])
    return args.run(args)


def add(folder, name):
    path = folder / f"{name}.onnx"
    path.write_bytes(name.encode())
    entry = NetworkEntry(
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        task="lesion",
        labels=["a", "b"],
        input_size=224,
        mean=(0, 0, 0),
        std=(1, 1, 1),
    )
    save_entry(name, entry, folder)
    return path


def test_one_line_a_file_and_success_when_all_is_well(tmp_path, capsys):
    add(tmp_path, "imageqx")
    add(tmp_path, "lesion")
    assert verify(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["imageqx", "lesion"]
    assert all(" ok" in line for line in lines)


def test_an_altered_file_fails_and_says_how_to_restore_it(tmp_path, capsys):
    add(tmp_path, "imageqx").write_bytes(b"altered")
    add(tmp_path, "lesion")
    assert verify(tmp_path) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert "Restore it with: git checkout" in first
    assert "imageqx.onnx" in first
    assert second.startswith("lesion: ok")


def test_words_that_do_not_fit_fail_with_their_line(tmp_path, capsys):
    add(tmp_path, "lesion")
    entry = load_manifest(tmp_path / "manifest.json").networks["lesion"]
    save_entry("lesion", entry.model_copy(update={"taxonomy": "words.yaml"}), tmp_path)
    (tmp_path / "words.yaml").write_text("labels:\n  a: {term: A}\n")
    assert verify(tmp_path) == 1
    out = capsys.readouterr().out
    assert out.startswith("lesion: ")
    assert "words.yaml, line 2: labels > a > lay_name: this is missing" in out


def test_no_manifest_is_a_sentence_and_failure(tmp_path, capsys):
    assert verify(tmp_path) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Restore it with" in shown.err
