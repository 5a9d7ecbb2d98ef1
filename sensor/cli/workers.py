"""Many captures read by several processes: each takes a run of consecutive captures, the parent alone writes."""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Iterator, Sequence
from typing import Any

from inventory.networks import Networks
from parsers.text import pseudonymiser
from sensor.cli.reading import Failure, Flush, Planned, Reader
from sensor.cli.stopping import StopSignal

Origin = tuple[str, str, str, Networks]  # site, sensor, medspan version, the site's view of addresses

AHEAD = 8  # flushes a slow parent lets its workers be ahead


def read_with_processes(
    captures: Sequence[Planned], jobs: int, origin: Origin, key: bytes, stop: StopSignal
) -> Iterator[Flush | Failure]:
    """Read `captures` with up to `jobs` processes. Yields what is to be written."""
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue(AHEAD)
    halt = context.Event()
    share = -(-len(captures) // jobs)
    workers = [
        context.Process(target=_work, args=(captures[at : at + share], origin, key, results, halt), daemon=True)
        for at in range(0, len(captures), share)
    ]
    for worker in workers:
        worker.start()
    working = len(workers)
    while working:
        if stop.asked:
            halt.set()
        try:
            item = results.get(timeout=0.2)
        except queue.Empty:
            if all(worker.exitcode is not None for worker in workers) and results.empty():
                break
            continue
        if item is None:
            working -= 1
        else:
            yield item
    for worker in workers:
        worker.join()
        if worker.exitcode:
            yield Failure(f"a reading process ended early (exit code {worker.exitcode}): read those captures again")


def _work(captures: Sequence[Planned], origin: Origin, key: bytes, results: Any, halt: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent tells when to stop
    stop = StopSignal()

    def check(source: object, packets: int) -> None:
        stop.asked = halt.is_set()

    for item in Reader(*origin, pseudonymiser(key), stop, check).read(captures):
        results.put(item)
    results.put(None)
