"""The picture of who talks to whom: every device is in it, nothing overlaps, and it is drawn alike each time."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inventory.report.boxes import MAX_OUTSIDE
from inventory.report.picture import draw
from inventory.report.shapes import WIDTH, Picture
from inventory.report.traffic import Traffic, traffic
from tests.report.conftest import Opened

ROLES = ("modality", "archive", "workstation", "client", "hl7_engine", "information_system", "network", "unknown")


def device(at: int, **more: Any) -> dict[str, Any]:
    modalities = [("CT", "MR", "US")[at % 3]] if at % len(ROLES) == 0 else []
    return {
        "site": "x", "device_id": f"d{at}", "role": ROLES[at % len(ROLES)], "modalities": modalities,
        "public": at % 10 == 0, "addressless": at % 30 == 1, "alarming": at % 50 == 0,
        "name": f"H{at}", "ip": "10.0.0.1",
    } | more  # fmt: skip


def link(source: str, target: str, **more: Any) -> dict[str, Any]:
    outbound, inbound = target.startswith("@"), source.startswith("@")
    return {
        "source": source, "target": target, "inbound": inbound, "outbound": outbound, "crossing": inbound or outbound,
        "established": True, "encrypted": False, "in_clear": False, "protocols": ["dicom"], "pairs": 3, "devices": 3,
        "connections": 4, "bytes": 5000,
    } | more  # fmt: skip


def outsider(name: str, **more: Any) -> dict[str, Any]:
    return {
        "organisation": name, "expected": False, "countries": ["US"], "addresses": ["8.8.8.8"], "names": [],
        "answered": True, "in_clear": False, "asks": False, "devices": 2, "protocols": ["tls"],
    } | more  # fmt: skip


def site(devices: int, outside: int) -> Traffic:
    links = [link(a, b) for a in ROLES for b in ROLES] + [
        one for at in range(outside) for one in (link("client", f"@org{at}"), link(f"@org{at}", "archive"))
    ]
    return Traffic("x", sorted((device(at) for at in range(devices)), key=lambda row: (row["role"], row["modalities"])),
        [outsider(f"org{at}") for at in range(outside)], links)  # fmt: skip


@pytest.mark.parametrize(("devices", "outside"), [(200, 5), (2_000, 40), (20_000, 500)])
def test_every_device_is_a_mark_in_its_box(devices: int, outside: int) -> None:
    seen = site(devices, outside)
    picture = draw(seen)
    roles = [box for box in picture.boxes if box.kind == "role"]
    marked = [id_ for box in roles for marks in box.marks for id_ in marks.device_ids]
    assert sorted(marked) == sorted(row["device_id"] for row in seen.devices)
    assert sum(path.count("M") for box in roles for marks in box.marks for path in marks.paths.values()) == devices
    for box in roles:
        for marks in box.marks:
            lines = -(-len(marks.device_ids) // marks.columns)
            assert marks.x + marks.columns * marks.cell <= box.width
            assert marks.y + lines * marks.cell <= box.height
    assert len([box for box in picture.boxes if box.kind != "role"]) == min(outside, MAX_OUTSIDE)
    check_layout(picture)
    assert picture == draw(seen)
    assert picture.height < (1200 if devices <= 2_000 else 3000)  # a screen, or a few


def check_layout(picture: Picture) -> None:
    for at, box in enumerate(picture.boxes):
        assert box.x >= 0 and box.y >= 0 and box.x + box.width <= WIDTH and box.y + box.height <= picture.height
        assert (box.x > picture.border) == (box.kind != "role")
        for other in picture.boxes[at + 1 :]:
            apart = (box.x + box.width <= other.x or other.x + other.width <= box.x
                     or box.y + box.height <= other.y or other.y + other.height <= box.y)  # fmt: skip
            assert apart, (box.key, other.key)
    for line in picture.links:
        assert re.fullmatch(r"M[-\d. ]+(C[-\d. ]+(H[\d.]+C[-\d. ]+)?)", line.path)
        heights = [float(y) for y in re.findall(r"[-\d.]+ ([-\d.]+)", line.path)]
        assert all(0 <= y <= picture.height for y in heights)


def test_lines_pass_between_the_boxes_of_the_middle() -> None:
    picture = draw(site(200, 3))
    middle = [box for box in picture.boxes if box.kind == "role" and 500 < box.x < 600]
    passing = [float(m[1]) for line in picture.links if (m := re.search(r" ([\d.]+)H", line.path))]
    assert passing and middle
    for y in passing:
        assert not any(box.y < y < box.y + box.height for box in middle)


def test_few_devices_have_names() -> None:
    links = [link("d0", "d1", in_clear=True), link("d1", "@8.8.8.8", in_clear=True)]
    links.append(link("d3", "d1", established=False))
    seen = Traffic("x", [device(0), device(1), device(3, name=None)], [outsider("8.8.8.8", in_clear=True)], links)
    picture = draw(seen)
    assert picture.detailed
    lines = {line.device_id: line.name for box in picture.boxes for line in box.lines}
    assert lines == {"d0": "CT H0", "d1": "H1", "d3": "10.0.0.1"}
    assert [one.kind for one in picture.links] == ["clear", "alarm"]  # what was not answered inside is not drawn
    assert "patient data in clear" in picture.links[1].summary
    assert [(row["from"], row["to"]) for row in picture.rows] == [
        ("CT H0 (10.0.0.1)", "H1 (only in others' messages)"), ("H1 (only in others' messages)", "8.8.8.8"),
        ("10.0.0.1", "H1 (only in others' messages)"),
    ]  # fmt: skip
    alarming = [box.title for box in picture.boxes if box.alarming]
    assert alarming == ["8.8.8.8"]


def test_an_organisation_that_is_called_like_a_role() -> None:
    seen = Traffic("x", [device(1)], [outsider("archive")], [link("d1", "@archive")])
    (line,) = draw(seen).links
    assert line.kind == "public"


def test_the_clinic(opened: Opened) -> None:
    con = opened("clinic")
    (seen,) = traffic(con)
    picture = draw(seen)
    check_layout(picture)
    assert len(seen.devices) == 12
    outside = {box.title: box.details for box in picture.boxes if box.kind == "outside"}
    assert outside["81.2.69.160"] == ["1 device, dicom", "patient data in clear"]
    assert outside["151.101.1.69"][0] == "portal.clinic.example"
    kinds = [line.kind for line in picture.links]
    assert kinds.count("alarm") == 1 and kinds.count("public") == 1
