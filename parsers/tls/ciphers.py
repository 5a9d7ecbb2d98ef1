"""Names of cipher suites, from the IANA registry."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def _names() -> dict[int, str]:
    rows = Path(__file__).with_name("cipher_suites.csv").read_text("ascii").splitlines()
    pairs = (row.split(",") for row in rows if not row.startswith("#"))
    return {int(code, 16): name for code, name in pairs}


def cipher_suite_name(code: int) -> str:
    """Return the IANA name of cipher suite `code`, or its code as "0xe011" where IANA has none."""
    return _names().get(code) or f"0x{code:04x}"
