"""What Python and the browser's modules share stands in one file, written from Python."""

import json
import re

import pytest

from core.browser.publish import _WEB, CONSTANTS, lay_out_page
from scripts.browser_constants import made, written


def test_the_committed_file_holds_what_python_holds():
    assert json.loads(CONSTANTS.read_text(encoding="utf-8")) == made(), "python -m scripts.browser_constants"


def test_it_is_written_as_it_is_committed(tmp_path):
    assert written(tmp_path / "constants.json").read_bytes() == CONSTANTS.read_bytes()


def test_browsers_get_it_as_a_module_and_keep_it_for_when_the_server_is_away(tmp_path):
    lay_out_page(tmp_path)
    module = (tmp_path / "constants.js").read_text(encoding="utf-8")
    assert module.startswith("export default {")
    assert json.loads(module.removeprefix("export default ").removesuffix(";\n")) == made()
    assert "constants.js" in json.loads((tmp_path / "files.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("group", sorted(made()))
def test_each_group_is_used_by_a_module_and_each_of_its_names_too(group):
    users = [
        text
        for file in _WEB.glob("*.js")
        if f"constants.{group}" in (text := file.read_text(encoding="utf-8"))
    ]
    assert len(users) == 1
    for name in made()[group]:
        assert re.search(rf"\b{name}\b", users[0]), name
