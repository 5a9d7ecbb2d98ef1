"""`medspan ae`: the registry of AE titles, as a listing and as a directory to load into LDAP."""

from __future__ import annotations

from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sensor.cli.opening import open_configured
from sensor.cli.options import DEFAULT_INVENTORY, Format, FormatOption, InventoryOption, KnowledgeOption, SiteOption
from sensor.cli.output import Columns, emit, note, short_time, standard_output
from sensor.cli.writing import check_target, whole_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from inventory.export import Row

_STDOUT: Final = "-"
_REGISTRY = """
SELECT * FROM ae_registry WHERE ($site IS NULL OR site = $site) AND (NOT $conflicts OR conflict)
ORDER BY ae_title, site
"""


def _services(row: Row) -> str:
    told = [(role, row[f"{role.lower()}_services"]) for role in row["roles"]]
    return "; ".join(f"{role}: {', '.join(services)}" for role, services in told)


def _hosts(row: Row) -> str:
    """The first ones, and how many more there are: the other formats have all."""
    first, more = row["hosts"][:3], len(row["hosts"]) - 3
    return "; ".join(first) + (f" +{more}" if more > 0 else "")


_COLUMNS: Columns = {
    "AE title": "ae_title",
    "Site": "site",
    "Hosts": _hosts,
    "Services": _services,
    "Requested": "requested",
    "Called": "called",
    "Accepted": "accepted",
    "Rejected": "rejected",
    "Aborted": "aborted",
    "Last seen": lambda row: short_time(row["last_seen"]),
    "Conflict": lambda row: f"used by {len(row['hosts'])} hosts" if row["conflict"] else "",
}


def _base_name(text: str) -> str:
    from inventory.ldif import is_name

    if not is_name(text):
        raise typer.BadParameter("expected a distinguished name such as dc=example,dc=org")
    return text


def ae(
    conflicts: Annotated[bool, typer.Option("--conflicts", help="Only titles that several devices use.")] = False,
    ldif: Annotated[
        str | None,
        typer.Option("--ldif", metavar="FILE", help="Write an LDAP directory (PS3.15 Annex H); - is stdout."),
    ] = None,
    base: Annotated[
        str, typer.Option("--base-dn", metavar="DN", callback=_base_name, help="Where in the directory.")
    ] = "dc=dcm4che,dc=org",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """List the AE titles: who uses them, and how associations for them ended."""
    from inventory.export import query

    if ldif is not None:
        if ldif != _STDOUT:
            check_target(Path(ldif), force, [inventory])
        with open_configured(inventory, knowledge) as con:
            _write_ldif(con, base, site, ldif)
        return
    with open_configured(inventory, knowledge, wanted=["ae_registry"]) as con:
        result = query(con, _REGISTRY, {"site": site, "conflicts": conflicts})
    emit(result, output, _COLUMNS, "AE title")


def _write_ldif(con: DuckDBPyConnection, base: str, site: str | None, target: str) -> None:
    from inventory.dicom_ldap import write_directory

    if target == _STDOUT:
        with standard_output() as stdout:
            written = write_directory(con, base, site, stdout)
    else:
        with whole_file(Path(target)) as opened, TextIOWrapper(opened, "ascii", newline="\n") as file:
            written = write_directory(con, base, site, file)
    if written.left_out:
        note(f"medspan: {_counted(written.left_out)} left out: not ASCII, or like another but for blanks")
    if written.shared:
        note(f"medspan: {_counted(written.shared)} used by several devices: see medspan ae --conflicts")
    note(f"{_counted(written.titles)} written to {target}")


def _counted(titles: int) -> str:
    return f"{titles} AE title{'' if titles == 1 else 's'}"
