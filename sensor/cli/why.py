"""`medspan why`: the evidence for what is said of a device, each piece with the frame that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensor.cli.devices import find_device
from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, Format, FormatOption, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import emit, note, short_time, standard_output

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from inventory.export import Result, Row

_PROOF = """
SELECT * FROM proof WHERE device_id = $id AND ($field IS NULL OR field = $field)
ORDER BY field, used DESC, list_position(['high', 'medium', 'low'], confidence), value, capture, frame, reason
"""

_FINDING_PROOF = """
SELECT * EXCLUDE (finding_id) FROM finding_proof
WHERE finding_id = (SELECT min(finding_id) FROM found_key WHERE key = ?) ORDER BY capture, frame
"""

ProvenArgument = Annotated[
    str,
    typer.Argument(metavar="ID|IP|AE|MAC", help="A device by id, address or AE title; or the id of a finding."),
]
FieldArgument = Annotated[str | None, typer.Argument(metavar="[FIELD]", help="Only this field, e.g. manufacturer.")]
CapturesOption = Annotated[
    Path | None,
    typer.Option("--captures", metavar="DIR", help="Where the captures are, if not where they were read."),
]


def why(
    name: ProvenArgument,
    field: FieldArgument = None,
    dissect: Annotated[bool, typer.Option("--dissect", help="Show the frames as Wireshark sees them.")] = False,
    captures: CapturesOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """Show the evidence for what is said of a device, or for a finding, with the frames to open in Wireshark."""
    with open_configured(inventory, knowledge) as con:
        result = find_proof(con, name, field, site)
    if dissect:
        from sensor.cli.dissect import print_frames

        print_frames(result.rows, captures)
    elif output is not Format.TABLE:
        emit(result, output, {}, "row")
    else:
        with standard_output() as stdout:
            stdout.writelines(f"{line}\n" for line in _listing(result.rows))
        note(f"{len(result.rows)} row{'' if len(result.rows) == 1 else 's'}")


def find_proof(con: DuckDBPyConnection, name: str, field: str | None, site: str | None) -> Result:
    """Return the rows of `proof` for the device or finding that `name` means, the strongest of each field first.

    Raises InventoryError where there is no such device, finding or field.
    """
    from inventory.annotate import FINDING_ID
    from inventory.errors import InventoryError
    from inventory.export import query

    if FINDING_ID.fullmatch(name):
        result = query(con, _FINDING_PROOF, [name])
        if not result.rows:
            raise InventoryError(f"no finding {name!r}: medspan findings lists them")
        return result
    found = find_device(con, name, site)
    if field is not None and field not in found:
        raise InventoryError(f"no field {field!r}: a device has {', '.join(found)}")
    return query(con, _PROOF, {"id": found["device_id"], "field": field})


def _listing(rows: list[Row]) -> Iterator[str]:
    """What is said, and below it two lines for each piece of evidence; then each contradiction with its sides."""
    said: dict[str, list[Row]] = {}
    for row in rows:
        said.setdefault(_heading(row), []).append(row)
    for heading, pieces in said.items():
        yield heading
        for row in pieces:
            yield from _piece(row)
    for conflict in dict.fromkeys(conflict for row in rows for conflict in row["conflicts"]):
        yield ""
        yield _line(f"contradiction: {conflict}")
        for heading, pieces in said.items():
            sides = [row for row in pieces if conflict in row["conflicts"] and row["value"] is not None]
            if sides:
                yield f"  {heading}"
            for row in sides:
                yield from (f"  {line}" for line in _piece(row))


def _heading(row: Row) -> str:
    return _line(f"{row['field']}: {row['value']}") if row["value"] is not None else row["field"]


def _piece(row: Row) -> Iterator[str]:
    believed = row["confidence"] if row["used"] else "against" if row["conflicts"] else "not used"
    yield _line(f"  {row['class'] or '':<8}{believed or '':<10}{_seen(row)}{row['reason'] or ''}")
    if row["display_filter"]:
        only = f"frame.number == {row['frame']}"
        frame = "" if row["display_filter"] == only else f" (from frame {row['frame']})"
        yield _line(f"          {row['capture']}: {row['display_filter']}{frame}")


def _seen(row: Row) -> str:
    if row["first_seen"] is None:
        return ""
    first, last = short_time(row["first_seen"]), short_time(row["last_seen"])
    times = f"{row['count']:,} x " if row["count"] is not None else ""
    return f"{times}{first}{f' to {last}' if last != first else ''}, "


def _line(text: str) -> str:
    """As one printable line: values are what devices said."""
    from inventory.export import to_text

    return " ".join(to_text(text).splitlines()).rstrip()
