"""NetBIOS datagrams (RFC 1002 4.4): who sends them, and what browser announcements ([MS-BRWS]) say of the sender.

The comment of an announcement is free text, and not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import ClassVar, Final

from parsers.discovery.names import name_text, read_name
from parsers.discovery.netbios import ENCODED_LENGTH, decode_name
from parsers.malformed import Malformed
from parsers.records import Announcement, Datagram, Evidence

_DATAGRAMS: Final = frozenset((0x10, 0x11, 0x12))  # MSG_TYPE: direct unique, direct group, broadcast (RFC 1002 4.4.1)
_NAMES_AT: Final = 14

# SMB_COM_TRANSACTION request that writes to a mailslot ([MS-CIFS] 2.2.4.33.1, [MS-MAIL] 2.2.1)
_SMB_TRANSACTION: Final = b"\xffSMB\x25"
_SMB_WORDS_AT: Final = 32  # WordCount; the parameter words follow
_SMB_DATA_COUNT: Final = struct.Struct("<HH")  # DataCount, DataOffset
_SMB_DATA_COUNT_AT: Final = _SMB_WORDS_AT + 1 + 22
_MAILSLOT_WORDS: Final = 17  # 14, and three of setup
_MAILSLOT_NAME_AT: Final = _SMB_WORDS_AT + 1 + 2 * _MAILSLOT_WORDS + 2  # behind ByteCount
_MAILSLOT: Final = b"\\MAILSLOT\\BROWSE\0"

_HOST_ANNOUNCEMENT: Final = 0x01  # [MS-BRWS] 2.2.1
_DOMAIN_ANNOUNCEMENT: Final = 0x0C  # [MS-BRWS] 2.2.7
_LOCAL_MASTER_ANNOUNCEMENT: Final = 0x0F  # [MS-BRWS] 2.2.10
# Opcode; UpdateCount and Periodicity, unread; name; version of the operating system or the browser; ServerType
_ANNOUNCEMENT: Final = struct.Struct("<B5x16sBBI")
_MASTER_SUFFIX: Final = 0x1D  # host announcements are sent to the sender's own machine group ([MS-BRWS] 3.2.5.2)

# ServerType (https://learn.microsoft.com/windows/win32/api/lmserver/ns-lmserver-server_info_101). Samba announces
# itself as a Windows version, but as a Unix server too.
_WINDOWS: Final = 0x0040_B000  # NT workstation and server, Windows for Workgroups, Windows 95
_NOT_WINDOWS: Final = 0x0030_08C0  # Unix, Apple, Novell, OSF, VMS
_MAJOR_VERSION: Final = 0x0F  # MAJOR_VERSION_MASK


class Browser:
    """Parser of NetBIOS datagrams over UDP."""

    name: ClassVar[str] = "browser"
    ports: ClassVar[frozenset[int]] = frozenset((138,))

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether this is a datagram from one NetBIOS name to another."""
        payload = datagram.payload
        return len(payload) > _NAMES_AT and payload[0] in _DATAGRAMS and payload[_NAMES_AT] == ENCODED_LENGTH

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield the sender's name, its domain, and the operating system it announces."""
        payload = datagram.payload
        known: dict[int, bytes] = {}
        encoded, at = read_name(payload, _NAMES_AT, known)
        source = decode_name(encoded)
        if source.computer:
            yield Announcement("hostname", source.text, Evidence.PEER)
        encoded, at = read_name(payload, at, known)
        destination = decode_name(encoded)
        announcement = _announcement(payload[at:])
        if announcement is None:
            return
        opcode, name, major, minor, server_type = announcement
        text = name_text(name)
        if opcode == _DOMAIN_ANNOUNCEMENT:
            if text:
                yield Announcement("domain", text, Evidence.PEER)
            return
        if text and text != source.text:
            yield Announcement("hostname", text, Evidence.PEER)
        if opcode == _HOST_ANNOUNCEMENT and destination.suffix == _MASTER_SUFFIX and destination.domain:
            yield Announcement("domain", destination.text, Evidence.PEER)
        if server_type & _WINDOWS and not server_type & _NOT_WINDOWS:
            yield Announcement("os_version", f"Windows {major & _MAJOR_VERSION}.{minor}", Evidence.PEER)


def _announcement(smb: bytes) -> tuple[int, bytes, int, int, int] | None:
    """Return the fields of the browser announcement in the user data of a datagram; None where there is none."""
    if not smb.startswith(_SMB_TRANSACTION) or len(smb) <= _SMB_WORDS_AT or smb[_SMB_WORDS_AT] != _MAILSLOT_WORDS:
        return None
    if smb[_MAILSLOT_NAME_AT : _MAILSLOT_NAME_AT + len(_MAILSLOT)].upper() != _MAILSLOT:
        return None
    count, at = _SMB_DATA_COUNT.unpack_from(smb, _SMB_DATA_COUNT_AT)
    if at < _MAILSLOT_NAME_AT:
        raise Malformed("mailslot data where its header is", at)
    data = smb[at : at + count]
    if not data or data[0] not in (_HOST_ANNOUNCEMENT, _DOMAIN_ANNOUNCEMENT, _LOCAL_MASTER_ANNOUNCEMENT):
        return None
    if len(data) < _ANNOUNCEMENT.size:
        raise Malformed("browser announcement cut short", at)
    opcode, name, major, minor, server_type = _ANNOUNCEMENT.unpack_from(data)
    return opcode, name, major, minor, server_type
