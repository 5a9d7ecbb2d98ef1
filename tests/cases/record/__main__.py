"""Record cases anew: `python -m tests.cases.record [NAME...]`. Needs root, DCMTK, Orthanc, nginx, curl and tcpdump.

Each is written to `tests/cases/NAME/capture.pcap.gz`, beside what is expected of it.
"""

from __future__ import annotations

import sys

from tests.cases.record import forwarding, imaging, messages
from tests.cases.record.lab import record
from tests.conftest import ROOT

CASES = {case.__name__: case for room in (forwarding, imaging, messages) for case in room.CASES}
NEEDED = ("dcmtk:storescu", "orthanc:Orthanc", "nginx-light:nginx", "curl", "tcpdump", "iproute2:ip", "ethtool")


def main(names: list[str]) -> None:
    record(CASES, names, NEEDED, ROOT / "tests" / "cases")


if __name__ == "__main__":
    main(sys.argv[1:])
