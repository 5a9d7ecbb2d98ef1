"""Handshakes for the tests: real ones between two OpenSSL ends in memory, and messages built by hand."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import ssl
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from parsers.records import Side

Turns = list[tuple[Side, bytes]]
PrivateKey = CertificateIssuerPrivateKeyTypes


@dataclass(frozen=True)
class Identity:
    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def name(**parts: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(getattr(NameOID, part), value) for part, value in parts.items()])


def issue(
    subject: x509.Name,
    key: PrivateKey,
    issuer: x509.Name | None = None,
    alternative_names: list[x509.GeneralName] | None = None,
    serial_number: int = 0x2A,
) -> Identity:
    """A certificate, signed with its own key even where `issuer` names another: nobody here verifies it."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(serial_number)
        .not_valid_before(datetime.datetime(2024, 1, 2, 3, 4, 5))
        .not_valid_after(datetime.datetime(2034, 1, 2, 3, 4, 5))
    )
    if alternative_names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative_names), critical=False)
    algorithm = None if isinstance(key, (ed448.Ed448PrivateKey, ed25519.Ed25519PrivateKey)) else hashes.SHA256()
    return Identity(builder.sign(key, algorithm), key)


@cache
def server_identity() -> Identity:
    return issue(
        name(COMMON_NAME="pacs.hospital.example", ORGANIZATION_NAME="Hospital"),
        ec.generate_private_key(ec.SECP256R1()),
        name(COMMON_NAME="Device CA", ORGANIZATION_NAME="Hospital"),
        [
            x509.DNSName("pacs.hospital.example"),
            x509.RFC822Name("jane.roe@hospital.example"),
            x509.IPAddress(ipaddress.ip_address("10.1.2.3")),
        ],
    )


@cache
def client_identity() -> Identity:
    return issue(
        name(COMMON_NAME="Dr Jane Roe", EMAIL_ADDRESS="jane.roe@hospital.example", ORGANIZATION_NAME="Roe"),
        ec.generate_private_key(ec.SECP384R1()),
        name(COMMON_NAME="Staff of Jane Roe", ORGANIZATION_NAME="Hospital"),
        [x509.RFC822Name("jane.roe@hospital.example")],
    )


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    pem = serialization.Encoding.PEM
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "identity.pem"
        path.write_bytes(
            identity.certificate.public_bytes(pem)
            + identity.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        context.load_cert_chain(path)


@dataclass
class Conversation:
    """What went over the wire, and OpenSSL's own view of it from the client's end."""

    turns: Turns
    client: ssl.SSLObject


@dataclass
class Ends:
    """Two OpenSSL contexts that trust each other; tests set what they want on them."""

    client: ssl.SSLContext
    server: ssl.SSLContext


def ends(version: ssl.TLSVersion, mutual: bool = False) -> Ends:
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    server.set_ciphers("DEFAULT:@SECLEVEL=0")
    client.minimum_version = server.minimum_version = min(version, ssl.TLSVersion.TLSv1_2)
    server.maximum_version = version
    _load(server, server_identity())
    if mutual:
        # Every certificate here is self-signed by key, so the client's own serves as its trust anchor.
        server.verify_mode = ssl.CERT_REQUIRED
        server.load_verify_locations(cadata=client_identity().der)
        server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        _load(client, client_identity())
    return Ends(client, server)


def converse(pair: Ends, server_hostname: str | None = None, session: ssl.SSLSession | None = None) -> Conversation:
    """Do a handshake and a little talk."""
    inbox = {side: ssl.MemoryBIO() for side in Side}
    outbox = {side: ssl.MemoryBIO() for side in Side}
    client = pair.client.wrap_bio(
        inbox[Side.CLIENT], outbox[Side.CLIENT], server_hostname=server_hostname, session=session
    )
    server = pair.server.wrap_bio(inbox[Side.SERVER], outbox[Side.SERVER], server_side=True)
    acts: dict[Side, list[Callable[[], object]]] = {
        Side.CLIENT: [client.do_handshake, lambda: client.write(b"C" * 300), lambda: client.read(300)],
        Side.SERVER: [server.do_handshake, lambda: server.read(300), lambda: server.write(b"S" * 300)],
    }
    turns: Turns = []
    while any(acts.values()):
        for side in Side:
            with contextlib.suppress(ssl.SSLWantReadError):
                while acts[side]:
                    acts[side][0]()
                    del acts[side][0]
            sent = outbox[side].read()
            if sent:
                turns.append((side, sent))
                inbox[side.other].write(sent)
    return Conversation(turns, client)


def record(kind: int, fragment: bytes, version: int = 0x0303) -> bytes:
    return struct.pack(">BHH", kind, version, len(fragment)) + fragment


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width, "big") + content


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def extensions(*pairs: tuple[int, bytes]) -> bytes:
    return vector(2, b"".join(numbers(kind) + vector(2, data) for kind, data in pairs))


def client_hello(suites: bytes, tail: bytes, version: int = 0x0303) -> bytes:
    """A ClientHello message; `tail` is its extensions block, or nothing."""
    return message(1, numbers(version) + b"R" * 32 + vector(1, b"") + vector(2, suites) + b"\1\0" + tail)


def server_hello(suite: int, tail: bytes = b"", version: int = 0x0303) -> bytes:
    return message(2, numbers(version) + b"R" * 32 + vector(1, b"S" * 32) + numbers(suite) + b"\0" + tail)


def certificate(*chain: bytes) -> bytes:
    return message(11, vector(3, b"".join(vector(3, der) for der in chain)))
