"""The Recorder: what the sensor sees, folded into distinct facts until they are written.

A protocol says the same thing a thousand times. The recorder keeps one entry for each distinct statement and
conversation, with its first and last time, its count and the frame that said it first.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from inventory.bulk import Kind
from inventory.community_id import community_id
from parsers.attributes import ATTRIBUTES
from parsers.records import Endpoint, Evidence, FlowRecord

MAX_VALUES: Final = 512  # distinct values of one attribute at one endpoint
MAX_FACTS: Final = 200_000  # distinct observations, and as many conversations, between two drains

_OF_THE_FLOW = {"sni", "clear_patient_data"}  # the sensor folds these into FlowRecords
_RECORDED = ATTRIBUTES.keys() - _OF_THE_FLOW

_Observed = tuple[Endpoint, str, str, str, str]
# vlan, client_ip, client_mac, server_ip, server_mac, server_port, transport, protocol, then encrypted, established,
# clear_patient_data, sni
_Conversation = tuple[
    *tuple[str | None, str, str | None, str, str | None, int | None, str, str | None],
    *tuple[bool, bool, bool, str | None],
]


class Facts(NamedTuple):
    """What one Recorder saw since its last drain. Plain tuples, so that a worker process can send it to its parent."""

    site: str
    sensor: str
    capture: str
    observations: list[tuple[object, ...]]  # rows of OBSERVATION_COLUMNS
    flows: list[tuple[object, ...]]  # rows of FLOW_COLUMNS
    caps_hit: int  # facts let go because a cap was reached: to be added to the capture's health


OBSERVATION_COLUMNS: Final = {
    "vlan": Kind.TEXT,
    "mac": Kind.TEXT,
    "ip": Kind.TEXT,
    "port": Kind.NUMBER,
    "transport": Kind.TEXT,
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
    """Takes the observations and flows of one capture (`parsers.records.Sink`). Times are Unix nanoseconds."""

    def __init__(self, site: str, sensor: str, capture: str) -> None:
        self.site, self.sensor, self.capture = site, sensor, capture
        self._reset()

    def _reset(self) -> None:
        self._observed: dict[_Observed, list[int]] = {}  # -> first_seen, last_seen, count, frame
        self._values: dict[tuple[Endpoint, str], int] = {}  # distinct values so far
        # -> first_seen, last_seen, connections, packets x 2, bytes x 2, frame, client_port
        self._conversations: dict[_Conversation, list[int]] = {}
        self._caps_hit = 0

    @property
    def pending(self) -> int:
        """Rows that `drain` would return now."""
        return len(self._observed) + len(self._conversations)

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
        key = (endpoint, protocol, attribute, value, evidence._value_)  # an Enum's own hash and value are slow
        seen = self._observed.get(key)
        if last is None:
            last = time
        if seen is None:
            self._learn(key, [time, last, count, frame])
            return
        seen[2] += count
        if last > seen[1]:
            seen[1] = last
        if time < seen[0]:
            seen[0], seen[3] = time, frame

    def _learn(self, key: _Observed, seen: list[int]) -> None:
        endpoint, _, attribute, _, _ = key
        if attribute not in _RECORDED:
            raise KeyError(attribute)
        place = (endpoint, attribute)
        values = self._values.get(place, 0)
        if values >= MAX_VALUES or len(self._observed) >= MAX_FACTS:
            self._caps_hit += 1
            return
        self._values[place] = values + 1
        self._observed[key] = seen

    def flow(self, record: FlowRecord) -> None:
        """Fold in the counters of one connection.

        Attempts and established connections, clear and encrypted ones, and those that carried patient data in clear
        stay apart, so that the frame of each row is evidence for all that the row says.
        """
        r = record
        key = (
            r.vlan, r.client_ip, r.client_mac, r.server_ip, r.server_mac, r.server_port, r.transport, r.protocol,
            r.encrypted, r.established, r.clear_patient_data, r.sni,
        )  # fmt: skip
        seen = self._conversations.get(key)
        if seen is None:
            if len(self._conversations) >= MAX_FACTS:
                self._caps_hit += 1
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
            for (endpoint, protocol, attribute, value, evidence), seen in self._observed.items()
        ]
        flows: list[tuple[object, ...]] = [
            (*key, *counters, community_id(key[6], key[1], client_port, key[3], key[5]))
            for key, (*counters, client_port) in self._conversations.items()
        ]
        facts = Facts(self.site, self.sensor, self.capture, observations, flows, self._caps_hit)
        self._reset()
        return facts
