"""Sampling: recognise that a data set says what an earlier one said, without decoding it.

The objects of a series repeat their equipment byte for byte, so a `Template` keeps the raw encodings (tag, VR, length,
value) of what was read from one object. In the next one they are looked up with `bytes.find`, in the order of their
tags, as data elements are sorted (PS3.5 7.1): each must be followed by the same tag as before, and in the gap between
two of them no tag may occur that is wanted there. So a changed value, an element that is gone and one that is new are
all found: a new one lies in the gap, and an old encoding that lives on in a sequence lies behind it. A coincidence of
bytes makes the data set be read again, and no more; where wanted tags do occur in a gap, inside a sequence, there is no
template, and every object is read.

Series Instance UID is the last element looked up, so a template speaks for one series, whichever association its
objects come in; what lies behind it (private creators of group 0021 and up) is taken to be constant in a series. The
Contributing Equipment Sequence is kept whole, as one element. Of the patient only the header of one element that names
them is kept, never its value, to know that there still is one.

What can't be seen: an element moved from the top level into a sequence together with the tag behind it, with nothing
wanted between its old place and its new one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from parsers.dicom.dataset import SERIES_INSTANCE_UID, Head
from parsers.dicom.equipment import (
    EQUIPMENT_TAGS,
    PATIENT_TAGS,
    carries_patient,
    equipment,
    is_private_creator,
    names_patient,
    series_of,
)

MAX_TEMPLATES: Final = 16
_SLACK = 256  # other elements may be longer in the next object

_LITTLE_TAG, _BIG_TAG = Struct("<HH"), Struct(">HH")


class Content(NamedTuple):
    """What a C-STORE data set says."""

    equipment: str | None
    series: str | None
    patient: bool


def content_of(head: Head) -> Content:
    """Extract what is wanted of a data set that was read."""
    return Content(equipment(head), series_of(head), carries_patient(head))


class _Step(NamedTuple):
    needle: bytes  # the encoding of neighbouring elements, and the tag that follows them
    advance: int  # of which the elements
    gap: tuple[bytes, ...]  # wanted tags that must not occur between the previous step and this


@dataclass(frozen=True, slots=True)
class Template:
    """How to recognise the data sets that say `content`."""

    content: Content
    steps: tuple[_Step, ...]
    reach: int  # bytes of a data set that are enough to recognise it

    def matches(self, head: bytes | bytearray) -> bool:
        """Say whether `head`, the first bytes of a data set, says the same."""
        at = 0
        for needle, advance, gap in self.steps:
            found = head.find(needle, at)
            if found < 0:
                return False
            for tag in gap:
                if head.find(tag, at, found) >= 0:
                    return False
            at = found + advance
        return True


def template_of(data: bytes | bytearray, head: Head, content: Content) -> Template | None:
    """Return the template of a data set of which `data` was read as `head`.

    None when it names no series, when its elements are out of order, or when a wanted tag occurs in a gap.
    """
    runs = _runs(head) if content.series else []
    code = _LITTLE_TAG if head.syntax.little else _BIG_TAG
    steps = []
    at = 0
    for run in runs:
        needle = bytes(data[run.start : run.stop])
        found = data.find(needle, at)
        gap = tuple(code.pack(tag >> 16, tag & 0xFFFF) for tag in run.gap)
        if any(data.find(tag, at, found) >= 0 for tag in gap):
            return None
        steps.append(_Step(needle, run.end - run.start, gap))
        at = found + run.end - run.start
    return Template(content, tuple(steps), at + _SLACK) if steps else None


class _Run(NamedTuple):
    gap: list[int]  # tags to watch for in front of it
    start: int
    end: int
    stop: int  # end of the needle


def _runs(head: Head) -> list[_Run]:
    """Return the stretches of wanted elements that lie side by side, up to the series; [] when out of order."""
    # One element that names the patient is enough; where none does, all three are watched.
    named = next((tag for tag in PATIENT_TAGS if names_patient(head.raw(tag))), None)
    wanted = EQUIPMENT_TAGS | ({named} if named else set(PATIENT_TAGS))
    runs: list[_Run] = []
    previous = 0
    for tag, (_, start, end, _) in head.elements.items():
        if tag <= previous or tag > SERIES_INSTANCE_UID:
            return []
        if tag not in wanted and not is_private_creator(tag):
            continue
        run = _Run([t for t in wanted if previous < t <= tag], start, end, end + 4)
        if tag == named:
            run = run._replace(end=start + 8, stop=start + 8)
        if runs and runs[-1].end == start:
            run = run._replace(gap=runs[-1].gap, start=runs.pop().start)
        runs.append(run)
        if tag == SERIES_INSTANCE_UID:
            return runs
        previous = tag
    return []


class Templates:
    """The templates most recently of use, to recognise the first object of the next association."""

    def __init__(self) -> None:
        self._recent: deque[Template] = deque(maxlen=MAX_TEMPLATES)

    def match(self, data: bytes | bytearray) -> Template | None:
        """Return the template that recognises `data`."""
        for template in self._recent:
            if template.matches(data):
                if template is not self._recent[0]:
                    self._recent.remove(template)
                    self._recent.appendleft(template)
                return template
        return None

    def add(self, template: Template) -> None:
        """Remember `template`, and forget the one that was of no use for the longest time."""
        self._recent.appendleft(template)
