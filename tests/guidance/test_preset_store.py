"""Saved presets: one file a version, never written over."""

import errno
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.guidance.preset import PresetError, load_preset
from core.guidance.preset_store import PresetStore


@pytest.fixture
def store(tmp_path):
    return PresetStore(tmp_path / "presets")


def mine(**changes):
    return load_preset().model_copy(update={"name": "clinic", **changes})


def test_what_ships_is_there_without_any_folder(store):
    assert store.shipped()[0] == "balanced"
    assert {"lenient", "strict", "quiet", "coach"} <= set(store.shipped())
    assert store.saved() == {}
    assert store.load("strict") == load_preset("strict")
    assert not store.folder.exists()


def test_saving_again_makes_the_next_version_and_keeps_the_first(store):
    first = store.save(mine(description="one"))
    second = store.save(mine(description="two", version=99))
    assert (first.version, second.version) == (1, 2)
    assert store.saved() == {"clinic": (2, 1)}
    assert store.load("clinic") == second
    assert store.load("clinic@1") == first
    assert [file.name for file in sorted(store.folder.iterdir())] == ["clinic@1.yaml", "clinic@2.yaml"]


def test_two_who_save_in_the_same_moment_both_keep_theirs(store, monkeypatch):
    store.save(mine(description="theirs"))
    real, calls = PresetStore.next_version, []

    def late(self, name):
        calls.append(name)
        return 1 if len(calls) == 1 else real(self, name)  # had looked before the other one saved

    monkeypatch.setattr(PresetStore, "next_version", late)
    assert store.save(mine(description="mine")).version == 2
    assert store.load("clinic@1").description == "theirs"


def test_a_shipped_name_is_not_taken(store):
    with pytest.raises(PresetError, match="ships with Retake"):
        store.save(load_preset("strict"))
    assert not store.folder.exists()


@pytest.mark.parametrize(
    "asked", ["nobody", "clinic@2", "../clinic", "clinic@x", "a/b", "", "balanced@77", "A", "x" * 99]
)
def test_what_is_not_there_is_one_sentence_with_what_is(store, asked):
    store.save(mine())
    store.save(mine(name="my-study"))
    with pytest.raises(PresetError) as caught:
        store.load(asked)
    assert "There are: balanced" in caught.value.message
    assert "my-study" not in caught.value.message, "nobody learns what was saved by guessing"
    assert "/" not in caught.value.message


def test_a_file_that_was_altered_says_so_with_its_line(store):
    store.save(mine())
    file = store.folder / "clinic@1.yaml"
    file.write_text(file.read_text().replace("hint_ms: 1500", "hint_ms: 15"))
    with pytest.raises(PresetError, match=r"clinic@1\.yaml, line \d+: timing > hint_ms"):
        store.load("clinic")
    file.write_text("name: other\nversion: 4\n")
    with pytest.raises(PresetError, match="says that it is other, version 4"):
        store.load("clinic")
    file.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(PresetError, match="UTF-8"):
        store.load("clinic")


def test_other_files_in_the_folder_are_not_presets(store):
    store.folder.mkdir(parents=True)
    for name in ("notes.yaml", "clinic@0.yaml", "Clinic@1.yaml", "clinic@1.yml"):
        (store.folder / name).write_text("name: x\n")
    assert store.saved() == {}


def test_versions_that_cannot_be_read_are_skipped_with_a_warning(store, caplog):
    store.save(mine(description="one"))
    store.save(mine(description="two"))
    (store.folder / "clinic@3.yaml").touch()
    (store.folder / "clinic@4.yaml").write_bytes(b"\xff\xfe")
    assert store.load("clinic").description == "two"
    assert "clinic@4.yaml" in caplog.text
    assert "clinic@3.yaml" in caplog.text
    assert store.next_version("clinic") == 5
    for version in (1, 2):
        (store.folder / f"clinic@{version}.yaml").write_text("[")
    with pytest.raises(PresetError, match=r"clinic@4\.yaml"):
        store.load("clinic")


def test_a_full_disk_leaves_nothing_behind(store, monkeypatch):
    store.save(mine(description="one"))

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            store.save(mine(description="two"))
    assert [file.name for file in store.folder.iterdir()] == ["clinic@1.yaml"]
    assert store.load("clinic").description == "one"


def test_whoever_reads_while_others_save_meets_whole_files(store):
    store.save(mine())
    done = threading.Event()

    def write(number):
        for _turn in range(3):
            store.save(mine(description=str(number)))

    def read():
        while not done.is_set():
            store.load("clinic")
            for file in store.folder.glob("*.yaml"):
                assert file.read_text(encoding="utf-8").endswith("prompts:\n  en: {}\n")

    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(read)
        writers = [pool.submit(write, number) for number in range(3)]
        [writer.result() for writer in writers]
        done.set()
        reader.result()
    assert store.saved() == {"clinic": tuple(range(10, 0, -1))}


def test_a_preset_that_could_not_be_read_again_is_not_saved(store):
    with pytest.raises(PresetError, match="longer than"):
        store.save(mine(description="x" * 5000))
    assert store.saved() == {}
