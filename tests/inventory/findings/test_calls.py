"""Whom scanners call outside: one finding a name, told by the address until the name is learned."""

from __future__ import annotations

from tests.inventory.attribution.scene import Host, Scene, rows_of
from tests.inventory.test_exposure import OUTSIDE, scene


def scanner() -> tuple[Scene, Host, Host, Host]:
    s, archive, pc, outside = scene()
    ct = s.host("10.0.0.11", "52:54:00:00:00:11")
    image = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "Modality": "CT",
        "Manufacturer": "TOSHIBA",
        "ManufacturerModelName": "Aquilion",
        "DeviceSerialNumber": "1",
        "ImageType": ["ORIGINAL", "PRIMARY"],
    }
    s.send(ct, archive, "CT1", "VNA1", image)
    return s, ct, pc, outside


def test_scanners_that_call_outside() -> None:
    s, ct, pc, outside = scanner()
    s.flow(ct, Host("8.8.8.8"), 53, "dns", "udp")
    for name in ("a.telemetry.example.co.uk", "b.example.co.uk"):
        s.flow(ct, outside, 443, "tls", encrypted=True, sni=name)
    s.flow(ct, Host("8.8.4.4"), 443, "tls", encrypted=True, sni="x.s3.amazonaws.com")
    s.flow(pc, outside, 443, "tls", encrypted=True)
    query = "SELECT peer, severity FROM finding WHERE rule = 'imaging-device-talks-to-public' ORDER BY peer"
    assert [tuple(row.values()) for row in rows_of(s.derive(findings=True), query)] == [
        ("8.8.8.8", "low"),
        ("AWS", "medium"),
        ("example.co.uk", "medium"),
    ]


def test_names_that_scanners_ask_for_are_added_and_none_is_replaced() -> None:
    s, ct, _, outside = scanner()
    query = "SELECT peer, finding_id FROM finding WHERE rule = 'imaging-device-talks-to-public' ORDER BY peer"
    told = []
    for name in (None, "vendor.com", "a.s3.amazonaws.com, b.example.org", "A.vendor.com"):
        s.flow(ct, outside, 443, "tls", encrypted=True, sni=name)
        told.append({row["peer"]: row["finding_id"] for row in rows_of(s.derive(findings=True), query)})
    assert list(told[0]) == [OUTSIDE]
    assert list(told[1]) == ["vendor.com"]
    assert list(told[2]) == ["AWS", "example.org", "vendor.com"]
    assert told[3] == told[2] and told[1].items() <= told[2].items()
    s.flow(ct, outside, 123, "ntp", "udp")  # at an address of which the name is known
    assert {row["peer"]: row["finding_id"] for row in rows_of(s.derive(findings=True), query)} == told[3]
