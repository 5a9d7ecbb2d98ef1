"""Which protocol a stream speaks, by its content on any port."""

from __future__ import annotations

from parsers.protocol import Parser
from parsers.records import Match, Side
from parsers.registry import PARSERS

HEAD = 512  # bytes a probe is shown


def identify(head: bytes, side: Side) -> tuple[type[Parser] | None, bool]:
    """Return the parser class that claims `head`, and whether one of them would like to see more."""
    undecided = False
    for parser in PARSERS:
        match = parser.probe(head, side)
        if match is Match.YES:
            return parser, False
        undecided |= match is Match.MORE
    return None, undecided and len(head) < HEAD
