import pytest

from tests.pages.visitor import opened


@pytest.fixture
def about(fake_networks):
    return opened("about")


def with_metrics(monkeypatch, metrics):
    from core.runtime.manifest import load_manifest
    from core.ui import engines

    manifest = load_manifest()
    networks = {
        name: entry.model_copy(update={"metrics": metrics}) for name, entry in manifest.networks.items()
    }
    monkeypatch.setattr(engines, "manifest", lambda: manifest.model_copy(update={"networks": networks}))


def test_it_says_what_retake_is_and_is_not(about):
    about.run()
    assert not about.exception
    assert not about.error
    assert "not a medical device" in about.info[0].value
    assert any("Retake writes no photo to disk" in text.value for text in about.markdown)


def test_measured_figures_are_shown_by_what_they_were_measured_on(about, monkeypatch):
    with_metrics(monkeypatch, {"validation": {"accuracy": 0.6123}, "left_out": {"macro_f1": 0.31}})
    about.run()
    headings = [text.value for text in about.markdown]
    assert "**Photos kept back for validation**" in headings
    assert "**A source the network never saw**" in headings
    assert about.table[0].value.values.tolist() == [["Accuracy", "0.612"]]
    assert about.table[1].value.values.tolist() == [["Macro F1", "0.31"]]
    assert not about.warning


def test_a_network_without_figures_is_not_praised(about, monkeypatch):
    from core.runtime.manifest import load_manifest

    with_metrics(monkeypatch, {})
    about.run()
    assert len(about.warning) == len(load_manifest().networks)
    assert "No held-out figures" in about.warning[0].value
