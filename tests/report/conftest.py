"""Inventories, the pages about them, and a browser to look at them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from duckdb import DuckDBPyConnection
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from inventory import keeping
from inventory.config import Config
from inventory.derive import open_inventory
from inventory.report.page import TABLES, make_page
from inventory.store import Store
from sensor import __version__
from tests.conftest import CLINIC
from tests.reading import read_apart
from tests.report.inventories import write_hostile, write_many

Opened = Callable[[str], DuckDBPyConnection]
MakePage = Callable[[str], Path]
Go = Callable[..., "Visit"]

BROWSER = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where inventories and pages are: `NAME.duckdb` and `NAME.html`."""
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="session")
def opened(folder: Path) -> Iterator[Opened]:
    """Open one of the inventories, once: clinic (the bundled capture), hostile (names), many (210 devices), empty."""

    def write(name: str) -> Path:
        path = folder / f"{name}.duckdb"
        if path.exists():
            return path
        if name == "clinic":
            read_apart({"clinic": CLINIC}, path)
        elif name == "hostile":
            write_hostile(path)
            with pytest.MonkeyPatch.context() as patched:  # it is derived once, and no more by those who take a copy
                patched.setattr(keeping, "FEWEST", 1)
                keeping.keep(path, Config())
        elif name == "many":
            write_many(path, 210)
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


@pytest.fixture(scope="package")
def browser(tool: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), args=BROWSER, chromium_sandbox=False)
        yield browser
        browser.close()


class Visit:
    """A page that is looked at, all that it asks for, and all that it complains of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._allowed = ""
        self._protocol = page.context.new_cdp_session(page)
        page.on("request", self._requested)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.route("**/*", self._routed)  # nothing ever leaves this machine

    def open(self, address: str, scheme: Literal["light", "dark"] = "light", script: bool = True) -> None:
        """Begin anew with the page at `address`, from where alone anything may be fetched."""
        self.page.goto("about:blank")
        self.page.emulate_media(media="screen", color_scheme=scheme)
        self.page.set_viewport_size({"width": 1280, "height": 844})
        self._protocol.send("Emulation.setScriptExecutionDisabled", {"value": not script})
        self._allowed = address
        self.requests.clear()
        self.complaints.clear()
        self.page.goto(address)

    def _requested(self, request: Request) -> None:
        if not request.url.startswith(("data:", "about:")):
            self.requests.append(request.url)

    def _routed(self, route: Route) -> None:
        if route.request.url.startswith((self._allowed, "data:")):
            route.continue_()
        else:
            route.abort()

    def names(self) -> list[str]:
        """The devices that are listed."""
        return self.page.locator("#device-table tbody th").all_inner_texts()


@pytest.fixture(scope="package")
def window(browser: Browser) -> Visit:
    """Where the pages are looked at, one after the other: a new one costs more than most tests."""
    return Visit(browser.new_page())


@pytest.fixture
def visit(window: Visit, pages: MakePage) -> Iterator[Go]:
    """Open the page about an inventory. At the end nothing may have been fetched, or complained of."""
    visits = []

    def go(name: str, **how: Any) -> Visit:
        visits.append(pages(name).as_uri())
        window.open(visits[-1], **how)
        return window

    yield go
    assert window.requests == visits[-1:]
    assert window.complaints == []
