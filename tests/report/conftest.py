"""Inventories, the pages about them, and a browser to look at them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Literal

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


@pytest.fixture(scope="package")
def window(browser: Browser) -> Visit:
    """Where the pages are looked at, one after the other."""
    return Visit(browser.new_page(), "file:")


@pytest.fixture
def visit(browser: Browser, window: Visit, pages: MakePage) -> Iterator[Go]:
    """Open the page about an inventory. At the end nothing may have been fetched, or complained of."""
    visits = []

    def go(name: str, scheme: Literal["light", "dark"] = "light", width: int = 1280, script: bool = True) -> Visit:
        seen = window if script else Visit(browser.new_page(java_script_enabled=False), "file:")
        seen.page.goto("about:blank")
        seen.page.emulate_media(media="screen", color_scheme=scheme)
        seen.page.set_viewport_size({"width": width, "height": 844})
        seen.requests.clear()
        seen.complaints.clear()
        address = pages(name).as_uri()
        seen.page.goto(address)
        visits.append((seen, address))
        return seen

    yield go
    for seen, address in visits:
        assert seen.requests == [address]
        assert seen.complaints == []
        if seen is not window:
            seen.page.close()
