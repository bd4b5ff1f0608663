"""What browsers load: complete, and under an address that changes with its contents."""

import base64
import gzip
import hashlib
import json
import os
import shutil
import time
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest

from core.browser import publish, runtime
from core.browser.publish import published
from core.browser.settings import preset_json, rule_json
from core.guidance.conditions import WORDED_KEYS
from core.guidance.preset import load_preset
from core.quality.verdict import PassRule
from core.runtime.engine import open_engine
from core.runtime.manifest import WEIGHTS_DIR, WeightsError, load_manifest, save_entry
from core.runtime.preprocess import square_batch


@lru_cache(maxsize=4)
def packed(data, level, mtime):
    return gzip.compress(data, level, mtime=mtime)


@pytest.fixture
def static(tmp_path, monkeypatch):
    """A folder with a runtime of made-up contents; what was packed once is not packed again."""
    monkeypatch.setattr(publish, "gzip", SimpleNamespace(compress=packed))
    contents = {name: f"what {name} holds".encode() for name in runtime.SHA256}
    monkeypatch.setattr(
        runtime, "SHA256", {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    )
    folder = runtime.folder(tmp_path / "static")
    folder.mkdir(parents=True)
    for name, data in contents.items():
        (folder / runtime.kept_as(name)).write_bytes(gzip.compress(data) if name.endswith(".wasm") else data)
    publish._publish.cache_clear()
    yield tmp_path / "static"
    publish._publish.cache_clear()


@pytest.fixture
def weights(tmp_path):
    """A copy of the shipped network with its manifest."""
    folder = tmp_path / "weights"
    folder.mkdir()
    shutil.copy(WEIGHTS_DIR / "imageqx.onnx", folder)
    save_entry("imageqx", load_manifest().networks["imageqx"], folder)
    return folder


def test_everything_lies_under_one_address_with_its_sizes(static):
    found = published(static=static)
    assert found.base == f"app/static/retake/{found.folder.name}/"
    assert found.folder.parent == static / "retake"
    names = {file.name for file in found.folder.iterdir()}
    web = {file.name for file in publish._WEB.iterdir()}
    assert web | {"imageqx.json", "imageqx.onnx.gz"} < names
    assert {"engine.js", "worker.js", "stream_session.js"} < web
    needed = json.loads((found.folder / "files.json").read_text(encoding="utf-8"))
    assert set(runtime.MODULES.values()) <= set(needed), (
        "without its server a page needs the runtime's scripts"
    )
    shipped = gzip.decompress((found.folder / "imageqx.onnx.gz").read_bytes())
    assert shipped == (WEIGHTS_DIR / "imageqx.onnx").read_bytes()
    sizes = {file.name: file.stat().st_size for file in found.folder.iterdir()}
    assert found.network == sizes["imageqx.onnx.gz"] < 4.1e6
    assert found.runtime == sum(
        sizes[name] for name in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm.gz")
    )
    assert found.lesion == sizes["lesion.onnx.gz"] + sizes["lesion.json"] < 9e6
    parts = (found.network, found.lesion, found.runtime, found.runtime_webgpu, found.code)
    assert sum(parts) == sum(sizes.values())
    assert found.first_download == found.network + found.runtime + found.code


def test_the_modules_know_where_the_rest_lies_before_any_of_it_came(static):
    found = published(static=static)
    text = (found.folder / "parts.js").read_text(encoding="utf-8")
    parts = json.loads(text.removeprefix("export default ").removesuffix(";\n"))
    entries = load_manifest().networks
    for name, part in parts["networks"].items():
        data = (found.folder / part["path"]).read_bytes()
        assert len(data) == part["bytes"]
        assert hashlib.sha256(gzip.decompress(data)).hexdigest() == part["sha256"] == entries[name].sha256
    for part in parts["runtime"].values():
        assert (found.folder / part["path"]).stat().st_size == part["bytes"]
        assert (found.folder / part["module"]).is_file()


def test_files_look_old_so_that_browsers_keep_them_without_asking(static):
    found = published(static=static)
    years = {(time.time() - file.stat().st_mtime) / (365 * 24 * 3600) for file in found.folder.iterdir()}
    assert min(years) > 20
    assert time.time() - found.folder.stat().st_mtime < 3600, "the folder itself is of today, or it would go"


def test_setting_up_publishes_and_says_how_much_a_visit_fetches(static, monkeypatch, capsys):
    monkeypatch.setattr(publish, "published", lambda: published(static=static))
    assert publish.main() == 0
    assert "MB at a first visit" in capsys.readouterr().out
    assert len(list((static / "retake").iterdir())) == 1
    monkeypatch.setattr(publish, "published", lambda: None)
    assert publish.main() == 1
    assert "core.browser.runtime" in capsys.readouterr().err


def test_the_card_says_what_the_browser_must_know(static):
    card = json.loads((published(static=static).folder / "imageqx.json").read_text())
    entry = load_manifest().networks["imageqx"]
    assert (card["labels"], card["explanations"]) == (entry.labels, entry.explanations)
    assert (card["temperature"], card["input_size"], card["detail"]) == (entry.temperature, 224, entry.detail)
    assert "thresholds" not in card
    made = [np.arange(224 * 224 * 3) * times % over for times, over in ((7919, 251), (104729, 241))]
    views = [square_batch(one.astype(np.uint8).reshape(224, 224, 3)) for one in made]
    answers = open_engine("imageqx").run(*views[: 1 + entry.detail])
    np.testing.assert_allclose(card["check"]["logits"], answers["logits"][0], atol=1e-4)
    np.testing.assert_allclose(card["check"]["framing"], answers["framing"][0], atol=1e-4)
    assert (card["places"], card["framing"]) == (True, True)
    assert card["head"]["channels"] == answers["features"].shape[1]


def test_the_lesion_classifiers_card_says_what_the_browser_must_know(static):
    folder = published(static=static).folder
    card = json.loads((folder / "lesion.json").read_text())
    entry = load_manifest().networks["lesion"]
    assert (
        gzip.decompress((folder / "lesion.onnx.gz").read_bytes()) == (WEIGHTS_DIR / entry.file).read_bytes()
    )
    assert card["labels"] == entry.labels
    assert card["class_offsets"] == [entry.class_offsets[label] for label in entry.labels]
    assert card["abstention"]["unfamiliar"] == entry.abstention.unfamiliar
    weight = np.frombuffer(base64.b64decode(card["head"]), "<f4").reshape(len(entry.labels), card["channels"])
    np.testing.assert_array_equal(weight, open_engine("lesion").initialisers(["head.weight"])["head.weight"])
    centres = np.frombuffer(base64.b64decode(card["centres"]["weight"]), "<f4")
    assert len(centres) == len(card["centres"]["lesion"]) * card["channels"]


def test_without_a_lesion_classifier_there_is_no_second_download(static, weights):
    found = published(static=static, weights=weights)
    assert found.lesion == 0
    assert not (found.folder / "lesion.json").exists()


def test_what_is_published_is_not_made_again_and_no_half_of_it_stays(static):
    first = published(static=static)
    (first.folder / "mark").touch()
    publish._publish.cache_clear()
    assert published(static=static).folder == first.folder
    assert (first.folder / "mark").exists()
    (first.folder / "worker.js").unlink()
    publish._publish.cache_clear()
    again = published(static=static)
    assert again.folder == first.folder
    assert (again.folder / "worker.js").exists()
    assert [folder.name for folder in (static / "retake").iterdir()] == [first.folder.name]


def test_what_was_taken_away_while_the_app_runs_is_published_again(static):
    first = published(static=static)
    shutil.rmtree(static / "retake")
    assert (published(static=static).folder / "imageqx.json").is_file()
    (first.folder / "worker.js").unlink()
    assert published(static=static).folder == first.folder
    assert (first.folder / "worker.js").is_file()


def test_another_network_has_another_address_and_works_as_well(static, weights):
    entry = load_manifest().networks["imageqx"]
    first = published(static=static, weights=weights)
    save_entry("imageqx", entry.model_copy(update={"temperature": 1.5}), weights)
    save_entry("mine", entry, weights)
    warmer = published(static=static, weights=weights)
    assert warmer.base != first.base
    assert json.loads((warmer.folder / "imageqx.json").read_text())["temperature"] == 1.5
    assert published("mine", static, weights).base == first.base
    with pytest.raises(KeyError):
        published("nobody", static, weights)


def test_older_addresses_stay_a_day(static, weights):
    first = published(static=static)
    for name, hours in (("yesterdays", 30), ("todays", 2)):
        old = static / "retake" / name
        old.mkdir()
        os.utime(old, (time.time() - hours * 3600,) * 2)
    publish._publish.cache_clear()
    published(static=static)
    assert {folder.name for folder in (static / "retake").iterdir()} == {first.folder.name, "todays"}


def test_without_the_runtime_there_is_nothing_to_offer(static, tmp_path, caplog):
    assert published(static=tmp_path / "nowhere") is None
    victim = runtime.folder(static) / runtime.MODULES["wasm"]
    victim.write_text("damaged")
    assert published(static=static) is None
    assert "cannot be published" in caplog.text
    victim.unlink()
    assert published(static=static) is None


def test_a_folder_that_cannot_be_written_offers_nothing(static, caplog):
    (static / "retake").write_text("a file where the folder should be")
    assert published(static=static) is None
    assert "cannot be published" in caplog.text


def test_a_missing_network_says_so(static, weights):
    (weights / "imageqx.onnx").unlink()
    with pytest.raises(WeightsError, match="missing"):
        published(static=static, weights=weights)


def test_the_preset_goes_to_the_browser_whole():
    preset = load_preset("strict")
    told = json.loads(json.dumps(preset_json(preset, "xx")))
    assert set(told["prompts"]) == set(WORDED_KEYS)
    assert told["prompts"]["blurry"] == {"text": "Hold still", "spoken": preset.prompt("blurry").spoken}
    assert told["priorities"] == list(preset.priority)
    assert told["timing"] == preset.timing.model_dump()
    assert (told["gate"], told["camera"]) == (preset.gate.model_dump(), preset.camera.model_dump())
    for part in ("overlay", "refine", "feedback", "merge"):
        assert told[part] == preset.model_dump()[part]


def test_the_rule_goes_to_the_browser_whole():
    rule = PassRule({"blurry": np.float32(0.5)}, True, {"lesion": 1}, True, 0.1, 0.9)
    told = json.loads(json.dumps(rule_json(rule)))
    assert told == {
        "thresholds": {"blurry": 0.5},
        "class_offsets": {"lesion": 1.0},
        "healthy_skin_passes": True,
        "second_opinion": True,
        "spot_at_least": 0.1,
        "spot_at_most": 0.9,
    }


def test_a_folder_that_was_laid_out_beforehand_may_be_read_only(static, monkeypatch):
    first = published(static=static)
    publish._publish.cache_clear()

    def read_only(*_args, **_kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "utime", read_only)
    assert published(static=static) == first
