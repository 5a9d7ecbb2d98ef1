"""Whose an address is: the site's own, a partner's or the public's, or nobody's.

Three things decide, in this order:

1. Multicast, broadcast, unspecified and loopback addresses are nobody's: neither local nor public.
2. The site's own word: `local_nets`, networks or addresses parted by commas, `!` for "not ours"
   (`10.0.0.0/8, !10.99.0.0/16, 198.51.100.0/24`), and `[networks]`, which gives networks a name: those of
   `[networks.own]` are local, those of `[networks.partner]` are not. The longest matching prefix of them all decides;
   of equal ones the last, own after `local_nets`, partner after own. A hospital may own public ranges, which are local
   then; a partner's VPN may use private ones, which are public then: that traffic leaves the site.
3. For what these do not mention, the IANA special-purpose registries, pinned in `knowledge/special_networks.csv`:
   globally reachable unicast is public, all other unicast is local, but for what carriers put between themselves and
   their customers (RFC 6598): that is outside of the site.
   (`ipaddress.is_global` calls multicast global, and its answers change between Python's patch releases.)

An IPv6 address that only wraps an IPv4 one (IPv4-mapped, 6to4, NAT64, a Teredo client) is judged by the inner one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Generic, NamedTuple, TypeVar

from parsers.text import clean

_Value = TypeVar("_Value")
_Address = IPv4Address | IPv6Address

Named = Mapping[str, Mapping[str, str]]  # "own" and "partner" -> name -> networks parted by commas

NAMED_KEY: Final = "configured_networks"  # in the inventory's `meta`: `Named` as JSON

_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052 2.1
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")  # RFC 8215: its operator divides it, mostly into /96
_CARRIERS: Final = IPv4Network("100.64.0.0/10")  # RFC 6598
_CARRIERS_NAME: Final = "carrier-grade NAT (RFC 6598)"


class Address(NamedTuple):
    """What an address is. `family` is 4 or 6 as it was written, None for text that is no address."""

    public: bool  # outside of the site: also a partner's, on whatever network
    local: bool
    unicast: bool
    family: int | None
    globally_reachable: bool = False  # by the registries, whoever it belongs to
    partner: str | None = None  # its name in [networks.partner]
    network: str | None = None  # its name in [networks.own], or what is known of a network by itself


class _Word(NamedTuple):
    """What the site says of a network."""

    ours: bool
    partner: str | None = None
    network: str | None = None


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
    """The site's view of addresses. Raises ValueError, with one clear line, for networks that cannot be read."""

    def __init__(self, local_nets: str | None = None, named: Named | None = None) -> None:
        self._words: _PrefixTable[_Word] = _PrefixTable()
        for item in _items(local_nets):
            network = item.removeprefix("!").strip()
            try:
                self._words.add(network, _Word(ours=network == item))
            except ValueError:
                raise ValueError(f"{clean(item)!r} is not a network such as 10.0.0.0/8 or !10.99.0.0/16") from None
        for kind in ("own", "partner"):
            for name, networks in (named or {}).get(kind, {}).items():
                word = _Word(True, network=name) if kind == "own" else _Word(False, partner=name)
                for item in _items(networks):
                    try:
                        self._words.add(item, word)
                    except ValueError:
                        raise ValueError(f"{clean(item)!r} is not a network such as 10.99.0.0/16") from None

    def classify(self, ip: str) -> Address:
        """Say what `ip` is. Text that is no address is neither public, local nor unicast."""
        try:
            address = ip_address(ip)
        except ValueError:
            return Address(False, False, False, None)
        inner = unwrap(address)
        registered = _special_networks().find(inner)
        if registered is None or not registered.unicast:
            return Address(False, False, False, address.version)
        carriers = inner in _CARRIERS
        word = self._words.find(address) or self._words.find(inner)
        if word is None:
            word = _Word(
                not registered.globally_reachable and not carriers, network=_CARRIERS_NAME if carriers else None
            )
        return Address(
            not word.ours, word.ours, True, address.version, registered.globally_reachable, word.partner, word.network
        )

    def is_local(self, ip: str) -> bool:
        """Tell whether `ip` is a host of the site."""
        return self.classify(ip).local


def _items(networks: str | None) -> Iterator[str]:
    return filter(None, (part.strip() for part in (networks or "").split(",")))


def unwrap(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 one wraps, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:  # RFC 4291 2.5.5.2
        return address.ipv4_mapped
    if address.sixtofour is not None:  # RFC 3056 2
        return address.sixtofour
    if address.teredo is not None:  # RFC 4380 4: (server, client); packets travel to the client
        return address.teredo[1]
    number = int(address)
    # With a shorter prefix than /96 the last 24 bits are zero (RFC 6052 2.2): where the four octets are is not told.
    if address in _NAT64 or (address in _LOCAL_NAT64 and number & 0xFFFFFF):
        return IPv4Address(number & 0xFFFFFFFF)
    return address


def local_nets_in_force(remembered: Mapping[str, str], configured: str | None) -> str | None:
    """Return the site's own word: what a reading was given before what is configured now, and that before what was.

    `remembered` is the inventory's `meta`, key -> value.
    """
    return remembered.get("local_nets") or configured or remembered.get("configured_local_nets")


def named_in_force(remembered: Mapping[str, str], configured: Named | None) -> Named:
    """Return the named networks: those of the configuration, None where there is none: then those that were remembered.

    A configuration that names none says that there are none: a partner that was struck out is none any more.
    """
    if configured is not None:
        return configured
    named: Named = json.loads(remembered.get(NAMED_KEY, "{}"))
    return named


def settings_key(local_nets: str | None, named: Named) -> str:
    """Return text that is the same for the same networks in force: whatever was derived with it still holds."""
    return json.dumps([local_nets or "", {kind: list(nets.items()) for kind, nets in sorted(named.items()) if nets}])


@cache
def _special_networks() -> _PrefixTable[_Registered]:
    table: _PrefixTable[_Registered] = _PrefixTable()
    with files("inventory").joinpath("knowledge/special_networks.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            table.add(row["network"], _Registered(row["globally_reachable"] == "true", row["unicast"] == "true"))
    return table
