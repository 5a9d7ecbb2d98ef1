"""The options that commands share, declared once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_INVENTORY: Final = Path("medspan.duckdb")
KNOWLEDGE_VARIABLE: Final = "MEDSPAN_KNOWLEDGE"


class Format(StrEnum):
    """How a listing is written to standard output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Role(StrEnum):
    """What a device does."""

    MODALITY = "modality"
    ARCHIVE = "archive"
    ROUTER = "router"
    WORKSTATION = "workstation"
    WORKLIST = "worklist"
    PRINTER = "printer"
    HL7_ENGINE = "hl7_engine"
    PATIENT_MONITOR = "patient_monitor"
    INFUSION_PUMP = "infusion_pump"
    ANALYSER = "analyser"
    INFORMATION_SYSTEM = "information_system"
    PHONE = "phone"
    CAMERA = "camera"
    UPS = "ups"
    BUILDING = "building"
    HL7_SENDER = "hl7_sender"
    HL7_RECEIVER = "hl7_receiver"
    WEB_SERVER = "web_server"
    FILE_SERVER = "file_server"
    NETWORK = "network"
    CLIENT = "client"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Who opened a conversation, seen from the site."""

    INTERNAL = "internal"
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    EXTERNAL = "external"


def parse_time(text: str) -> datetime:
    """Read "7d", "24h", "30m" (ago) or an ISO 8601 date or time, UTC unless it says otherwise, as naive UTC."""
    now = datetime.now(UTC)
    ago = re.fullmatch(r"([0-9]{1,5})([mhdw])", text)  # at most 99,999 weeks: before the year 1 is no time
    if ago:
        unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[ago[2]]
        return (now - timedelta(**{unit: int(ago[1])})).replace(tzinfo=None)
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        raise typer.BadParameter("expected an ISO 8601 time such as 2026-03-01T08:00Z, or 30m, 24h, 7d ago") from None


def _one_line(text: str | None) -> str | None:
    if text is not None and (not text.strip() or not text.isprintable()):
        raise typer.BadParameter("expected one line of printable text")
    return text


def _networks(text: str | None) -> str | None:
    from inventory.networks import Networks

    try:
        Networks(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


InventoryOption = Annotated[
    Path, typer.Option("--inventory", envvar="MEDSPAN_INVENTORY", metavar="PATH", help="The inventory file.")
]
KnowledgeOption = Annotated[
    Path | None,
    typer.Option(
        "--knowledge",
        envvar=KNOWLEDGE_VARIABLE,
        metavar="DIR",
        help="A folder of tables of your own: their rows are added to ours, and win over them.",
    ),
]
GeoipOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--geoip",
        envvar="MEDSPAN_GEOIP",
        metavar="FILE",
        help="A MaxMind database (.mmdb) of countries or AS numbers; may be given again.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write the answer.")]
SiteOption = Annotated[
    str | None,
    typer.Option("--site", metavar="NAME", callback=_one_line, help="Only this site; when reading, its name."),
]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", metavar="TIME", parser=parse_time, help="Seen since: ISO 8601, or 30m, 24h, 7d ago."),
]
LocalNetsOption = Annotated[
    str | None,
    typer.Option(
        "--local-nets",
        metavar="NETS",
        callback=_networks,
        help='The site\'s own networks: "10.0.0.0/8, !10.99.0.0/16".',
    ),
]
