"""Random imaging networks whose truth is known: a few modalities, archives, routers and workstations at work."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from tests.hospital import dicom
from tests.hospital.hosts import MAKERS, SOP_CLASSES, TOOLKITS, Equipment, Host, Software
from tests.hospital.wire import Wire


@dataclass
class Scene:
    """What was on the wire, and who was there."""

    wire: Wire
    hosts: list[Host]
    loss: float


class _Builder:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.wire = Wire(self.rng)
        self.hosts: list[Host] = []
        self._series = seed * 1000
        self._routed = self.rng.random() < 0.25
        self._gateway = "00:1b:21:00:00:fe"

    def host(self, kind: str, software: Software, equipment: Equipment | None = None, **more: object) -> Host:
        number = len(self.hosts) + 10
        seen = more.get("seen", True)
        host = Host(
            kind,
            f"10.20.{self.rng.randrange(200)}.{number}" if self._routed else f"10.20.30.{number}",
            f"00:1b:21:00:01:{number:02x}",
            f"{kind[:6].upper()}{number}",
            software,
            equipment,
            behind=self._gateway if self._routed else None,
            **more,  # type: ignore[arg-type]
        )
        if kind == "modality" and equipment is not None and self.rng.random() < 0.3:
            host.ae_title = equipment.station
        if seen:
            self.hosts.append(host)
            if not self._routed and self.rng.random() < 0.8:
                self.wire.arp(host)
        return host

    def modality(self, seen: bool = True, maker: int | None = None) -> Host:
        rng = self.rng
        name, spellings, root, versions, models = MAKERS[rng.randrange(len(MAKERS)) if maker is None else maker]
        model, modality = rng.choice(models)
        equipment = Equipment(
            name, rng.choice(spellings), model, f"{rng.randrange(10**5, 10**6)}",
            f"{modality}{rng.randrange(100, 999)}", modality, SOP_CLASSES[modality],
        )  # fmt: skip
        own = Software(name, f"{root}.{rng.randrange(1, 99)}", rng.choice(versions))
        software = own if rng.random() < 0.6 else rng.choice(TOOLKITS)
        return self.host("modality", software, equipment, seen=seen)

    def software(self, maker: int | None = None) -> Software:
        """Of an archive, a router or a workstation: a toolkit, or some maker's own, as its scanners have."""
        if self.rng.random() < 0.6:
            return self.rng.choice(TOOLKITS)
        name, _, root, versions, _ = self.rng.choice(MAKERS) if maker is None else MAKERS[maker]
        return Software(name, f"{root}.{self.rng.randrange(1, 99)}", self.rng.choice(versions))

    def series(self, maker: Host) -> list[Dataset]:
        self._series += 1
        assert maker.equipment is not None
        return [dicom.picture(maker.equipment, self._series, n) for n in range(1, self.rng.randrange(2, 5))]

    def examine(self, modality: Host, target: Host, worklist: Host | None) -> list[Dataset]:
        """One examination: what a modality does about it."""
        rng, wire = self.rng, self.wire
        assert modality.equipment is not None
        if not modality.seen:
            return self.series(modality)
        if worklist is not None and rng.random() < 0.6:
            dicom.find(wire, modality, worklist, dicom.WORKLIST, modality.equipment.modality)
        if worklist is not None and rng.random() < 0.3:
            dicom.perform(wire, modality, worklist, modality.equipment)
        objects = self.series(modality)
        dicom.store(wire, modality, target, objects)
        if rng.random() < 0.2:
            dicom.commit(wire, modality, target)
        return objects

    def forward(self, sender: Host, target: Host, objects: list[Dataset], source: Host) -> None:
        """A router passes on what it got, perhaps under the name of whom it got it from."""
        self.wire.pause(self.rng.randrange(1, 90))
        dicom.store(self.wire, sender, target, objects, source.ae_title if sender.masquerades else "")
        if self.rng.random() < 0.2:
            dicom.commit(self.wire, sender, target)


def build(seed: int) -> Scene:
    """Return the scene that `seed` stands for."""
    make = _Builder(seed)
    rng, wire = make.rng, make.wire
    one_maker = rng.randrange(len(MAKERS)) if rng.random() < 0.3 else None
    archives = [make.host("archive", make.software(one_maker), port=11112) for _ in range(rng.choice((1, 1, 1, 2)))]
    worklist = make.host("worklist", rng.choice(TOOLKITS), port=105) if rng.random() < 0.5 else None
    modalities = [make.modality(rng.random() < 0.8, one_maker) for _ in range(rng.randrange(1, 9))]
    routers = [
        make.host("router", make.software(one_maker), masquerades=rng.random() < 0.4)
        for _ in range(rng.choice((0, 0, 1, 2)))
    ]
    workstations = [make.host("workstation", make.software(one_maker)) for _ in range(rng.choice((0, 1, 1, 2)))]
    over = {id(m): rng.choice(routers) if routers and rng.random() < 0.5 else None for m in modalities}
    stored: list[tuple[Host, list[Dataset]]] = []
    for _ in range(rng.randrange(1, 3)):
        for modality in modalities:
            router = over[id(modality)]
            target = router or archives[0]
            objects = make.examine(modality, target, worklist)
            if router is not None:
                make.forward(router, archives[0], objects, modality)
            stored.append((modality, objects))
    for workstation in workstations:
        _read_studies(make, workstation, archives[0], stored)
    if len(archives) > 1:  # to a second archive, or to another hospital's
        for modality, objects in rng.sample(stored, min(3, len(stored))):
            make.forward(archives[0], archives[1], objects, modality)
    loss = rng.choice((0.0, 0.0, 0.01, 0.05))
    wire.lose(loss, rng.randrange(len(wire.frames) // 2) if rng.random() < 0.15 else 0)
    return Scene(wire, make.hosts, loss)


def _read_studies(make: _Builder, workstation: Host, archive: Host, stored: list[tuple[Host, list[Dataset]]]) -> None:
    """A radiologist at work: query, retrieve, look, and store what came of it."""
    rng, wire = make.rng, make.wire
    if rng.random() < 0.8:
        dicom.find(wire, workstation, archive)
    fetch: Callable[..., None] = rng.choice((dicom.move, dicom.get))
    for _, objects in rng.sample(stored, min(rng.randrange(0, 3), len(stored))):
        fetch(wire, workstation, archive, objects)
    if rng.random() < 0.5:
        source, _ = rng.choice(stored)
        assert source.equipment is not None
        made = [
            dicom.derived(source.equipment, kind, rng.randrange(10**6))
            for kind in rng.sample(["SEG", "SR", "PR", "OT"], 2)
        ]
        dicom.store(wire, workstation, archive, made)
