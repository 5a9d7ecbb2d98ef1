"""The leaf certificate an end presents, described for the inventory.

A server's certificate is the device's own and is told, but for what may be a person's: names of people, mail addresses,
and alternative names that are not host names or addresses. A client's certificate may *be* a person's (a smart
card's subject holds name, mail address and staff number), so of that one only what names nobody is told: key, dates,
fingerprint, whether it is self-signed, and the organisation that issued it.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from parsers.text import canonical, clean

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Name

MAX_CERTIFICATE: Final = 32 * 1024  # our cap: the largest in practice, with hundreds of names, are near 20 KiB
MAX_ALTERNATIVE_NAMES: Final = 32

S = TypeVar("S")
T = TypeVar("T")


def leaf(body: bytes) -> bytes:
    """Return the first certificate of a Certificate message (RFC 5246 7.4.2); nothing where there is none.

    There is none either in a message that holds no X.509 at all, such as a raw public key (RFC 7250).
    """
    end = 6 + int.from_bytes(body[3:6], "big")
    return body[6:end] if end <= min(len(body), 6 + MAX_CERTIFICATE) else b""


@lru_cache(maxsize=64)
def describe(der: bytes, of_client: bool) -> str | None:
    """Return the `tls_certificate` attribute for one DER certificate; None where it cannot be read.

    A field that the library makes nothing of is left out, and the rest is told.
    """
    # Imported with the first certificate: it takes 0.1 s, and many captures hold none.
    from cryptography.x509 import load_der_x509_certificate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # flaws are to be expected in a stranger's certificate
        certificate = _attempt(load_der_x509_certificate, der)
        if certificate is None:
            return None
        fields = _CLIENT_FIELDS if of_client else _SERVER_FIELDS
        parts = {key: _attempt(read, certificate) for key, read in fields.items()}
    parts["sha256"] = hashlib.sha256(der).hexdigest()
    return canonical({key: value for key, value in parts.items() if value not in (None, [])})


def _attempt(read: Callable[[S], T], source: S) -> T | None:
    """Return read(source), or None where that fails, whichever way: hostile DER takes many through a large library."""
    try:
        return read(source)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic in the library's Rust is not an Exception
        return None


def _subject(certificate: Certificate) -> str:
    return _of_no_person(certificate.subject)


def _issuer(certificate: Certificate) -> str:
    return _of_no_person(certificate.issuer)


def _of_no_person(name: Name) -> str:
    """Return a distinguished name without what is a person's (X.520, RFC 2985 5.2.1)."""
    from cryptography.x509 import Name
    from cryptography.x509.oid import NameOID

    told = (
        *(NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.DOMAIN_COMPONENT),
        *(NameOID.COUNTRY_NAME, NameOID.STATE_OR_PROVINCE_NAME, NameOID.LOCALITY_NAME, NameOID.SERIAL_NUMBER),
    )
    return clean(Name([part for part in name if part.oid in told and "@" not in str(part.value)]).rfc4514_string())


def _issuer_organisation(certificate: Certificate) -> str | None:
    from cryptography.x509 import Name
    from cryptography.x509.oid import NameOID

    organisations = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return clean(Name(organisations).rfc4514_string()) if organisations else None


def _alternative_names(certificate: Certificate) -> list[str]:
    from cryptography.x509 import DNSName, IPAddress, SubjectAlternativeName

    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    hosts = [*names.get_values_for_type(DNSName), *map(str, names.get_values_for_type(IPAddress))]
    return [clean(host) for host in hosts[:MAX_ALTERNATIVE_NAMES]]


def _utc(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _key_hash(certificate: Certificate) -> str:
    """SHA-256 of the SubjectPublicKeyInfo (RFC 5280 4.1), in hex: a renewed certificate often has the old key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


def _key(certificate: Certificate) -> str:
    """Kind and size of the public key; the algorithm's OID where the library knows no such key."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    match _attempt(lambda holder: holder.public_key(), certificate):
        case rsa.RSAPublicKey(key_size=size):
            return f"RSA {size}"
        case ec.EllipticCurvePublicKey(curve=curve):
            return f"EC {curve.name}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
        case dsa.DSAPublicKey(key_size=size):
            return f"DSA {size}"
        case _:
            return clean(certificate.public_key_algorithm_oid.dotted_string)


_CLIENT_FIELDS: Final[dict[str, Callable[[Certificate], object]]] = {
    "issuer": _issuer_organisation,
    "not_before": lambda certificate: _utc(certificate.not_valid_before_utc),
    "not_after": lambda certificate: _utc(certificate.not_valid_after_utc),
    "key": _key,
    # By name, as the field's tools judge it: checking the signature would let a sender choose how long that takes.
    "self_signed": lambda certificate: certificate.issuer == certificate.subject,
}
_SERVER_FIELDS: Final[dict[str, Callable[[Certificate], object]]] = {
    **_CLIENT_FIELDS,
    "subject": _subject,
    "issuer": _issuer,
    "key_sha256": _key_hash,
    "subject_alternative_names": _alternative_names,
    "serial_number": lambda certificate: clean(f"{certificate.serial_number:x}"),
}
