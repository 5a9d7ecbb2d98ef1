"""Which identities are one device: by what people say, and by keys that go with a device wherever it goes.

People's word goes before keys, of two contradicting words the newer one. Keys are in `strong_key`, found with each
identity alone; what comes of them is put into the tables `merge` (identity -> root) and `kinship` (why, and why not).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import duckdb

SAME: Final = "same-as"
NOT_SAME: Final = "not-same-as"

_CREATE: Final = """
CREATE OR REPLACE TEMP TABLE merge (
    site VARCHAR,
    key  VARCHAR,  -- as in `identity`
    root VARCHAR   -- the key for which all that are one device are taken
);
CREATE OR REPLACE TEMP TABLE kinship (
    site       VARCHAR,
    key        VARCHAR,  -- as in `identity`
    kin        VARCHAR,  -- another one
    same       BOOLEAN,  -- they are one device; else two
    attribute  VARCHAR,  -- that says it; NULL where people do
    value      VARCHAR,  -- of the attribute; or who says it
);
"""
# Statements that name two identities, newest first. An empty one takes back what was said of that identity before.
_WISHES: Final = """
WITH name AS (SELECT DISTINCT site, key, c.id FROM candidate c JOIN identity USING (site, key) WHERE c.id IS NOT NULL),
said AS (
    SELECT a.site, n.field, n.author, n."at" AS written, a.key AS one, b.key AS other
    FROM annotation n JOIN name a ON a.id = n.device_id LEFT JOIN name b ON b.id = n.value AND b.site = a.site
    WHERE n.field IN ($same, $not_same) AND (n.value = '' OR b.key <> a.key)
)
SELECT site, least(one, other), greatest(one, other), field = $same, NULL, author
FROM said s
WHERE other IS NOT NULL AND NOT EXISTS (
    FROM said t WHERE t.other IS NULL AND t.site = s.site AND t.field = s.field AND t.written > s.written
        AND t.one IN (s.one, s.other))
ORDER BY written DESC, 1, 2, 3, 4, 6
"""
_KEYS: Final = """
SELECT a.site, a.key, b.key, true, a.attribute, a.value
FROM strong_key a JOIN strong_key b ON b.site = a.site AND b.attribute = a.attribute AND lower(b.value) = lower(a.value)
WHERE NOT a.shared AND (a.first_seen, a.key) < (b.first_seen, b.key)
ORDER BY a.attribute <> 'device_serial_number', a.first_seen, 1, 2, 3, 5, 6
"""


class Word(NamedTuple):
    """That two identities of a site are one device, or are two."""

    site: str
    one: str
    other: str
    same: bool
    attribute: str | None  # that says it; None where people do
    value: str  # of the attribute; or who says it


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Take every identity for a device of its own."""
    con.execute(_CREATE)


def merge_identities(con: duckdb.DuckDBPyConnection) -> bool:
    """Fill `merge` and `kinship` from what is derived with each identity alone; tell whether any two are one."""
    words = [Word(*row) for row in con.execute(_WISHES, {"same": SAME, "not_same": NOT_SAME}).fetchall()]
    words += [Word(*row) for row in con.execute(_KEYS).fetchall()]
    if not words:
        return False
    roots, heeded = unite(words)
    con.executemany("INSERT INTO kinship VALUES (?, ?, ?, ?, ?, ?)", [list(word) for word in heeded])
    if not roots:
        return False
    con.executemany("INSERT INTO merge VALUES (?, ?, ?)", [[*identity, root] for identity, root in roots.items()])
    return True


def unite(words: Iterable[Word]) -> tuple[dict[tuple[str, str], str], list[Word]]:
    """Heed `words`, the strongest first, unless one contradicts what was heeded before.

    Returns the root of each (site, key) that is one with others, and the words that were heeded.
    """
    parents: dict[tuple[str, str], tuple[str, str]] = {}
    apart: dict[tuple[str, str], set[tuple[str, str]]] = {}  # root -> the roots it is not

    def root(identity: tuple[str, str]) -> tuple[str, str]:
        while (parent := parents.setdefault(identity, identity)) != identity:
            parents[identity] = parents[parent]
            identity = parent
        return identity

    heeded = []
    for word in words:
        one, other = sorted((root((word.site, word.one)), root((word.site, word.other))))
        if one == other and not word.same:
            continue
        if word.same and other in apart.get(one, ()):
            continue
        heeded.append(word)
        if not word.same:
            apart.setdefault(one, set()).add(other)
            apart.setdefault(other, set()).add(one)
        elif one != other:
            parents[other] = one
            for enemy in apart.pop(other, set()):
                apart[enemy].remove(other)
                apart[enemy].add(one)
                apart.setdefault(one, set()).add(enemy)
    united = {identity: root(identity) for identity in list(parents)}
    several = {found for identity, found in united.items() if identity != found}
    return {identity: found[1] for identity, found in united.items() if found in several}, heeded
