"""Services, paths, products and patient data: the tables by their own examples, and what is not claimed."""

from __future__ import annotations

import csv
import json
from importlib.resources import files

import pytest

from parsers.http import Http
from parsers.http.credentials import default_product
from parsers.http.paths import recognise, split_target
from tests.parsers.feeding import feed, statements
from tests.parsers.http.conversations import C, S, Said, chunked, request, response, said, values

UID, ORTHANC_ID = "1.2.840.10008.1", "dc65762c-f476e8b9-898834f4-2f8a5014-2599bc94"


def table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files("parsers.http").joinpath(name).read_text("utf-8").splitlines()))


@pytest.mark.parametrize("row", table("default_credentials.csv"), ids=lambda row: f"{row['product']} {row['user']}")
def test_default_credentials(row: dict[str, str]) -> None:
    assert row["source"].startswith("http")
    assert row["product"] in (default_product(row["example"].encode()) or "").split(" or ")


def test_a_login_of_several_products_names_all() -> None:
    ask = request("GET / HTTP/1.1", "Authorization: basic YWRtaW46YWRtaW4=")
    answered = said((C, ask), (S, response("204 No Content")))
    assert values(answered, "default_credential") == ["Apache Tomcat or dcm4chee or Mirth Connect"]


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "302 Found", "404 Not Found", "500 Oops"])
def test_a_default_login_that_lets_nobody_in(status: str) -> None:
    ask = request("GET / HTTP/1.1", "Authorization: Basic b3J0aGFuYzpvcnRoYW5j")
    assert values(said((C, ask)), "default_credential") == []
    assert values(said((C, ask), (S, response(status))), "default_credential") == []


def test_a_proxy_is_not_let_in_with_what_is_for_another() -> None:
    ask = request("GET http://pacs.example/ HTTP/1.1", "Authorization: Basic b3J0aGFuYzpvcnRoYW5j")
    assert values(said((C, ask), (S, response("200 OK"))), "default_credential") == []


def test_each_answer_is_to_its_own_login() -> None:
    good, bad = (f"Authorization: Basic {login}" for login in ("b3J0aGFuYzpvcnRoYW5j", "ZGljb29nbGU6ZGljb29nbGU="))
    asked = request("GET / HTTP/1.1", bad) + request("GET / HTTP/1.1", good)
    answers = response("401 Unauthorized") + response("200 OK")
    assert values(said((C, asked), (S, answers)), "default_credential") == ["Orthanc"]


@pytest.mark.parametrize(
    "login", ["Basic b3J0aGFuYzpPUlRIQU5D", "Bearer b3J0aGFuYzpvcnRoYW5j", "Basic", "Basic ====", "x"]
)
def test_no_default_credential(login: str) -> None:
    assert default_product(login.encode()) is None


@pytest.mark.parametrize("row", table("paths.csv"), ids=lambda row: f"{row['method'] or 'GET'} {row['template']}")
def test_path_examples(row: dict[str, str]) -> None:
    assert row["source"].startswith("https://") or "clearcanvas" in row["source"]
    found = recognise(row["method"] or "GET", *split_target(row["example"].encode()))
    assert found is not None
    front, _, rest = row["template"].partition("/")
    assert found.name == row["service"]
    assert found.template == row["template"] if front == "" else found.template.endswith("/" + rest if rest else "")


@pytest.mark.parametrize(
    ("line", "service", "template"),
    [
        (f"GET /dicom-web/studies/{UID}/series?limit=1", "dicomweb-qido", "/dicom-web/studies/{uid}/series"),
        (
            f"GET /dcm4chee-arc/aets/SECRET/rs/studies/{UID}/metadata",
            "dicomweb-wado",
            "/dcm4chee-arc/aets/{aet}/rs/studies/{uid}/metadata",
        ),
        (f"GET /a/b/c/studies/{UID}", "dicomweb-wado", "{base}/studies/{uid}"),
        ("POST /dicom-web/studies", "dicomweb-stow", "/dicom-web/studies"),
        (f"GET //studies/{ORTHANC_ID}/;jsessionid=1", "orthanc-rest", "/studies/{orthanc}"),
        ("GET /x/FHIR/fhir/Patient/7", "fhir", "{base}/fhir/Patient/{id}"),
        ("GET /pacs?REQUESTTYPE=wado&objectUID=1", "wado-uri", "{base}"),
    ],
)
def test_paths(line: str, service: str, template: str) -> None:
    told = said((C, request(line + " HTTP/1.1")), (S, response()))
    assert (values(told, "http_service"), values(told, "http_path")) == ([service], [template])


@pytest.mark.parametrize(
    "target",
    ["/", "/studies", "/studies/12", "/api/studies/smith", "/metadata", "/system", "/viewer", "/wado", "/Patient/1",
     "/fhir/patient/1", "/studies/" + "1." * 40 + "1", "/a" * 40 + "/studies/1.2", "/" + "x" * 3000 + "/studies/1.2"],
)  # fmt: skip
def test_not_recognised(target: str) -> None:
    assert recognise("GET", *split_target(target.encode())) is None


@pytest.mark.parametrize(
    ("status", "known"), [("200 OK", 1), ("302 Found", 1), ("401 No", 1), ("403 No", 0), ("404 No", 0), ("500 No", 0)]
)
def test_only_an_answer_makes_a_service(status: str, known: int) -> None:
    told = said((C, request("GET /dicom-web/studies HTTP/1.1")), (S, response(status)))
    assert told == known * [
        (S, "http_service", "dicomweb-qido", "peer"),
        (S, "http_path", "/dicom-web/studies", "peer"),
    ]


@pytest.mark.parametrize(
    ("media", "service"),
    [
        ("application/dicom+json", "dicomweb"),
        ('Multipart/Related; boundary=x; type="application/dicom"', "dicomweb"),
        ("application/fhir+xml;fhirVersion=4.0", "fhir"),
        ("multipart/related; type=text/xml", None),
        ("application/dicom", None),
        ("application/json", None),
    ],
)
def test_service_by_media_type(media: str, service: str | None) -> None:
    told = said((S, response("200 OK", f"Content-Type: {media}", body=b"{...}")))
    assert values(told, "http_service") == ([service] if service else [])


# -- software ------------------------------------------------------------------------------------------------------

CAPABILITIES = {
    "resourceType": "CapabilityStatement",
    "name": "not this",
    "software": {"name": "HAPI FHIR \u00dc \"Server\"", "version": "7.0.2"},
    "rest": [{"name": "nor this"}] * 50,
}  # fmt: skip
HAPI = '{"name":"HAPI FHIR Ü \\"Server\\"","version":"7.0.2"}'
SYSTEM = {"ApiVersion": 24, "DatabaseVersion": 6, "DicomAet": "A", "Name": "Dr. Smith's", "Version": "1.12.4"}


def software(told: list[Said]) -> list[tuple[str, str]]:
    return [(name, value) for _, name, value, _ in told if name in ("http_service", "http_software")]


@pytest.mark.parametrize("path", ["/fhir/metadata", "/unknown/metadata?_format=json"])
def test_capability_statement(path: str) -> None:
    body = json.dumps(CAPABILITIES).encode()
    answer = response("200 OK", "Content-Type: application/fhir+json", body=body)
    expected = [("http_service", "fhir"), ("http_software", HAPI)]
    asked = request(f"GET {path} HTTP/1.1")
    assert software(said((C, asked), (S, answer))) == expected
    plain = response("200 OK", "Content-Type: application/json", body=body)
    assert software(said((C, asked), (S, plain + plain))) == expected
    pieces = response("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked", length=False)
    pieces += chunked(body[:30], body[30:99], body[99:])
    assert software(said((C, asked), (S, pieces))) == expected
    endless = response("200 OK", "Content-Type: application/json", length=False) + body
    assert software(said((C, asked), (S, endless))) == expected


def test_capability_statement_in_xml() -> None:
    body = b"""<?xml version="1.0"?><CapabilityStatement xmlns="http://hl7.org/fhir"><name value="x"/>
      <software><name value="Firely &amp; Co"/><version value="5.1"/></software></CapabilityStatement>"""
    answer = response("200 OK", "Content-Type: application/fhir+xml", "Via: 1.1 x", body=body)
    told = said((C, request("GET /fhir/metadata HTTP/1.1")), (S, answer))
    assert told[-1] == (S, "http_software", '{"name":"Firely & Co","version":"5.1"}', "object")


def test_orthanc_system() -> None:
    answer = response("200 OK", "Content-Type: application/json", body=json.dumps(SYSTEM).encode())
    expected = [("http_service", "orthanc-rest"), ("http_software", '{"name":"Orthanc","version":"1.12.4"}')]
    assert software(said((C, request("GET /orthanc/system HTTP/1.1")), (S, answer))) == expected


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Type: text/html"], CAPABILITIES),
        (["Content-Type: application/json", "Content-Encoding: gzip"], CAPABILITIES),
        (["Content-Type: application/json"], {**CAPABILITIES, "resourceType": "Patient"}),
        (["Content-Type: application/json"], {"resourceType": "CapabilityStatement", "name": "x"}),
        (["Content-Type: application/json"], {"pad": "x" * (1 << 18), **CAPABILITIES}),
    ],
)
def test_no_software(headers: list[str], body: dict[str, object]) -> None:
    answer = response("200 OK", *headers, body=json.dumps(body).encode())
    turns = [(C, request("GET /metadata HTTP/1.1")), (S, answer), (C, request()), (S, response("200 OK", "Server: s"))]
    told = said(*turns) if len(answer) < 1 << 16 else statements(feed(Http, turns, 4096))
    assert (software(told), told[-1]) == ([], (S, "http_server", "s", "peer"))


# -- patient data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "crosses"),
    [
        ("GET /dicom-web/studies?PatientID=1", True),
        ("GET /dicom-web/studies?00100020=1", True),
        ("GET /any?patientname=x", True),
        ("GET http://pacs.example/any?PatientID=1", True),
        ("GET /?pad=" + "x" * 2500 + "&PatientID=1", True),
        ("GET /fhir/Patient/7", True),
        ("GET /fhir/Patient?family=x&_count=1", True),
        ("GET /fhir/ImagingStudy?patient=7", True),
        ("POST /fhir/Patient/_search", True),
        ("GET /dicom-web/studies?PatientID=&StudyDate=20240101", False),
        ("GET /dicom-web/studies?includefield=00100020", False),
        ("GET /fhir/Patient?_count=1", False),
        ("GET /fhir/ImagingStudy/7", False),
        ("GET /Patient/7?patient=7", False),
        ("GET /fhir/metadata", False),
    ],
)
def test_patient_in_a_request(line: str, crosses: bool) -> None:
    expected = [(C, "clear_patient_data", "true", "peer")] if crosses else []
    once = request(line + " HTTP/1.1", "Host: [::1]bad")
    assert [one for one in said((C, once + once)) if one[1] == "clear_patient_data"] == expected


@pytest.mark.parametrize(
    ("path", "media", "body", "crosses"),
    [
        ("/x", "application/dicom", b"DICM", True),
        ("/x", "application/dicom+json", b"[{}]", True),
        ("/x", "application/dicom+json", b"[]", False),
        ("/x", 'multipart/related; type="application/dicom+xml"', b"--x", True),
        ("/x", "multipart/related; type=image/jpeg", b"--x", False),
        ("/fhir/Patient", "application/fhir+json", b"{...}", True),
        ("/fhir/Observation/1", "application/fhir+json", b"{...}", False),
        ("/x", "application/fhir+json", b"{...}", False),
    ],
)
def test_patient_in_a_body(path: str, media: str, body: bytes, crosses: bool) -> None:
    ask, answer = request(f"GET {path} HTTP/1.1"), response("200 OK", f"Content-Type: {media}", body=body)
    expected = [(S, "clear_patient_data", "true", "peer")] if crosses else []
    assert [one for one in said((C, ask + ask), (S, answer + answer)) if one[1] == "clear_patient_data"] == expected
    failed = response("404 Not Found", f"Content-Type: {media}", body=body)
    assert values(said((C, ask), (S, failed)), "clear_patient_data") == []


def test_patient_in_a_request_body() -> None:
    store = request(
        "POST /x HTTP/1.1", 'Content-Type: multipart/related; type="application/dicom"', "Content-Length: 1"
    )
    assert values(said((C, store)), "clear_patient_data") == ["true"]
