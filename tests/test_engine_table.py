"""The tables of engines and functions: README's is that of docs/engines.md, and each row has its tests."""

import re

from scripts.setup_env import ROOT


def rows(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| function \|.*\n((?:\|.*\n)+)", text, re.M)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]]


def test_readme_has_the_cells_of_the_page_on_engines():
    assert rows("README.md") == [row[:4] for row in rows("docs/engines.md")]


def test_every_row_names_tests_that_there_are():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "engines").glob("*.py"))
    there = set(re.findall(r"def (test_\w+)\(", text))
    named = {name for row in rows("docs/engines.md") for name in re.findall(r"test_\w+", row[4])}
    assert all("test_" in row[4] for row in rows("docs/engines.md"))
    assert named <= there
