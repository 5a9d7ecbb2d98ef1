"""Which devices of two inventories are the same: by their ids, old ones too, by MAC, and by serial number.

The result is `old_same` and `new_same`: device_id -> name of what is one device. Where one inventory takes for two
devices what the other knows to be one, all have one name.
"""

from __future__ import annotations

from typing import Final

import duckdb

# `period` tells whether one inventory is the other one, grown: its ids then resolve, whatever else has changed.
_LINKS: Final = """
CREATE OR REPLACE TEMP TABLE link AS
WITH old_mac AS (FROM old_device_key WHERE kind = 'mac'),
new_mac AS (FROM device_key WHERE kind = 'mac'),
by_mac AS (
    SELECT DISTINCT o.device_id AS old_id, n.device_id AS new_id FROM old_mac o JOIN new_mac n USING (site, key)
),
by_id AS (
    SELECT o.site, o.device_id AS old_id, n.device_id AS new_id, bool_or(o.device_id = n.device_id) AS equal,
        bool_or(o.key IN (o.device_id, n.device_id)) AS told
    FROM old_device_key o JOIN device_key n ON n.site = o.site AND n.key = o.key AND n.kind = 'id'
    WHERE o.kind = 'id'
    GROUP BY ALL
),
old_serial AS (
    SELECT site, lower(s.value) AS serial, min(device_id) AS device_id, lower(any_value(m.value)) AS model
    FROM old_state s LEFT JOIN (FROM old_state WHERE aspect = 'manufacturer_model_name') m USING (site, device_id)
    WHERE s.aspect = 'device_serial_number'
    GROUP BY ALL
    HAVING count(DISTINCT device_id) = 1
),
new_serial AS (
    SELECT site, lower(s.value) AS serial, min(device_id) AS device_id, lower(any_value(m.value)) AS model
    FROM state s LEFT JOIN (FROM state WHERE aspect = 'manufacturer_model_name') m USING (site, device_id)
    WHERE s.aspect = 'device_serial_number'
    GROUP BY ALL
    HAVING count(DISTINCT device_id) = 1
),
found AS (
    SELECT old_id, new_id, CASE WHEN told AND p.grown THEN 0 WHEN equal THEN 1 ELSE 4 END AS rank
    FROM by_id b JOIN period p USING (site)
    -- An address that another network card has now is no sign of the same device.
    WHERE (told AND p.grown) OR (old_id, new_id) IN (FROM by_mac)
        OR old_id NOT IN (SELECT device_id FROM old_mac) OR new_id NOT IN (SELECT device_id FROM new_mac)
    UNION ALL
    SELECT old_id, new_id, 2 FROM by_mac
    UNION ALL
    SELECT o.device_id, n.device_id, 3
    FROM old_serial o JOIN new_serial n USING (site, serial)
    WHERE coalesce(o.model = n.model, true)
),
ranked AS (SELECT old_id, new_id, min(rank) AS rank FROM found GROUP BY ALL)
SELECT old_id, new_id
FROM ranked
QUALIFY rank = min(rank) OVER (PARTITION BY old_id) OR rank = min(rank) OVER (PARTITION BY new_id)
"""
_SEVERAL: Final = """
SELECT old_id, new_id FROM link
QUALIFY count(*) OVER (PARTITION BY old_id) > 1 OR count(*) OVER (PARTITION BY new_id) > 1
ORDER BY ALL
"""
_SAME: Final = """
CREATE OR REPLACE TEMP TABLE old_same AS
SELECT DISTINCT d.device_id, coalesce(s.name, l.new_id, '-' || d.device_id) AS same
FROM old_state d LEFT JOIN link l ON l.old_id = d.device_id LEFT JOIN several s ON s.side = 'old' AND s.id = d.device_id
WHERE d.aspect = 'device';
CREATE OR REPLACE TEMP TABLE new_same AS
SELECT d.device_id, coalesce(s.name, d.device_id) AS same
FROM state d LEFT JOIN several s ON s.side = 'new' AND s.id = d.device_id
WHERE d.aspect = 'device';
"""


def match(con: duckdb.DuckDBPyConnection) -> None:
    """Make `old_same` and `new_same` on `con`, which has `state`, `device_key`, their `old_...`, and `period`."""
    con.execute(_LINKS)
    con.execute("CREATE OR REPLACE TEMP TABLE several (side VARCHAR, id VARCHAR, name VARCHAR)")
    if several := _united(con.execute(_SEVERAL).fetchall()):
        con.executemany("INSERT INTO several VALUES (?, ?, ?)", several)
    con.execute(_SAME)


def _united(links: list[tuple[str, str]]) -> list[list[str]]:
    """Return [side, id, name] of the ids that `links` (old id, new id) join, each named by the first of its new ids."""
    parents: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while (parent := parents.setdefault(node, node)) != node:
            parents[node] = parents[parent]
            node = parent
        return node

    for old_id, new_id in links:
        one, other = sorted((root(("old", old_id)), root(("new", new_id))))  # "new" is before "old"
        parents[other] = one
    return [[*node, root(node)[1]] for node in list(parents)]
