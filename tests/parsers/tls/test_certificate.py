"""Certificates of every kind of key, with too much in them, and damaged."""

from __future__ import annotations

import hashlib
import json
import random
from unittest.mock import Mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parsers.text import MAX_TEXT
from parsers.tls import certificate
from parsers.tls.certificate import describe, leaf
from tests.parsers.tls import handshakes
from tests.parsers.tls.handshakes import PrivateKey, client_identity, issue, name, server_identity, vector


def _described(der: bytes, of_client: bool = False) -> dict[str, object]:
    text = describe(der, of_client)
    assert text is not None
    parts = json.loads(text)
    assert text == json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert isinstance(parts, dict)
    return parts


def _key_sha256(key: PrivateKey) -> str:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA 1024"),
        (ec.generate_private_key(ec.SECP521R1()), "EC secp521r1"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        (ed448.Ed448PrivateKey.generate(), "Ed448"),
        (dsa.generate_private_key(1024), "DSA 1024"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_keys(key: PrivateKey, expected: str) -> None:
    assert _described(issue(name(COMMON_NAME="ct1"), key).der)["key"] == expected


def test_self_signed_without_names() -> None:
    identity = issue(x509.Name([]), server_identity().key, serial_number=0xC0FFEE)
    assert _described(identity.der) == {
        "subject": "",
        "issuer": "",
        "not_before": "2024-01-02T03:04:05Z",
        "not_after": "2034-01-02T03:04:05Z",
        "key": "EC secp256r1",
        "key_sha256": _key_sha256(identity.key),
        "serial_number": "c0ffee",
        "self_signed": True,
        "sha256": hashlib.sha256(identity.der).hexdigest(),
    }


def test_a_renewed_certificate_has_the_hash_of_its_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    old, new = (_described(issue(name(COMMON_NAME="pacs"), key, serial_number=number).der) for number in (1, 2))
    assert old["sha256"] != new["sha256"]
    assert old["key_sha256"] == new["key_sha256"] == _key_sha256(key)


def test_of_a_client_only_what_names_nobody() -> None:
    told = _described(client_identity().der, of_client=True)
    assert sorted(told) == ["issuer", "key", "not_after", "not_before", "self_signed", "sha256"]
    assert told["issuer"] == "O=Hospital"
    without_organisation = issue(name(COMMON_NAME="Jane Roe"), client_identity().key)
    told = _described(without_organisation.der, of_client=True)
    assert sorted(told) == ["key", "not_after", "not_before", "self_signed", "sha256"]
    assert told["self_signed"] is True


def test_what_is_a_persons_is_left_out_of_names() -> None:
    person = name(
        COMMON_NAME="pacs", EMAIL_ADDRESS="a@h.example", SURNAME="Roe", GIVEN_NAME="Jane", USER_ID="jroe", TITLE="Dr"
    )
    issuer = name(COMMON_NAME="jroe@h.example", ORGANIZATION_NAME="Hospital", DOMAIN_COMPONENT="rad")
    told = _described(issue(person, server_identity().key, issuer).der)
    assert (told["subject"], told["issuer"]) == ("CN=pacs", "DC=rad,O=Hospital")


def test_names_are_bounded_and_cleaned() -> None:
    names: list[x509.GeneralName] = [x509.DNSName(f"host{n}.example") for n in range(100)]
    names[1] = x509.DNSName("\x1b[31mred\r\n" + "x" * 1000)
    identity = issue(name(COMMON_NAME="A\u202eB", ORGANIZATION_NAME="O" * 64), server_identity().key, None, names)
    told = _described(identity.der)
    assert told["subject"] == "O=" + "O" * 64 + ",CN=A B"
    expected = [f"host{n}.example" for n in range(certificate.MAX_ALTERNATIVE_NAMES)]
    expected[1] = ("[31mred " + "x" * 1000)[:MAX_TEXT]
    assert told["subject_alternative_names"] == expected


def test_a_field_that_cannot_be_read_is_left_out() -> None:
    der = server_identity().der
    broken_names = der.replace(b"pacs.hospital.example\x81", b"\xffacs.hospital.example\x81")
    broken_key = der.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f"))
    whole = _described(der)
    assert broken_names != der != broken_key
    for broken, missing in ((broken_names, {"subject_alternative_names"}), (broken_key, {"key", "key_sha256"})):
        told = _described(broken)
        assert {key for key in whole if told.get(key) != whole[key]} == {*missing, "sha256"}
    assert _described(broken_key)["key"] == "1.2.840.10045.2.1"  # id-ecPublicKey (RFC 5480 2.1.1)


@pytest.mark.filterwarnings("error")
def test_a_flawed_certificate_warns_nobody() -> None:
    flawed = server_identity().der.replace(b"\x02\x01\x2a", b"\x02\x01\x80")  # a negative serial number
    assert describe(flawed, False) is not None
    assert describe(b"\x30\x03\x02\x01\x00", False) is None
    assert describe(b"junk", True) is None


def test_a_panic_in_the_library_is_nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    monkeypatch.setattr(x509, "load_der_x509_certificate", Mock(side_effect=PanicException))
    assert describe(b"panic", False) is None
    monkeypatch.setattr(x509, "load_der_x509_certificate", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        describe(b"interrupt", False)


def test_the_leaf_of_a_message() -> None:
    assert leaf(handshakes.certificate(b"first", b"second")[4:]) == b"first"
    assert leaf(handshakes.certificate()[4:]) == b""
    assert leaf(b"") == b""
    assert leaf(vector(3, b"\0\0\x09short")) == b""
    assert leaf(vector(3, b"\x30\x59\x30\x13")) == b""  # a raw public key (RFC 7250 3)
    largest = b"x" * certificate.MAX_CERTIFICATE
    assert leaf(handshakes.certificate(largest)[4:]) == largest
    assert leaf(handshakes.certificate(largest + b"x")[4:]) == b""


def test_damaged_certificates_raise_nothing() -> None:
    rng = random.Random(8446)
    whole = server_identity().der
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2, 8))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        for of_client in (False, True):
            text = describe(bytes(damaged), of_client)
            assert text is None or set(json.loads(text)) <= set(_described(whole))
