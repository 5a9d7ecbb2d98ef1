"""WS-Discovery: Windows, a printer, an ONVIF camera, an IEEE 11073 SDC device; and hostile XML."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from parsers.discovery.wsdiscovery import WsDiscovery
from parsers.records import Announcement, Datagram, Evidence
from tests.parsers.discovery.telling import seconds_for, tell, tell_every_way, tell_mutations, values

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA_2004, WSD_2005 = (
    "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "http://schemas.xmlsoap.org/ws/2005/04/discovery",
)
WSA_1, WSD_11 = "http://www.w3.org/2005/08/addressing", "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"
UUID = "0b679890-fc54-14ba-d428-f73b3e7c2400"
ONVIF = "http://www.onvif.org/ver10/network/wsdl"
SCOPES = (
    "onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/hardware/NET5404T onvif://www.onvif.org/type/ptz "
    "onvif://www.onvif.org/location/country/usa onvif://www.onvif.org/name/NET5404T-ABEPZH7"
)


def match(types: str, scopes: str = "", uuid: str = UUID) -> str:
    return (
        f"<a:EndpointReference><a:Address>urn:uuid:{uuid}</a:Address></a:EndpointReference>\n"
        f"{types}<d:Scopes>{scopes}</d:Scopes>"
        "<d:XAddrs>http://10.0.0.7/onvif/device_service?user=jdoe</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"
    )


def envelope(body: str, wsa: str = WSA_2004, wsd: str = WSD_2005, more: str = "", prolog: str = "") -> Datagram:
    return Datagram(
        (
            f'<?xml version="1.0" encoding="utf-8"?>{prolog}\r\n'
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{wsa}" xmlns:d="{wsd}"{more}>'
            f"<s:Header><a:Action>{wsd}/ProbeMatches</a:Action><a:RelatesTo>urn:uuid:1</a:RelatesTo></s:Header>"
            f"<s:Body>{body}</s:Body></s:Envelope>"
        ).encode(),
        3702,
        50370,
    )


CAMERA = envelope(
    "<d:ProbeMatches><d:ProbeMatch>"
    + match(f'<d:Types xmlns:dn="{ONVIF}">dn:NetworkVideoTransmitter</d:Types>', SCOPES)
    + "</d:ProbeMatch></d:ProbeMatches>"
)
SDC = envelope(
    "<d:Hello>"
    + match(
        "<d:Types>p:Device\n m:MedicalDevice</d:Types>",
        "sdc.ctxt.loc:/sdc.ctxt.loc.detail/hospital%2Fward3%2Fbed2?fac=x&amp;bed=2 sdc.mds.pkp:1.2.840.10004.20701.1.1 "
        "sdc.cdc.type:///69650 sdc.ctxt.pat:/jane/doe",
    )
    + "</d:Hello>",
    WSA_1,
    WSD_11,
    ' xmlns:p="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01"'
    ' xmlns:m="http://standards.ieee.org/downloads/11073/11073-20702-2016"',
)


def test_a_camera_answers() -> None:
    scopes = '["onvif://www.onvif.org/hardware/NET5404T","onvif://www.onvif.org/name/NET5404T-ABEPZH7","onvif://www.onvif.org/type/ptz"]'
    assert tell_every_way(WsDiscovery, CAMERA) == [
        Announcement("device_uuid", UUID, Evidence.PEER, port=3702),
        Announcement("wsd_types", '["dn:NetworkVideoTransmitter"]', Evidence.PEER, port=3702),
        Announcement("wsd_scopes", scopes, Evidence.PEER, port=3702),
    ]


def test_a_medical_device_says_hello() -> None:
    hello = SDC._replace(source_port=50370, destination_port=3702)
    said = tell_every_way(WsDiscovery, hello)
    assert values(said) == {
        "device_uuid": UUID,
        "wsd_types": ["mdpws:MedicalDevice", "wsdp:Device"],
        "wsd_scopes": ["sdc.cdc.type:///69650", "sdc.mds.pkp:1.2.840.10004.20701.1.1"],
    }
    assert {(one.evidence, one.port) for one in said} == {(Evidence.PEER, None)}


def test_default_namespaces_and_a_resolve() -> None:
    datagram = Datagram(
        (
            f'<Envelope xmlns="{SOAP}"><Body><ResolveMatches xmlns="{WSD_2005}"><ResolveMatch>'
            f'<EndpointReference xmlns="{WSA_2004}"><Address> uuid:{UUID.upper()} </Address></EndpointReference>'
            '<Types xmlns="http://schemas.microsoft.com/windows/pub/2005/07">Computer</Types>'
            '<w:Types xmlns:w="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
            'xmlns="http://schemas.microsoft.com/windows/pub/2005/07">Computer</w:Types>'
            "</ResolveMatch></ResolveMatches></Body></Envelope>"
        ).encode(),
        3702,
        50370,
    )
    assert values(tell_every_way(WsDiscovery, datagram)) == {"device_uuid": UUID, "wsd_types": ["pub:Computer"]}


def _namespaces() -> list[dict[str, str]]:
    table = files("parsers.discovery").joinpath("wsd_namespaces.csv").read_text("utf-8")
    return list(csv.DictReader(table.splitlines()))


@pytest.mark.parametrize("row", _namespaces(), ids=lambda row: row["namespace"])
def test_row_of_namespaces(row: dict[str, str]) -> None:
    assert row["source"].startswith("https://") and row["prefix"].isalpha()
    types = f'<d:Types xmlns:x="{row["namespace"]}">x:{row["example"]}</d:Types>'
    said = values(tell(WsDiscovery, envelope(f"<d:Hello>{match(types)}</d:Hello>"))[0])
    assert said["wsd_types"] == [f"{row['prefix']}:{row['example']}"]


def test_namespaces_are_told_once() -> None:
    rows = [row["namespace"] for row in _namespaces()]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ('<d:Types xmlns:dn="http://evil.example/">dn:NetworkVideoTransmitter</d:Types>', ["NetworkVideoTransmitter"]),
        ("<d:Types>dn:NetworkVideoTransmitter</d:Types>", ["NetworkVideoTransmitter"]),
        ("<d:Types>Device d:TargetService d:Probe d:Probe</d:Types>", ["Device", "wsd:Probe", "wsd:TargetService"]),
        ("<d:Types>:x y: a:b:c d: d::x d:&lt;x&gt; d:1 \u00fc d:\u00fc</d:Types>", None),
        ("<d:Types/>", None),
        ("<d:Types> </d:Types>", None),
        ("<d:Types>d:A<d:x> d:B </d:x> d:C</d:Types>", ["wsd:A", "wsd:C"]),
        ("<d:x><d:Types>d:A</d:Types></d:x>", None),
    ],
)
def test_types(types: str, said: list[str] | None) -> None:
    told, reason = tell(WsDiscovery, envelope(f"<d:Hello>{match(types)}</d:Hello>"))
    assert reason is None
    assert values(told).get("wsd_types") == said


def test_several_endpoints_may_be_a_proxys() -> None:
    both = "".join(
        f"<d:ProbeMatch>{match('<d:Types>d:X</d:Types>', uuid=uuid)}</d:ProbeMatch>" for uuid in (UUID, UUID[::-1])
    )
    said, reason = tell(WsDiscovery, envelope(f"<d:ProbeMatches>{both}</d:ProbeMatches>"))
    assert reason is None
    assert [(one.attribute, one.evidence) for one in said] == [
        ("device_uuid", Evidence.OBJECT),
        ("wsd_types", Evidence.OBJECT),
        ("device_uuid", Evidence.OBJECT),
    ]


@pytest.mark.parametrize("name", ["Bye", "Probe", "Resolve", "Other"])
def test_what_announces_nothing(name: str) -> None:
    datagram = envelope(f"<d:{name}>{match('<d:Types>d:X</d:Types>')}</d:{name}>")
    assert WsDiscovery.probe(datagram)
    assert tell(WsDiscovery, datagram) == ([], None)


def test_what_stands_around_the_envelope() -> None:
    for behind in (b"\0", b"1I\xe9\xb5", b"<x>", b"&x;", BOMB.encode()):
        assert tell(WsDiscovery, CAMERA._replace(payload=CAMERA.payload + behind)) == tell(WsDiscovery, CAMERA)
    assert tell(WsDiscovery, CAMERA._replace(payload=b"\xef\xbb\xbf" + CAMERA.payload)) == tell(WsDiscovery, CAMERA)


@pytest.mark.parametrize(
    "payload", [b"", b"<", b"<xml>", b"\0<Envelope>", b"Envelope", b"<?xml?>" + b" " * 4000 + b"<Envelope>"]
)
def test_no_envelope(payload: bytes) -> None:
    assert not WsDiscovery.probe(Datagram(payload, 3702, 3702))


BOMB = (
    "<!DOCTYPE b ["
    + '<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


@pytest.mark.parametrize(
    "prolog",
    [
        BOMB,
        "<!DOCTYPE s>",
        '<!DOCTYPE s SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE s [<!ENTITY % p SYSTEM "http://10.0.0.1/x.dtd"> %p;]>',
    ],
)
def test_no_document_type_is_read(prolog: str) -> None:
    datagram = envelope(f"<d:Hello>{match('<d:Types>&a9;&x;</d:Types>')}</d:Hello>", prolog=prolog)
    assert tell(WsDiscovery, datagram) == ([], "document type in SOAP")
    assert seconds_for(WsDiscovery, datagram) < 0.05


@pytest.mark.parametrize("encoding", ["unicode_escape", "utf-7", "idna", "rot13", "utf-16", "no-such", "hex"])
def test_the_encoding_it_names_is_not_used(encoding: str) -> None:
    payload = CAMERA.payload.replace(b"utf-8", encoding.encode(), 1)
    assert tell(WsDiscovery, CAMERA._replace(payload=payload)) == tell(WsDiscovery, CAMERA)


@pytest.mark.parametrize(
    "body",
    [
        "<x>" * 20_000,
        "<d:Hello>" * 7000,
        "<d:Hello><d:Types>" + "d:X " * 15_000,
        "<d:Hello><d:Types>" + "x" * 65_000,
        "<d:Hello></d:Hello>" * 3400,
        "<d:Hello>" + match("<d:Types>d:X</d:Types>") + "</d:Hello>" + "<d:Hello><a:b/></d:Hello>" * 2000,
        "".join(f"<d:Hello>{match(f'<d:Types>d:T{n}</d:Types>', uuid=f'0000-{n:04}')}</d:Hello>" for n in range(150)),
        "<d:Hello " + " ".join(f'a{n}="1"' for n in range(6000)) + ">",
        "<d:Hello " + " ".join(f'xmlns:n{n}="u{n}"' for n in range(3000)) + ">",
        "<d:Hello>" + "&#65;" * 12_000,
        "<d:Hello><!--" + "-" * 60_000,
        "<d:Hello><![CDATA[" + "]" * 60_000,
        "<d:Hello><d:Scopes>" + "onvif://www.onvif.org/name/x " * 2000 + "</d:Scopes>",
        "<d:Hello><a:x><a:Address>" + "urn:uuid:" * 7000 + "</a:Address>",
        "<?x " + "y" * 60_000,
    ],
    ids=lambda body: body[:20],
)
def test_hostile_documents(body: str) -> None:
    datagram = envelope(body)._replace(payload=envelope(body).payload[:65_507])
    said, reason = tell(WsDiscovery, datagram)
    assert reason is not None or len(datagram.payload) < 65_507
    assert seconds_for(WsDiscovery, datagram) < 0.5
    assert len(said) <= 3 * 32


def test_mutations() -> None:
    tell_mutations(WsDiscovery, [CAMERA, SDC], b'<>/&;:"= \0\xff!?[]')
