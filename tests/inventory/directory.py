"""A strict reader of LDIF (RFC 2849) and of names (RFC 4514), and the DICOM schema (PS3.15 H.1.3), to judge ours by."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field

# PS3.15 H.1.3: object class -> (what it must have, what it may have)
SCHEMA = {
    "dicomConfigurationRoot": ("cn", "description"),
    "dicomDevicesRoot": ("cn", "description"),
    "dicomUniqueAETitlesRegistryRoot": ("cn", "description"),
    "dicomDevice": (
        "dicomDeviceName dicomInstalled",
        "dicomDescription dicomManufacturer dicomManufacturerModelName dicomSoftwareVersion dicomStationName "
        "dicomDeviceSerialNumber dicomInstitutionName dicomInstitutionAddress dicomInstitutionDepartmentName "
        "dicomIssuerOfPatientID dicomVendorData dicomPrimaryDeviceType dicomRelatedDeviceReference "
        "dicomAuthorizedNodeCertificateReference dicomThisNodeCertificateReference",
    ),
    "dicomNetworkAE": (
        "dicomAETitle dicomNetworkConnectionReference dicomAssociationInitiator dicomAssociationAcceptor",
        "dicomDescription dicomVendorData dicomApplicationCluster dicomPreferredCalledAETitle "
        "dicomPreferredCallingAETitle dicomSupportedCharacterSet dicomInstalled",
    ),
    "dicomNetworkConnection": ("dicomHostname", "cn dicomPort dicomTLSCipherSuite dicomInstalled"),
    "dicomUniqueAETitle": ("dicomAETitle", ""),
    "dicomTransferCapability": ("dicomSOPClass dicomTransferRole dicomTransferSyntax", "cn"),
}
MANY = {
    *("objectClass", "dicomSoftwareVersion", "dicomNetworkConnectionReference", "dicomTransferSyntax"),
    *("dicomPrimaryDeviceType", "dicomInstitutionName"),
}
SYNTAX = {
    "dicomAETitle": r"[\x00-\x7f]+",  # IA5 String
    "dicomPrimaryDeviceType": r"[\x00-\x7f]+",
    "dicomInstalled": "TRUE|FALSE",
    "dicomAssociationInitiator": "TRUE|FALSE",
    "dicomAssociationAcceptor": "TRUE|FALSE",
    "dicomPort": "[1-9][0-9]*",
    "dicomSOPClass": r"[0-2](\.(0|[1-9][0-9]*))+",  # OID (RFC 4512 1.4)
    "dicomTransferSyntax": r"[0-2](\.(0|[1-9][0-9]*))+",
    "dicomTransferRole": "SCU|SCP",
}


@dataclass
class Entry:
    """`name` as (attribute, value) from the leaf up, unescaped."""

    name: tuple[tuple[str, str], ...]
    attributes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        (kind,) = set(self.attributes["objectClass"]) - {"top"}
        return kind

    def __getitem__(self, attribute: str) -> str:
        (value,) = self.attributes[attribute]
        return value


def read_ldif(text: str) -> list[Entry]:
    """The entries of `text`, which must be as RFC 2849 wants it."""
    assert text.isascii() and "\r" not in text and text.endswith("\n")
    physical = text[:-1].split("\n")
    assert max(map(len, physical)) <= 76
    logical: list[str] = []
    for line in physical:
        if line.startswith(" "):
            assert len(line) > 1 and logical[-1] and not logical[-1].startswith("#")
            logical[-1] += line[1:]
        else:
            logical.append(line)
    assert logical[0] == "version: 1"
    entries: list[Entry] = []
    separated = True
    for line in logical[1:]:
        if not line:
            separated = True
        elif not line.startswith("#"):
            attribute, value = _attribute(line)
            if attribute == "dn":
                assert separated
                entries.append(Entry(read_name(value)))
            else:
                entries[-1].attributes.setdefault(attribute, []).append(value)
            separated = False
    return entries


def _attribute(line: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9-]*):(:?) ?(.*)", line)
    assert found, line
    if found[2]:
        return found[1], b64decode(found[3], validate=True).decode("utf-8")
    assert re.fullmatch(r"([\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x39\x3b\x3d-\x7f][\x01-\x09\x0b\x0c\x0e-\x7f]*)?", found[3])
    assert not found[3].endswith(" ")
    return found[1], found[3]


def read_name(text: str) -> tuple[tuple[str, str], ...]:
    """The parts of a distinguished name, character by character."""
    parts, attribute, value, at = [], "", "", 0
    inside = blank_ends = False
    text += ","
    while at < len(text):
        character = text[at]
        at += 1
        if not inside:
            inside = character == "="
            if not inside:
                assert re.fullmatch("[A-Za-z][A-Za-z0-9-]*", attribute + character)
                attribute += character
        elif character == "\\":
            pair = text[at : at + 2]
            hexadecimal = re.fullmatch("[0-9a-fA-F]{2}", pair)
            assert hexadecimal or pair[0] in '\\"+,;<> #='
            value += chr(int(pair, 16)) if hexadecimal else pair[0]
            at += 2 if hexadecimal else 1
            blank_ends = False
        elif character == ",":
            assert attribute and value and not blank_ends
            parts.append((attribute, value))
            attribute, value, inside, blank_ends = "", "", False, False
        else:
            assert character not in '"+;<>\0' and not (value == "" and character in " #")
            value += character
            blank_ends = character == " "
    assert not inside and not attribute
    return tuple(parts)


def judge(entries: list[Entry], base: str) -> None:
    """Assert that `entries` are a DICOM configuration (PS3.15 H.1.2, H.1.3) that a server would take, in this order."""
    known = {read_name(base)}
    for entry in entries:
        assert entry.name not in known, f"twice: {entry.name}"
        assert entry.name[1:] in known, f"no parent yet: {entry.name}"
        known.add(entry.name)
        attribute, value = entry.name[0]
        assert value in entry.attributes[attribute]
        must, may = (set(names.split()) for names in SCHEMA[entry.kind])
        assert must <= entry.attributes.keys() <= must | may | {"objectClass"}, entry
        for attribute, values in entry.attributes.items():
            assert len(values) == 1 or attribute in MANY
            assert len({" ".join(value.split()).casefold() for value in values}) == len(values)
            assert all(re.fullmatch(SYNTAX.get(attribute, "(?s).+"), value) for value in values), values
        for reference in entry.attributes.get("dicomNetworkConnectionReference", []):
            assert read_name(reference) in known and read_name(reference)[1:] == entry.name[1:]
