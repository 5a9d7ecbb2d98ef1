"""What the knowledge tables must say, and the errors of other public tables that they must not repeat."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydicom._uid_dict import UID_dictionary
from pynetdicom.presentation import AllStoragePresentationContexts

from tests.inventory.knowledge import NORMALISE, database, organisation, read, table

IDC_MANUFACTURERS = Path(__file__).parent / "idc_manufacturers.csv"  # origin: inventory/knowledge/README.md


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
        ("2.25.156227610253341005307660858504280353500", "toolkit", "dicom-rs"),
        ("1.2.410.200001.1.4", "registrar", "Republic of Korea"),  # not all of that arc is Samsung's
        ("1.3.51.0.42.1.1", "maker", "Agfa HealthCare"),
        ("1.3.51.0.99.1", "registrar", "ICD 0051"),
        ("1.2.826.0.1.3680043.9.38110.1", "registrar", "Medical Connections (UIDs for anyone)"),
    ],
)
def test_whose_uid(uid: str, kind: str, name: str) -> None:
    row = organisation(uid)
    assert row is not None
    assert (row["kind"], row["organisation"]) == (kind, name)


@pytest.mark.parametrize(
    ("uid", "product", "kind"),
    [
        ("1.2.840.113619.6.94", "Centricity PACS", "archive"),  # a maker's archive is not its scanner
        ("1.2.840.113619.6.264", "Advantage Workstation", "workstation"),
        ("1.2.840.113619.6.323", "LOGIQ S8", "modality"),
        ("1.2.840.113619.6.5", "", ""),
        ("1.3.12.2.1107.5.2", "syngo MR", "modality"),
        ("1.3.12.2.1107.5.8.15.10.20090701", "", ""),
        ("1.3.46.670589.14.10000.705", "EPIQ or Affiniti", "modality"),
        ("1.3.51.0.42.1.1", "Enterprise Imaging", "archive"),
        ("1.3.51.0.1.3", "NX", "modality"),
        ("1.2.276.0.75.2.5.20", "HFA3", "modality"),
        ("1.2.276.0.7230010.3.0.3.6.7", "", ""),
    ],
)
def test_which_product(uid: str, product: str, kind: str) -> None:
    row = organisation(uid)
    assert row is not None
    assert (row["product"], row["product_kind"]) == (product, kind)


@pytest.mark.parametrize(
    ("name", "product", "kind"),
    [
        ("CENTRICITY_4.0", "Centricity PACS", "archive"),
        ("AW4_2_06_02_EXT", "Advantage Workstation", "workstation"),
        ("LOGIQE10_1", "LOGIQ", "modality"),
        ("MR_VD14A", "syngo MR", "modality"),
        ("SIEMENS_S5VA47A", "", "modality"),
        ("SIEMENS", "", ""),
        ("EPIQ-AFFIN_7.05", "EPIQ or Affiniti", "modality"),
        ("TM_MR_DCM_V1.0_3", "", "modality"),
        ("INF_4.5", "", ""),
    ],
)
def test_which_product_by_name(name: str, product: str, kind: str) -> None:
    query = "SELECT product, product_kind FROM implementation_versions WHERE regexp_matches(?, pattern)"
    assert database().execute(query, [name]).fetchall() == [(product, kind)]


@pytest.mark.parametrize(
    ("uid", "category", "modality", "manufacturer"),
    [
        ("1.3.12.2.1107.5.9.1", "storage-derived", "", "Siemens Healthineers"),
        ("1.2.392.200036.9125.1.1.2", "storage-image", "CR", "Fujifilm"),
        ("1.2.392.200036.9116.7.8.1.1.1", "storage-image", "US", "Canon Medical Systems"),
        ("1.3.46.670589.2.5.1.1", "storage-derived", "PR", "Philips"),
        ("1.2.840.10008.5.1.4.1.1.2", "storage-image", "CT", ""),
    ],
)
def test_private_sop_class(uid: str, category: str, modality: str, manufacturer: str) -> None:
    found = [(r["category"], r["modality"], r["manufacturer"]) for r in table("sop_classes") if r["uid"] == uid]
    assert found == [(category, modality, manufacturer)]


def test_private_sop_classes_are_under_their_makers_roots() -> None:
    for row in table("sop_classes"):
        holder = organisation(row["uid"])
        if row["manufacturer"] and holder and holder["kind"] != "registrar":
            assert holder["organisation"] == row["manufacturer"], row


@pytest.mark.parametrize(
    ("field", "wire", "product", "manufacturer"),
    [
        ("http_server", "HP HTTP Server; HP LaserJet 400 M401n - CZ195A;", "HP printer", "HP"),
        ("http_server", "Apache-Coyote/1.1", "Apache Tomcat", ""),
        ("http_server", "App-webs/", "Hikvision camera or recorder", "Hikvision"),
        ("http_server", "Virata-EmWeb/R6_2_1", "EmWeb", ""),  # in printers and firewalls alike
        ("http_server", "debut/1.20", "debut", ""),  # in Brother's and HP's printers
        ("http_authenticate", 'Basic realm="APC Management Card"', "APC Management Card", "APC"),
        ("http_authenticate", 'Basic realm="UPS Web Card"', "UPS Web Card", "Eaton"),
    ],
)
def test_http_product(field: str, wire: str, product: str, manufacturer: str) -> None:
    query = "SELECT product, manufacturer FROM http_products WHERE field = ? AND regexp_matches(?, pattern)"
    assert database().execute(query, [field, wire]).fetchall() == [(product, manufacturer)]


@pytest.mark.parametrize("uid", ["1.3.4", "1.2.84", "3.1", "1.2"])
def test_nobodys_uid(uid: str) -> None:
    assert organisation(uid) is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("OFFIS_DCMTK_367", [("OFFIS DCMTK", "")]),
        ("MergeCOM3_320", [("MergeCOM-3", "")]),
        ("PYNETDICOM_3.0.4", []),  # never sent: pynetdicom joins the digits
        ("MR_VB19A", [("", "Siemens Healthineers")]),
        ("SMR_VB19A", []),
        ("dcm4che-5.23.2", [("dcm4che", "")]),
        ("1.4.16/OTHER", [("ConQuest DICOM Server", "")]),
        ("0.5", []),
        ("", []),
    ],
)
def test_implementation_version(name: str, found: list[tuple[str, str]]) -> None:
    query = "SELECT toolkit, manufacturer FROM implementation_versions WHERE regexp_matches(?, pattern)"
    assert database().execute(query, [name]).fetchall() == found


def test_spellings_are_normalised() -> None:
    assert [row for row in table("manufacturers") if not re.fullmatch(r"[a-z0-9]+", row["spelling"])] == []


def test_every_spelling_of_the_imaging_data_commons_is_known() -> None:
    spellings = [row["Manufacturer"] for row in read(IDC_MANUFACTURERS)]
    assert len(spellings) == len(set(spellings)) == 97
    query = f"SELECT x FROM (SELECT unnest(?::VARCHAR[]) AS x) ANTI JOIN manufacturers ON spelling = {NORMALISE}"
    assert database().execute(query, [spellings]).fetchall() == []


@pytest.mark.parametrize(
    ("spelling", "kind", "manufacturer"),
    [
        ("GEMS", "maker", "GE HealthCare"),
        ('"GE Healthcare"', "maker", "GE HealthCare"),
        ("GE MEDICAL S]STEMS", "maker", "GE HealthCare"),
        ("GE_MEDICAL_SYSTEMS", "maker", "GE HealthCare"),
        ("TOSHIBA_MEC", "maker", "Canon Medical Systems"),
        ("Canon Inc.", "maker", "Canon"),
        ("SIEMENS NM", "maker", "Siemens Healthineers"),
        ("Philips Medical Systems, Inc.", "maker", "Philips"),
        ("Hitachi Medical Corporation", "maker", "Fujifilm"),
        ("FUJI PHOTO FILM Co., ltd.", "maker", "Fujifilm"),
        ("KODAK", "maker", "Carestream"),
        ("Hospira, Inc.", "maker", "ICU Medical"),
        ("Cerner", "software", "Oracle Health"),
        ("VICTRE", "software", "VICTRE"),
        ("SIEMENS / MIM Software", "software", "MIM Software"),
        ("Philips / MIMvista", "software", "MIM Software"),
        ("GE MEDICAL SYSTEMS / MIMvista", "software", "MIM Software"),
        ("Stanford University", "unknown", ""),
        ("Rolleiflex, Eastman Kodak", "unknown", ""),
        ("Unknown manufacturer", "unknown", ""),
    ],
)
def test_manufacturer(spelling: str, kind: str, manufacturer: str) -> None:
    query = f"SELECT kind, manufacturer FROM manufacturers, (SELECT ? AS x) WHERE spelling = {NORMALISE}"
    assert database().execute(query, [spelling]).fetchall() == [(kind, manufacturer)]


def test_what_software_rewrote_names_no_device_maker() -> None:
    rewritten = [row for row in table("manufacturers") if row["spelling"].endswith(("mimsoftware", "mimvista"))]
    assert len(rewritten) > 10
    assert {(row["kind"], row["manufacturer"]) for row in rewritten} == {("software", "MIM Software")}


def test_every_standard_sop_class_is_there() -> None:
    standard = {uid: name[4] for uid, name in UID_dictionary.items() if name[1] in {"SOP Class", "Meta SOP Class"}}
    ours = {row["uid"]: row["keyword"] for row in table("sop_classes")}
    assert {
        uid: keyword for uid, keyword in standard.items() if uid.startswith("1.2.840.10008.")
    }.items() <= ours.items()


def test_what_can_be_stored_is_storage() -> None:
    category = {row["uid"]: row["category"] for row in table("sop_classes")}
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
def test_sop_class(keyword: str, category: str, modality: str) -> None:
    found = [(row["category"], row["modality"]) for row in table("sop_classes") if row["keyword"] == keyword]
    assert found == [(category, modality)]


def test_modalities_agree_with_the_sop_classes() -> None:
    acquires = {row["modality"]: row["acquires"] for row in table("modalities")}
    for row in table("sop_classes"):
        assert not row["modality"] or row["modality"] in acquires, row
        if row["modality"] and row["category"] == "storage-image":
            assert acquires[row["modality"]] == "true", row
    assert {acquires[name] for name in ("CT", "MR", "US", "MG", "PT", "XA", "ECG", "RTIMAGE")} == {"true"}
    assert {acquires[name] for name in ("SEG", "SR", "PR", "KO", "RTSTRUCT", "REG", "OT", "DOC")} == {"false"}


def test_roles_are_in_one_order() -> None:
    order = sorted(table("roles"), key=lambda row: int(row["precedence"]))
    assert [row["precedence"] for row in order] == [str(number) for number in range(1, len(order) + 1)]
    imaging = "archive router worklist printer modality workstation hl7_engine hl7_receiver hl7_sender file_server "
    expected = f"{imaging} web_server network client unknown".split()
    assert [row["role"] for row in order if row["role"] in expected] == expected
