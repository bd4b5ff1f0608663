import ast
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from core.lesion.taxonomy import shipped

ROOT = Path(__file__).parents[2]
LOCALE = ROOT / "core" / "locale"
FOLDERS = ("core", "pages", "scripts", "training")
SOURCES = [ROOT / "app.py", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]


def extracted():
    with (LOCALE / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "ngettext": (1, 2)}
    found = extract_from_dir(str(ROOT), methods, options, keywords)
    return {message for _file, _line, message, _comments, _context in found}


def catalogued():
    with (LOCALE / "retake.pot").open("rb") as file:
        return {message.id for message in read_po(file) if message.id}


def test_the_catalogue_holds_exactly_the_sentences_of_the_sources():
    found, known = extracted(), catalogued()
    advice = "run the command at the top of core/locale/babel.cfg"
    assert not found - known, f"not in retake.pot: {advice}"
    assert not known - found, f"no longer in the sources: {advice}"


def test_it_holds_sentences_of_every_room():
    known = catalogued()
    assert "Check photos" in known
    assert "Flat dark spot" in known
    assert any("20 MB" in message for message in known if isinstance(message, str))
    assert ("{good} of {total} photos works.", "{good} of {total} photos work.") in known


def test_the_words_of_the_shipped_classes_can_be_translated():
    found = extracted()
    for words in shipped().labels.values():
        assert {words.term, words.lay_name, words.description} <= found
        assert not words.note or words.note in found


def test_no_sentence_is_missed_inside_an_f_string():
    # Babel reads none there, on the Pythons before 3.12: such a one goes into a name first.
    known = {
        words for message in catalogued() for words in (message if isinstance(message, tuple) else [message])
    }
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext"):
                said = {word.value for word in node.args[:2] if isinstance(getattr(word, "value", None), str)}
                assert said <= known, f"{path}:{node.lineno}: not in retake.pot"


def test_sentences_are_literals():
    # A computed one never reaches the catalogue, and so is never translated.
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                (words,) = node.args
                assert isinstance(words, ast.Constant), f"{path}:{node.lineno}"


def test_what_is_kept_for_all_visitors_holds_no_words():
    # Kept in the language of whoever came first, it would be shown to everybody.
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            kept = isinstance(node, ast.FunctionDef) and any(
                "cache" in ast.unparse(decorator) for decorator in node.decorator_list
            )
            for inner in ast.walk(node) if kept else ():
                said = isinstance(inner, ast.Call) and getattr(inner.func, "id", "") in ("_", "ngettext")
                assert not said, f"{path}:{inner.lineno}: make these words where they are shown"
