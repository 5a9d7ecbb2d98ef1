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
from tests.reading import read_apart

_COUNTS: Final = """
SELECT r.severity, r.rule, count(finding_id), count(DISTINCT site), count(finding_id) FILTER (status = 'open')
FROM rule r LEFT JOIN finding f USING (rule) GROUP BY ALL ORDER BY r.rule
"""
_HITS: Final = """
SELECT site, ip_address, port, peer, title, evidence[1].frame FROM finding WHERE rule = ? ORDER BY ALL
"""


def main(folder: Path, inventory: Path, rules: list[str]) -> None:
    if not inventory.exists():
        read_apart({str(path): path for path in sorted(folder.rglob("*")) if path.is_file()}, inventory)
    with open_inventory(inventory, Config()) as con:
        for severity, rule, count, sites, opened in con.execute(_COUNTS).fetchall():
            print(f"{count:6} in {sites:4} captures ({opened} open)  {severity:8} {rule}")
        for rule in rules:
            for site, *hit in con.execute(_HITS, [rule]).fetchall():
                print(rule, Path(site).relative_to(folder), *hit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
