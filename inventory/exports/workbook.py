"""The inventory as a workbook (Office Open XML, ECMA-376) that stands by itself: a cover, and a sheet a question.

Nothing in it is ever a formula: text is written as text, whatever it looks like. What a sheet cannot hold is told on
the cover and to the caller, never left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import duckdb

from inventory.export import plain, to_text
from inventory.exports.cover import write_cover
from inventory.exports.scope import scope

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
MAX_ROWS: Final = 1_048_576  # of a sheet, its header included
MAX_TEXT: Final = 32_767  # characters of a cell
_EXACT: Final = 2**53  # whole numbers are kept exactly up to here: a cell holds a double
_SAMPLE: Final = 1000  # rows by which the width of a column is set
_WIDTHS: Final = (9, 60)  # characters
_EPOCH: Final = datetime(1980, 1, 1)  # where there is no packet to give the date
_SHORT: Final = frozenset(["ae", "ip", "id", "mac", "hl7", "uid", "sni", "asn", "sha256"])  # written in capitals

_DEVICES: Final = """
SELECT * REPLACE (
    list_transform(services, lambda s: concat_ws(' ', s.port || '/' || s.transport, s.protocol, s.product, s.version))
        AS services,
    list_transform(map_entries(confidence), lambda e: e.key || ': ' || e.value) AS confidence)
FROM device
WHERE $site IS NULL OR site = $site
ORDER BY site, role, manufacturer, manufacturer_model_name, device_id
"""
_SERVICES: Final = """
SELECT site, device_id, ip_addresses, role, manufacturer, port, s.transport, s.protocol, s.encrypted, s.product,
    s.version, s.count AS connections, s.first_seen, s.last_seen, owner, location
FROM service s JOIN device USING (device_id)
WHERE $site IS NULL OR site = $site
ORDER BY site, device_id, port, s.transport, s.protocol, s.encrypted, s.product, s.version
"""
_PUBLIC: Final = """
SELECT * FROM conversation
WHERE (client_public OR server_public) AND ($site IS NULL OR site = $site)
ORDER BY site, first_seen, client_ip, server_ip, server_port, transport, protocol, encrypted, client_device_id,
    server_device_id
"""
_FINDINGS: Final = """
SELECT severity, status, rule, title, site, device_id, ip_address, port, peer, first_seen, last_seen,
    list_transform(evidence, lambda e: e.capture || ', frame ' || e.frame) AS evidence, why, remedy, "references",
    accepted_until, reason, decided_by, finding_id
FROM finding
WHERE $site IS NULL OR site = $site
ORDER BY list_position(['open', 'acknowledged', 'accepted', 'closed'], status),
    severity_rank(severity), rule, site, finding_id
"""
# Where changes are counted from, a site: the end of its first capture, or of the first day where that is earlier.
_BEGIN: Final = """
SELECT site, least(min_by(last_packet, {'first': first_packet, 'last': last_packet}),
    min(first_packet) + INTERVAL 1 DAY) AS since
FROM capture
WHERE $site IS NULL OR site = $site
GROUP BY site
HAVING since < max(last_packet)
ORDER BY site
"""
_CHANGE: Final = "severity change site device_id ip_address device field old new at".split()  # noqa: SIM905
_CAPTURES: Final = """
SELECT name AS capture, * EXCLUDE (name, id) FROM capture
WHERE $site IS NULL OR site = $site
ORDER BY first_packet, last_packet, name, id
"""
SHEETS: Final = {
    "Devices": _DEVICES,
    "Services": _SERVICES,
    "Public conversations": _PUBLIC,
    "Findings": _FINDINGS,
    "Captures": _CAPTURES,
}
CHANGES: Final = "Changes"


class Written(NamedTuple):
    """What is in the workbook: rows a sheet, and what it could not hold, one line each."""

    rows: dict[str, int]
    left_out: list[str]


class _Styles(NamedTuple):
    header: Format
    time: Format


def write_workbook(con: duckdb.DuckDBPyConnection, site: str | None, version: str, file: BinaryIO) -> Written:
    """Write the inventory (of one site) to `file`. `version` is medspan's. Raises OSError."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    about = scope(con, site)
    rows: dict[str, int] = {}
    left_out: list[str] = []
    packed = BytesIO()
    with TemporaryDirectory(prefix="medspan-") as folder:  # for rows, which are not all held in memory
        book = Workbook(packed, {"constant_memory": True, "tmpdir": folder})
        book.set_properties({"title": "Medical device inventory", "created": about.last_packet or _EPOCH})
        cover = book.add_worksheet("Cover")
        styles = _Styles(
            book.add_format({"bold": True, "bottom": 1, "valign": "top"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}),
        )
        for name, statement in SHEETS.items():
            con.execute(statement, {"site": site})
            columns = [str(column[0]) for column in con.description or []]
            rows[name] = _write_sheet(book.add_worksheet(name), columns, _fetched(con), styles, left_out)
        begins = con.execute(_BEGIN, {"site": site}).fetchall()
        changed = (row for begin in begins for row in _changed(con, *begin))
        rows[CHANGES] = _write_sheet(book.add_worksheet(CHANGES), _CHANGE, changed, styles, left_out)
        write_cover(con, book, cover, about, site, version, begins, rows, left_out)
        try:
            book.close()
        except FileCreateError as error:
            raise OSError(*error.args[0].args) from None  # of its own files, below `folder`
    file.write(packed.getbuffer())
    return Written(rows, left_out)


def _fetched(con: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    while some := con.fetchmany(_SAMPLE):
        yield from some


def _changed(con: duckdb.DuckDBPyConnection, site: str, since: datetime) -> Iterator[Sequence[Any]]:
    from inventory.changes.comparing import changes

    for row in changes(con, since, site).result.rows:
        at = row["at"] and datetime.fromisoformat(row["at"]).replace(tzinfo=None)
        yield [*(row[column] for column in _CHANGE[:-1]), at]


def _write_sheet(
    sheet: Worksheet, columns: Sequence[str], rows: Iterable[Sequence[Any]], styles: _Styles, left_out: list[str]
) -> int:
    """Write one table; return how many rows it has, in the sheet or not."""
    headings = [_heading(column) for column in columns]
    for at, heading in enumerate(headings):
        sheet.write_string(0, at, heading, styles.header)
    widths = [len(heading) + 3 for heading in headings]  # with the filter's button
    count = cut = 0
    for count, values in enumerate(rows, 1):
        if count >= MAX_ROWS:
            continue
        for at, value in enumerate(values):
            shown = _write_cell(sheet, count, at, value, styles)
            cut += shown > MAX_TEXT
            if count <= _SAMPLE and shown > widths[at]:
                widths[at] = shown
    for at, width in enumerate(widths):
        sheet.set_column(at, at, min(max(width + 1, _WIDTHS[0]), _WIDTHS[1]))
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.autofilter(0, 0, min(count, MAX_ROWS - 1), len(headings) - 1)
    if count >= MAX_ROWS:
        left_out.append(f"{sheet.name}: only the first {MAX_ROWS - 1:,} of {count:,} rows; export -f csv has all")
    if cut:
        left_out.append(f"{sheet.name}: the end of {cut:,} cells beyond {MAX_TEXT:,} characters; export -f csv has it")
    return count


def _write_cell(sheet: Worksheet, row: int, at: int, value: Any, styles: _Styles) -> int:
    """Write one value; return how long it is, in characters."""
    if isinstance(value, bool):
        sheet.write_boolean(row, at, value)
        return 5
    if isinstance(value, int) and abs(value) <= _EXACT:
        sheet.write_number(row, at, value)
        return len(str(value))
    if isinstance(value, datetime) and value.year >= 1900:
        sheet.write_datetime(row, at, value, styles.time)
        return 19
    text = to_text(plain(value))
    if text:
        sheet.write_string(row, at, text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…")
    return len(text)


def _heading(column: str) -> str:
    """device_serial_number -> Device serial number."""
    words = [
        word.removesuffix("s").upper() + "s" * word.endswith("s") if word.removesuffix("s") in _SHORT else word
        for word in column.split("_")
    ]
    return words[0][:1].upper() + " ".join(words)[1:]
