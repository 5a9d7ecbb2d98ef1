"""Hellos made by hand: split and joined over records, damaged, and with every field where it may stand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.malformed import Malformed
from parsers.records import Side
from parsers.stream import StreamBuffer
from parsers.tls import Tls
from parsers.tls.hello import ClientHello, ServerHello, parse_client_hello, parse_server_hello, version_name
from parsers.tls.record import MAX_HANDSHAKE_RECORDS, MAX_MESSAGE
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements
from tests.parsers.tls.handshakes import client_hello, extensions, message, numbers, record, server_hello, vector

CLIENT_EXTENSIONS = extensions(
    (0x1A1A, b""),
    (0, vector(2, b"\0" + vector(2, b"ris.example"))),
    (13, vector(2, numbers(0x0403, 0x0804))),
    (16, vector(2, vector(1, b"dicom") + vector(1, b"h2"))),
    (43, vector(1, numbers(0x2A2A, 0x0304, 0x0303))),
    (51, b"whatever"),
)
CLIENT = client_hello(numbers(0x0A0A, 0x1301, 0xC02B, 0x00FF), CLIENT_EXTENSIONS)
SERVER_EXTENSIONS = extensions((43, numbers(0x0304)), (51, b"whatever"))
SERVER = server_hello(0x1301, SERVER_EXTENSIONS)

CLIENT_ROWS = [
    (Side.SERVER, "sni", "ris.example", "claim"),
    (Side.CLIENT, "tls_ja4", "t13d0305dm_342068d8c85c_7a92526c31dc", "peer"),
    (Side.CLIENT, "tls_alpn", "dicom", "peer"),
]
SERVER_ROWS = [
    (Side.SERVER, "tls_version", "TLS 1.3", "peer"),
    (Side.SERVER, "tls_cipher", "TLS_AES_128_GCM_SHA256", "peer"),
]


def _records(data: bytes, size: int) -> bytes:
    return b"".join(record(22, data[at : at + size], 0x0301) for at in range(0, len(data), size))


def test_client_hello_fields() -> None:
    assert parse_client_hello(CLIENT[4:]) == ClientHello(
        legacy_version=0x0303,
        cipher_suites=[0x1301, 0xC02B, 0x00FF],
        extensions=[0, 13, 16, 43, 51],
        server_name=b"ris.example",
        application_protocols=[b"dicom", b"h2"],
        supported_versions=[0x0304, 0x0303],
        signature_algorithms=[0x0403, 0x0804],
    )


def test_a_hello_may_end_without_extensions_and_extensions_may_be_empty() -> None:
    bare = ClientHello(0x0300, [0x0005], [], b"", [], [], [])
    assert parse_client_hello(client_hello(numbers(5), b"", 0x0300)[4:]) == bare
    assert parse_client_hello(client_hello(numbers(5), extensions(), 0x0300)[4:]) == bare
    empty = client_hello(numbers(5), extensions(*[(kind, b"") for kind in (0, 13, 16, 43)]), 0x0300)
    assert parse_client_hello(empty[4:]) == bare._replace(extensions=[0, 13, 16, 43])
    assert parse_server_hello(server_hello(5, b"", 0x0300)[4:]) == ServerHello(0x0300, 5, b"")


@pytest.mark.parametrize(
    ("parse", "body", "block"),
    [(parse_client_hello, CLIENT[4:], CLIENT_EXTENSIONS), (parse_server_hello, SERVER[4:], SERVER_EXTENSIONS)],
)
def test_a_hello_cut_anywhere_but_before_its_extensions_is_malformed(
    parse: Callable[[bytes], object], body: bytes, block: bytes
) -> None:
    for end in range(len(body)):
        if end != len(body) - len(block):
            with pytest.raises(Malformed):
                parse(body[:end])


@given(st.binary(max_size=200), st.integers(0, len(CLIENT)), st.integers(0, 60))
def test_any_bytes_are_a_hello_or_malformed(data: bytes, at: int, cut: int) -> None:
    for parse, whole in ((parse_client_hello, CLIENT), (parse_server_hello, SERVER)):
        for body in (data, whole[4:at] + data + whole[at + cut :]):
            with contextlib.suppress(Malformed):
                parse(body)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 16384])
def test_hellos_split_over_records(size: int) -> None:
    turns = [(Side.CLIENT, _records(CLIENT, size)), (Side.SERVER, _records(SERVER, size))]
    assert statements(feed_every_way(Tls, turns)) == CLIENT_ROWS + SERVER_ROWS


def test_several_messages_in_one_record_and_one_over_two() -> None:
    hello = server_hello(0x009C, extensions((16, vector(2, vector(1, b"http/1.1")))))
    flight = hello + message(11, vector(3, b"")) + message(12, b"k" * 70) + message(14, b"")
    rows = [
        (Side.SERVER, "tls_version", "TLS 1.2", "peer"),
        (Side.SERVER, "tls_cipher", "TLS_RSA_WITH_AES_128_GCM_SHA256", "peer"),
        (Side.SERVER, "tls_alpn", "http/1.1", "peer"),
    ]
    for size in (len(flight), len(hello) + 20, len(hello) - 1):
        turns = [(Side.CLIENT, record(22, CLIENT)), (Side.SERVER, _records(flight, size))]
        seen = feed_every_way(Tls, turns)
        assert statements(seen) == CLIENT_ROWS + rows
        records_of_hello = -(-len(hello) // size)
        assert seen[-1].offset == min(len(flight), size * records_of_hello) + 5 * records_of_hello - 1


def test_a_suite_without_name_and_a_version_without_name_are_shown_in_hex() -> None:
    turns = [(Side.SERVER, record(22, server_hello(0xE011, extensions((43, numbers(0x7F1C))))))]
    assert statements(feed_every_way(Tls, turns)) == [
        (Side.SERVER, "tls_version", "0x7f1c", "peer"),
        (Side.SERVER, "tls_cipher", "0xe011", "peer"),
    ]


@pytest.mark.parametrize("version", [0x0304, 0x7F1C])  # the standard, and a draft of it
def test_after_the_hellos_of_tls_1_3_nothing_more_is_awaited(version: int) -> None:
    parser = Tls(PSEUDONYM)
    for side, data in ((Side.SERVER, server_hello(0x1301, extensions((43, numbers(version))))), (Side.CLIENT, CLIENT)):
        assert not parser.finished
        stream = StreamBuffer()
        stream.append(record(22, data))
        list(parser.read(side, stream))
    assert parser.finished


def test_names_are_cleaned() -> None:
    hello = client_hello(
        numbers(0x1301),
        extensions(
            (0, vector(2, b"\0" + vector(2, b"\x1b[31mevil\r\n\xff" + b"x" * 2000))),
            (16, vector(2, vector(1, b"\x07bell"))),
            (43, vector(1, numbers(0x0304))),
        ),
    )
    values = {seen.attribute: seen.value for seen in feed(Tls, [(Side.CLIENT, record(22, hello))])}
    assert values["sni"] == ("[31mevil \ufffd" + "x" * 2000)[:256]
    assert values["tls_alpn"] == "bell"
    assert values["tls_ja4"][:10] == "t13d01030c"


def test_a_name_of_which_cleaning_leaves_nothing_is_not_told() -> None:
    protocol = (16, vector(2, vector(1, b"\0\1\2")))
    name = (0, vector(2, b"\0" + vector(2, b"\x07")))
    hello = client_hello(numbers(0x1301), extensions(name, protocol, (43, vector(1, numbers(0x0304)))))
    turns = [(Side.CLIENT, record(22, hello)), (Side.SERVER, record(22, server_hello(0x002F, extensions(protocol))))]
    assert [seen.attribute for seen in feed_every_way(Tls, turns)] == ["tls_ja4", "tls_version", "tls_cipher"]


def test_only_the_outer_name_of_an_encrypted_client_hello_is_seen() -> None:
    hello = client_hello(
        numbers(0x1301),
        extensions(
            (0xFE0D, b"\0" * 200),  # encrypted_client_hello
            (0, vector(2, b"\0" + vector(2, b"public.example"))),
            (43, vector(1, numbers(0x0304))),
        ),
    )
    rows = statements(feed_every_way(Tls, [(Side.CLIENT, record(22, hello))]))
    assert rows[0] == (Side.SERVER, "sni", "public.example", "claim")


@pytest.mark.parametrize(
    ("side", "data", "reason", "offset"),
    [
        (Side.SERVER, b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a TLS record", 0),
        (Side.SERVER, record(22, b"\2\1\0\0"), "handshake message too long", 0),
        (Side.SERVER, record(22, b""), "not a TLS record", 0),
        (Side.SERVER, record(22, CLIENT), "both ends sent the same kind of hello", 0),
        (Side.SERVER, record(24, b"ok") + record(22, b"\2\0\0\2\3\3"), "hello cut short", 7),
        (Side.SERVER, record(22, message(2, b"\3\3" + b"R" * 32 + b"\0" + b"\x13\x01")), "hello cut short", 0),
        (Side.SERVER, record(22, message(0, b"")) * (MAX_HANDSHAKE_RECORDS + 1), "too many handshake records", None),
    ],
)
def test_malformed(side: Side, data: bytes, reason: str, offset: int | None) -> None:
    turns = [(Side.CLIENT, record(22, CLIENT)), (side, data)]
    with pytest.raises(Malformed) as raised:
        feed(Tls, turns)
    assert raised.value.reason == reason
    assert offset is None or raised.value.offset == offset


def test_what_came_before_the_damage_in_a_record_is_kept() -> None:
    stream = StreamBuffer()
    stream.append(record(22, server_hello(0x1301) + b"\x0b\xff\xff\xff"))
    seen = []
    with pytest.raises(Malformed):
        for row in Tls(PSEUDONYM).read(Side.SERVER, stream):
            seen.append(row.value)
    assert seen == ["TLS 1.2", "TLS_AES_128_GCM_SHA256"]


def test_messages_up_to_the_cap_are_put_together() -> None:
    longest = message(22, b"o" * (MAX_MESSAGE - 4))
    flight = _records(server_hello(0x009C) + longest + message(14, b""), 16384)
    parser = Tls(PSEUDONYM)
    for side, data in ((Side.CLIENT, record(22, CLIENT)), (Side.SERVER, flight)):
        stream = StreamBuffer()
        stream.append(data)
        list(parser.read(side, stream))
    assert parser.finished


def test_version_names() -> None:
    assert [version_name(number) for number in (2, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0305)] == [
        "SSL 2.0",
        "SSL 3.0",
        "TLS 1.0",
        "TLS 1.1",
        "TLS 1.2",
        "TLS 1.3",
        "0x0305",
    ]
