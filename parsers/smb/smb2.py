"""SMB 2 and 3 (MS-SMB2): NEGOTIATE and SESSION_SETUP."""

from __future__ import annotations

import struct
from typing import Final

from parsers.smb.fields import Said, signing, token_says

MAGIC: Final = b"\xfeSMB"
HEADER: Final = 64  # MS-SMB2 2.2.1
_FIXED: Final = struct.Struct("<4sHHIHHII")  # protocol, size, credits, status, command, credits, flags, next
_NEGOTIATE: Final = 0
_SESSION_SETUP: Final = 1
_RESPONSE: Final = 0x00000001  # SMB2_FLAGS_SERVER_TO_REDIR
_SIGNING_ENABLED: Final = 1  # MS-SMB2 2.2.4, SecurityMode
_SIGNING_REQUIRED: Final = 2

# DialectRevision (MS-SMB2 2.2.4); 02FF, "2.???", is the answer of SMB 1's negotiation, and a choice is still to come
_DIALECTS: Final = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}


def is_of_interest(head: bytes) -> bool:
    """Say whether the message that begins with `head` (its header) has something to tell."""
    return len(head) >= _FIXED.size and _FIXED.unpack_from(head)[4] in (_NEGOTIATE, _SESSION_SETUP)


def is_response(head: bytes) -> bool:
    """Say whether the server sent the message that begins with `head`."""
    return bool(_FIXED.unpack_from(head)[6] & _RESPONSE)


def read(message: bytes) -> Said:
    """Return what a message of interest says; nothing where it is short."""
    _, _, _, status, command, _, flags, _ = _FIXED.unpack_from(message)
    response = flags & _RESPONSE
    if command == _NEGOTIATE:
        return _negotiated(message) if response and not status else []
    return token_says(_buffer(message, HEADER + (4 if response else 12)))  # MS-SMB2 2.2.6, 2.2.5


def _negotiated(message: bytes) -> Said:
    """MS-SMB2 2.2.4."""
    if len(message) < HEADER + 6:
        return []
    mode, revision = struct.unpack_from("<HH", message, HEADER + 2)
    if revision not in _DIALECTS:
        return []
    said = [("smb_dialect", _DIALECTS[revision])]
    said.append(signing(bool(mode & _SIGNING_ENABLED), bool(mode & _SIGNING_REQUIRED)))
    return said


def _buffer(message: bytes, at: int) -> bytes:
    """Return the security buffer whose offset (from the header) and length are at `at`."""
    if len(message) < at + 4:
        return b""
    offset, length = struct.unpack_from("<HH", message, at)
    return message[offset : offset + length]
