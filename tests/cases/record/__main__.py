"""Record cases anew: `python -m tests.cases.record [NAME...]`. Needs root, DCMTK, Orthanc, nginx, curl and tcpdump.

Each is written to `tests/cases/NAME/capture.pcap.gz`, beside what is expected of it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cases.record import forwarding, imaging, messages
from tests.cases.record.lab import Lab
from tests.conftest import ROOT

CASES = {case.__name__: case for room in (forwarding, imaging, messages) for case in room.CASES}
NEEDED = ("dcmtk:storescu", "orthanc:Orthanc", "nginx-light:nginx", "curl", "tcpdump", "iproute2:ip", "ethtool")


def main(names: list[str]) -> None:
    subprocess.run([ROOT / "tests" / "tools" / "need", *NEEDED], check=True)
    for name in names or CASES:
        folder = ROOT / "tests" / "cases" / name
        folder.mkdir(exist_ok=True)
        capture = folder / "capture.pcap.gz"
        with tempfile.TemporaryDirectory() as scratch, Lab(Path(scratch)) as lab:
            Path(scratch).chmod(0o755)
            CASES[name](lab, capture)
        print(f"{name}: {capture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
