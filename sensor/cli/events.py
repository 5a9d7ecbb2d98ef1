"""`medspan listen --events FILE --syslog SOCKET`: a process beside the sensor that tells what changes.

It is a process of its own, as finding out what changed takes longer than the ring holds packets. It looks at the
inventory after each flush, as often as leaves four fifths of a core free, and ends after the sensor, when the pipe from
it is closed; then it has told everything.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sensor.cli.output import note

if TYPE_CHECKING:
    from inventory.changes.events import Delivery
    from inventory.changes.watching import Watch

READY_WITHIN = 10.0  # seconds until the process has taken up what was told before
END_WITHIN = 60.0  # seconds it may take to tell the last changes; what is left is told the next time
RESTART_PAUSE = 1.0  # seconds before it is started once more: doubled each time
STEADY = 60.0  # seconds it has run when it counts as running, and the longest pause
SHORTEST_PAUSE = 1.0  # seconds between two looks
PAUSE = 4  # times as long as a look took
TICK = 0.25  # seconds between looking whether there is something to look at


class Teller:
    """The process, as the sensor sees it."""

    def __init__(self, inventory: Path, events: Path | None, socket: str | None) -> None:
        """Start it, and wait until what is in the inventory now counts as told. Raises InventoryError."""
        _check(inventory, events)
        if socket:
            _check_socket(socket)
        targets = [str(events.absolute()) if events is not None else "", socket or ""]
        self._command = [sys.executable, "-P", "-m", "sensor.cli.events", str(inventory.absolute()), *targets]
        self._pause = self._due = 0.0  # seconds; when it may be started again
        self._process = self._start()
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], READY_WITHIN)
        if not ready or not os.read(self._process.stdout.fileno(), 1):
            note("medspan: the process that tells events is not ready: what is found meanwhile may count as told")

    def keep_running(self) -> None:
        """Start it again if it has ended: what it has told is remembered. What ends again is given time."""
        now = time.monotonic()
        if (code := self._process.poll()) is None:
            if now - self._started >= STEADY:
                self._pause = 0.0
        elif now >= self._due:
            note(f"medspan: the process that tells events has ended ({code}): it is started again")
            self._pause = min(2 * self._pause or RESTART_PAUSE, STEADY)
            self._due = now + self._pause
            self._process = self._start()

    def end(self) -> None:
        """Let it tell the last changes."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code:
            note(f"medspan: the last events are not told ({code}): they will be the next time")

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        # In a session of its own: Ctrl-C is for the sensor, which then ends it.
        return subprocess.Popen(  # noqa: S603 - ourselves
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )


def _check(inventory: Path, events: Path | None) -> None:
    from inventory.changes.watching import memory_of
    from inventory.errors import InventoryError

    if events is None:
        return
    if events.absolute() in (inventory.absolute(), memory_of(inventory).absolute()):
        raise InventoryError(f"{events} is the inventory's own: events need another file")
    if not events.parent.is_dir():
        raise InventoryError(f"no folder {events.parent} for the events")
    if events.is_dir():
        raise InventoryError(f"{events} is a folder: events need a file")
    try:
        with events.open("ab+") as file:
            if file.seekable() and file.seek(0) == 0 and file.read(1) not in (b"", b"{"):
                raise InventoryError(f"{events} is there already, and holds no events")
    except OSError as error:
        raise InventoryError(f"{events} cannot be written: {(error.strerror or 'error').lower()}") from None


def _check_socket(name: str) -> None:
    """Say at once where nobody listens; raise InventoryError where it is no socket at all."""
    from inventory.changes.syslog import SyslogSocket
    from inventory.errors import InventoryError

    to = SyslogSocket(name)
    if to.path.exists() and not to.path.is_socket():
        raise InventoryError(f"{name} is no socket")
    try:
        to.send([])
    except OSError as error:
        note(f"medspan: {name}: {(error.strerror or 'error').lower()}: events are kept until somebody takes them")


def main(inventory: str, events: str, socket: str) -> None:
    """Tell the events of `inventory` to the file `events` and to `socket`, each perhaps "", until stdin is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # of the sensor's ending we hear by stdin
    from inventory.changes.snapshot import DERIVED
    from inventory.changes.watching import Watch
    from inventory.errors import InventoryError
    from sensor.cli.opening import open_configured

    os.nice(10)  # the packets go first
    deliveries = _deliveries(events, socket)
    watch = Watch(Path(inventory), lambda copy: open_configured(copy, wanted=DERIVED), deliveries, _tell)
    remember = None
    try:
        remember = watch.begin()
    except InventoryError as error:
        _tell(str(error))
    os.write(1, b"ready\n")
    failed = ""
    if remember is not None:
        failed = _attempt(remember, failed)
    _follow(watch, failed)


def _follow(watch: Watch, failed: str) -> None:
    pause, looked = SHORTEST_PAUSE, time.monotonic()
    while not select.select([0], [], [], TICK)[0]:
        if time.monotonic() - looked < pause:
            continue
        began = time.monotonic()
        failed = _attempt(watch.look if watch.changed() else watch.retry, failed)
        looked = time.monotonic()
        pause = max(SHORTEST_PAUSE, PAUSE * (looked - began))
    _attempt(lambda: watch.look(final=True), failed)


def _attempt(step: Callable[[], None], failed: str) -> str:
    """Take `step`; what goes wrong is told once. Returns what went wrong, or ""."""
    from inventory.errors import InventoryError

    try:
        step()
    except InventoryError as error:
        if str(error) != failed:
            _tell(str(error))
        return str(error)
    return ""


def _deliveries(events: str, socket: str) -> list[Delivery]:
    from inventory.changes.events import Delivery, EventFile, Sink
    from inventory.changes.syslog import SyslogSocket

    sinks: list[Sink] = []
    if events:
        sinks.append(EventFile(Path(events)))
    if socket:
        sinks.append(SyslogSocket(socket))
    return [Delivery(sink, _tell) for sink in sinks]


def _tell(text: str) -> None:
    note(f"medspan: events: {text}")


if __name__ == "__main__":
    main(*sys.argv[1:])
