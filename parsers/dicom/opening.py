"""How an association was opened: what the request and its answer say, together where it takes both to know."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from parsers.dicom.dataset import Syntax
from parsers.dicom.half import Statement
from parsers.dicom.negotiation import Saying, accept_sayings, context_syntaxes, negotiated_sayings, request_sayings
from parsers.dicom.pdu import FIXED, TITLES_END, Associate, read_associate, read_reject
from parsers.records import Evidence, Side
from parsers.text import canonical

Statements = tuple[Statement, ...]

MAX_IMPLIED: Final = 16  # SOP classes told of an association whose answer was not captured


class Opening:
    """The request and its answer, read in either order; the answer may not have been captured at all."""

    __slots__ = ("_answer", "_implied", "_rejected", "_request", "client", "speaker", "syntaxes")

    def __init__(self) -> None:
        self.client: Side | None = None  # the requestor
        self.speaker: str | None = None  # the requestor's implementation and AE title
        self.syntaxes: dict[int, Syntax] = {}  # of the accepted presentation contexts
        self._request: Associate | None = None
        self._answer: Associate | None = None
        self._rejected = False
        self._implied: set[str] = set()

    @property
    def refused(self) -> bool:
        """Both the request and its rejection were seen: nothing follows."""
        return self._rejected and self._request is not None

    def requested(self, side: Side, body: bytes) -> Statements:
        """An A-ASSOCIATE-RQ from `side`."""
        request = read_associate(body)
        if self._request is not None:  # another association on the same connection
            self._answer, self.syntaxes = None, {}
            self._implied.clear()
        self.client = side
        self.speaker = f"{request.implementation_class_uid or ''} {request.calling_ae_title}".strip() or None
        self._request = request
        return _said(side, request_sayings, request) + self._answered(side.other)

    def requested_in_part(self, side: Side, body: bytes) -> Statements:
        """The beginning of an A-ASSOCIATE-RQ whose rest is lost: only its titles are told."""
        return self.requested(side, body[:TITLES_END].ljust(FIXED, b"\0"))

    def accepted(self, side: Side, body: bytes) -> Statements:
        """An A-ASSOCIATE-AC from `side`."""
        self.client = side.other
        self._answer = answer = read_associate(body)
        self.syntaxes = context_syntaxes(answer)
        return _said(side, accept_sayings, answer) + self._answered(side)

    def rejected(self, side: Side, body: bytes) -> Statements:
        """An A-ASSOCIATE-RJ from `side`."""
        self.client, self._rejected = side.other, True
        return ((side, "association", canonical(read_reject(body)), Evidence.PEER), *self._answered(side))

    def used(self, side: Side, sop_class: str | None) -> Statements:
        """A message of `sop_class` from `side`.

        A requestor sends messages only over what was accepted (PS3.8 9.2.3), so where its request was captured and
        the answer was not, each SOP class it uses tells what the answer said.
        """
        request, implied = self._request, self._implied
        if request is None or self._answer is not None or side is not self.client or sop_class is None:
            return ()
        if sop_class in implied or len(implied) >= MAX_IMPLIED:
            return ()
        said: Statements = (
            (side, "scu_sop_classes", canonical([sop_class]), Evidence.PEER),
            (side.other, "scp_sop_classes", canonical([sop_class]), Evidence.CLAIM),
        )
        if not implied and request.called_ae_title:
            said += ((side.other, "accepted_ae_title", request.called_ae_title, Evidence.CLAIM),)
        implied.add(sop_class)
        return said

    def _answered(self, acceptor: Side) -> Statements:
        if self._request is None:
            return ()
        if self._answer is not None:
            return _said(acceptor, negotiated_sayings, self._request, self._answer)
        if self._rejected and self._request.called_ae_title:
            return ((acceptor, "rejected_ae_title", self._request.called_ae_title, Evidence.CLAIM),)
        return ()


@lru_cache(maxsize=256)
def _said(side: Side, sayings: Callable[..., tuple[Saying, ...]], *pdus: Associate) -> Statements:
    """Return what `sayings` makes of `pdus` as statements: the same few PDUs are met all day."""
    return tuple(
        (side if mine else side.other, attribute, value, evidence)
        for mine, attribute, value, evidence in sayings(*pdus)
    )
