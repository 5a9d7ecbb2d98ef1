"""`[policy]` of medspan.toml, read and checked. `example.toml` shows all of it.

    [policy]
    roles = ["modality"]                      # every conversation of these must be allowed by a rule
    infrastructure = ["dhcp", "dns", "icmp"]  # not judged between addresses inside; default: INFRASTRUCTURE

    [[policy.allow]]
    name = "images to the archive"
    from = ["modality", "10.1.9.0/24"]        # who opens the conversation: ends
    to = ["archive"]
    protocol = ["dicom", "2762/tcp tls"]      # traffic
    encrypted = "required"                    # or "any", the default
    site = ["north"]                          # default: every site

    [policy.services]
    modality = ["dicom", "443/tcp"]           # traffic: what a role may offer, all else is a violation

An end is a role, `any` (whoever is inside), `public` (any public address), `partner` or `partner:NAME`
(`[networks.partner]`), an address or a network. Traffic is a protocol as in `medspan flows`, a port ("443/tcp", "tcp"),
both ("104/tcp dicom"), or `any`. What is inside TLS or QUIC cannot be seen: where encryption is required, they
stand for each protocol named.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import ip_network
from typing import Any, Final, NamedTuple, NoReturn

from inventory.errors import InventoryError
from parsers.text import clean

ANY: Final = "any"
PUBLIC: Final = "public"
PARTNER: Final = "partner"
INFRASTRUCTURE: Final = ("dhcp", "dhcpv6", "dns", "icmp", "icmpv6", "llmnr", "mdns", "nbns", "ntp")

_PORT: Final = re.compile(r"(?:([0-9]{1,5})/)?(tcp|udp|sctp)|icmp|icmpv6|esp|ip-[0-9]{1,3}")  # as `medspan flows`
_RULE: Final = ("name", "from", "to", "protocol", "encrypted", "site")


class Traffic(NamedTuple):
    """Which traffic is meant; None is any."""

    protocol: str | None = None
    port: int | None = None
    transport: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be: conversations that an end of `sources` opens with one of `targets`."""

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    traffic: tuple[Traffic, ...]
    encrypted: bool  # must be
    sites: tuple[str, ...]  # empty: everywhere


@dataclass(frozen=True, slots=True)
class Policy:
    """The baseline. A place is a word of a rule that is no role: it stands for networks."""

    roles: tuple[str, ...]
    rules: tuple[Rule, ...]
    services: Mapping[str, tuple[Traffic, ...]]
    infrastructure: tuple[Traffic, ...]
    places: Mapping[str, str]  # "partner:TeleRad", "10.1.9.0/24" -> networks, parted by commas


def read_policy(table: Mapping[str, Any] | None, file: str, partners: Mapping[str, str]) -> Policy:
    """Check the `[policy]` table of `file` and return what it says. `partners`: name -> networks.

    Raises InventoryError, one line that names the file and the key.
    """
    if table is None:
        raise InventoryError(f"{file} has no [policy]: medspan policy learn proposes one")
    return _Reader(file, partners).policy(table)


@cache
def known_roles() -> tuple[str, ...]:
    """The roles a device can have, in alphabetical order."""
    with files("inventory").joinpath("knowledge/roles.csv").open(encoding="utf-8") as rows:
        return tuple(sorted(row["role"] for row in csv.DictReader(rows)))


@cache
def known_protocols() -> tuple[str, ...]:
    """The protocols that `medspan flows` tells, in alphabetical order."""
    from parsers.quic.hello import PROTOCOL
    from parsers.registry import DATAGRAMS, PARSERS

    return tuple(sorted({PROTOCOL, *(parser.name for parser in (*PARSERS, *DATAGRAMS))}))


class _Reader:
    def __init__(self, file: str, partners: Mapping[str, str]) -> None:
        self._file = file
        self._partners = partners
        self._places: dict[str, str] = {}

    def policy(self, table: Mapping[str, Any]) -> Policy:
        self._only("policy", table, ("roles", "infrastructure", "allow", "services"))
        roles = self._words("policy.roles", table.get("roles"))
        for role in roles:
            self._role("policy.roles", role)
        rules: list[Rule] = []
        allowed = table.get("allow", [])
        if not isinstance(allowed, list):
            self._fail("policy.allow", "must be a list of tables: [[policy.allow]]")
        for number, item in enumerate(allowed, 1):
            rule = self._rule(f"policy.allow {number}", item)
            if any(rule.name == other.name for other in rules):
                self._fail(f"policy.allow {number}", f"another rule is named {rule.name!r}, too")
            if not any(self._concerns(roles, words) for words in (rule.sources, rule.targets)):
                self._fail(f"policy.allow {number}", "it is between roles that policy.roles does not name")
            rules.append(rule)
        services = table.get("services", {})
        if not isinstance(services, dict):
            self._fail("policy.services", "must be a table: [policy.services]")
        for role in services:
            self._role("policy.services", role)
        return Policy(
            roles,
            tuple(rules),
            {role: self._traffic(f"policy.services.{role}", told, True) for role, told in services.items()},
            self._traffic("policy.infrastructure", table.get("infrastructure", list(INFRASTRUCTURE)), True),
            self._places,
        )

    def _rule(self, key: str, item: object) -> Rule:
        if not isinstance(item, dict):
            self._fail(key, "must be a table: [[policy.allow]]")
        self._only(key, item, _RULE)
        if missing := [name for name in _RULE[:4] if name not in item]:
            self._fail(key, f"must have {', '.join(missing)}")
        if item.get("encrypted", ANY) not in ("required", ANY):
            self._fail(f"{key}: encrypted", 'must be "required" or "any"')
        return Rule(
            self._line(f"{key}: name", item["name"]),
            self._ends(f"{key}: from", item["from"]),
            self._ends(f"{key}: to", item["to"]),
            self._traffic(f"{key}: protocol", item["protocol"]),
            item.get("encrypted") == "required",
            self._words(f"{key}: site", item["site"]) if "site" in item else (),
        )

    def _ends(self, key: str, value: object) -> tuple[str, ...]:
        words = self._words(key, value)
        for word in words:
            if word in (ANY, PUBLIC) or word in known_roles():
                continue
            if word == PARTNER or word.startswith(f"{PARTNER}:"):
                self._places[word] = self._networks_of(key, word)
                continue
            try:
                self._places[word] = str(ip_network(word, strict=False))
            except ValueError:
                self._fail(
                    key,
                    f"{word!r} is no role ({', '.join(known_roles())}), nor any, public, partner:NAME, an address "
                    "or a network",
                )
        return words

    def _networks_of(self, key: str, word: str) -> str:
        name = word.partition(":")[2]
        if word != PARTNER and name not in self._partners:
            self._fail(key, f"networks.partner has no {name!r}")
        return ", ".join(self._partners.values()) if word == PARTNER else self._partners[name]

    def _traffic(self, key: str, value: object, empty: bool = False) -> tuple[Traffic, ...]:
        return tuple(self._one_traffic(key, word) for word in self._words(key, value, empty))

    def _one_traffic(self, key: str, word: str) -> Traffic:
        if word == ANY:
            return Traffic()
        first, _, protocol = word.partition(" ")
        found = _PORT.fullmatch(first)
        if not found:
            first, protocol = "", word
        if protocol and protocol not in known_protocols():
            self._fail(
                key,
                f'{word!r} is no protocol ({", ".join(known_protocols())}), nor a port such as "443/tcp", nor any',
            )
        port = found and found[1] and int(found[1])
        if port and port > 65_535:
            self._fail(key, f"{word!r}: there is no such port")
        transport = first.rpartition("/")[2]
        return Traffic(protocol or None, port or None, transport or None)

    @staticmethod
    def _concerns(roles: Iterable[str], words: Iterable[str]) -> bool:
        return any(word in roles or (word != PUBLIC and word not in known_roles()) for word in words)

    def _role(self, key: str, role: str) -> None:
        if role not in known_roles():
            self._fail(key, f"unknown role {clean(role)!r}: it may be one of {', '.join(known_roles())}")

    def _words(self, key: str, value: object, empty: bool = False) -> tuple[str, ...]:
        if not isinstance(value, list) or not (value or empty):
            self._fail(key, 'must be a list such as ["modality"]' if "protocol" not in key else 'must be a list such as ["dicom"]')
        return tuple(dict.fromkeys(self._line(key, word) for word in value))

    def _line(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip() or clean(value) != value:
            self._fail(key, "must be one line of text" if key.endswith("name") else "must hold lines of text")
        return value

    def _only(self, key: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                self._fail(key, f"has no key {clean(name)!r}: it may have {', '.join(known)}")

    def _fail(self, key: str, message: str) -> NoReturn:
        raise InventoryError(f"{self._file}: {key}: {message}")
