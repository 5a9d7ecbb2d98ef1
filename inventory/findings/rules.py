"""Running the rules: each is a row of `rules.csv` and a view in a SQL file of the same name.

A rule's view has the columns of `_COLUMNS`, one row a finding; what it is about (device, port, peer and subject) gives
the finding its id, so that it is the same finding after a re-read and in an inventory that has grown.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import duckdb

from inventory.export import Result

SEVERITIES: Final = ("critical", "high", "medium", "low", "info")  # the worst first

_COLUMNS: Final = """
    site        VARCHAR,
    device_id   VARCHAR,   -- whose it is to mend; NULL where no device of the site is concerned
    ip_address  VARCHAR,   -- of the device
    port        INTEGER,   -- NULL where it is about none
    peer        VARCHAR,   -- address or name at the other end; NULL where it is about none
    subject     VARCHAR,   -- what else tells it from others of the rule; '' if nothing
    detail      VARCHAR,   -- goes on where the rule's title ends; one line
    severity    VARCHAR,   -- NULL: the rule's
    first_seen  TIMESTAMP,
    last_seen   TIMESTAMP,
    seen        STRUCT("at" TIMESTAMP, capture VARCHAR, frame BIGINT, protocol VARCHAR, ip VARCHAR)[]
"""
# What rules can need: planning one that finds nothing takes as long as planning one that does. The others are words for
# conversations that leave the site (`inbound`, `outbound`, `remote_access`), patient data in clear, addresses and AE
# titles of several hosts, and sites that were observed for days.
_SIGNS: Final = """
SELECT DISTINCT attribute FROM observation
UNION ALL SELECT DISTINCT protocol FROM exchange WHERE protocol IS NOT NULL
UNION ALL SELECT DISTINCT unnest([direction, CASE WHEN remote_access IS NOT NULL THEN 'remote_access' END]) FROM outside
UNION ALL SELECT 'clear_patient_data' WHERE EXISTS (FROM exchange WHERE clear_patient_data)
UNION ALL SELECT 'contested_address'
    WHERE EXISTS (SELECT 1 FROM binding WHERE proven GROUP BY site, ip HAVING count(DISTINCT mac) > 1)
UNION ALL SELECT 'days' WHERE EXISTS (FROM presence)
UNION ALL SELECT 'shared_ae_title' WHERE EXISTS (FROM ae_title WHERE shared)
"""
_FOUND: Final = """
CREATE OR REPLACE TEMP TABLE found AS
WITH named AS (
    SELECT finding_id(rule, coalesce(device_id, concat_ws(' ', site, ip_address)), port, peer, subject) AS finding_id, *
    FROM hit
),
evident AS (
    SELECT finding_id,
        list({'capture': coalesce(name, capture), 'frame': frame} ORDER BY "at", capture, frame) AS evidence
    FROM (
        SELECT DISTINCT finding_id, s."at", s.capture, s.frame
        FROM (SELECT finding_id, unnest(seen) AS s FROM named)
        QUALIFY row_number() OVER (PARTITION BY finding_id ORDER BY s."at", s.capture, s.frame) <= 5
    ) LEFT JOIN (SELECT id AS capture, min(name) AS name FROM capture GROUP BY id) USING (capture)
    GROUP BY finding_id
)
SELECT finding_id, rule, site, device_id, min(ip_address) AS ip_address, port, peer, subject, min(detail) AS detail,
    min(severity) AS severity, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
    coalesce(any_value(evidence), []) AS evidence
FROM named LEFT JOIN evident USING (finding_id)
GROUP BY finding_id, rule, site, device_id, port, peer, subject
"""
# A device has other ids: those from before another name was known. What was decided under these goes on.
_FOUND_KEY: Final = """
CREATE OR REPLACE TEMP TABLE found_key AS
SELECT finding_id, finding_id(rule, k.key, port, peer, subject) AS key
FROM found f JOIN device_key k ON k.kind = 'id' AND k.device_id = f.device_id AND k.site = f.site
UNION
SELECT finding_id, finding_id
FROM found
"""
_ID: Final = """
CREATE OR REPLACE TEMP MACRO finding_id(rule, device, port, peer, subject) AS
    'f' || substr(sha256(concat_ws('|', rule, device, port, peer, subject)), 1, 12)
"""
_RULES: Final = """
CREATE OR REPLACE TEMP TABLE rule AS
SELECT unnest(from_json_strict(?, '[{"rule": "VARCHAR", "severity": "VARCHAR", "title": "VARCHAR", "why": "VARCHAR",
    "remedy": "VARCHAR", "references": ["VARCHAR"], "closes_after_days": "INTEGER", "needs": "VARCHAR"}]'),
    recursive := true)
"""


class Rule(NamedTuple):
    """One row of `rules.csv`."""

    rule: str
    severity: str  # one of SEVERITIES
    title: str
    why: str
    remedy: str
    references: str  # parted by "; "
    needs: str  # attributes, protocols or other signs, of which one must be there; empty: it is always run
    closes_after_days: str  # after the last sighting, while the site is still being observed; empty: never


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, by name."""
    with files("inventory").joinpath("findings/rules.csv").open(encoding="utf-8") as file:
        return tuple(Rule(**row) for row in csv.DictReader(file))


def rules_table() -> Result:
    """All rules as a listing, the worst first."""
    worst_first = sorted(rules(), key=lambda rule: SEVERITIES.index(rule.severity))
    rows = [{**rule._asdict(), "references": rule.references.split("; ")} for rule in worst_first]
    return Result([column for column in Rule._fields if column != "needs"], rows)


@cache
def _query(rule: str) -> str:
    """What the rule's view asks: run as it is, as making the view would only have it planned twice."""
    view = files("inventory").joinpath(f"findings/{rule}.sql").read_text("utf-8")
    return view.partition(f'VIEW "{rule}" AS\n')[2].rstrip().removesuffix(";")


def rule_statements() -> list[str]:
    """The SQL of all rules, and of what becomes of their hits."""
    return [_SIGNS, _FOUND, _FOUND_KEY, *(_query(rule.rule) for rule in rules())]


def run_rules(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `rule`, `found` and `found_key` from what is derived. A rule that nothing here concerns is not run."""
    signs = {sign for (sign,) in con.execute(_SIGNS).fetchall()}
    con.execute(_RULES, [json.dumps([_plain(rule) for rule in rules()])])
    con.execute(f"CREATE OR REPLACE TEMP TABLE hit (rule VARCHAR, {_COLUMNS})")
    for rule in rules():
        if not rule.needs or signs.intersection(rule.needs.split()):
            con.execute(f"INSERT INTO hit BY NAME SELECT '{rule.rule}' AS rule, * FROM ({_query(rule.rule)})")  # noqa: S608
    con.execute(_ID)
    con.execute(_FOUND)
    con.execute(_FOUND_KEY)
    con.execute("DROP TABLE hit")


def _plain(rule: Rule) -> dict[str, object]:
    return rule._asdict() | {
        "references": rule.references.split("; "),
        "closes_after_days": int(rule.closes_after_days) if rule.closes_after_days else None,
    }
