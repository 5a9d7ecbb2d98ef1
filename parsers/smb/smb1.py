"""SMB 1 (MS-CIFS, MS-SMB): NEGOTIATE and SESSION_SETUP_ANDX. Accounts are passed over."""

from __future__ import annotations

import struct
from typing import Final

from parsers.hostnames import host_name
from parsers.smb.fields import Said, signing, token_says
from parsers.text import clean

MAGIC: Final = b"\xffSMB"
HEADER: Final = 32  # MS-CIFS 2.2.3.1
_NEGOTIATE: Final = 0x72
_SESSION_SETUP: Final = 0x73
_REPLY: Final = 0x80  # SMB_FLAGS_REPLY
_UNICODE: Final = 0x8000  # SMB_FLAGS2_UNICODE
_EXTENDED_SECURITY: Final = 0x80000000  # CAP_EXTENDED_SECURITY (MS-SMB 2.2.4.5.2.1)
_SIGNATURES_ENABLED: Final = 0x04  # MS-CIFS 2.2.4.52.2, SecurityMode
_SIGNATURES_REQUIRED: Final = 0x08
_NT_WORDS: Final = 17  # of a response that chooses NT LM 0.12
_NT_DIALECT: Final = "NT LM 0.12"
_CHALLENGE: Final = 8
_MAX_STRING: Final = 512  # bytes of one string
_MAX_DIALECTS: Final = 32


def is_of_interest(head: bytes) -> bool:
    """Say whether the message that begins with `head` (its header) has something to tell."""
    return head[4:5] in (b"\x72", b"\x73")


def is_response(head: bytes) -> bool:
    """Say whether the server sent the message that begins with `head`."""
    return bool(head[9] & _REPLY)


def offered(message: bytes) -> list[str]:
    """Return the dialects a negotiate request offers, in its order (MS-CIFS 2.2.4.52.1); none where it is no such."""
    if message[4] != _NEGOTIATE or is_response(message):
        return []
    _, data = _blocks(message)
    return [clean(name, "latin-1").strip("\x02") for name in data.split(b"\0", _MAX_DIALECTS)[:_MAX_DIALECTS] if name]


def read(message: bytes, dialects: list[str]) -> Said:
    """Return what a message says; `dialects` are those the client offered, where that was seen."""
    words, data = _blocks(message)
    unicode = bool(int.from_bytes(message[10:12], "little") & _UNICODE)
    at = len(message) - len(data)
    if message[4] == _NEGOTIATE:
        return _negotiated(words, data, dialects) if is_response(message) else []
    return (_answers if is_response(message) else _asks)(words, data, at, unicode)


def _blocks(message: bytes) -> tuple[bytes, bytes]:
    """Return the parameter words and the data; what is cut is short."""
    end = HEADER + 1 + 2 * message[HEADER] if len(message) > HEADER else HEADER
    size = int.from_bytes(message[end : end + 2], "little")
    return message[HEADER + 1 : end], message[end + 2 : end + 2 + size]


def _negotiated(words: bytes, data: bytes, dialects: list[str]) -> Said:
    """MS-CIFS 2.2.4.52.2, MS-SMB 2.2.4.5.2."""
    if len(words) < 2:
        return []
    index = int.from_bytes(words[:2], "little")
    if len(words) != 2 * _NT_WORDS:
        return [("smb_dialect", dialects[index])] if index < len(dialects) else []
    mode = words[2]
    said = [("smb_dialect", _NT_DIALECT)]
    said.append(signing(bool(mode & _SIGNATURES_ENABLED), bool(mode & _SIGNATURES_REQUIRED)))
    if not int.from_bytes(words[19:23], "little") & _EXTENDED_SECURITY and words[33] == _CHALLENGE:
        # Challenge, domain and, from later servers, the server's name. Unicode whatever the flag says, and not aligned;
        # old servers have OEM characters.
        text = data[_CHALLENGE : _CHALLENGE + 2 * _MAX_STRING]
        names = text.decode("latin-1" if text[1:2].strip(b"\0") else "utf-16-le", "replace").split("\0")
        for attribute, name in zip(("domain", "hostname"), names, strict=False):
            if name := host_name(name):
                said.append((attribute, name))
    return said


def _asks(words: bytes, data: bytes, at: int, unicode: bool) -> Said:
    """A session setup request: MS-SMB 2.2.4.6.1 with a security token, MS-CIFS 2.2.4.53.1 with passwords."""
    if len(words) == 24:
        length = int.from_bytes(words[14:16], "little")
        system = _strings(data[length:], at + length, unicode, 2)
        return [*_system(system), *token_says(data[:length])]
    if len(words) == 26:
        passwords = sum(struct.unpack_from("<HH", words, 14))
        return _system(_strings(data[passwords:], at + passwords, unicode, 4)[2:])  # behind account and domain
    return []


def _answers(words: bytes, data: bytes, at: int, unicode: bool) -> Said:
    """A session setup response: MS-SMB 2.2.4.6.2, MS-CIFS 2.2.4.53.2."""
    length = int.from_bytes(words[6:8], "little") if len(words) == 8 else 0
    if len(words) not in (6, 8):
        return []
    system = _strings(data[length:], at + length, unicode, 2)
    return [*_system(system), *token_says(data[:length])]


def _system(strings: list[str]) -> Said:
    """Return what NativeOS and NativeLanMan say. Samba, since 4.0, gives Windows for its system."""
    system, manager = [*strings, "", ""][:2]
    if manager.startswith("Samba"):
        system = f"Unix ({manager})"
    return [("os_version", system)] if system else []


def _strings(data: bytes, at: int, unicode: bool, count: int) -> list[str]:
    """Return up to `count` strings of `data`, which begins at `at` of the message: Unicode is aligned there."""
    if not unicode:
        return [clean(string[:_MAX_STRING], "latin-1") for string in data.split(b"\0", count)[:count]]
    start = at % 2
    found = []
    for _ in range(count):
        end = start
        while data[end : end + 2] not in (b"\0\0", b"", b"\0") and end - start < _MAX_STRING:
            end += 2
        found.append(clean(data[start:end], "utf-16-le"))
        start = end + 2
    return found
