"""The rooms of the house: what each may import, and how large a module may grow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

LONGEST = 300  # lines of a module
WIDEST = 120  # characters of a line
# Where a module lives -> what it never imports. The command line alone sees all.
FORBIDDEN = {
    "parsers": {"sensor", "inventory", "tests", "numpy", "duckdb"},
    "inventory": {"sensor", "tests"},
    "sensor": {"inventory", "tests", "duckdb"},
    "sensor/cli": {"tests"},
}
MODULES = sorted(
    path.relative_to(ROOT) for room in ("sensor", "parsers", "inventory") for path in (ROOT / room).rglob("*.py")
)


def imported(tree: ast.Module) -> set[str]:
    """The packages a module imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            assert node.level == 0, "imports are absolute"
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_no_import_runs_backwards(room: str) -> None:
    modules = [path for path in MODULES if path.is_relative_to(room)]
    if room == "sensor":
        modules = [path for path in modules if not path.is_relative_to("sensor/cli")]
    assert modules
    wrong = {str(path): imported(ast.parse((ROOT / path).read_text())) & FORBIDDEN[room] for path in modules}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_modules_are_small() -> None:
    files = [*MODULES, *(path.relative_to(ROOT) for path in Path(ROOT / "tests").rglob("*.py"))]
    lines = {str(path): len((ROOT / path).read_text().splitlines()) for path in files}
    assert {path: count for path, count in lines.items() if count > LONGEST} == {}


def test_lines_of_sql_are_no_wider_than_those_of_python() -> None:
    """As ruff sees to it in modules."""
    lines = [
        (f"{path.relative_to(ROOT)}:{number}", line)
        for path in sorted((ROOT / "inventory").rglob("*.sql"))
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1)
    ]
    assert [where for where, line in lines if len(line) > WIDEST or line != line.rstrip()] == []
