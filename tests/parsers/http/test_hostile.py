"""Hostile and damaged bytes: only Malformed leaves the parser, secrets and patient data never do."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.attributes import ATTRIBUTES
from parsers.http import Http
from parsers.malformed import Malformed
from parsers.records import Observation, Side
from parsers.stream import StreamBuffer
from tests.parsers.feeding import PSEUDONYM, feed
from tests.parsers.http.conversations import C, S, chunked, request, response

CANARY = "Zx9Canary"
LOGIN = base64.b64encode(f"{CANARY}:{CANARY}".encode()).decode()
TURNS = [
    (C, request(
        f"POST /pacs/{CANARY}/studies/1.2.3?PatientID={CANARY}&{CANARY}=1#{CANARY} HTTP/1.1",
        "Host: h", f"Authorization: Basic {LOGIN}", f"Cookie: SESSION={CANARY}; {CANARY}session=1",
        f"Referer: http://h/{CANARY}", f"Proxy-Authorization: Bearer {CANARY}", f"X-Patient: {CANARY}",
        "User-Agent: x", "Transfer-Encoding: chunked",
        body=chunked(CANARY.encode(), end=f"0\r\nX: {CANARY}\r\n\r\n".encode()),
    )),
    (S, response(
        f"200 {CANARY}", f"Set-Cookie: sid={CANARY}", f"Location: /{CANARY}", f"WWW-Authenticate: Negotiate {CANARY}",
        f"Content-Type: application/dicom+json; x={CANARY}", f"ETag: {CANARY}", body=CANARY.encode(),
    )),
    (C, request(f"GET http://{CANARY}:{CANARY}@h/fhir/Patient/{CANARY} HTTP/1.1", f"Authorization: {CANARY}")),
    (S, response("401 No", "WWW-Authenticate: NTLM " + LOGIN, body=CANARY.encode())),
    (C, request(f"GET /fhir/Patient/{CANARY}/$everything?name={CANARY} HTTP/1.1", f"Host: {CANARY}@h",
                f"X-Forwarded-For: {CANARY}", f"Authorization: Bearer {CANARY}")),
    (S, response("200 OK", "Content-Type: application/fhir+json", body=f'{{"id":"{CANARY}"}}'.encode())),
    (C, request(f"GET /dcm4chee-arc/aets/{CANARY}/rs/metadata HTTP/1.1")),
    (S, response("200 OK", "Content-Type: application/json",
                 body=f'{{"name":"{CANARY}","software":{{"name":"{CANARY}"}}}}'.encode())),
    (C, request(f"GET /{CANARY}/system HTTP/1.1")),
    (S, response("200 OK", "Content-Type: application/json",
                 body=f'{{"Name":"{CANARY}","ApiVersion":1,"DatabaseVersion":6,"Version":"1.12"}}'.encode())),
]  # fmt: skip


def check(observations: list[Observation]) -> None:
    for one in observations:
        assert one.attribute in ATTRIBUTES
        assert len(one.value) <= 1100
        assert one.value.isprintable()


def test_canary() -> None:
    told = feed(Http, TURNS)
    check(told)
    assert len(told) > 15
    assert CANARY.lower() not in repr(told).lower()
    assert LOGIN not in repr(told)


@pytest.mark.parametrize("seed", range(6))
def test_mutations(seed: int) -> None:
    chance = random.Random(seed)
    malformed = 0
    for _ in range(30):
        turns = []
        for side, data in TURNS:
            damaged = bytearray(data)
            for _ in range(chance.choice((0, 0, 1, 1, 4))):
                at = chance.randrange(len(damaged))
                match chance.randrange(4):
                    case 0:
                        damaged[at] = chance.choice(b"\0\r\n :;,/0fF\xff")
                    case 1:
                        del damaged[at : at + chance.choice((1, 2, 50))]
                    case 2:
                        damaged[at:at] = damaged[: chance.randrange(40)]
                    case 3:
                        damaged[at:at] = chance.choice((b"\r\n", b"\n\n", b"HTTP/1.1 200\r\n", b" HTTP/1.1\r\n", b"99"))
            turns.append((side, bytes(damaged)))
        malformed += alike(turns, chance.choice((1, 3, 17, 200)))
    assert malformed


def alike(turns: list[tuple[Side, bytes]], step: int) -> bool:
    """Feed whole and in steps: both must say the same. Return whether both gave up."""
    results = []
    for size in (None, step):
        told: list[Observation] = []
        reason = None
        try:
            for one in stepwise(turns, size):
                told.append(one)  # what was said before giving up counts too
        except Malformed as broken:
            reason = broken.reason
            assert CANARY not in reason
        check(told)
        results.append((told, reason))
    assert results[0] == results[1]
    return results[0][1] is not None


def stepwise(turns: list[tuple[Side, bytes]], step: int | None) -> Iterator[Observation]:
    parser, streams = Http(PSEUDONYM), (StreamBuffer(), StreamBuffer())
    for side, data in turns:
        for at in range(0, len(data), step or len(data) or 1):
            if parser.finished or parser.handover:
                return
            streams[side].append(data[at : at + (step or len(data))])
            yield from parser.read(side, streams[side])


@pytest.mark.parametrize("seed", range(4))
def test_losses(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(150):
        parser, streams = Http(PSEUDONYM), (StreamBuffer(), StreamBuffer())
        try:
            for side, data in TURNS * 2:
                at = 0
                while at < len(data) and not (parser.finished or parser.handover):
                    size = chance.choice((1, 20, 300))
                    piece, at = data[at : at + size], at + size
                    if chance.random() < 0.1:
                        if lost := streams[side].lose(len(piece)):
                            parser.gap(side, lost)
                    else:
                        streams[side].append(piece)
                        told = list(parser.read(side, streams[side]))
                        check(told)
                        assert CANARY not in repr(told)
        except Malformed:
            pass


@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=80)), max_size=6))
def test_any_bytes(turns: list[tuple[Side, bytes]]) -> None:
    alike(turns, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 " * 6_000,
        b" HTTP/1.1\r" * 5_000,
        b"GET / HTTP/1." * 5_000,
        b"GET " * 20_000,
        b"\r\n" * 40_000,
        request() * 4_000,
        response() * 2_000,
        b"/" + request("GET " + "/a" * 1000 + " HTTP/1.1") * 200,
        request("GET /metadata HTTP/1.1", "Cookie: " + "a" * 16_000, "Forwarded: " + "for = " * 2000),
        response("200 OK", "WWW-Authenticate: Basic " + ' realm="\\' * 1000),
        request("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 10_000,
    ],
)
def test_linear_in_time(data: bytes) -> None:
    begun = time.process_time()
    for step in (None, 1400):
        with suppress(Malformed):
            feed(Http, [(S, data)], step)
    assert time.process_time() - begun < 3


def test_document_is_searched_in_linear_time() -> None:
    for filling in (b'"software":{', b"<software>", b'"Version":"\\', b'"software":   '):
        for name in ("metadata", "system"):
            body = b'{"resourceType":"CapabilityStatement"' + filling * (260_000 // len(filling))
            begun = time.process_time()
            answer = response("200 OK", "Content-Type: application/json", body=body)
            feed(Http, [(C, request(f"GET /{name} HTTP/1.1")), (S, answer)])
            assert time.process_time() - begun < 1
