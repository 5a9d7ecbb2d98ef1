"""Real traffic: pynetdicom at both ends, and DCMTK where it is installed, through a relay that records it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation, UserIdentityNegotiation

from parsers.dicom import Dicom
from parsers.records import Match, Side
from tests.parsers.dicom import building as b
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way, statements

C, S = Side.CLIENT, Side.SERVER


class Relay:
    """Accepts one connection, passes it on to `target`, and records it in turns."""

    def __init__(self, target: int) -> None:
        self.turns: list[tuple[Side, bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._target = target
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self._target))
        self._listener.close()
        lock = threading.Lock()

        def pass_on(side: Side, source: socket.socket, sink: socket.socket) -> None:
            while True:
                try:
                    data = source.recv(65536)
                except OSError:
                    data = b""
                with lock:
                    if data:
                        self.turns.append((side, data))
                try:
                    if data:
                        sink.sendall(data)
                    else:
                        sink.shutdown(socket.SHUT_WR)
                except OSError:
                    data = b""
                if not data:
                    return

        back = threading.Thread(target=pass_on, args=(S, far, near), daemon=True)
        back.start()
        pass_on(C, near, far)
        back.join(5)
        near.close()
        far.close()

    def recorded(self) -> list[tuple[Side, bytes]]:
        self._thread.join(5)
        return self.turns


@contextmanager
def archive(handlers: list[Any], **settings: Any) -> Iterator[Relay]:
    """A server that takes CT images, worklist and study queries and MPPS, behind a relay."""
    ae = AE(ae_title="ORACLE_SCP")
    ae.implementation_class_uid, ae.implementation_version_name = UID("1.2.826.0.1.77"), "ORACLE_SCP_9"
    ae.maximum_pdu_size = 28672
    ae.add_supported_context(b.CT, [b.EXPLICIT, b.IMPLICIT], scu_role=True, scp_role=True)
    for sop_class in (b.VERIFICATION, b.WORKLIST, b.STUDY_FIND, b.MPPS):
        ae.add_supported_context(sop_class, b.EXPLICIT)
    for name, value in settings.items():
        setattr(ae, name, value)
    server: Any = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield Relay(server.socket.getsockname()[1])
    finally:
        server.shutdown()


def scanner() -> AE:
    ae = AE(ae_title="ORACLE_SCU")
    ae.implementation_class_uid, ae.implementation_version_name = UID("1.2.826.0.1.78"), "ORACLE_SCU_3"
    ae.add_requested_context(b.CT, b.EXPLICIT)
    for sop_class in (b.VERIFICATION, b.WORKLIST, b.MPPS):
        ae.add_requested_context(sop_class, b.EXPLICIT)
    return ae


def with_pixels(ds: Dataset) -> Dataset:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(b.EXPLICIT)
    ds.BitsAllocated, ds.Rows, ds.Columns, ds.SamplesPerPixel = 16, 256, 256, 1
    ds.PixelData = bytes(131072)
    return ds


def test_a_scanners_day() -> None:
    def found(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        answer = Dataset()
        answer.PatientName = "PHI^NAME"
        yield 0xFF00, answer

    handlers = [
        (evt.EVT_C_STORE, lambda event: 0x0000),
        (evt.EVT_C_FIND, found),
        (evt.EVT_N_CREATE, lambda event: (0x0000, event.attribute_list)),
    ]
    query, step = Dataset(), Dataset()
    query.PatientName = ""
    query.ScheduledProcedureStepSequence = b.sequence(ScheduledStationAETitle="ORACLE_SCU", Modality="CT")
    step.PerformedStationAETitle, step.PerformedStationName, step.Modality = "ORACLE_SCU", "CT1", "CT"
    with archive(handlers) as relay:
        association = scanner().associate("127.0.0.1", relay.port, ae_title="ORACLE_SCP", max_pdu=20480)
        assert association.is_established
        assert association.send_c_echo().Status == 0
        assert len(list(association.send_c_find(query, UID(b.WORKLIST)))) == 2
        assert association.send_n_create(step, UID(b.MPPS), UID("1.2.3"))[0].Status == 0
        for number in range(3):
            image = with_pixels(b.image(SOPInstanceUID=f"1.2.3.{number}", SpecificCharacterSet="ISO_IR 100"))
            image.SeriesInstanceUID = b.SERIES if number < 2 else "1.2.9"
            assert association.send_c_store(image).Status == 0
        association.release()
        turns = relay.recorded()

    assert Dicom.probe(turns[0][1][:400], C) is Match.YES
    assert Dicom.probe(next(data for side, data in turns if side is S)[:400], S) is Match.YES
    seen = statements(feed_every_way(Dicom, turns))
    assert seen == statements(feed(Dicom, turns, step=1447))

    classes = json.dumps(sorted([b.CT, b.VERIFICATION, b.WORKLIST, b.MPPS]), separators=(",", ":"))

    def said(side: Side, name: str, sop_class: str, status: str | None = None) -> tuple[Side, str, str, str]:
        end = f',"Status":"{status}"}}' if status else "}"
        return side, "dimse_message", f'{{"CommandField":"{name}","SOPClassUID":"{sop_class}"{end}', "peer"

    equipment = (
        '{"DeviceSerialNumber":"123456","ImageType":["ORIGINAL","PRIMARY","AXIAL"],"InstitutionName":"Klinikum Süd",'
        f'"Manufacturer":"SIEMENS","ManufacturerModelName":"SOMATOM","Modality":"CT","SOPClassUID":"{b.CT}",'
        '"SoftwareVersions":["VA44A","patch 2"],"StationName":"CT1"}'
    )
    series, other = PSEUDONYM(b.SERIES.encode()), PSEUDONYM(b"1.2.9")

    def stored(pseudonym: str) -> list[tuple[Side, str, str, str]]:
        return [
            said(C, "C-STORE-RQ", b.CT),
            (C, "equipment", equipment, "object"),
            (C, "sent_series", pseudonym, "peer"),
            (S, "received_series", pseudonym, "peer"),
            said(S, "C-STORE-RSP", b.CT, "0000"),
        ]

    assert seen == [
        (C, "calling_ae_title", "ORACLE_SCU", "peer"),
        (S, "called_ae_title", "ORACLE_SCP", "claim"),
        (C, "implementation_class_uid", "1.2.826.0.1.78", "peer"),
        (C, "implementation_version_name", "ORACLE_SCU_3", "peer"),
        (C, "max_pdu_length", "20480", "peer"),
        (C, "application_context_name", b.APPLICATION_CONTEXT, "peer"),
        (C, "proposed_sop_classes", classes, "peer"),
        (S, "association", '{"Outcome":"accepted"}', "peer"),
        (S, "implementation_class_uid", "1.2.826.0.1.77", "peer"),
        (S, "implementation_version_name", "ORACLE_SCP_9", "peer"),
        (S, "max_pdu_length", "28672", "peer"),
        (S, "transfer_syntaxes", f'["{b.EXPLICIT}"]', "peer"),
        (S, "accepted_ae_title", "ORACLE_SCP", "claim"),
        (C, "scu_sop_classes", classes, "peer"),
        (S, "scp_sop_classes", classes, "peer"),
        said(C, "C-ECHO-RQ", b.VERIFICATION),
        said(S, "C-ECHO-RSP", b.VERIFICATION, "0000"),
        said(C, "C-FIND-RQ", b.WORKLIST),
        (C, "scheduled_station", '{"Modality":"CT","ScheduledStationAETitle":"ORACLE_SCU"}', "peer"),
        said(S, "C-FIND-RSP", b.WORKLIST, "FF00"),
        (S, "clear_patient_data", "true", "peer"),
        said(S, "C-FIND-RSP", b.WORKLIST, "0000"),
        said(C, "N-CREATE-RQ", b.MPPS),
        (
            C,
            "performed_station",
            '{"Modality":"CT","PerformedStationAETitle":"ORACLE_SCU","PerformedStationName":"CT1"}',
            "object",
        ),
        said(S, "N-CREATE-RSP", b.MPPS, "0000"),
        *stored(series),
        *stored(series),
        *stored(other),
    ]


def test_role_selection_and_user_identity() -> None:
    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid, role.scu_role, role.scp_role = UID(b.CT), False, True
    identity = UserIdentityNegotiation()
    identity.user_identity_type, identity.primary_field, identity.secondary_field = 2, b"PHIuser", b"PHIpassword"
    with archive([]) as relay:
        association = scanner().associate("127.0.0.1", relay.port, ext_neg=[role, identity])
        assert association.is_established
        roles = {str(c.abstract_syntax): (c.as_scu, c.as_scp) for c in association.accepted_contexts}
        association.abort()
        turns = relay.recorded()
    seen = statements(feed_every_way(Dicom, turns))
    said = {(side, name): value for side, name, value, _ in seen}
    assert said[C, "user_identity_type"] == "username+passcode"
    assert said[C, "association"] == '{"Outcome":"aborted","Source":"service-user"}'
    assert json.loads(said[C, "scu_sop_classes"]) == sorted(uid for uid, (scu, _) in roles.items() if scu)
    assert json.loads(said[C, "scp_sop_classes"]) == [b.CT] == [uid for uid, (_, scp) in roles.items() if scp]
    assert json.loads(said[S, "scu_sop_classes"]) == [b.CT]
    assert "PHI" not in repr(seen)


def test_a_rejection() -> None:
    with archive([], require_called_aet=True) as relay:
        association = scanner().associate("127.0.0.1", relay.port, ae_title="WRONG")
        assert not association.is_established
        turns = relay.recorded()
    assert statements(feed_every_way(Dicom, turns))[-2:] == [
        (
            S,
            "association",
            '{"Outcome":"rejected","Reason":"called-ae-title-not-recognized","Result":"rejected-permanent",'
            '"Source":"service-user"}',
            "peer",
        ),
        (S, "rejected_ae_title", "WRONG", "claim"),
    ]


@pytest.mark.skipif(not shutil.which("storescu"), reason="DCMTK is not installed")
def test_dcmtk_storescu(tmp_path: Any) -> None:
    for number in range(2):
        image = with_pixels(b.image(SOPInstanceUID=f"1.2.3.{number}"))
        image.file_meta.MediaStorageSOPClassUID = UID(b.CT)
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    with archive([(evt.EVT_C_STORE, lambda event: 0x0000)]) as relay:
        command = ["storescu", "-aet", "DCMTK1", "-aec", "ORACLE_SCP", "127.0.0.1", str(relay.port), str(tmp_path)]
        subprocess.run([*command, "+sd"], check=True, capture_output=True, timeout=20)
        turns = relay.recorded()
    seen = statements(feed(Dicom, turns))
    assert seen == statements(feed(Dicom, turns, step=1447))
    assert (C, "calling_ae_title", "DCMTK1", "peer") in seen
    names = [name for _, name, _, _ in seen]
    assert names.count("equipment") == 2 and names.count("clear_patient_data") == 1
    assert (C, "sent_series", PSEUDONYM(b.SERIES.encode()), "peer") in seen
    assert json.loads(next(v for _, n, v, _ in seen if n == "equipment"))["DeviceSerialNumber"] == "123456"
