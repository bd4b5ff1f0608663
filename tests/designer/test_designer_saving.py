"""Who may save a preset, and how many: a secret for each owner, limits for all."""

import pytest

from core.designer.saving import Limits, Saver, allowed
from core.guidance.preset import PresetError, load_preset
from core.guidance.preset_store import PresetStore


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def saver(tmp_path, clock):
    drawn = iter(range(1, 200))
    return Saver(
        PresetStore(tmp_path / "presets"),
        clock,
        lambda count: bytes([next(drawn)]) * count,
        Limits(owners=3, versions=4, new_owners_an_hour=2, versions_an_hour=3, all_an_hour=6),
    )


def mine(name="clinic", **changes):
    return load_preset().model_copy(update={"name": name, **changes})


def refused(saver, preset, secret=""):
    with pytest.raises(PresetError) as caught:
        saver.save(preset, secret)
    assert caught.value.code == "preset_refused"
    return caught.value.message


def test_a_name_belongs_to_whoever_saved_it_first(saver):
    first = saver.save(mine(description="theirs"))
    assert first.first
    assert len(first.secret) == 32
    other = saver.save(mine("other")).secret
    for secret in ("", "guess", first.secret[:-1], first.secret.lower(), "\ud800", "x" * 9999, other):
        assert "taken" in refused(saver, mine(description="taken over"), secret)
        assert not saver.mine("clinic", secret)
    again = saver.save(mine(description="again"), first.secret)
    assert (again.preset.version, again.secret, again.first) == (2, first.secret, False)
    assert saver.store.load("clinic").description == "again"


def test_only_the_hash_of_the_secret_is_kept(saver):
    secret = saver.save(mine()).secret
    kept = [file.read_text() for file in saver.store.folder.iterdir()]
    assert not any(secret in text for text in kept)
    assert sorted(len(text) for text in kept)[0] == 65


def test_one_owner_has_several_names(saver):
    secret = saver.save(mine()).secret
    assert saver.save(mine("second"), secret).secret == secret
    assert not saver.mine("second", "")


def test_what_whoever_runs_retake_put_there_is_nobodys(saver):
    saver.store.save(mine())
    assert not saver.mine("clinic", "")
    assert "taken" in refused(saver, mine())
    (saver.store.folder / "clinic.owner").write_bytes(b"\xff not a hash")
    assert "taken" in refused(saver, mine(), "x")
    with pytest.raises(PresetError, match="ships with Retake"):
        saver.save(mine("strict"))
    assert not (saver.store.folder / "strict.owner").exists()


def test_a_secret_that_somebody_made_up_is_not_taken_for_theirs(saver):
    kept = saver.save(mine(), "a")
    assert kept.first
    assert kept.secret != "a"


def test_each_owner_saves_so_many_an_hour_and_so_many_in_all(saver, clock):
    secret = saver.save(mine()).secret
    for _turn in range(2):
        saver.save(mine(), secret)
    assert "last hour" in refused(saver, mine(), secret)
    clock.now = 3600
    saver.save(mine(), secret)
    assert "room for no more" in refused(saver, mine(), secret)
    clock.now = 1e9
    assert "room for no more" in refused(saver, mine("another-name"), secret)
    assert len(saver.save(mine("somebody-else")).secret) == 32


def test_newcomers_neither_take_an_owners_room_nor_come_in_crowds(saver, clock):
    owner = saver.save(mine()).secret
    saver.save(mine("one"))
    assert "last hour" in refused(saver, mine("two"))
    clock.now = 3600
    saver.save(mine("two"))
    assert "is full" in refused(saver, mine("three"))
    clock.now = 7200
    assert "is full" in refused(saver, mine("three"))
    assert saver.save(mine(), owner).preset.version == 2


def test_all_together_save_so_many_an_hour(saver, clock):
    secrets = [saver.save(mine(name)).secret for name in ("one", "two")]
    for name, secret in zip(("one", "two"), secrets, strict=True):
        for _turn in range(2):
            saver.save(mine(name), secret)
    clock.now = 3599
    assert "last hour" in refused(saver, mine("three"))


def test_a_name_that_nothing_could_be_saved_under_stays_free(saver, monkeypatch):
    def full(self, preset):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(PresetStore, "save", full)
        with pytest.raises(OSError, match="No space"):
            saver.save(mine())
    assert not list(saver.store.folder.iterdir())
    assert saver.save(mine()).preset.version == 1


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "127.9.9.9"])
def test_saving_is_allowed_where_only_this_computer_comes(address):
    assert allowed("", address, {})
    assert allowed("", address, {"Host": "localhost:8501"})
    assert allowed("", address, {"Host": "[::1]:8501"})
    assert not allowed("0", address, {})
    assert not allowed("", address, {"Host": "retake.example"}), "a proxy in front"
    assert not allowed("", address, {"X-Forwarded-For": "203.0.113.9", "Host": "localhost"})


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.7", "retake.example", "unix://x"])
def test_saving_is_off_where_others_reach_the_server(address):
    assert not allowed("", address, {})
    assert not allowed("yes", address, {"Host": "localhost"})
    assert allowed("1", address, {"Host": "retake.example"})
