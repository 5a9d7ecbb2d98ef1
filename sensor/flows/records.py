"""Flow records: what the table counted since the last flush, as the inventory takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from parsers.records import FlowRecord
from sensor.flows.addresses import ip_text, mac_text
from sensor.flows.table import ACK, SYN, FlowTable
from sensor.packets.columns import segment_name
from sensor.sources.batch import Int64
from sensor.streams.follow import Traits

TRANSPORTS = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 58: "icmpv6", 132: "sctp"}


def flow_records(table: FlowTable, slots: Int64, traits: Mapping[int, Traits]) -> Iterator[FlowRecord]:
    """Yield the record of each flow at `slots` that had packets since the last flush, and start its counters anew."""
    slots = slots[table.flow["packets"][slots].sum(axis=1) > 0]
    names = table.flow.dtype.names or ()
    columns = [table.flow[name][slots].tolist() for name in names]
    for slot, *values in zip(slots.tolist(), *columns, strict=True):
        named = dict(zip(names, values, strict=True))
        client = table.client(slot)
        server = 1 - client
        trait = traits.get(slot)
        number = named["protocol"]
        ported = number in (6, 17, 132)
        yield FlowRecord(
            vlan=segment_name(named["segment"]),
            client_ip=ip_text(named["hi"][client], named["lo"][client]),
            client_port=named["port"][client],
            client_mac=mac_text(named["mac"][client]),
            server_ip=ip_text(named["hi"][server], named["lo"][server]),
            server_port=named["port"][server] if ported else None,
            server_mac=mac_text(named["mac"][server]),
            transport=TRANSPORTS.get(number, f"ip-{number}"),
            protocol=trait.protocol if trait else None,
            encrypted=trait.encrypted if trait else False,
            established=_established(number, named["flags"], named["payload"], named["packets"], client),
            clear_patient_data=trait.clear_patient_data if trait else False,
            sni=trait.sni if trait else None,
            first_seen=named["since"],
            last_seen=named["last"],
            connections=named["connections"],
            packets_to_server=named["packets"][client],
            packets_to_client=named["packets"][server],
            bytes_to_server=named["bytes"][client],
            bytes_to_client=named["bytes"][server],
            frame=named["frame"],
        )
    table.flow["packets"][slots] = 0
    table.flow["bytes"][slots] = 0
    table.flow["connections"][slots] = 0


def one_way(table: FlowTable, slots: Int64) -> int:
    """Return how many of the TCP flows at `slots` carried data but were captured in one direction only."""
    flow = table.flow[slots]
    silent = (flow["flags"] == 0).any(axis=1)  # an end that sent anything has set a flag
    return int(np.count_nonzero(silent & (flow["protocol"] == 6) & (flow["payload"].sum(axis=1) > 0)))


def _established(protocol: int, flags: list[int], payload: list[int], packets: list[int], client: int) -> bool:
    """Both ends took part; for TCP the handshake was completed or data flowed, which an unanswered scan never shows."""
    if protocol != 6:
        return min(packets) > 0
    handshake = flags[1 - client] & (SYN | ACK) == SYN | ACK and bool(flags[client] & ACK)
    return handshake or max(payload) > 0
