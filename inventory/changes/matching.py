"""Which devices of two inventories are the same: by their ids, old ones too, by MAC, and by serial number.

The result is `old_same` and `new_same`: device_id -> name of what is one device. Where one inventory takes for two
devices what the other knows to be one, all have one name.
"""

from __future__ import annotations

from typing import Final

import duckdb

# `period` tells whether one inventory is the other one, grown: its ids then resolve, whatever else has changed.
_LINKS: Final = """
CREATE OR REPLACE TEMP MACRO mac_of(side) AS TABLE
SELECT device_id, key FROM query_table(side || '_device_key') WHERE kind = 'mac';

CREATE OR REPLACE TEMP TABLE plain AS  -- the same id on both sides, and no other network card
SELECT device_id
FROM (SELECT site, device_id FROM old_state WHERE aspect = 'device')
    SEMI JOIN (FROM new_state WHERE aspect = 'device') USING (device_id) JOIN period p USING (site)
WHERE p.grown OR device_id IN (SELECT device_id FROM mac_of('old') JOIN mac_of('new') USING (device_id, key))
    OR device_id NOT IN (SELECT device_id FROM mac_of('old'))
    OR device_id NOT IN (SELECT device_id FROM mac_of('new'));

-- The others, few as a rule, and their names. Joins begin with them: else they are made for all devices first.
CREATE OR REPLACE TEMP TABLE odd AS
FROM (
    SELECT device_id FROM old_state WHERE aspect = 'device'
    UNION
    SELECT device_id FROM new_state WHERE aspect = 'device'
) ANTI JOIN plain USING (device_id);
CREATE OR REPLACE TEMP TABLE old_odd_key AS FROM old_device_key ANTI JOIN plain USING (device_id);
CREATE OR REPLACE TEMP TABLE new_odd_key AS FROM new_device_key ANTI JOIN plain USING (device_id);

-- Serial numbers that only one device of a side has. `side`: 'old' or 'new'.
CREATE OR REPLACE TEMP MACRO serial_of(side) AS TABLE
SELECT site, lower(s.value) AS serial, min(device_id) AS device_id, lower(any_value(m.value)) AS model
FROM query_table(side || '_state') s
    LEFT JOIN (FROM query_table(side || '_state') WHERE aspect = 'manufacturer_model_name') m USING (site, device_id)
WHERE s.aspect = 'device_serial_number' AND device_id IN (FROM odd)
GROUP BY ALL
HAVING count(DISTINCT device_id) = 1;

CREATE OR REPLACE TEMP TABLE link AS
WITH joined AS (
    SELECT o.site, o.kind, o.key, o.device_id AS old_id, n.device_id AS new_id
    FROM old_odd_key o JOIN new_device_key n USING (site, kind, key)
    UNION
    SELECT o.site, o.kind, o.key, o.device_id, n.device_id
    FROM old_device_key o JOIN new_odd_key n USING (site, kind, key)
),
by_mac AS (SELECT DISTINCT old_id, new_id FROM joined WHERE kind = 'mac'),
by_id AS (
    SELECT site, old_id, new_id, old_id = new_id AS equal, bool_or(key IN (old_id, new_id)) AS told
    FROM joined
    WHERE kind = 'id'
    GROUP BY ALL
),
found AS (
    SELECT old_id, new_id, CASE WHEN told AND p.grown THEN 0 WHEN equal THEN 1 ELSE 4 END AS rank
    FROM by_id b JOIN period p USING (site)
    -- An address that another network card has now is no sign of the same device.
    WHERE (told AND p.grown) OR (old_id, new_id) IN (FROM by_mac)
        OR old_id NOT IN (SELECT device_id FROM mac_of('old')) OR new_id NOT IN (SELECT device_id FROM mac_of('new'))
    UNION ALL
    SELECT old_id, new_id, 2 FROM by_mac
    UNION ALL
    SELECT o.device_id, n.device_id, 3
    FROM serial_of('old') o JOIN serial_of('new') n USING (site, serial)
    WHERE coalesce(o.model = n.model, true)
),
ranked AS (SELECT old_id, new_id, min(rank) AS rank FROM found GROUP BY ALL)
SELECT old_id, new_id
FROM ranked
QUALIFY (rank = min(rank) OVER (PARTITION BY old_id) AND old_id NOT IN (FROM plain))
    OR (rank = min(rank) OVER (PARTITION BY new_id) AND new_id NOT IN (FROM plain))
UNION ALL
SELECT device_id, device_id FROM plain
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
FROM new_state d LEFT JOIN several s ON s.side = 'new' AND s.id = d.device_id
WHERE d.aspect = 'device';
"""


def match(con: duckdb.DuckDBPyConnection) -> None:
    """Make `old_same` and `new_same` on `con`, which has both sides of a comparison and `period`."""
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
