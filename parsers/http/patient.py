"""Whether patient data crosses in a message: decided on names of query keys, paths and media types, never on values.

Counted as patient data: a query that names a patient by DICOM keyword, tag or FHIR search parameter; a FHIR Patient
asked for by id, or searched for; a body that is DICOM objects, or that the path says holds FHIR Patient resources.
Not counted: study lists without a patient key, images rendered without their header, other FHIR resources, HTML.
"""

from __future__ import annotations

from typing import Final

from parsers.http.media import is_fhir, is_objects
from parsers.http.paths import Service

_PATIENT_KEYS: Final = frozenset(
    (
        "patientname", "patientid", "patientbirthdate",  # PS3.18 8.3.4.1, by keyword
        "00100010", "00100020", "00100030",  # and by tag
        "mrn",  # https://docs.ohif.org/configuration/url/
    )
)  # fmt: skip
_FHIR_PATIENT_KEYS: Final = frozenset(("patient", "patient.identifier", "patient.name"))  # FHIR R4 3.1.1.5 (chaining)
_FHIR_CONTROL: Final = frozenset(("_count", "_format", "_summary", "_sort", "_elements", "_offset", "_total"))


def in_request(service: Service | None, query: dict[str, str]) -> bool:
    """Whether a request names a patient in its target."""
    if query and any(query[key] for key in query.keys() & _PATIENT_KEYS):
        return True
    if service is None or service.name != "fhir":
        return False
    if any(query[key] for key in query.keys() & _FHIR_PATIENT_KEYS):
        return True
    if "/Patient/" in service.template:
        return True
    return service.template.endswith("/Patient") and any(query[key] for key in query.keys() - _FHIR_CONTROL)


def in_body(service: Service | None, content_type: bytes) -> bool:
    """Whether a body, not empty, of `content_type` holds patient data, given what was asked for."""
    if is_objects(content_type):
        return True
    patients = service is not None and service.name == "fhir" and "/Patient" in service.template
    return patients and is_fhir(content_type)
