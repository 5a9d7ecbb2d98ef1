"""Unique identifiers (PS3.5 9) as they come from the wire, and the few that steer the parser (PS3.6 A)."""

from __future__ import annotations

import re
from typing import Final

MODALITY_WORKLIST_FIND: Final = "1.2.840.10008.5.1.4.31"
MODALITY_PERFORMED_PROCEDURE_STEP: Final = "1.2.840.10008.3.1.2.3.3"

# PS3.5 9.1 asks for more (no leading zeros, two components at least), but what is sent must be seen.
_UID = re.compile(rb"[0-9.]{1,64}")


def read_uid(raw: bytes) -> str | None:
    """Return the UID in `raw`, without the NUL or blanks it is padded with; None if it can't be one."""
    raw = raw.strip(b"\0 ")
    return raw.decode("ascii") if _UID.fullmatch(raw) else None
