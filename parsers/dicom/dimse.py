"""DIMSE command sets: PS3.7 6.3.1 and annex E. Always implicit VR little endian, group 0000 only."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct, error
from typing import Final, NamedTuple

from parsers.dicom.uid import read_uid
from parsers.malformed import Malformed
from parsers.text import canonical, clean

MAX_COMMAND_SET: Final = 1 << 16
RESPONSE: Final = 0x8000  # PS3.7 E.1
NO_DATA_SET: Final = 0x0101  # PS3.7 E.1, Command Data Set Type

C_STORE_RQ: Final = 0x0001
C_FIND_RQ: Final = 0x0020
C_FIND_RSP: Final = 0x8020
C_MOVE_RQ: Final = 0x0021
N_SET_RQ: Final = 0x0120
N_CREATE_RQ: Final = 0x0140

# PS3.7 E.1, Command Field
_SERVICES = {
    0x0001: "C-STORE",
    0x0010: "C-GET",
    0x0020: "C-FIND",
    0x0021: "C-MOVE",
    0x0030: "C-ECHO",
    0x0100: "N-EVENT-REPORT",
    0x0110: "N-GET",
    0x0120: "N-SET",
    0x0130: "N-ACTION",
    0x0140: "N-CREATE",
    0x0150: "N-DELETE",
}
COMMAND_FIELDS: Final = {
    **{field: f"{service}-RQ" for field, service in _SERVICES.items()},
    **{field | RESPONSE: f"{service}-RSP" for field, service in _SERVICES.items()},
    0x0FFF: "C-CANCEL-RQ",
}

_ELEMENT = Struct("<HHI")
_US = Struct("<H")
_NONE = _US.pack(NO_DATA_SET)

# Elements of group 0000: PS3.7 E.1
_AFFECTED_SOP_CLASS_UID = 0x0002
_REQUESTED_SOP_CLASS_UID = 0x0003
_COMMAND_FIELD = 0x0100
_MOVE_DESTINATION = 0x0600
_COMMAND_DATA_SET_TYPE = 0x0800
_STATUS = 0x0900
_MOVE_ORIGINATOR = 0x1030
_WANTED = frozenset(
    (
        _AFFECTED_SOP_CLASS_UID,
        _REQUESTED_SOP_CLASS_UID,
        _COMMAND_FIELD,
        _MOVE_DESTINATION,
        _COMMAND_DATA_SET_TYPE,
        _STATUS,
        _MOVE_ORIGINATOR,
    )
)


class Command(NamedTuple):
    """The elements of a command set that matter here; UIDs and AE titles as sent, still padded."""

    command_field: int
    sop_class_uid: bytes  # Affected SOP Class UID, or else Requested SOP Class UID
    data_set_type: int
    status: int | None
    move_destination: bytes
    move_originator: bytes

    @property
    def message(self) -> str | None:
        """The `dimse_message` compound; None for a command field that the standard does not know."""
        status = self.status if self.command_field & RESPONSE else None
        return _message(self.command_field, self.sop_class_uid, status)

    @property
    def sop_class(self) -> str | None:
        """The SOP class as text."""
        return read_uid(self.sop_class_uid)


def read_command(command_set: bytes) -> Command:
    """Read a whole command set. Raise `Malformed` when its elements do not nest or the Command Field is missing."""
    values: dict[int, bytes] = {}
    at, end = 0, len(command_set)
    unpack = _ELEMENT.unpack_from
    try:
        while at < end:
            group, element, length = unpack(command_set, at)
            start = at + 8
            at = start + length
            if group or at > end:
                raise Malformed("command set does not nest")
            if element in _WANTED:
                values[element] = command_set[start:at]
        return Command(
            _US.unpack(values[_COMMAND_FIELD])[0],
            values.get(_AFFECTED_SOP_CLASS_UID) or values.get(_REQUESTED_SOP_CLASS_UID) or b"",
            _US.unpack(values.get(_COMMAND_DATA_SET_TYPE, _NONE))[0],
            _US.unpack(values[_STATUS])[0] if _STATUS in values else None,
            values.get(_MOVE_DESTINATION, b""),
            values.get(_MOVE_ORIGINATOR, b""),
        )
    except error:
        raise Malformed("command set does not nest") from None
    except KeyError:
        raise Malformed("command set without a command field") from None


@lru_cache(maxsize=1024)
def _message(field: int, sop_class_uid: bytes, status: int | None) -> str | None:
    name = COMMAND_FIELDS.get(field)
    if name is None:
        return None
    parts = {"CommandField": name}
    sop_class = read_uid(sop_class_uid)
    if sop_class:
        parts["SOPClassUID"] = sop_class
    if status is not None:
        parts["Status"] = f"{status:04X}"
    return canonical(parts)


def read_ae_title(raw: bytes) -> str:
    """Return an AE title of a command set as text, "" when blank."""
    return clean(raw[:64])
