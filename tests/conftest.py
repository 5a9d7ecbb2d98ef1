"""What the tests share: captures, tools, and the rule that a skip is seen (or, with MEDSPAN_NO_SKIPS, fails)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLINIC = ROOT / "pcaps" / "clinic.pcap"
MEDSPAN = Path(sys.executable).with_name("medspan")

Medspan = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Where everything must run, a skipped test is a failed one."""
    report = yield
    if report.skipped and os.environ.get("MEDSPAN_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where no test may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def wild() -> Path:
    """The folder of real captures, which are not part of the project."""
    folder = Path(os.environ.get("MEDSPAN_WILD", ROOT.parent / "shared" / "captures" / "wild"))
    if not folder.is_dir():
        pytest.skip(f"no captures at {folder}; set MEDSPAN_WILD")
    return folder


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Return the path of a program, or skip the test that needs it."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find


@pytest.fixture
def medspan(tmp_path: Path) -> Medspan:
    """Run the command line as a process, on an inventory of its own."""

    def run(*arguments: str | Path, code: int | None = 0, **options: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "MEDSPAN_INVENTORY": str(tmp_path / "inventory.duckdb"), "NO_COLOR": "1"}
        environment.pop("MEDSPAN_CONFIG", None)
        done = subprocess.run(
            [str(MEDSPAN), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env=environment,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        if code is not None:
            assert done.returncode == code, done.stdout + done.stderr
        return done

    return run
