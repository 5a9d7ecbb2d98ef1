"""`medspan carve`: the packets behind what is said of a device, or behind a finding, as a capture of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensor.cli.captures import locate
from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import note
from sensor.cli.why import CapturesOption, FieldArgument, ProvenArgument, find_proof
from sensor.cli.writing import check_target, whole_file

if TYPE_CHECKING:
    from inventory.export import Row
    from sensor.carving import Evidence
    from sensor.sources.batch import Batch

MAX_COMMENTS = 50  # on one packet: many claims can rest on one association


def carve(
    name: ProvenArgument,
    file: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The pcapng file to write.")],
    field: FieldArgument = None,
    captures: CapturesOption = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Write the packets behind what is said of a device, or behind a finding, to a file for Wireshark."""
    from inventory.errors import InventoryError

    with open_configured(inventory, knowledge) as con:
        rows = find_proof(con, name, field, site).rows
    sources = _sources(rows, captures)
    if not sources:
        raise InventoryError(f"nothing is known of {field or 'it'} that a packet shows")
    check_target(file, force, [inventory, *sources])
    note("medspan: packets may hold patient data: what is written is their content")
    packets, told = _write(file, sources)
    for line in told:
        note(f"medspan: {line}")
    note(f"{packets:,} packet{'' if packets == 1 else 's'} written to {file}")


def _sources(rows: list[Row], folder: Path | None) -> dict[Path, list[Row]]:
    """The captures that hold the evidence, each with the rows it is evidence for."""
    found: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        if row["frame"] is not None:
            found.setdefault((row["capture"], row["capture_sha256"]), []).append(row)
    return {locate(*key, folder): claims for key, claims in found.items()}


def _write(file: Path, sources: dict[Path, list[Row]]) -> tuple[int, list[str]]:
    """Write `file`. Return the packets in it, and what is to be told."""
    from sensor.carving import LIMIT
    from sensor.carving import carve as carve_capture
    from sensor.sources.pcapng_writer import PcapNgWriter

    packets = 0
    told: list[str] = []
    with whole_file(file, 0o600) as opened:  # for its owner only: it may hold patient data
        writer = PcapNgWriter(opened)
        for path, rows in sources.items():
            capture = rows[0]["capture"]
            carved = carve_capture(partial(_batches, path), capture, _evidence(rows), writer)
            packets += carved.packets
            told += [f"{capture} has no frame {frame}" for frame in carved.missing]
            told += [
                f"{capture}: the conversation of frame {frame} has more than {LIMIT:,} packets: some are left out"
                for frame in carved.cut
            ]
    return packets, told


def _batches(path: Path) -> Iterator[Batch]:
    from inventory.errors import InventoryError
    from sensor.sources.errors import CaptureError
    from sensor.sources.files import open_capture

    try:
        with closing(open_capture(path)) as source:
            yield from source
    except CaptureError as error:
        raise InventoryError(str(error)) from None


def _evidence(rows: list[Row]) -> list[Evidence]:
    """Each frame once, with all that it is evidence for."""
    from sensor.carving import Evidence

    claims: dict[int, list[Row]] = {}
    for row in rows:
        claims.setdefault(row["frame"], []).append(row)
    return [
        Evidence(
            frame,
            list(dict.fromkeys(map(_comment, these)))[:MAX_COMMENTS],
            any(row["display_filter"] != f"frame.number == {frame}" for row in these),
        )
        for frame, these in sorted(claims.items())
    ]


def _comment(row: Row) -> str:
    if row["class"] == "finding":
        return f"medspan: {row['confidence']} finding: {row['value']}"
    believed = row["confidence"] if row["used"] else "not used"
    return f"medspan: {row['field']} = {row['value']} ({row['class']}, {believed})"
