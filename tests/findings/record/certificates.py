"""Certificates for the cases: of an authority or of nobody, of any size and age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """An authority that writes each certificate into a file of `folder`, with its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = rsa.generate_private_key(65537, 2048)
        self._count = 0

    def issue(self, name: str, bits: int = 2048, until: int = 3000, alone: bool = False) -> Path:
        """Certify `name` for a key of `bits` until in so many days; signed by itself if `alone`."""
        key = rsa.generate_private_key(65537, bits)
        ends = datetime.now(UTC) + timedelta(days=until)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(name if alone else "Example Clinic CA"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - timedelta(days=3650))
            .not_valid_after(ends)
            .sign(key if alone else self._key, hashes.SHA256())
        )
        self._count += 1
        path = self._folder / f"{self._count}.pem"
        path.write_bytes(
            certificate.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        return path
