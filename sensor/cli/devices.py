"""`medspan devices` and `device`: which devices there are, and all about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensor.cli.opening import open_configured
from sensor.cli.options import (
    DEFAULT_INVENTORY,
    Format,
    FormatOption,
    InventoryOption,
    KnowledgeOption,
    Role,
    SinceOption,
    SiteOption,
)
from sensor.cli.output import Columns, emit, note, port_name, print_table, short_time, standard_output

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from inventory.export import Row

_DEVICES = """
WITH placed AS (
    SELECT device_id, min(position) AS position
    FROM (SELECT device_id, unnest(ip_addresses) AS ip FROM profile) JOIN address USING (ip)
    GROUP BY device_id
)
SELECT d.* FROM device d LEFT JOIN placed p USING (device_id)
WHERE ($site IS NULL OR site = $site)
  AND ($role IS NULL OR list_contains(roles, $role))
  AND ($vendor IS NULL OR contains(lower(concat_ws(' ', manufacturer, mac_vendor)), lower($vendor)))
  AND (NOT $public OR len(public_peers) > 0)
  AND ($since IS NULL OR last_seen >= $since::TIMESTAMP)
ORDER BY site, p.position NULLS LAST, device_id
"""
_DEVICE = "SELECT * FROM device WHERE device_id = ? AND site = ?"
_CONVERSATIONS = """
SELECT * FROM conversation WHERE $id IN (client_device_id, server_device_id)
ORDER BY connections DESC, server_ip, server_port, client_ip
"""

_HISTORY = """
SELECT ip, mac, vlan, first_seen, last_seen, known_by FROM address_history WHERE device_id = $id
ORDER BY first_seen DESC, last_seen DESC, ip, mac, vlan LIMIT 1000
"""
_ANNOTATIONS = """
SELECT a.field, a.value, a.author, a."at" AS written
FROM annotation a JOIN device_key k ON k.kind = 'id' AND k.key = a.device_id AND k.device_id = $id
ORDER BY written DESC, a.field, a.value LIMIT 1000
"""
_FINDINGS = """
SELECT finding_id, rule, severity, title, port, peer, evidence, first_seen, last_seen, status, remedy FROM finding
WHERE device_id = $id AND status IN ('open', 'acknowledged')
ORDER BY severity_rank(severity), rule, port, peer, finding_id LIMIT 1000
"""

NameArgument = Annotated[str, typer.Argument(metavar="ID|IP|AE|MAC", help="Device id, IP or MAC address, or AE title.")]


def _make(row: Row) -> str:
    parts = [row["manufacturer"], row["manufacturer_model_name"]]
    return " ".join(part for part in parts if part) or (f"({row['mac_vendor']})" if row["mac_vendor"] else "")


def _addresses(row: Row) -> str:
    """The first address, and how many more there are: `device` and the other formats have all."""
    first, *more = row["ip_addresses"] or [""]
    return f"{first} +{len(more)}" if more else first


def _role(row: Row) -> str:
    return " ".join([row["role"] or "", *(row["modalities"] or [])])


def _known(found: Row) -> list[Row]:
    confidence = found["confidence"] or {}
    return [
        {"field": field, "value": _readable(field, value), "confidence": confidence.get(field)}
        for field, value in found.items()
        if value not in (None, [], {}) and field != "confidence"
    ]


def _readable(field: str, value: Any) -> Any:
    """Services as "104/tcp dicom", times to the second; all else as it is."""
    if field == "services":
        keys = ("protocol", "product", "version")
        return [" ".join([f"{s['port']}/{s['transport']}", *(s[key] for key in keys if s[key])]) for s in value]
    return short_time(value) if field in ("first_seen", "last_seen") else value


_COLUMNS: Columns = {
    "Device": "device_id",
    "Site": "site",
    "IP address": _addresses,
    "Role": _role,
    "Make (or MAC vendor)": _make,
    "AE titles": "ae_titles",
    "Public peers": "public_peers",
    "Findings": lambda row: row["open_findings"] or "",
    "Last seen": lambda row: short_time(row["last_seen"]),
}
_PEERS: Columns = {
    "Client": "client_ip",
    "Server": "server_ip",
    "Port": port_name,
    "Protocol": lambda row: (row["protocol"] or "") + (" (encrypted)" if row["encrypted"] else ""),
    "Direction": "direction",
    "Connections": "connections",
    "Last seen": lambda row: short_time(row["last_seen"]),
}
_SHOWN = 20  # lines of the history in a table: JSON has more
_STINTS: Columns = {
    "Held": "ip",
    "MAC": "mac",
    "VLAN": "vlan",
    "From": lambda row: short_time(row["first_seen"]),
    "To": lambda row: short_time(row["last_seen"]),
    "Known by": "known_by",
}
_TO_MEND: Columns = {
    "Finding": "finding_id",
    "Severity": "severity",
    "What": "title",
    "Remedy": "remedy",
    "Status": "status",
}
_WORDS: Columns = {
    "Noted": "field",
    "Value": "value",
    "By": "author",
    "At": lambda row: short_time(row["written"]),
}


def devices(
    role: Annotated[Role | None, typer.Option("--role", help="Only devices that have this role.")] = None,
    vendor: Annotated[str | None, typer.Option("--vendor", help="Part of the maker's or MAC vendor's name.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Only devices with public peers.")] = False,
    since: SinceOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """List the devices."""
    from inventory.export import query, query_cells

    wanted = {"role": role and role.value, "vendor": vendor, "public": public, "since": since, "site": site}
    with open_configured(inventory, knowledge, wanted=["device"]) as con:
        csv = output is Format.CSV
        result = query_cells(con, _DEVICES, wanted) if csv else query(con, _DEVICES, wanted)
    emit(result, output, _COLUMNS, "device")


def device(
    name: NameArgument,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """Show all that is known of one device."""
    from inventory.export import Result, query, to_json, write_csv

    with open_configured(inventory, knowledge) as con:
        found = find_device(con, name, site)
        peers, history, words, to_mend = (
            query(con, statement, {"id": found["device_id"]}).rows
            for statement in (_CONVERSATIONS, _HISTORY, _ANNOTATIONS, _FINDINGS)
        )
    with standard_output() as stdout:
        if output is Format.JSON:
            more = {"findings": to_mend, "history": history, "annotations": words, "conversations": peers}
            stdout.write(to_json({**found, **more}) + "\n")
        elif output is Format.CSV:
            write_csv(Result(list(found), [found]), stdout)
        else:
            print_table(_known(found), {"Field": "field", "Value": "value", "Confidence": "confidence"}, stdout)
            for rows, columns in (
                (to_mend[:_SHOWN], _TO_MEND),
                (history[:_SHOWN], _STINTS),
                (words[:_SHOWN], _WORDS),
                (peers, _PEERS),
            ):
                if rows:
                    stdout.write("\n")
                    print_table(rows, columns, stdout)
            for rows, noun in ((to_mend, "findings"), (history, "addresses"), (words, "notes")):
                if len(rows) > _SHOWN:
                    note(f"{_SHOWN} of {len(rows)} {noun} are shown: --format json has all")


def find_device(con: DuckDBPyConnection, name: str, site: str | None) -> Row:
    """Return the one device that `name` means."""
    from inventory.export import query
    from inventory.naming import find_one

    found = find_one(con, name, site)
    return query(con, _DEVICE, [found.device_id, found.site]).rows[0]
