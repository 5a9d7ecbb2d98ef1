"""A network as a policy sees it: a few lines become the derived tables that it asks, and nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import duckdb

from inventory.export import Row
from inventory.policy.checking import Check, check
from inventory.policy.declaration import Policy, read_policy
from inventory.policy.learning import learn

NOON = datetime(2026, 3, 2, 12)
NETWORKS = {"own": {"DMZ": "10.9.0.0/16"}, "partner": {"TeleRad": "10.99.0.0/16"}}
CT, PACS, PC = "10.1.0.1", "10.1.0.2", "10.1.0.3"
ONLY = "modality: only what is allowed"
BASE = """
[policy]
roles = ["modality", "archive"]
[[policy.allow]]
name = "images"
from = ["modality"]
to = ["archive"]
protocol = ["dicom"]
"""
TABLES = {
    "capture": {"id": "VARCHAR", "name": "VARCHAR"},
    "identity": {"site": "VARCHAR", "device_id": "VARCHAR"},
    "role": {"device_id": "VARCHAR", "role": "VARCHAR", "confidence": "VARCHAR", "is_primary": "BOOLEAN"},
    "address": {
        "ip": "VARCHAR",
        "public": "BOOLEAN",
        "local": "BOOLEAN",
        "unicast": "BOOLEAN",
        "partner": "VARCHAR",
        "network": "VARCHAR",
    },
    "exchange": {
        "site": "VARCHAR",
        "client_ip": "VARCHAR",
        "client_device_id": "VARCHAR",
        "server_ip": "VARCHAR",
        "server_device_id": "VARCHAR",
        "server_port": "INTEGER",
        "transport": "VARCHAR",
        "protocol": "VARCHAR",
        "encrypted": "BOOLEAN",
        "established": "BOOLEAN",
        "clear_patient_data": "BOOLEAN",
        "connections": "BIGINT",
        "first_seen": "TIMESTAMP",
        "last_seen": "TIMESTAMP",
        "seen": 'STRUCT("at" TIMESTAMP, capture VARCHAR, frame BIGINT, protocol VARCHAR, ip VARCHAR)',
    },
}
SERVICES = """
CREATE OR REPLACE TEMP TABLE service AS
SELECT server_device_id AS device_id, server_port AS port, transport, protocol, bool_or(encrypted) AS encrypted,
    sum(connections)::BIGINT AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen, min(seen) AS seen
FROM exchange WHERE established AND server_device_id IS NOT NULL
GROUP BY server_device_id, server_port, transport, protocol
QUALIFY protocol IS NOT NULL OR count(protocol) OVER (PARTITION BY server_device_id, server_port, transport) = 0
"""


@dataclass
class Network:
    """Devices and conversations in the making. Every conversation is a minute later than the one before."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in TABLES})

    def __post_init__(self) -> None:
        self._add("capture", "c1", "ward.pcap")

    def device(self, ip: str, *roles: str, site: str = "north", confidence: str = "high") -> str:
        """Add a device, the first of its roles its primary one, and return its address."""
        if not any(row["ip"] == ip for row in self.tables["address"]):
            self._address(ip, False)
        device_id = f"d-{site}-{ip}"
        self._add("identity", site, device_id)
        for role in roles:
            sure = "low" if role in ("client", "unknown") else confidence
            self._add("role", device_id, role, sure, role == roles[0])
        return ip

    def outside(self, ip: str) -> str:
        """Add a public address, a partner's where it begins with 10.99, and return it."""
        self._address(ip, True)
        return ip

    def nobody(self, ip: str) -> str:
        """Add an address inside that no device is known for, and return it."""
        self._address(ip, False)
        return ip

    def talk(
        self, client: str, server: str, port: int | None, protocol: str | None, site: str = "north", **more: Any
    ) -> None:
        """Add a conversation that was answered."""
        known = {row["device_id"] for row in self.tables["identity"]}
        ids = [f"d-{site}-{ip}" if f"d-{site}-{ip}" in known else None for ip in (client, server)]
        number = len(self.tables["exchange"]) + 1
        at = NOON + timedelta(minutes=number)
        row = (
            *(site, client, ids[0], server, ids[1], port, more.get("transport", "tcp"), protocol),
            *(protocol in ("tls", "quic", "ssh"), more.get("established", True), more.get("clear", False)),
            *(more.get("connections", 1), at, at),
            {"at": at, "capture": "c1", "frame": number, "protocol": protocol, "ip": server},
        )
        self._add("exchange", *row)

    def check(self, policy: str | Policy, site: str | None = None) -> Check:
        """Judge it by `policy`, a TOML text."""
        return check(self._tables(), read(policy) if isinstance(policy, str) else policy, site)

    def verdicts(self, policy: str, site: str | None = None) -> list[tuple[Any, ...]]:
        """What does not conform to `policy`: verdict, rule, reason, both addresses, port."""
        keys = ("verdict", "rule", "reason", "client_ip", "server_ip", "server_port")
        return [tuple(row[key] for key in keys) for row in self.check(policy, site).deviations.rows]

    def learn(self, **period: Any) -> str:
        return learn(self._tables(), **period)

    def _address(self, ip: str, public: bool) -> None:
        own, partner = ip.startswith("10.9."), ip.startswith("10.99.")
        unicast = not ip.startswith("224.")
        words = ("TeleRad" if partner else None, "DMZ" if own else None)
        self._add("address", ip, public and unicast, not public and unicast, unicast, *words)

    def _add(self, table: str, *values: Any) -> None:
        self.tables[table].append(dict(zip(TABLES[table], values, strict=True)))

    def _tables(self) -> duckdb.DuckDBPyConnection:
        con = _connection()
        for name, columns in TABLES.items():
            listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({listed})")
            if rows := self.tables[name]:
                con.execute(
                    f"INSERT INTO {name} SELECT unnest(from_json(?, ?), max_depth := 2)",
                    [json.dumps(rows, default=str), json.dumps([_shape(columns)])],
                )
        con.execute(SERVICES)
        return con


def imaging() -> Network:
    """A scanner, an archive with a web page, and a workstation."""
    network = Network()
    network.device(CT, "modality")
    network.device(PACS, "archive", "web_server")
    network.device(PC, "workstation")
    return network


def allow(**changed: str) -> str:
    """The baseline with other values of its one rule."""
    keys = {"from": '["modality"]', "to": '["archive"]', "protocol": '["dicom"]'} | changed
    return f"{BASE.partition('from')[0]}" + "\n".join(f"{key} = {value}" for key, value in keys.items())


def read(text: str) -> Policy:
    """The policy that a configuration's text declares."""
    return read_policy(tomllib.loads(text).get("policy"), "medspan.toml", NETWORKS)


def uncommented(learned: str) -> str:
    """A learned policy with everything allowed that was left to a person."""
    return re.sub(r"(?m)^#(?! )", "", learned)


def percentages(score: list[Row]) -> dict[tuple[str, str | None], float | None]:
    """How much conforms, by site and rule; the rule None is all of them."""
    return {(row["site"], row["rule"]): row["percentage"] for row in score}


def _shape(columns: dict[str, str]) -> dict[str, Any]:
    seen = {"at": "TIMESTAMP", "capture": "VARCHAR", "frame": "BIGINT", "protocol": "VARCHAR", "ip": "VARCHAR"}
    return {column: seen if kind.startswith("STRUCT") else kind for column, kind in columns.items()}


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})
