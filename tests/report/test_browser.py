"""The page in a real browser: it shows what the inventory holds, is searched, filtered, sorted and printed, and no name
from the wire ever runs."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page

from inventory.export import query
from tests.report.conftest import Go, Opened
from tests.report.inventories import HOSTILE


def card_fields(page: Page) -> dict[str, str]:
    """The open card's fields, as they are read."""
    names = page.locator("#card .fields dt").all_inner_texts()
    values = page.locator("#card .fields dd").all_inner_texts()
    return dict(zip(names, (" ".join(value.split()) for value in values), strict=True))


def test_tables_are_the_inventory(visit: Go, opened: Opened) -> None:
    page = visit("clinic").page
    con = opened("clinic")
    devices = {row["device_id"]: row for row in query(con, "SELECT * FROM device").rows}
    findings = query(con, "SELECT * FROM finding").rows
    public = query(con, "SELECT * FROM conversation WHERE client_public OR server_public").rows
    shown = page.locator("#device-table tbody tr").evaluate_all(
        "rows => rows.map(row => [row.id, row.innerText, row.querySelector('td.n').innerText])"
    )
    assert sorted(id_ for id_, _, _ in shown) == sorted(devices)
    for id_, text, peers in shown:
        device = devices[id_]
        assert all(value in text for value in (device["operating_system"], *device["ae_titles"][:3]) if value)
        assert (device["manufacturer"] or "") in text
        assert peers == str(len(device["public_peers"]) or "")
    rows = page.locator("#findings tbody tr").evaluate_all(
        """rows => rows.map(row => [row.id, row.textContent, row.closest('details').textContent,
            row.closest('details').querySelector('summary .severity').textContent])"""
    )
    assert sorted(id_ for id_, _, _, _ in rows) == sorted(finding["finding_id"] for finding in findings)
    found = {finding["finding_id"]: finding for finding in findings}
    for id_, text, advice, severity in rows:
        finding = found[id_]
        assert severity == finding["severity"]
        assert finding["remedy"] in advice and finding["rule"] in advice
        assert finding["status"] in text and (finding["peer"] or "") in text
        assert all(str(seen["frame"]) in text for seen in finding["evidence"])
    assert page.locator("#exposure details tbody tr").count() == len(public)
    data: dict[str, Any] = json.loads(str(page.locator("#data").text_content()))  # what the script reads
    for card in data["devices"]:
        device = devices[card["id"]]
        assert card["role"] == device["role"] and card.get("open", 0) == device["open_findings"]
        assert len(card.get("services", [])) == len(device["services"])
        for at, level, *values in card["fields"]:
            name = data["fields"][at]
            expected = device[name] if isinstance(device[name], list) else [device[name]]
            assert [data["words"][value] for value in values] == expected
            assert data["confidence"][level] == (device["confidence"] or {}).get(name)


def test_a_card_has_all_that_is_known(visit: Go, opened: Opened) -> None:
    page = visit("clinic").page
    page.get_by_role("link", name="AQONE").first.click()
    fields = card_fields(page)
    con = opened("clinic")
    (device,) = query(con, "SELECT * FROM device WHERE list_contains(ae_titles, 'AQONE')").rows
    sure = device["confidence"]
    assert fields["Maker"] == f"{device['manufacturer']} ({sure['manufacturer']} confidence)"
    assert fields["Serial number"] == f"{device['device_serial_number']} ({sure['device_serial_number']} confidence)"
    assert fields["IP addresses"].startswith(", ".join(device["ip_addresses"]))
    assert page.locator("#card use[href='#sure-low']").count() > 0
    page.locator("#card summary").click()
    assert "frame.number == " in page.locator("#card details").inner_text()
    page.locator("#card a", has_text="VNA1").first.click()  # from one to the other
    assert page.locator("#card h2").inner_text() == "VNA1"
    assert page.locator("#card tr", has_text="outside").locator(".alarm").inner_text() == "patient data in clear"
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()


def test_search_filters_and_sorting(visit: Go, opened: Opened) -> None:
    seen = visit("clinic")
    page = seen.page
    everything = seen.names()
    page.keyboard.press("/")
    page.keyboard.type("canon aquilion")
    assert seen.names() == ["AQONE"]
    page.keyboard.press("Enter")
    assert page.locator("#device-table").is_visible() and page.evaluate("scrollY") > 0
    assert page.get_by_role("status").inner_text().startswith("1 of 12 devices")
    page.fill("#search", "81.2.69.160")
    assert seen.names() == ["VNA1"]
    assert page.locator("#exposure tr[data-part]:visible").count() == 1
    page.click("#clear")
    assert seen.names() == everything
    page.select_option("#by-role", "modality")
    assert seen.names() == ["AQONE", "SKYRA", "VIVID1"]
    page.select_option("#by-maker", "GE HealthCare")
    assert seen.names() == ["VIVID1"]
    page.fill("#search", "nothing like it")
    assert seen.names() == []
    assert page.get_by_role("status").inner_text() == "0 of 12 devices, 0 findings, 0 exposures"
    page.click("#clear")
    page.check("#by-public")
    assert seen.names() == ["VNA1", "192.168.50.72"]
    page.click("#clear")
    page.select_option("#by-severity", "critical")
    listed = page.locator("#device-table tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    critical = "SELECT DISTINCT device_id FROM finding WHERE severity = 'critical' AND status = 'open'"
    assert sorted(listed) == sorted(id_ for (id_,) in opened("clinic").execute(critical).fetchall())
    page.click("#clear")
    page.get_by_role("button", name="Archives").click()  # in the summary
    assert seen.names() == ["VNA1"]
    page.click("#clear")
    page.locator(".box[data-role='workstation'] .name").click()  # in the picture
    assert seen.names() == ["RAD1"]
    page.click("#clear")
    heading = page.locator("th.c-name")
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert seen.names()[:2] == ["192.168.50.42", "192.168.50.43"]
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert seen.names()[:2] == ["VNA1", "VIVID1"]
    page.locator("th.c-open button").click()
    assert heading.get_attribute("aria-sort") is None
    assert seen.names()[0] == "VNA1"  # the one with a critical finding


@pytest.mark.parametrize("script", [True, False])
def test_hostile_names_are_shown_not_run(visit: Go, script: bool) -> None:
    seen = visit("hostile", script=script)
    page = seen.page
    text = page.locator("body").inner_text()
    for name in (HOSTILE[0], HOSTILE[1], "<b>north</b>"):
        assert name in text
    assert page.locator("b:text-is('north'), img").count() == 0
    if not script:
        assert page.locator("#device-table tbody tr").count() == 3  # all of it can be read
        return
    page.locator("#device-table tbody a").first.click()
    turned = page.locator("#card bdi", has_text="gnp.exe").first
    assert turned.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"
    page.keyboard.press("Escape")
    for row in page.locator("#device-table tbody a").all():
        row.click()
        page.keyboard.press("Escape")
    page.fill("#search", HOSTILE[0])
    assert len(seen.names()) == 2
    assert page.evaluate("typeof pwned") == "undefined"


def test_policy_holds(visit: Go) -> None:
    seen = visit("empty")
    blocked = seen.page.evaluate(
        """async () => {
            const blocked = [];
            document.addEventListener('securitypolicyviolation', (event) => blocked.push(event.violatedDirective));
            const script = document.createElement('script');
            script.textContent = 'window.pwned = true';
            document.body.append(script);
            const image = document.createElement('img');
            image.src = 'http://127.0.0.1:9/x.png';
            document.body.append(image);
            document.body.insertAdjacentHTML('beforeend', '<p onclick="window.pwned = true" style="color: red">x</p>');
            await fetch('http://127.0.0.1:9/').catch(() => {});
            await new Promise((done) => setTimeout(done, 50));
            return [blocked.sort(), typeof pwned];
        }"""
    )
    kinds = ["connect-src", "img-src", "script-src-attr", "script-src-elem", "style-src-attr"]
    assert blocked == [kinds, "undefined"]
    del seen.complaints[:], seen.requests[1:]  # it tried, and complained, as it should


def test_large_inventories_are_paged(visit: Go) -> None:
    seen = visit("many")
    page = seen.page
    assert len(seen.names()) == 100
    page.get_by_role("button", name="Show 100 more").click()
    assert len(seen.names()) == 200
    page.get_by_role("button", name="Show all").click()
    assert len(seen.names()) == 211
    page.fill("#search", "ct209")
    assert seen.names() == ["CT209"]
    # Each mark of the picture is a device.
    page.click("#clear")
    marks = page.locator("[data-role] .marks path").last
    box = marks.bounding_box()
    assert box
    page.mouse.click(box["x"] + 4, box["y"] + 4)
    assert page.locator("#card").is_visible()


def test_print_has_everything(visit: Go) -> None:
    page = visit("clinic").page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#printed .device-card").count() == 12
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("#bar, .pager, .skip").locator("visible=true").count() == 0
    assert page.locator("#printed", has_text="frame.number == ").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#printed .device-card").count() == 0
    assert page.locator("details:not([open])").count() > 0


def test_can_be_used_by_all(visit: Go) -> None:
    page = visit("clinic").page
    # One main heading, none left out in between; landmarks; every table, control and dialog has a name.
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert [page.locator(name).count() for name in ("main", "nav", "header", "footer", "[role=search]")] == [1] * 5
    assert page.locator("table").count() == page.locator("table > caption").count()
    assert page.locator("th:not([scope])").count() == 0
    for control in page.locator("input, select").all():
        assert control.evaluate("one => one.labels.length") == 1
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    # Text stands out from its ground, 4.5 to 1 (WCAG 2.2, 1.4.3).
    assert page.evaluate(CONTRAST) == []
    button = page.get_by_role("button", name="Dark")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert page.evaluate(CONTRAST) == []
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate("one => getComputedStyle(one).outlineStyle") != "none"
    # A narrow screen does not scroll sideways.
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_dark_where_all_else_is(visit: Go) -> None:
    page = visit("hostile", scheme="dark").page
    assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => channels(colour).slice(0, 3).map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (node) => {
        for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if ((channels(colour)[3] ?? 1) > 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const faint = [];
    for (const node of document.querySelectorAll('p, th, td, dt, dd, a, button, span, code, h2, h3, summary')) {
        const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(node.outerHTML.slice(0, 80));
    }
    return faint;
}"""
