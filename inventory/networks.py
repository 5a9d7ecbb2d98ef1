"""Whose an address is: the site's own, the public's, or nobody's.

Three things decide, in this order:

1. Multicast, broadcast, unspecified and loopback addresses are nobody's: neither local nor public.
2. `local_nets`, the site's own word: networks or addresses parted by commas, `!` for "not ours":
   `10.0.0.0/8, !10.99.0.0/16, 198.51.100.0/24`. The longest matching prefix decides; of two equal ones, the last.
   A hospital may own public ranges, which are local then; a partner's VPN may use private ones, which are public
   when they are named with `!`: that traffic leaves the site.
3. For what the list does not mention, the IANA special-purpose registries, pinned in
   `knowledge/special_networks.csv`: globally reachable unicast is public, all other unicast is local.
   (`ipaddress.is_global` calls multicast global, and its answers change between Python's patch releases.)

An IPv6 address that only wraps an IPv4 one (IPv4-mapped, 6to4, NAT64, a Teredo client) is judged by the inner one.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Generic, NamedTuple, TypeVar

from parsers.text import clean

_Value = TypeVar("_Value")
_Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 2.1


class Address(NamedTuple):
    """What an address is. `family` is 4 or 6 as it was written, None for text that is no address."""

    public: bool
    local: bool
    unicast: bool
    family: int | None


class _Registered(NamedTuple):
    globally_reachable: bool
    unicast: bool


class _PrefixTable(Generic[_Value]):
    """Networks with a value each; the longest prefix that holds an address is found in one step per prefix length."""

    def __init__(self) -> None:
        self._lengths: dict[int, dict[int, dict[int, _Value]]] = {4: {}, 6: {}}

    def add(self, network: str, value: _Value) -> None:
        net = ip_network(network, strict=False)
        lengths = self._lengths[net.version]
        lengths.setdefault(net.prefixlen, {})[int(net.network_address)] = value
        self._lengths[net.version] = dict(sorted(lengths.items(), reverse=True))

    def find(self, address: _Address) -> _Value | None:
        number = int(address)
        for length, nets in self._lengths[address.version].items():
            shift = address.max_prefixlen - length
            value = nets.get(number >> shift << shift)
            if value is not None:
                return value
        return None


class Networks:
    """The site's view of addresses. Raises ValueError, with one clear line, for `local_nets` that cannot be read."""

    def __init__(self, local_nets: str | None = None) -> None:
        self._ours: _PrefixTable[bool] = _PrefixTable()
        for item in filter(None, (part.strip() for part in (local_nets or "").split(","))):
            network = item.removeprefix("!").strip()
            try:
                self._ours.add(network, network == item)
            except ValueError:
                raise ValueError(f"{clean(item)!r} is not a network such as 10.0.0.0/8 or !10.99.0.0/16") from None

    def classify(self, ip: str) -> Address:
        """Say what `ip` is. Text that is no address is neither public, local nor unicast."""
        try:
            address = ip_address(ip)
        except ValueError:
            return Address(False, False, False, None)
        inner = _unwrap(address)
        registered = _special_networks().find(inner)
        if registered is None or not registered.unicast:
            return Address(False, False, False, address.version)
        ours = self._ours.find(address)
        if ours is None:
            ours = self._ours.find(inner)
        local = not registered.globally_reachable if ours is None else ours
        return Address(not local, local, True, address.version)

    def is_local(self, ip: str) -> bool:
        """Tell whether `ip` is a host of the site."""
        return self.classify(ip).local


def _unwrap(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 one wraps, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:  # RFC 4291 2.5.5.2
        return address.ipv4_mapped
    if address.sixtofour is not None:  # RFC 3056 2
        return address.sixtofour
    if address.teredo is not None:  # RFC 4380 4: (server, client); packets travel to the client
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def local_nets_in_force(remembered: Mapping[str, str], configured: str | None) -> str | None:
    """Return the site's own word: what a reading was given before what is configured now, and that before what was.

    `remembered` is the inventory's `meta`, key -> value.
    """
    return remembered.get("local_nets") or configured or remembered.get("configured_local_nets")


@cache
def _special_networks() -> _PrefixTable[_Registered]:
    table: _PrefixTable[_Registered] = _PrefixTable()
    with files("inventory").joinpath("knowledge/special_networks.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            table.add(row["network"], _Registered(row["globally_reachable"] == "true", row["unicast"] == "true"))
    return table
