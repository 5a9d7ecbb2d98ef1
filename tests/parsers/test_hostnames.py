"""What passes for a host's name."""

from __future__ import annotations

import pytest

from parsers.hostnames import host_name


@pytest.mark.parametrize("name", ["PACS01", "ct-1.rad.example", "MRI_2", "röntgen-3", "214F1A10CF96", "x"])
def test_names(name: str) -> None:
    assert host_name(name) == name
    assert host_name(name + ".") == name


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "-.", "10.0.0.1", "[10.0.0.1]", "a b", "someone@example.org", "x" * 64, ".".join(["x"] * 40),
        "LOCALHOST", "localhost.localdomain", "\u202ePACS", "PACS\n", "<script>", "=cmd", "a..b", "::1", "12345",
    ],
)  # fmt: skip
def test_no_names(name: str) -> None:
    assert host_name(name) in ("", "PACS")  # PACS: where only invisible characters were dropped


def test_bytes() -> None:
    assert host_name("PACS01".encode("utf-16-le"), "utf-16-le") == "PACS01"
    assert host_name(b"PACS\xff") == ""
