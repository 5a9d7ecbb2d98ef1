"""Weak TLS and certificates: what is the device's own, and what a host behind it chose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inventory.attribution.scene import Host, Scene, rows_of
from tests.inventory.knowledge import database, table

SUITE = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"


def certificate(
    name: str, until: str = "2036-01-01", key: str = "RSA 2048", self_signed: bool = False
) -> dict[str, Any]:
    return {
        "subject": f"CN={name}",
        "issuer": "CN=CA",
        "not_before": "2015-01-01T00:00:00Z",
        "not_after": f"{until}T00:00:00Z",
        "key": key,
        "self_signed": self_signed,
        "sha256": f"{name}{until}".encode().hex().ljust(64, "0"),
    }


def choose(scene: Scene, host: Host, port: int, version: str, suite: str, shown: dict[str, Any] | None) -> None:
    scene.flow(scene.host("10.9.9.9", "00:11:22:33:55:99"), host, port, "tls", encrypted=True)
    scene.say(host, "tls_version", version, port=port, protocol="tls")
    scene.say(host, "tls_cipher", suite, port=port, protocol="tls")
    if shown:
        scene.say(host, "tls_certificate", shown, port=port, protocol="tls")


@pytest.fixture(scope="module")
def scene() -> Scene:
    scene = Scene()
    plain, proxy, asked, strong, late = (scene.host(f"10.0.0.{n}", f"00:11:22:33:44:{n:02x}") for n in range(1, 6))
    choose(scene, plain, 443, "TLS 1.0", "TLS_RSA_WITH_RC4_128_SHA", certificate("plain", key="EC secp192r1"))
    choose(scene, plain, 443, "TLS 1.2", SUITE, None)
    for port, attribute, value in ((8080, "tls_version", "TLS 1.3"), (1080, "tls_certificate", certificate("far"))):
        scene.say(proxy, attribute, value, "object", port=port, protocol="tls")
        # Of a connection of which the CONNECT was lost.
        choose(scene, proxy, port, "TLS 1.0", "TLS_RSA_WITH_RC4_128_SHA", certificate("far", "2020-01-01"))
    scene.say(asked, "http_server", "nginx", port=443, protocol="http")  # to a request in clear
    choose(scene, asked, 443, "TLS 1.0", SUITE, certificate("asked", "2020-01-01"))
    choose(scene, strong, 443, "TLS 1.2", SUITE, certificate("strong", "2020-01-01"))
    choose(scene, strong, 443, "TLS 1.2", SUITE, certificate("strong"))
    choose(scene, late, 2762, "TLS 1.2", SUITE, certificate("late", "2026-03-01"))
    return scene


def found(scene: Scene, rule: str) -> list[tuple[str, int, str | None, str]]:
    rows = rows_of(scene.derive(findings=True), f"FROM found WHERE rule = '{rule}' ORDER BY ip_address, port")
    return [(row["ip_address"], row["port"], row["severity"], row["detail"]) for row in rows]


def test_what_a_server_chose(scene: Scene) -> None:
    assert [(ip, port, detail) for ip, port, _, detail in found(scene, "weak-tls")] == [
        ("10.0.0.1", 443, "RC4, TLS 1.0, a key below 224 bits"),
        ("10.0.0.3", 443, "TLS 1.0"),
    ]


def test_a_certificate_still_shown(scene: Scene) -> None:
    assert found(scene, "certificate-expired") == [
        ("10.0.0.3", 443, None, "CN=asked, since 2020-01-01"),
        ("10.0.0.5", 2762, None, "CN=late, since 2026-03-01"),
    ]


@pytest.mark.parametrize(
    ("field", "text", "weaknesses"),
    [
        ("tls_version", "TLS 1.2", []),
        ("tls_version", "TLS 1.3", []),
        ("tls_cipher", SUITE, []),
        ("tls_cipher", "TLS_AES_128_GCM_SHA256", []),
        ("tls_cipher", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", ["3DES"]),
        ("tls_cipher", "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA", ["DES", "export-grade keys", "no authentication"]),
        ("tls_cipher", "TLS_SHA256_SHA256", ["no encryption"]),
        *(("tls_certificate.key", key, ["a key below 2048 bits"]) for key in ("RSA 512", "RSA 1024", "DSA 2047")),
        *(("tls_certificate.key", key, []) for key in ("RSA 2048", "RSA 15360", "DSA 3072", "Ed25519", "EC secp224r1")),
        *(
            ("tls_certificate.key", key, [])
            for key in ("EC secp521r1", "EC brainpoolP256r1", "EC sect233k1", "1.2.840.1")
        ),
        *(("tls_certificate.key", key, ["a key below 224 bits"]) for key in ("EC secp160r1", "EC sect163r2")),
    ],
)
def test_what_is_weak(field: str, text: str, weaknesses: list[str]) -> None:
    assert table("weak_tls")
    rows = database().execute(
        "SELECT weakness FROM weak_tls WHERE field = ? AND regexp_matches(?, pattern) ORDER BY weakness", [field, text]
    )
    assert [weakness for (weakness,) in rows.fetchall()] == weaknesses
