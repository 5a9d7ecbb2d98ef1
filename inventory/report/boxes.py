"""The boxes of the picture: a site's devices by role, and the organisations outside."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from inventory.export import Row
from inventory.report.shapes import HEAD, PAD, ROW, Box, Line, Marks
from inventory.report.words import ROLES, plural, role_name, sentence

MAX_OUTSIDE: Final = 14  # organisations that are drawn one by one
MORE: Final = "@"  # key of the box of all others

_WIDE, _NARROW, _OUTSIDE = 330, 280, 228  # widths
_CELLS: Final = ((300, 11), (900, 9), (2_500, 7), (10_000, 5))  # devices of a site -> size of a device's mark
_LABEL: Final = 34  # width of "CT" in front of its marks
_CARD, _DETAIL = 28, 13  # heights: an organisation's title, a line beneath
# From the upper left corner of a mark of size 1. What is worse stands out in shape, not in colour alone.
_MARKS: Final = {
    "plain": "m.12 .12h.66v.66h-.66z",
    "ghost": "m.2 .2h.5v.5h-.5z",
    "public": "m.46 -.06l.52 .52l-.52 .52l-.52 -.52z",
    "alarm": "m.46 -.06l.52 .96h-1.04z",
}

# Roles in the middle: they move and keep what others make and read.
MIDDLE: Final = frozenset(
    ("archive", "router", "worklist", "hl7_engine", "information_system", "hl7_receiver", "web_server", "file_server")
)


def role_boxes(devices: list[Row], detailed: bool) -> list[Box]:
    """Return a box for each role there is, in the order of `words.ROLES`."""
    order = {role: at for at, role in enumerate(ROLES)}
    cell = next((size for most, size in _CELLS if len(devices) <= most), 4)
    roles = sorted({str(row["role"]) for row in devices}, key=lambda role: (order.get(role, len(order)), role))
    return [_role_box(role, [row for row in devices if row["role"] == role], detailed, cell) for role in roles]


def _role_box(role: str, members: list[Row], detailed: bool, cell: int) -> Box:
    public = sum(row["public"] for row in members)
    alarming = sum(row["alarming"] for row in members)
    parts = [plural(len(members), role_name(role), role_name(role, 2))]
    if public:
        parts.append(f"{public:,} with public peers")
    if alarming:
        parts.append(f"{alarming:,} with critical or high findings")
    title = sentence(role_name(role, len(members)))
    width = _NARROW if role in MIDDLE else _WIDE
    box = Box(role, title, len(members), "role", width, HEAD, ", ".join(parts))
    if detailed:
        _add_lines(box, members)
    else:
        _add_marks(box, members, cell)
    return box


def _add_lines(box: Box, members: list[Row]) -> None:
    for row in members:
        name = " ".join([*row["modalities"], *([row["name"]] if row["name"] else [])])
        detail = "only in others' messages" if row["addressless"] else row["ip"] or row["device_id"]
        if not name:
            name, detail = detail, ""
        box.lines.append(Line(row["device_id"], name, detail, box.height + ROW / 2, _kind(row)))
        box.height += ROW
    box.height += PAD / 2


def _add_marks(box: Box, members: list[Row], cell: int) -> None:
    groups = [(" ".join(key), list(rows)) for key, rows in groupby(members, key=lambda row: row["modalities"])]
    indent = _LABEL if len(groups) > 1 else 0
    columns = int((box.width - 2 * PAD - indent) // cell)
    for label, rows in groups:
        marks = Marks(label[:5], PAD + indent, box.height, cell, columns, [row["device_id"] for row in rows], {})
        for at, row in enumerate(rows):
            kind = _kind(row)
            down, across = divmod(at, columns)
            marks.paths[kind] = marks.paths.get(kind, "") + f"M{across} {down}{_MARKS[kind]}"
        box.marks.append(marks)
        box.height += max(-(-len(rows) // columns) * cell, 13 if indent else 0) + 3
    box.height += PAD - 3


def _kind(row: Row) -> str:
    if row["alarming"]:
        return "alarm"
    return "public" if row["public"] else "ghost" if row["addressless"] else "plain"


def outside_boxes(organisations: list[Row]) -> tuple[list[Box], dict[str, str]]:
    """Return a box for each organisation, and for those that have none the key of the box that stands for them."""
    shown = organisations if len(organisations) <= MAX_OUTSIDE else organisations[: MAX_OUTSIDE - 1]
    rest = organisations[len(shown) :]
    boxes = [_outside_box(row) for row in shown]
    if rest:
        devices = f"up to {max(row['devices'] for row in rest):,} devices each"
        box = Box(MORE, f"{len(rest):,} more", len(rest), "more", _OUTSIDE, _CARD, devices)
        box.details = ["listed under Exposure", devices]
        box.height += _DETAIL * len(box.details)
        boxes.append(box)
    return boxes, {"@" + row["organisation"]: MORE for row in rest}


def _outside_box(row: Row) -> Box:
    addresses = [address for address in row["addresses"] if address != row["organisation"]]
    where = [
        *(["partner"] if row["expected"] else []),
        *row["countries"],
        *(
            row["names"][:1] or addresses[:1]
            if len(addresses) <= 1
            else [plural(len(addresses), "address", "addresses")]
        ),
    ]
    how = f"{plural(row['devices'], 'device')}, {', '.join(row['protocols'][:3])}"
    alarm = "patient data in clear" if row["in_clear"] else ""
    state = "" if row["answered"] else "no answer seen"
    kind = "partner" if row["expected"] else "outside"
    summary = ", ".join(part for part in (*where, how, alarm, state) if part)
    box = Box("@" + row["organisation"], row["organisation"], row["devices"], kind, _OUTSIDE, _CARD, summary)
    box.details = [part for part in (" · ".join(where), how, alarm or state) if part]
    box.height += _DETAIL * len(box.details)
    box.alarming = bool(alarm)
    return box
