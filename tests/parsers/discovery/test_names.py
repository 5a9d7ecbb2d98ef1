"""Names in DNS messages: as sent, compressed, and hostile."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, dns_compress

from parsers.discovery import names
from parsers.discovery.addresses import host_address, host_mac, reverse_address
from parsers.discovery.names import MAX_RECORDS, is_message, name_text, read_message, read_name, wire_name
from parsers.malformed import Malformed

NAME = r"[a-zA-Z0-9-]{1,12}(\.[a-zA-Z0-9-]{1,12}){0,4}"
HEADER = b"\0\1\x84\0\0\1\0\1\0\0\0\0"
LONGEST = b"".join(bytes([63]) + letter * 63 for letter in (b"a", b"b", b"c")) + bytes([61]) + b"d" * 61 + b"\0"


def record(name: bytes, kind: int, data: bytes, record_class: int = 1) -> bytes:
    return name + struct.pack(">HHIH", kind, record_class, 120, len(data)) + data


@pytest.mark.parametrize(
    ("wire", "at", "name", "end"),
    [
        (b"\0", 0, b"", 1),
        (b"\3www\7example\3org\0rest", 0, b"www.example.org", 17),
        (b"\3org\0\7example\xc0\0!", 5, b"example.org", 15),
        (b"\3org\0\7example\xc0\0\3WWW\xc0\5", 15, b"WWW.example.org", 21),
        (b"\3org\0\xc0\0", 5, b"org", 7),
        (b"\0\1a\xc0\0", 1, b"a", 5),
        (b"\4a.b.\5local\0", 0, b"a\\.b\\..local", 12),
        (b"\2\xc3\xa9\0", 0, b"\xc3\xa9", 4),
        (LONGEST, 0, LONGEST[1:64] + b"." + LONGEST[65:128] + b"." + LONGEST[129:192] + b"." + LONGEST[193:254], 255),
    ],
)
def test_names(wire: bytes, at: int, name: bytes, end: int) -> None:
    known: dict[int, bytes] = {}
    assert read_name(wire, at, known) == (name, end)
    assert read_name(wire, at, known) == (name, end)  # once it is known, too
    assert known[at] == name


@pytest.mark.parametrize(
    ("wire", "at", "reason"),
    [
        (b"\xc0\0", 0, "compression pointer that does not lead back"),  # to itself
        (b"\xc0\2\xc0\0", 0, "compression pointer that does not lead back"),  # forward
        (b"\1a\xc0\0", 0, "compression pointer that does not lead back"),  # to its own beginning
        (b"\1a\xc0\4\xc0\0", 4, "compression pointer that does not lead back"),  # in a ring
        (b"\xc0\xff", 0, "compression pointer that does not lead back"),
        (b"\1a\x40", 0, "label of an unknown type"),
        (b"\x80\0", 0, "label of an unknown type"),
        (b"", 0, "name cut short"),
        (b"\3ww", 0, "name cut short"),
        (b"\3www", 0, "name cut short"),
        (b"\0\xc0", 1, "name cut short"),
        (b"\1z" + LONGEST, 0, "name too long"),
        (LONGEST + b"\1z\xc0\0", 255, "name too long"),
        (b"\x01a" * 200 + b"\0", 0, "name too long"),
    ],
)
def test_broken_names(wire: bytes, at: int, reason: str) -> None:
    with pytest.raises(Malformed) as broken:
        read_name(wire, at, {})
    assert broken.value.reason == reason


def test_a_chain_of_pointers_is_followed_just_so_far() -> None:
    chain = b"\1a\0\xc0\0" + b"".join(struct.pack(">H", 0xC000 + at) for at in range(3, 200, 2))
    assert read_name(chain, 3 + 2 * 63, {}) == (b"a", 3 + 2 * 64)
    with pytest.raises(Malformed, match="does not lead back"):
        read_name(chain, 3 + 2 * 64, {})


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.from_regex(r"[a-zA-Z0-9-]{1,12}(\.[a-zA-Z0-9-]{1,12}){0,4}", fullmatch=True), min_size=1, max_size=8)
)
def test_compressed_names_are_those_of_an_independent_reader(owners: list[str]) -> None:
    message = DNS(
        qr=1, qd=[DNSQR(qname=owners[0])], an=[DNSRR(rrname=name, type="CNAME", rdata=name) for name in owners]
    )
    compressed = bytes(dns_compress(message))  # scapy sometimes points at a longer name than it means to
    expected = [(row.rrname[:-1], row.rdata[:-1]) for row in DNS(compressed).an]
    read = read_message(compressed)
    assert read.fault is None
    assert read.questions == [owners[0].encode()]
    assert [(row.name, row.target) for row in read.answers] == expected
    assert [row.name.decode() for row in read_message(bytes(message)).answers] == owners


def test_no_more_records_are_read_than_wanted() -> None:
    rows = b"".join(record(b"\1a\0", 1, bytes(4)) for _ in range(3000))
    read = read_message(b"\0\1\x84\0\0\0\x0b\xb8\0\0\0\0" + rows)
    assert len(read.answers) == MAX_RECORDS
    assert read.fault is not None and read.fault.reason == "too many records"
    for counts in ((0, MAX_RECORDS, 0, 0), (0, 10, 30, MAX_RECORDS - 40), (1, 0, 0, MAX_RECORDS - 1)):
        questions = b"\1q\0\0\1\0\1" * counts[0]
        read = read_message(b"\0\1\x84\0" + struct.pack(">4H", *counts) + questions + rows)
        assert read.fault is None
        assert (len(read.answers), len(read.additionals)) == (counts[1], counts[3])
        assert read_message(read_back(counts) + questions + rows).fault is not None
    questions = b"\0\0\1\0\1" * 65535
    read = read_message(b"\0\1\x84\0\xff\xff\0\0\0\0\0\0" + questions)
    assert len(read.questions) == MAX_RECORDS and read.fault is not None


def read_back(counts: tuple[int, ...]) -> bytes:
    """The header of a message of one additional record more."""
    return b"\0\1\x84\0" + struct.pack(">4H", *counts[:3], counts[3] + 1)


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (b"", "name cut short"),
        (b"\1q\0", "question cut short"),
        (b"\1q\0\0\1\0\1\1a\0\0\1\0\1", "record cut short"),
        (b"\1q\0\0\1\0\1" + record(b"\1a\0", 1, bytes(4))[:-1], "record cut short"),
        (b"\1q\0\0\1\0\1" + record(b"\1a\0", names.CNAME, b"\3www"), "name cut short"),
        (b"\1q\0\0\1\0\1" + record(b"\1a\0", names.CNAME, b"\3ww") + b"w\0", "name reaches out of its record"),
        (b"\1q\0\0\1\0\1" + record(b"\1a\0", names.SRV, b"\0\0\0\0\0P"), "name cut short"),
    ],
)
def test_broken_messages(tail: bytes, reason: str) -> None:
    fault = read_message(HEADER + tail).fault
    assert fault is not None and fault.reason == reason


def test_messages_are_told_by_their_header() -> None:
    assert not any(is_message((HEADER + b"\1a\0")[:n]) for n in range(13))
    assert is_message(HEADER + b"\1a\0")
    assert not is_message(HEADER[:4] + bytes(8) + b"\1a\0")
    assert not is_message(HEADER + b"\x50")


@pytest.mark.parametrize(
    "unit",
    [b"\x3f" + b"n" * 63, b"\1n", b"\xc0\x0c", b"\0", struct.pack(">H", 0xC00E), b"\1a\0\0\1\0\1\0\0\0\0\0\0"],
)
def test_64_kib_of_anything_takes_little_time(unit: bytes) -> None:
    head = struct.pack(">6H", 1, 0x8400, 65535, 65535, 65535, 65535)
    pointers = b"".join(struct.pack(">H", 0xC000 + at) for at in range(12, 0x3FF0, 2))
    for body in (unit * (65000 // len(unit)), b"\0\0\1\0\1" + pointers + unit * 1000, b"\1a\0\0\1\0\1" * 32 + pointers):
        began = time.process_time()
        for _ in range(20):
            read_message(head + body)
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (bytes([10, 0, 0, 5]), "10.0.0.5"),
        (bytes(10) + b"\xff\xff" + bytes([10, 0, 0, 5]), "10.0.0.5"),
        (bytes.fromhex("fe800000000000000217f2fffed7cf65"), "fe80::217:f2ff:fed7:cf65"),
        *((bytes(raw), None) for raw in ([0, 0, 0, 0], [127, 0, 0, 1], [224, 0, 0, 251], [255] * 4, [10, 0, 0], [])),
        *(
            (raw, None)
            for raw in (bytes(16), bytes(15) + b"\1", b"\xff\2" + bytes(14), bytes(10) + b"\xff\xff" + bytes(4))
        ),
    ],
)
def test_addresses_of_hosts(raw: bytes, text: str | None) -> None:
    assert host_address(raw) == text


def test_macs_of_hosts() -> None:
    assert host_mac(bytes.fromhex("0217f2d7cf65")) == "02:17:f2:d7:cf:65"
    assert [host_mac(raw) for raw in (b"", bytes(6), b"\xff" * 6, b"\1\0\x5e\0\0\1", b"\2\2\2\2\2", b"\2" * 16)] == [
        None
    ] * 6


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (b"5.0.0.10.in-addr.arpa", "10.0.0.5"),
        (b"5.0.0.10.IN-ADDR.ARPA", "10.0.0.5"),
        (b"5.6.f.c.7.d.e.f.f.f.2.f.7.1.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa", "fe80::217:f2ff:fed7:cf65"),
        *((name, None) for name in (b"", b"arpa", b"in-addr.arpa", b"0.0.10.in-addr.arpa", b"a.0.0.10.in-addr.arpa")),
        *(
            (name, None)
            for name in (b"5.0.0.300.in-addr.arpa", b"1.5.0.0.10.in-addr.arpa", b"5.0.0.10.in-addr.arpa.org")
        ),
        *((name, None) for name in (b"0.127.in-addr.arpa", b".".join([b"xy"] * 32) + b".ip6.arpa", b"5.0.0.10.x.arpa")),
    ],
)
def test_names_of_addresses(name: bytes, address: str | None) -> None:
    assert reverse_address(name) == address


def test_host_names_and_names_without_compression() -> None:
    assert name_text(b"ct-room1.hospital.example.\0\0") == "ct-room1.hospital.example"
    assert name_text(b"CT\x1b[2J\xff\0secret") == "CT [2J\ufffd"
    assert name_text(b"") == name_text(b"\0x") == name_text(b"..") == ""
    assert wire_name(b"\3ct1\7example") == wire_name(b"\3ct1\7example\0") == b"ct1.example"
    with pytest.raises(Malformed):
        wire_name(b"\3ct1\xc0\0")
