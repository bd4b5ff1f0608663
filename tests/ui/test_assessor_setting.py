import pytest

from core.browser.choice import choose
from core.guidance.preset import load_preset
from core.quality.classical import Classical
from core.quality.setting import asked_for
from core.ui import engines, practise_device
from tests.pages.visitor import opened


@pytest.fixture
def with_a_sample(fake_networks, monkeypatch):
    """The check page after a sample was handed in, with the assessor of that name."""

    def hand_in(assessor, sample="clear"):
        monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)
        page = opened("check").run()
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
    assert engines.rule("strict") == Classical().rule(point="strict")
    (item,) = page.session_state["rt_visit"].kept["check-tray"].items.values()
    assert item.verdict.assessor == "classical"

    plain = page.get("image")[0].value[0]
    next(pills for pills in page.button_group if pills.label == "Show me where").set_value("blurry").run()
    assert not page.exception
    assert not page.error
    assert page.get("image")[0].value[0] != plain


def test_an_unknown_assessor_is_a_sentence(with_a_sample):
    (error,) = with_a_sample("oracle").error
    told = "There is no assessor oracle. Set RETAKE_ASSESSOR to one of these: imageqx, classical, ordinal."
    assert error.value == told


def test_a_presets_assessor_goes_before_the_setting(monkeypatch):
    monkeypatch.setenv("RETAKE_ASSESSOR", "imageqx")
    preset = load_preset().model_copy(update={"assessor": "classical"})
    assert isinstance(engines.assessor(preset), Classical)
    assert engines.rule("strict", preset) == Classical().rule(point="strict")
    assert engines.assessor_entry(load_preset()).name == "imageqx"


def test_the_pages_and_their_events_go_by_the_preset_of_the_visit(with_a_sample, monkeypatch, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("assessor: classical\n", encoding="utf-8")
    monkeypatch.setenv("RETAKE_PRESET", str(file))
    page = with_a_sample("imageqx")
    (item,) = page.session_state["rt_visit"].kept["check-tray"].items.values()
    assert item.verdict.assessor == "classical"
    (event,) = (one for one in page.session_state["rt_log"].events if one.event == "upload_assessed")
    assert event.properties["assessor"] == "classical"


def test_one_that_no_browser_can_run_is_asked_on_the_server(monkeypatch, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("assessor: classical\n", encoding="utf-8")
    monkeypatch.setenv("RETAKE_PRESET", str(file))
    monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)
    assert practise_device.lacking() == "assessor"
    assert "run nowhere else" in choose(fixed="", asked="", picked=None, lacking="assessor").why


@pytest.mark.parametrize(
    ("setting", "preset", "on_pages", "on_the_command_line"),
    [
        (None, None, "imageqx", "imageqx"),
        (None, "classical", "classical", "classical"),
        ("imageqx", "classical", "classical", "imageqx"),
        ("classical", None, "classical", "classical"),
    ],
)
def test_who_goes_first(monkeypatch, setting, preset, on_pages, on_the_command_line):
    monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)
    if setting is not None:
        monkeypatch.setenv("RETAKE_ASSESSOR", setting)
    assert asked_for(preset) == on_pages
    assert asked_for(preset, setting_first=True) == on_the_command_line
