"""Real handshakes: what is said must be what OpenSSL says, whatever way the bytes come."""

from __future__ import annotations

import hashlib
import json
import ssl

import pytest

from parsers.records import Side
from parsers.stream import StreamBuffer
from parsers.tls import Tls
from parsers.tls.ciphers import cipher_suite_name
from parsers.tls.hello import parse_client_hello
from parsers.tls.ja4 import ja4
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements
from tests.parsers.tls.handshakes import (
    Conversation,
    Turns,
    certificate,
    client_identity,
    converse,
    ends,
    record,
    server_identity,
)

NAME = "pacs.hospital.example"
HELLO_RETRY_REQUEST = hashlib.sha256(b"HelloRetryRequest").digest()  # RFC 8446 4.1.3: its Random
VERSIONS = {
    ssl.TLSVersion.TLSv1: "TLS 1.0",
    ssl.TLSVersion.TLSv1_1: "TLS 1.1",
    ssl.TLSVersion.TLSv1_2: "TLS 1.2",
    ssl.TLSVersion.TLSv1_3: "TLS 1.3",
}

SERVER_CERTIFICATE = {
    "subject": "O=Hospital,CN=pacs.hospital.example",
    "issuer": "O=Hospital,CN=Device CA",
    "subject_alternative_names": ["pacs.hospital.example", "10.1.2.3"],
    "not_before": "2024-01-02T03:04:05Z",
    "not_after": "2034-01-02T03:04:05Z",
    "key": "EC secp256r1",
    "serial_number": "2a",
    "self_signed": False,
}
CLIENT_CERTIFICATE = {
    "issuer": "O=Hospital",
    "not_before": "2024-01-02T03:04:05Z",
    "not_after": "2034-01-02T03:04:05Z",
    "key": "EC secp384r1",
    "self_signed": False,
}

Row = tuple[Side, str, str, str]


def _ja4(turns: Turns) -> str:
    return ja4(parse_client_hello(turns[0][1][9:]))


def _cipher(talk: Conversation) -> str:
    """OpenSSL's name for the suite, as IANA writes it; looked up by the number OpenSSL gives it."""
    cipher = talk.client.cipher()
    assert cipher is not None
    numbers = {entry["name"]: entry["id"] & 0xFFFF for entry in talk.client.context.get_ciphers()}
    return cipher_suite_name(numbers[cipher[0]])


def _certificate(parts: dict[str, object], der: bytes) -> str:
    whole = parts | {"sha256": hashlib.sha256(der).hexdigest()}
    return json.dumps(whole, sort_keys=True, separators=(",", ":"))


def _hello_rows(talk: Conversation, version: str) -> list[Row]:
    return [
        (Side.SERVER, "sni", NAME, "claim"),
        (Side.CLIENT, "tls_ja4", _ja4(talk.turns), "peer"),
        (Side.SERVER, "tls_version", version, "peer"),
        (Side.SERVER, "tls_cipher", _cipher(talk), "peer"),
    ]


def _server_row() -> Row:
    der = server_identity().der
    at = der.index(bytes.fromhex("3059301306072a8648ce3d0201"))  # RFC 5480 2: the SubjectPublicKeyInfo of a P-256 key
    key = {"key_sha256": hashlib.sha256(der[at : at + 91]).hexdigest()}
    return (Side.SERVER, "tls_certificate", _certificate(SERVER_CERTIFICATE | key, der), "peer")


def _client_row() -> Row:
    return (Side.CLIENT, "tls_certificate", _certificate(CLIENT_CERTIFICATE, client_identity().der), "peer")


def _run(turns: Turns) -> Tls:
    """A parser that has read `turns`, all of them, as a sensor that never looks at `finished` would have it."""
    parser = Tls(PSEUDONYM)
    streams = {side: StreamBuffer() for side in Side}
    for side, data in turns:
        streams[side].append(data)
        list(parser.read(side, streams[side]))
    return parser


def _turns_until_finished(turns: Turns) -> int:
    return next(count for count in range(1, len(turns) + 1) if _run(turns[:count]).finished)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [version for version in VERSIONS if version < ssl.TLSVersion.TLSv1_3])
def test_up_to_tls_1_2(version: ssl.TLSVersion) -> None:
    talk = converse(ends(version), NAME)
    assert statements(feed_every_way(Tls, talk.turns)) == [*_hello_rows(talk, VERSIONS[version]), _server_row()]
    assert _turns_until_finished(talk.turns) == 2  # the server asks for no certificate: all is said


def test_tls_1_3_hides_the_certificate() -> None:
    talk = converse(ends(ssl.TLSVersion.TLSv1_3), NAME)
    assert statements(feed_every_way(Tls, talk.turns)) == _hello_rows(talk, "TLS 1.3")
    assert _turns_until_finished(talk.turns) == 2


def test_mutual_tls_tells_nothing_of_a_person() -> None:
    talk = converse(ends(ssl.TLSVersion.TLSv1_2, mutual=True), NAME)
    seen = feed_every_way(Tls, talk.turns)
    assert statements(seen) == [*_hello_rows(talk, "TLS 1.2"), _server_row(), _client_row()]
    assert "Roe" not in str(seen) and "roe@" not in str(seen)
    assert _turns_until_finished(talk.turns) == 3


def test_mutual_tls_1_3() -> None:
    talk = converse(ends(ssl.TLSVersion.TLSv1_3, mutual=True), NAME)
    assert statements(feed_every_way(Tls, talk.turns)) == _hello_rows(talk, "TLS 1.3")


def test_asked_for_a_certificate_a_client_may_have_none() -> None:
    pair = ends(ssl.TLSVersion.TLSv1_2)
    pair.server.verify_mode = ssl.CERT_OPTIONAL
    talk = converse(pair, NAME)
    assert statements(feed_every_way(Tls, talk.turns)) == [*_hello_rows(talk, "TLS 1.2"), _server_row()]
    assert _turns_until_finished(talk.turns) == 3


def test_the_offset_is_that_of_the_last_byte_of_the_record() -> None:
    talk = converse(ends(ssl.TLSVersion.TLSv1_2, mutual=True), NAME)
    client, server = (b"".join(data for side, data in talk.turns if side is which) for which in Side)
    client_hello, server_hello = talk.turns[0][1], 5 + int.from_bytes(server[3:5], "big")
    server_certificate = server.index(record(22, certificate(server_identity().der))) + 5
    client_certificate = client.index(record(22, certificate(client_identity().der))) + 5
    assert [seen.offset for seen in feed(Tls, talk.turns)] == [
        len(client_hello) - 1,
        len(client_hello) - 1,
        server_hello - 1,
        server_hello - 1,
        server_certificate + len(certificate(server_identity().der)) - 1,
        client_certificate + len(certificate(client_identity().der)) - 1,
    ]


def test_alpn_is_the_servers_choice_up_to_tls_1_2() -> None:
    pair = ends(ssl.TLSVersion.TLSv1_2)
    pair.client.maximum_version = ssl.TLSVersion.TLSv1_2
    pair.client.set_alpn_protocols(["h2", "http/1.1"])
    pair.server.set_alpn_protocols(["http/1.1"])
    talk = converse(pair, NAME)
    assert talk.client.selected_alpn_protocol() == "http/1.1"
    rows = _hello_rows(talk, "TLS 1.2")
    rows += [(Side.SERVER, "tls_alpn", "http/1.1", "peer"), _server_row()]
    assert statements(feed_every_way(Tls, talk.turns)) == rows


def test_alpn_is_the_clients_first_offer_where_tls_1_3_may_hide_the_choice() -> None:
    pair = ends(ssl.TLSVersion.TLSv1_3)
    pair.client.set_alpn_protocols(["http/1.1", "h2"])
    pair.server.set_alpn_protocols(["h2"])
    talk = converse(pair, NAME)
    rows = _hello_rows(talk, "TLS 1.3")
    rows.insert(2, (Side.CLIENT, "tls_alpn", "http/1.1", "peer"))
    assert statements(feed_every_way(Tls, talk.turns)) == rows


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_session_has_no_certificate(version: ssl.TLSVersion) -> None:
    pair = ends(version)
    first = converse(pair, NAME)
    talk = converse(pair, NAME, first.client.session)
    assert talk.client.session_reused
    assert statements(feed_every_way(Tls, talk.turns)) == _hello_rows(talk, VERSIONS[version])
    assert _turns_until_finished(talk.turns) == 2


def test_after_hello_retry_request_nothing_is_said_twice() -> None:
    pair = ends(ssl.TLSVersion.TLSv1_3)
    pair.server.set_ecdh_curve("secp521r1")  # of which clients send no key share at first
    talk = converse(pair, NAME)
    assert talk.turns[1][1][11:43] == HELLO_RETRY_REQUEST
    assert statements(feed_every_way(Tls, talk.turns)) == _hello_rows(talk, "TLS 1.3")
    assert _turns_until_finished(talk.turns) == 2


@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_one_direction_may_be_read_before_the_other(version: ssl.TLSVersion, mutual: bool) -> None:
    turns = converse(ends(version, mutual), NAME).turns
    by_side = {side: [(side, data) for which, data in turns if which is side] for side in Side}
    expected = sorted(feed(Tls, turns))
    for first in Side:
        together = [(side, b"".join(data for _, data in by_side[side])) for side in (first, first.other)]
        assert sorted(feed(Tls, together)) == expected
        assert sorted(feed(Tls, together, step=1)) == expected
        assert _run(together).finished


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("only", list(Side))
def test_one_direction_alone(version: ssl.TLSVersion, only: Side) -> None:
    turns = converse(ends(version), NAME).turns
    rows = [row for row in feed(Tls, turns) if (row.attribute in ("sni", "tls_ja4")) is (only is Side.CLIENT)]
    half = [(side, data) for side, data in turns if side is only]
    assert feed_every_way(Tls, half) == rows
    assert _run(half).client is Side.CLIENT
    ciphertext = record(23, b"x" * 16384)
    assert not _run(half).finished  # the other direction may only be late
    assert _run([*half, *[(only, ciphertext)] * 4]).finished


def test_the_client_is_who_greets_not_who_connected() -> None:
    talk = converse(ends(ssl.TLSVersion.TLSv1_2), NAME)
    swapped = [(side.other, data) for side, data in talk.turns]
    assert _run(swapped).client is Side.SERVER
    assert statements(feed_every_way(Tls, swapped)) == [
        (side.other, *rest) for side, *rest in [*_hello_rows(talk, "TLS 1.2"), _server_row()]
    ]


def test_what_follows_the_handshake_is_not_looked_at() -> None:
    talk = converse(ends(ssl.TLSVersion.TLSv1_2), NAME)
    expected = feed(Tls, talk.turns)
    for trailer in (b"\0", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 40):
        trailing = [*talk.turns, (Side.CLIENT, trailer), (Side.SERVER, trailer)]
        assert feed_every_way(Tls, trailing) == expected
