from core.runtime.manifest import load_manifest
from core.ui import figures


def entry(**changes):
    return load_manifest().networks["imageqx"].model_copy(update=changes)


def test_figures_are_grouped_by_what_they_were_measured_on():
    metrics = {"validation": {"accuracy": 0.75, "blurry": {"f1": 0.5, "n": 120}}, "note": "first weights"}
    shown = figures.measured(entry(metrics=metrics))
    assert shown["Photos kept back for validation"] == [
        ("Accuracy", "0.75"),
        ("Sharpness, F1", "0.5"),
        ("Sharpness, Photos", "120"),
    ]
    assert shown["All photos"] == [("note", "first weights")]


def test_origin_names_the_file_and_what_made_it():
    network = entry(provenance={"init": "scratch", "seed": 7, "sources": ["a", "b"]})
    rows = dict(figures.origin(network))
    assert rows["init"] == "scratch"
    assert rows["seed"] == "7"
    assert rows["sources"] == "a, b"
    assert rows["sha256"] == network.sha256


def test_a_network_is_trained_when_it_was_measured():
    assert figures.is_trained(entry(metrics={"validation": {"accuracy": 0.1}}))
    assert not figures.is_trained(entry(metrics={}))
    assert not figures.is_trained(entry(metrics={"validation": {}}))
