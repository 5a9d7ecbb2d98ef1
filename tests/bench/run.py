"""`make bench`: whole processes on one core, medians of 5, beside ndpiReader and tshark on the same captures.

Each line is a measurement, its limit and their ratio: above 1.00 the limit is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.captures import bulk, scaled
from tests.bench.live import listen_at_top_speed
from tests.bench.queries import measure_queries
from tests.bench.report import report_speed
from tests.conftest import CLINIC, MEDSPAN
from tests.hospital.inheritance import judge

MAX_RSS = 300  # MB
SCENES = 400  # random networks whose truth is known
FIELDS = (
    "frame.number", "frame.time_epoch", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "eth.src",
    "dicom.assoc.ae.calling", "dicom.assoc.ae.called", "dicom.assoc.reject.reason", "dicom.pctx.abss.syntax",
    "dicom.pctx.xfer.syntax", "dicom.userinfo.uid", "dicom.userinfo.version", "dicom.tag", "dicom.tag.value.str",
    "hl7.message.type", "hl7.field", "http.host", "http.server", "http.user_agent", "http.request.uri",
    "http.authorization", "http.content_type", "tls.handshake.extensions_server_name", "tls.handshake.ciphersuite",
    "arp.src.hw_mac", "arp.src.proto_ipv4",
)  # fmt: skip

FACTS_ONLY = (
    MEDSPAN.with_name("python"),
    "-c",
    "import inventory.keeping, sensor.cli.main; inventory.keeping.FEWEST = 10**12; sensor.cli.main.main()",
)


class Run(NamedTuple):
    seconds: float
    megabytes: float  # largest resident set


def run(command: Sequence[str | Path]) -> Run:
    """Run `command` on one core."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {0}),
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command[0]} failed"
    return Run(time.perf_counter() - begin, usage.ru_maxrss / 1000)


def median(command: Sequence[str | Path], times: int = 5, fresh: Path | None = None) -> Run:
    """Median time, largest memory of `times` runs after one that warms the caches; `fresh` is removed before each."""
    runs = []
    for _ in range(times + 1):
        if fresh is not None:
            fresh.unlink(missing_ok=True)
        runs.append(run(command))
    return Run(statistics.median(r.seconds for r in runs[1:]), max(r.megabytes for r in runs))


def tshark(capture: Path, display_filter: str, *fields: str) -> list[str]:
    """The command that prints `fields` of `capture`."""
    selected = [argument for field in fields for argument in ("-e", field)]
    return ["tshark", "-r", str(capture), "-d", "tcp.port==2575,hl7", "-Y", display_filter, "-T", "fields", *selected]


class Report:
    """Prints lines of measurement, limit and ratio."""

    def __init__(self) -> None:
        self.missed = 0

    def line(self, what: str, value: float, limit: float, unit: str, why: str) -> None:
        ratio = value / limit
        self.missed += ratio > 1
        print(f"{what:44} {value:8.2f} {unit:3} limit {limit:8.2f} {unit:3} ratio {ratio:5.2f}  ({why})", flush=True)


def judge_scenes(seeds: range) -> int:
    """Print how many names hosts of random networks got that are another's; return those that were trusted."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = judge(seeds, Path(folder))
    trusted = [wrong for wrong in outcome.wrong if wrong.confidence != "low"]
    for wrong in trusted:
        print("  wrong:", *wrong)
    print(f"inheritance, {len(seeds)} random networks: {len(trusted)} wrong at high or medium (limit 0), ", end="")
    print(f"{len(outcome.wrong) - len(trusted)} at low")
    for field, wanted in outcome.wanted.items():
        found, sure = outcome.found[field], outcome.sure[field]
        print(
            f"  {field:40} found {found:5} of {wanted:5} ({found / wanted:.0%}), {sure / wanted:.0%} at high or medium"
        )
    return len(trusted)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "medspan-bench")
    parser.add_argument("--bulk", type=Path, help="an image transfer recorded before")
    folder: Path = (options := parser.parse_args()).folder
    folder.mkdir(exist_ok=True)
    inventory = folder / "bench.duckdb"
    report = Report()

    def read(capture: Path, times: int = 5) -> Run:
        """Facts only: what is derived of them and kept for later is measured with the queries."""
        return median([*FACTS_ONLY, "read", capture, "--inventory", inventory], times, fresh=inventory)

    transfer = options.bulk or bulk(folder)
    ours = read(transfer)
    ndpi = run(["ndpiReader", "-q", "-i", transfer]) and median(["ndpiReader", "-q", "-i", transfer])
    dissected = run(tshark(transfer, "dicom", "dicom.pdu.type", "dicom.assoc.ae.calling"))
    report.line("read 300 CT slices", ours.seconds, ndpi.seconds + 0.6, "s", f"ndpiReader {ndpi.seconds:.2f} s + 0.6 s")
    report.line(
        "read 300 CT slices", ours.seconds, dissected.seconds / 15, "s", f"tshark {dissected.seconds:.1f} s / 15"
    )
    report.line("  resident", ours.megabytes, MAX_RSS, "MB", "bounded memory")

    sites = {copies: read(scaled(CLINIC, folder, copies), 5 if copies < 800 else 3) for copies in (50, 200, 800)}
    fields = median(tshark(scaled(CLINIC, folder, 200), "dicom || hl7 || http || tls || arp", *FIELDS), times=3)
    report.line("read clinic x 200", sites[200].seconds, fields.seconds / 3, "s", f"tshark {fields.seconds:.1f} s / 3")
    start = read(CLINIC).seconds
    for copies, measured in sites.items():
        report.line(f"  clinic x {copies}, resident", measured.megabytes, MAX_RSS, "MB", "bounded memory")
    per_copy = {copies: (measured.seconds - start) / (copies - 1) for copies, measured in sites.items()}
    for copies in (200, 800):
        report.line(
            f"  clinic x {copies}, a copy", per_copy[copies] * 1000, per_copy[50] * 1150, "ms", "x 50 + 15 %: linear"
        )

    inventory.unlink(missing_ok=True)
    begin = time.perf_counter()
    run([MEDSPAN, "read", CLINIC, "--inventory", inventory])
    run([MEDSPAN, "devices", "--inventory", inventory])
    report.line("1 MB capture, from start to table", time.perf_counter() - begin, 1.0, "s", "read, then devices")
    report.line("medspan --help", median([MEDSPAN, "--help"]).seconds, 0.25, "s", "start-up")

    report_speed(report, folder)
    measure_queries(folder, lambda command: median(command, times=3).seconds, report.line)

    judged = judge_scenes(range(SCENES))
    heard = listen_at_top_speed(transfer, folder)
    same = "same inventory as from the file" if heard.same else "NOT the inventory from the file"
    print(f"live at {heard.rate}: {heard.packets:,} packets, {heard.dropped:,} dropped (limit 0), {same}")
    return 1 if report.missed or judged or heard.dropped or not heard.same else 0


if __name__ == "__main__":
    sys.exit(main())
