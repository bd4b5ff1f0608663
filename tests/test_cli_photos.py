"""``assess`` and ``classify`` as other tools call them: JSON on stdout, sentences on stderr, a status."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toy_network import LABELS as TOY_LABELS
from toy_network import use_weights

import core.cli.assess
import core.cli.classify
import core.cli.description
from core.__main__ import main
from core.explain.gradients import MissingTorchError
from core.guidance.preset import load_preset
from core.lesion.taxonomy import LABELS
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import WeightsError, load_manifest
from core.synthetic.phantoms import draw

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("RETAKE_THREADS", "1")


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    kinds = ("lesion", "healthy_skin", "no_skin")
    return [draw(kind, seed, size=(480, 640), tone=0.3).rgb for seed, kind in enumerate(kinds)]


@pytest.fixture
def folder(tmp_path, pictures) -> Path:
    """a.jpg, b/c.PNG and b/d/e.webp, with things beside them that are no photos."""
    root = tmp_path / "photos"
    (root / "b" / "d").mkdir(parents=True)
    (root / ".thumbnails").mkdir()
    Image.fromarray(pictures[0]).save(root / "a.jpg")
    Image.fromarray(pictures[1]).save(root / "b" / "c.PNG")
    Image.fromarray(pictures[2]).save(root / "b" / "d" / "e.webp")
    Image.fromarray(pictures[2]).save(root / ".thumbnails" / "hidden.jpg")
    (root / "notes.txt").write_text("not a photo")
    return root


@pytest.fixture
def product_team(monkeypatch, tmp_path):
    """The weights folder of a product team that added networks of its own."""
    use_weights(monkeypatch, tmp_path / "weights")


def run(capsys, *argv: object) -> tuple[int, list[dict], str]:
    status = main([str(word) for word in argv])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, [json.loads(line) for line in out.splitlines()], err


class TestAssess:
    def test_one_object_a_photo_with_these_fields(self, capsys, folder):
        status, rows, err = run(capsys, "assess", folder / "a.jpg")
        assert (status, err, len(rows)) == (0, "", 1)
        (row,) = rows
        assert list(row) == [
            "path",
            "width",
            "height",
            "assessor",
            "quality",
            "label",
            "explanations",
            "flagged",
            "passes",
            "hint",
            "milliseconds",
        ]
        assert row["path"] == str(folder / "a.jpg")
        assert (row["width"], row["height"], row["assessor"]) == (640, 480, "imageqx")
        assert list(row["quality"]) == list(QUALITY_CLASSES)
        assert sum(row["quality"].values()) == pytest.approx(1)
        assert list(row["explanations"]) == list(EXPLANATIONS)
        thresholds = load_preset().rule(load_manifest().networks["imageqx"].thresholds).thresholds
        assert row["flagged"] == [
            name for name in EXPLANATIONS if row["explanations"][name] >= thresholds[name]
        ]
        assert row["passes"] == (row["hint"] is None)

    def test_folders_are_searched_through_in_order(self, capsys, folder):
        status, rows, _err = run(capsys, "assess", "--assessor", "classical", folder)
        assert status == 0
        assert [Path(row["path"]).relative_to(folder).as_posix() for row in rows] == [
            "a.jpg",
            "b/c.PNG",
            "b/d/e.webp",
        ]

    def test_classical_passes_a_good_photo_and_hints_at_a_bad_one(self, capsys, folder):
        _status, rows, _err = run(
            capsys, "assess", "--assessor", "classical", folder / "a.jpg", folder / "b" / "c.PNG"
        )
        good, healthy = rows
        assert (good["assessor"], good["passes"], good["hint"]) == ("classical", True, None)
        assert not healthy["passes"]
        prompt = load_preset().prompt("healthy_skin")
        assert healthy["hint"] == {"key": "healthy_skin", "text": prompt.text}

    def test_a_bad_file_stands_in_its_place_and_the_rest_go_on(self, capsys, folder):
        (folder / "a2.jpg").write_bytes(b"\xff\xd8\xff broken")
        status, rows, err = run(capsys, "assess", "--assessor", "classical", folder, folder / "missing.jpg")
        assert status == 1
        assert err == ""
        assert [row.get("error", {}).get("code") for row in rows] == [
            None,
            "corrupt",
            None,
            None,
            "not_found",
        ]
        assert list(rows[1]) == ["path", "error"]
        assert rows[1]["error"]["message"].endswith(".")

    def test_a_file_named_by_hand_need_not_have_a_suffix(self, capsys, folder):
        (folder / "a.jpg").rename(folder / "plain")
        status, rows, _err = run(capsys, "assess", "--assessor", "classical", folder / "plain")
        assert (status, rows[0]["width"]) == (0, 640)

    def test_a_list_on_stdin(self, capsys, folder, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{folder / 'a.jpg'}\n\n{folder / 'b'}\n"))
        status, rows, _err = run(capsys, "assess", "--assessor", "classical", "-")
        assert status == 0
        assert [Path(row["path"]).name for row in rows] == ["a.jpg", "c.PNG", "e.webp"]

    def test_an_empty_folder_is_said_on_stderr(self, capsys, tmp_path):
        status, rows, err = run(capsys, "assess", "--assessor", "classical", tmp_path)
        assert (status, rows) == (0, [])
        assert str(tmp_path) in err

    def test_jsonl_holds_the_same(self, capsys, folder, tmp_path):
        target = tmp_path / "new" / "out.jsonl"
        _status, rows, _err = run(capsys, "assess", "--assessor", "classical", folder, "--jsonl", target)
        assert [json.loads(line) for line in target.read_text().splitlines()] == rows
        assert len(rows) == 3

    def test_a_preset_file_decides(self, capsys, folder, tmp_path):
        text = (ROOT / "core" / "guidance" / "presets" / "balanced.yaml").read_text()
        assert "healthy_skin_passes: false" in text
        preset = tmp_path / "lenient.yaml"
        preset.write_text(text.replace("healthy_skin_passes: false", "healthy_skin_passes: true"))
        healthy = folder / "b" / "c.PNG"
        for name, passes in (("balanced", False), (preset, True)):
            _status, rows, _err = run(capsys, "assess", "--assessor", "classical", "--preset", name, healthy)
            assert rows[0]["passes"] is passes

    @pytest.mark.parametrize("assessor", ["imageqx", "classical"])
    def test_cam_draws_what_the_hint_is_about(self, capsys, folder, tmp_path, assessor, pictures):
        out = tmp_path / "cams"
        _status, rows, _err = run(capsys, "assess", "--assessor", assessor, folder, "--cam", out)
        for row in rows:
            target = row["hint"]["key"] if row["hint"] else row["label"]
            place = Path(row["path"]).relative_to(folder)
            drawn = Image.open(out / place.parent / f"{place.stem}.{target}.jpg")
            assert drawn.size == (640, 480)
        assert len([path for path in out.rglob("*") if path.is_file()]) == 3

    def test_photos_of_one_name_do_not_overwrite_each_other(self, capsys, folder, tmp_path, pictures):
        other = tmp_path / "other"
        other.mkdir()
        Image.fromarray(pictures[0][:, ::-1].copy()).save(other / "a.jpg")
        out = tmp_path / "cams"
        run(capsys, "assess", "--assessor", "classical", folder / "a.jpg", other / "a.jpg", "--cam", out)
        assert sorted(path.name for path in out.iterdir()) == ["a-2.lesion.jpg", "a.lesion.jpg"]


class TestClassify:
    def test_one_object_a_photo_with_these_fields(self, capsys, folder):
        status, rows, err = run(capsys, "classify", folder)
        assert (status, err, len(rows)) == (0, "", 3)
        for row in rows:
            assert list(row) == ["path", "predictions", "abstained", "reason", "milliseconds"]
            assert sorted(one["label"] for one in row["predictions"]) == sorted(LABELS)
            chances = [one["probability"] for one in row["predictions"]]
            assert chances == sorted(chances, reverse=True)
            assert sum(chances) == pytest.approx(1)
            assert row["abstained"] == (row["reason"] is not None)
            assert row["reason"] in (None, "low_confidence", "not_a_lesion")
        # The last one shows no skin.
        assert rows[2]["reason"] == "not_a_lesion"

    def test_gamma_changes_the_answer(self, capsys, folder):
        plain, corrected = (
            run(capsys, "classify", folder / "a.jpg", *options)[1][0]["predictions"]
            for options in ([], ["--gamma", "1.5"])
        )
        assert plain != corrected

    def test_flips_average_over_mirror_images(self, capsys, folder, tmp_path, pictures):
        turned = tmp_path / "turned.png"
        Image.fromarray(pictures[0][::-1, ::-1].copy()).save(turned)
        upright = tmp_path / "upright.png"
        Image.fromarray(pictures[0]).save(upright)

        def chances(path, *options):
            rows = run(capsys, "classify", path, *options)[1]
            return {one["label"]: one["probability"] for one in rows[0]["predictions"]}

        averaged = chances(upright, "--flips")
        assert averaged != chances(upright)
        assert chances(turned, "--flips") == pytest.approx(averaged, abs=1e-3)

    def test_cam_draws_the_best_class(self, capsys, folder, tmp_path, pictures):
        out = tmp_path / "cams"
        _status, rows, _err = run(capsys, "classify", folder, "--cam", out)
        for row, picture in zip(rows, pictures, strict=True):
            place = Path(row["path"]).relative_to(folder)
            drawn = np.asarray(
                Image.open(out / place.parent / f"{place.stem}.{row['predictions'][0]['label']}.jpg")
            )
            assert drawn.shape == picture.shape
        assert len([path for path in out.rglob("*") if path.is_file()]) == 3

    def test_guided_draws_a_second_picture(self, capsys, folder, tmp_path):
        out = tmp_path / "cams"
        _status, rows, _err = run(capsys, "classify", folder / "a.jpg", "--cam", out, "--guided")
        best = rows[0]["predictions"][0]["label"]
        assert sorted(path.name for path in out.iterdir()) == [f"a.{best}.guided.png", f"a.{best}.jpg"]
        assert Image.open(out / f"a.{best}.guided.png").size == (224, 224)

    def test_another_network_answers_and_shows_where_it_looked(self, capsys, folder, tmp_path, product_team):
        out = tmp_path / "cams"
        words = ["classify", folder / "b", "--network", "toy", "--cam", out]
        status, rows, err = run(capsys, *words)
        assert (status, err) == (0, "")
        for row in rows:
            assert sorted(one["label"] for one in row["predictions"]) == sorted(TOY_LABELS)
            place = Path(row["path"]).relative_to(folder / "b")
            best = row["predictions"][0]["label"]
            assert Image.open(out / place.parent / f"{place.stem}.{best}.jpg").size == (640, 480)
        assert rows[0]["predictions"][0]["label"] == "ember"  # skin is reddish

    def test_the_default_network_is_a_setting(self, capsys, folder, product_team, monkeypatch):
        monkeypatch.setenv("RETAKE_LESION", "toy")
        _status, rows, _err = run(capsys, "classify", folder / "a.jpg")
        assert len(rows[0]["predictions"]) == 3
        monkeypatch.setenv("RETAKE_LESION", "oracle")
        status, rows, err = run(capsys, "classify", folder / "a.jpg")
        assert (status, rows) == (1, [])
        assert "Set RETAKE_LESION to one of: lesion, toy, mute" in err

    def test_a_network_without_maps_predicts_and_says_why(self, capsys, folder, tmp_path, product_team):
        out = tmp_path / "cams"
        words = ["classify", folder / "a.jpg", "--network", "mute", "--cam", out, "--guided"]
        status, rows, err = run(capsys, *words)
        assert status == 0
        assert len(rows[0]["predictions"]) == 3
        assert "Where this network looked cannot be shown" in err
        assert not out.exists()

    def test_guided_is_for_our_networks_only_and_says_so(self, capsys, folder, tmp_path, product_team):
        out = tmp_path / "cams"
        words = ["classify", folder / "a.jpg", "--network", "toy", "--cam", out, "--guided"]
        status, rows, err = run(capsys, *words)
        assert status == 0
        assert "This network is another" in err
        best = rows[0]["predictions"][0]["label"]
        assert [path.name for path in out.iterdir()] == [f"a.{best}.jpg"]

    def test_guided_without_torch_says_how_to_add_it(self, capsys, folder, tmp_path, monkeypatch):
        def missing(*args):
            raise MissingTorchError

        monkeypatch.setattr(core.cli.classify, "Gradients", missing)
        status, rows, err = run(capsys, "classify", folder, "--cam", tmp_path, "--guided")
        assert (status, rows) == (1, [])
        assert "pip install -r requirements.txt" in err


class TestUsage:
    @pytest.mark.parametrize(
        "argv",
        [
            [],
            ["dance"],
            ["assess"],
            ["assess", "x.jpg", "--assessor", "oracle"],
            ["assess", "x.jpg", "--preset", "no-such-preset"],
            ["assess", "x.jpg", "--dance"],
            ["classify"],
            ["classify", "x.jpg", "--guided"],
            ["classify", "x.jpg", "--network", "imageqx"],
            ["classify", "x.jpg", "--cam", "out", "--gamma", "0"],
            ["classify", "x.jpg", "--gamma", "bright"],
            ["bench", "--rounds", "0"],
            ["weights", "dance"],
        ],
    )
    def test_wrong_usage_is_2_and_leaves_stdout_empty(self, capsys, argv):
        status, rows, err = run(capsys, *argv)
        assert (status, rows) == (2, [])
        assert "usage: python -m core" in err

    def test_help_lists_every_command(self, capsys):
        assert main(["--help"]) == 0
        out = capsys.readouterr().out
        assert all(name in out for name in ("assess", "classify", "train", "evaluate", "bench", "weights"))

    @pytest.mark.parametrize("command", ["assess", "classify"])
    def test_weights_that_cannot_be_used_give_one_sentence(self, capsys, folder, monkeypatch, command):
        def broken(*_path):
            raise WeightsError("weights_missing", "The file is missing. Restore it.")

        opens = {"assess": "core.quality.imageqx", "classify": "core.cli.classify"}[command]
        monkeypatch.setattr(f"{opens}.load_manifest", broken)
        status, rows, err = run(capsys, command, folder)
        assert (status, rows, err) == (1, [], "The file is missing. Restore it.\n")

    def test_a_folder_that_cannot_be_written_gives_one_sentence(self, capsys, folder):
        status, _rows, err = run(
            capsys, "assess", "--assessor", "classical", folder, "--cam", folder / "notes.txt" / "x"
        )
        assert status == 1
        assert "notes.txt" in err
        assert err.count("\n") == 1

    def test_a_fault_of_ours_gives_one_sentence_and_a_way_to_see_more(self, capsys, folder, monkeypatch):
        monkeypatch.setattr(core.cli.description, "hint_for", lambda *args: 1 / 0)
        status, _rows, err = run(capsys, "assess", "--assessor", "classical", folder)
        assert status == 1
        assert "RETAKE_DEBUG=1" in err
        monkeypatch.setenv("RETAKE_DEBUG", "1")
        with pytest.raises(ZeroDivisionError):
            main(["assess", "--assessor", "classical", str(folder)])

    def test_a_missing_package_gives_one_sentence(self, capsys, monkeypatch):
        monkeypatch.setitem(sys.modules, "training.cli", None)
        status, rows, err = run(capsys, "train", "lesion")
        assert (status, rows) == (1, [])
        assert "pip install -r requirements.txt" in err

    def test_an_interrupt_is_quiet(self, capsys, folder, monkeypatch):
        def interrupt(*args):
            raise KeyboardInterrupt

        monkeypatch.setattr(core.cli.description, "hint_for", interrupt)
        status, _rows, err = run(capsys, "assess", "--assessor", "classical", folder)
        assert (status, err) == (130, "")


class TestAsAProcess:
    def test_assess_and_classify_never_import_torch(self, folder):
        program = (
            "import sys\nfrom core.__main__ import main\n"
            "status = main(['assess', sys.argv[1]]) + main(['classify', sys.argv[1]])\n"
            "found = [name for name in ('torch', 'streamlit', 'onnx') if name in sys.modules]\n"
            "print(found, status, file=sys.stderr)"
        )
        command = [sys.executable, "-c", program, str(folder / "a.jpg")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stderr.strip() == "[] 0"

    def test_a_reader_that_stops_early_is_no_fault(self, folder):
        command = [sys.executable, "-m", "core", "assess", "--assessor", "classical", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() == 0

    def test_a_path_that_is_no_text_is_still_printed(self, folder, pictures):
        name = b"caf\xe9.jpg"
        os.rename(folder / "a.jpg", os.path.join(os.fsencode(folder), name))
        command = [
            sys.executable,
            "-m",
            "core",
            "assess",
            "--assessor",
            "classical",
            os.path.join(os.fsencode(folder), name),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        assert os.fsencode(json.loads(done.stdout)["path"]).endswith(name)
