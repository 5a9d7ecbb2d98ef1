from __future__ import annotations

import re
from pathlib import Path

import pytest

from parsers.tls import ciphers
from parsers.tls.ciphers import cipher_suite_name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),  # RFC 5246 A.5
        (0x0026, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA"),  # RFC 2712 3
        (0x1301, "TLS_AES_128_GCM_SHA256"),  # RFC 8446 B.4
        (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),  # RFC 5289 3.2
        (0xC0AA, "TLS_PSK_DHE_WITH_AES_128_CCM_8"),  # RFC 6655 3, not as its neighbours
        (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),  # RFC 7905 2
        (0xCC13, "0xcc13"),  # the same by a draft's number: IANA has it not
        (0x0A0A, "0x0a0a"),
    ],
)
def test_names(code: int, name: str) -> None:
    assert cipher_suite_name(code) == name


def test_the_table_is_in_order_and_each_name_is_one() -> None:
    lines = Path(ciphers.__file__).with_name("cipher_suites.csv").read_text("ascii").splitlines()
    assert "https://www.iana.org/assignments/tls-parameters" in lines[0]
    rows = [re.fullmatch(r"([0-9a-f]{4}),(TLS_[A-Za-z0-9_]+)", line) for line in lines[1:]]
    assert all(rows)
    codes = [row[1] for row in rows if row]
    assert codes == sorted(set(codes)) and len({row[2] for row in rows if row}) == len(codes)
