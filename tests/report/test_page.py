"""The page as a file: what is in it, that it stands by itself, and that it is the same each time."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from ipaddress import ip_address

import pytest
from duckdb import DuckDBPyConnection

from inventory.export import Result, query
from inventory.report import gathering
from inventory.report.page import content_policy, frames, make_page
from inventory.report.summary import losses
from inventory.report.words import moment, plural, role_name, size
from sensor import __version__
from sensor.cli.options import Role
from tests.report.conftest import MakePage, Opened
from tests.report.inventories import HOSTILE


class Reader(HTMLParser):
    """The elements of a page, and the text in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._raw = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._raw = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if self._raw == "script":
            self.scripts.append(data)
        elif not self._raw:
            self.text += data


def test_same_bytes_each_time(opened: Opened, pages: MakePage) -> None:
    con = opened("hostile")
    assert make_page(con, __version__) == pages("hostile").read_bytes()


@pytest.mark.parametrize("name", ["hostile", "clinic", "empty"])
def test_nothing_is_fetched_or_run(pages: MakePage, name: str) -> None:
    text = pages(name).read_text("utf-8")
    page = Reader(text)
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "base", "img", "video", "audio", "source", "form action"}
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "src", "srcset", "action")]
        if tag == "link":
            assert attributes["href"] == "data:,"
        if tag == "use":
            assert (attributes["href"] or "").startswith("#")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    assert not re.search(r"url\(|@import", style[1])
    assert [attributes.get("type") for tag, attributes in page.elements if tag == "script"] == [
        "application/json",
        None,
    ]


def test_policy_forbids_all_else(pages: MakePage) -> None:
    policy = next(
        attributes["content"] for tag, attributes in Reader(pages("clinic").read_text("utf-8")).elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )  # fmt: skip
    assert policy == content_policy(served=False)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy and "connect-src" not in policy
    assert "connect-src 'self'" in content_policy(served=True)


def test_hostile_names_are_text(pages: MakePage) -> None:
    page = Reader(pages("hostile").read_text("utf-8"))
    data = json.loads(page.scripts[0])
    assert {tag for tag, _ in page.elements} >= {"bdi"}
    assert {tag for tag, _ in page.elements}.isdisjoint({"img", "b north"})
    for text in HOSTILE:
        assert text in data["words"]
    assert HOSTILE[0] in page.text
    assert "49" not in data["words"]


def test_every_device_finding_and_exposure_is_there(opened: Opened, pages: MakePage) -> None:
    page = Reader(pages("clinic").read_text("utf-8"))
    ids = {attributes.get("id") for _, attributes in page.elements}
    con = opened("clinic")
    devices = [id_ for (id_,) in con.execute("SELECT device_id FROM device").fetchall()]
    findings = [id_ for (id_,) in con.execute("SELECT finding_id FROM finding").fetchall()]
    exposures = con.execute("SELECT count(*) FROM exposure").fetchone()
    assert len(devices) == 12 and findings
    assert ids.issuperset([*devices, *findings])
    assert (sum(attributes.get("data-part") == "exposure" for _, attributes in page.elements),) == exposures
    data = json.loads(page.scripts[0])
    assert sorted(device["id"] for device in data["devices"]) == sorted(devices)


def test_empty_inventory_has_a_page(pages: MakePage) -> None:
    text = Reader(pages("empty").read_text("utf-8")).text
    assert "No packet has been seen yet" in text
    assert "No rule found anything" in text


def test_one_site_only(opened: Opened) -> None:
    con = opened("hostile")
    there, elsewhere = (json.loads(Reader(make_page(con, __version__, site).decode()).scripts[0])["devices"]
                        for site in ("<b>north</b>", "south"))  # fmt: skip
    assert len(there) == 3 and elsewhere == []  # the router, too


def test_what_is_left_out_is_said(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_DEVICES", "MAX_FINDINGS", "MAX_EXPOSURES"):
        monkeypatch.setattr(gathering, name, 1)
    fetched: dict[str, int] = {}

    def counted(con: DuckDBPyConnection, statement: str, parameters: object = None) -> Result:
        result = query(con, statement, parameters)
        fetched[statement] = len(result.rows)
        return result

    monkeypatch.setattr(gathering, "query", counted)
    con = opened("clinic")
    page = Reader(make_page(con, __version__).decode())
    worst = con.execute(
        "SELECT device_id FROM finding WHERE status = 'open' AND severity IN ('critical', 'high')"
    ).fetchall()
    text = " ".join(page.text.split())
    assert "1 of 12 devices are listed here" in text
    assert "The 1 most severe of" in text
    assert "The first 1 of 2 lines are shown" in text
    assert "Every conversation across the border: 1 of 2" in text
    assert "Patient data in clear, to or from outside1 1 conversation" in text
    assert {fetched[statement] for statement in (gathering._PUBLIC, gathering._EXPOSURE, gathering._FINDINGS)} == {1}
    (device,) = json.loads(page.scripts[0])["devices"]
    assert (device["id"],) in worst  # what matters most is what is left


def test_addresses_are_in_their_order(opened: Opened) -> None:
    held = [ip_address(row["ip_addresses"][0]) for row in gathering.gather(opened("many")).devices]
    assert len(held) == 211 and held == sorted(held, key=int)


def test_losses_are_told_in_sentences(opened: Opened) -> None:
    con = opened("hostile")
    (capture,) = gathering.gather(con).captures
    assert losses([capture]) == [
        "2 gaps in the conversations that were being read (2.9 kB missing).",
        "1 stream was malformed and read in part.",
    ]
    broken = {**capture, "gaps": 0, "parser_errors": 0, "file_error": "cut short", "complete": False, "capture": "a"}
    assert losses([broken]) == [
        "a could not be read to its end: cut short.",
        "a is still being captured, or was interrupted.",
    ]
    assert losses([broken] * 10)[8] == "Nor could 2 other captures, as the list of captures tells."


def test_frames_as_a_display_filter() -> None:
    seen = [{"capture": "a", "frame": 9}, {"capture": "b", "frame": 3}, {"capture": "a", "frame": 7}]
    assert frames([*seen, seen[0]]) == [("a", "frame.number in {7, 9}"), ("b", "frame.number == 3")]


def test_words() -> None:
    assert [size(count) for count in (0, 999, 1000, 99_949, 181_631, 999_500)] == [
        "0 bytes", "999 bytes", "1.0 kB", "99.9 kB", "182 kB", "1.0 MB",
    ]  # fmt: skip
    assert plural(1, "device") == "1 device" and plural(2000, "device") == "2,000 devices"
    assert moment("2026-11-22T01:05:48.137404Z") == "2026-11-22 01:05:48" and moment(None) == ""
    assert all(role_name(role.value, 2) != role_name(role.value) for role in Role)
    assert role_name("new_role", 3) == "new role"
