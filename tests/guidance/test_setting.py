"""RETAKE_PRESET on a running server: pinned by version and content, faults told, the last good one used."""

import os

import pytest

from core.guidance.preset import PresetError, load_preset
from core.guidance.preset_store import PresetStore
from core.guidance.setting import ServerPreset, open_setting, pin_of

GOOD = "version: 3\ndescription: good\n"


@pytest.fixture
def store(tmp_path):
    return PresetStore(tmp_path / "presets")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "clinic.yaml"


def write(file, text):
    """As an editor does; the time of the last change is another one each time, however quick the test."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 10**9, before + 10**9))


def mine(**changes):
    return load_preset().model_copy(update={"name": "clinic", **changes})


def test_nothing_set_is_balanced(store):
    assert ServerPreset("", store).current() == (load_preset(), "")
    assert ServerPreset("strict", store).current() == (load_preset("strict"), "")


def test_an_edit_that_breaks_the_file_is_told_and_the_last_good_one_used(store, file, caplog):
    write(file, GOOD)
    server = ServerPreset(str(file), store)
    good = server.current()[0]
    assert good.description == "good"
    write(file, "version: 4\ntiming:\n  hint_ms: soon\n")
    for _visit in range(3):
        preset, told = server.current()
        assert preset == good
        assert told.startswith("clinic.yaml, line 3: timing > hint_ms: ")
        assert str(file.parent) not in told
    assert caplog.text.count("line 3") == 1, "once in the log"
    file.unlink()
    assert "no preset clinic.yaml" in server.current()[1]
    write(file, GOOD)
    assert server.current() == (good, "")


def test_an_edit_counts_with_a_new_version_and_only_so(store, file):
    write(file, GOOD)
    server = ServerPreset(str(file), store)
    server.current()
    write(file, GOOD.replace("good", "other"))
    preset, told = server.current()
    assert preset.description == "good"
    assert "clinic.yaml was changed under the same version number" in told
    write(file, GOOD.replace("good", "better").replace("3", "4"))
    preset, told = server.current()
    assert (preset.description, preset.version, told) == ("better", 4, "")


@pytest.mark.parametrize("text", ["description: 2026-13-45\n", "x: " + "[" * 3000, "a: &a [*a]", "\0"])
def test_a_file_that_never_worked_is_told_and_balanced_used(store, file, text):
    write(file, text)
    server = ServerPreset(str(file), store)
    preset, told = server.current()
    assert preset == load_preset()
    assert told.startswith("clinic.yaml, line 1: ")
    write(file, GOOD)
    assert server.current()[0].description == "good"


@pytest.mark.parametrize(
    "setting", ["nosuch", "nosuch@3", "../x", "/no/where.yaml", "balanced@77", "x" * 999]
)
def test_a_preset_that_is_not_there_is_told_and_balanced_used(store, setting):
    store.save(mine(name="arm-b"))
    preset, told = ServerPreset(setting, store).current()
    assert preset == load_preset()
    assert told.startswith("There is no ")
    assert "arm-b" not in told
    assert "/no" not in told


def test_a_saved_preset_stays_at_the_version_of_its_first_use(store):
    store.save(mine(description="one"))
    server = ServerPreset("clinic", store)
    assert server.current()[0].version == 1
    store.save(mine(description="two"))
    assert server.current()[0].description == "one"
    assert ServerPreset("clinic", store).current()[0].description == "two", "a server that starts anew"


def test_a_saved_version_that_was_altered_is_told(store):
    store.save(mine(description="one"))
    server = ServerPreset("clinic@1", store)
    server.current()
    store.save(mine(description="two"))
    altered = store.folder / "clinic@1.yaml"
    write(altered, altered.read_text().replace("one", "altered"))
    preset, told = server.current()
    assert preset.description == "one"
    assert "clinic@1.yaml was changed" in told
    altered.unlink()
    assert server.current()[0].description == "one"
    assert server.current()[1]


def test_a_pin_takes_one_text_and_no_other(store):
    store.save(mine(description="one"))
    pin = pin_of(store.open("clinic"))
    assert pin.startswith("clinic@1#")
    assert open_setting(pin, store).preset.description == "one"
    altered = store.folder / "clinic@1.yaml"
    altered.write_text(altered.read_text().replace("one", "altered"))
    with pytest.raises(PresetError, match="was changed under the same version"):
        open_setting(pin, store)
    assert ServerPreset(pin, store).current()[0] == load_preset()
