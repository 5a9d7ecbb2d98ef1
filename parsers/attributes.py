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
        "EntityIdentifier NamespaceID UniversalID UniversalIDType Field DeviceType",
        "equipment instance (OBX-18) or participating device (PRT-10, PRT-16...) in a message this end sent; its "
        "DeviceType where an OBX-3 of IHE PCD-01 names it: MDC_DEV_PUMP_INFUS_MDS",
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
    "default_credential": _text("product whose well-known default login this end let in; never the login"),
    # TLS
    "tls_version": _text("negotiated version: TLS 1.2..."),
    "tls_cipher": _text("negotiated cipher suite, IANA name, or hex where unnamed"),
    "tls_alpn": _text("application protocol negotiated or offered"),
    "tls_ja4": _text("JA4 fingerprint of this client's hello"),
    "tls_certificate": _compound(
        "subject issuer subject_alternative_names not_before not_after key key_sha256 serial_number self_signed sha256",
        "leaf certificate this end presented (TLS 1.2 and before); key_sha256 is of its SubjectPublicKeyInfo",
    ),
    # Names, by any protocol: DHCP, mDNS, NBNS, SMB, LLDP, SNMP, syslog... (the observation's protocol tells which)
    "hostname": _text("name this host gives itself, as sent: short, or fully qualified"),
    "dns_name": _text("name by which DNS answers name this address: a claim of the name server"),
    "domain": _text("DNS or NetBIOS domain, or workgroup, this host says it belongs to"),
    # What a host says it is
    "os_version": _text("operating system and version this host names: SMB, NTLM, browser announcement"),
    "system_description": _text("the system's description of itself: SNMP sysDescr, LLDP, CDP version"),
    "platform": _text("hardware platform: CDP platform"),
    "network_port": _compound(
        "ChassisID PortID", "port of its own from which this device announces itself (LLDP, CDP)"
    ),
    "system_capabilities": _list("enabled capabilities (LLDP, CDP): bridge, router, telephone, wlan-access-point..."),
    "hardware_inventory": _compound(
        "HardwareRevision FirmwareRevision SoftwareRevision SerialNumber ManufacturerName ModelName AssetID",
        "LLDP-MED inventory (ANSI/TIA-1057 10.2.6), or what a management protocol says in the same terms",
    ),
    "management_address": _text("management address this device announces (LLDP, CDP)"),
    "device_uuid": _text("UUID by which this device announces itself (SSDP USN, WS-Discovery EndpointReference)"),
    # DHCP
    "dhcp_vendor_class": _text("vendor class identifier (RFC 2132 9.13, RFC 8415 21.16)"),
    "dhcp_client_id": _text("client identifier or DUID, in hex (RFC 2132 9.14, RFC 8415 11)"),
    "dhcp_parameter_list": _text("codes of the options this client asks for, in its order: 1,3,6,15"),
    "dhcp_server": _flag("this end leased an address"),
    # Announced services
    "mdns_service": _compound(
        "ServiceType Port Model Manufacturer Version", "DNS-SD service this host announces, with device keys of its TXT"
    ),
    "ssdp_server": _text("SERVER header of an SSDP announcement"),
    "ssdp_device_type": _text("UPnP device or service type this host announces"),
    "wsd_types": _list("WS-Discovery types this host announces"),
    "wsd_scopes": _list("WS-Discovery scopes that tell what the device is (ONVIF name and hardware, SDC)"),
    # Management
    "snmp_object_id": _text("sysObjectID: the vendor's own name for what this is"),
    "snmp_version": _text("SNMP version this agent answers in: 1, 2c, 3"),
    "snmp_community": _text("kind of community this agent was asked with: default or other; never the community"),
    "snmp_engine_id": _text("SNMPv3 engine id of this agent, in hex (RFC 3411 5)"),
    "ntp_server": _text("stratum at which this host serves time"),
    "syslog_hostname": _text("HOSTNAME in a syslog message this host sent, perhaps on behalf of others"),
    "syslog_application": _text("APP-NAME or tag in a syslog message this host sent, without process id"),
    # Banners of TCP services
    "ssh_software": _text("protocol version and software in the SSH identification string (RFC 4253 4.2)"),
    "ssh_host_key": _text("SHA256 fingerprint of the host key this server proved to hold (RFC 4253 8)"),
    "vnc_version": _text("RFB protocol version (RFC 6143 7.1.1)"),
    "vnc_security": _text("security type agreed on at this VNC server: none, vnc, tls, vencrypt... (RFC 6143 7.1.2)"),
    "ftp_banner": _text("first line of an FTP server's greeting"),
    "smtp_banner": _text("first line of an SMTP server's greeting"),
    "telnet_banner": _text("first line a telnet server shows before anything is typed"),
    "rdp_client": _compound("ClientName ClientBuild", "RDP client core data (MS-RDPBCGR 2.2.1.3.2)"),
    "rdp_security": _text("security protocol an RDP server chose: rdp, tls, credssp"),
    "smb_dialect": _text("SMB dialect this server chose: NT LM 0.12, 2.1, 3.1.1"),
    "smb_signing": _text("message signing this SMB server announces: disabled, enabled, required"),
    "clear_credentials": _text(
        "how a login was sent to this end in clear: ftp, telnet, smtp, ldap, socks, http-basic, http-bearer that let "
        "in, ftp-refused... that did not, nothing while the answer is not seen; dicom, snmp whatever the answer"
    ),
    "printer_id": _text("model a printer answers with (PJL INFO ID, IEEE 1284 device id)"),
    # Laboratory instruments
    "astm_sender": _compound(
        "SenderName Model SerialNumber Version", "sender in the header record this end sent (CLSI LIS2-A2 6.5)"
    ),
    "astm_record_types": _list("record types of the messages this end sent, sorted: H, L, O, P, Q, R"),
    # TCP/IP
    "tcp_syn": _text(
        "how this host opens TCP connections, initial TTL:window:MSS:scale:options: 64:64240:1460:7:mss,sok,ts,nop,ws"
    ),
    "tcp_synack": _text("how this host accepts TCP connections, in the same terms"),
}
