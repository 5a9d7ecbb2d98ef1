"""JA4, a fingerprint of the software behind a ClientHello.

Specification: https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md (JA4 itself is BSD 3-Clause).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from parsers.tls.hello import APPLICATION_LAYER_PROTOCOL_NEGOTIATION, SERVER_NAME, ClientHello

_VERSIONS: Final = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_TOLD_IN_A: Final = (SERVER_NAME, APPLICATION_LAYER_PROTOCOL_NEGOTIATION)  # so the c part does without them


def ja4(hello: ClientHello, transport: str = "t") -> str:
    """Return the JA4 fingerprint of a hello, such as "t13d1516h2_8daaf6152771_e5627efa2ab1".

    `transport` is "t" for TCP and "q" for QUIC.
    """
    version = _VERSIONS.get(max(hello.supported_versions, default=hello.legacy_version), "00")
    destination = "d" if SERVER_NAME in hello.extensions else "i"
    counts = f"{min(len(hello.cipher_suites), 99):02}{min(len(hello.extensions), 99):02}"
    suites = _codes(sorted(hello.cipher_suites))
    extensions = _codes(sorted(kind for kind in hello.extensions if kind not in _TOLD_IN_A))
    if hello.signature_algorithms:
        extensions += "_" + _codes(hello.signature_algorithms)
    return f"{transport}{version}{destination}{counts}{_alpn(hello)}_{_digest(suites)}_{_digest(extensions)}"


def _alpn(hello: ClientHello) -> str:
    """First and last character of the first protocol; of its hex form where either is no ASCII letter or digit."""
    first = hello.application_protocols[0] if hello.application_protocols else b""
    if not first:
        return "00"
    ends = first[:1] + first[-1:]
    if ends.isalnum():  # of bytes: ASCII only
        return ends.decode("ascii")
    return first[:1].hex()[0] + first[-1:].hex()[1]


def _codes(numbers: list[int]) -> str:
    return ",".join([f"{number:04x}" for number in numbers])


def _digest(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()[:12] if text else "0" * 12
