"""An inventory of many devices: the facts of the bundled capture again and again, each time of other devices.

`python -m tests.bench.crowd DEVICES FILE [SHIFT]` writes one of that many devices to FILE; SHIFT leaves out the first
so many copies, so that two inventories differ.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import duckdb

from inventory.config import Config
from inventory.keeping import keep
from tests.conftest import CLINIC, MEDSPAN

PER_COPY: Final = 12  # devices of the capture
SITES: Final = 20

# A value that tells devices apart gets the number of its copy; addresses and MACs another net, or vendor's block.
_IP: Final = """
CASE WHEN starts_with({0}, '192.168.50.') THEN replace({0}, '192.168.50.', concat('10.', n // 256, '.', n % 256, '.'))
    WHEN starts_with({0}, 'fe80::') THEN replace({0}, 'fe80::', printf('fe80::%x:', n + 1)) ELSE {0} END
"""
_MAC: Final = "substr({0}, 1, 8) || printf(':%02x:%02x', n // 256, n % 256) || substr({0}, 15)"
_VALUE: Final = (
    """
CASE WHEN attribute = 'link_layer_address' THEN """
    + _MAC.format("value")
    + """
    WHEN attribute IN ('calling_ae_title', 'called_ae_title', 'accepted_ae_title', 'rejected_ae_title',
        'move_destination', 'move_originator_ae_title', 'hostname', 'sent_series', 'received_series',
        'hl7_sent_message', 'hl7_received_message') THEN concat(value, '-', n)
    WHEN value LIKE '{%' THEN regexp_replace(value, '"((DeviceSerialNumber|StationName)":"[^"]*)"', '"\\1-' || n || '"')
    ELSE value END
"""
)
_MULTIPLY: Final = f"""
CREATE TEMP TABLE copy AS SELECT unnest(range($first, $last)) AS n;
CREATE TEMP TABLE o AS FROM observation;
CREATE TEMP TABLE f AS FROM flow;
DELETE FROM observation;
DELETE FROM flow;
INSERT INTO observation SELECT o.* REPLACE ('site-' || n % {SITES} AS site, {_MAC.format("mac")} AS mac,
    {_IP.format("ip")} AS ip, {_VALUE} AS value) FROM copy, o;
INSERT INTO flow SELECT f.* REPLACE ('site-' || n % {SITES} AS site, {_MAC.format("client_mac")} AS client_mac,
    {_MAC.format("server_mac")} AS server_mac, {_IP.format("client_ip")} AS client_ip,
    {_IP.format("server_ip")} AS server_ip) FROM copy, f;
"""


def crowd(devices: int, path: Path, shift: int = 0) -> None:
    """Write an inventory of `devices` devices, without the first `shift` copies, and keep its derived tables."""
    path.unlink(missing_ok=True)
    subprocess.run([MEDSPAN, "read", CLINIC, "--inventory", path], check=True, capture_output=True)
    with duckdb.connect(str(path)) as con:
        con.execute(_MULTIPLY.replace("$first", str(shift)).replace("$last", str(devices // PER_COPY)))
    keep(path, Config())


if __name__ == "__main__":
    crowd(int(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
