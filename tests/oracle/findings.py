"""What the rules find in real captures, to be looked at: `python -m tests.oracle.findings FOLDER INVENTORY [RULE...]`.

Each capture of FOLDER is a site of its own in INVENTORY, so that nothing of one speaks for another; an inventory that
is there is not made anew. Tells how many findings each rule has, in how many captures, and the hits of each RULE.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from inventory.config import Config
from inventory.derive import open_inventory
from inventory.recorder import Recorder
from inventory.store import Capture, Store
from parsers.text import pseudonymiser
from sensor import __version__
from sensor.sensor import Sensor
from sensor.sources.errors import CaptureError
from sensor.sources.files import open_capture

_COUNTS: Final = """
SELECT r.severity, r.rule, count(finding_id), count(DISTINCT site), count(finding_id) FILTER (status = 'open')
FROM rule r LEFT JOIN finding f USING (rule) GROUP BY ALL ORDER BY r.rule
"""
_HITS: Final = """
SELECT site, ip_address, port, peer, title, evidence[1].frame FROM finding WHERE rule = ? ORDER BY ALL
"""


def read_apart(captures: list[Path], inventory: Path) -> None:
    """Read each capture as a site that has the name of its path."""
    store = Store(inventory)
    pseudonym = pseudonymiser(store.pseudonym_key)
    for number, path in enumerate(captures):
        recorder = Recorder(str(path), "", f"{number:08x}")
        sensor = Sensor(pseudonym, recorder)
        try:
            source = open_capture(path)
            for batch in source:
                sensor.feed(batch)
            sensor.close()
            source.close()
        except CaptureError:
            continue
        facts = recorder.drain()
        store.write(Capture(facts.capture, str(path), None, str(path), "", __version__, sensor.health, True), facts)


def main(folder: Path, inventory: Path, rules: list[str]) -> None:
    if not inventory.exists():
        read_apart(sorted(path for path in folder.rglob("*") if path.is_file()), inventory)
    with open_inventory(inventory, Config()) as con:
        for severity, rule, count, sites, opened in con.execute(_COUNTS).fetchall():
            print(f"{count:6} in {sites:4} captures ({opened} open)  {severity:8} {rule}")
        for rule in rules:
            for site, *hit in con.execute(_HITS, [rule]).fetchall():
                print(rule, Path(site).relative_to(folder), *hit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
