"""Syslog messages are as RFC 5424 wants them, whatever a device calls itself."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.changes.syslog import MAX_MESSAGE, SyslogSocket, message

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
ROW = {
    "severity": "high",
    "change": "new public peer",
    "site": "north",
    "device_id": "d1",
    "ip_address": "10.0.0.1",
    "device": "archive",
    "field": "public_peer",
    "old": None,
    "new": "8.8.8.8",
    "at": "2026-01-02T03:04:00.000000Z",
}
# RFC 5424 6: HEADER, one element of STRUCTURED-DATA, MSG in UTF-8.
GRAMMAR = re.compile(
    r"<(\d{1,3})>1 (\S+) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) (\d+) ([\x21-\x7e]{1,32}) "
    r'\[([^ =\]"]{1,32})((?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] \ufeff(.*)'
)


def test_message() -> None:
    parsed = GRAMMAR.fullmatch(message(ROW, NOW, "sensor 1").decode())
    assert parsed is not None
    priority, stamp, host, application, _, name, element, parameters, text = parsed.groups()
    assert (priority, stamp, host) == ("131", "2026-01-02T03:04:05.678Z", "sensor1")
    assert (application, name, element) == ("medspan", "NEW-PUBLIC-PEER", "medspan@32473")
    assert ' device_id="d1"' in parameters
    assert " old=" not in parameters
    assert text == "new public peer d1 10.0.0.1 archive public_peer: 8.8.8.8"


@pytest.mark.parametrize(
    "hostile", ['"] [x@1 a="', "a\\", "\n<13>1 - - - - - - forged", "\x1b[2J\u202e\0", "é" * 5000, "]"]
)
def test_hostile_text(hostile: str) -> None:
    row = ROW | {"device": hostile, "new": hostile, "old": hostile, "site": hostile}
    sent = message(row, NOW, hostile)
    assert len(sent) <= MAX_MESSAGE
    parsed = GRAMMAR.fullmatch(sent.decode())
    assert parsed is not None
    assert sent.decode().replace("\ufeff", "").isprintable()


def test_socket(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        assert SyslogSocket(f"unix:{path}").send([ROW, ROW]) == 2
        assert [log.recv(4096)[:5] for _ in range(2)] == [b"<131>"] * 2
    with pytest.raises(OSError):
        SyslogSocket(str(path)).send([ROW])


def test_socket_that_nobody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken is not sent again."""
    monkeypatch.setattr("inventory.changes.syslog._TIMEOUT", 0.05)
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        taken = SyslogSocket(str(path)).send([ROW] * 2000)
        assert 0 < taken < 2000
