"""NetBIOS names (RFC 1001 14.1): 15 characters, and a suffix that tells what the name is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from parsers.malformed import Malformed
from parsers.text import clean

ENCODED_LENGTH: Final = 32  # first-level encoding: a letter from A to P for each nibble (RFC 1001 14.1)
_NIBBLES: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOP0123456789abcdef", b"0123456789abcdef" + b"x" * 16)

# Suffixes ([MS-BRWS] 2.1.1.1, https://learn.microsoft.com/openspecs/windows_protocols/ms-brws/; Microsoft KB163409).
# 03 is left out: it may be a user.
_COMPUTER: Final = frozenset((0x00, 0x20))  # unique: workstation and server service
_MASTER: Final = frozenset((0x1B, 0x1D))  # unique: master browsers, by the name of their domain or group
_MACHINE_GROUP: Final = frozenset((0x00, 0x1C, 0x1E))  # group
_USER: Final = 0x03  # messenger service: of a computer, or of who is logged on
_IIS: Final = ("IS~", "INet~")  # names of Internet Information Server under the suffixes of others (KB163409)


class NetbiosName(NamedTuple):
    """A name without its padding. `group` where many hosts may hold it."""

    text: str
    suffix: int
    group: bool

    @property
    def computer(self) -> bool:
        """Whether this is the name of one computer."""
        return not self.group and self.suffix in _COMPUTER and self._plain

    @property
    def domain(self) -> bool:
        """Whether this is the name of a domain or workgroup its holder belongs to."""
        return self.suffix in (_MACHINE_GROUP if self.group else _MASTER) and self._plain

    @property
    def perhaps_user(self) -> bool:
        """Whether this may be the name of a person."""
        return not self.group and self.suffix == _USER

    @property
    def _plain(self) -> bool:
        return bool(self.text) and not self.text.startswith((*_IIS, "*"))


def decode_name(encoded: bytes, group: bool = False) -> NetbiosName:
    """Decode a name as it stands in a message, with a scope or without. Raises Malformed."""
    label, dot, _ = encoded[: ENCODED_LENGTH + 1].partition(b".")
    try:
        raw = bytes.fromhex(label.translate(_NIBBLES).decode("ascii"))
    except ValueError:
        raw = b""
    if len(label) != ENCODED_LENGTH or len(raw) != 16 or (len(encoded) > ENCODED_LENGTH and not dot):
        raise Malformed("not a NetBIOS name")
    return plain_name(raw, group)


def plain_name(raw: bytes, group: bool) -> NetbiosName:
    """Return the name in 16 bytes that are not encoded."""
    return NetbiosName(clean(raw[:15].rstrip(b"\0 ")), raw[15], group)


def computers(held: list[NetbiosName]) -> Iterator[NetbiosName]:
    """The computer's names among all that one host holds. One that may be a user counts only if it serves files."""
    serving = {name.text for name in held if name.suffix == 0x20 and not name.group}
    users = {name.text for name in held if name.perhaps_user} - serving
    return (name for name in held if name.computer and name.text not in users)
