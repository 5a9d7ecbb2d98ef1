"""Hostile text becomes one printable line; identifiers become keyed pseudonyms."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.text import MAX_TEXT, canonical, clean, pseudonymiser, without_mailboxes


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ""),
        (b"  CT01  ", "CT01"),
        (b"A\x00B\x00\x00", "A B"),
        (b"CT\r\nSet-Cookie: x", "CT Set-Cookie: x"),
        (b"\x1b[31mred\x1b[0m", "[31mred [0m"),
        (b"\x1b]0;title\x07X", "]0;title X"),
        (b"\x9b31m", "\ufffd31m"),
        ("\x9b31m", "31m"),
        ("\u009b2J\u0085X", "2J X"),
        (b"\x7fDEL\x08\x08", "DEL"),
        ("exe\u202egpj.", "exe gpj."),
        ("\u2066a\u2069\u200e\u200f\u061cb", "a b"),
        ("zero\u200bwidth\u200d\ufeff", "zero width"),
        ("line\u2028para\u2029end", "line para end"),
        ("soft\u00adhyphen", "soft hyphen"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("lone \ud800 surrogate \udfff", "lone surrogate"),
        ("non\ufffechar\uffff", "non char"),
        ("wide\u3000blank\u00a0x", "wide blank x"),
        (b"R\xf6ntgen", "R\ufffdntgen"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"\xc0\xaf", "\ufffd\ufffd"),
        ("Röntgen 放射線 😀".encode(), "Röntgen 放射線 😀"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        (b"x" * 10_000_000, "x" * MAX_TEXT),
        ("ö" * 10_000, "ö" * MAX_TEXT),
        ("😀".encode() * 10_000, "😀" * MAX_TEXT),
        (b"\x00" * 10_000 + b"late", ""),
    ],
)
def test_clean(raw: bytes | str, expected: str) -> None:
    assert clean(raw) == expected


@pytest.mark.parametrize(
    ("raw", "encoding", "expected"),
    [
        (b"R\xf6ntgen", "latin-1", "Röntgen"),
        (b"\xb1", "iso8859-2", "ą"),
        (b"\x83J\x83\x81\x83\x89", "shift_jis", "カメラ"),
        (b"R\xf6ntgen", "no-such-codec", "Röntgen"),
        (b"R\xf6ntgen", "base64", "Röntgen"),
        (b"R\xf6ntgen", "", "Röntgen"),
        (b"R\xf6ntgen", "idna", "Röntgen"),
        (b"R\xf6ntgen", "punycode", "Röntgen"),
        (b"R\xf6ntgen", "undefined", "Röntgen"),
        (b"R\xf6ntgen", "latin-1\x00", "Röntgen"),
        (b"R\xf6ntgen", "\udc80", "Röntgen"),
        (b"A\x00B", "utf-16-le", "A\ufffd"),
    ],
)
def test_clean_encodings(raw: bytes, encoding: str, expected: str) -> None:
    assert clean(raw, encoding) == expected


def _is_one_clean_line(text: str) -> bool:
    forbidden = {"Cc", "Cs", "Zl", "Zp"}
    bidi_and_invisible = (
        "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    )
    return (
        len(text) <= MAX_TEXT
        and text == text.strip()
        and not any(
            unicodedata.category(character) in forbidden or character in bidi_and_invisible for character in text
        )
    )


@given(st.binary(max_size=400) | st.text(st.characters(), max_size=400))
def test_whatever_comes_in_one_clean_line_comes_out(raw: bytes | str) -> None:
    cleaned = clean(raw)
    assert _is_one_clean_line(cleaned)
    assert clean(cleaned) == cleaned
    cleaned.encode()  # no surrogates: it can be written anywhere


@pytest.mark.parametrize("blank", [" ", "\t\x1b", "\u3000"])
def test_no_blank_is_left_where_a_long_text_is_cut(blank: str) -> None:
    assert clean("a" * (MAX_TEXT - 1) + blank + "b") == "a" * (MAX_TEXT - 1)


def test_canonical_is_equal_for_equal_values() -> None:
    assert canonical({"b": "ö", "a": ["x", "y"]}) == canonical({"a": ["x", "y"], "b": "ö"}) == '{"a":["x","y"],"b":"ö"}'
    assert canonical(["b", "a"]) == '["b","a"]'


@given(st.dictionaries(st.text(), st.text()))
def test_canonical_is_json(parts: dict[str, str]) -> None:
    assert json.loads(canonical(parts)) == parts


def test_pseudonyms_are_keyed() -> None:
    first, again, other = pseudonymiser(b"key one"), pseudonymiser(b"key one"), pseudonymiser(b"key two")
    assert first(b"1.2.840.1") == again(b"1.2.840.1") != other(b"1.2.840.1")
    assert first(b"1.2.840.1") != first(b"1.2.840.2")
    assert pseudonymiser(b"")(b"1.2.840.1") != first(b"1.2.840.1")
    # blake2b(b"1.2.840.1", key=b"key one", digest_size=8): inventories that share a key can be merged, today and later
    assert first(b"1.2.840.1") == "d21ca0cd9f40b531"


@given(st.binary(max_size=200))
def test_pseudonym_is_16_hex_digits(identifier: bytes) -> None:
    pseudonym = pseudonymiser(b"key")(identifier)
    assert len(pseudonym) == 16 and set(pseudonym) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("FTP ready, ask admin@ward.example.", "FTP ready, ask"),
        ("ESMTP <postmaster@h.example> (a@b) ready", "ESMTP < > ( ) ready"),
        ("at 10:00 @ ward 3", "at 10:00 @ ward 3"),
        ("@" * 256, "@" * 256),
        ("a@" * 128, " ".join("@" * 64)),
        ("no address", "no address"),
    ],
)
def test_mail_addresses_are_left_out(text: str, kept: str) -> None:
    assert without_mailboxes(text) == kept
