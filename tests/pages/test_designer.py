"""The Designer page: every action, with a network that judges by colour."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import streamlit as st

from core.browser import component
from core.designer import refusal_rates
from core.guidance.preset import load_preset
from core.guidance.preset_store import PresetStore
from core.ui import designer_preview, engines
from tests.pages.visitor import Visitor, opened

# Under a kilobyte that stands for more values than there are atoms.
BOMB = b"name: clinic\na0: &a0 [x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (one, one, b", ".join([b"*a%d" % (one - 1)] * 9)) for one in range(1, 20)
)


class Desk(Visitor):
    """One visitor at the Designer page."""

    def __init__(self, **query):
        super().__init__("designer", **query)

    def section(self, name):
        self.at.pills(key="designer-section").set_value(name)
        return self.run()

    def view(self, name):
        self.at.pills(key="designer-view").set_value(name)
        return self.run()

    def keep(self, name):
        self.at.pills(key="designer-keep").set_value(name)
        return self.run()

    def named(self, kind, end):
        """The one widget of a kind whose key ends so."""
        (found,) = (one for one in getattr(self.at, kind) if str(one.key).endswith(end))
        return found

    def enter(self, kind, end, value):
        self.named(kind, end).set_value(value)
        return self.run()

    def prompt(self, condition, text):
        self.at.selectbox(key="designer-condition").set_value(condition)
        self.run()
        return self.enter("text_input", f"{condition}-text", text)

    @property
    def draft(self):
        return self.at.session_state["rt_design"]

    @property
    def errors(self):
        return "\n".join(error.value for error in self.at.error)

    @property
    def address(self):
        return self.at.code[0].value

    def saved(self):
        from core.ui import preset_choice

        return preset_choice.store().saved()


@pytest.fixture
def desk(fake_networks, no_camera, monkeypatch, tmp_path, drawings):
    """Opens the page: ``desk()``, or with an address ``desk(preset="strict")``."""
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RETAKE_ALLOW_SAVING", "1")
    monkeypatch.delenv("RETAKE_PRESET", raising=False)
    return Desk


def test_it_opens_with_what_ships_and_shows_what_that_does(desk):
    page = desk()
    assert not page.at.error
    assert page.at.selectbox[0].value == "balanced@3" == f"balanced@{load_preset().version}"
    assert "No change from balanced@3 yet" in page.text
    assert page.at.button(key="designer-undo").disabled
    # By colour: the five dark drawings and the five bright ones do not pass.
    assert "**25 of 35 drawn photos pass**" in page.text
    assert "before:" not in page.text


def test_other_words_are_shown_at_once(desk):
    page = desk().prompt("too_dark", "Go to a window")
    assert page.text.count("Go to a window") == 5
    assert "1 change from balanced@3" in page.text
    assert page.at.button(key="designer-words-back")
    page.press("designer-words-back")
    assert "Go to a window" not in page.text
    assert "Find more light" in page.text
    assert page.named("text_input", "too_dark-text").value == "Find more light"


def test_words_may_differ_by_language(desk):
    page = desk()
    page.at.selectbox(key="designer-language").set_value("pt")
    page.run().prompt("too_dark", "Vai à janela")
    assert page.text.count("Vai à janela") == 5, "the preview speaks the language that is edited"
    page.at.selectbox(key="designer-language").set_value("en")
    page.run()
    assert "Vai à janela" not in page.text
    assert page.draft.content["prompts"]["pt"]["too_dark"]["text"] == "Vai à janela"


def test_words_for_a_screen_reader_are_their_own(desk):
    page = desk()
    page.at.selectbox(key="designer-condition").set_value("blurry")
    page.run().enter("text_area", "blurry-spoken", "Please hold still.")
    assert page.draft.worked.prompt("blurry").spoken == "Please hold still."
    assert page.draft.worked.prompt("blurry").text == load_preset().prompt("blurry").text


def test_words_that_do_not_fit_are_named_and_stay(desk):
    page = desk().prompt("too_dark", "one two three four five six seven eight")
    assert "Wording, English, Too dark: use 2 to 7 words, not 8" in page.errors
    assert page.named("text_input", "too_dark-text").value.endswith("eight")
    assert "8 words" in page.text
    assert "this shows it as it last did" in page.text
    assert "Find more light" in page.text
    assert page.at.button(key="designer-save").disabled
    page.section("thresholds").section("words")
    assert page.named("text_input", "too_dark-text").value.endswith("eight"), "nothing is lost"
    page.enter("text_input", "too_dark-text", "Go to a window")
    assert not page.errors
    assert page.text.count("Go to a window") == 5


def test_a_threshold_changes_what_passes_and_says_what_changed(desk):
    page = desk().section("thresholds")
    slider = page.named("slider", "thresholds/blurry")
    assert slider.value == 0.5
    page.enter("slider", "thresholds/blurry", 0.05)
    assert "**0 of 35 drawn photos pass** with this draft, 25 with balanced@3" in page.text
    assert page.text.count("before: passes") == 25
    assert "Set here; else 0.50." in page.text
    page.press("designer-threshold-back-thresholds/blurry")
    assert "**25 of 35" in page.text
    assert page.named("slider", "thresholds/blurry").value == 0.5


def test_the_sliders_follow_the_operating_point(desk, monkeypatch):
    page = desk().section("thresholds")
    fake = engines.rule("balanced")
    monkeypatch.setattr(
        engines,
        "rule",
        lambda point, _preset: replace(
            fake, thresholds=dict.fromkeys(fake.thresholds, 0.05 if point == "strict" else 0.5)
        ),
    )
    page.enter("slider", "thresholds/bad_framing", 0.7)
    page.enter("selectbox", "operating_point", "strict")
    assert page.named("slider", "thresholds/blurry").value == 0.05
    assert page.named("slider", "thresholds/bad_framing").value == 0.7, "what was set here stays"
    assert "**0 of 35" in page.text


def test_each_photo_of_a_series_has_thresholds_of_its_own(desk):
    page = desk().section("thresholds")
    page.at.selectbox(key="designer-shot").set_value("context")
    page.run().enter("slider", "shots/context/thresholds/blurry", 0.9)
    assert page.draft.worked.shots.context.thresholds["blurry"] == 0.9
    assert page.draft.worked.thresholds == {}


def test_skin_without_a_spot_may_pass(desk):
    page = desk().section("thresholds").enter("toggle", "healthy_skin_passes", True)
    assert "**30 of 35" in page.text


def test_what_is_said_first_can_be_moved(desk):
    page = desk().section("order").press("designer-move-bad_light-1")
    assert page.draft.worked.priority[:2] == ("no_skin", "bad_light")
    assert page.at.button(key="designer-move-no_skin--1").disabled
    page.press("designer-move-bad_light--1")
    assert page.draft.worked.priority == load_preset().priority


def test_one_prompt_can_stand_for_many(desk):
    page = desk().section("order")
    page.named("multiselect", "-merge").set_value(["bad_light", "blurry"])
    page.run()
    assert dict(page.draft.worked.merge) == {"bad_light": "adjust", "blurry": "adjust"}
    adjust = load_preset().prompt("adjust").text
    assert page.text.count(adjust) == 5


def test_timing_changes_the_prompts_over_time(desk):
    page = desk().view("film").section("timing")
    assert "**Shutter first unlocked:** after" in page.text
    before = re.search(r"unlocked:\*\* after ([\d.]+) s \(balanced@3: after ([\d.]+) s\)", page.text)
    assert before[1] == before[2]
    page.section("shutter").enter("number_input", "gate/steady_ms", 4000)
    after = re.search(r"unlocked:\*\* after ([\d.]+) s \(balanced@3: after ([\d.]+) s\)", page.text)
    assert float(after[1]) >= float(after[2]) + 2
    assert after[2] == before[1]
    assert 'alt="Prompts over time. Find more light: shown 0.0 to' in page.text


def test_a_shutter_that_never_opens_is_said(desk):
    page = desk().view("film").section("thresholds").enter("slider", "thresholds/blurry", 0.0)
    assert "**Shutter first unlocked:** never (balanced@3: after" in page.text


@pytest.mark.parametrize(
    ("section", "end", "value", "where"),
    [
        ("timing", "timing/help_after_s", 9.0, ("timing", "help_after_s")),
        ("shutter", "gate/refused_tries", 5, ("gate", "refused_tries")),
        ("shutter", "camera/settle_ms", 500, ("camera", "settle_ms")),
        ("overlay", "overlay/size", 0.4, ("overlay", "size")),
        ("overlay", "overlay/thickness", 2.5, ("overlay", "thickness")),
    ],
)
def test_numbers_go_into_the_draft(desk, section, end, value, where):
    page = desk().section(section).enter("number_input", end, value)
    assert getattr(getattr(page.draft.worked, where[0]), where[1]) == value
    assert "1 change" in page.text


@pytest.mark.parametrize(
    ("section", "end", "where"),
    [
        ("shutter", "gate/auto_capture", ("gate", "auto_capture")),
        ("overlay", "overlay/ring", ("overlay", "ring")),
        ("overlay", "overlay/icons", ("overlay", "icons")),
        ("overlay", "overlay/help_drawing", ("overlay", "help_drawing")),
    ],
)
def test_switches_go_into_the_draft(desk, section, end, where):
    page = desk().section(section)
    was = page.named("toggle", end).value
    page.enter("toggle", end, not was)
    assert getattr(getattr(page.draft.worked, where[0]), where[1]) is not was


@pytest.mark.parametrize("section", ["words", "thresholds", "order", "timing", "shutter", "overlay", "yaml"])
def test_a_browser_that_missed_a_run_still_learns_what_stands_in_each_field(desk, section):
    at = desk().section(section).run().at
    shown = {
        **{field.key: (field, field.value) for kind in (at.number_input, at.toggle) for field in kind},
        **{field.key: (field, field.value) for kind in (at.text_input, at.text_area) for field in kind},
        **{field.key: (field, [field.value]) for field in at.slider},
        **{field.key: (field, field.index or 0) for field in at.selectbox},
        **{field.key: (field, list(field.indices)) for field in at.multiselect},
    }
    fields = {key: found for key, found in shown.items() if str(key).startswith("designer-")}
    assert fields
    for key, (field, value) in fields.items():
        sent = field.proto
        at_first = list(sent.default) if isinstance(value, list) else sent.default
        assert sent.set_value or at_first == value, key


@pytest.mark.parametrize("section", ["words", "thresholds", "order", "timing", "shutter", "overlay", "yaml"])
def test_fields_that_only_come_back_to_the_page_change_nothing(desk, section, all_said_to_change):
    page = desk()
    page.enter("text_input", "blurry-text", "Be still")
    page.section(section)
    before, aside = page.draft.content, drafts_aside(page)
    all_said_to_change()
    page.run().run()
    assert page.draft.content == before
    assert page.draft.yaml is None
    assert drafts_aside(page) == aside


def drafts_aside(page):
    state = page.at.session_state
    return state["rt_design_aside"] if "rt_design_aside" in state else None  # noqa: SIM401, it has no get


def test_the_phone_beside_the_controls_shows_at_once_what_they_change(desk):
    page = desk().section("overlay")

    def phone():
        (shown,) = (one.proto.body for one in page.at.get("html") if 'class="rt-phone"' in one.proto.body)
        return shown

    def picture(shown):
        return re.search(r'class="rt-phone-picture" alt="" src="([^"]+)"', shown)[1]

    seen = {picture(phone())}
    assert load_preset().prompt("bad_framing").text in phone()
    for kind, end, value in (
        ("selectbox", "overlay/shape", "foot"),
        ("color_picker", "overlay/colour", "#ff00aa"),
        ("number_input", "overlay/thickness", 3.0),
        ("number_input", "overlay/size", 0.45),
        ("toggle", "overlay/arrow", False),
        ("toggle", "overlay/ring", False),
    ):
        page.enter(kind, end, value)
        assert picture(phone()) not in seen, end
        seen.add(picture(phone()))
    before = phone()
    assert page.enter("toggle", "overlay/icons", False).draft.worked.overlay.icons is False
    assert before.count("<i ") - phone().count("<i ") == 1
    assert before.index("rt-phone-hint") < before.index("rt-phone-picture")
    page.enter("selectbox", "overlay/banner", "bottom")
    assert phone().index("rt-phone-hint") > phone().index("rt-phone-picture")
    assert phone().count("<img") == 2
    page.enter("toggle", "overlay/help_drawing", False)
    assert phone().count("<img") == 1
    assert load_preset().prompt("bad_framing").spoken in phone(), "its words stay"
    skin = picture(phone())
    page.at.selectbox(key="designer-phone-skin").set_value("dark")
    page.at.selectbox(key="designer-phone-moment").set_value("ready")
    page.run()
    assert picture(phone()) != skin
    assert load_preset().prompt("ready").text in phone()


def test_an_overlay_goes_by_link_by_file_and_is_compared_in_plain_words(desk):
    page = desk().section("overlay").enter("selectbox", "overlay/shape", "hand")
    page.enter("color_picker", "overlay/colour", "#ff00aa").enter("selectbox", "overlay/banner", "bottom")
    page.keep("share")
    other = desk(design=parse_qs(urlsplit(page.address).query)["design"][0])
    assert other.draft.worked.overlay == page.draft.worked.overlay
    assert other.draft.worked.overlay.shape == "hand"
    other.keep("compare")
    table = re.sub(r"<[^>]+>", " ", other.text)
    assert re.search(r"Overlay, Shape of the guide\s+Corners, then a ring\s+Hand", table)
    assert re.search(r"Overlay, Where the prompt stands\s+Above the picture\s+Below the picture", table)
    assert re.search(r"Overlay, Its colour\s+#ffffff\s+#ff00aa", table)


def test_help_may_be_never_offered(desk):
    page = desk().section("timing").enter("number_input", "timing/help_after_s", None)
    assert page.draft.worked.timing.help_after_s is None


def test_the_whole_preset_can_be_edited_as_a_file(desk):
    page = desk().section("yaml")
    text = page.named("text_area", "-yaml").value
    page.enter("text_area", "-yaml", text.replace("hint_ms: 1500", "hint_ms: 2500"))
    assert "No change" in page.text, "nothing changes before the button is pressed"
    page.press("designer-yaml-use")
    assert page.draft.worked.timing.hint_ms == 2500
    assert page.named("number_input" if page.section("timing") else "", "timing/hint_ms").value == 2500


def test_a_file_with_mistakes_names_their_lines_and_stays(desk):
    page = desk().section("yaml")
    text = page.named("text_area", "-yaml").value.replace("hint_ms: 1500", "hint_ms: soon")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "soon" in row)
    page.enter("text_area", "-yaml", text).press("designer-yaml-use")
    assert f"draft.yaml, line {line}" in page.errors.replace("\\", "")
    assert "hint_ms: soon" in page.errors.replace("\\", ""), (
        "the line itself is shown: the field numbers none"
    )
    page.section("timing").enter("number_input", "timing/calm_ms", 1500)
    assert page.draft.worked.timing.calm_ms == 1500, "the other fields keep working"
    assert page.section("yaml").named("text_area", "-yaml").value == text, "the text is not lost"
    page.press("designer-yaml-drop")
    assert "soon" not in page.named("text_area", "-yaml").value
    assert "calm_ms: 1500" in page.named("text_area", "-yaml").value
    assert not page.errors


def test_a_bomb_in_the_editor_is_one_sentence_with_its_line(desk):
    page = desk().section("yaml").enter("text_area", "-yaml", BOMB.decode()).press("designer-yaml-use")
    assert "draft.yaml, line 6: a4 > 7" in page.errors.replace("\\", "")
    assert "a4: &a4 [*a3, *a3" in page.errors.replace("\\", ""), "the line itself is shown"


def test_all_changes_can_be_undone(desk):
    page = desk().prompt("too_dark", "Go to a window").section("thresholds")
    page.enter("slider", "thresholds/blurry", 0.05).press("designer-undo")
    assert "No change" in page.text
    assert "**25 of 35" in page.text
    assert page.named("slider", "thresholds/blurry").value == 0.5


def test_a_draft_is_saved_under_a_name_and_again_as_the_next_version(desk):
    page = desk().prompt("too_dark", "Go to a window")
    assert page.named("text_input", "name-1" if page.draft.round else "name-0").value == "my-balanced"
    page.enter("text_input", f"name-{page.draft.round}", "clinic")
    assert page.at.button(key="designer-save").label == "Save as clinic, version 1"
    page.press("designer-save")
    assert "Saved as clinic@1" in page.text
    assert page.saved() == {"clinic": (1,)}
    assert page.at.selectbox[0].value == "clinic@1"
    assert "No change from clinic@1 yet" in page.text
    page.prompt("too_dark", "Find a window").press("designer-save")
    assert page.saved() == {"clinic": (2, 1)}
    from core.ui import preset_choice

    store = preset_choice.store()
    assert store.load("clinic@1").prompt("too_dark").text == "Go to a window"
    assert store.load("clinic").prompt("too_dark").text == "Find a window"
    notes = [
        event.properties for event in page.at.session_state["rt_log"].events if event.event == "note_added"
    ]
    assert notes[-1] == {"note": "design_saved", "preset": "clinic@2"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("strict", "ships with Retake"),
        ("My Clinic!", "Use small letters"),
        ("../x", "Use small letters"),
        ("c" * 41, "too long"),
    ],
)
def test_a_name_that_does_not_do_says_why_while_it_is_typed(desk, name, sentence):
    page = desk()
    assert page.named("text_input", "name-0").proto.live_debounce_ms > 0
    page.enter("text_input", "name-0", name)
    assert sentence in page.errors.replace("\\", "")
    assert page.at.button(key="designer-save").disabled
    assert page.named("text_input", "name-0").value == name
    assert not page.enter("text_input", "name-0", "clinic").at.error
    assert not page.at.button(key="designer-save").disabled


def test_only_its_owner_saves_under_a_name_again(desk):
    page = desk().prompt("too_dark", "Go to a window").enter("text_input", "name-0", "clinic")
    assert not page.at.code
    page.press("designer-save")
    address = urlsplit(page.address)
    owner = parse_qs(address.query)["owner"][0]
    assert address.path.endswith("designer") or not address.path
    stranger = desk(preset="clinic")
    assert stranger.at.button(key="designer-save").label == "Save as my-clinic, version 1"
    stranger.enter("text_input", "name-1", "clinic")
    assert "This name is taken" in stranger.errors
    assert stranger.at.button(key="designer-save").disabled
    guesser = desk(preset="clinic", owner="made-up").enter("text_input", "name-1", "clinic")
    assert guesser.at.button(key="designer-save").disabled
    again = desk(preset="clinic", owner=owner).prompt("too_dark", "Find a window")
    assert not again.at.error
    again.press("designer-save")
    assert again.saved() == {"clinic": (2, 1)}
    assert owner not in again.text
    assert not again.at.code, "its owner has the link"


@pytest.mark.parametrize(("address", "off"), [("0.0.0.0", True), ("localhost", False)])
def test_saving_is_off_where_others_reach_the_server(desk, monkeypatch, address, off):
    from core.ui import preset_choice

    monkeypatch.delenv("RETAKE_ALLOW_SAVING")
    preset_choice.store().save(load_preset().model_copy(update={"name": "study-arm"}))
    old = st.get_option("server.address")
    st.config.set_option("server.address", address)
    try:
        page = desk()
    finally:
        st.config.set_option("server.address", old)
    assert ("Saving is off" in page.text) is off
    assert any(button.key == "designer-save" for button in page.at.button) is not off
    assert ("study-arm@1" in page.at.selectbox[0].options) is not off


def reload(page):
    """The same address in a new visit, as after a press on Reload."""
    return Desk(**page.at.query_params)


def test_a_reload_brings_the_draft_back_with_what_was_typed_to_save_it(desk):
    page = desk(preset="strict").prompt("too_dark", "Go to a window").section("yaml")
    page.enter("text_area", "-yaml", "half a line: [").enter("text_input", "name-1", "clinic")
    page.enter("text_input", "about-1", "For the clinic")
    again = reload(page)
    assert again.text.count("Go to a window") == 5
    assert "1 change from strict" in again.text
    assert again.named("text_input", "name-1").value == "clinic"
    assert again.named("text_input", "about-1").value == "For the clinic"
    assert again.section("yaml").named("text_area", "-yaml").value == "half a line: ["
    assert again.press("designer-undo").text.count("Go to a window") == 0
    assert reload(page).text.count("Go to a window") == 5, "each visit goes on with its own"
    assert reload(again).text.count("Go to a window") == 0


def test_a_reload_keeps_the_preset_just_saved(desk):
    page = desk().prompt("too_dark", "Go to a window").enter("text_input", "name-0", "clinic")
    page.press("designer-save")
    again = reload(page)
    assert again.at.selectbox[0].value == "clinic@1"
    assert "No change from clinic@1 yet" in again.text


def test_an_untouched_page_says_nothing_in_its_address_and_nobody_is_held_back(desk):
    page = desk()
    assert "draft" not in page.at.query_params
    page.prompt("too_dark", "Go to a window")
    assert len(page.at.query_params["draft"]) == 24
    del page.at.query_params["draft"]  # a press on Back
    page.run()
    assert "draft" not in page.at.query_params
    (link,) = [one for one in page.at.get("page_link") if one.proto.page.endswith("designer")]
    assert "draft=" in link.proto.query_string
    assert "No change" in desk(draft="no-such-draft").text


def test_a_folder_that_cannot_be_written_to_says_so(desk, monkeypatch):
    page = desk()

    def refuse(self, preset):
        raise OSError("read-only")

    monkeypatch.setattr(PresetStore, "save", refuse)
    page.press("designer-save")
    assert "could not be saved" in page.errors
    assert "Download it as a file" in page.errors


def test_a_draft_goes_by_link_and_nothing_else_does(desk):
    page = desk().prompt("too_dark", "Go to a window").keep("share")
    query = parse_qs(urlsplit(page.address).query)
    other = desk(design=query["design"][0])
    assert "This draft came with the link" in other.text
    assert other.draft.content == page.draft.content
    assert other.text.count("Go to a window") == 5
    assert "1 change from balanced@3" in other.text
    other.prompt("too_dark", "Find a window").press("designer-undo")
    assert other.text.count("Go to a window") == 5, "undo goes back to what the link brought"
    broken = desk(design=query["design"][0][:-9] + "AAAAAAAAA")
    assert "cannot be read" in broken.text
    assert "No change from balanced@3 yet" in broken.text


def test_a_saved_preset_goes_by_its_name(desk):
    page = desk().prompt("too_dark", "Go to a window").enter("text_input", "name-0", "clinic")
    page.press("designer-save").keep("share")
    assert page.address.endswith("/?preset=clinic@1")
    assert re.fullmatch(r"RETAKE_PRESET=clinic@1#[0-9a-f]{16}", page.at.code[-1].value)
    other = desk(preset="clinic")
    assert other.at.selectbox[0].value == "clinic@1"
    assert other.text.count("Go to a window") == 5


def test_a_link_to_the_camera_has_its_options_its_code_and_a_frame(desk):
    page = desk(preset="strict").keep("share")

    def asked(code):
        return parse_qs(urlsplit(re.search(r"\S*[?]\S*", code.replace("&amp;", "&"))[0].strip('"')).query)

    def codes():
        (shown,) = (one.proto.body for one in page.at.get("html") if 'class="rt-qr"' in one.proto.body)
        return shown

    plain, version = codes(), page.draft.opened
    assert asked(page.address) == {"preset": [version]}
    assert asked(page.at.code[1].value) == {"preset": [version], "embed": ["true"]}
    assert 'allow="camera"' in page.at.code[1].value
    for field, value in (("language", "de"), ("photos", True), ("way", "server")):
        page.at.selectbox(key=f"designer-share-{field}").set_value(value)
    page.run()
    chosen = {"preset": [version], "lang": ["de"], "photos": ["3"], "live": ["server"]}
    assert asked(page.address) == chosen
    assert asked(page.at.code[1].value) == {**chosen, "embed": ["true"]}
    assert codes() != plain
    assert "QR code of this link" in plain


def test_a_draft_too_long_for_a_code_says_so(desk):
    page = desk().prompt("too_dark", "Go to a window").keep("share")
    assert any('class="rt-qr"' in one.proto.body for one in page.at.get("html"))
    spoken = "".join(chr(0x4E00 + 17 * number % 9000) for number in range(390))
    page.at.selectbox(key="designer-condition").set_value("blurry")
    page.run().enter("text_area", "blurry-spoken", spoken)
    assert "too long for a QR code" in page.text
    assert not any('class="rt-qr"' in one.proto.body for one in page.at.get("html"))


@pytest.mark.parametrize("name", ["nobody", "../../etc/passwd"])
def test_an_address_with_an_unknown_preset_is_one_sentence(desk, name):
    page = desk(preset=name)
    assert "There is no preset called" in page.text
    assert "balanced" in page.text


def test_a_file_is_taken_in_and_handed_out(desk):
    page = desk().keep("files")
    text = "name: clinic\nprompts: {en: {too_dark: {text: Go to a window, spoken: Light.}}}\n"
    page.at.file_uploader[0].set_value([("clinic.yaml", text.encode(), "application/yaml")]).run()
    assert "This draft came from the file clinic.yaml" in page.text
    assert page.text.count("Go to a window") == 5
    assert (page.draft.worked.name, page.draft.opened) == ("clinic", "")
    # What the editor shows is what the download hands out: the same file comes back as the same draft.
    handed_out = page.section("yaml").named("text_area", "-yaml").value
    other = desk().keep("files")
    other.at.file_uploader[0].set_value([("x.yaml", handed_out.encode(), "application/yaml")]).run()
    assert other.draft.content == page.draft.content


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"name: clinic\ntiming: {hint_ms: soon}\n", "clinic.yaml, line 2: timing > hint_ms"),
        (b"\xff\xd8\xff\xe0 a photo", "This file is no text"),
        (b"#" * 300_000, "longer than any preset"),
        (b"- a\n- list\n", "clinic.yaml, line 1"),
        (b"description: 2026-13-45\n", "clinic.yaml, line 1: description"),
        (BOMB, "stands for more than 20000 keys and values"),
    ],
)
def test_a_file_that_does_not_fit_says_why(desk, data, sentence):
    page = desk().keep("files")
    page.at.file_uploader[0].set_value([("clinic.yaml", data, "application/yaml")]).run()
    assert not page.at.exception
    assert sentence in page.errors.replace("\\", "")
    assert page.draft.opened == "balanced@3"


def test_two_presets_are_compared_setting_by_setting(desk):
    page = desk().keep("compare")
    assert "These two say and do the same" in page.text
    page.at.selectbox(key="designer-other").set_value("coach@1")
    page.run()
    assert "settings differ" in page.text
    for told in ("Wording, English, Too far away", "A prompt stays at least", "2500 ms", "1500 ms"):
        assert told in page.text
    page.prompt("blurry", "Please stay still")
    page.at.selectbox(key="designer-other").set_value("")
    page.run()
    assert "1 setting differs" in page.text
    assert "Please stay still" in page.text


def test_another_preset_can_be_opened_and_an_unsaved_draft_brought_back(desk):
    page = desk().prompt("too_dark", "Go to a window")
    page.at.selectbox[0].set_value("quiet@1")
    page.run()
    assert "No change from quiet@1 yet" in page.text
    page.press("designer-back")
    assert page.text.count("Go to a window") == 5
    assert "1 change from balanced@3" in page.text


def test_the_draft_waits_while_other_pages_are_looked_at(desk):
    page = desk().prompt("too_dark", "Go to a window").go("pages/about.py").go("pages/designer.py")
    assert page.text.count("Go to a window") == 5
    assert "trying the draft" not in page.text


# ---------------------------------------------------------------- stored answers


def test_refused_shares_come_with_what_the_labels_are(desk):
    page = desk().view("shares")
    assert "Of 100 good photos this draft refuses about" in page.text
    assert "The labels are simulated" in page.text
    assert "Good photos of a spot" in page.text
    before = page.text
    page.section("thresholds").enter("slider", "thresholds/bad_light", 0.0)
    assert re.search(r"good photos this draft refuses about 100 \(balanced@3: \d\d?\)", page.text)
    assert before != page.text


def test_without_stored_answers_it_says_how_to_make_them(desk, monkeypatch, tmp_path):
    monkeypatch.setattr(designer_preview, "SCORES", tmp_path / "imageqx_scores.npz")
    page = desk().view("shares")
    assert "python -m core evaluate imageqx" in page.text
    (tmp_path / "imageqx_scores.npz").write_bytes(b"broken")
    assert "cannot be read" in page.run().errors
    real = refusal_rates.load()
    refusal_rates.save(replace(real, sha256="other"), tmp_path / "imageqx_scores.npz")
    page.run()
    assert "of other weights" in page.text


def test_the_classical_checks_have_no_stored_answers(desk, monkeypatch):
    monkeypatch.setenv("RETAKE_ASSESSOR", "classical")
    assert "only of ImageQX" in desk().view("shares").text


# ---------------------------------------------------------------- the camera


@pytest.fixture
def camera(monkeypatch):
    """What the Practise page hands to the browser."""
    given = []

    def on_device_camera(**told):
        given.append(told)
        return component.ComponentState(None, told["report"])

    monkeypatch.delenv("RETAKE_LIVE", raising=False)
    monkeypatch.setattr(engines, "for_browsers", lambda: "app/static/retake/here/")
    monkeypatch.setattr(component, "on_device_camera", on_device_camera)
    return given


def variants(page):
    return [event.variant for event in page.at.session_state["rt_log"].events]


def test_a_draft_is_tried_on_the_camera_and_put_away_again(desk, camera):
    page = desk().prompt("too_dark", "Go to a window").view("camera").press("designer-try")
    page.go("pages/practise.py")
    assert camera[-1]["preset"]["prompts"]["too_dark"]["text"] == "Go to a window"
    assert "You are trying the draft balanced@3-draft" in page.text
    assert variants(page)[-1] == "balanced@3-draft"
    page.go("pages/designer.py").prompt("too_dark", "Find a window").go("pages/practise.py")
    assert camera[-1]["preset"]["prompts"]["too_dark"]["text"] == "Find a window", "edits follow at once"
    page.go("pages/designer.py").view("camera").press("designer-stop").go("pages/practise.py")
    assert camera[-1]["preset"]["prompts"]["too_dark"]["text"] == load_preset().prompt("too_dark").text
    assert "trying the draft" not in page.text


def test_a_draft_that_does_not_work_is_not_tried(desk):
    page = desk().prompt("too_dark", "Light").view("camera")
    assert page.at.button(key="designer-try").disabled


@pytest.mark.parametrize(
    ("asked", "setting", "variant"),
    [
        ("strict", "lenient", "strict@3"),
        ("", "lenient", "lenient@3"),
        ("", "", "balanced@3"),
        ("balanced@3", "", "balanced@3"),
    ],
)
def test_the_address_goes_before_the_setting(desk, camera, monkeypatch, asked, setting, variant):
    monkeypatch.setenv("RETAKE_PRESET", setting)
    at = opened(**({"preset": asked} if asked else {})).run()
    assert not at.exception
    assert f"{camera[-1]['preset']['name']}@{camera[-1]['preset']['version']}" == variant
    assert at.session_state["rt_log"].events[-1].variant == variant


def test_the_address_goes_before_a_draft_and_is_remembered_behind_it(desk, camera):
    page = desk().view("camera").press("designer-try")
    page.at.query_params["preset"] = "strict"
    page.go("pages/practise.py")
    assert camera[-1]["preset"]["name"] == "strict"
    del page.at.query_params["preset"]
    page.go("pages/practise.py")
    assert camera[-1]["preset"]["name"] == "balanced", "the draft that is tried"
    page.go("pages/designer.py").view("camera").press("designer-stop").go("pages/practise.py")
    assert camera[-1]["preset"]["name"] == "strict", "what the address asked for in this visit"
