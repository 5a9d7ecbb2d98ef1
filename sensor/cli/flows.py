"""`medspan flows`: who talked with whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sensor.cli.opening import open_configured
from sensor.cli.options import (
    DEFAULT_INVENTORY,
    Direction,
    Format,
    FormatOption,
    GeoipOption,
    InventoryOption,
    KnowledgeOption,
    SiteOption,
)
from sensor.cli.output import Columns, emit, port_name, short_time

if TYPE_CHECKING:
    from inventory.export import Row

_FLOWS = """
SELECT * FROM conversation
WHERE ($site IS NULL OR site = $site)
  AND (NOT $public OR client_public OR server_public)
  AND (NOT $clear OR NOT encrypted)
  AND ($protocol IS NULL OR protocol = lower($protocol))
  AND ($direction IS NULL OR direction = $direction)
ORDER BY first_seen, client_ip, server_ip, server_port
"""


def _end(row: Row, side: str) -> str:
    """An address, and where it is: the columns of the outside end are the server's where both are outside."""
    ip: str = row[f"{side}_ip"]
    if not row[f"{side}_public"]:
        return ip
    if side == "client" and row["server_public"]:
        return f"{ip} (public)"
    known = [row["partner"] or row["network"] or "public", row["country"], row["cloud"] or row["as_organization"]]
    return f"{ip} ({', '.join(filter(None, known))})"


def _protocol(row: Row) -> str:
    if row["encrypted"]:
        return f"{row['protocol'] or ''} (encrypted)"
    name = row["protocol"] or row["remote_access"] or ""
    return f"{name}{' (patient data in clear)' if row['clear_patient_data'] else ''}"


_COLUMNS: Columns = {
    "Site": "site",
    "Client": lambda row: _end(row, "client"),
    "Server": lambda row: _end(row, "server"),
    "Port": port_name,
    "Protocol": _protocol,
    "Server name": lambda row: row["sni"] or row["certificate_name"],
    "Direction": "direction",
    "Connections": "connections",
    "Bytes": lambda row: f"{row['bytes_to_server'] + row['bytes_to_client']:,}",
    "Last seen": lambda row: short_time(row["last_seen"]),
}


def flows(
    public: Annotated[bool, typer.Option("--public", help="Only conversations with a public address.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Only unencrypted conversations.")] = False,
    protocol: Annotated[str | None, typer.Option("--protocol", help="Only this protocol: dicom, hl7, http...")] = None,
    direction: Annotated[Direction | None, typer.Option("--direction", help="Who opened it, seen from here.")] = None,
    geoip: GeoipOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """List the conversations."""
    from inventory.export import query

    wanted = {
        "public": public,
        "clear": clear,
        "protocol": protocol,
        "direction": direction and direction.value,
        "site": site,
    }
    with open_configured(inventory, knowledge, wanted=["conversation"], geoip=geoip) as con:
        result = query(con, _FLOWS, wanted)
    emit(result, output, _COLUMNS, "conversation")
