from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.live.stream import StreamState
from core.quality.classical import Classical
from core.ui import engines

ROOT = Path(__file__).parents[2]


@pytest.fixture
def with_a_sample(fake_networks, monkeypatch):
    """The check page after a sample was handed in, with the assessor of that name."""
    still = StreamState(playing=False, connecting=False)
    monkeypatch.setattr("core.live.stream.camera_stream", lambda *args, **kwargs: still)

    def hand_in(assessor, sample="clear"):
        monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        page.switch_page("pages/check.py").run()
        page.segmented_control(key="check-way").set_value("samples").run()
        monkeypatch.setenv("RETAKE_ASSESSOR", assessor)
        page.button(key=f"check-sample-{sample}").click().run()
        assert not page.exception
        return page

    return hand_in


def test_imageqx_judges_unless_told_otherwise(fake_networks, monkeypatch):
    monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)
    assert engines.assessor() is fake_networks[0]


def test_imageqx_comes_with_the_operating_points_of_its_weights(monkeypatch):
    monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)
    entry = engines.manifest().networks["imageqx"]
    for name in ("balanced", "strict"):
        assert engines.rule(name).thresholds == entry.point(name).thresholds
        assert engines.rule(name).class_offsets == entry.point(name).class_offsets


def test_the_classical_checks_judge_and_explain_where_the_setting_says_so(with_a_sample):
    page = with_a_sample("classical", "blurred")
    assert isinstance(engines.assessor(), Classical)
    assert engines.rule("strict") == Classical().rule()
    (item,) = page.session_state["rt_visit"].kept["check-tray"].items.values()
    assert item.verdict.assessor == "classical"

    plain = page.get("image")[0].value[0]
    next(pills for pills in page.button_group if pills.label == "Show me where").set_value("blurry").run()
    assert not page.exception
    assert not page.error
    assert page.get("image")[0].value[0] != plain


def test_an_unknown_assessor_is_a_sentence(with_a_sample):
    (error,) = with_a_sample("oracle").error
    assert (
        error.value == "There is no assessor oracle. Set RETAKE_ASSESSOR to one of these: imageqx, classical."
    )
