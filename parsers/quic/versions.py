"""The versions of QUIC whose Initial packets can be read, and what sets them apart."""

from __future__ import annotations

from typing import Final, NamedTuple


class Version(NamedTuple):
    """What the protection of Initial packets takes (RFC 9001 5.2), and which packet type is theirs."""

    salt: bytes
    label: bytes  # prefix of the labels of its keys
    initial: int  # long packet type (RFC 9000 17.2)
    retry: int


_DRAFT_22: Final = Version(bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"), b"quic ", 0, 3)
_DRAFT_23: Final = Version(bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502"), b"quic ", 0, 3)
_DRAFT_29: Final = Version(bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"), b"quic ", 0, 3)
_V1: Final = Version(bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic ", 0, 3)  # RFC 9001 5.2
_V2: Final = Version(bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 ", 1, 0)  # RFC 9369 3.2, 3.3

# Drafts before 22 have another header. Which draft has which salt, and what Facebook's own numbers stand for:
# https://github.com/wireshark/wireshark/blob/master/epan/dissectors/packet-quic.c
VERSIONS: Final[dict[int, Version]] = {
    0x00000001: _V1,
    0x6B3343CF: _V2,
    0xFF000016: _DRAFT_22,
    **dict.fromkeys(range(0xFF000017, 0xFF00001D), _DRAFT_23),  # drafts 23 to 28
    **dict.fromkeys(range(0xFF00001D, 0xFF000021), _DRAFT_29),  # drafts 29 to 32
    **dict.fromkeys(range(0xFF000021, 0xFF000023), _V1),  # drafts 33 and 34
    0xFACEB001: _DRAFT_22,
    0xFACEB002: _DRAFT_23,
    0xFACEB00E: _DRAFT_23,
}
