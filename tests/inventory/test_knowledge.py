"""The knowledge tables hold to their README, and every example in them finds exactly its own row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from pydicom._uid_dict import UID_dictionary
from pynetdicom.presentation import AllStoragePresentationContexts

HERE = Path(__file__).parent
KNOWLEDGE = HERE.parent.parent / "inventory" / "knowledge"
Row = dict[str, str]


class Table(NamedTuple):
    columns: str
    key: int  # leading columns that make a row unique, and by which the file is sorted
    least: int  # rows
    may_be_empty: str = ""


TABLES = {
    "http_products": Table(
        "field pattern product version_group kind manufacturer source example example_version",
        2,
        35,
        "version_group manufacturer example_version",
    ),
    "implementation_versions": Table(
        "pattern toolkit version_group version_style manufacturer source example example_version",
        1,
        25,
        "version_group version_style manufacturer example_version",
    ),
    "manufacturers": Table("spelling manufacturer kind source", 1, 250, "manufacturer"),
    "modalities": Table("modality acquires meaning source", 1, 70),
    "roles": Table("role precedence meaning source", 1, 14),
    "sop_classes": Table("uid keyword category modality source", 1, 300, "keyword modality"),
    "uid_roots": Table("root organisation kind source example version_suffix", 1, 45),
    "user_agent_os": Table("pattern operating_system source example", 1, 10),
}
SOURCE = re.compile(
    r"https?://\S+\.\S|(DICOM|ISO/IEC|RFC|HL7|MS-)[ A-Z0-9-]|\S.* (DICOM Conformance Statement|conformance statements)\b"
)


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def tables() -> dict[str, list[Row]]:
    return {name: read(KNOWLEDGE / f"{name}.csv") for name in TABLES}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        for name in TABLES:
            path = str(KNOWLEDGE / f"{name}.csv")
            con.execute(
                f"CREATE TABLE {name} AS SELECT COLUMNS(*)::VARCHAR AS '\\0' "
                f"FROM read_csv('{path}', all_varchar = true, header = true, nullstr = '\\N')"
            )
        yield con


def organisation(rows: list[Row], uid: str) -> Row | None:
    """The row of the longest root that is `uid` or holds it, by whole components."""
    under = [row for row in rows if f"{uid}.".startswith(f"{row['root']}.")]
    return max(under, key=lambda row: len(row["root"]), default=None)


def dotted(text: str, style: str) -> str:
    return ".".join(text) if style == "digits" else text


# -- form --------------------------------------------------------------------------------------------------------------


def test_every_file_is_described_here() -> None:
    assert {path.stem for path in KNOWLEDGE.glob("*.csv")} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_form(name: str, tables: dict[str, list[Row]]) -> None:
    columns, key, least, may_be_empty = TABLES[name]
    rows = tables[name]
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


@pytest.mark.parametrize("name", TABLES)
def test_duckdb_reads_the_same(name: str, tables: dict[str, list[Row]], connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
    assert rows == [tuple(row.values()) for row in tables[name]]


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
def test_vocabulary(name: str, column: str, values: str, tables: dict[str, list[Row]]) -> None:
    assert sorted({row[column] for row in tables[name]}) == values.split()


def test_one_name_for_each_maker(tables: dict[str, list[Row]]) -> None:
    kinds = {"maker": set[str](), "software": set[str](), "unknown": set[str]()}
    for row in tables["manufacturers"]:
        kinds[row["kind"]].add(row["manufacturer"])
    assert kinds["unknown"] == {""}
    assert "" not in kinds["maker"] | kinds["software"]
    assert {row["organisation"] for row in tables["uid_roots"] if row["kind"] == "maker"} <= (
        kinds["maker"] | kinds["software"]
    )
    named = {row["manufacturer"] for name in ("implementation_versions", "http_products") for row in tables[name]}
    assert named - {""} <= kinds["maker"] | kinds["software"]


# -- examples ----------------------------------------------------------------------------------------------------------


def test_every_root_has_an_example_that_finds_it(tables: dict[str, list[Row]]) -> None:
    rows = tables["uid_roots"]
    for row in rows:
        assert re.fullmatch(r"[0-2](\.(0|[1-9][0-9]*))+", row["root"])
        assert re.fullmatch(r"[0-2](\.(0|[1-9][0-9]*))+", row["example"])
        assert len(row["example"]) <= 64  # PS3.5 9.1
        assert organisation(rows, row["example"]) is row, row


@pytest.mark.parametrize("name", ["http_products", "implementation_versions", "user_agent_os"])
def test_every_example_matches_its_pattern_alone(name: str, connection: duckdb.DuckDBPyConnection) -> None:
    same_field = "AND t.field = e.field" if name == "http_products" else ""
    found = connection.execute(
        f"SELECT e.example, list(t.pattern), e.pattern FROM {name} e "
        f"LEFT JOIN {name} t ON regexp_matches(e.example, t.pattern) {same_field} GROUP BY e.example, e.pattern"
    ).fetchall()
    assert [row for row in found if row[1] != [row[2]]] == []


@pytest.mark.parametrize("name", ["http_products", "implementation_versions"])
def test_versions(name: str, tables: dict[str, list[Row]], connection: duckdb.DuckDBPyConnection) -> None:
    for row in tables[name]:
        assert row["pattern"].startswith("^")
        assert row["version_group"] == ("1" if re.compile(row["pattern"]).groups == 1 else "")
        style = row.get("version_style", "dotted")
        assert style in (("dotted", "digits") if row["version_group"] else ("", "dotted"))
        (text,) = connection.execute(
            "SELECT regexp_extract(?, ?, ?)", [row["example"], row["pattern"], int(row["version_group"] or 0)]
        ).fetchall()[0]
        assert dotted(text, style) * bool(row["version_group"]) == row["example_version"], row


def test_a_toolkit_version_in_the_uid(tables: dict[str, list[Row]]) -> None:
    rows = tables["uid_roots"]
    for uid, version in (
        ("1.2.276.0.7230010.3.0.3.6.7", "3.6.7"),
        ("1.2.826.0.1.3680043.9.3811.3.0.4", "3.0.4"),
    ):
        row = organisation(rows, uid)
        assert row is not None
        assert row["version_suffix"] == "true"
        assert uid.removeprefix(row["root"] + ".") == version
    assert {row["kind"] for row in rows if row["version_suffix"] == "true"} == {"toolkit"}


# -- traps -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uid", "kind", "name"),
    [
        ("1.2.392.200036.9116.2.6.1.48", "maker", "Canon Medical Systems"),
        ("1.2.392.200036.9125.9.0.487531544", "maker", "Fujifilm"),
        ("1.2.392.200036.9123.100.11", "maker", "Fujifilm"),
        ("1.2.392.200036.91160.1", "registrar", "Japan (numbers given to organisations)"),
        ("1.2.392.200036", "registrar", "Japan (numbers given to organisations)"),
        ("1.3.46.670589.11.0.0.51.4.4.1", "maker", "Philips"),
        ("1.3.46.423632.1", "maker", "Elekta"),
        ("1.3.46.1", "registrar", "ICD 0046"),
        ("1.2.840.113619.6.5", "maker", "GE HealthCare"),
        ("1.2.840.1136190195280574824680000700.3.0.1", "registrar", "United States of America"),
        ("1.2.840.1136190", "registrar", "United States of America"),
        ("1.2.840.10008.1.1", "registrar", "DICOM Standard"),
        ("1.3.12.2.1107.5.2", "maker", "Siemens Healthineers"),
        ("1.3.12.2.11070.1", "registrar", "ECMA members"),
        ("1.2.246.352.70.2.1.120.1", "maker", "Varian"),
        ("2.16.840.1", "registrar", "United States of America"),  # an invalid UID that GE LOGIQ E9 sends
        ("2.16.840.1.113669.2.1.1", "toolkit", "MergeCOM-3"),
        ("2.25.80302813137786398554742050926734630921", "registrar", "Self-issued UUID"),
        ("1.2.826.0.1.3680043.9.38110.1", "registrar", "Medical Connections (UIDs for anyone)"),
    ],
)
def test_whose_uid(uid: str, kind: str, name: str, tables: dict[str, list[Row]]) -> None:
    row = organisation(tables["uid_roots"], uid)
    assert row is not None
    assert (row["kind"], row["organisation"]) == (kind, name)


def test_nobodys_uid(tables: dict[str, list[Row]]) -> None:
    assert organisation(tables["uid_roots"], "1.3.4") is None
    assert organisation(tables["uid_roots"], "1.2.84") is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("OFFIS_DCMTK_367", [("OFFIS DCMTK", "")]),
        ("MergeCOM3_320", [("MergeCOM-3", "")]),
        ("PYNETDICOM_3.0.4", []),  # never sent: pynetdicom joins the digits
        ("MR_VB19A", [("syngo MR", "Siemens Healthineers")]),
        ("SMR_VB19A", []),
        ("dcm4che-5.23.2", [("dcm4che", "")]),
        ("1.4.16/OTHER", [("ConQuest DICOM Server", "")]),
        ("0.5", []),
        ("", []),
    ],
)
def test_implementation_version(name: str, found: list[tuple[str, str]], connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT toolkit, manufacturer FROM implementation_versions WHERE regexp_matches(?, pattern)"
    assert connection.execute(query, [name]).fetchall() == found


# -- manufacturers -----------------------------------------------------------------------------------------------------

NORMALISE = "regexp_replace(lower(x), '[^a-z0-9]', '', 'g')"


def test_spellings_are_normalised(tables: dict[str, list[Row]]) -> None:
    for row in tables["manufacturers"]:
        assert re.fullmatch(r"[a-z0-9]+", row["spelling"])


def test_every_spelling_of_the_imaging_data_commons_is_known(connection: duckdb.DuckDBPyConnection) -> None:
    spellings = [row["Manufacturer"] for row in read(HERE / "idc_manufacturers.csv")]
    assert len(spellings) == len(set(spellings)) == 97
    missing = connection.execute(
        f"SELECT x FROM (SELECT unnest(?::VARCHAR[]) AS x) ANTI JOIN manufacturers ON spelling = {NORMALISE}",
        [spellings],
    ).fetchall()
    assert missing == []


@pytest.mark.parametrize(
    ("spelling", "found"),
    [
        ("GEMS", ("maker", "GE HealthCare")),
        ('"GE Healthcare"', ("maker", "GE HealthCare")),
        ("GE MEDICAL S]STEMS", ("maker", "GE HealthCare")),
        ("GE_MEDICAL_SYSTEMS", ("maker", "GE HealthCare")),
        ("TOSHIBA_MEC", ("maker", "Canon Medical Systems")),
        ("Canon Inc.", ("maker", "Canon")),
        ("SIEMENS NM", ("maker", "Siemens Healthineers")),
        ("Philips Medical Systems, Inc.", ("maker", "Philips")),
        ("Hitachi Medical Corporation", ("maker", "Fujifilm")),
        ("FUJI PHOTO FILM Co., ltd.", ("maker", "Fujifilm")),
        ("KODAK", ("maker", "Carestream")),
        ("SIEMENS / MIM Software", ("software", "MIM Software")),
        ("Philips / MIMvista", ("software", "MIM Software")),
        ("GE MEDICAL SYSTEMS / MIMvista", ("software", "MIM Software")),
        ("VICTRE", ("software", "VICTRE")),
        ("Stanford University", ("unknown", "")),
        ("Rolleiflex, Eastman Kodak", ("unknown", "")),
        ("Unknown manufacturer", ("unknown", "")),
        ("Hospira, Inc.", ("maker", "ICU Medical")),
        ("Cerner", ("software", "Oracle Health")),
    ],
)
def test_manufacturer(spelling: str, found: tuple[str, str], connection: duckdb.DuckDBPyConnection) -> None:
    query = f"SELECT kind, manufacturer FROM manufacturers, (SELECT ? AS x) WHERE spelling = {NORMALISE}"
    assert connection.execute(query, [spelling]).fetchall() == [found]


def test_what_software_rewrote_names_no_device_maker(tables: dict[str, list[Row]]) -> None:
    for row in tables["manufacturers"]:
        if row["spelling"].endswith(("mimsoftware", "mimvista")):
            assert (row["kind"], row["manufacturer"]) == ("software", "MIM Software")


# -- SOP Classes, modalities, roles ------------------------------------------------------------------------------------


def test_every_standard_sop_class_is_there_once(tables: dict[str, list[Row]]) -> None:
    standard = {uid: name[4] for uid, name in UID_dictionary.items() if name[1] in {"SOP Class", "Meta SOP Class"}}
    assert {row["uid"]: row["keyword"] for row in tables["sop_classes"]} == {
        uid: keyword for uid, keyword in standard.items() if uid.startswith("1.2.840.10008.")
    }


def test_what_can_be_stored_is_storage(tables: dict[str, list[Row]]) -> None:
    category = {row["uid"]: row["category"] for row in tables["sop_classes"]}
    storage = {str(context.abstract_syntax) for context in AllStoragePresentationContexts}
    assert len(storage) > 150
    assert {category[uid].split("-")[0] for uid in storage} == {"storage"}


@pytest.mark.parametrize(
    ("keyword", "category", "modality"),
    [
        ("Verification", "verification", ""),
        ("CTImageStorage", "storage-image", "CT"),
        ("LegacyConvertedEnhancedCTImageStorage", "storage-derived", "CT"),
        ("SegmentationStorage", "storage-derived", "SEG"),
        ("SecondaryCaptureImageStorage", "storage-derived", ""),
        ("XRayRadiationDoseSRStorage", "storage-derived", "SR"),
        ("GrayscaleSoftcopyPresentationStateStorage", "storage-derived", "PR"),
        ("TwelveLeadECGWaveformStorage", "storage-waveform", "ECG"),
        ("StudyRootQueryRetrieveInformationModelFind", "query", ""),
        ("StudyRootQueryRetrieveInformationModelMove", "retrieve-move", ""),
        ("StudyRootQueryRetrieveInformationModelGet", "retrieve-get", ""),
        ("HangingProtocolInformationModelFind", "other", ""),
        ("ModalityWorklistInformationModelFind", "worklist", ""),
        ("ModalityPerformedProcedureStep", "mpps", ""),
        ("StorageCommitmentPushModel", "commitment", ""),
        ("BasicGrayscalePrintManagementMeta", "print", ""),
    ],
)
def test_sop_class(keyword: str, category: str, modality: str, tables: dict[str, list[Row]]) -> None:
    (row,) = (row for row in tables["sop_classes"] if row["keyword"] == keyword)
    assert (row["category"], row["modality"]) == (category, modality)


def test_modalities_agree_with_the_sop_classes(tables: dict[str, list[Row]]) -> None:
    acquires = {row["modality"]: row["acquires"] for row in tables["modalities"]}
    for row in tables["sop_classes"]:
        if row["modality"] and row["category"] == "storage-image":
            assert acquires[row["modality"]] == "true", row
        assert not row["modality"] or row["modality"] in acquires, row
    assert {acquires[name] for name in ("CT", "MR", "US", "MG", "PT", "XA", "ECG", "RTIMAGE")} == {"true"}
    assert {acquires[name] for name in ("SEG", "SR", "PR", "KO", "RTSTRUCT", "REG", "OT", "DOC")} == {"false"}


def test_roles_are_in_one_order(tables: dict[str, list[Row]]) -> None:
    order = sorted(tables["roles"], key=lambda row: int(row["precedence"]))
    assert [row["precedence"] for row in order] == [str(number) for number in range(1, 15)]
    assert " ".join(row["role"] for row in order) == (
        "archive router worklist printer modality workstation hl7_engine hl7_receiver hl7_sender "
        "file_server web_server network client unknown"
    )
