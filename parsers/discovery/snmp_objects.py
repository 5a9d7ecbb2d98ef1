"""The objects of standard MIBs by which an agent says what it is. Contact, location and other people's text: never."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from parsers import ber
from parsers.text import canonical, clean, without_mailboxes

# RFC 3418 2: sysDescr.0, sysName.0
_TEXTS: Final = {
    ber.oid_content("1.3.6.1.2.1.1.1.0"): "system_description",
    ber.oid_content("1.3.6.1.2.1.1.5.0"): "hostname",
}
_OBJECT_ID: Final = ber.oid_content("1.3.6.1.2.1.1.2.0")  # sysObjectID.0
_ENTITY, _UPS, _PRINTER = "entity", "ups", "printer"
# Each MIB's own compound: a printer's card and the printer, say, may be two things.
_INVENTORY: Final = {
    **{
        ber.oid_content(f"1.3.6.1.2.1.47.1.1.1.1.{column}.1"): (_ENTITY, key)  # RFC 6933, entPhysicalTable
        for column, key in {
            8: "HardwareRevision",
            9: "FirmwareRevision",
            10: "SoftwareRevision",
            11: "SerialNumber",
            12: "ManufacturerName",
            13: "ModelName",
        }.items()
    },
    **{
        ber.oid_content(f"1.3.6.1.2.1.33.1.1.{column}.0"): (_UPS, key)  # RFC 1628, upsIdent
        for column, key in {1: "ManufacturerName", 2: "ModelName", 3: "SoftwareRevision"}.items()
    },
    ber.oid_content("1.3.6.1.2.1.43.5.1.1.17.1"): (_PRINTER, "SerialNumber"),  # RFC 3805, prtGeneralSerialNumber
}
_ENTITY_CLASS: Final = ber.oid_content("1.3.6.1.2.1.47.1.1.1.1.5.1")
_WHOLE_DEVICE: Final = (b"\x03", b"\x0b")  # RFC 6933, PhysicalClass: chassis, stack
_DEVICE_DESCRIPTION: Final = ber.oid_content("1.3.6.1.2.1.25.3.2.1.3.1")  # RFC 2790, hrDeviceDescr
_DEVICE_TYPE: Final = ber.oid_content("1.3.6.1.2.1.25.3.2.1.2.1")
_IS_PRINTER: Final = ber.oid_content("1.3.6.1.2.1.25.3.1.5")  # RFC 2790, hrDevicePrinter
_PRINTER_MIB: Final = ber.oid_content("1.3.6.1.2.1.43")
_EXCEPTIONS: Final = (0x05, 0x80, 0x81, 0x82)  # NULL, noSuchObject, noSuchInstance, endOfMibView (RFC 3416 3)


def describe(variables: Iterable[tuple[bytes, int, bytes]], said: dict[str, str], parts: dict[str, str]) -> None:
    """Read `variables` (name, tag and content of the value) into `said`, attribute -> value.

    What only means something beside other variables is left in `parts`: see `settle`. Of an object that is told twice,
    the first counts.
    """
    for name, tag, content in variables:
        if tag == ber.OCTET_STRING:
            if name in _TEXTS:
                _put(said, _TEXTS[name], content)
            elif name in _INVENTORY:
                group, key = _INVENTORY[name]
                _put(parts, f"{group} {key}", content)
            elif name == _DEVICE_DESCRIPTION:
                _put(parts, "device", content)
        elif name == _OBJECT_ID and tag == ber.OBJECT_IDENTIFIER:
            text = ber.oid_text(content)
            if text and text != "0.0":  # zeroDotZero names nothing
                said.setdefault("snmp_object_id", text)
        elif name == _ENTITY_CLASS and tag == ber.INTEGER and content not in _WHOLE_DEVICE:
            parts["component"] = ""
        elif name == _DEVICE_TYPE and content == _IS_PRINTER:
            parts[_PRINTER] = ""
        if name.startswith(_PRINTER_MIB) and tag not in _EXCEPTIONS:
            parts[_PRINTER] = ""


def settle(parts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield attribute and value of what `parts` of one message mean together."""
    if "device" in parts and _PRINTER in parts:  # else the first device may as well be a processor
        yield "printer_id", parts["device"]
    for group in (_ENTITY, _UPS, _PRINTER):
        prefix = f"{group} "
        compound = {key.removeprefix(prefix): value for key, value in parts.items() if key.startswith(prefix)}
        if compound and not (group == _ENTITY and "component" in parts):
            yield "hardware_inventory", canonical(compound)


def _put(said: dict[str, str], key: str, content: bytes) -> None:
    text = without_mailboxes(clean(content.rstrip(b"\0")))
    if text:
        said.setdefault(key, text)
