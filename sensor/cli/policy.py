"""`medspan policy check` and `policy learn`: what may be, declared, and what is otherwise."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sensor.cli.opening import open_configured
from sensor.cli.options import (
    DEFAULT_INVENTORY,
    Format,
    FormatOption,
    InventoryOption,
    KnowledgeOption,
    SinceOption,
    SiteOption,
    parse_time,
)
from sensor.cli.output import Columns, emit, note, port_name, print_table, short_time, standard_output
from sensor.cli.writing import check_target, whole_file

if TYPE_CHECKING:
    from inventory.export import Row
    from inventory.policy.checking import Check
    from inventory.policy.declaration import Policy

_ASKED: Final = ("identity", "role", "service", "exchange")  # derived tables

_UntilOption = Annotated[
    datetime | None,
    typer.Option("--until", metavar="TIME", parser=parse_time, help="First seen before: as --since."),
]

policy = typer.Typer(
    name="policy",
    help="Which roles may talk to which, on what: declared in medspan.toml.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _end(row: Row, end: str) -> str:
    """The address, and what is known of who holds it; nothing for the client of a service."""
    known = ["public"] if row[f"{end}_public"] else row[f"{end}_roles"]
    return f"{row[f'{end}_ip']} ({', '.join(known)})" if known else row[f"{end}_ip"] or ""


def _protocol(row: Row) -> str:
    return f"{row['protocol'] or ''}{' (patient data in clear)' if row['clear_patient_data'] else ''}"


_COLUMNS: Columns = {
    "Site": "site",
    "Verdict": "verdict",
    "Rule": "rule",
    "Why": "reason",
    "Client": lambda row: _end(row, "client"),
    "Server": lambda row: _end(row, "server"),
    "Port": port_name,
    "Protocol": _protocol,
    "Connections": "connections",
    "Last seen": lambda row: short_time(row["last_seen"]),
    "Evidence": lambda row: "; ".join(f"{seen['capture']} frame {seen['frame']}" for seen in row["evidence"]),
}


@policy.command()
def check(
    score: Annotated[bool, typer.Option("--score", help="Only how well each site conforms to each rule.")] = False,
    fail: Annotated[bool, typer.Option("--fail", help="Exit with 1 where there are violations.")] = False,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """List what the policy in medspan.toml does not allow, and how well each site conforms."""
    from inventory.policy.checking import check as judge

    declared = _declared()
    with open_configured(inventory, knowledge, wanted=_ASKED) as con:
        found = judge(con, declared, site)
    if output is Format.TABLE:
        _print(found, score)
    else:
        emit(found.score if score else found.deviations, output, {}, "row")
    if fail and any(row["verdict"] == "violation" for row in found.deviations.rows):
        raise typer.Exit(1)


@policy.command()
def learn(
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there, not to standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    since: SinceOption = None,
    until: _UntilOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    site: SiteOption = None,
) -> None:
    """Propose a policy that allows what was seen, as TOML to be edited."""
    from inventory.config import load_config
    from inventory.policy.learning import learn as propose

    config = load_config().path
    if file is not None:
        check_target(file, force, [inventory, *([config] if config else [])])  # what stands there is to be kept
    with open_configured(inventory, knowledge, wanted=_ASKED) as con:
        proposed = propose(con, site, since, until) + "\n"
    if file is None:
        with standard_output() as stdout:
            stdout.write(proposed)
    else:
        with whole_file(file) as opened:
            opened.write(proposed.encode())
        note(f"policy written to {file}")


def _declared() -> Policy:
    from inventory.config import FILE_NAME, load_config
    from inventory.errors import InventoryError
    from inventory.policy.declaration import read_policy

    config = load_config()
    if config.path is None:
        raise InventoryError(f"there is no {FILE_NAME} here, so no policy: medspan policy learn proposes one")
    return read_policy(config.policy, str(config.path), config.networks)


def _print(found: Check, score_only: bool) -> None:
    sites = list(dict.fromkeys(row["site"] for row in found.score.rows))
    columns: Columns = {heading: key for heading, key in _COLUMNS.items() if heading != "Site" or len(sites) > 1}
    with standard_output() as stdout:
        if found.deviations.rows and not score_only:
            print_table(found.deviations.rows, columns, stdout)
            stdout.write("\n")
        if sites:
            print_table(*_by_rule(found.score.rows, sites), stdout)
    total = [row for row in found.score.rows if row["rule"] is None]
    violating, uncertain, conforming = (
        sum(row[key] for row in total) for key in ("violating", "uncertain", "conforming")
    )
    note(f"{violating} violation{'' if violating == 1 else 's'}, {uncertain} uncertain, {conforming} conforming")


def _by_rule(score: list[Row], sites: list[str]) -> tuple[list[Row], Columns]:
    """The score as a table: a row per rule, a column per site."""
    rules: dict[str | None, Row] = {}
    for row in score:
        rules.setdefault(row["rule"], {"rule": row["rule"] or "all"})[f"site {row['site']}"] = _conformity(row)
    rows = [rules[rule] for rule in sorted(rules, key=lambda rule: rule is None)]
    keys = {site: f"site {site}" for site in sites}
    return [dict.fromkeys(keys.values(), "") | row for row in rows], {"Rule": "rule", **keys}


def _conformity(row: Row) -> str:
    counts = [f"{row[key]} {key}" for key in ("violating", "uncertain") if row[key]]
    percentage = [] if row["percentage"] is None else [f"{row['percentage']:g}%"]
    return ", ".join(percentage + counts)
