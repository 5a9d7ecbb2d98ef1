"""`[policy]` of medspan.toml, read and checked. `example.toml` says what each key means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, NoReturn

from inventory.errors import InventoryError
from inventory.networks import Named
from inventory.policy.vocabulary import (
    ANY,
    INFRASTRUCTURE,
    OWN,
    PARTNER,
    PUBLIC,
    Traffic,
    known_roles,
    read_traffic,
)
from parsers.text import clean

_KEYS: Final = ("roles", "infrastructure", "allow", "services")
_RULE_KEYS: Final = ("name", "from", "to", "protocol", "encrypted", "site")
_NEEDED: Final = ("name", "from", "to", "protocol")


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be: conversations that an end of `sources` opens with one of `targets`."""

    name: str
    sources: tuple[str, ...]  # roles, any, public, partner, partner:NAME, own:NAME, addresses
    targets: tuple[str, ...]
    traffic: tuple[Traffic, ...]
    encrypted: bool  # must be
    sites: tuple[str, ...]  # empty: everywhere


@dataclass(frozen=True, slots=True)
class Policy:
    """The baseline of a cluster of sites."""

    roles: tuple[str, ...]  # of which every conversation must be allowed
    rules: tuple[Rule, ...]
    services: Mapping[str, tuple[Traffic, ...]]  # role -> all that it may offer
    infrastructure: tuple[Traffic, ...]  # not judged between addresses inside


def read_policy(table: Mapping[str, Any] | None, file: str, networks: Named) -> Policy:
    """Return what the `[policy]` table of `file` says; `networks` are those that it can name.

    Raises InventoryError, one line that names the file and the key, where there is no such table or it cannot be.
    """
    if table is None:
        raise InventoryError(f"{file} has no [policy]: medspan policy learn proposes one")
    return _Reader(file, networks).policy(table)


class _Reader:
    """Reads a `[policy]` table; `key` is always where a value stands, for messages."""

    def __init__(self, file: str, networks: Named) -> None:
        self._file = file
        self._networks = networks

    def policy(self, table: Mapping[str, Any]) -> Policy:
        self._known_keys("policy", table, _KEYS)
        roles = self._roles("policy.roles", self._words("policy.roles", table.get("roles")))
        services = self._table("policy.services", table.get("services", {}))
        self._roles("policy.services", services)
        return Policy(
            roles,
            self._rules(table.get("allow", []), roles),
            {role: self._traffic(f"policy.services.{role}", words, True) for role, words in services.items()},
            self._traffic("policy.infrastructure", table.get("infrastructure", list(INFRASTRUCTURE)), True),
        )

    def _rules(self, allowed: object, roles: tuple[str, ...]) -> tuple[Rule, ...]:
        if not isinstance(allowed, list):
            self._fail("policy.allow", "it must be a list of tables: [[policy.allow]]")
        rules: dict[str, Rule] = {}
        for number, item in enumerate(allowed, 1):
            key = f"policy.allow {number}"
            rule = self._rule(key, self._table(key, item))
            if rule.name in rules:
                self._fail(f"{key}.name", f"another rule is named {rule.name!r}, too")
            if not any(_concerns(roles, words) for words in (rule.sources, rule.targets)):
                self._fail(key, "neither of its ends is of policy.roles, so nothing that it allows is ever judged")
            rules[rule.name] = rule
        return tuple(rules.values())

    def _rule(self, key: str, table: Mapping[str, Any]) -> Rule:
        self._known_keys(key, table, _RULE_KEYS)
        if missing := [name for name in _NEEDED if name not in table]:
            self._fail(key, f"it must have {', '.join(missing)}")
        encrypted = table.get("encrypted", ANY)
        if encrypted not in (ANY, "required"):
            self._fail(f"{key}.encrypted", 'it must be "required" or "any"')
        return Rule(
            self._line(f"{key}.name", table["name"]),
            self._ends(f"{key}.from", table["from"]),
            self._ends(f"{key}.to", table["to"]),
            self._traffic(f"{key}.protocol", table["protocol"]),
            encrypted == "required",
            self._words(f"{key}.site", table["site"]) if "site" in table else (),
        )

    def _ends(self, key: str, value: object) -> tuple[str, ...]:
        return tuple(self._end(key, word) for word in self._words(key, value))

    def _end(self, key: str, word: str) -> str:
        kind, colon, name = word.partition(":")
        if word in (ANY, PUBLIC, PARTNER) or word in known_roles():
            return word
        if kind in (OWN, PARTNER) and colon:
            if name not in self._networks.get(kind, {}):
                self._fail(key, f"[networks.{kind}] has no {name!r}")
            return word
        try:
            return str(ip_address(word))
        except ValueError:
            self._fail(
                key,
                f"{word!r} is no role ({', '.join(known_roles())}), nor any, public, partner, an address, nor "
                "partner:NAME or own:NAME of a network in [networks]",
            )

    def _traffic(self, key: str, value: object, empty: bool = False) -> tuple[Traffic, ...]:
        try:
            return tuple(read_traffic(word) for word in self._words(key, value, empty))
        except ValueError as error:
            self._fail(key, str(error))

    def _roles(self, key: str, words: Iterable[str]) -> tuple[str, ...]:
        for word in words:
            if word not in known_roles():
                self._fail(key, f"unknown role {clean(word)!r}: the roles are {', '.join(known_roles())}")
        return tuple(words)

    def _words(self, key: str, value: object, empty: bool = False) -> tuple[str, ...]:
        if not isinstance(value, list) or not (value or empty):
            self._fail(key, "it must be a list of words in brackets")
        return tuple(dict.fromkeys(self._line(key, word) for word in value))

    def _line(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value or clean(value) != value:
            self._fail(key, f"{clean(str(value))!r} is not one line of text")
        return value

    def _table(self, key: str, value: object) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self._fail(key, "it must be a table")
        return value

    def _known_keys(self, key: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                self._fail(key, f"unknown key {clean(name)!r}: it may have {', '.join(known)}")

    def _fail(self, key: str, message: str) -> NoReturn:
        raise InventoryError(f"{self._file}: {key}: {message}")


def _concerns(roles: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether a device of one of `roles` can be an end that `words` name: a role that is not, or the public, is not."""
    return any(
        word in roles or (word not in known_roles() and word.partition(":")[0] not in (PUBLIC, PARTNER))
        for word in words
    )
