"""`medspan report` of 1,000 devices: how long it takes, how large it is, and when a browser can search it."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Final, Protocol

from playwright.sync_api import Browser, sync_playwright

from tests.bench.captures import scaled
from tests.conftest import CLINIC, MEDSPAN

COPIES: Final = 111  # of the clinic, of 9 devices each and 3 that all share
TIMES: Final = 5
MAX_SECONDS, MAX_MEGABYTES, MAX_READY = 3.0, 5.0, 1.5
BROWSER: Final = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")


class Lines(Protocol):
    """What measurements are told to (`tests.bench.run.Report`)."""

    def line(self, what: str, value: float, limit: float, unit: str, why: str) -> None: ...


def report_speed(report: Lines, folder: Path) -> None:
    """Measure the page of 1,000 devices; `folder` is where the capture is kept. Needs Chromium."""
    inventory, page = folder / "report.duckdb", folder / "report.html"
    inventory.unlink(missing_ok=True)
    _run("read", scaled(CLINIC, folder, COPIES), "--inventory", inventory)
    taken = [_run("report", page, "--force", "--inventory", inventory) for _ in range(TIMES + 1)][1:]
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER, chromium_sandbox=False)
        looked = [_look(browser, page) for _ in range(TIMES + 1)][1:]
        browser.close()
    devices = looked[0][0]
    assert devices >= 1000
    what = f"report of {devices:,} devices"
    report.line(what, statistics.median(taken), MAX_SECONDS, "s", "medspan report")
    report.line(f"{what}, size", page.stat().st_size / 1e6, MAX_MEGABYTES, "MB", "one file")
    ready = statistics.median(seconds for _, seconds in looked)
    report.line(f"{what}, searched", ready, MAX_READY, "s", "Chromium, from opening it to an answer")


def _run(*arguments: str | Path) -> float:
    """Run `medspan` on one core; return how many seconds it took."""
    begin = time.perf_counter()
    subprocess.run(
        [MEDSPAN, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {0}),
    )
    return time.perf_counter() - begin


def _look(browser: Browser, file: Path) -> tuple[int, float]:
    """Open the page and search it; return how many devices there are, and the seconds until the answer is shown."""
    page = browser.new_page()
    begin = time.perf_counter()
    page.goto(file.as_uri())
    page.fill("#search", "canon aquilion")
    status = page.get_by_role("status").filter(has_text=re.compile(r"^\d+ of [\d,]+ devices"))
    status.wait_for()
    seconds = time.perf_counter() - begin
    found, devices = (int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", status.inner_text())[:2])
    assert 0 < found < devices
    page.close()
    return devices, seconds
