"""A-ASSOCIATE, A-ABORT: what the opening of an association says of its two ends."""

from __future__ import annotations

import json

import pytest

from parsers.attributes import ATTRIBUTES
from parsers.dicom import Dicom
from parsers.malformed import Malformed
from parsers.records import Side
from parsers.stream import StreamBuffer
from tests.parsers.dicom import building as b
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements

C, S = Side.CLIENT, Side.SERVER

REQUEST_SAYS = [
    (C, "calling_ae_title", "CT1", "peer"),
    (S, "called_ae_title", "ARCHIVE", "claim"),
    (C, "implementation_class_uid", "1.2.3.4", "peer"),
    (C, "implementation_version_name", "TEST_1", "peer"),
    (C, "max_pdu_length", "16384", "peer"),
    (C, "application_context_name", b.APPLICATION_CONTEXT, "peer"),
    (C, "proposed_sop_classes", f'["{b.CT}"]', "peer"),
]
ACCEPT_SAYS = [
    (S, "association", '{"Outcome":"accepted"}', "peer"),
    (S, "implementation_class_uid", "1.2.3.5", "peer"),
    (S, "implementation_version_name", "ARCHIVE_2", "peer"),
    (S, "max_pdu_length", "32768", "peer"),
    (S, "transfer_syntaxes", f'["{b.EXPLICIT}"]', "peer"),
]
BOTH_SAY = [
    (S, "accepted_ae_title", "ARCHIVE", "claim"),
    (C, "scu_sop_classes", f'["{b.CT}"]', "peer"),
    (S, "scp_sop_classes", f'["{b.CT}"]', "peer"),
]


def test_an_accepted_association() -> None:
    turns = [(C, b.request()), (S, b.accept()), (C, b.RELEASE_RQ), (S, b.RELEASE_RP)]
    seen = feed_every_way(Dicom, turns)
    assert statements(seen) == REQUEST_SAYS + ACCEPT_SAYS + BOTH_SAY
    assert [o.offset for o in seen] == [len(b.request()) - 1] * 7 + [len(b.accept()) - 1] * 8
    assert all(o.attribute in ATTRIBUTES for o in seen)


def test_one_end_captured() -> None:
    assert statements(feed_every_way(Dicom, [(C, b.request())])) == REQUEST_SAYS
    assert statements(feed_every_way(Dicom, [(S, b.accept())])) == ACCEPT_SAYS


def test_what_a_requestor_uses_tells_what_was_accepted() -> None:
    """The answer was not captured: a requestor sends messages only over what was accepted."""
    echo = b.message(b.command(0x0030, b.VERIFICATION, data_set=False))
    find = b.message(b.command(0x0020, b.WORKLIST, data_set=False))
    seen = statements(feed_every_way(Dicom, [(C, b.request()), (C, echo + echo + find)]))
    assert [row for row in seen[7:] if row[1] != "dimse_message"] == [
        (C, "scu_sop_classes", f'["{b.VERIFICATION}"]', "peer"),
        (S, "scp_sop_classes", f'["{b.VERIFICATION}"]', "claim"),
        (S, "accepted_ae_title", "ARCHIVE", "claim"),
        (C, "scu_sop_classes", f'["{b.WORKLIST}"]', "peer"),
        (S, "scp_sop_classes", f'["{b.WORKLIST}"]', "claim"),
    ]


@pytest.mark.parametrize("kept", [42, 60, 74, 100])
def test_a_request_cut_by_the_capture_still_tells_its_titles(kept: int) -> None:
    parser, stream = Dicom(PSEUDONYM), StreamBuffer()
    stream.append(b.request()[:kept])
    assert list(parser.read(C, stream)) == []
    stream.cut = True
    assert statements(parser.read(C, stream)) == REQUEST_SAYS[:2]
    parser.gap(C, stream.lose(len(b.request()) - kept))
    stream.cut = False
    stream.append(b.RELEASE_RQ)
    assert list(parser.read(C, stream)) == []


def test_the_answer_read_before_the_request() -> None:
    assert statements(feed(Dicom, [(S, b.accept()), (C, b.request())])) == ACCEPT_SAYS + REQUEST_SAYS + BOTH_SAY


def test_a_second_association_on_the_connection_stands_for_itself() -> None:
    second = b.request([(1, b.VERIFICATION, [b.IMPLICIT])], called="OTHER")
    turns = [(C, b.request()), (S, b.accept()), (C, second), (S, b.accept([(1, 0, b.IMPLICIT)]))]
    assert statements(feed_every_way(Dicom, turns))[-3:] == [
        (S, "accepted_ae_title", "OTHER", "claim"),
        (C, "scu_sop_classes", f'["{b.VERIFICATION}"]', "peer"),
        (S, "scp_sop_classes", f'["{b.VERIFICATION}"]', "peer"),
    ]


def test_the_requestor_may_be_either_side() -> None:
    flipped = [(side.other, *rest) for side, *rest in REQUEST_SAYS + ACCEPT_SAYS + BOTH_SAY]
    assert statements(feed_every_way(Dicom, [(S, b.request()), (C, b.accept())])) == flipped


@pytest.mark.parametrize(
    ("turns", "client"),
    [
        ([], None),
        ([(C, b.request())], C),
        ([(S, b.request())], S),
        ([(S, b.accept())], C),
        ([(C, b.RELEASE_RQ)], None),
    ],
)
def test_client_is_who_sent_the_request(turns: list[tuple[Side, bytes]], client: Side | None) -> None:
    parser = Dicom(PSEUDONYM)
    for side, data in turns:
        stream = StreamBuffer()
        stream.append(data)
        list(parser.read(side, stream))
    assert parser.client is client


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ((1, 1, 7), ("rejected-permanent", "service-user", "called-ae-title-not-recognized")),
        ((1, 1, 3), ("rejected-permanent", "service-user", "calling-ae-title-not-recognized")),
        ((2, 3, 2), ("rejected-transient", "service-provider-presentation", "local-limit-exceeded")),
        ((1, 2, 2), ("rejected-permanent", "service-provider-acse", "protocol-version-not-supported")),
        ((1, 1, 9), ("rejected-permanent", "service-user", "reserved")),
    ],
)
def test_a_rejected_association(codes: tuple[int, int, int], words: tuple[str, str, str]) -> None:
    turns = [(C, b.request()), (S, b.pdu(3, bytes((0, *codes))))]
    value = json.dumps(
        {"Outcome": "rejected", "Reason": words[2], "Result": words[0], "Source": words[1]}, separators=(",", ":")
    )
    expected = [(S, "association", value, "peer"), (S, "rejected_ae_title", "ARCHIVE", "claim")]
    assert statements(feed_every_way(Dicom, turns)) == REQUEST_SAYS + expected
    assert statements(feed(Dicom, turns[::-1])) == expected[:1] + REQUEST_SAYS + expected[1:]
    assert statements(feed(Dicom, turns[1:])) == expected[:1]


def test_nothing_follows_a_rejection() -> None:
    parser = Dicom(PSEUDONYM)
    for side, data in [(C, b.request()), (S, b.pdu(3, bytes((0, 1, 1, 1))))]:
        assert not parser.finished
        stream = StreamBuffer()
        stream.append(data)
        list(parser.read(side, stream))
    assert parser.finished and not parser.handover


@pytest.mark.parametrize(
    ("side", "codes", "words"),
    [
        (C, (0, 0), '{"Outcome":"aborted","Source":"service-user"}'),
        (S, (2, 1), '{"Outcome":"aborted","Reason":"unrecognized-pdu","Source":"service-provider"}'),
        (S, (2, 3), '{"Outcome":"aborted","Reason":"reserved","Source":"service-provider"}'),
    ],
)
def test_an_aborted_association(side: Side, codes: tuple[int, int], words: str) -> None:
    turns = [(C, b.request()), (S, b.accept()), (side, b.pdu(7, bytes((0, 0, *codes))))]
    assert statements(feed_every_way(Dicom, turns))[-1] == (side, "association", words, "peer")


def test_roles_after_selection() -> None:
    classes = [b.CT, b.VERIFICATION, b.STUDY_FIND, b.WORKLIST, b.MPPS]
    proposed = b.role(b.CT, 1, 1) + b.role(b.VERIFICATION, 0, 1) + b.role(b.STUDY_FIND, 1, 1) + b.role(b.WORKLIST, 1, 0)
    answered = b.role(b.CT, 1, 1) + b.role(b.VERIFICATION, 0, 1) + b.role(b.STUDY_FIND, 0, 0) + b.role(b.MPPS, 0, 1)
    contexts = [(2 * i + 1, sop_class, [b.EXPLICIT]) for i, sop_class in enumerate(classes)]
    turns = [
        (C, b.request(contexts, user=b.user_information(more=proposed))),
        (S, b.accept([(i, 0, b.EXPLICIT) for i, _, _ in contexts], user=b.user_information(more=answered))),
    ]
    said = {(side, name): value for side, name, value, _ in statements(feed_every_way(Dicom, turns))}
    assert json.loads(said[C, "scu_sop_classes"]) == sorted([b.CT, b.WORKLIST, b.MPPS])
    assert json.loads(said[C, "scp_sop_classes"]) == sorted([b.CT, b.VERIFICATION])
    assert json.loads(said[S, "scp_sop_classes"]) == sorted([b.CT, b.WORKLIST, b.MPPS])
    assert json.loads(said[S, "scu_sop_classes"]) == sorted([b.CT, b.VERIFICATION])


def test_contexts_that_were_refused_do_not_count() -> None:
    turns = [
        (C, b.request([(1, b.CT, [b.EXPLICIT]), (3, b.VERIFICATION, [b.IMPLICIT])])),
        (S, b.accept([(1, 3, b.EXPLICIT), (3, 0, b.IMPLICIT), (5, 0, b.BIG_ENDIAN)])),
    ]
    said = {name: value for _, name, value, _ in statements(feed_every_way(Dicom, turns))}
    assert said["scu_sop_classes"] == said["scp_sop_classes"] == f'["{b.VERIFICATION}"]'
    assert json.loads(said["transfer_syntaxes"]) == [b.IMPLICIT, b.BIG_ENDIAN]


@pytest.mark.parametrize(
    ("kind", "words"), [(1, "username"), (2, "username+passcode"), (3, "kerberos"), (4, "saml"), (5, "jwt")]
)
def test_user_identity_is_told_by_kind_alone(kind: int, words: str) -> None:
    secret = bytes((kind, 1)) + b"\0\4PHIu\0\4PHIp"
    seen = feed_every_way(Dicom, [(C, b.request(user=b.user_information(more=b.item(0x58, secret))))])
    assert (C, "user_identity_type", words, "peer") in statements(seen)
    assert ((S, "clear_credentials", "dicom", "claim") in statements(seen)) is (kind in (2, 4, 5))
    assert "PHI" not in repr(seen)


def test_odd_titles_and_uids_are_tolerated() -> None:
    user = b.user_information("2.16.840.1\0", "V\x1b[31m", 0)
    seen = feed_every_way(Dicom, [(C, b.request(called="PACS\0\0", calling=b" " * 16, user=user))])
    said = {name: value for _, name, value, _ in statements(seen)}
    assert said["calling_ae_title"] == ""
    assert said["called_ae_title"] == "PACS"
    assert said["implementation_class_uid"] == "2.16.840.1"
    assert said["implementation_version_name"] == "V [31m"
    assert said["max_pdu_length"] == "0"


def test_what_cannot_be_a_uid_is_left_out() -> None:
    user = b.user_information("not a uid", None)
    seen = feed_every_way(Dicom, [(C, b.request([(1, "1.2;drop", [b.EXPLICIT])], user=user))])
    names = {o.attribute for o in seen}
    assert names == {"calling_ae_title", "called_ae_title", "max_pdu_length", "application_context_name"}


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b.pdu(1, b.titles("A", "B") + b"\x10\0\xff\xff1.2"), "item is longer than what holds it"),
        (b.request() + b.pdu(9, b"x"), "unknown PDU type"),
        (b.request() + b"\x04\0\xff\xff\xff\xff\0\0\0\4\1\3", "PDV length does not fit its P-DATA-TF"),
        (b.request() + b"\x04\0\0\0\0\x08\xff\xff\xff\xff\1\3", "PDV length does not fit its P-DATA-TF"),
        (b.request() + b"\x05\0\0\0\0\x05" + bytes(6), "PDU length can't be right"),
        (b.request() + b"\x01\0\xff\xff\xff\xff" + bytes(6), "PDU length can't be right"),
        (b.request() + b.p_data(b.pdv(b"\0" * 7, 3)), "command set does not nest"),
        (b.request() + b.p_data(b.pdv(b.element(0, bytes(4)), 3)), "command set without a command field"),
        (b.request() + b.p_data(b.pdv(b.command(1), 3), b"\0\0\0"), "PDV length does not fit its P-DATA-TF"),
    ],
)
def test_lengths_that_lie_are_malformed(broken: bytes, reason: str) -> None:
    for step in (None, 1):
        with pytest.raises(Malformed) as caught:
            feed(Dicom, [(C, broken)], step)
        assert caught.value.reason == reason


def test_a_command_set_is_bounded() -> None:
    fragment = b.p_data(b.pdv(bytes(30000), 1))
    with pytest.raises(Malformed, match="command set is too long"):
        feed(Dicom, [(C, b.request() + fragment * 3)])
