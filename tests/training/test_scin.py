"""The public SCIN release, read from a made-up folder of the same layout."""

import csv
import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.quality.classical import Classical
from core.quality.labels import EXPLANATIONS
from training.data.sources import DataError
from training.evaluation.scin import GRADABLE, SKIN_TYPE, read_cases, scin_markdown, scin_report

YES, NO = "DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT", "NO_IMAGE_QUALITY_INSUFFICIENT"


def write_table(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def picture(light):
    return np.full((60, 80, 3), light, np.uint8)


@pytest.fixture
def release(tmp_path):
    """Ten cases: bright ones could be graded, dark ones could not; one was never rated."""
    folder = tmp_path / "dataset"
    (folder / "images").mkdir(parents=True)
    cases, labels = [], []
    for number in range(10):
        good = number % 2 == 0
        lights = [200, 40] if number == 0 else [200 - number if good else 40 + number]
        paths = []
        for place, light in enumerate(lights):
            name = f"{number}_{place}.png"
            cv2.imwrite(str(folder / "images" / name), picture(light))
            paths.append(f"dataset/images/{name}")
        paths += [""] * (3 - len(paths))
        cases.append({"case_id": str(number)} | {f"image_{i + 1}_path": path for i, path in enumerate(paths)})
        skin = "FST2" if number < 4 else "FST5"
        labels.append({"case_id": str(number), GRADABLE: YES if good else NO, SKIN_TYPE: skin})
    cases.append({"case_id": "unrated"} | {f"image_{i}_path": "dataset/images/0_0.png" for i in (1, 2, 3)})
    labels.append({"case_id": "unrated", GRADABLE: "", SKIN_TYPE: ""})
    write_table(folder / "scin_cases.csv", cases)
    write_table(folder / "scin_labels.csv", labels)
    return tmp_path


class Bright:
    """Passes what is brighter than 120, and is the surer the brighter it is."""

    name = "bright"

    def assess(self, rgb, rule):
        light = float(rgb.mean()) / 255
        judged = dict.fromkeys(EXPLANATIONS, 0.0)
        passes = light > 120 / 255
        return SimpleNamespace(quality={"lesion": light}, judged_explanations=judged, passes=passes)


RULE = SimpleNamespace(healthy_skin_passes=False)


def test_cases_are_read_with_their_photographs_and_labels(release):
    cases = read_cases(release)
    assert [case.name for case in cases] == [str(number) for number in range(10)]
    assert [len(case.photos) for case in cases[:2]] == [2, 1]
    assert [case.gradable for case in cases[:3]] == [True, False, True]
    assert cases[9].skin_type == "FST5"
    assert read_cases(release / "dataset") == cases


def test_a_case_passes_when_one_of_its_photographs_does(release):
    report = scin_report(Bright(), RULE, release)
    assert (report["n"], report["photographs"], report["gradable"]) == (10, 11, 5)
    assert report["auc"] == 1.0
    assert report["passes"]["share"] == report["refused"]["share"] == 1.0
    assert (report["caught"]["n"], report["caught"]["share"]) == (5, 1.0)
    assert {name: figure["n"] for name, figure in report["skin_types"].items()} == {"FST2": 2, "FST5": 3}
    text = scin_markdown(report)
    assert "1.00" in text
    assert "86 %" in text
    assert scin_report(Bright(), RULE, release, limit=4)["n"] == 4


def test_an_assessor_that_cannot_tell_is_no_better_than_chance(release):
    class Blind(Bright):
        def assess(self, rgb, rule):
            return SimpleNamespace(quality={"lesion": 0.5}, judged_explanations={}, passes=True)

    report = scin_report(Blind(), RULE, release)
    assert report["auc"] == 0.5
    assert (report["passes"]["share"], report["refused"]["share"]) == (1.0, 0.0)
    assert report["caught"]["share"] == 0.0


def test_the_command_writes_the_report(release, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["evaluate", "classical", "--scin", str(release), "--out", str(out)]) == 0
    report = json.loads((out / "scin_classical.json").read_text())
    assert report["n"] == 10
    assert report["task"] == Classical().name
    printed = capsys.readouterr().out
    assert "on SCIN" in printed
    assert str(out / "scin_classical.md") in printed


def test_the_shipped_network_is_scored_by_one_command(release, tmp_path):
    out = tmp_path / "out"
    assert main(["evaluate", "imageqx", "--scin", str(release), "--out", str(out), "--limit", "4"]) == 0
    report = json.loads((out / "scin_imageqx.json").read_text())
    assert (report["task"], report["n"]) == ("imageqx", 4)


def damaged(release, how):
    folder = release / "dataset"
    if how == "no table":
        (folder / "scin_labels.csv").unlink()
    elif how == "no column":
        write_table(folder / "scin_labels.csv", [{"case_id": "1", "other": "x"}])
    elif how == "other answer":
        write_table(folder / "scin_labels.csv", [{"case_id": "1", GRADABLE: "MAYBE"}])
    elif how == "no pictures":
        for file in (folder / "images").iterdir():
            file.unlink()
    elif how == "no text":
        (folder / "scin_cases.csv").write_bytes(b"\xff\xfe\x00\x01" * 40)
    elif how == "one label":
        write_table(folder / "scin_labels.csv", [{"case_id": str(i), GRADABLE: YES} for i in range(10)])
    elif how == "broken picture":
        (folder / "images" / "1_0.png").write_bytes(b"no picture")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("no table", "scin_labels.csv is missing"),
        ("no column", f"has no column {GRADABLE}"),
        ("other answer", "says MAYBE of case 1"),
        ("no pictures", "holds no photograph of a rated case"),
        ("no text", "cannot be read as a table"),
        ("one label", "have the same label"),
        ("broken picture", "is not a picture that can be read"),
    ],
)
def test_bad_input_gets_one_sentence(release, tmp_path, capsys, how, sentence):
    damaged(release, how)
    assert main(["evaluate", "classical", "--scin", str(release), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error


def test_a_path_that_leads_out_of_the_folder_is_not_followed(release):
    folder = release / "dataset"
    cv2.imwrite(str(release / "outside.png"), picture(200))
    rows = [{"case_id": "1", "image_1_path": "../outside.png", "image_2_path": "", "image_3_path": ""}]
    write_table(folder / "scin_cases.csv", rows)
    with pytest.raises(DataError, match="no photograph"):
        read_cases(release)


def test_other_tasks_and_other_data_are_refused(release, tmp_path, capsys):
    assert main(["evaluate", "lesion", "--scin", str(release), "--out", str(tmp_path)]) == 1
    assert "imageqx and classical only" in capsys.readouterr().err
    assert main(["evaluate", "imageqx", "--scin", "a", "--data", "b", "--out", str(tmp_path)]) == 2
    assert "not allowed with" in capsys.readouterr().err
