"""`medspan.toml`: what a site tells medspan about itself.

site = "north"
sensor = "core-1"
local_nets = "10.0.0.0/8, !10.99.0.0/16, 198.51.100.0/24"
knowledge = "our-devices"
geoip = ["GeoLite2-Country.mmdb", "GeoLite2-ASN.mmdb"]

[networks.own]
"DMZ" = "198.51.100.0/24"

[networks.partner]
"TeleRad" = "10.99.0.0/16, 203.0.113.8"

[[accept]]
rule = "dicom-reachable-from-public"
device = "d88641568e562"
until = 2027-06-30
reason = "teleradiology moves to the VPN in June"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple

from inventory.errors import InventoryError
from inventory.networks import Networks
from parsers.text import clean

FILE_NAME: Final = "medspan.toml"
VARIABLE: Final = "MEDSPAN_CONFIG"
_NETWORK_KINDS: Final = ("own", "partner")


class Acceptance(NamedTuple):
    """Findings that the site accepts: all of a rule, or those of a device or with a peer, until a day, for a reason."""

    rule: str
    site: str | None  # None is every site
    device: str | None  # id, address, MAC or AE title; None is every device
    peer: str | None  # address, or name of a partner; None is every peer
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Config:
    """The site's own words; None, or empty, where it says nothing."""

    site: str | None = None
    sensor: str | None = None
    local_nets: str | None = None
    knowledge: Path | None = None  # folder of the site's own tables; in the file relative to the file's folder
    geoip: tuple[Path, ...] = ()  # MaxMind databases, likewise
    networks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # own, partner -> name -> networks
    accept: tuple[Acceptance, ...] = ()
    policy: Mapping[str, Any] | None = None  # as it stands: `inventory.policy` reads it
    path: Path | None = field(default=None, compare=False)  # of the file, for messages


def load_config() -> Config:
    """Read the file that MEDSPAN_CONFIG names, or else medspan.toml in the working directory, if there is one.

    Raises InventoryError for a file that isn't there or readable, for TOML errors, unknown keys and bad values.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named or FILE_NAME)
    if not named and not path.exists():
        return Config()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InventoryError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InventoryError(f"{path} is not valid TOML: {clean(str(error))}") from None
    try:
        values = {key: _reader(key)(value, path) for key, value in table.items()}
        config = Config(**values, path=path)
        Networks(config.local_nets)
    except _BadValueError as error:
        raise InventoryError(f"{path}: {error}") from None
    except ValueError as error:
        raise InventoryError(f"{path}: local_nets: {error}") from None
    return config


class _BadValueError(Exception):
    """What is wrong with a value, naming its key."""


def _reader(key: str) -> Callable[[Any, Path], Any]:
    if key not in _READERS:
        raise _BadValueError(f"unknown key {clean(key)!r}: it may have {', '.join(_READERS)}")
    return _READERS[key]


def _line(key: str, value: object) -> str:
    if not isinstance(value, str) or not value or clean(value) != value:
        raise _BadValueError(f"{key} must be one line of text")
    return value


def _table(key: str, value: object, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _BadValueError(f"{key} must be a table")
    for name in value:
        if known and name not in known:
            raise _BadValueError(f"{key} has no key {clean(name)!r}: it may have {', '.join(known)}")
    return value


def _paths(value: object, path: Path) -> tuple[Path, ...]:
    names = value if isinstance(value, list) else [value]
    return tuple(path.parent / _line("geoip", name) for name in names)


def _networks(value: object, _: Path) -> dict[str, dict[str, str]]:
    kinds = _table("networks", value, _NETWORK_KINDS)
    read: dict[str, dict[str, str]] = {}
    names: dict[IPv4Network | IPv6Network, str] = {}  # each network has one
    for kind, named in kinds.items():
        read[kind] = {}
        for name, nets in _table(f"networks.{kind}", named, ()).items():
            key = f"networks.{kind}.{clean(name)}"
            read[kind][_line(key, name)] = _line(key, nets)
            try:
                Networks(named={kind: {name: nets}})
            except ValueError as error:
                raise _BadValueError(f"{key}: {error}") from None
            for net in {ip_network(item.strip(), strict=False) for item in nets.split(",") if item.strip()}:
                if net in names:
                    raise _BadValueError(f"{key}: {net} is {names[net]}, too")
                names[net] = key
    return read


def _accept(value: object, _: Path) -> tuple[Acceptance, ...]:
    if not isinstance(value, list):
        raise _BadValueError("accept must be a list of tables: [[accept]]")
    return tuple(_acceptance(f"accept {number}", item) for number, item in enumerate(value, 1))


def _acceptance(key: str, item: object) -> Acceptance:
    table = _table(key, item, ("rule", "site", "device", "peer", "until", "reason"))
    if missing := [name for name in ("rule", "until", "reason") if name not in table]:
        raise _BadValueError(f"{key} must have {', '.join(missing)}")
    until = table["until"]
    if isinstance(until, datetime) or not isinstance(until, date):
        raise _BadValueError(f"{key}: until must be a date such as 2027-06-30")
    texts = {name: _line(f"{key}: {name}", text) for name, text in table.items() if name != "until"}
    return Acceptance(texts["rule"], texts.get("site"), texts.get("device"), texts.get("peer"), until, texts["reason"])


_READERS: Final[dict[str, Callable[[Any, Path], Any]]] = {
    "site": lambda value, _: _line("site", value),
    "sensor": lambda value, _: _line("sensor", value),
    "local_nets": lambda value, _: _line("local_nets", value),
    "knowledge": lambda value, path: path.parent / _line("knowledge", value),
    "geoip": _paths,
    "networks": _networks,
    "accept": _accept,
    "policy": lambda value, _: _table("policy", value, ()),
}
