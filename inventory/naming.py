"""The devices that names mean: an id (also an old one), an IP or MAC address, an AE title."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final, NamedTuple

import duckdb

from inventory.errors import InventoryError

_QUERY: Final = """
WITH name AS (
    SELECT unnest(j.name) AS name, unnest(j.key) AS key, unnest(j.mac) AS mac
    FROM (SELECT from_json_strict($names, '{"name": ["VARCHAR"], "key": ["VARCHAR"], "mac": ["VARCHAR"]}') AS j)
),
known AS (FROM device_key WHERE $site IS NULL OR site = $site)
SELECT DISTINCT * FROM (
    SELECT name, site, device_id, kind = 'id' AS by_id FROM name JOIN known USING (key) WHERE kind <> 'mac'
    UNION ALL
    SELECT name, site, device_id, false FROM name JOIN known ON kind = 'mac' AND known.key = mac
    UNION ALL
    SELECT name, site, device_id, false FROM name JOIN known ON kind = 'ae_title' AND lower(known.key) = lower(name)
)
ORDER BY ALL
"""


class Named(NamedTuple):
    """A device that a name means."""

    site: str
    device_id: str
    by_id: bool  # the name is one of its ids


def find_named(con: duckdb.DuckDBPyConnection, names: Iterable[str], site: str | None) -> dict[str, list[Named]]:
    """Return the devices that each of `names` means (of one site): none, one or several."""
    wanted = list(dict.fromkeys(names))
    table = {"name": wanted, "key": list(map(canonical, wanted)), "mac": list(map(mac, wanted))}
    found: dict[str, list[Named]] = {name: [] for name in wanted}
    for name, *of in con.execute(_QUERY, {"names": json.dumps(table), "site": site}).fetchall():
        known = Named(*of)
        if known[:2] not in [one[:2] for one in found[name]]:
            found[name].append(known)
    return found


def find_one(con: duckdb.DuckDBPyConnection, name: str, site: str | None) -> Named:
    """Return the one device that `name` means. Raises InventoryError where it means none, or several."""
    return the_one(name, find_named(con, [name], site)[name])


def the_one(name: str, found: list[Named]) -> Named:
    """Return the only one of `found`, the devices that `name` means. Raises InventoryError where it is not alone."""
    if not found:
        raise InventoryError(
            f"no device {name!r}: medspan devices lists them all, medspan flows --public those outside"
        )
    if len(found) > 1:
        ids = ", ".join(f"{one.device_id} (site {one.site})" for one in found)
        raise InventoryError(f"{len(found)} devices are known as {name!r}: name one by its id: {ids}")
    return found[0]


def canonical(name: str) -> str:
    """Return an address as the inventory writes it; any other name as it is."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name


def mac(name: str) -> str:
    """Return a MAC, as switches of any make print it, as the inventory writes it; nonsense of any other name."""
    digits = re.sub(r"[.:-]", "", name.lower())
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
