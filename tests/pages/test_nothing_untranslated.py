"""Every page under a made-up language that marks what was translated: what is left unmarked was forgotten."""

import base64
import gettext
import html
import json
import re
from contextvars import ContextVar

import numpy as np
import pytest

from core.browser import choice, component, settings
from core.guidance.preset import PRESETS_DIR, Preset, load_preset
from core.guidance.wording import Prompt, house_words
from core.i18n import LANGUAGES
from core.lesion.taxonomy import shipped
from core.live import stream as stream_module
from core.live import trouble
from core.live.stream import StreamState
from core.quality import registry
from core.quality.labels import QUALITY_CLASSES
from core.ready import Check
from core.runtime.manifest import WEIGHTS_DIR, load_manifest
from core.serving import counters
from core.serving.build import build
from core.study.access import RESEARCHER
from core.text import camera
from core.text.device_card import device_words
from core.ui import banner as banner_module
from core.ui import figures, operator, studies_access
from tests.pages.visitor import APP, opened, page_of, turned_to

SKIN, DARK = (200, 140, 120), (30, 20, 15)
PAGES = {path.stem for path in APP.parent.glob("pages/*.py")}
FIGURES = {"how_good", "about"}  # they show what stands in files, such as names of collections
OPEN, CLOSE = "⟦", "⟧"
# Fields of Streamlit's messages that a person sees or hears.
SEEN = frozenset({"label", "body", "help", "text", "caption", "alt", "placeholder", "options", "title"})
# Names, units and figures, which are the same in every language; also what a person's own file is called.
NAMES = (
    r"Retake|ImageQX|Grad-CAM(?:\+\+)?|XGrad-CAM|HiResCAM|Layer-CAM|Eigen-CAM|Eigen-Grad-CAM|Score-CAM|GuidedBackprop"
    r"|WebRTC|F1|AUC|CSV|px|SHA-256|n|mole\.jpg|dark\.jpg|notes\.jpg|BMP|[\w./-]*/sessions|MB"
)


class Marked(gettext.NullTranslations):
    """Marks what passes through it."""

    def gettext(self, message):
        return f"{OPEN}{message}{CLOSE}"

    def ngettext(self, one, many, count):
        return f"{OPEN}{one if count == 1 else many}{CLOSE}"


@pytest.fixture(autouse=True)
def _marked(monkeypatch):
    """German is the made-up language: prompts asked for in another are left unmarked."""

    def prompt(self, key, language="en"):
        said = _prompt(self, key, language)
        if language != "de":
            return said
        return Prompt(text=f"{OPEN}{said.text}{CLOSE}", spoken=f"{OPEN}{said.spoken}{CLOSE}")

    # AppTest formats options in the test's own thread, to find the one that is chosen.
    monkeypatch.setattr("core.i18n._language", ContextVar("language", default="de"))
    _prompt = Preset.prompt
    marked, plain = Marked(), gettext.NullTranslations()
    monkeypatch.setattr("core.i18n._catalogue", lambda language: marked if language == "de" else plain)
    monkeypatch.setattr(Preset, "prompt", prompt)


@pytest.fixture
def visit(fake_networks, drawings, no_camera, monkeypatch):
    """A visitor of the made-up language."""
    monkeypatch.setenv("RETAKE_LIVE", "server")
    return opened(lang="de")


def unmarked(text):
    """What of a text is not inside marks, without names, figures and signs."""
    text = re.sub(r"<style.*?</style>", " ", text, flags=re.DOTALL)
    text = re.sub(r"data:image/svg\+xml;base64,([\w+/=]+)", _words_of_svg, text)
    text = re.sub(r"data:[\w/+.-]+;base64,[\w+/=]+", " ", text)
    said = " ".join(re.findall(r'(?:alt|title|aria-label)="([^"]*)"', text))
    text = html.unescape(re.sub(r"<[^>]*>", " ", text) + " " + said)
    left, depth = [], 0
    for letter in text:
        depth += letter == OPEN
        if not depth:
            left.append(letter)
        depth -= letter == CLOSE
    rest = re.sub(r":material/\w+:|:\w+\[", " ", "".join(left))
    rest = re.sub(rf"(?<![\w-])(?:{NAMES})(?![\w-])", " ", rest)
    return " ".join(re.findall(r"[^\W\d_][^\W\d]+", rest))


def _words_of_svg(found):
    drawing = base64.b64decode(found[1]).decode("utf-8")
    return " ".join(re.findall(r">([^<>]+)<", drawing))


def seen(at):
    """Everything that the page shows in words, with where it came from."""
    for place, text in _strings(at._tree):
        left = unmarked(text)
        if left:
            yield place, left


def _strings(node):
    for child in getattr(node, "children", {}).values():
        yield from _strings(child)
    proto = getattr(node, "proto", None)
    if hasattr(proto, "ListFields"):
        yield from _fields(proto, type(node).__name__)


def _fields(proto, place):
    for field, value in proto.ListFields():
        name = f"{place}.{field.name}"
        for one in value if field.is_repeated and not hasattr(value, "keys") else (value,):
            if hasattr(one, "ListFields"):
                yield from _fields(one, name)
            elif isinstance(one, str) and field.name in SEEN:
                yield name, one


def calm(at):
    assert not at.exception
    assert not list(seen(at))


def go(at, page):
    return turned_to(page, at).run()


def press(at, label):
    next(button for button in at.button if label in button.label).click().run()
    calm(at)


def test_the_marks_find_what_was_forgotten():
    assert unmarked(f"<p title='x'>{OPEN}Fine{CLOSE} 12% of Retake</p>") == "of"
    assert unmarked(f'<img alt="Your photo"><b>{OPEN}a {OPEN}b{CLOSE} c{CLOSE}</b>') == "Your photo"


def test_the_server_for_whoever_runs_it(visit, fake_networks, monkeypatch, tmp_path):
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    monkeypatch.setattr(operator, "checks", lambda: [Check(name) for name in (*registry.names(), "browser")])
    operator._readiness.clear()
    monkeypatch.setattr(studies_access, "identity", lambda: RESEARCHER)
    counters.refused("upload", "corrupt")
    imageqx = fake_networks[0]
    counters.judged("frame", imageqx.assess(np.full((9, 9, 3), DARK, np.uint8), imageqx.rule()))
    go(visit, "operator")
    assert not visit.exception
    kept = [
        *(re.escape(str(tmp_path)) + r"[\w./-]*", re.escape(build().system), *build().packages),
        *(r"\b[0-9a-f]{12}\b", r"RETAKE_\w+", r"core\.[\w.]+", *registry.names()),
        r"\b(?:UTC|SQLite|Python|GB|MB|kB|ms|lesion|server)\b",
    ]
    left = [re.sub("|".join(kept), " ", text) for _place, text in _strings(visit._tree)]
    assert not [text for text in map(unmarked, left) if text]
    operator._readiness.clear()


@pytest.mark.parametrize("page", sorted(PAGES - FIGURES))
def test_every_page(visit, page):
    go(visit, page)
    assert not visit.exception
    assert not [(place, text) for place, text in seen(visit) if without(names_of_things(), text)]


def names_of_things():
    """Names and wordings that a page may show as they are: of presets, languages, assessors and classes."""
    said = [prompt.text for prompt in house_words("en").values()]
    presets = (path.stem for path in PRESETS_DIR.glob("*.yaml"))
    return [*said, *LANGUAGES.values(), *presets, *registry.names(), *QUALITY_CLASSES]


def without(phrases, text):
    for phrase in sorted(map(unmarked, phrases), key=len, reverse=True):
        text = text.replace(phrase or "-", " ")
    return text.strip()


@pytest.mark.parametrize("page", sorted(FIGURES))
def test_pages_of_figures(visit, page):
    go(visit, page)
    assert not visit.exception
    left = [text for place, text in seen(visit) if words(text) - data_words()]
    assert not left


def data_words():
    """What stands in the files of figures themselves: names of collections, what made a file."""
    files = [json.loads(file.read_text(encoding="utf-8")) for file in WEIGHTS_DIR.glob("*.json")]
    manifest = load_manifest().networks.values()
    told = [*_leaves(files), *(text for entry in manifest for row in figures.origin(entry) for text in row)]
    return words(" ".join(told))


def words(text):
    return set(re.findall(r"[^\W\d_]{2,}", text))


@pytest.mark.parametrize("way", ["camera", "samples"])
def test_every_way_to_a_photo(visit, way):
    go(visit, "check").segmented_control(key="check-way").set_value(way).run()
    calm(visit)


def hand_in(at, jpeg_of, *names):
    made = {"mole.jpg": jpeg_of(SKIN), "dark.jpg": jpeg_of(DARK), "notes.jpg": b"no"}
    at.file_uploader[0].set_value([(name, made[name], "image/jpeg") for name in names]).run()
    calm(at)


def test_a_result_and_all_that_it_opens(visit, jpeg_of, fake_networks):
    go(visit, "check")
    hand_in(visit, jpeg_of, "mole.jpg")
    visit.toggle(key="check-all").set_value(True).run()
    calm(visit)
    next(slider for slider in visit.slider if "gamma" in slider.label).set_value(1.4).run()
    calm(visit)
    press(visit, "Show the pictures")


@pytest.mark.parametrize("reason", ["not_a_lesion", "low_confidence"])
def test_a_result_that_is_held_back(visit, jpeg_of, fake_networks, reason):
    fake_networks[1].reason = reason
    go(visit, "check")
    hand_in(visit, jpeg_of, "mole.jpg")
    press(visit, "Show it all the same")


def test_a_photo_that_does_not_pass(visit, jpeg_of):
    go(visit, "check")
    hand_in(visit, jpeg_of, "dark.jpg")
    press(visit, "Use this photo anyway")
    press(visit, "Show it all the same")


def test_many_photos_in_a_table(visit, jpeg_of):
    go(visit, "check")
    hand_in(visit, jpeg_of, "mole.jpg", "dark.jpg", "notes.jpg")
    rows = visit.dataframe[0].value
    assert not [text for column in ("verdict", "advice") for text in rows[column] if unmarked(text)]


def test_assessors_compared(visit, jpeg_of):
    go(visit, "compare")
    table = 'file,quality_votes\nmole.jpg,"{""lesion"": 2}"\ndark.jpg,"{""poor_quality"": 1}"\n'
    files = [("mole.jpg", jpeg_of(SKIN)), ("dark.jpg", jpeg_of(DARK)), ("labels.csv", table.encode())]
    visit.file_uploader[0].set_value([(name, data, "image/jpeg") for name, data in files]).run()
    assert not visit.exception
    assert visit.select_slider
    file_words = ["quality_votes", "explanation_votes", "file", "quality", "lesion", "balanced"]
    told = [(place, text) for place, text in seen(visit) if without([*names_of_things(), *file_words], text)]
    assert not told


def test_the_camera_by_way_of_the_server(visit, monkeypatch):
    said = []
    monkeypatch.setattr(banner_module, "banner", lambda hint, *args, **kwargs: said.append(hint))
    for playing, connecting, failed in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        state = StreamState(playing=bool(playing), connecting=bool(connecting), failed=bool(failed))
        monkeypatch.setattr(stream_module, "camera_stream", lambda *args, now=state, **kwargs: now)
        visit.run()
        calm(visit)
    assert len(said) == 4
    assert not [hint for hint in said if unmarked(hint.text) or unmarked(hint.spoken)]


def test_all_that_the_camera_in_the_page_says(visit, monkeypatch):
    given = []
    monkeypatch.delenv("RETAKE_LIVE")
    monkeypatch.setattr("core.ui.engines.for_browsers", lambda: "/app/static/made-up")

    def drawn(**sent):
        given.append(sent | {"words": camera.words()})
        return component.ComponentState(None, "ok")

    monkeypatch.setattr(component, "on_device_camera", drawn)
    visit.run()
    calm(visit)
    words = given[-1]["words"]
    assert words.pop("language") == "de"
    told = [*_leaves(words), *_leaves(given[-1]["preset"]["prompts"])]
    assert len(told) > 80
    assert not [text for text in told if unmarked(text)]


def test_all_that_the_card_of_a_photo_that_stays_says():
    given = device_words(load_preset(), load_manifest().networks["lesion"], shipped())
    del given["file"], given["percent"]  # a name, and how a figure is written
    given["pairs"] = [pair["sentence"] for pair in given["pairs"]]
    assert not [text for text in _leaves(given) if unmarked(text)]


def test_the_browser_itself_says_nothing():
    # Words in the browser come from Python: its own files hold no sentence that is shown.
    core = APP.parent / "core"
    for file in (*core.glob("**/*.js"), *core.glob("**/*.html")):
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*|<!--.*?-->", "", text, flags=re.DOTALL)
        shown = re.findall(r"""(?:textContent|innerText|title|alt|placeholder)\s*=\s*["'`]([^"'`]*)""", text)
        shown = [words for words in shown if not words.startswith("import ")]  # a script of the kept page
        shown += re.findall(r">\s*([A-Z][a-z]+[^<>{}$]*)<", text) if file.suffix == ".html" else []
        assert not [words for words in shown if re.search(r"[A-Za-z]{2}", words)], file


def _leaves(tree):
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for branch in tree.values():
            yield from _leaves(branch)
    elif isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from _leaves(branch)


def _reasons():
    import streamlit as st

    from core.browser import choice
    from core.live import trouble
    from core.ui import session

    session.apply_language()
    for reason in ("insecure", "connection", "assessor", *trouble.ON_DEVICE):
        st.text(trouble.explain(reason))
    for way in choice.WAYS:
        st.text(choice.name_of(way))
    for lacking in ("files", "assessor", "browser"):
        st.text(choice.choose(fixed="", asked="", picked=None, lacking=lacking).why)


def test_the_flow_alone_in_another_page(visit, monkeypatch, jpeg_of):
    monkeypatch.setattr("core.ui.embedded.on", lambda: True)
    monkeypatch.setenv("RETAKE_EMBED_ORIGINS", "https://retake")
    for parent in ("https://retake", "https://else", ""):
        visit.query_params["parent"] = parent
        visit.run()
        calm(visit)


def test_why_something_is_not_there():
    at = page_of(_reasons)
    at.query_params["lang"] = "de"
    at.run()
    assert len(at.text) > len(trouble.ON_DEVICE) + len(choice.WAYS)
    calm(at)


def test_a_preset_in_another_language_is_not_taken_for_a_translated_one(monkeypatch):
    from core.guidance.preset import load_preset

    prompts = settings.preset_json(load_preset(), "en")["prompts"]
    assert all(unmarked(text) for text in _leaves(prompts))
