"""Streams with holes, met in the middle, or garbled: the place is found again, and nothing is made up."""

from __future__ import annotations

import random

import pytest

from parsers.dicom import Dicom
from parsers.dicom.probe import find_pdu
from parsers.records import Observation, Side
from parsers.stream import StreamBuffer
from tests.parsers.dicom import building as b
from tests.parsers.dicom.test_dimse import AGAIN, RESPONSE, STORE
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements

C, S = Side.CLIENT, Side.SERVER
OBJECT = b.store(b.image(), pixels=bytes(50000), fragment=8000)
COMMAND = len(b.message(b.command(1)))
DATA = COMMAND + 12  # where the data set begins


def with_gap(data: bytes, start: int, length: int, step: int = 1 << 30) -> list[Observation]:
    """Read `data` of which [start, start + length) was lost, after an opening that was not."""
    parser, stream = Dicom(PSEUDONYM), StreamBuffer()
    seen: list[Observation] = []

    def arrive(part: bytes) -> None:
        for at in range(0, len(part), step):
            stream.append(part[at : at + step])
            seen.extend(parser.read(C, stream))

    arrive(b.request())
    answer = StreamBuffer()
    answer.append(b.accept())
    seen.extend(parser.read(S, answer))
    arrive(data[:start])
    lost = stream.lose(length)
    if lost:
        parser.gap(C, lost)
    arrive(data[start + length :])
    stream.closed = True
    seen.extend(parser.read(C, stream))
    return seen[15:]


def test_a_gap_in_skipped_pixel_data_costs_nothing() -> None:
    data = b.store(b.image(), pixels=bytes(50000), fragment=60000)
    seen = with_gap(data + OBJECT, 40000, 5000)
    assert statements(seen) == STORE + AGAIN


@pytest.mark.parametrize("step", [1 << 30, 1000])
@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (COMMAND - 20, 10, STORE),  # in the command set: its data set is not known
        (COMMAND - 3, 3, STORE),
        (DATA + 100, 10, STORE[:1] + STORE),  # in the head, in front of the equipment
        (COMMAND + 3, 9000, STORE[:1] + STORE),  # over several PDU headers
        (DATA + 700, 10, STORE + AGAIN),  # behind the equipment
        (DATA + 30000, 10000, STORE + AGAIN),
    ],
)
def test_a_gap_in_the_first_of_two_objects(start: int, length: int, expected: list[object], step: int) -> None:
    assert statements(with_gap(OBJECT + OBJECT, start, length, step)) == expected


@pytest.mark.parametrize("length", [1, 700, 3000])
def test_a_gap_inside_one_pdu_needs_no_search(length: int) -> None:
    echo = b.message(b.command(0x0030, b.VERIFICATION, data_set=False))  # that a search would take for real
    noise = random.Random(1).randbytes(3500) + echo + bytes(100)
    opening = b.request(user=b.user_information(more=b.item(0x59, noise)))
    parser, stream = Dicom(PSEUDONYM), StreamBuffer()
    stream.append(opening[:300])
    assert list(parser.read(C, stream)) == []
    parser.gap(C, stream.lose(length))
    stream.append(opening[300 + length :] + OBJECT)
    assert statements(parser.read(C, stream)) == STORE
    assert parser.client is None


@pytest.mark.parametrize("cut", [1, COMMAND - 1, COMMAND, DATA + 5, DATA + 8000, DATA + 20001])
def test_a_stream_met_in_the_middle(cut: int) -> None:
    assert statements(feed_every_way(Dicom, [(C, OBJECT[cut:] + OBJECT + OBJECT)])) == STORE + AGAIN


def test_the_end_of_a_capture_inside_an_object() -> None:
    for end in (DATA + 700, DATA + 30000, len(OBJECT) - 1):
        assert statements(feed_every_way(Dicom, [(C, OBJECT[:end])])) == STORE
    assert statements(feed_every_way(Dicom, [(C, OBJECT[: DATA + 200])])) == STORE[:1]


def test_what_is_cut_short_was_said_by_its_last_byte_that_was_read() -> None:
    end = DATA + 30000
    for step in (None, 1):
        assert [o.offset for o in feed(Dicom, [(C, OBJECT[:end])], step)[1:]] == [end - 1] * 4


def test_only_the_damaged_direction_searches() -> None:
    parser = Dicom(PSEUDONYM)
    streams = {C: StreamBuffer(), S: StreamBuffer()}
    streams[C].append(b.request())
    assert len(list(parser.read(C, streams[C]))) == 7
    streams[S].append(b"garbage" + b.accept() + RESPONSE)
    assert len(list(parser.read(S, streams[S]))) == 9
    assert parser.client is C


def test_what_is_found_must_be_followed_by_a_pdu() -> None:
    fake = b.message(b.command(0x0030, b.VERIFICATION, data_set=False))
    assert find_pdu(fake, False, True) == (0, True)
    assert find_pdu(fake + OBJECT, False, True) == (0, True)
    assert find_pdu(fake + b"\xff\xff" + OBJECT, False, True) == (len(fake) + 2, True)


@pytest.mark.parametrize("size", [10, 11, 50, 81])
def test_a_pdu_must_end_where_the_stream_ends_and_not_where_the_search_pauses(size: int) -> None:
    abort = b.pdu(7, bytes(4))
    pixels = b"\xff" * ((1 << 14) - size) + abort + b"\xff" * 100
    assert statements(feed(Dicom, [(C, pixels + OBJECT)])) == STORE


def test_an_object_cut_short_where_a_template_was_tried() -> None:
    changed = b.store(b.image(StationName="CT2"), pixels=bytes(5000))
    behind_series = changed.index(b.SERIES.encode()) + len(b.SERIES) + 20
    seen = feed_every_way(Dicom, [(C, OBJECT + changed[:behind_series])])
    assert ["CT2" in o.value for o in seen if o.attribute == "equipment"] == [False, True]


def test_malformed_after_a_loss_is_searched_through() -> None:
    broken = b.p_data(b.pdv(b"\0" * 7, 3)) + b"\x04\0\xff\xff\xff\xff\1\3"
    assert statements(with_gap(OBJECT + broken + OBJECT, 5, 10)) == STORE


SMOOTH = b"".join((1020 + i // 7 % 9).to_bytes(2, "little") for i in range(40000))
SPARSE = (
    b"\4\0"
    + b"\0\0\5\0\0\0\3\0\1\0" * 2000
    + b"\5\0\0\0\0\4\0\0\0\0\3\0\0\0\0\4\0\1\1\1\7\0\0\0\0\4\0\0\0\0" * 500
    + b"\0"
)


@pytest.mark.parametrize("pixels", [bytes(80000), SMOOTH, SPARSE, random.Random(2).randbytes(200_000), b"\4\0" * 30000])
def test_pixel_data_is_not_taken_for_pdus(pixels: bytes) -> None:
    assert find_pdu(pixels, False, True) == (len(pixels), False)
    assert statements(feed(Dicom, [(C, pixels + OBJECT)])) == STORE
    assert statements(feed(Dicom, [(C, b"\xff" + pixels + OBJECT)], step=4096)) == STORE


def test_every_gap_there_can_be() -> None:
    """Whatever is lost, what is said is part of the truth, and the second object is always found."""
    chance = random.Random(3)
    truth = {*STORE}
    for _ in range(150):
        start = chance.randrange(len(OBJECT))
        length = chance.randrange(1, len(OBJECT) - start + 1)
        seen = statements(with_gap(OBJECT + OBJECT + OBJECT, start, length))
        assert set(seen) <= truth
        assert seen[-len(AGAIN) :] in (AGAIN, STORE) or seen[-len(STORE) :] == STORE
