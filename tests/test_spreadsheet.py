import csv
import io
import re
import unicodedata
from pathlib import Path

import pytest

from core.spreadsheet import csv_of, guarded

ROOT = Path(__file__).parents[1]
STARTS = [*"=+-@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212", "\ufe66", "\ufe62", "\ufe63"]
UNSEEN = ["", " ", "\n", "\r\n", "\t", "\0", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH NO-BREAK SPACE}", "\u202e"]
TEXTS = ["a;=1+1;b.jpg", "a\t=1+1", 'a";=1+1', "a\n=1+1", "a; \uff1d1+1", "a,=1+1", 'a;"=1+1"']


def lines_as(separator: str, data: bytes) -> list[list[str]]:
    """The rows as a spreadsheet with that separator reads them: it heeds quotes at a cell's start alone."""
    text = data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("before", UNSEEN)
def test_what_begins_like_a_formula_is_text(start, before):
    cell = f"{before}{start}1+1"
    assert guarded(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["mole.jpg", "", " ", "a=b", "1+1", "(=1)", "\u76ae\u819a.jpg"])
def test_other_text_stays_as_it_is(cell):
    assert guarded(cell) == cell


def test_no_character_of_unicode_that_means_one_of_these_passes():
    for code in range(0x110000):
        if unicodedata.normalize("NFKC", chr(code))[:1] in ("=", "+", "-", "@", "\u2212"):
            assert guarded(chr(code) + "1") == f"'{chr(code)}1", hex(code)


def test_every_text_is_quoted_and_numbers_are_not():
    data = csv_of(["file", "share"], [["a;=1+1;b.jpg", 0.25], ['say "=1".jpg', 3], ["no.jpg", None]])
    assert data.decode("utf-8-sig").splitlines() == [
        '"file","share"',
        '"a;=1+1;b.jpg",0.25',
        '"say ""=1"".jpg",3',
        '"no.jpg",""',
    ]
    assert data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("text", TEXTS)
def test_no_cell_is_a_formula_whatever_separates(separator, text):
    data = csv_of(["file", "what_to_do", "last"], [[text, text, True], ["b.jpg", text, False]])
    cells = [cell for row in lines_as(separator, data) for cell in row]
    assert not [cell for cell in cells if cell.lstrip(' "')[:1] in ("=", "\uff1d")]


def test_the_first_column_comes_back_as_it_was():
    names = ["a;=1+1;b.jpg", 'a "b".jpg', "a\nb.jpg", "d\u00e9j\u00e0.jpg"]
    rows = lines_as(",", csv_of(["file", "passes"], [[name, True] for name in names]))
    assert [row[0] for row in rows[1:]] == names


def test_a_name_that_is_no_text_is_written_all_the_same():
    assert b'"bad?.jpg"' in csv_of(["file"], [["bad\udcff.jpg"]])


def test_every_csv_file_of_the_app_is_written_here():
    places = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "core").rglob("*.py")]
    writing = re.compile(r"csv\.(writer|DictWriter)|\.to_csv\(")
    found = [path.relative_to(ROOT).as_posix() for path in places if writing.search(path.read_text("utf-8"))]
    assert found == ["core/spreadsheet.py"]
