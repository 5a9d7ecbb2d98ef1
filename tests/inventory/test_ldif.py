from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.ldif import LdifWriter, child, is_name, line
from tests.inventory.directory import Entry, read_ldif, read_name

NASTY = st.text(alphabet=st.one_of(st.sampled_from(' #:<>,+"\\;=\n\r\0é\t'), st.characters(codec="utf-8")), min_size=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [  # RFC 2849: SAFE-STRING, notes 4 and 8
        ("AQONE", "cn: AQONE\n"),
        ("a: b # c", "cn: a: b # c\n"),
        (" AQONE", "cn:: IEFRT05F\n"),
        ("AQONE ", "cn:: QVFPTkUg\n"),
        (":AQONE", "cn:: OkFRT05F\n"),
        ("<file:///etc/passwd", "cn:: PGZpbGU6Ly8vZXRjL3Bhc3N3ZA==\n"),
        ("A\nobjectClass: x", "cn:: QQpvYmplY3RDbGFzczogeA==\n"),
        ("Zürich", "cn:: WsO8cmljaA==\n"),
        ("", "cn: \n"),
        ("x" * 80, "cn: " + "x" * 72 + "\n " + "x" * 8 + "\n"),
    ],
)
def test_lines(value: str, expected: str) -> None:
    assert line("cn", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [  # RFC 4514 2.4 and 4
        ("AQONE", "cn=AQONE,dc=org"),
        ('James "Jim" Smith, III', 'cn=James \\"Jim\\" Smith\\, III,dc=org'),
        ("Before\rAfter", "cn=Before\\0dAfter,dc=org"),
        (" #a ", "cn=\\ #a\\ ,dc=org"),
        ("#a", "cn=\\#a,dc=org"),
        (" ", "cn=\\ ,dc=org"),
        ("a,dc=evil", "cn=a\\,dc\\=evil,dc=org"),
        ("a\\", "cn=a\\\\,dc=org"),
        ("a\0b+c;d<e>", "cn=a\\00b\\+c\\;d\\<e\\>,dc=org"),
        ("Lučić", "cn=Lučić,dc=org"),
    ],
)
def test_names(value: str, expected: str) -> None:
    assert child("cn", value, "dc=org") == expected
    assert read_name(expected) == (("cn", value), ("dc", "org"))


@given(NASTY, NASTY)
def test_whatever_the_value_it_comes_back(name: str, value: str) -> None:
    file = io.StringIO()
    writer = LdifWriter(file)
    writer.comment("a comment")
    writer.entry(child("cn", name, "dc=org"), [("objectClass", "top"), ("description", value)])
    writer.entry("dc=com", [("dc", "com")])
    first, second = read_ldif(file.getvalue())
    assert first == Entry((("cn", name), ("dc", "org")), {"objectClass": ["top"], "description": [value]})
    assert second.name == (("dc", "com"),)


@pytest.mark.parametrize(
    "name", ["dc=dcm4che,dc=org", "o=Sometown Hospital", "ou=PACS\\, RIS,dc=x", "cn=a\\2cb,o=Zürich"]
)
def test_base_names(name: str) -> None:
    assert is_name(name)
    read_name(name)


@pytest.mark.parametrize(
    "name", ["", "dcm4che", "dc=", "dc=a,", ",dc=a", "dc=a\nb", "dc=a;dc=b", 'dc="a"', "=a", "dc=a\\"]
)
def test_what_is_no_base_name(name: str) -> None:
    assert not is_name(name)


def test_a_long_base_name_is_judged_quickly() -> None:
    assert not is_name("dc=" + "\\," * 10_000)
    assert not is_name("dc=a," * 10_000)
