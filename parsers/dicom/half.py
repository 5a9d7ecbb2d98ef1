"""One direction of an association: where its PDUs and PDVs end, and the message that is under way in it."""

from __future__ import annotations

from typing import Final

from parsers.dicom.dimse import Command
from parsers.dicom.probe import find_pdu
from parsers.dicom.template import Template
from parsers.records import Evidence, Side
from parsers.stream import StreamBuffer

Statement = tuple[Side, str, str, Evidence]

NO_FRAGMENT: Final = -1
UNKNOWN: Final = -1
_SEARCHED: Final = 1 << 14  # bytes looked at in one go for the next PDU


class Half:
    """O(1) state: at most one command set and one data set head are kept. Ends are stream offsets."""

    __slots__ = (
        "command",
        "command_set",
        "context",
        "control",
        "damaged",
        "fragment_end",
        "gapped",
        "head",
        "head_end",
        "in_p_data",
        "lost",
        "message_context",
        "pdu_end",
        "pending",
        "pending_offset",
        "said",
        "synced",
        "template",
        "wanted",
    )

    def __init__(self) -> None:
        self.synced = False  # a PDU was recognised
        self.gapped = False  # bytes were lost since the last read
        self.damaged = False  # the place was lost before: what does not fit is searched through, not Malformed
        self.lost = False  # the place in the stream is not known
        self.pdu_end = UNKNOWN
        self.in_p_data = False
        self.fragment_end = 0
        self.context = 0
        self.control = NO_FRAGMENT  # message control header of the fragment being read
        self.command_set = bytearray()
        self.command: Command | None = None  # that announced the data set under way
        self.message_context = 0
        self.head = bytearray()  # of the data set under way
        self.head_end = 0
        self.wanted = 0  # bytes of the data set to collect in `head`; 0: it is skipped
        self.said: tuple[Statement, ...] = ()  # by the data set under way, told at its end
        self.template: Template | None = None  # that recognised the last object
        self.pending: tuple[Statement, ...] = ()  # by a data set that ends in bytes still to come
        self.pending_offset = 0

    def open_fragment(self, end: int, context: int, control: int) -> None:
        """A PDV header was read."""
        self.fragment_end = end
        self.context = context
        self.control = control

    def lose_place(self, stream: StreamBuffer) -> None:
        """Bytes were lost or make no sense: forget the message under way; go on at the PDU's end if it is known."""
        self.damaged = True
        self.in_p_data = False
        self.control = NO_FRAGMENT
        self.command_set.clear()
        self.end_message()
        self.lost = stream.offset > self.pdu_end
        if not self.lost:
            stream.skip(self.pdu_end - stream.offset)

    def end_message(self) -> None:
        """The data set under way is over."""
        self.command = None
        self.wanted = 0
        self.head.clear()
        self.said = ()

    def find_place(self, stream: StreamBuffer) -> bool:
        """Go to the next plausible PDU; False when none has arrived yet."""
        while stream.available:
            data = stream.peek(_SEARCHED)
            at, found = find_pdu(data, len(data) < stream.available, stream.closed)
            stream.skip(at)
            if found:
                self.lost = False
                self.synced = True
                return True
            if not at:
                return False
        return False
