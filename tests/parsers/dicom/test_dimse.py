"""DIMSE messages: which end sent what, however its PDVs are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.dicom import Dicom
from parsers.dicom.dimse import COMMAND_FIELDS
from parsers.records import Side
from tests.parsers.dicom import building as b
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements

C, S = Side.CLIENT, Side.SERVER
SERIES = PSEUDONYM(b.SERIES.encode())
EQUIPMENT = (
    '{"DeviceSerialNumber":"123456","ImageType":["ORIGINAL","PRIMARY","AXIAL"],"InstitutionName":"Klinikum Süd",'
    '"Manufacturer":"SIEMENS","ManufacturerModelName":"SOMATOM","Modality":"CT",'
    f'"SOPClassUID":"{b.CT}","SoftwareVersions":["VA44A","patch 2"],"StationName":"CT1"}}'
)
STORE = [
    (C, "dimse_message", f'{{"CommandField":"C-STORE-RQ","SOPClassUID":"{b.CT}"}}', "peer"),
    (C, "clear_patient_data", "true", "peer"),
    (C, "equipment", EQUIPMENT, "object"),
    (C, "sent_series", SERIES, "peer"),
    (S, "received_series", SERIES, "peer"),
]
AGAIN = [STORE[0], *STORE[2:]]
STORED = (S, "dimse_message", f'{{"CommandField":"C-STORE-RSP","SOPClassUID":"{b.CT}","Status":"0000"}}', "peer")
RESPONSE = b.message(b.command(0x8001, status=0))


def test_a_store_is_told_at_its_last_byte() -> None:
    request = b.store(b.image(), pixels=bytes(60000), fragment=10000)
    seen = feed_every_way(Dicom, [(C, request), (S, RESPONSE)])
    assert statements(seen) == [*STORE, STORED]
    command_end = len(b.message(b.command(1))) - 1
    assert [o.offset for o in seen] == [command_end] + [len(request) - 1] * 4 + [len(RESPONSE) - 1]


def test_patient_data_is_flagged_once_a_connection() -> None:
    turns = [(C, b.request()), (S, b.accept())] + [(C, b.store(b.image())), (S, RESPONSE)] * 3
    assert statements(feed_every_way(Dicom, turns))[15:] == [*STORE, STORED, *AGAIN, STORED, *AGAIN, STORED]


def test_a_store_by_the_acceptor_is_the_acceptors() -> None:
    seen = statements(feed_every_way(Dicom, [(C, b.request()), (S, b.accept()), (S, b.store(b.image()))]))
    assert seen[15:] == [(side.other, *rest) for side, *rest in STORE]


@pytest.mark.parametrize("field", sorted(COMMAND_FIELDS))
def test_every_command_field_has_its_name(field: int) -> None:
    status = 0xFF00 if field & 0x8000 else None
    (said,) = statements(feed_every_way(Dicom, [(C, b.message(b.command(field, b.MPPS, status, data_set=False)))]))
    ending = f'"SOPClassUID":"{b.MPPS}"' + (',"Status":"FF00"}' if status else "}")
    assert said == (C, "dimse_message", f'{{"CommandField":"{COMMAND_FIELDS[field]}",{ending}', "peer")
    assert COMMAND_FIELDS[field].endswith("RSP" if status else "RQ")


def test_the_names_of_the_standard() -> None:
    names = {0x8021: "C-MOVE-RSP", 0x0FFF: "C-CANCEL-RQ", 0x0100: "N-EVENT-REPORT-RQ", 0x0130: "N-ACTION-RQ"}
    assert names.items() <= COMMAND_FIELDS.items()
    assert len(COMMAND_FIELDS) == 23


def test_the_requested_class_stands_in_for_the_affected() -> None:
    (said,) = feed_every_way(Dicom, [(S, b.message(b.command(0x0120, None, data_set=False, requested=b.MPPS)))])
    assert said.value == f'{{"CommandField":"N-SET-RQ","SOPClassUID":"{b.MPPS}"}}'
    (said,) = feed_every_way(Dicom, [(S, b.message(b.command(0x8001, None, status=0xA700)))])
    assert said.value == '{"CommandField":"C-STORE-RSP","Status":"A700"}'


def test_unknown_commands_say_nothing() -> None:
    turns = [(C, b.message(b.command(0x0002), b.encode(b.image()))), (C, b.store(b.image()))]
    assert statements(feed_every_way(Dicom, turns)) == STORE


def test_move_destination_and_originator() -> None:
    move = b.command(0x0021, b.STUDY_FIND, more=b.element(0x0600, b"RAD1  "))
    sub = b.command(1, data_set=False, more=b.element(0x1030, b"RAD1\0\0") + b.element(0x1031, b.us(1)))
    blank = b.command(1, data_set=False, more=b.element(0x1030, b"    "))
    seen = statements(feed_every_way(Dicom, [(C, b.message(move, b"") + b.message(sub) + b.message(blank))]))
    assert seen == [
        (C, "dimse_message", f'{{"CommandField":"C-MOVE-RQ","SOPClassUID":"{b.STUDY_FIND}"}}', "peer"),
        (C, "move_destination", "RAD1", "peer"),
        STORE[0],
        (C, "move_originator_ae_title", "RAD1", "peer"),
        STORE[0],
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=12), st.integers(1, 40))
def test_pdvs_may_be_cut_and_joined_at_will(cuts: list[tuple[int, bool]], command_piece: int) -> None:
    command_set, data = b.command(1), b.encode(b.image())
    pdvs = [command_set[at : at + command_piece] for at in range(0, len(command_set), command_piece)]
    items = [b.pdv(piece, 3 if i == len(pdvs) - 1 else 1) for i, piece in enumerate(pdvs)]
    joins, at = [True] * len(items), 0
    for size, join in cuts:
        items.append(b.pdv(data[at : at + size], 0))
        joins.append(join)
        at += size
    items.append(b.pdv(data[at:], 2))
    joins.append(False)
    pdus: list[list[bytes]] = [[]]
    for one, join in zip(items, joins, strict=True):
        if not join:
            pdus.append([])
        pdus[-1].append(one)
    turns = [(C, b.request()), (S, b.accept()), (C, b"".join(b.p_data(*group) for group in pdus if group))]
    assert statements(feed(Dicom, turns))[15:] == STORE
    assert statements(feed(Dicom, turns, step=7))[15:] == STORE


def test_fragments_of_another_context_are_not_the_data_set() -> None:
    data = b.encode(b.image())
    stray = b.p_data(b.pdv(data[:100], 2, context=3))
    turns = [(C, b.p_data(b.pdv(b.command(1), 3)) + stray + b.p_data(b.pdv(data, 2)))]
    assert statements(feed_every_way(Dicom, turns)) == STORE


def test_data_without_a_command_says_nothing() -> None:
    assert feed_every_way(Dicom, [(C, b.p_data(b.pdv(b.encode(b.image()), 2)))]) == []
