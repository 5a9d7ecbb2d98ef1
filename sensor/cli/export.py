"""`medspan export`: the inventory as a file, or a folder of files, of one of many formats."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from sensor import __version__
from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import note, standard_output
from sensor.cli.writing import check_folder, check_target, whole_file, whole_folder, whole_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class ExportFormat(StrEnum):
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"
    CYCLONEDX = "cyclonedx"
    NETBOX = "netbox"
    OCSF = "ocsf"


class What(StrEnum):
    DEVICES = "devices"
    SERVICES = "services"
    FLOWS = "flows"
    FINDINGS = "findings"
    AE = "ae"


_TABLES = (ExportFormat.CSV, ExportFormat.JSON, ExportFormat.PARQUET)
_TEXTS = (ExportFormat.CSV, ExportFormat.JSON, ExportFormat.CYCLONEDX, ExportFormat.OCSF)
_ENDINGS = {ExportFormat.CYCLONEDX: (ExportFormat.JSON,), ExportFormat.OCSF: (ExportFormat.JSON,)}  # are JSON, too


def export(
    file: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="The file to write; for netbox, a folder; - is stdout."),
    ],
    named_format: Annotated[
        ExportFormat | None,
        typer.Option("-f", "--format", help="Its format; by default what its name ends in, or csv."),
    ] = None,
    what: Annotated[What, typer.Option("--what", help="For csv, json and parquet: the rows.")] = What.DEVICES,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Write the inventory to a file, for an audit, a CMDB or a SIEM."""
    file_format = _format(file, named_format)
    if what is not What.DEVICES and file_format not in _TABLES:
        raise typer.BadParameter("only csv, json and parquet are of one kind of rows", param_hint="'--what'")
    if file_format is ExportFormat.NETBOX:
        from inventory.exports.netbox import FILES, README

        check_folder(file, force, [*FILES, README])
    else:
        check_target(file, force, [inventory])
    wanted = None  # all
    if file_format in _TABLES:
        from inventory.exports.tables import TABLES

        wanted = TABLES[what.value].wanted
    if str(file) == "-":
        with TemporaryDirectory(prefix="medspan-") as folder, open_configured(inventory, knowledge, wanted) as con:
            written = Path(folder) / "export"
            _write(con, file_format, what, site, written)
            with standard_output() as stdout:
                stdout.write(written.read_text("utf-8"))
        return
    with open_configured(inventory, knowledge, wanted) as con:
        count, noun = _write(con, file_format, what, site, file)
    note(f"{count} {noun}{'' if count == 1 else 's'} written to {file}")


def _format(file: Path, named: ExportFormat | None) -> ExportFormat:
    """Return the format that is named, or else what the file's name ends in."""
    ending = next((known for known in ExportFormat if file.suffix.lower() == f".{known.value}"), None)
    if named is not None and ending is not None and named is not ending and ending not in _ENDINGS.get(named, ()):
        raise typer.BadParameter(f"{file.name} is not the name of a {named.value} file", param_hint="'-o'")
    found = named or ending or ExportFormat.CSV
    if str(file) == "-" and found not in _TEXTS:
        raise typer.BadParameter(f"{found.value} cannot be written to standard output", param_hint="'-o'")
    return found


def _write(
    con: DuckDBPyConnection, file_format: ExportFormat, what: What, site: str | None, file: Path
) -> tuple[int, str]:
    """Write the file; return how many of what are in it."""
    if file_format in _TABLES:
        return _write_table(con, file_format, what, site, file)
    if file_format is ExportFormat.NETBOX:
        from inventory.exports.netbox import write_netbox

        with whole_folder(file) as folder:
            return write_netbox(con, site, folder), "device"
    with whole_file(file) as opened:
        if file_format is ExportFormat.XLSX:
            from inventory.exports.workbook import write_workbook

            written = write_workbook(con, site, __version__, opened)
            for line in written.left_out:
                note(f"medspan: left out: {line}")
            return written.rows["Devices"], "device"
        if file_format is ExportFormat.CYCLONEDX:
            from inventory.exports.cyclonedx import write_cyclonedx

            return write_cyclonedx(con, site, __version__, opened), "device"
        from inventory.exports.ocsf import write_ocsf

        return write_ocsf(con, site, __version__, opened), "device"


def _write_table(
    con: DuckDBPyConnection, file_format: ExportFormat, what: What, site: str | None, file: Path
) -> tuple[int, str]:
    from duckdb import IOException

    from inventory.database import explain
    from inventory.exports.tables import TABLES, write_parquet, write_table

    noun = TABLES[what.value].noun
    if file_format is not ExportFormat.PARQUET:
        with whole_file(file) as opened:
            return write_table(con, what.value, file_format.value, site, opened), noun
    with whole_path(file) as part:
        try:
            return write_parquet(con, what.value, site, part), noun
        except IOException as error:
            raise explain(error, file) from None
