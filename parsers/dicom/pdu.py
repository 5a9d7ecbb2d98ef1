"""Protocol data units of the DICOM upper layer: PS3.8 9.3.

The readers take a PDU's body (what follows its 6-byte header) and return an immutable record, or raise `Malformed`
with an offset into that body. Equal bodies give the same record: hospital networks repeat a few of them all day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Final, TypeVar

from parsers.dicom.uid import read_uid
from parsers.malformed import Malformed
from parsers.text import clean

A_ASSOCIATE_RQ: Final = 1
A_ASSOCIATE_AC: Final = 2
A_ASSOCIATE_RJ: Final = 3
P_DATA_TF: Final = 4
A_RELEASE_RQ: Final = 5
A_RELEASE_RP: Final = 6
A_ABORT: Final = 7

PDU_HEADER: Final = Struct(">BxI")  # type, length of what follows: PS3.8 9.3.1
PDV_HEADER: Final = Struct(">IBB")  # length, presentation context ID, message control header: PS3.8 9.3.5.1, E.2
P_DATA_HEADER: Final = Struct(">BxIIBB")  # both, as nearly every P-DATA-TF begins
COMMAND, LAST = 1, 2  # bits of the message control header: PS3.8 E.2

FIXED: Final = 68  # A-ASSOCIATE-RQ/AC up to their variable items: PS3.8 9.3.2
TITLES_END: Final = 36  # of that, up to the end of the Calling AE Title
MAX_ASSOCIATE: Final = 1 << 17  # 128 contexts of 40 transfer syntaxes fit
MAX_P_DATA: Final = 1 << 30
MAX_CONTEXTS: Final = 128  # odd IDs 1 to 255: PS3.8 9.3.2.2
_CACHED = 1 << 14  # longer bodies are rare and would fill the cache

_ITEM = Struct(">BxH")
_APPLICATION_CONTEXT, _CONTEXT_RQ, _CONTEXT_AC, _ABSTRACT, _TRANSFER, _USER = 0x10, 0x20, 0x21, 0x30, 0x40, 0x50
_MAX_LENGTH, _CLASS_UID, _ROLE, _VERSION_NAME, _IDENTITY = 0x51, 0x52, 0x54, 0x55, 0x58  # PS3.7 D.3.3, PS3.8 D.1

USER_IDENTITY: Final = {1: "username", 2: "username+passcode", 3: "kerberos", 4: "saml", 5: "jwt"}  # PS3.7 D.3.3.7


@dataclass(frozen=True, eq=False, slots=True)
class Context:
    """A presentation context: proposed (`abstract_syntax` set) or answered (`result` 0 is acceptance)."""

    id: int
    result: int
    abstract_syntax: str | None
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Associate:
    """An A-ASSOCIATE-RQ or -AC: PS3.8 9.3.2, 9.3.3. What a body lacks is None or empty."""

    called_ae_title: str
    calling_ae_title: str
    application_context_name: str | None
    contexts: tuple[Context, ...]
    max_pdu_length: int | None
    implementation_class_uid: str | None
    implementation_version_name: str | None
    user_identity_type: str | None
    roles: dict[str, tuple[bool, bool]]  # SOP class -> (SCU, SCP): PS3.7 D.3.3.4


_Read = TypeVar("_Read")


def _remembered(read: Callable[[bytes], _Read]) -> Callable[[bytes], _Read]:
    cached = lru_cache(maxsize=128)(read)
    return lambda body: cached(body) if len(body) <= _CACHED else read(body)


@_remembered
def read_associate(body: bytes) -> Associate:
    """Read the body of an A-ASSOCIATE-RQ or -AC."""
    if len(body) < FIXED:
        raise Malformed("A-ASSOCIATE is too short")
    application_context = version_name = class_uid = identity = max_length = None
    contexts: list[Context] = []
    roles: dict[str, tuple[bool, bool]] = {}
    for item, start, end in _items(body, FIXED, len(body)):
        if item == _APPLICATION_CONTEXT:
            application_context = read_uid(body[start:end])
        elif item in (_CONTEXT_RQ, _CONTEXT_AC) and end - start >= 4 and len(contexts) < MAX_CONTEXTS:
            contexts.append(_context(body, start, end))
        elif item == _USER:
            for sub, first, last in _items(body, start, end):
                value = body[first:last]
                if sub == _MAX_LENGTH and len(value) == 4:
                    max_length = int.from_bytes(value, "big")
                elif sub == _CLASS_UID:
                    class_uid = read_uid(value)
                elif sub == _VERSION_NAME:
                    version_name = clean(value)
                elif sub == _IDENTITY and value:
                    identity = USER_IDENTITY.get(value[0])
                elif sub == _ROLE and len(value) >= 4:
                    sop_class = read_uid(value[2:-2])
                    if sop_class and len(roles) < MAX_CONTEXTS:
                        roles[sop_class] = (value[-2] == 1, value[-1] == 1)
    return Associate(
        clean(body[4:20]),
        clean(body[20:36]),
        application_context,
        tuple(contexts),
        max_length,
        class_uid,
        version_name or None,
        identity,
        roles,
    )


def _context(body: bytes, start: int, end: int) -> Context:
    abstract = None
    transfers = []
    for item, first, last in _items(body, start + 4, end):
        uid = read_uid(body[first:last])
        if item == _ABSTRACT:
            abstract = uid
        elif item == _TRANSFER and uid:
            transfers.append(uid)
    return Context(body[start], body[start + 2], abstract, tuple(transfers))


def _items(body: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (type, start, end) of the items in body[at:end]; fewer than 4 bytes of padding may follow the last."""
    while at + 4 <= end:
        item, length = _ITEM.unpack_from(body, at)
        if at + 4 + length > end:
            raise Malformed("item is longer than what holds it", at)
        yield item, at + 4, at + 4 + length
        at += 4 + length


# A-ASSOCIATE-RJ: PS3.8 9.3.4. A-ABORT: PS3.8 9.3.8.
_RESULT = {1: "rejected-permanent", 2: "rejected-transient"}
_REJECT_SOURCE = {1: "service-user", 2: "service-provider-acse", 3: "service-provider-presentation"}
_REJECT_REASON = {
    (1, 1): "no-reason-given",
    (1, 2): "application-context-name-not-supported",
    (1, 3): "calling-ae-title-not-recognized",
    (1, 7): "called-ae-title-not-recognized",
    (2, 1): "no-reason-given",
    (2, 2): "protocol-version-not-supported",
    (3, 1): "temporary-congestion",
    (3, 2): "local-limit-exceeded",
}
_ABORT_SOURCE = {0: "service-user", 2: "service-provider"}
_ABORT_REASON = {
    0: "reason-not-specified",
    1: "unrecognized-pdu",
    2: "unexpected-pdu",
    4: "unrecognized-pdu-parameter",
    5: "unexpected-pdu-parameter",
    6: "invalid-pdu-parameter-value",
}


def read_reject(body: bytes) -> dict[str, str]:
    """Read the four bytes of an A-ASSOCIATE-RJ into words; codes that the standard reserves are "reserved"."""
    return {
        "Outcome": "rejected",
        "Result": _RESULT.get(body[1], "reserved"),
        "Source": _REJECT_SOURCE.get(body[2], "reserved"),
        "Reason": _REJECT_REASON.get((body[2], body[3]), "reserved"),
    }


def read_abort(body: bytes) -> dict[str, str]:
    """Read the four bytes of an A-ABORT into words; the reason means something from the service provider only."""
    words = {"Outcome": "aborted", "Source": _ABORT_SOURCE.get(body[2], "reserved")}
    if body[2] == 2:
        words["Reason"] = _ABORT_REASON.get(body[3], "reserved")
    return words
