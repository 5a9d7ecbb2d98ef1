"""RDP beyond the plain conversations: what servers choose, and core data that are not there."""

from __future__ import annotations

import struct

import pytest

from parsers.rdp import Rdp
from parsers.records import Side
from parsers.stream import StreamBuffer
from tests.parsers.building import CONNECT_INITIAL, CORE_DATA, RDP_REQUEST, rdp_confirm, tpkt, x224
from tests.parsers.feeding import PSEUDONYM, feed

C, S = Side.CLIENT, Side.SERVER


def run(*turns: tuple[Side, bytes]) -> tuple[Rdp, list[tuple[str, str]], dict[Side, StreamBuffer]]:
    parser, streams, said = Rdp(PSEUDONYM), {side: StreamBuffer() for side in Side}, []
    for side, data in turns:
        streams[side].append(data)
        said += [(row.attribute, row.value) for row in parser.read(side, streams[side])]
    return parser, said, streams


@pytest.mark.parametrize(
    ("protocol", "security"), [(0, "rdp"), (1, "tls"), (2, "credssp"), (4, "rdstls"), (8, "credssp")]
)
def test_what_a_server_chooses(protocol: int, security: str) -> None:
    parser, said, _ = run((C, RDP_REQUEST), (S, rdp_confirm(protocol)))
    assert said == [("rdp_security", security)]
    assert parser.handover is (protocol != 0)
    assert not parser.finished


def test_tls_is_left_to_its_parser() -> None:
    hello = b"\x16\x03\x01\x00\x05"
    parser, _, streams = run((C, RDP_REQUEST), (S, rdp_confirm(1)), (C, hello))
    assert parser.handover
    assert streams[C].peek(5) == hello


def test_a_server_of_old_and_one_that_refuses() -> None:
    assert run((S, x224(0xD0)))[1] == [("rdp_security", "rdp")]
    parser, said, _ = run((S, x224(0xD0, struct.pack("<BBHI", 3, 0, 8, 2))))
    assert said == []
    assert parser.finished


@pytest.mark.parametrize("name", ["Bob's MacBook", "", "\x1b[31m", "10.0.0.1"])
def test_a_name_that_is_no_hosts_is_left_out(name: str) -> None:
    core = CORE_DATA[:24] + name.encode("utf-16-le").ljust(32, b"\0") + CORE_DATA[56:]
    assert run((C, CONNECT_INITIAL.replace(CORE_DATA, core)))[1] == [("rdp_client", '{"ClientBuild":"2600"}')]


@pytest.mark.parametrize(
    "packet",
    [
        tpkt(b"\x02\xf0\x80\x7f\x65"),
        tpkt(b"\x02\xf0\x80\x7f\x65Duca"),
        tpkt(b"\x02\xf0\x80\x7f\x65Duca\x10" + CORE_DATA[:40]),
        tpkt(b"\x02\xf0\x80\x7f\x65Duca\x10" + b"\2\xc0\0\0" * 3000),
        tpkt(b"\x02\xf0\x80\x7f\x66" + bytes(20)),
        tpkt(bytes(3)),
        b"\x03\0\0\0",
        b"\x17\x03\x03\x40\x00",
    ],
)
def test_without_core_data(packet: bytes) -> None:
    parser, said, _ = run((C, packet))
    assert said == []
    assert parser.finished


def test_a_user_is_never_said() -> None:
    for turns in ([(C, RDP_REQUEST)], [(C, RDP_REQUEST), (S, rdp_confirm(0)), (C, CONNECT_INITIAL)]):
        assert "PHICANARY" not in repr(feed(Rdp, turns))
