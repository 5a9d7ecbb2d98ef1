"""`medspan findings`: what should be mended, why, and how."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

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
)
from sensor.cli.output import Columns, emit, note

if TYPE_CHECKING:
    pass

_FINDINGS = """
FROM finding
WHERE ($site IS NULL OR site = $site)
  AND list_contains($severities, severity)
  AND ($rule IS NULL OR rule = $rule)
  AND list_contains($statuses, status)
  AND ($since IS NULL OR last_seen >= $since::TIMESTAMP)
ORDER BY list_position($order, severity), rule, site, ip_address, port, peer, finding_id
"""
_SHOWN = """
SELECT site, finding_id, severity, title, concat_ws(' port ', coalesce(ip_address, device_id, ''), port) AS place, peer,
    status, strftime(last_seen, '%Y-%m-%dT%H:%M:%SZ') AS last_seen,
    evidence[1].capture || ' frame ' || evidence[1].frame AS evidence
"""  # as a table shows it
_WHOLE = "SELECT *"
_JSON = """
SELECT * REPLACE (strftime(first_seen, '%Y-%m-%dT%H:%M:%S.%fZ') AS first_seen,
    strftime(last_seen, '%Y-%m-%dT%H:%M:%S.%fZ') AS last_seen)
"""  # DuckDB is quicker with times than Python
_FAILING = """
SELECT count(*) FROM finding
WHERE status = 'open' AND list_contains($severities, severity) AND ($site IS NULL OR site = $site)
  AND ($rule IS NULL OR rule = $rule)
"""


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Status(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    CLOSED = "closed"


_AT_WORK = [Status.OPEN, Status.ACKNOWLEDGED]


_COLUMNS: Columns = {
    "Finding": "finding_id",
    "Site": "site",
    "Severity": "severity",
    "What": "title",
    "Where": "place",
    "Peer": "peer",
    "Status": "status",
    "Last seen": "last_seen",
    "Evidence": "evidence",
}
_RULE_COLUMNS: Columns = {
    "Rule": "rule",
    "Severity": "severity",
    "Finds": "title",
    "Why": "why",
    "Remedy": "remedy",
    "References": "references",
}


def findings(
    severity: Annotated[
        Severity, typer.Option("--severity", help="Only those as bad as that, or worse.")
    ] = Severity.INFO,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="Only those of this rule.")] = None,
    status: Annotated[
        list[Status] | None,
        typer.Option("--status", help="Only with this status; several may be given. [open, acknowledged]"),
    ] = None,
    fail_on: Annotated[
        Severity | None, typer.Option("--fail-on", help="Exit with 1 if one as bad, or worse, is open, listed or not.")
    ] = None,
    list_rules: Annotated[
        bool, typer.Option("--rules", help="List the rules instead: why, remedy, references.")
    ] = False,
    since: SinceOption = None,
    inventory: InventoryOption = DEFAULT_INVENTORY,
    knowledge: KnowledgeOption = None,
    output: FormatOption = Format.TABLE,
    site: SiteOption = None,
) -> None:
    """List what should be mended, the worst first."""
    from inventory.errors import InventoryError
    from inventory.export import query, query_cells
    from inventory.findings.decisions import idle_acceptances
    from inventory.findings.rules import SEVERITIES, rules, rules_table

    order = list(SEVERITIES)
    if list_rules:
        emit(rules_table(), output, _RULE_COLUMNS, "rule")
        return
    if rule is not None and rule not in {known.rule for known in rules()}:
        raise InventoryError(f"no rule {rule!r}: medspan findings --rules lists them")
    wanted = {
        "severities": order[: order.index(severity.value) + 1],
        "rule": rule,
        "statuses": [one.value for one in status or _AT_WORK],
        "since": since,
        "site": site,
        "order": order,
    }
    failing = 0
    with open_configured(inventory, knowledge, wanted=["finding", "accepted"]) as con:
        result = (
            query_cells(con, _WHOLE + _FINDINGS, wanted)
            if output is Format.CSV
            else query(con, (_SHOWN if output is Format.TABLE else _JSON) + _FINDINGS, wanted)
        )
        if fail_on:  # whatever is listed
            severities = order[: order.index(fail_on.value) + 1]
            judged = con.execute(_FAILING, {"severities": severities, "site": site, "rule": rule})
            ((failing,),) = judged.fetchall()
        idle = idle_acceptances(con)
    emit(result, output, _COLUMNS, "finding")
    for number in idle:
        note(f"medspan: accept {number} of the configuration accepts nothing that was found")
    if failing:
        raise typer.Exit(1)
