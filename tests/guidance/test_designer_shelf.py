"""Saved presets: one file a version, never written over."""

import pytest

from core.guidance.designer.shelf import Shelf
from core.guidance.preset import PresetError, load_preset


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "presets")


def mine(**changes):
    return load_preset().model_copy(update={"name": "clinic", **changes})


def test_what_ships_is_there_without_any_folder(shelf):
    assert shelf.shipped()[0] == "balanced"
    assert {"lenient", "strict", "quiet", "coach"} <= set(shelf.shipped())
    assert shelf.saved() == {}
    assert shelf.load("strict") == load_preset("strict")
    assert not shelf.folder.exists()


def test_saving_again_makes_the_next_version_and_keeps_the_first(shelf):
    first = shelf.save(mine(description="one"))
    second = shelf.save(mine(description="two", version=99))
    assert (first.version, second.version) == (1, 2)
    assert shelf.saved() == {"clinic": (2, 1)}
    assert shelf.load("clinic") == second
    assert shelf.load("clinic@1") == first
    assert [file.name for file in sorted(shelf.folder.iterdir())] == ["clinic@1.yaml", "clinic@2.yaml"]


def test_two_who_save_in_the_same_moment_both_keep_theirs(shelf, monkeypatch):
    shelf.save(mine(description="theirs"))
    real, calls = Shelf.next_version, []

    def late(self, name):
        calls.append(name)
        return 1 if len(calls) == 1 else real(self, name)  # had looked before the other one saved

    monkeypatch.setattr(Shelf, "next_version", late)
    assert shelf.save(mine(description="mine")).version == 2
    assert shelf.load("clinic@1").description == "theirs"


def test_a_shipped_name_is_not_taken(shelf):
    with pytest.raises(PresetError, match="ships with Retake"):
        shelf.save(load_preset("strict"))
    assert not shelf.folder.exists()


@pytest.mark.parametrize(
    "asked", ["nobody", "clinic@2", "../clinic", "clinic@x", "a/b", "", "balanced@77", "A", "x" * 99]
)
def test_what_is_not_there_is_one_sentence_with_what_is(shelf, asked):
    shelf.save(mine())
    with pytest.raises(PresetError) as caught:
        shelf.load(asked)
    assert "There are: balanced" in caught.value.message
    assert "clinic" in caught.value.message
    assert "/" not in caught.value.message


def test_a_file_that_was_altered_says_so_with_its_line(shelf):
    shelf.save(mine())
    file = shelf.folder / "clinic@1.yaml"
    file.write_text(file.read_text().replace("hint_ms: 1500", "hint_ms: 15"))
    with pytest.raises(PresetError, match=r"clinic@1\.yaml, line \d+: timing > hint_ms"):
        shelf.load("clinic")
    file.write_text("name: other\nversion: 4\n")
    with pytest.raises(PresetError, match="says that it is other, version 4"):
        shelf.load("clinic")
    file.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(PresetError, match="UTF-8"):
        shelf.load("clinic")


def test_other_files_in_the_folder_are_not_presets(shelf):
    shelf.folder.mkdir(parents=True)
    for name in ("notes.yaml", "clinic@0.yaml", "Clinic@1.yaml", "clinic@1.yml"):
        (shelf.folder / name).write_text("name: x\n")
    assert shelf.saved() == {}


def test_a_full_folder_says_so(shelf, monkeypatch):
    monkeypatch.setattr("core.guidance.designer.shelf.MOST_FILES", 1)
    shelf.save(mine())
    with pytest.raises(PresetError, match="is full"):
        shelf.save(mine())
