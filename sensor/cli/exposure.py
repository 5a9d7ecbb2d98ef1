"""`medspan exposure`: what of each device can be reached from outside, and what it opens to the outside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from sensor.cli.opening import open_configured
from sensor.cli.options import (
    DEFAULT_INVENTORY,
    Format,
    FormatOption,
    GeoipOption,
    InventoryOption,
    KnowledgeOption,
    SinceOption,
    SiteOption,
)
from sensor.cli.output import Columns, emit, short_time

if TYPE_CHECKING:
    from inventory.export import Row

# The worst first, of devices and of what is of one: patient data in clear, remote access and services, then peers.
_EXPOSURE: Final = """
SELECT * FROM exposure
WHERE ($site IS NULL OR site = $site) AND ($since IS NULL OR last_seen >= $since::TIMESTAMP)
ORDER BY site, min(CASE WHEN expected THEN 4 WHEN certainty = 'low' THEN 3 WHEN direction = 'inbound' THEN 1
        WHEN clear_patient_data THEN 0 WHEN kind = 'remote_access' THEN 2 ELSE 5 END) OVER (PARTITION BY device_id),
    device_id, expected, direction, kind DESC, clear_patient_data DESC, bytes_out + bytes_in DESC, services,
    organization
"""
_SHOWN: Final = 3  # peers and services in a table: the other formats have more


def _what(row: Row) -> str:
    remote = row["remote_access"]
    if row["direction"] == "inbound":
        text = f"{remote} from outside" if remote else "reachable"
    else:
        text = f"{remote} to outside" if remote else "calls"
    text += " (perhaps)" if row["certainty"] == "low" else ""
    return text + (", patient data in clear" if row["clear_patient_data"] else "")


def _listed(texts: Iterable[str], count: int) -> str:
    shown = list(texts)[:_SHOWN]
    return ", ".join(shown) + (f" +{count - len(shown)}" if count > len(shown) else "")


def _service(service: dict[str, Any]) -> str:
    port = service["transport"] if service["port"] is None else f"{service['port']}/{service['transport']}"
    encrypted = "(encrypted)" if service["encrypted"] else None
    return " ".join(filter(None, (port, service["protocol"], encrypted)))


def _peer(peer: dict[str, Any]) -> str:
    known = (peer["name"], peer["network"], peer["country"])
    more = ", ".join(text for text in known if text)
    return f"{peer['ip']} ({more})" if more else str(peer["ip"])


def _who(row: Row) -> str:
    partners = {peer["partner"] for peer in row["peers"] if peer["partner"]}
    name = row["organization"] or (", ".join(sorted(partners)) if row["expected"] else None)
    peers = _listed(map(_peer, row["peers"]), row["peer_count"])
    return f"{name}: {peers}" if name else peers


_COLUMNS: Columns = {
    "Device": "device_id",
    "Site": "site",
    "IP address": lambda row: _listed(row["ip_addresses"], len(row["ip_addresses"])),
    "Role": "role",
    "Exposure": _what,
    "Port": lambda row: _listed(map(_service, row["services"]), len(row["services"])),
    "Outside": _who,
    "Expected": lambda row: "yes" if row["expected"] else "",
    "Out": lambda row: f"{row['bytes_out']:,}",
    "In": lambda row: f"{row['bytes_in']:,}",
    "Since": lambda row: short_time(row["first_seen"]),
    "Last seen": lambda row: short_time(row["last_seen"]),
}


def exposure(
    geoip: GeoipOption = None,
    since: SinceOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """List what is exposed: ports reached from outside, remote access, and who is called outside."""
    from inventory.export import query

    with open_configured(inventory, knowledge, wanted=["exposure"], geoip=geoip) as con:
        result = query(con, _EXPOSURE, {"site": site, "since": since})
    emit(result, output, _COLUMNS, "exposure")
