"""The allow-list: every attribute an observation may carry. What is not named here cannot reach the inventory.

Each row: name -> (kind, the keys a compound may have, what it says). Kinds: `text` is one cleaned line, `list` a
canonical JSON array of texts, `compound` a canonical JSON object with just the listed keys, `flag` is "true".
Nothing of group 0010, no dates of birth, accession numbers, free text, PID/NK1/IN1, URL queries, passwords or tokens.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Attribute(NamedTuple):
    kind: str
    keys: tuple[str, ...]
    meaning: str


def _text(meaning: str) -> Attribute:
    return Attribute("text", (), meaning)


def _list(meaning: str) -> Attribute:
    return Attribute("list", (), meaning)


def _flag(meaning: str) -> Attribute:
    return Attribute("flag", (), meaning)


def _compound(keys: str, meaning: str) -> Attribute:
    return Attribute("compound", tuple(keys.split()), meaning)


EQUIPMENT_KEYS: Final = (
    "Modality Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions StationName InstitutionName "
    "ImageType SOPClassUID ContributingEquipment PrivateCreators"
)

ATTRIBUTES: Final[dict[str, Attribute]] = {
    # Any protocol: what the flow itself is like. The recorder folds these into the flow, not into the endpoint.
    "sni": _text("TLS server_name the client asked for (RFC 6066)"),
    "clear_patient_data": _flag("patient data crossed this conversation unencrypted"),
    # Address bindings
    "link_layer_address": _text("MAC that says in ARP or NDP that it holds this address"),
    # DICOM association (PS3.8), one end about itself
    "calling_ae_title": _text('AE title the requestor gives itself; "" when all blanks'),
    "implementation_class_uid": _text("Implementation Class UID, item 52H (PS3.7 D.3.3.2)"),
    "implementation_version_name": _text("Implementation Version Name, item 55H (PS3.7 D.3.3.2)"),
    "application_context_name": _text("Application Context Name (PS3.8 9.3.2.1)"),
    "max_pdu_length": _text("largest P-DATA-TF this end takes, in bytes; 0 is no limit (PS3.8 D.1)"),
    "user_identity_type": _text(
        "kind of User Identity sent: username, username+passcode, kerberos, saml, jwt (PS3.7 D.3.3.7)"
    ),
    "proposed_sop_classes": _list("abstract syntaxes the requestor proposed, sorted"),
    "scu_sop_classes": _list("accepted abstract syntaxes in which this end is SCU, after role selection, sorted"),
    "scp_sop_classes": _list("accepted abstract syntaxes in which this end is SCP, after role selection, sorted"),
    "transfer_syntaxes": _list("transfer syntaxes this acceptor accepted, sorted"),
    "association": _compound(
        "Outcome Result Source Reason",
        "how this acceptor ended a request: accepted, rejected, aborted, with the PS3.8 9.3.4 codes as words",
    ),
    # DICOM association, one end about the other
    "called_ae_title": _text("AE title the requestor called this end by; confirmed only by accepted_ae_title"),
    "accepted_ae_title": _text("called AE title of an association this end accepted"),
    "rejected_ae_title": _text("called AE title of an association this end rejected"),
    # DIMSE (PS3.7), by the end that sent the message
    "dimse_message": _compound(
        "CommandField SOPClassUID Status",
        "a DIMSE message this end sent: C-STORE-RQ, N-SET-RSP...; Status in hex for responses only",
    ),
    "move_destination": _text("Move Destination AE title this end asked for in C-MOVE-RQ"),
    "move_originator_ae_title": _text("Move Originator this end named in C-STORE-RQ: it sends on another's behalf"),
    # DICOM data sets: the equipment that made the object, said by the end that sent the object
    "equipment": _compound(EQUIPMENT_KEYS, "equipment attributes of a C-STORE data set this end sent"),
    "sent_series": _text("pseudonym of a Series Instance UID of which this end sent an object"),
    "received_series": _text("pseudonym of a Series Instance UID of which this end received an object"),
    "performed_station": _compound(
        "PerformedStationAETitle PerformedStationName Modality Manufacturer ManufacturerModelName "
        "DeviceSerialNumber SoftwareVersions",
        "performed station and equipment in an MPPS N-CREATE this end sent",
    ),
    "scheduled_station": _compound(
        "ScheduledStationAETitle Modality", "scheduled station this end asks its Modality Worklist for"
    ),
    # HL7 v2
    "hl7_sender": _compound(
        "SendingApplication SendingFacility", "MSH-3 and MSH-4 of messages this end sent, perhaps on behalf of others"
    ),
    "hl7_receiver": _compound("ReceivingApplication ReceivingFacility", "MSH-5 and MSH-6 of messages sent to this end"),
    "hl7_message_type": _text("MSH-9 of messages this end sent"),
    "hl7_version": _text("MSH-12 of messages this end sent"),
    "hl7_acknowledgment_code": _text("MSA-1 this end answered with"),
    "hl7_sent_message": _text("pseudonym of the MSH-10 (with MSH-9) of a message this end sent"),
    "hl7_received_message": _text("pseudonym of the MSH-10 (with MSH-9) of a message this end received"),
    "hl7_software": _compound(
        "SoftwareVendorOrganization SoftwareProductName SoftwareCertifiedVersion SoftwareBinaryID",
        "SFT segment of a message this end sent",
    ),
    "hl7_equipment": _compound(
        "EntityIdentifier NamespaceID UniversalID UniversalIDType Field",
        "equipment instance (OBX-18) or participating device (PRT-10, PRT-16...) in a message this end sent",
    ),
    # HTTP/1.x
    "http_server": _text("Server header of a response"),
    "http_user_agent": _text("User-Agent header of a request"),
    "http_host": _text("Host header or absolute-form authority the client asked for"),
    "http_via": _text("Via header: this end is, or is behind, a proxy"),
    "http_forwarded_for": _text("X-Forwarded-For address this end passed on: it is a proxy"),
    "http_powered_by": _text("X-Powered-By header of a response"),
    "http_authenticate": _text("scheme and realm of a WWW-Authenticate challenge"),
    "http_credentials": _text("kind of credential a client sent in clear: basic, digest, bearer, negotiate, cookie"),
    "http_content_type": _text("media type of a response, without parameters"),
    "http_service": _text("kind of service recognised by paths or media types: dicomweb-qido, fhir, orthanc-rest..."),
    "http_path": _text("recognised path as a template, identifiers replaced: /dicom-web/studies/{uid}"),
    "http_software": _compound("name version", "software a FHIR CapabilityStatement or an API says this server is"),
    "default_credential": _text("product whose well-known default login was used against this end; never the login"),
    # TLS
    "tls_version": _text("negotiated version: TLS 1.2..."),
    "tls_cipher": _text("negotiated cipher suite, IANA name, or hex where unnamed"),
    "tls_alpn": _text("application protocol negotiated or offered"),
    "tls_ja4": _text("JA4 fingerprint of this client's hello"),
    "tls_certificate": _compound(
        "subject issuer subject_alternative_names not_before not_after key serial_number self_signed sha256",
        "leaf certificate this end presented (TLS 1.2 and before)",
    ),
}
