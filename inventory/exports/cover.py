"""The first sheet of a workbook: what was looked at, until when, what was lost on the way, and how to read the rest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import duckdb

from inventory.export import to_text
from inventory.exports.scope import Scope

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_LEGEND: Final = {
    "high": "Said by the device itself, or shown by what it did, and nothing speaks against it.",
    "medium": "Told by images or messages that it sent, or by others; probably its own.",
    "low": "A guess from how it behaves, or a name that is not known to us.",
    "empty": "Not seen. It does not mean that there is none.",
}
_READING: Final = (
    "All times are UTC. Only what crossed the captured links is here: a device that was silent is not listed.",
    "For each value, `medspan why DEVICE` shows the capture and the frame that it comes from.",
)
_STATUS: Final = """
SELECT status || ', ' || severity, count(*) FROM finding WHERE $site IS NULL OR site = $site
GROUP BY status, severity
ORDER BY list_position(['open', 'acknowledged', 'accepted', 'closed'], status),
    severity_rank(severity)
"""
_ROLES: Final = """
SELECT role, count(*) FROM device WHERE $site IS NULL OR site = $site GROUP BY role ORDER BY count(*) DESC, role
"""
# What became of each capture, in words, as in `medspan health`.
_CAPTURES: Final = """
SELECT name AS "Capture", site AS "Site", first_packet AS "First packet", last_packet AS "Last packet",
    packets AS "Packets", concat_ws('; ',
        CASE WHEN kernel_drops > 0 THEN format('{:,} packets lost before the capture', kernel_drops) END,
        CASE WHEN truncated_packets > 0 THEN format('{:,} packets cut', truncated_packets) END,
        CASE WHEN gaps > 0 THEN format('{:,} gaps in streams, of {:,} bytes', gaps, gap_bytes) END,
        CASE WHEN unknown_link_packets + undecoded_packets > 0
            THEN format('{:,} packets not read', unknown_link_packets + undecoded_packets) END,
        CASE WHEN parser_errors > 0 THEN format('{:,} malformed messages', parser_errors) END,
        CASE WHEN caps_hit > 0 THEN format('{:,} times too much at once', caps_hit) END,
        file_error, CASE WHEN NOT complete THEN 'not read to its end' END) AS "Lost"
FROM capture
WHERE $site IS NULL OR site = $site
ORDER BY first_packet, last_packet, name, id
"""


def write_cover(
    con: duckdb.DuckDBPyConnection,
    book: Workbook,
    sheet: Worksheet,
    about: Scope,
    site: str | None,
    version: str,
    begins: list[tuple[str, datetime]],
    rows: dict[str, int],
    left_out: list[str],
) -> None:
    """Fill the cover. `begins`: from when on changes are told of a site; `rows` are those of the other sheets, and
    `left_out` is what these could not hold.
    """
    title = book.add_format({"bold": True, "font_size": 16})
    bold = book.add_format({"bold": True})
    number = book.add_format({"num_format": "#,##0", "align": "left"})
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 4, 20)
    sheet.set_column(5, 5, 60)
    facts = {"site": site}
    lines: list[tuple[Any, ...]] = [
        ("Made with", f"medspan {version}"),
        ("Date of the data", _time(about.last_packet)),
        ("Observed from", _time(about.first_packet)),
        ("Sites", about.sites),
        ("Only site", site) if site else (),
        ("Packets", about.packets),
        (),
        *((name, count) for name, count in rows.items()),
        *((f"Changes of {name} since", _time(since)) for name, since in begins),
        (),
        *((f"Devices: {role}", count) for role, count in con.execute(_ROLES, facts).fetchall()),
        *((f"Findings: {status}", count) for status, count in con.execute(_STATUS, facts).fetchall()),
        (),
        *(("Left out", line) for line in left_out),
        *((f"Confidence {mark}", meaning) for mark, meaning in _LEGEND.items()),
        *(("", line) for line in _READING),
    ]
    sheet.write_string(0, 0, "Medical device inventory", title)
    row = 1
    for line in lines:
        row += 1
        if line:
            sheet.write_string(row, 0, line[0], bold)
            _write(sheet, row, 1, line[1], number)
    row += 2
    con.execute(_CAPTURES, facts)
    for at, column in enumerate(con.description or []):
        sheet.write_string(row, at, str(column[0]), bold)
    for values in con.fetchall():
        row += 1
        for at, value in enumerate(values):
            _write(sheet, row, at, _time(value) if isinstance(value, datetime) else value, number)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write(sheet: Worksheet, row: int, at: int, value: Any, number: Format) -> None:
    if isinstance(value, int):
        sheet.write_number(row, at, value, number)
    else:
        sheet.write_string(row, at, to_text(value)[:32_767])


def _time(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else ""
