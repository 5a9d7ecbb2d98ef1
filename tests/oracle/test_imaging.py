"""The comparison of captures that have DICOM, HL7, HTTP and TLS, on the bundled one and some real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import CLINIC
from tests.oracle.imaging import compare, missed_values
from tests.oracle.tshark import captures


def test_clinic(tool: Callable[[str], str]) -> None:
    tool("tshark")
    for attribute, (both, missed, extra) in compare([CLINIC]).items():
        assert both, attribute
        assert not missed
        assert not extra


def test_wild(tool: Callable[[str], str], wild: Path) -> None:
    tool("tshark")
    tested, _ = captures("imaging.txt")
    for attribute, (both, missed, extra) in compare([wild / name for name in tested]).items():
        print(f"{attribute}: both {len(both)}, only tshark {len(missed)}, only medspan {len(extra)}")
        print(*(f"  only medspan  {value}" for value in sorted(extra)), sep="\n")
        assert both
        assert missed_values(missed) == set(), attribute
