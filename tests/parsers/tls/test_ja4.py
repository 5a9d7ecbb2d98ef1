"""JA4 against the examples of its specification.

Source: https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md
"""

from __future__ import annotations

import pytest

from parsers.tls.hello import ClientHello, parse_client_hello
from parsers.tls.ja4 import ja4
from tests.parsers.tls.handshakes import client_hello, extensions, numbers, vector

# The specification's example, in the order its client sent it.
SUITES = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
EXTENSIONS = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
SIGNATURE_ALGORITHMS = "0403,0804,0401,0503,0805,0501,0806,0601"


def _codes(text: str) -> list[int]:
    return [int(code, 16) for code in text.split(",")]


def _hello(**changes: object) -> ClientHello:
    example = ClientHello(
        legacy_version=0x0303,
        cipher_suites=_codes(SUITES),
        extensions=_codes(EXTENSIONS),
        server_name=b"pacs.example",
        application_protocols=[b"h2", b"http/1.1"],
        supported_versions=[0x0304, 0x0303],
        signature_algorithms=_codes(SIGNATURE_ALGORITHMS),
    )
    return example._replace(**changes)  # type: ignore[arg-type]


def test_the_example_of_the_specification() -> None:
    assert ja4(_hello()) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_the_example_as_a_message_with_grease_wherever_it_may_stand() -> None:
    grease = 0x3A3A
    contents = {
        0x0000: vector(2, b"\0" + vector(2, b"pacs.example")),
        0x0010: vector(2, vector(1, b"\x3a\x3a") + vector(1, b"h2") + vector(1, b"http/1.1")),
        0x000D: vector(2, numbers(grease, *_codes(SIGNATURE_ALGORITHMS))),
        0x002B: vector(1, numbers(0xFAFA, 0x0304, 0x0303)),
    }
    pairs = [(kind, contents.get(kind, b"")) for kind in _codes(EXTENSIONS)]
    block = extensions((grease, b""), *pairs, (0xDADA, b"\0"))
    body = client_hello(numbers(grease, *_codes(SUITES)), block)[4:]
    hello = parse_client_hello(body)
    assert hello == _hello()
    assert ja4(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_without_signature_algorithms_the_extensions_end_without_an_underscore() -> None:
    assert ja4(_hello(signature_algorithms=[])) == "t13d1516h2_8daaf6152771_6d807ffa2a79"


def test_what_is_absent_is_zeros() -> None:
    bare = ClientHello(0x0301, [], [], b"", [], [], [])
    assert ja4(bare) == "t10i000000_000000000000_000000000000"
    only_told_in_a = _hello(extensions=[0x0000, 0x0010], signature_algorithms=[])
    assert ja4(only_told_in_a) == "t13d1502h2_8daaf6152771_000000000000"


def test_counts_stop_at_99_and_signalling_suites_count() -> None:
    many = list(range(0xC001, 0xC001 + 120))
    assert ja4(_hello(cipher_suites=many))[:10] == "t13d9916h2"
    assert ja4(_hello(cipher_suites=[*_codes(SUITES), 0x00FF, 0x5600]))[:10] == "t13d1716h2"


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"", "00"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
        (b" ", "20"),  # https://github.com/FoxIO-LLC/ja4/pull/277
        (b"a ", "60"),
    ],
)
def test_alpn(protocol: bytes, expected: str) -> None:
    assert ja4(_hello(application_protocols=[protocol]))[8:10] == expected


@pytest.mark.parametrize(
    ("legacy", "supported", "expected"),
    [
        (0x0303, [0x0303, 0x0304], "13"),
        (0x0303, [], "12"),
        (0x0302, [], "11"),
        (0x0301, [], "10"),
        (0x0300, [], "s3"),
        (0x0303, [0x7F1C, 0x0303], "00"),  # a draft's number
    ],
)
def test_version(legacy: int, supported: list[int], expected: str) -> None:
    assert ja4(_hello(legacy_version=legacy, supported_versions=supported))[1:3] == expected
