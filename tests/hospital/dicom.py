"""DICOM services as they cross the wire, from the standard's tables (see tests/parsers/dicom/building.py)."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset

from tests.hospital.hosts import Equipment, Host
from tests.hospital.wire import Connection, Wire
from tests.parsers.dicom import building as b

STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
WORKLIST, MPPS, COMMITMENT = "1.2.840.10008.5.1.4.31", "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
SEG, SR, PR, SC = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("66.4", "88.22", "11.1", "7"))
C_STORE, C_FIND, C_MOVE, C_GET, N_CREATE, N_ACTION, N_EVENT = 0x0001, 0x0020, 0x0021, 0x0010, 0x0140, 0x0130, 0x0100
RESPONSE, PENDING, SUCCESS = 0x8000, 0xFF00, 0x0000


def picture(equipment: Equipment, series: int, number: int, **changes: object) -> Dataset:
    """An object that `equipment` made."""
    values: dict[str, object] = {
        "SOPClassUID": equipment.sop_class,
        "SOPInstanceUID": f"1.2.826.0.1.99.{series}.{number}",
        "SeriesInstanceUID": f"1.2.826.0.1.99.{series}",
        "Modality": equipment.modality,
        "Manufacturer": equipment.manufacturer,
        "ManufacturerModelName": equipment.model,
        "DeviceSerialNumber": equipment.serial,
        "StationName": equipment.station,
        "SoftwareVersions": list(equipment.software),
        "InstitutionName": "General",
    }
    return b.image(**(values | changes))


def derived(equipment: Equipment, kind: str, series: int) -> Dataset:
    """What software makes of an image of `equipment`: it keeps the equipment's name."""
    sop_class = {"SEG": SEG, "SR": SR, "PR": PR, "OT": SC}[kind]
    return picture(equipment, series, 1, SOPClassUID=sop_class, Modality=kind, ImageType=["DERIVED", "SECONDARY"])


class Association:
    """An association from `client` to `server` under `calling`, for `sop_classes`; `retrieves`: objects flow back."""

    def __init__(
        self, wire: Wire, client: Host, server: Host, sop_classes: Sequence[str], calling: str, retrieves: bool = False
    ) -> None:
        self._connection = Connection(wire, client, server, server.port)
        self.sop_classes = sop_classes
        roles = b"".join(b.role(uid, 0, 1) for uid in sop_classes if uid != STUDY_GET) if retrieves else b""
        contexts = [(2 * i + 1, uid, [b.EXPLICIT]) for i, uid in enumerate(sop_classes)]
        asked = b.user_information(client.software.class_uid, client.software.version, more=roles)
        told = b.user_information(server.software.class_uid, server.software.version, more=roles)
        self._connection.ask(b.request(contexts, server.ae_title, calling, asked))
        accepted = [(number, 0, b.EXPLICIT) for number, _, _ in contexts]
        self._connection.answer(b.accept(accepted, server.ae_title, calling, told))

    def request(self, field: int, sop_class: str, data: Dataset | None = None, more: bytes = b"") -> None:
        self._connection.ask(self._message(field, sop_class, None, data, more))

    def response(self, field: int, sop_class: str, status: int = SUCCESS, data: Dataset | None = None) -> None:
        self._connection.answer(self._message(field | RESPONSE, sop_class, status, data, b""))

    def store(self, objects: Sequence[Dataset], originator: str | None = None) -> None:
        more = b.element(0x1030, originator.ljust(16).encode()) + b.element(0x1031, b.us(1)) if originator else b""
        for one in objects:
            self.request(C_STORE, one.SOPClassUID, one, more)
            self.response(C_STORE, one.SOPClassUID)

    def store_back(self, objects: Sequence[Dataset]) -> None:
        """C-STORE from the acceptor, as C-GET does."""
        for one in objects:
            self._connection.answer(self._message(C_STORE, one.SOPClassUID, None, one, b""))
            self._connection.ask(self._message(C_STORE | RESPONSE, one.SOPClassUID, SUCCESS, None, b""))

    def release(self) -> None:
        self._connection.ask(b.RELEASE_RQ)
        self._connection.answer(b.RELEASE_RP)
        self._connection.close()

    def _message(self, field: int, sop_class: str, status: int | None, data: Dataset | None, more: bytes) -> bytes:
        command = b.command(field, sop_class, status, data is not None, more=more)
        return b.message(command, b.encode(data) if data is not None else None, self._context(sop_class))

    def _context(self, sop_class: str) -> int:
        return 2 * list(self.sop_classes).index(sop_class) + 1


def store(
    wire: Wire, client: Host, server: Host, objects: Sequence[Dataset], calling: str = "", originator: str | None = None
) -> None:
    """Send objects."""
    association = Association(
        wire, client, server, list(dict.fromkeys(o.SOPClassUID for o in objects)), calling or client.ae_title
    )
    association.store(objects, originator)
    association.release()


def find(wire: Wire, client: Host, server: Host, sop_class: str = STUDY_FIND, modality: str = "") -> None:
    """Query, for studies or scheduled procedure steps; one answer."""
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "STUDY"
    if sop_class == WORKLIST:
        del wanted.QueryRetrieveLevel
        wanted.ScheduledProcedureStepSequence = b.sequence(
            Modality=modality, ScheduledStationAETitle=client.ae_title, ScheduledProcedureStepStartDate="20260901"
        )
    association = Association(wire, client, server, [sop_class], client.ae_title)
    association.request(C_FIND, sop_class, wanted)
    association.response(C_FIND, sop_class, PENDING, wanted)
    association.response(C_FIND, sop_class)
    association.release()


def move(wire: Wire, client: Host, server: Host, objects: Sequence[Dataset]) -> None:
    """Have objects sent to oneself: the server opens the association over which they come."""
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "STUDY"
    association = Association(wire, client, server, [STUDY_MOVE], client.ae_title)
    destination = b.element(0x0600, client.ae_title.ljust(16).encode())
    association.request(C_MOVE, STUDY_MOVE, wanted, destination)
    store(wire, server, client, objects, originator=client.ae_title)
    association.response(C_MOVE, STUDY_MOVE)
    association.release()


def get(wire: Wire, client: Host, server: Host, objects: Sequence[Dataset]) -> None:
    """Have objects sent back over the same association."""
    classes = [STUDY_GET, *dict.fromkeys(o.SOPClassUID for o in objects)]
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "STUDY"
    association = Association(wire, client, server, classes, client.ae_title, retrieves=True)
    association.request(C_GET, STUDY_GET, wanted)
    association.store_back(objects)
    association.response(C_GET, STUDY_GET)
    association.release()


def perform(wire: Wire, client: Host, server: Host, equipment: Equipment) -> None:
    """Report a performed procedure step."""
    step = Dataset()
    step.Modality, step.PerformedStationAETitle = equipment.modality, client.ae_title
    step.PerformedStationName, step.PerformedProcedureStepStatus = equipment.station, "IN PROGRESS"
    association = Association(wire, client, server, [MPPS], client.ae_title)
    association.request(N_CREATE, MPPS, step)
    association.response(N_CREATE, MPPS)
    association.release()


def commit(wire: Wire, client: Host, server: Host) -> None:
    """Ask for storage commitment; the answer comes on an association that the server opens."""
    what = Dataset()
    what.TransactionUID = "1.2.826.0.1.99.1"
    association = Association(wire, client, server, [COMMITMENT], client.ae_title)
    association.request(N_ACTION, COMMITMENT, what)
    association.response(N_ACTION, COMMITMENT)
    association.release()
    report = Association(wire, server, client, [COMMITMENT], server.ae_title)
    report.request(N_EVENT, COMMITMENT, what)
    report.response(N_EVENT, COMMITMENT)
    report.release()
