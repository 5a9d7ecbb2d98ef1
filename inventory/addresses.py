"""Whose each address of an inventory is, beside its facts: the table `address`."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Final

import duckdb

from inventory.config import Config
from inventory.errors import InventoryError
from inventory.networks import Address, Named, Networks, local_nets_in_force, named_in_force, settings_key

_ADDRESSES: Final = """
SELECT ip FROM observation WHERE ip IS NOT NULL
UNION SELECT client_ip FROM flow UNION SELECT server_ip FROM flow
"""
_TYPES: Final = {
    "public": "BOOLEAN",
    "local": "BOOLEAN",
    "unicast": "BOOLEAN",
    "family": "INTEGER",
    "globally_reachable": "BOOLEAN",
    "partner": "VARCHAR",
    "network": "VARCHAR",
}  # one for each field of `Address`


def address_settings(con: duckdb.DuckDBPyConnection, config: Config) -> tuple[str | None, Named]:
    """Return the networks in force, as `Networks` and `settings_key` take them."""
    remembered = dict(con.execute("SELECT key, value FROM meta").fetchall())
    return local_nets_in_force(remembered, config.local_nets), named_in_force(remembered, named_networks(config))


def named_networks(config: Config) -> Named | None:
    """Return the configured networks; None where there is no configuration, not even one that names none."""
    return config.networks if config.networks or config.path else None


def address_key(con: duckdb.DuckDBPyConnection, config: Config) -> str:
    """Return what tables that were made with these networks are recognised by."""
    return settings_key(*address_settings(con, config))


def create_addresses(con: duckdb.DuckDBPyConnection, config: Config) -> None:
    """Create the table `address`: `inventory.networks.Address` of each address in the facts.

    Raises InventoryError for networks that cannot be read.
    """
    try:
        networks = Networks(*address_settings(con, config))
    except ValueError as error:
        raise InventoryError(f"local_nets: {error}") from None
    ips = [ip for (ip,) in con.execute(_ADDRESSES).fetchall()]
    columns = dict(zip(Address._fields, zip(*map(networks.classify, ips), strict=True), strict=False)) if ips else {}
    layout = json.dumps({"ip": ["VARCHAR"], "position": ["VARCHAR"]} | {name: [kind] for name, kind in _TYPES.items()})
    unnested = ", ".join(f"unnest(j.{name}) AS {name}" for name in ("ip", "position", *_TYPES))
    con.execute(
        # Our own names.
        f"CREATE TEMP TABLE address AS SELECT {unnested} FROM (SELECT from_json_strict(?, '{layout}') AS j)",  # noqa: S608
        [json.dumps({"ip": ips, "position": list(map(_position, ips)), **{n: columns.get(n, ()) for n in _TYPES}})],
    )


def _position(ip: str) -> str | None:
    """Return what sorts addresses as people expect, IPv4 first; None for text that is no address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    return f"{address.version}{int(address):032x}"
