"""Who imports whom, read from the source: imports within functions and modules named in strings, too."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("core", "pages", "training")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
FILES["app"] = ROOT / "app.py"


def named_in(source: str, module: str) -> set[str]:
    """Every module that some source imports, at its top, within a function, or by its name in a string."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are written in full"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FILES else str(node.module) for name in whole}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in FILES:
            found |= {node.value} if "." in node.value else set()
    return found


@cache
def imported(module: str) -> frozenset[str]:
    return frozenset(named_in(FILES[module].read_text(encoding="utf-8"), module))
