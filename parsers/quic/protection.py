"""The protection of Initial packets (RFC 9001 5): no secret, for its keys follow from what the first packet shows."""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from parsers.quic.versions import Version

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SAMPLE: Final = 16  # RFC 9001 5.4.2
_SAMPLE_AT: Final = 4  # behind where the packet number begins, which is up to four bytes long


class Keys(NamedTuple):
    """What the client protects its Initial packets with."""

    aead: AESGCM
    iv: int
    header: CipherContext


@lru_cache(maxsize=64)
def client_keys(version: Version, connection_id: bytes) -> Keys:
    """Return the client's keys for the Destination Connection ID it chose (RFC 9001 5.1, 5.2)."""
    # Imported with the first such packet: it takes 0.1 s, and many captures hold none.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    secret = _expand(hmac.digest(version.salt, connection_id, "sha256"), b"client in", 32)
    key, iv, header = (
        _expand(secret, version.label + name, length) for name, length in ((b"key", 16), (b"iv", 12), (b"hp", 16))
    )
    # One block at a time, as header protection prescribes: nothing here is kept secret by it.
    electronic_codebook = modes.ECB()  # noqa: S305
    return Keys(
        AESGCM(key), int.from_bytes(iv, "big"), Cipher(algorithms.AES128(header), electronic_codebook).encryptor()
    )


def unprotect(packet: bytes, number_at: int, keys: Keys) -> bytes | None:
    """Return the frames of an Initial `packet` whose number begins at `number_at`; None where the keys do not fit."""
    from cryptography.exceptions import InvalidTag

    sample = packet[number_at + _SAMPLE_AT : number_at + _SAMPLE_AT + _SAMPLE]
    if len(sample) < _SAMPLE:
        return None
    mask = keys.header.update(sample)
    first = packet[0] ^ mask[0] & 0x0F  # RFC 9001 5.4.1
    size = (first & 3) + 1
    number = bytes(a ^ b for a, b in zip(packet[number_at : number_at + size], mask[1:], strict=False))
    # A first packet's number is not abbreviated (RFC 9000 A.2); the few that follow it are not high either.
    nonce = (keys.iv ^ int.from_bytes(number, "big")).to_bytes(12, "big")
    header = bytes([first]) + packet[1:number_at] + number
    try:
        return keys.aead.decrypt(nonce, packet[number_at + size :], header)
    except InvalidTag:
        return None


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 7.1) of up to one hash's length."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
    return hmac.digest(secret, info + b"\1", "sha256")[:length]
