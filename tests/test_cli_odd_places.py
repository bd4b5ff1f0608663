"""``assess`` and ``classify`` where files, folders, lists and outputs are not as they should be."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import core.cli.photos
from core.__main__ import main
from core.cli.search import looks_like_a_picture
from core.synthetic.phantoms import draw

ROOT = Path(__file__).parents[1]
SHORT = ("assess", "--assessor", "classical")


@pytest.fixture(scope="session")
def skin() -> np.ndarray:
    return draw("lesion", 1, size=(240, 320), tone=0.3).rgb


@pytest.fixture
def photos(tmp_path, skin) -> Path:
    """Two photos in a folder: one.jpg and inner/two.jpg."""
    root = tmp_path / "photos"
    (root / "inner").mkdir(parents=True)
    for name in ("one.jpg", "inner/two.jpg"):
        Image.fromarray(skin).save(root / name)
    return root


def run(capsys, *argv: object) -> tuple[int, list[tuple[str, str | None]], str]:
    """Status, (path, code of its error) of each object, standard error."""
    status = main([str(word) for word in argv])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    rows = [json.loads(line) for line in out.splitlines()]
    for row in rows:
        assert set(row) == {"path", "error"} or "quality" in row
    return status, [(row["path"], row.get("error", {}).get("code")) for row in rows], err


def listed(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def refusing(monkeypatch, name: str, forbidden: Path) -> None:
    """``os.NAME`` says "permission denied" for a path and what is below, as for anyone but root."""
    real = getattr(os, name)

    def guarded(path, *args, **kwargs):
        if Path(os.fsdecode(path)).is_relative_to(forbidden):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, name, guarded)


class TestPaths:
    def test_what_cannot_be_reached_stands_in_its_place_and_the_rest_go_on(self, capsys, photos, monkeypatch):
        locked = photos.parent / "locked"
        refusing(monkeypatch, "stat", locked)
        odd = ("x" * 300, locked / "a.jpg", "", photos / "one.jpg" / "below.jpg", "nul\0.jpg")
        status, rows, err = run(capsys, *SHORT, *odd, photos / "one.jpg")
        assert (status, err) == (1, "")
        assert [path for path, _code in rows[:2]] == ["x" * 300, str(locked / "a.jpg")]
        assert all(code in ("not_found", "unreadable") for _path, code in rows[:-1])
        assert rows[-1] == (str(photos / "one.jpg"), None)

    def test_a_long_name_loses_its_end_in_the_picture_of_where(self, capsys, photos, tmp_path):
        names = ["n" * 246 + "a.jpg", "n" * 246 + "b.jpg", "\u00e9" * 122 + ".jpg"]
        for name in names:
            os.link(photos / "one.jpg", photos / name)
        out = tmp_path / "cams"
        status, _rows, err = run(capsys, *SHORT, *(photos / name for name in names), "--cam", out)
        assert (status, err) == (0, "")
        drawn = sorted(path.name for path in out.iterdir())
        assert len(drawn) == 3
        assert all(len(os.fsencode(name)) <= 255 and name.endswith(".lesion.jpg") for name in drawn)

    def test_a_picture_that_cannot_be_kept_is_an_error_in_its_place(
        self, capsys, photos, tmp_path, monkeypatch
    ):
        def full(image, path):
            if path.name.startswith("one"):
                Path(path).write_bytes(b"half")
                raise OSError(28, "No space left on device")
            image.convert("RGB").resize((8, 8)).tobytes()

        monkeypatch.setattr(core.cli.photos.Image.Image, "save", full)
        status, rows, _err = run(capsys, *SHORT, photos, "--cam", photos.parent / "cams")
        assert status == 1
        assert [code for _path, code in rows] == [None, "not_written"]
        assert not list((photos.parent / "cams").glob("one*"))

    def test_one_photo_that_meets_a_fault_of_ours_does_not_stop_the_rest(self, capsys, photos, monkeypatch):
        monkeypatch.delenv("RETAKE_DEBUG", raising=False)
        real = core.cli.photos.read_photo

        def read(path):
            if path.name == "two.jpg":
                raise ZeroDivisionError
            return real(path)

        monkeypatch.setattr(core.cli.photos, "read_photo", read)
        status, rows, err = run(capsys, *SHORT, photos)
        assert status == 1
        assert [code for _path, code in rows] == ["internal", None]
        assert err.count("RETAKE_DEBUG=1") == 1


class TestLists:
    def test_names_that_are_not_utf_8_and_a_byte_order_mark(self, capsys, photos, monkeypatch):
        strange = os.fsencode(photos) + b"/caf\xe9.jpg"
        os.link(photos / "one.jpg", strange)
        lines = [b"\xef\xbb\xbf" + os.fsencode(photos / "one.jpg"), strange, b"gone\xff.jpg", b""]
        listed(monkeypatch, b"\r\n".join(lines))
        status, rows, _err = run(capsys, *SHORT, "-")
        assert status == 1
        assert rows == [
            (str(photos / "one.jpg"), None),
            (os.fsdecode(strange), None),
            ("gone\udcff.jpg", "not_found"),
        ]

    @pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
    def test_a_list_as_windows_shells_write_it(self, capsys, photos, monkeypatch, coding):
        text = f"\ufeff{photos / 'one.jpg'}\r\n{photos / 'inner'}\r\n"
        listed(monkeypatch, text.encode(coding))
        status, rows, _err = run(capsys, *SHORT, "-")
        assert (status, len(rows)) == (0, 2)

    def test_a_list_that_cannot_be_read_is_an_error_in_its_place(self, capsys, photos, monkeypatch):
        closed = io.StringIO()
        closed.close()
        for nothing in (None, closed):
            monkeypatch.setattr(sys, "stdin", nothing)
            status, rows, _err = run(capsys, *SHORT, "-", photos / "one.jpg")
            assert status == 1
            assert rows == [("-", "unreadable"), (str(photos / "one.jpg"), None)]


class TestFolders:
    def test_pictures_are_known_by_what_is_in_them(self, capsys, photos):
        (photos / "one.jpg").rename(photos / "one.jfif")
        (photos / "inner" / "two.jpg").rename(photos / "inner" / "two")
        (photos / "notes.txt").write_text("BMI is 22, and nothing else")
        (photos / "film.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(64))
        (photos / "raw.dng").write_bytes(b"II*\0" + bytes(64))
        status, rows, _err = run(capsys, *SHORT, photos)
        assert status == 1
        assert [(Path(path).name, code is None) for path, code in rows] == [
            ("two", True),
            ("one.jfif", True),
            ("raw.dng", False),
        ]

    def test_links_are_followed_once_and_loops_are_noticed(self, capsys, photos, tmp_path, skin):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        Image.fromarray(skin).save(elsewhere / "three.jpg")
        (photos / "a-first").symlink_to(elsewhere)
        (photos / "b-again").symlink_to(elsewhere)
        (photos / "a-inner").symlink_to(photos / "inner")
        (photos / "inner" / "up").symlink_to(photos.parent)
        (elsewhere / "self").symlink_to(elsewhere)
        (photos / "linked.jpg").symlink_to(elsewhere / "three.jpg")
        status, rows, err = run(capsys, *SHORT, photos)
        assert status == 0
        names = ["a-first/three.jpg", "inner/two.jpg", "linked.jpg", "one.jpg"]
        assert rows == [(str(photos / name), None) for name in names]
        for link in ("b-again", "a-inner", "inner/up", "a-first/self"):
            assert str(photos / link) in err
        assert err.count("\n") == 4

    def test_links_that_lead_nowhere_are_told(self, capsys, photos):
        (photos / "gone.jpg").symlink_to(photos / "nowhere.jpg")
        (photos / "gone-folder").symlink_to(photos / "nowhere")
        (photos / "round.png").symlink_to(photos / "round.png")
        (photos / "gone.txt").symlink_to(photos / "nowhere.txt")
        status, rows, _err = run(capsys, *SHORT, photos)
        assert status == 1
        told = [Path(path).name for path, code in rows if code in ("not_found", "unreadable")]
        assert told == ["gone-folder", "gone.jpg", "round.png"]
        assert len(rows) == 5

    def test_folders_one_may_not_look_into_are_errors_and_not_empty(self, capsys, photos, monkeypatch):
        (photos / "locked").mkdir()
        refusing(monkeypatch, "scandir", photos / "locked")
        status, rows, err = run(capsys, *SHORT, photos, photos / "locked")
        assert (status, err) == (1, "")
        locked = (str(photos / "locked"), "unreadable")
        assert rows == [
            (str(photos / "inner" / "two.jpg"), None),
            locked,
            (str(photos / "one.jpg"), None),
            locked,
        ]

    @pytest.mark.parametrize(
        ("head", "picture"),
        [
            (b"\xff\xd8\xff\xe0", True),
            (b"RIFF\0\0\0\0WEBPVP8 ", True),
            (b"RIFF\0\0\0\0WAVEfmt ", False),
            (b"\0\0\0\x18ftypavif", True),
            (b"\0\0\0\x18ftypheix", True),
            (b"\0\0\0\x18ftypqt  ", False),
            (b"BM" + bytes(12) + b"\x28\0\0\0", True),
            (b"BMI is 22, as it was before.", False),
            (b"", False),
        ],
    )
    def test_pictures_are_told_by_their_first_bytes(self, head, picture):
        assert looks_like_a_picture(head) is picture


class TestOutputs:
    def test_a_full_disk_is_named_and_the_other_output_goes_on(self, capsys, photos, monkeypatch):
        with open("/dev/full", "w") as full, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", full)
            kept = photos.parent / "kept.jsonl"
            assert main([*SHORT, str(photos), "--jsonl", str(kept)]) == 1
        assert len(kept.read_text().splitlines()) == 2
        said = "stdout could not be written (No space left on device). Make room there, or choose another"
        assert capsys.readouterr().err == f"{said} place.\n"
        status, rows, err = run(capsys, *SHORT, photos, "--jsonl", "/dev/full")
        assert (status, len(rows)) == (1, 2)
        assert err.startswith("/dev/full could not be written (No space left on device)")

    def test_closed_and_full_streams_end_in_one_sentence(self, photos):
        def shell(line):
            command = f"{sys.executable} -m core {line}"
            return subprocess.run(
                ["sh", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=300
            )

        no_list = shell("assess --assessor classical - <&-")
        assert (no_list.returncode, no_list.stderr) == (1, "")
        assert json.loads(no_list.stdout)["error"]["code"] == "unreadable"
        for where in (">/dev/full", ">&-"):
            done = shell(f"assess --assessor classical '{photos}' {where}")
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
            assert "stdout could not be written" in done.stderr
        done = shell("weights verify >/dev/full")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)


class TestSettings:
    def test_the_assessor_and_the_preset_are_settings(self, capsys, photos, tmp_path, monkeypatch):
        preset = tmp_path / "own.yaml"
        preset.write_text("thresholds: {blurry: 0.0}", encoding="utf-8")
        monkeypatch.setenv("RETAKE_ASSESSOR", "classical")
        monkeypatch.setenv("RETAKE_PRESET", str(preset))
        main(["assess", str(photos / "one.jpg")])
        row = json.loads(capsys.readouterr().out)
        assert row["assessor"] == "classical"
        assert "blurry" in row["flagged"]
        main(["assess", str(photos / "one.jpg"), "--preset", "lenient"])
        assert "blurry" not in json.loads(capsys.readouterr().out)["flagged"]

    def test_what_is_given_for_the_run_goes_before_the_presets_assessor(
        self, capsys, photos, tmp_path, monkeypatch
    ):
        preset = tmp_path / "own.yaml"
        preset.write_text("assessor: classical", encoding="utf-8")
        monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)

        def judged_by(*more):
            main(["assess", str(photos / "one.jpg"), "--preset", str(preset), *more])
            return json.loads(capsys.readouterr().out)["assessor"]

        assert judged_by() == "classical"
        assert judged_by("--assessor", "imageqx") == "imageqx"
        monkeypatch.setenv("RETAKE_ASSESSOR", "imageqx")
        assert judged_by() == "imageqx"

    def test_a_preset_saved_here_has_a_name(self, capsys, photos, tmp_path, monkeypatch):
        from core.guidance.preset import load_preset
        from core.guidance.preset_store import PresetStore

        monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
        own = load_preset().model_copy(update={"name": "clinic", "thresholds": {"blurry": 0.0}})
        PresetStore(tmp_path / "presets").save(own)
        monkeypatch.setenv("RETAKE_PRESET", "clinic")
        main([*SHORT, str(photos / "one.jpg")])
        assert "blurry" in json.loads(capsys.readouterr().out)["flagged"]

    @pytest.mark.parametrize("way", ["setting", "option"])
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("version: 1\nversion: 2\n", 2),
            ("version: 1\ndescription: 2026-13-45\n", 2),
            ("[" * 3000, 1),
            ("a: &a [*a]\n", 1),
        ],
        ids=["twice", "date", "brackets", "alias"],
    )
    def test_a_broken_preset_is_file_line_what_to_do_and_status_2(
        self, capsys, photos, tmp_path, monkeypatch, way, text, line
    ):
        preset = tmp_path / "broken.yaml"
        preset.write_text(text, encoding="utf-8")
        argv = ["assess", str(photos)]
        if way == "setting":
            monkeypatch.setenv("RETAKE_PRESET", str(preset))
        else:
            argv += ["--preset", str(preset)]
        assert main(argv) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith(f"{preset}, line {line}: ")

    def test_an_assessor_that_is_none_is_status_2(self, capsys, photos, monkeypatch):
        monkeypatch.setenv("RETAKE_ASSESSOR", "oracle")
        assert main(["assess", str(photos)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "Set RETAKE_ASSESSOR to one of these: imageqx, classical, ordinal." in err
