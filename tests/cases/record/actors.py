"""What runs on the hosts where no ready software does it: pynetdicom in the name of a maker, and HL7 over MLLP.

Run as `python -m tests.cases.record.actors NAME JSON`.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from importlib import import_module
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid
from pynetdicom import AE, AllStoragePresentationContexts, StoragePresentationContexts, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.sop_class import (
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)


def take_any_title() -> None:
    """Let blanks be a title, which pynetdicom and DCMTK refuse and some devices send."""
    for name in ("ae", "association", "pdu_primitives"):
        vars(import_module(f"pynetdicom.{name}"))["set_ae"] = lambda value, *_: value
    A_ASSOCIATE_RQ.calling_ae_title = property(
        lambda request: request._calling_aet,
        lambda request, value: setattr(
            request, "_calling_aet", value.decode() if isinstance(value, bytes) else value.ljust(16)
        ),
    )


def entity(title: str, software: list[str] | None) -> AE:
    if not title.strip():
        take_any_title()
    ae = AE(ae_title=title)
    if software:
        ae.implementation_class_uid = UID(software[0])
        ae.implementation_version_name = software[1] or None
    return ae


def associated(ae: AE, to: str, port: int, called: str, **more: Any) -> Association:
    association = ae.associate(to, port, ae_title=called, **more)
    assert association.is_established, f"{called} at {to} did not accept"
    return association


def store(
    to: str, calling: str, called: str, files: list[str], port: int = 104, software: list[str] | None = None
) -> None:
    """Send `files` in one association."""
    ae = entity(calling, software)
    objects = [dcmread(path) for path in files]
    for kind in sorted({(item.SOPClassUID, item.file_meta.TransferSyntaxUID) for item in objects}):
        ae.add_requested_context(*kind)
    association = associated(ae, to, port, called)
    for item in objects:
        assert association.send_c_store(item).Status == 0
    association.release()


def worklist(
    to: str, calling: str, called: str, modality: str, port: int = 105, software: list[str] | None = None
) -> None:
    """Ask for what is scheduled for this station."""
    ae = entity(calling, software)
    ae.add_requested_context(ModalityWorklistInformationFind)
    step, query = Dataset(), Dataset()
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate = modality, calling, "20260301"
    query.PatientName, query.PatientID, query.ScheduledProcedureStepSequence = "", "", [step]
    association = associated(ae, to, port, called)
    list(association.send_c_find(query, ModalityWorklistInformationFind))
    association.release()


def perform(
    to: str, calling: str, called: str, step: dict[str, str], port: int = 106, software: list[str] | None = None
) -> None:
    """Report a procedure step, begun and completed (MPPS)."""
    ae = entity(calling, software)
    ae.add_requested_context(ModalityPerformedProcedureStep)
    created, done, uid = Dataset(), Dataset(), generate_uid()
    created.PatientName, created.PerformedStationAETitle = "LABPHI^PATIENT", calling
    created.PerformedProcedureStepStatus, done.PerformedProcedureStepStatus = "IN PROGRESS", "COMPLETED"
    for keyword, value in step.items():
        setattr(created, keyword, value)
    association = associated(ae, to, port, called)
    assert association.send_n_create(created, ModalityPerformedProcedureStep, uid)[0].Status == 0
    assert association.send_n_set(done, ModalityPerformedProcedureStep, uid)[0].Status == 0
    association.release()


def commit(
    to: str,
    calling: str,
    called: str,
    files: list[str],
    port: int = 11112,
    listen: int = 104,
    software: list[str] | None = None,
) -> None:
    """Ask for storage commitment, and wait for the answer on an association that the archive opens."""
    answered = threading.Event()

    def on_report(event: evt.Event) -> tuple[int, None]:
        answered.set()
        return 0, None

    ae = entity(calling, software)
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    server = ae.start_server(("", listen), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_report)])
    asker = entity(calling, software)
    asker.add_requested_context(StorageCommitmentPushModel)
    wanted = Dataset()
    wanted.TransactionUID, wanted.ReferencedSOPSequence = generate_uid(), []
    for path in files:
        item, reference = dcmread(path), Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = item.SOPClassUID, item.SOPInstanceUID
        wanted.ReferencedSOPSequence.append(reference)
    association = associated(asker, to, port, called)
    status, _ = association.send_n_action(wanted, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    assert status.Status == 0
    association.release()
    assert answered.wait(15), "no storage commitment result came"
    time.sleep(0.5)
    server.shutdown()


def serve(
    port: int,
    titles: list[str],
    software: list[str] | None = None,
    stores: bool = False,
    forward: dict[str, Any] | None = None,
    schedules: list[str] | None = None,
    tracks: bool = False,
    lenient: bool = False,
    strict: bool = False,
    queries: bool = False,
) -> None:
    """Answer at `port`: take objects and `forward` them, list what is scheduled, track procedure steps, find nothing.

    Only `strict`, it minds the title that it is called by. A `forward` without a `calling` title keeps that of the
    sender, as a masquerading proxy does.
    """

    def on_store(event: evt.Event) -> int:
        item = event.dataset
        item.file_meta = event.file_meta
        if forward:
            calling = forward.get("calling") or event.assoc.requestor.ae_title
            ae = entity(calling, forward.get("software"))
            ae.add_requested_context(item.SOPClassUID, item.file_meta.TransferSyntaxUID)
            association = associated(ae, forward["to"], forward["port"], forward["called"])
            association.send_c_store(item)
            association.release()
        return 0

    def on_find(event: evt.Event) -> Any:
        for modality in schedules or []:
            step, answer = Dataset(), Dataset()
            step.Modality, step.ScheduledStationAETitle = modality, event.assoc.requestor.ae_title
            answer.PatientName, answer.ScheduledProcedureStepSequence = "LABPHI^PATIENT", [step]
            yield 0xFF00, answer

    if lenient:
        take_any_title()
    server = entity(titles[0], software)
    if stores:
        server.supported_contexts = AllStoragePresentationContexts
    if schedules is not None:
        server.add_supported_context(ModalityWorklistInformationFind)
    if tracks:
        server.add_supported_context(ModalityPerformedProcedureStep)
    if queries:
        server.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    server.add_supported_context(Verification)
    server.require_called_aet = strict
    handlers = [
        (evt.EVT_C_STORE, on_store),
        (evt.EVT_C_FIND, on_find),
        (evt.EVT_N_CREATE, lambda event: (0, event.attribute_list)),
        (evt.EVT_N_SET, lambda event: (0, event.modification_list)),
    ]
    server.start_server(("", port), block=True, evt_handlers=handlers)


def offer_everything(to: str, calling: str, called: str, files: list[str], port: int = 104) -> None:
    """Send `files` as general software does: with a context for each kind of object there is."""
    ae = entity(calling, None)
    ae.requested_contexts = StoragePresentationContexts
    association = associated(ae, to, port, called)
    for path in files:
        assert association.send_c_store(dcmread(path)).Status == 0
    association.release()


def receive_message(connection: socket.socket) -> bytes | None:
    """Return the next HL7 message of a connection, without its frame (MLLP); None at the end."""
    data = b""
    while not data.endswith(b"\x1c\r"):
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    return data.lstrip(b"\x0b")[:-2]


def messages(to: str, texts: list[str], port: int = 2575) -> None:
    """Send HL7 messages on one connection, each after the other's acknowledgement."""
    with socket.create_connection((to, port)) as connection:
        for text in texts:
            connection.sendall(b"\x0b" + text.replace("\n", "\r").encode() + b"\r\x1c\r")
            assert receive_message(connection)


def take_messages(port: int, application: str, forward: list[list[Any]] | None = None) -> None:
    """Acknowledge HL7 messages at `port`, and pass each on, as it is, to everyone in `forward`."""

    def serve_one(connection: socket.socket) -> None:
        while message := receive_message(connection):
            head = message.split(b"\r")[0].split(b"|")
            kind = b"ACK^" + head[8].split(b"^")[1]
            answer = [b"MSH", b"^~\\&", application.encode(), b"CLINIC", head[2], head[3], b"20260301120000", b""]
            answer += [kind, b"A" + head[9], b"P", head[11]]
            connection.sendall(b"\x0b" + b"|".join(answer) + b"\rMSA|AA|" + head[9] + b"\r\x1c\r")
            for to, at in forward or []:
                messages(to, [message.decode().rstrip("\r").replace("\r", "\n")], at)

    with socket.create_server(("", port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()


ACTORS = {
    actor.__name__: actor
    for actor in (store, worklist, perform, commit, serve, offer_everything, messages, take_messages)
}

if __name__ == "__main__":
    ACTORS[sys.argv[1]](**json.loads(sys.argv[2]))
