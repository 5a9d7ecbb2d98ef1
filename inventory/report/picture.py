"""The picture of who talks to whom: a site's devices by role on the left, who is outside on the right.

What makes, measures or reads images stands on the left, what moves and keeps them in the middle. The devices of a small
site are rows with their names; those of a large one are marks, one each, so that the size of a box is the number of its
devices. Lines go from who opened to who answered. Nothing is left to chance: the same inventory is drawn alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from math import log10
from typing import Any, Final, NamedTuple

from inventory.export import Row
from inventory.report.boxes import MIDDLE, outside_boxes, role_boxes
from inventory.report.shapes import GAP, Box, Link, Picture
from inventory.report.traffic import Traffic
from inventory.report.words import plural, role_name, sentence, size

_LEFT_X, _MIDDLE_X, _OUTSIDE_X = 46, 530, 986
_BORDER: Final = 912
_TOP: Final = 40
_LANE: Final = 12  # height of the way between two boxes of the middle, for lines that pass


class _End(NamedTuple):
    box: Box
    line: float | None  # y of the device's row, where there is one


def draw(seen: Traffic) -> Picture:
    """Lay out what was seen at one site."""
    roles = role_boxes(seen.devices, seen.detailed)
    outside, moved = outside_boxes(seen.outside)
    middle = [box for box in roles if box.key in MIDDLE] or roles
    left = [box for box in roles if box not in middle]
    homes = {row["device_id"]: row["role"] for row in seen.devices} if seen.detailed else {}
    crossing = {homes.get(end, end) for row in seen.links if row["crossing"]
                for end in (row["source"], row["target"])}  # fmt: skip
    passing = [box for box in left if box.key in crossing]
    height = _TOP + GAP + max(_height(left), _height(middle) + _LANE * len(passing), _height(outside))
    _stack(left, _LEFT_X, height)
    _stack(outside, _OUTSIDE_X, height)
    lanes = _stack_with_lanes(middle, passing, height)
    boxes = [*left, *middle, *outside]
    ends = {box.key: _End(box, None) for box in boxes}
    ends |= {line.device_id: _End(box, box.y + line.y) for box in boxes for line in box.lines}
    links = _links(_merged(seen.links, moved), boxes, ends, lanes)
    rows = [{**row, "from": _name(row["source"], ends), "to": _name(row["target"], ends)} for row in seen.links]
    return Picture(seen.site, height, boxes, links, _BORDER, seen.detailed, rows)


def _height(column: list[Box]) -> float:
    return sum(box.height + GAP for box in column)


def _stack(column: list[Box], x: float, height: float) -> None:
    """Give each box of a column its place, the column in the middle of `height`."""
    y = _TOP + (height - _TOP - _height(column)) / 2
    for box in column:
        box.x, box.y = x, y
        y += box.height + GAP


def _stack_with_lanes(column: list[Box], passing: list[Box], height: float) -> dict[str, float]:
    """Place the middle, leaving a lane for the lines of each box of the left that has any to the outside.

    Returns the lanes' y by the key of the box. Each is in the gap that is nearest to its box.
    """
    _stack(column, _MIDDLE_X, height - _LANE * len(passing))
    gaps = [box.y - GAP / 2 for box in column] + [(column[-1].y + column[-1].height + GAP / 2) if column else _TOP]
    wanted = [min((abs(gap - box.middle), at) for at, gap in enumerate(gaps))[1] for box in passing]
    lanes: dict[str, float] = {}
    shift = 0
    for at in range(len(gaps)):
        for box, gap in zip(passing, wanted, strict=True):
            if gap == at:
                lanes[box.key] = gaps[at] + shift + _LANE / 2
                shift += _LANE
        if at < len(column):
            column[at].y += shift
    return lanes


def _merged(rows: list[Row], moved: dict[str, str]) -> list[Row]:
    """Sum what has the same ends in the picture: organisations that are not drawn one by one share a box."""
    found: dict[tuple[str, str, bool], Row] = {}
    for row in rows:
        source, target = (moved.get(key, key) for key in (str(row["source"]), str(row["target"])))
        known = found.setdefault((source, target, row["established"]), {**row, "source": source, "target": target,
            "pairs": 0, "connections": 0, "bytes": 0})  # fmt: skip
        for key in ("pairs", "connections", "bytes"):
            known[key] += row[key]
        known["in_clear"] |= row["in_clear"]
        known["protocols"] = sorted({*known["protocols"], *row["protocols"]})
    return list(found.values())


def _links(rows: list[Row], boxes: list[Box], ends: dict[str, _End], lanes: dict[str, float]) -> list[Link]:
    numbers = {box.key: at for at, box in enumerate(boxes)}
    drawn = []
    for row in rows:
        source, target = ends.get(row["source"]), ends.get(row["target"])
        crosses = row["crossing"]
        if source and target and source.box is not target.box and (row["established"] or crosses):
            drawn.append((row, source, target))
    place = _places([(source, target) for _, source, target in drawn])
    links = []
    for number, (row, source, target) in enumerate(drawn):
        path = _path(source.box, place[number, 0], target.box, place[number, 1], lanes)
        width = (2.2 if row["crossing"] and row["established"] else 1.2) + 1.1 * log10(row["pairs"])
        summary = f"{_name(row['source'], ends)} \u2192 {_name(row['target'], ends)}: {describe(row)}"
        both = (numbers[source.box.key], numbers[target.box.key])
        links.append(Link(both, path, round(width, 1), _kind(row), summary))
    return links


def _kind(row: Row) -> str:
    if row["crossing"]:
        return ("alarm" if row["in_clear"] else "public") if row["established"] else "tried"
    return "clear" if row["in_clear"] else "inside"


def describe(row: Row) -> str:
    """Say what crossed between two ends."""
    parts = [
        ", ".join(row["protocols"]),
        plural(row["pairs"], "pair"),
        plural(row["connections"], "connection"),
        size(row["bytes"]),
    ]
    if row["in_clear"]:
        parts.append("patient data in clear")
    return "; ".join([*parts, *([] if row["established"] else ["no answer seen"])])


def _name(key: str, ends: dict[str, _End]) -> str:
    """What an end is called: a device by its row, a role by its name, an organisation by its own."""
    end = ends.get(key)
    if end is None or end.box.kind != "role":
        return end.box.title if end else key.removeprefix("@")
    if end.line is None:
        return sentence(role_name(key, 2))
    line = next(line for line in end.box.lines if line.device_id == key)
    return f"{line.name} ({line.detail})" if line.detail else line.name


def _places(pairs: list[tuple[_End, _End]]) -> dict[tuple[int, int], float]:
    """Where each line meets its boxes: at the device's row, or spread over the box's height without crossings."""
    places = {}
    sides: defaultdict[tuple[str, bool], list[tuple[float, int, int, _End]]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        for which, end in enumerate(pair):
            other = pair[1 - which]
            if end.line is not None:
                places[number, which] = end.line
            else:
                height = other.box.middle if other.line is None else other.line
                sides[end.box.key, other.box.x > end.box.x].append((height, number, which, end))
    order: Callable[[Any], Any] = lambda item: item[:3]  # noqa: E731
    for lines in sides.values():
        box = lines[0][3].box
        step = min(14.0, (box.height - 12) / len(lines))
        start = box.middle - step * (len(lines) - 1) / 2
        for at, (_, number, which, _end) in enumerate(sorted(lines, key=order)):
            places[number, which] = start + at * step
    return places


def _path(source: Box, from_y: float, target: Box, to_y: float, lanes: dict[str, float]) -> str:
    a, b = round(from_y, 1), round(to_y, 1)
    if source.x == target.x:  # round the outer side of the column
        x, bulge = (source.x, -44) if source.x == _LEFT_X else (source.x + source.width, 60)
        return f"M{x:g} {a:g}C{x + bulge:g} {a:g} {x + bulge:g} {b:g} {x:g} {b:g}"
    forth = source.x < target.x
    x1, x2 = (source.x + source.width, target.x) if forth else (source.x, target.x + target.width)
    if {source.x, target.x} == {_LEFT_X, _OUTSIDE_X}:
        near = source if forth else target
        lane = round(lanes.get(near.key, near.middle), 1)
        enter, leave = (_MIDDLE_X, _BORDER - 90) if forth else (_BORDER - 90, _MIDDLE_X)
        return f"M{x1:g} {a:g}" + _curve(x1, a, enter, lane) + f"H{leave:g}" + _curve(leave, lane, x2, b)
    return f"M{x1:g} {a:g}" + _curve(x1, a, x2, b)


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    half = (x1 + x2) / 2
    return f"C{half:g} {y1:g} {half:g} {y2:g} {x2:g} {y2:g}"
