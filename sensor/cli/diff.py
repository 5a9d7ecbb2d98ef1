"""`medspan diff`: what changed between two inventories, since a time, and from what is declared."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, Format, InventoryOption, KnowledgeOption, SiteOption, parse_time
from sensor.cli.output import Columns, emit, note, short_time, standard_output

if TYPE_CHECKING:
    from datetime import timedelta

    from inventory.changes.comparing import Changes
    from inventory.changes.declared import Differences
    from inventory.export import Result


class DiffFormat(StrEnum):
    """How changes are written to standard output."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


_COLUMNS: Columns = {
    "Severity": "severity",
    "Change": "change",
    "Site": "site",
    "Device": "device_id",
    "IP address": "ip_address",
    "What": "device",
    "Field": "field",
    "Old": "old",
    "New": "new",
    "At": lambda row: short_time(row["at"]),
}
_DECLARED: Columns = {
    "Difference": "difference",
    "Site": "site",
    "Device": "device_id",
    "IP address": "ip_address",
    "What": "device",
    "Line": "line",
    "By": "matched_by",
    "Field": "field",
    "Declared": "declared",
    "Seen": "seen",
}
_UNREAD = 10  # cells of a list that are told as unreadable


def diff(
    old: Annotated[Path | None, typer.Argument(metavar="OLD", help="An inventory from before.")] = None,
    new: Annotated[Path | None, typer.Argument(metavar="NEW", help="One from after, or the same one, grown.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since", metavar="TIME", parser=parse_time, help="Within one inventory: ISO 8601, or 30m, 24h, 7d ago."
        ),
    ] = None,
    declared: Annotated[
        Path | None, typer.Option("--declared", metavar="CSV", help="From a list of devices to what was seen.")
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option("--map", metavar="FIELD=HEADER,...", help='Its headers: "ip=IP Address,serial=Serial No".'),
    ] = None,
    output: Annotated[DiffFormat, typer.Option("--format", help="How to write the answer.")] = DiffFormat.TABLE,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Tell what changed, the alarming first: between two inventories, since a time, or from a declared list."""
    if sum((old is not None and new is not None, since is not None, declared is not None)) != 1 or (
        (old is None) != (new is None)
    ):
        raise typer.BadParameter("either OLD NEW, or --since TIME, or --declared CSV is expected")
    if mapping is not None and declared is None:
        raise typer.BadParameter("--map says what the headers of the --declared list mean")
    if declared is not None:
        _diff_declared(declared, mapping, output, inventory, knowledge, site)
        return
    if old is not None and new is not None:
        told = _between(old, new, knowledge, site)
    else:
        from inventory.changes.comparing import changes
        from inventory.changes.snapshot import DERIVED

        assert since is not None
        with open_configured(inventory, knowledge, DERIVED) as con:
            told = changes(con, since, site)
    _write(told.result, output, _COLUMNS, "change")
    _explain(told)


def _between(old: Path, new: Path, knowledge: Path | None, site: str | None) -> Changes:
    from tempfile import TemporaryDirectory

    from inventory.changes.comparing import changes
    from inventory.changes.snapshot import DERIVED, save
    from inventory.database import open_database

    for path in (old, new):  # before the first takes its time
        open_database(path, read_only=True).close()
    kept = None if old.samefile(new) else old
    with TemporaryDirectory(prefix="medspan-") as folder:
        with open_configured(old, knowledge, DERIVED) as con:
            before = save(con, Path(folder) / "old.duckdb", kept)
        with open_configured(new, knowledge, DERIVED) as con:
            return changes(con, before, site)


def _write(result: Result, output: DiffFormat, columns: Columns, noun: str) -> None:
    if not result.rows:
        note(f"no {noun}s")
    if output is DiffFormat.MARKDOWN:
        from inventory.changes.markdown import write_markdown

        with standard_output() as stdout:
            write_markdown(result, stdout)
    elif result.rows or output is not DiffFormat.TABLE:
        emit(result, Format(output.value), columns, noun)


def _explain(told: Changes) -> None:
    """Say what cannot be told."""
    for name in told.missing:
        note(f"site {name}: nothing was captured of it after, so nothing there is told as gone")
    for name in told.begun:
        note(f"site {name}: nothing was captured of it before, so all of it is new")
    networks = [found for found in told.unobserved if found.site not in told.missing and found.network]
    for found in networks[:10]:
        note(
            f"site {found.site}: nothing was seen of {found.network}, so its {found.devices} "
            f"device{'' if found.devices == 1 else 's'} may be there still"
        )
    if len(networks) > 10:
        more = sum(found.devices for found in networks[10:])
        note(f"nothing was seen of {len(networks) - 10} more networks with {more} devices")
    for site, before, after in told.short:
        note(f"site {site}: {_duration(after)} are compared with {_duration(before)}: what seldom speaks looks gone")


def _duration(time: timedelta) -> str:
    for unit, seconds in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if time.total_seconds() >= 2 * seconds:
            return f"{time.total_seconds() / seconds:.0f} {unit}"
    return f"{time.total_seconds():.1f} seconds"


def _diff_declared(
    file: Path, mapping: str | None, output: DiffFormat, inventory: Path, knowledge: Path | None, site: str | None
) -> None:
    from inventory.changes.declared import differences
    from inventory.changes.declared_list import read_list

    listed = read_list(file, mapping)
    with open_configured(inventory, knowledge, ("device", "state")) as con:
        found: Differences = differences(con, listed, site)
    taken = ", ".join(f"{field} from {header!r}" for field, header in listed.headers.items())
    for line in listed.unread[:_UNREAD]:
        note(f"{line}: not used")
    note(f"{len(listed.rows)} declared; taken: {taken}" + _left(listed.unused))
    _write(found.result, output, _DECLARED, "difference")
    note(f"{found.matched} of {len(listed.rows)} declared devices were seen")


def _left(headers: list[str]) -> str:
    return f"; not used: {', '.join(map(repr, headers))}" if headers else ""
