"""Inventories to make pages of, the pages, and a browser to look at them with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from inventory.derive import open_inventory
from inventory.recorder import Recorder
from inventory.report.page import TABLES, make_page
from inventory.store import Capture, Store
from parsers.records import CaptureHealth, Endpoint, Evidence
from sensor import __version__
from tests.cli.conftest import SECOND, START, flow
from tests.conftest import CLINIC, ROOT

Opened = Callable[[str], DuckDBPyConnection]
MakePage = Callable[[str], Path]
Go = Callable[..., "Visit"]

# Each would run, break out of where it stands, or turn the text around it, if it were not taken as text.
HOSTILE = (
    "<script>pwned()</script>",
    '"><img src=x onerror=pwned()>',
    "</script><script>pwned()</script>",
    "'-pwned()-'<!--",
    "\u202egnp.exe\u202d\u2067",
    "{{ 7 * 7 }}{% raw %}",
)
BROWSER = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def write_hostile(path: Path, site: str = "<b>north</b>", capture_id: str = "cafe") -> None:
    """A CT and an archive, one of which talks outside, with names that nobody should have."""
    recorder = Recorder(site, "core-1", capture_id)
    ct = Endpoint(None, "00:11:22:33:44:01", "10.1.0.10", None, "tcp")
    archive = Endpoint(None, "00:11:22:33:44:02", "10.1.0.20", 104, "tcp")
    for at, text in enumerate(HOSTILE):
        recorder.observe(ct, "dicom", "calling_ae_title", text, Evidence.PEER, START + SECOND, 5 + at)
        recorder.observe(archive, "dicom", "accepted_ae_title", text, Evidence.PEER, START + SECOND, 20 + at)
        recorder.observe(ct, "dicom", "implementation_version_name", text, Evidence.PEER, START + SECOND, 5 + at)
    recorder.observe(ct, "dicom", "implementation_class_uid", "1.2.276.0.7230010.3.0.3.6.7", Evidence.PEER, START, 5)
    recorder.flow(flow("10.1.0.10", "10.1.0.20", 104, "dicom"))
    recorder.flow(flow("10.1.0.20", "8.8.8.8", 104, "dicom"))
    recorder.flow(flow("9.9.9.9", "10.1.0.20", 443, "tls", encrypted=True))
    health = CaptureHealth(
        packets=1234,
        bytes=56_789,
        first_packet=START,
        last_packet=START + 10 * SECOND,
        gaps=2,
        gap_bytes=2920,
        parser_errors=1,
    )
    capture = Capture(capture_id, HOSTILE[1], capture_id * 16, site, "core-1", "0.1.0", health, True)
    Store(path).write(capture, recorder.drain())


def write_many(path: Path, number: int) -> None:
    """A site of so many modalities with one archive."""
    recorder = Recorder("large", "core-1", "beef")
    archive = Endpoint(None, "00:11:22:33:44:02", "10.1.0.20", 104, "tcp")
    recorder.observe(archive, "dicom", "accepted_ae_title", "PACS", Evidence.PEER, START + SECOND, 6)
    for at in range(number):
        ip, mac = f"10.2.{at // 250}.{at % 250 + 1}", f"00:11:23:00:{at // 250:02x}:{at % 250:02x}"
        device = Endpoint(None, mac, ip, None, "tcp")
        recorder.observe(device, "arp", "link_layer_address", mac, Evidence.PEER, START, 5)
        recorder.observe(device, "dicom", "calling_ae_title", f"CT{at}", Evidence.PEER, START + SECOND, 5)
    health = CaptureHealth(packets=number, bytes=number, first_packet=START, last_packet=START + SECOND)
    Store(path).write(Capture("beef", "large.pcap", "beef" * 16, "large", "core-1", "0.1.0", health, True),
        recorder.drain())  # fmt: skip


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where inventories and pages are: `NAME.duckdb` and `NAME.html`."""
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="session")
def opened(folder: Path) -> Iterator[Opened]:
    """Open one of the inventories, once: clinic (the bundled capture), hostile (names), many (300 devices), empty."""

    def write(name: str) -> Path:
        path = folder / f"{name}.duckdb"
        if path.exists():
            return path
        if name == "clinic":
            command = [sys.executable, "-m", "sensor.cli.main", "read", str(CLINIC), "--inventory", str(path)]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
        elif name == "hostile":
            write_hostile(path)
        elif name == "many":
            write_many(path, 300)
        else:
            Store(path)
        return path

    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(open_inventory(write(name), wanted=TABLES)))


@pytest.fixture(scope="session")
def pages(folder: Path, opened: Opened) -> MakePage:
    """Make the page about one of the inventories, once."""

    def make(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_bytes(make_page(opened(name), __version__))
        return path

    return make


@pytest.fixture(scope="module")
def browser(tool: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), args=BROWSER, chromium_sandbox=False)
        yield browser
        browser.close()


class Visit:
    """A page that is looked at, all that it asked for, and all that it complained of."""

    def __init__(self, page: Page, allowed: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._requested)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.route("**/*", lambda route: self._routed(route, allowed))  # nothing ever leaves this machine

    def _requested(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.requests.append(request.url)

    def _routed(self, route: Route, allowed: str) -> None:
        if route.request.url.startswith((allowed, "data:")):
            route.continue_()
        else:
            route.abort()

    def names(self) -> list[str]:
        """The devices that are listed."""
        return self.page.locator("#device-table tbody th").all_inner_texts()


@pytest.fixture
def visit(browser: Browser, pages: MakePage) -> Iterator[Go]:
    """Open the page about an inventory. At the end nothing may have been fetched, or complained of."""
    visits = []

    def go(name: str, **options: Any) -> Visit:
        visited = Visit(browser.new_context(**options).new_page(), "file:")
        path = pages(name)
        visited.page.goto(path.as_uri())
        visits.append((visited, path.as_uri()))
        return visited

    yield go
    for visited, address in visits:
        assert visited.requests == [address]
        assert visited.complaints == []
        visited.page.context.close()
