"""What the picture is made of. Sizes are SVG user units; the picture is `WIDTH` of them wide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from inventory.export import Row

WIDTH: Final = 1220
HEAD, ROW, PAD, GAP = 32, 20, 10, 16  # heights: a box's title, a device's row, what is left free


@dataclass(slots=True)
class Line:
    """One device of a small site, as a row of its box."""

    device_id: str
    name: str
    detail: str
    y: float  # of its middle, within the box
    kind: str  # alarm (critical or high findings), public (has public peers), ghost (never seen itself), plain


@dataclass(slots=True)
class Marks:
    """Devices of one kind (modality) in a box: one mark each, `columns` in a row."""

    label: str
    x: float  # within the box
    y: float
    cell: float  # size of a mark
    columns: int
    device_ids: list[str]
    paths: dict[str, str]  # kind, as of a `Line` -> path, where a mark is of size 1


@dataclass(slots=True)
class Box:
    """A role, or an organisation outside."""

    key: str
    title: str
    count: int
    kind: str  # role, outside, partner, more
    width: float
    height: float
    summary: str  # of what is in it, in words
    x: float = 0
    y: float = 0
    lines: list[Line] = field(default_factory=list)
    marks: list[Marks] = field(default_factory=list)
    details: list[str] = field(default_factory=list)  # text beneath the title
    alarming: bool = False

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(slots=True)
class Link:
    """A line from who opened to who answered."""

    ends: tuple[int, int]  # numbers of the boxes
    path: str
    width: float
    kind: str  # inside, clear (patient data, inside), public, alarm (patient data across the border), tried
    summary: str


@dataclass(slots=True)
class Picture:
    """One site's picture."""

    site: str
    height: float
    boxes: list[Box]
    links: list[Link]
    border: float  # x of the site's border; what is right of it is outside
    detailed: bool  # devices have names
    rows: list[Row]  # the same in words: `Traffic.links`, with the names of both ends
