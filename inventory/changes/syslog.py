"""Changes as syslog messages (RFC 5424), to a local socket: nothing goes out by network."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from inventory.export import Row, to_text

MAX_MESSAGE: Final = 2048  # octets that every receiver should take (RFC 5424 6.1)
_MAX_VALUE: Final = 120  # characters of a parameter: nine of them leave room for the message
_FACILITY: Final = 16  # local0 (RFC 5424 6.2.1)
_SEVERITY: Final = {"critical": 2, "high": 3, "medium": 4, "low": 5, "info": 6}  # critical ... informational
# The enterprise number for examples (RFC 5612): whoever gets one of his own puts it here.
_SD_ID: Final = "medspan@32473"
_BOM: Final = b"\xef\xbb\xbf"  # the message is UTF-8 (RFC 5424 6.4)
_TIMEOUT: Final = 1.0  # seconds, if nobody reads the socket


def message(row: Row, now: datetime, host: str) -> bytes:
    """Return `row`, a change, as a message of at most MAX_MESSAGE octets."""
    name = row["change"].upper().replace(" ", "-")[:32]
    stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    priority = 8 * _FACILITY + _SEVERITY[row["severity"]]
    header = f"<{priority}>1 {stamp} {_printable(host, 255)} medspan {os.getpid()} {name}"
    parameters = "".join(f' {key}="{_escape(to_text(value))}"' for key, value in row.items() if value is not None)
    begin = f"{header} [{_SD_ID}{parameters}] ".encode() + _BOM
    words = [row["change"], row["device_id"], row["ip_address"], row["device"], row["field"]]
    text = " ".join(to_text(word) for word in words if word) + ":" * (row["old"] is not None or row["new"] is not None)
    if row["old"] is not None:
        text += f" {to_text(row['old'])}" + " ->" * (row["new"] is not None)
    if row["new"] is not None:
        text += f" {to_text(row['new'])}"
    body = " ".join(text.split()).encode()[: MAX_MESSAGE - len(begin)]
    return begin + body.decode(errors="ignore").encode()  # no half character at its end


def _printable(text: str, longest: int) -> str:
    return re.sub(r"[^\x21-\x7e]", "", text)[:longest] or "-"


def _escape(text: str) -> str:
    """Return a parameter's value as RFC 5424 6.3.3 wants it, without what would end a line."""
    short = " ".join(text.split())[:_MAX_VALUE]
    return re.sub(r'(["\\\]])', r"\\\1", short)


class SyslogSocket:
    """A local socket such as /dev/log, also written unix:/dev/log."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = Path(name.removeprefix("unix:"))

    def send(self, rows: Sequence[Row]) -> int:
        """Send `rows`; return how many were taken. Raises OSError if none was."""
        host = socket.gethostname()
        taken = 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.settimeout(_TIMEOUT)
            to.connect(str(self.path))
            for row in rows:
                try:
                    to.send(message(row, datetime.now(UTC), host))
                except OSError:
                    if not taken:
                        raise
                    break
                taken += 1
        return taken
