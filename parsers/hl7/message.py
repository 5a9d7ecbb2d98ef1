"""HL7 v2 segments (v2.9 chapters 2 and 7): the fields that name software and equipment, and no others."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final, NamedTuple

from parsers.records import Evidence
from parsers.text import MAX_TEXT, canonical, clean

MAX_EQUIPMENT: Final = 64  # distinct devices told of one message
MAX_SOFTWARE: Final = 8  # SFT segments told of one message
_MAX_REPETITIONS: Final = 16  # looked at in one field
_MAX_VALUE: Final = 4 * MAX_TEXT  # bytes looked at of one field or repetition

# HL7 table 0211, and a frequent misspelling. Where senders say ASCII, or nothing, they put UTF-8 or Latin-1.
_ASCII: Final = ""
_CHARACTER_SETS: Final = {
    b"": _ASCII,
    b"ASCII": _ASCII,
    b"UNICODE UTF-8": "utf-8",
    b"UTF-8": "utf-8",
    **{f"8859/{part}".encode(): f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}
_MESSAGE_TYPE: Final = re.compile(r"[A-Z0-9_]{1,16}(\^[A-Z0-9_]{0,16}){0,2}")
_VERSION: Final = re.compile(r"[0-9A-Z.]{1,8}")
_ACKNOWLEDGMENT_CODE: Final = re.compile(r"[AC][AER]")  # HL7 table 0008
# OBX-3.2 of the levels that are a device, in the terms of ISO/IEEE 11073-10101 (IHE PCD TF-2 B.8): medical device
# systems, virtual medical devices (modules), and the specialisations of personal health devices.
_DEVICE_TYPE: Final = re.compile(
    rb"MDC_(?:DEV_[A-Z0-9_]{1,80}_(?:MDS|VMD)|DEV_SPEC_PROFILE_[A-Z0-9_]{1,60}|MOC_VMS_MDS_[A-Z0-9_]{1,40})"
)
_ENTITY_IDENTIFIER: Final = ("EntityIdentifier", "NamespaceID", "UniversalID", "UniversalIDType")  # data type EI


class Syntax(NamedTuple):
    """How a message is written: MSH-1, MSH-2 and MSH-18 (a Python codec, or `_ASCII`)."""

    field: bytes
    component: bytes
    repetition: bytes
    escape: bytes
    subcomponent: bytes
    encoding: str

    def text(self, value: bytes) -> str:
        """Return one component as clean text; HL7's null value is empty."""
        value = value[:_MAX_VALUE]
        if self.escape in value:
            value = self._unescape(value)
        if value == b'""':
            return ""
        if self.encoding is not _ASCII:
            return clean(value, self.encoding)
        try:
            return clean(value.decode())
        except UnicodeDecodeError:
            return clean(value, "latin-1")

    def _unescape(self, value: bytes) -> bytes:
        # 2.7: the letter between two escape characters names a delimiter.
        meant = dict(zip(b"FSRET", self[:5], strict=True))
        pattern = re.escape(self.escape) + b"([FSRET])" + re.escape(self.escape)
        return re.sub(pattern, lambda match: meant[match[1][0]], value)


# Whether it is about the sender (else the receiver), attribute, value, evidence.
Statement = tuple[bool, str, str, Evidence]


class Header(NamedTuple):
    """What repeats from one MSH to the next."""

    syntax: Syntax
    trigger: bytes  # MSH-9 message code and trigger event: what a relay keeps as it is
    statements: tuple[Statement, ...]


class Message:
    """What is kept of one message while its segments pass by."""

    __slots__ = (
        "_device_type", "_device_types", "acknowledgment_code", "control_id", "equipment", "header", "patient",
        "response", "software",
    )  # fmt: skip

    def __init__(self, msh: bytes) -> None:
        """Read an MSH segment. Raises nothing: what is missing is empty."""
        field = msh[3:4]
        fields = msh.split(field, 18)
        if len(fields) < 18:
            fields += [b""] * (18 - len(fields))
        # MSH-1 is the separator itself, so MSH-n is fields[n - 1].
        self.header = _header(field, fields[1], *fields[2:6], fields[8], fields[11], fields[17])
        self.control_id = fields[9].strip()[:_MAX_VALUE]
        self.acknowledgment_code = ""
        self.response = self.header.trigger.split(b"^")[0] == b"ACK"
        self.patient = False
        self.software: dict[str, None] = {}  # distinct compounds, in order
        self.equipment: dict[str, bytes] = {}  # distinct compounds, in order, with the identifier as sent
        self._device_type = ""  # of the OBX that was read last
        self._device_types: dict[bytes, str] = {}  # by identifier

    def add(self, name: bytes, segment: bytes) -> None:
        """Read one more segment of the message."""
        syntax = self.header.syntax
        fields = segment.split(syntax.field, 19)
        if name == b"OBX":
            kind = fields[3].split(syntax.component, 2)[1:2] if len(fields) > 3 else []
            self._device_type = kind[0].decode() if kind and _DEVICE_TYPE.fullmatch(kind[0]) else ""
            if len(fields) > 18:
                self._add_equipment(fields[18], "OBX-18")
        elif name == b"PRT":
            # PRT-10 beside a person (PRT-5) may be that person's, and is left alone.
            if len(fields) > 10 and not fields[5]:
                self._add_equipment(fields[10], "PRT-10")
            if len(fields) > 16:
                self._add_equipment(fields[16], "PRT-16")
        elif name == b"MSA":
            self.response = True
            code = syntax.text(fields[1]) if len(fields) > 1 else ""
            self.acknowledgment_code = code if _ACKNOWLEDGMENT_CODE.fullmatch(code) else ""
        elif name == b"SFT":
            if len(self.software) < MAX_SOFTWARE and (software := _software(syntax, fields)):
                self.software[software] = None
        else:  # PID, PD1, NK1, IN1: that they hold something is all that is looked at
            self.patient = self.patient or any(fields[2:])

    def statements(self) -> list[Statement]:
        """Return what the message says, the header first."""
        told = list(self.header.statements)
        if self.acknowledgment_code:
            told.append((True, "hl7_acknowledgment_code", self.acknowledgment_code, Evidence.PEER))
        told += [(True, "hl7_software", software, Evidence.OBJECT) for software in self.software]
        for equipment, identifier in self.equipment.items():
            device_type = self._device_types.get(identifier)
            value = _of_type(equipment, device_type) if device_type else equipment
            told.append((True, "hl7_equipment", value, Evidence.OBJECT))
        return told

    def _add_equipment(self, value: bytes, field: str) -> None:
        if not value:
            return
        syntax = self.header.syntax
        for repetition in value.split(syntax.repetition, _MAX_REPETITIONS)[:_MAX_REPETITIONS]:
            repetition = repetition[:_MAX_VALUE]
            equipment = _equipment(syntax, repetition, field)
            if equipment and (equipment in self.equipment or len(self.equipment) < MAX_EQUIPMENT):
                self.equipment.setdefault(equipment, repetition)
                # The first level that has this identifier, and a PRT behind it, tell of the whole device.
                if self._device_type:
                    self._device_types.setdefault(repetition, self._device_type)


@lru_cache(maxsize=512)
def _header(
    field: bytes,
    encoding_characters: bytes,
    sending_application: bytes,
    sending_facility: bytes,
    receiving_application: bytes,
    receiving_facility: bytes,
    message_type: bytes,
    version: bytes,
    character_set: bytes,
) -> Header:
    marks = encoding_characters[:4] + b"^~\\&"[len(encoding_characters) :]
    component, repetition, escape, subcomponent = (marks[n : n + 1] for n in range(4))
    name = character_set.split(repetition)[0].strip().upper()
    syntax = Syntax(field, component, repetition, escape, subcomponent, _CHARACTER_SETS.get(name, "latin-1"))
    parts = [part.strip() for part in message_type.split(component)]
    written = clean(b"^".join(parts), "latin-1").rstrip("^")
    version_id = syntax.text(version.split(component)[0])
    sender = _application(syntax, "Sending", sending_application, sending_facility)
    receiver = _application(syntax, "Receiving", receiving_application, receiving_facility)
    statements = (
        (True, "hl7_sender", sender, Evidence.OBJECT),
        (False, "hl7_receiver", receiver, Evidence.CLAIM),
        (True, "hl7_message_type", written if _MESSAGE_TYPE.fullmatch(written) else "", Evidence.PEER),
        (True, "hl7_version", version_id if _VERSION.fullmatch(version_id) else "", Evidence.PEER),
    )
    trigger = b"^".join(parts[:2])[:_MAX_VALUE]
    return Header(syntax, trigger, tuple(statement for statement in statements if statement[2]))


def _application(syntax: Syntax, role: str, application: bytes, facility: bytes) -> str:
    return _compound({f"{role}Application": _name(syntax, application), f"{role}Facility": _name(syntax, facility)})


def _name(syntax: Syntax, value: bytes) -> str:
    """Return the namespace id of a hierarchic designator (HD), or its universal id where it has no other."""
    parts = value.split(syntax.component, 2)
    return syntax.text(parts[0]) or (syntax.text(parts[1]) if len(parts) > 1 else "")


def _software(syntax: Syntax, fields: list[bytes]) -> str:
    vendor, version, product, binary_id = (fields[1:5] + [b""] * 4)[:4]
    return _compound(
        {
            "SoftwareVendorOrganization": syntax.text(vendor.split(syntax.component, 1)[0]),
            "SoftwareCertifiedVersion": syntax.text(version),
            "SoftwareProductName": syntax.text(product),
            "SoftwareBinaryID": syntax.text(binary_id),
        }
    )


@lru_cache(maxsize=1024)
def _equipment(syntax: Syntax, value: bytes, field: str) -> str:
    """Return one entity identifier (EI) as a compound, or "" where it names nothing."""
    parts = [syntax.text(part) for part in value.split(syntax.component, 4)[:4]]
    named = dict(zip(_ENTITY_IDENTIFIER, parts, strict=False))
    if not named["EntityIdentifier"] and not named.get("UniversalID"):
        return ""
    return _compound({**named, "Field": field})


@lru_cache(maxsize=512)
def _of_type(equipment: str, device_type: str) -> str:
    return canonical({**json.loads(equipment), "DeviceType": device_type})


def _compound(parts: dict[str, str]) -> str:
    kept = {key: value for key, value in parts.items() if value}
    return canonical(kept) if kept else ""
