"""Flow records: what the table counted since the last flush, as the inventory takes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from parsers.records import FlowRecord
from sensor.flows.addresses import ip_text, mac_text
from sensor.flows.table import ACK, SYN, FlowTable
from sensor.packets.columns import segment_name
from sensor.sources.batch import Int64
from sensor.streams.follow import Traits

TRANSPORTS = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 58: "icmpv6", 132: "sctp"}
PORTED = frozenset((6, 17, 132))


_UNTOLD = Traits("")


def flow_records(table: FlowTable, slots: Int64, traits: Mapping[int, Traits]) -> Iterator[FlowRecord]:
    """Return the record of each flow at `slots` that had packets since the last flush, and start its counters anew."""
    slots = slots[table.flow["packets"][slots].sum(axis=1) > 0]
    flow = table.flow[slots]
    client = table.clients(slots)
    rows = np.arange(len(slots))

    def of_client(name: str) -> list[int]:
        numbers: list[int] = flow[name][rows, client].tolist()
        return numbers

    def of_server(name: str) -> list[int]:
        numbers: list[int] = flow[name][rows, 1 - client].tolist()
        return numbers

    protocols = flow["protocol"].tolist()
    told = [traits.get(slot, _UNTOLD) for slot in slots.tolist()]
    fields: dict[str, Iterable[object]] = {
        "vlan": map(segment_name, flow["segment"].tolist()),
        "client_ip": map(ip_text, of_client("hi"), of_client("lo")),
        "client_port": of_client("port"),
        "client_mac": map(mac_text, of_client("mac")),
        "server_ip": map(ip_text, of_server("hi"), of_server("lo")),
        "server_port": [
            port if number in PORTED else None for number, port in zip(protocols, of_server("port"), strict=True)
        ],
        "server_mac": map(mac_text, of_server("mac")),
        "transport": [TRANSPORTS.get(number, f"ip-{number}") for number in protocols],
        "protocol": [trait.protocol or None for trait in told],
        "encrypted": [trait.encrypted for trait in told],
        "established": _established(flow, client).tolist(),
        "clear_patient_data": [trait.clear_patient_data for trait in told],
        "sni": [trait.sni for trait in told],
        "first_seen": flow["since"].tolist(),
        "last_seen": flow["last"].tolist(),
        "connections": flow["connections"].tolist(),
        "packets_to_server": of_client("packets"),
        "packets_to_client": of_server("packets"),
        "bytes_to_server": of_client("bytes"),
        "bytes_to_client": of_server("bytes"),
        "frame": flow["frame"].tolist(),
    }
    for name in ("packets", "bytes", "connections"):
        table.flow[name][slots] = 0
    return map(FlowRecord._make, zip(*(fields[name] for name in FlowRecord._fields), strict=True))


def one_way(table: FlowTable, slots: Int64) -> int:
    """Return how many of the TCP flows at `slots` carried data but were captured in one direction only."""
    flow = table.flow[slots]
    silent = (flow["flags"] == 0).any(axis=1)  # an end that sent anything has set a flag
    return int(np.count_nonzero(silent & (flow["protocol"] == 6) & (flow["payload"].sum(axis=1) > 0)))


def _established(flow: npt.NDArray[Any], client: Int64) -> npt.NDArray[np.bool_]:
    """Both ends took part; for TCP the handshake was completed or data flowed, which an unanswered scan never shows."""
    rows = np.arange(len(flow))
    answered = flow["flags"][rows, 1 - client] & (SYN | ACK) == SYN | ACK
    handshake = answered & (flow["flags"][rows, client] & ACK != 0)
    told = (flow["payload"] > 0) & (flow["flags"] & ACK != 0)  # data with a SYN alone is only an attempt (RFC 9293 3.5)
    tcp = handshake | told.any(axis=1)
    established: npt.NDArray[np.bool_] = np.where(flow["protocol"] == 6, tcp, flow["packets"].min(axis=1) > 0)
    return established
