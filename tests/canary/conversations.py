"""Conversations of each protocol over TCP, marked wherever people's words stand."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from parsers.records import Side
from tests.canary import KEPT, MAIL, MARK
from tests.parsers import test_tds as tds
from tests.parsers.building import NEGOTIATE, authenticate, challenge
from tests.parsers.conversations import CONVERSATIONS
from tests.parsers.dicom import building as dicom
from tests.parsers.hl7 import messages as hl7
from tests.parsers.http.test_hostile import CANARY as HTTP_MARK
from tests.parsers.http.test_hostile import LOGIN
from tests.parsers.http.test_hostile import TURNS as HTTP_TURNS
from tests.parsers.openings import OPENINGS
from tests.parsers.tls import handshakes as tls

C, S = Side.CLIENT, Side.SERVER
Turns = list[tuple[Side, bytes]]

_OF_PEOPLE = (
    *("PatientName", "PatientID", "PatientAddress", "PatientComments", "ReferringPhysicianName", "OperatorsName"),
    *("StudyDescription", "SeriesDescription", "StudyID", "AccessionNumber", "InstitutionAddress", "ProtocolName"),
)


def conversations() -> Iterator[Turns]:
    """What either end sends, in turn."""
    for conversation in (*CONVERSATIONS.values(), *OPENINGS.values()):
        yield conversation.turns
    yield [(C, hl7.frame(hl7.ADT)), (S, hl7.frame(hl7.ACK)), (C, hl7.frame(hl7.ORU)), (S, hl7.frame(hl7.ACK))]
    yield [(side, data.replace(HTTP_MARK.encode(), MARK.encode()).replace(LOGIN.encode(), b"UEhJQ0FOQVJZ"))
           for side, data in HTTP_TURNS]  # fmt: skip
    yield _dicom()
    yield _tls()
    yield [
        (C, tds.packet(0x12, tds.PRELOGIN)),
        (S, tds.packet(0x04, tds.PRELOGIN)),
        (C, tds.packet(0x10, bytes(94) + MARK.encode("utf-16-le") + NEGOTIATE)),
        (S, tds.packet(0x04, b"\xed" + challenge())),
        (C, tds.packet(0x11, authenticate())),
        (S, tds.packet(0x04, MARK.encode("utf-16-le"))),
    ]
    yield from _greetings()


def _dicom() -> Turns:
    identity = dicom.item(0x58, b"\2\0" + len(MARK).to_bytes(2, "big") + MARK.encode() + b"\0\4" + MARK[:4].encode())
    request = dicom.request(calling=f"{KEPT}CT", user=dicom.user_information(more=identity))
    image = dicom.image(**dict.fromkeys(_OF_PEOPLE, MARK))
    return [
        (C, request),
        (S, dicom.accept(calling=f"{KEPT}CT")),
        (C, dicom.store(image)),
        (S, dicom.message(dicom.command(0x8001, dicom.CT, status=0))),
        (C, dicom.RELEASE_RQ),
        (S, dicom.RELEASE_RP),
    ]


def _tls() -> Turns:
    key = tls.server_identity().key
    person = tls.name(
        COMMON_NAME=f"{KEPT}tls.example", EMAIL_ADDRESS=MAIL, SURNAME=MARK, GIVEN_NAME=MARK, USER_ID=MARK, TITLE=MARK
    )
    names: list[x509.GeneralName] = [x509.DNSName("pacs.example"), x509.RFC822Name(MAIL), x509.DirectoryName(person)]
    server = tls.issue(person, key, None, names).der
    client = tls.issue(tls.name(COMMON_NAME=MARK, EMAIL_ADDRESS=MAIL), key, tls.name(COMMON_NAME=MAIL)).der
    suite = 0xC02F
    return [
        (C, tls.record(22, tls.client_hello(tls.numbers(suite), b""))),
        (S, tls.record(22, tls.server_hello(suite)) + tls.record(22, tls.certificate(server))),
        (C, tls.record(22, tls.certificate(client))),
    ]


def _greetings() -> Iterator[Turns]:
    """Mail addresses in greetings, and a telnet server that already knows whose password it asks for."""
    yield [(S, f"220 {KEPT}ftp FTP, ask {MAIL}\r\n".encode()), (C, f"USER {MARK}\r\n".encode())]
    yield [(S, f"220 {KEPT}smtp ESMTP <{MAIL}>\r\n".encode()), (C, f"EHLO h\r\nMAIL FROM:<{MAIL}>\r\n".encode())]
    user = bytes.fromhex("fffa270000") + b"USER\1" + MARK.encode() + b"\xff\xf0"
    opening = [(S, bytes.fromhex("fffd18fffd20fffd23fffd27")), (C, bytes.fromhex("fffb18fffc20fffc23fffb27"))]
    yield [*opening, (C, user), (S, f"\r\nPassword for {MARK}: ".encode()), (C, MARK.encode() + b"\r\n")]
