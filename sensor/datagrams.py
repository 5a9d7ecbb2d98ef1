"""Datagrams and link-layer frames by which hosts announce themselves: DHCP, DNS, SNMP, LLDP...

Their rate is low, and they repeat themselves: equal payloads are read once. What one flow, or all of them together, may
ask for in a stretch of packet time is bounded; what is left unread is counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

import numpy as np

from parsers.malformed import Malformed
from parsers.protocol import DatagramParser
from parsers.records import About, Announcement, CaptureHealth, Datagram, Endpoint, Evidence, Sink
from parsers.registry import DATAGRAMS, FRAMES
from sensor.flows.addresses import ip_text, mac_text
from sensor.flows.table import Sorted
from sensor.packets import columns
from sensor.packets.columns import Packets, segment_name
from sensor.quic import PROTOCOL as QUIC
from sensor.quic import QuicHellos
from sensor.sources.batch import Int64
from sensor.streams.follow import Traits

MAX_OF_A_FLOW: Final = 256  # datagrams read of one flow between two rests
MAX_UNEQUAL: Final = 20_000  # datagrams that had to be parsed between two rests; a long one counts as several
MAX_TOLD: Final = 200_000  # announcements handed over between two rests
_LONG: Final = 512  # bytes: up to here a datagram counts as one
MAX_ANNOUNCEMENTS: Final = 128  # taken of one datagram
MAX_KEPT: Final = 4096  # answers kept
MAX_KEPT_LENGTH: Final = 2048  # bytes of a payload whose answer is kept
_NOBODY: Final = frozenset(("0.0.0.0", "::"))  # noqa: S104 - the address of who has none yet
_GROUP: Final = 1  # of a MAC's first octet (IEEE 802-2014 8.2)

_Read = tuple[str, tuple[Announcement, ...]]  # protocol, what it says

_BY_PORT: Final[dict[int, list[type[DatagramParser]]]] = defaultdict(list)
for _parser in DATAGRAMS:
    for _port in _parser.ports:
        _BY_PORT[_port].append(_parser)
_WANTED: Final = np.zeros(65536, bool)
_WANTED[list(_BY_PORT)] = True


class Datagrams:
    """Hands what datagrams say to `sink`; notes in `traits` (by flow) which protocol a flow speaks."""

    def __init__(self, traits: dict[int, Traits], sink: Sink, health: CaptureHealth) -> None:
        self.sink = sink
        self.health = health
        self._traits = traits
        self._kept: dict[Datagram, _Read | None] = {}
        self._of_flow: Counter[int] = Counter()
        self._parsed = 0
        self._told = 0
        self._quic = QuicHellos(traits)

    def rest(self) -> None:
        """Some packet time has passed: what is bounded begins anew."""
        self._of_flow.clear()
        self._parsed = 0
        self._told = 0
        self._quic.rest()

    def forget(self, slots: list[int]) -> None:
        """These slots will be given to other flows."""
        self._quic.forget(slots)

    def read(self, packets: Packets, flows: Sorted) -> None:
        """Read the UDP payloads of one batch that have a port some protocol is known by, and QUIC on any."""
        rows = flows.rows
        wanted = _WANTED[packets.source_port[rows]] | _WANTED[packets.destination_port[rows]]
        chosen = np.flatnonzero(wanted & (packets.next[rows] == columns.DONE + 17) & (flows.payload > 0))
        for slot, row in zip(flows.slots[chosen].tolist(), rows[chosen].tolist(), strict=True):
            if self._of_flow[slot] >= MAX_OF_A_FLOW:
                self.health.cap("datagrams of one flow")
                continue
            self._of_flow[slot] += 1
            ports = int(packets.source_port[row]), int(packets.destination_port[row])
            read = self._answer(_datagram(packets, row, *ports))
            if read is not None:
                self._traits.setdefault(slot, Traits(read[0]))
                self._tell(packets, row, "udp", read)
        for row, said in self._quic.read(packets, flows, self.health):
            self._tell(packets, row, "udp", (QUIC, said))

    def read_frames(self, packets: Packets) -> None:
        """Read the frames of one batch that are announcements by themselves: LLDP, CDP."""
        rows: Int64 = np.flatnonzero(packets.next >= columns.ANNOUNCEMENT)
        for row in rows.tolist():
            read = self._answer(_datagram(packets, row, 0, 0, int(packets.next[row]) - columns.ANNOUNCEMENT))
            if read is not None:
                self._tell(packets, row, "link", read)

    def _answer(self, datagram: Datagram) -> _Read | None:
        """What `datagram` says; None if no protocol knows it, or if too many were read already."""
        if datagram in self._kept:
            return self._kept[datagram]
        if self._parsed >= MAX_UNEQUAL:
            self.health.cap("datagrams at a time")
            return None
        self._parsed += 1 + len(datagram.payload) // _LONG
        read = self._parse(datagram)
        if len(datagram.payload) <= MAX_KEPT_LENGTH:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[datagram] = read
        return read

    def _parse(self, datagram: Datagram) -> _Read | None:
        for parser in _candidates(datagram):
            if not parser.probe(datagram):
                continue
            said: list[Announcement] = []
            try:
                for announcement in parser.read(datagram):
                    if len(said) >= MAX_ANNOUNCEMENTS:
                        self.health.cap(f"{parser.name}: announcements of one datagram")
                        break
                    said.append(announcement)
            except Malformed as broken:
                if not datagram.cut:
                    self.health.malformed(parser.name, broken.reason)
            return parser.name, tuple(said)
        return None

    def _tell(self, packets: Packets, row: int, transport: str, read: _Read) -> None:
        protocol, said = read
        time, frame = int(packets.time[row]), int(packets.frame[row])
        sender = _ip(packets.source_hi, packets.source_lo, row)
        for announcement in said:
            if self._told >= MAX_TOLD:
                self.health.cap("announcements at a time")
                return
            self._told += 1
            if announcement.about is About.OTHER and announcement.mac is None and announcement.ip == sender:
                # It named itself: a reflector of others' announcements has another address.
                announcement = announcement._replace(about=About.SENDER, evidence=Evidence.PEER)
            endpoint = _endpoint(packets, row, transport, announcement)
            if endpoint is not None:
                attribute, value, evidence = announcement[:3]
                self.sink.observe(endpoint, protocol, attribute, value, evidence, time, frame)


def _candidates(datagram: Datagram) -> Iterable[type[DatagramParser]]:
    if datagram.ethertype:
        return (FRAMES[datagram.ethertype],)
    return dict.fromkeys([*_BY_PORT.get(datagram.source_port, ()), *_BY_PORT.get(datagram.destination_port, ())])


def _datagram(packets: Packets, row: int, source_port: int, destination_port: int, ethertype: int = 0) -> Datagram:
    at, end = int(packets.at[row]), int(packets.end[row])
    cut = end < int(packets.wire_end[row])
    return Datagram(packets.buffer[at:end].tobytes(), source_port, destination_port, cut, ethertype)


def _endpoint(packets: Packets, row: int, transport: str, announcement: Announcement) -> Endpoint | None:
    """Where `announcement` holds; None for a group of hosts, and for nobody."""
    ip, mac = announcement.ip, announcement.mac
    segment: str | None = segment_name(int(packets.segment[row]))
    if announcement.about is About.SENDER:
        own_mac = mac_text(int(packets.source_mac[row]))
        if transport == "link" and own_mac is not None:  # nobody has changed it on the way
            mac, ip = own_mac, None
        else:
            mac, ip = mac or own_mac, ip or _ip(packets.source_hi, packets.source_lo, row)
    elif announcement.about is About.RECEIVER:
        if int(packets.destination_mac[row]) >> 40 & _GROUP:
            return None
        mac = mac or mac_text(int(packets.destination_mac[row]))
        ip = ip or _ip(packets.destination_hi, packets.destination_lo, row)
    elif mac is None:
        segment = None  # an address that somebody named, wherever it is
    if ip in _NOBODY:
        ip = None
    if ip is None and mac is None:
        return None
    return Endpoint(segment, mac, ip, announcement.port, transport)


def _ip(hi: columns.U64, lo: columns.U64, row: int) -> str | None:
    high, low = int(hi[row]), int(lo[row])
    return ip_text(high, low) if high or low else None  # a link-layer frame has none
