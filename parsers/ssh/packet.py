"""Binary packets in clear (RFC 4253 6), and the host key in the answers to a key exchange."""

from __future__ import annotations

import binascii
import re
from hashlib import sha256
from typing import Final

MAX_PACKET: Final = 256 * 1024  # our cap; RFC 4253 6.1 asks for 35,000 bytes, and host certificates may be longer
LENGTH_FIELD: Final = 4

# Message numbers (RFC 4253 12, RFC 4419 5, RFC 5656 7.1)
NEWKEYS: Final = 21
_KEXDH_REPLY: Final = 31  # the answer of elliptic curves and hybrids, too; but the group in a group exchange
_GEX_REPLY: Final = 33
_KEY_REPLIES: Final = (_KEXDH_REPLY, _GEX_REPLY)
_MESSAGE_AT: Final = 5  # behind packet_length and padding_length
_SMALLEST: Final = 12  # RFC 4253 6: a packet is 16 bytes or more, its length included
_KEY_TYPE: Final = re.compile(rb"[a-z0-9][a-z0-9@.-]{2,63}")  # RFC 4251 6
_CERTIFICATE: Final = b"-cert-v"  # its hash would be the certificate's, not the key's


def fits(length: int) -> bool:
    """Whether a packet in clear can have this packet_length."""
    return _SMALLEST <= length <= MAX_PACKET


def message(packet: bytes) -> int:
    """Return the message number of a packet, its length field included."""
    return packet[_MESSAGE_AT]


def host_key(packet: bytes) -> str:
    """Return the fingerprint of the host key in `packet`, as `ssh-keygen -l` prints it; "" where there is none."""
    if message(packet) not in _KEY_REPLIES:
        return ""
    blob = _string(packet, _MESSAGE_AT + 1)
    key_type = _string(blob, 0)
    # The group of a group exchange has the same number as an answer, but begins with a prime.
    if not _KEY_TYPE.fullmatch(key_type) or _CERTIFICATE in key_type:
        return ""
    return "SHA256:" + binascii.b2a_base64(sha256(blob).digest(), newline=False).rstrip(b"=").decode()


def _string(data: bytes, at: int) -> bytes:
    """Return the string (RFC 4251 5) at `at`; nothing where it reaches out of `data`."""
    start = at + LENGTH_FIELD
    end = start + int.from_bytes(data[at:start], "big")
    return data[start:end] if end <= len(data) else b""
