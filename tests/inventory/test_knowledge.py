"""The knowledge tables hold to their README, and every example in them finds exactly its own row."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from tests.inventory.knowledge import KNOWLEDGE, NORMALISE, database, organisation, table


class Form(NamedTuple):
    columns: str
    key: int  # leading columns that make a row unique, and by which the file is sorted
    least: int  # rows
    may_be_empty: str = ""


FORMS = {
    "http_products": Form(
        "field pattern product version_group kind manufacturer source example example_version",
        2,
        35,
        "version_group manufacturer example_version",
    ),
    "implementation_versions": Form(
        "pattern toolkit version_group version_style manufacturer source example example_version",
        1,
        25,
        "version_group version_style manufacturer example_version",
    ),
    "manufacturers": Form("spelling manufacturer kind source", 1, 250, "manufacturer"),
    "modalities": Form("modality acquires meaning source", 1, 70),
    "roles": Form("role precedence meaning source", 1, 14),
    "sop_classes": Form("uid keyword category modality source", 1, 300, "keyword modality"),
    "uid_roots": Form("root organisation kind source example version_suffix", 1, 45),
    "user_agent_os": Form("pattern operating_system source example", 1, 10),
}
SOURCE = re.compile(
    r"https?://\S+\.\S|(DICOM|HL7|ISO/IEC|MS-|RFC)[ A-Z0-9-]|\S.* (DICOM Conformance Statement|conformance statements)"
)
UID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")  # PS3.5 9.1


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str) -> None:
    columns, key, least, may_be_empty = FORMS[name]
    rows = table(name)
    text = (KNOWLEDGE / f"{name}.csv").read_bytes()
    assert text.split(b"\n", 1)[0].decode() == columns.replace(" ", ",")
    assert b"\r" not in text
    assert text.endswith(b"\n")
    assert len(rows) >= least
    keys = [tuple(row[column] for column in columns.split()[:key]) for row in rows]
    assert keys == sorted(set(keys))
    for row in rows:
        for column, value in row.items():
            assert value == " ".join(value.split()) or column in {"pattern", "example"}, row
            assert value or column in may_be_empty.split(), row
        assert SOURCE.match(row["source"]), row


@pytest.mark.parametrize("name", FORMS)
def test_duckdb_reads_the_same(name: str) -> None:
    rows = database().execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
    assert rows == [tuple(row.values()) for row in table(name)]


@pytest.mark.parametrize(
    ("name", "column", "values"),
    [
        ("uid_roots", "kind", "maker registrar software toolkit"),
        ("uid_roots", "version_suffix", "false true"),
        ("manufacturers", "kind", "maker software unknown"),
        ("http_products", "kind", "application browser library proxy server"),
        (
            "http_products",
            "field",
            "http_authenticate http_path http_powered_by http_server http_service http_user_agent",
        ),
        ("modalities", "acquires", "false true"),
        (
            "sop_classes",
            "category",
            "commitment mpps other print query retrieve-get retrieve-move storage-derived storage-image "
            "storage-waveform verification worklist",
        ),
    ],
)
def test_vocabulary(name: str, column: str, values: str) -> None:
    assert sorted({row[column] for row in table(name)}) == values.split()


def test_a_maker_has_one_name_and_is_found_by_it() -> None:
    assert {row["manufacturer"] for row in table("manufacturers") if row["kind"] == "unknown"} == {""}
    named = {row["manufacturer"] for row in table("manufacturers")}
    named |= {row["organisation"] for row in table("uid_roots") if row["kind"] == "maker"}
    named |= {row["manufacturer"] for name in ("implementation_versions", "http_products") for row in table(name)}
    query = f"FROM (SELECT unnest(?::VARCHAR[]) AS x) LEFT JOIN manufacturers ON spelling = {NORMALISE}"
    found = database().execute(f"SELECT x, manufacturer {query}", [sorted(named - {""})]).fetchall()
    assert [pair for pair in found if pair[0] != pair[1]] == []


def test_every_root_has_an_example_that_finds_it() -> None:
    for row in table("uid_roots"):
        assert UID.fullmatch(row["root"])
        assert UID.fullmatch(row["example"])
        assert len(row["example"]) <= 64  # PS3.5 9.1
        assert organisation(row["example"]) == row


@pytest.mark.parametrize("name", ["http_products", "implementation_versions", "user_agent_os"])
def test_every_example_matches_its_pattern_alone(name: str) -> None:
    same_field = "AND t.field = e.field" if name == "http_products" else ""
    query = (
        f"SELECT e.example, list(t.pattern), e.pattern FROM {name} e LEFT JOIN {name} t "
        f"ON regexp_matches(e.example, t.pattern) {same_field} GROUP BY e.rowid, e.example, e.pattern"
    )
    found = database().execute(query).fetchall()
    assert len(found) == len(table(name))
    assert [row for row in found if row[1] != [row[2]]] == []


@pytest.mark.parametrize("name", ["http_products", "implementation_versions"])
def test_versions(name: str) -> None:
    for row in table(name):
        group, style = row["version_group"], row.get("version_style", "dotted")
        assert row["pattern"].startswith("^")
        assert group == ("1" if re.compile(row["pattern"]).groups else "")
        assert style in (("dotted", "digits") if group else ("", "dotted"))
        query = "SELECT regexp_extract(?, ?, ?)"
        found = database().execute(query, [row["example"], row["pattern"], int(group or 0)]).fetchone()
        assert found is not None
        version = found[0] if group else ""
        assert (".".join(version) if style == "digits" else version) == row["example_version"], row


@pytest.mark.parametrize(
    ("uid", "version"),
    [("1.2.276.0.7230010.3.0.3.6.7", "3.6.7"), ("1.2.826.0.1.3680043.9.3811.3.0.4", "3.0.4")],
)
def test_a_toolkit_version_in_the_uid(uid: str, version: str) -> None:
    row = organisation(uid)
    assert row is not None
    assert row["version_suffix"] == "true"
    assert uid.removeprefix(row["root"] + ".") == version


def test_only_toolkits_tell_their_version_in_the_uid() -> None:
    assert {row["kind"] for row in table("uid_roots") if row["version_suffix"] == "true"} == {"toolkit"}
