"""How long answers take of 1,000 devices, and of 100,000, once their tables are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.bench.captures import scaled
from tests.bench.crowd import crowd
from tests.conftest import CLINIC, MEDSPAN

THOUSAND: Final = ("devices", "findings", "exposure")
MANY: Final = 100_000
SHIFT: Final = 400  # copies that the second inventory of many is without
HUNDRED_THOUSAND: Final = (("devices", "--role", "modality", "--format", "csv"), ("findings",), ("diff",))

Measure = Callable[[Sequence[str | Path]], float]  # the seconds that a command takes
Line = Callable[[str, float, float, str, str], None]  # what, value, limit, unit, why


def measure_queries(folder: Path, measure: Measure, line: Line) -> None:
    """Tell how long each command takes."""
    inventory = folder / "thousand.duckdb"
    inventory.unlink(missing_ok=True)
    read = measure([MEDSPAN, "read", scaled(CLINIC, folder, 100), "--inventory", inventory])
    line("read clinic x 100, derived tables kept", read, 2.5, "s", "no limit is set: for comparison")
    for command in THOUSAND:
        line(f"medspan {command}, 903 devices", measure([MEDSPAN, command, "--inventory", inventory]), 0.5, "s", "kept")
    many, fewer = folder / "many.duckdb", folder / "fewer.duckdb"
    crowd(MANY, many)
    crowd(MANY, fewer, SHIFT)
    for words in HUNDRED_THOUSAND:
        names = [many, fewer] if words == ("diff",) else ["--inventory", many]
        line(f"medspan {' '.join(words)}"[:44], measure([MEDSPAN, *words, *names]), 2.0, "s", f"{MANY:,} devices")
