"""Announced services (DNS-SD, RFC 6763): type, port, and what their TXT records say of the device.

The name of an instance is for people, and often a person's: it only links the records of a service, and is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from parsers.discovery import names
from parsers.discovery.names import Record
from parsers.text import canonical, clean

# TXT keys that name the device, by what they tell, best first. The rest is not read: "note" is where people write.
# ty, product, usb_MFG, usb_MDL: Bonjour Printing Specification 1.2.1 (https://developer.apple.com/bonjour/); model,
# manufacturer: https://openairplay.github.io/airplay-spec/service_discovery.html; osxvers, of _device-info, is the
# major version of Darwin (https://github.com/rapid7/recog/blob/main/xml/mdns_device-info_txt.xml).
_TXT_KEYS: Final[dict[str, tuple[bytes, ...]]] = {
    "Model": (b"model", b"usb_mdl", b"ty", b"md", b"am", b"product"),
    "Manufacturer": (b"manufacturer", b"usb_mfg", b"mfg"),
    "Version": (b"vers", b"osxvers"),
}
_TOLD: Final = frozenset(key for keys in _TXT_KEYS.values() for key in keys)
# Keys that name a model only in these services; in AirPlay audio, "md" lists kinds of metadata.
# https://blog.oakbits.com/google-cast-protocol-discovery-and-connection.html, HomeKit Accessory Protocol R2 6.4
_ONLY_IN: Final = {
    b"md": frozenset(("_googlecast._tcp", "_hap._tcp", "_hap._udp")),
    b"am": frozenset(("_raop._tcp",)),  # https://openairplay.github.io/airplay-spec/service_discovery.html
}
_MAX_STRINGS: Final = 64  # of one TXT record


def services(records: Sequence[Record]) -> list[tuple[bytes, str]]:
    """Return (host in lower case, `mdns_service` value) of each service; the host is b"" where no record names it."""
    hosts: dict[bytes, bytes] = {}
    told: dict[bytes, dict[str, str]] = {}
    for instance, kind, record in _instances(records):
        service = told.setdefault(instance.lower(), {"ServiceType": kind})
        if record.type == names.SRV:
            port = int.from_bytes(record.data[4:6], "big")  # RFC 2782
            hosts[instance.lower()] = record.target.lower()
            if port:
                service["Port"] = str(port)
        elif record.type == names.TXT:
            service.update(_device(kind, record.data))
    described = {service["ServiceType"] for service in told.values() if len(service) > 1}
    return list(
        dict.fromkeys(
            (hosts.get(instance, b""), canonical(service))
            for instance, service in told.items()
            if len(service) > 1 or service["ServiceType"] not in described
        )
    )


def service_type(name: bytes) -> str | None:
    """Return "_ipp._tcp" for an instance, a subtype or the type itself in the local domain; None for other names."""
    *_, kind, transport, domain = (b"", b"", b"", *name.rsplit(b".", 3))
    if domain.lower() != b"local" or transport.lower() not in (b"_tcp", b"_udp"):
        return None
    if kind[:1] != b"_" or not kind[1:].replace(b"-", b"").replace(b"_", b"").isalnum():  # RFC 6335 5.1
        return None
    return clean(kind + b"." + transport)


def _instances(records: Sequence[Record]) -> Iterator[tuple[bytes, str, Record]]:
    """Each record that is about a service: (the name of its instance, its type, the record)."""
    for record in records:
        instance = record.name
        if record.type == names.PTR:
            if service_type(record.name) is None:
                continue
            instance = record.target
        elif record.type not in (names.SRV, names.TXT):
            continue
        kind = service_type(instance)
        if kind is not None:
            yield instance, kind, record


def _device(kind: str, data: bytes) -> dict[str, str]:
    """Return what a TXT record of a service of type `kind` says of the device (RFC 6763 6.3 to 6.5)."""
    said: dict[bytes, str] = {}
    at = 0
    for _ in range(_MAX_STRINGS):
        if at >= len(data):
            break
        end = at + 1 + data[at]
        key, _, value = data[at + 1 : end].partition(b"=")
        key = key.lower()
        only_in = _ONLY_IN.get(key)
        # Of several, the first counts (RFC 6763 6.4). A product stands in the brackets of PostScript.
        if key in _TOLD and key not in said and (only_in is None or kind.lower() in only_in):
            said[key] = clean(value.removeprefix(b"(").removesuffix(b")") if key == b"product" else value)
        at = end
    best = {name: next((said[key] for key in keys if said.get(key)), "") for name, keys in _TXT_KEYS.items()}
    return {name: value for name, value in best.items() if value}
