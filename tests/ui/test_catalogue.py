import ast
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
LOCALE = ROOT / "core" / "locale"
SOURCES = [ROOT / "app.py", *sorted(ROOT.glob("core/**/*.py")), *sorted(ROOT.glob("pages/*.py"))]


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


def test_sentences_are_literals():
    # A computed one never reaches the catalogue, and so is never translated.
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                (words,) = node.args
                assert isinstance(words, ast.Constant), f"{path}:{node.lineno}"
