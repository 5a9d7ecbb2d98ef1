"""DCE/RPC beyond the plain conversation."""

from __future__ import annotations

import struct

import pytest

from parsers.dcerpc import DceRpc
from parsers.malformed import Malformed
from parsers.records import Side
from tests.parsers.building import challenge
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way

C, S = Side.CLIENT, Side.SERVER


def pdu(kind: int, body: bytes = b"", auth: int = 0, length: int | None = None) -> bytes:
    length = 16 + len(body) if length is None else length
    return struct.pack("<BBBB4sHHI", 5, 0, kind, 3, b"\x10\0\0\0", length, auth, 1) + body


def test_requests_end_it() -> None:
    token = challenge()
    assert feed_every_way(DceRpc, [(C, pdu(0, bytes(30))), (S, pdu(12, token, len(token)))]) == []


def test_names_in_an_answer_only() -> None:
    token = challenge()
    said = [(row.side, row.value) for row in feed_every_way(DceRpc, [(S, pdu(12, bytes(40) + token, len(token)))])]
    assert (S, "pacs01.rad.example") in said
    assert feed(DceRpc, [(S, pdu(12, bytes(40) + token, 10))]) == []  # not in the verifier
    assert feed(DceRpc, [(S, pdu(12, bytes(40), 60000))]) == []


@pytest.mark.parametrize(
    "data", [pdu(11, length=15), pdu(11, length=0), b"GET / HTTP/1.1\r\n", b"\5\0\x0b\3\0" + bytes(20)]
)
def test_broken(data: bytes) -> None:
    with pytest.raises(Malformed):
        feed(DceRpc, [(C, data)])


def test_endless_binds() -> None:
    parser = DceRpc(PSEUDONYM)
    assert not parser.finished
    assert feed(DceRpc, [(C, pdu(11, bytes(40)) * 5000)]) == []
