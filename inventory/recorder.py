"""The Recorder: what the sensor sees, folded into distinct facts until they are written.

A protocol says the same thing a thousand times. The recorder keeps one entry for each distinct statement and
conversation, with its first and last time, its count and the frame that said it first.

What was said at an address before it changed hands, and after, are two entries: they are of two hosts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from typing import Final, NamedTuple

from inventory.bulk import Kind
from inventory.community_id import community_id
from inventory.networks import Networks
from parsers.attributes import ATTRIBUTES
from parsers.records import Endpoint, Evidence, FlowRecord

MAX_VALUES: Final = 512  # distinct values of one attribute at one endpoint
MAX_FACTS: Final = 200_000  # distinct observations, and as many conversations, between two drains
MAX_ADDRESSES: Final = 65_536  # of which is remembered who holds them
FORGOTTEN_AFTER: Final = 3_600_000_000_000  # nanoseconds until so many are forgotten, and others are heard
MAX_HELD: Final = 256  # addresses that one MAC holds, between two drains: a router that answers for others holds more
MAX_TURNS: Final = 16  # times an address changes hands, between two drains

_OF_THE_FLOW = {"sni", "clear_patient_data"}  # the sensor folds these into FlowRecords
_RECORDED = ATTRIBUTES.keys() - _OF_THE_FLOW

_BINDING: Final = "link_layer_address"
_NAME_IN_DNS: Final = "dns_name"

_Statement = tuple[str, str, str]  # protocol, value, class
_Place = tuple[Endpoint, str, int]  # where, which attribute, and how often the address had changed hands
# vlan, client_ip, client_mac, server_ip, server_mac, server_port, transport, protocol, then encrypted, established,
# clear_patient_data, sni; and how often the addresses had changed hands
_Conversation = tuple[
    *tuple[str | None, str, str | None, str, str | None, int | None, str, str | None],
    *tuple[bool, bool, bool, str | None, int, int],
]


class Facts(NamedTuple):
    """What one Recorder saw since its last drain. Plain tuples, so that a worker process can send it to its parent."""

    site: str
    sensor: str
    capture: str
    observations: list[tuple[object, ...]]  # rows of OBSERVATION_COLUMNS
    flows: list[tuple[object, ...]]  # rows of FLOW_COLUMNS
    caps: Counter[str]  # facts let go because a cap was reached, by which: to be added to the capture's health


OBSERVATION_COLUMNS: Final = {
    "vlan": Kind.TEXT,
    "mac": Kind.TEXT,
    "ip": Kind.TEXT,
    "port": Kind.NUMBER,
    "transport": Kind.TEXT,
    "speaker": Kind.TEXT,
    "protocol": Kind.TEXT,
    "attribute": Kind.TEXT,
    "value": Kind.TEXT,
    "class": Kind.TEXT,
    "first_seen": Kind.TIME,
    "last_seen": Kind.TIME,
    "count": Kind.COUNT,
    "frame": Kind.COUNT,
}
FLOW_COLUMNS: Final = {
    "vlan": Kind.TEXT,
    "client_ip": Kind.TEXT,
    "client_mac": Kind.TEXT,
    "server_ip": Kind.TEXT,
    "server_mac": Kind.TEXT,
    "server_port": Kind.NUMBER,
    "transport": Kind.TEXT,
    "protocol": Kind.TEXT,
    "encrypted": Kind.FLAG,
    "established": Kind.FLAG,
    "clear_patient_data": Kind.FLAG,
    "sni": Kind.TEXT,
    "first_seen": Kind.TIME,
    "last_seen": Kind.TIME,
    "connections": Kind.COUNT,
    "packets_to_server": Kind.COUNT,
    "packets_to_client": Kind.COUNT,
    "bytes_to_server": Kind.COUNT,
    "bytes_to_client": Kind.COUNT,
    "frame": Kind.COUNT,
    "community_id": Kind.TEXT,
}


class Recorder:
    """Takes the observations and flows of one capture (`parsers.records.Sink`). Times are Unix nanoseconds.

    Names that DNS gives to addresses which are not the site's own are not taken: they tell what people look up.
    """

    def __init__(self, site: str, sensor: str, capture: str, networks: Networks | None = None) -> None:
        self.site, self.sensor, self.capture = site, sensor, capture
        self._is_local = lru_cache(MAX_ADDRESSES)((networks or Networks()).is_local)
        self._holders: dict[tuple[str | None, str], tuple[str, int]] = {}  # (VLAN, address) -> MAC, and since when
        self._filled = 0  # when the last of them came in
        self._reset()

    def _reset(self) -> None:
        self._turns: dict[str, list[int]] = {}  # address -> when it changed hands, ascending
        self._held: dict[str, int] = {}  # MAC -> how often it said that it holds an address
        # -> what was said there -> first_seen, last_seen, count, frame
        self._observed: dict[_Place, dict[_Statement, list[int]]] = {}
        self._statements = 0
        # -> first_seen, last_seen, connections, packets x 2, bytes x 2, frame, client_port
        self._conversations: dict[_Conversation, list[int]] = {}
        self._caps: Counter[str] = Counter()

    @property
    def pending(self) -> int:
        """Rows that `drain` would return now."""
        return self._statements + len(self._conversations)

    def observe(
        self,
        endpoint: Endpoint,
        protocol: str,
        attribute: str,
        value: str,
        evidence: Evidence,
        time: int,
        frame: int,
        last: int | None = None,
        count: int = 1,
    ) -> None:
        """Fold in one observation. Raises KeyError for an attribute that is not on the allow-list."""
        ip = endpoint.ip
        if attribute == _NAME_IN_DNS and ip is not None and not self._is_local(ip):
            return
        if attribute == _BINDING and ip is not None and not self._holds(value, endpoint.vlan, ip, time):
            self._caps["claims of an address"] += 1
            return
        place = (endpoint, attribute, self._turn(ip, time) if self._turns and ip is not None else 0)
        statement = (protocol, value, evidence._value_)  # an Enum's own hash and value are slow
        said = self._observed.get(place)
        seen = said.get(statement) if said else None
        if last is None:
            last = time
        if seen is None:
            if self._learns(attribute, value, said):
                self._statements += 1
                if said is None:
                    said = self._observed[place] = {}
                said[statement] = [time, last, count, frame]
            return
        seen[2] += count
        if last > seen[1]:
            seen[1] = last
        if time < seen[0]:
            seen[0], seen[3] = time, frame

    def _holds(self, mac: str, vlan: str | None, ip: str, time: int) -> bool:
        """Note that `mac` holds `ip` at `time`; False when that is one claim too many."""
        holder, since = self._holders.get((vlan, ip), (None, 0))
        if holder == mac:
            return True
        if len(self._holders) >= MAX_ADDRESSES and time - self._filled > FORGOTTEN_AFTER:
            self._holders.clear()  # a flood has passed; until then its inventions are not kept, either
        turns = self._turns.get(ip, [])
        full = len(self._holders) >= MAX_ADDRESSES if holder is None else len(turns) >= MAX_TURNS
        if full or self._held.get(mac, 0) >= MAX_HELD:
            return False
        if holder is not None:
            self._turns[ip] = sorted([*turns, max(time, since)])
        if time >= since:  # claims of one batch come in the order of their MACs
            self._holders[vlan, ip] = mac, time
            if holder is None:
                self._filled = max(self._filled, time)
        return True

    def _turn(self, ip: str, time: int) -> int:
        turns = self._turns.get(ip)
        return bisect_right(turns, time) if turns else 0

    def _learns(self, attribute: str, value: str, said: dict[_Statement, list[int]] | None) -> bool:
        if attribute not in _RECORDED:
            raise KeyError(attribute)
        held = self._held.get(value, 0) if attribute == _BINDING else 0
        if said and len(said) >= MAX_VALUES:
            self._caps[f"values of {attribute}"] += 1
            return False
        if self._statements >= MAX_FACTS or held >= MAX_HELD:
            self._caps["addresses of a MAC" if held >= MAX_HELD else "facts between two flushes"] += 1
            return False
        if attribute == _BINDING:
            self._held[value] = held + 1
        return True

    def flow(self, record: FlowRecord) -> None:
        """Fold in the counters of one connection.

        Attempts and established connections, clear and encrypted ones, and those that carried patient data in clear
        stay apart, so that the frame of each row is evidence for all that the row says.
        """
        r = record
        key = (
            r.vlan, r.client_ip, r.client_mac, r.server_ip, r.server_mac, r.server_port, r.transport, r.protocol,
            r.encrypted, r.established, r.clear_patient_data, r.sni,
            self._turn(r.client_ip, r.first_seen), self._turn(r.server_ip, r.first_seen),
        )  # fmt: skip
        seen = self._conversations.get(key)
        if seen is None:
            if len(self._conversations) >= MAX_FACTS:
                self._caps["conversations between two flushes"] += 1
                return
            self._conversations[key] = [
                *(r.first_seen, r.last_seen, r.connections, r.packets_to_server, r.packets_to_client),
                *(r.bytes_to_server, r.bytes_to_client, r.frame, r.client_port),
            ]
            return
        if r.first_seen < seen[0]:
            seen[0], seen[7], seen[8] = r.first_seen, r.frame, r.client_port
        seen[1] = max(seen[1], r.last_seen)
        seen[2] += r.connections
        seen[3] += r.packets_to_server
        seen[4] += r.packets_to_client
        seen[5] += r.bytes_to_server
        seen[6] += r.bytes_to_client

    def drain(self) -> Facts:
        """Return what was seen since the last drain, and forget it."""
        observations: list[tuple[object, ...]] = [
            (*endpoint, protocol, attribute, value, evidence, *seen)
            for (endpoint, attribute, _), said in self._observed.items()
            for (protocol, value, evidence), seen in said.items()
        ]
        flows: list[tuple[object, ...]] = [
            (*key[:12], *counters, community_id(key[6], key[1], client_port, key[3], key[5]))
            for key, (*counters, client_port) in self._conversations.items()
        ]
        facts = Facts(self.site, self.sensor, self.capture, observations, flows, self._caps)
        self._reset()
        return facts
