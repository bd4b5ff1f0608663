"""The browser stops at the first imported name that the other module does not export: found here at once."""

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "core" / "browser" / "web"
MODULES = sorted(WEB.glob("*.js"))
DECLARED = re.compile(r"export (?:async )?(?:function\*?|const|let|class) (\w+)")
LISTED = re.compile(r"export (?:const )?\{([^}]*)\}")
IMPORTED = re.compile(r'import \{([^}]*)\} from "(\./[^"]+\.js)"')


def names(listing: str, part: int) -> set[str]:
    """The names of a listing: of ``a as b`` or ``a: b`` the first or the last."""
    return {re.split(r" as |:", one)[part].strip() for one in listing.split(",") if one.strip()}


def exported(module: Path) -> set[str]:
    source = module.read_text("utf-8")
    return set(DECLARED.findall(source)).union(*(names(one, -1) for one in LISTED.findall(source)))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_imported_name_is_exported(module):
    for listing, path in IMPORTED.findall(module.read_text("utf-8")):
        other = (module.parent / path).resolve()
        if other.parent == WEB:  # constants.js is made of constants.json when it is published
            known = exported(other) if other.exists() else set()
            assert other.name == "constants.js" or names(listing, 0) <= known, f"{module.name} from {path}"
