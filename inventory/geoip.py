"""Where an outside address is, and whose: country and autonomous system, from MaxMind databases that the user supplies.

The format is MaxMind DB 2.0 (https://maxmind.github.io/MaxMind-DB/). What is in a record is its maker's choice: the
layouts of MaxMind (GeoLite2, GeoIP2), DB-IP and IPinfo are read, told by what the records hold, not by their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inventory.errors import InventoryError
from inventory.networks import unwrap
from parsers.text import clean

if TYPE_CHECKING:
    import duckdb
    from maxminddb.reader import Reader

_SAMPLE: Final = 10_000  # records, one of which must tell a country or an AS: the first ones are often of one kind
_MAX_ASN: Final = 2**32 - 1  # RFC 6793
_COUNTRY: Final = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2
_AS_NUMBER: Final = re.compile(r"(?:AS)?([0-9]{1,10})")

_OUTSIDE: Final = "SELECT ip FROM address WHERE public ORDER BY ip"
_PLACES: Final = """
CREATE OR REPLACE TEMP TABLE place AS
SELECT ip, country, asn, as_organization, provider AS cloud
FROM (SELECT unnest(from_json_strict(?, '[{"ip": "VARCHAR", "country": "VARCHAR", "asn": "BIGINT",
        "as_organization": "VARCHAR"}]'), recursive := true))
    LEFT JOIN (SELECT asn::BIGINT AS asn, provider FROM knowledge_cloud_asns) USING (asn)
"""


class Place(NamedTuple):
    """What is known of an address; None where no database tells."""

    country: str | None  # ISO 3166-1 alpha-2
    asn: int | None
    as_organization: str | None


def create_places(con: duckdb.DuckDBPyConnection, databases: Sequence[Path]) -> None:
    """Create the table `place`: of each outside address in `address` what `databases` tell, the first that does.

    It is empty without databases. Raises InventoryError for a file that is no such database, or a damaged one.
    """
    places: list[dict[str, object]] = []
    if databases:
        ips = [ip for (ip,) in con.execute(_OUTSIDE).fetchall()]
        found = look_up(ips, databases)
        places = [{"ip": ip, **place._asdict()} for ip, place in found.items()]
    con.execute(_PLACES, [json.dumps(places)])


def look_up(ips: Sequence[str], databases: Sequence[Path]) -> dict[str, Place]:
    """Return what `databases` tell of `ips`. Raises InventoryError."""
    found: dict[str, Place] = {}
    for path in databases:
        for ip, place in _in_database(ips, path).items():
            known = found.get(ip, Place(None, None, None))
            of = known if known.asn is not None else place  # a number and its name are of one database
            found[ip] = Place(known.country or place.country, of.asn, of.as_organization)
    return found


def _in_database(ips: Sequence[str], path: Path) -> dict[str, Place]:
    import maxminddb

    try:
        with maxminddb.open_database(path) as reader:
            version = reader.metadata().ip_version
            if not any(map(any, (_place(record) for _, record in islice(reader, _SAMPLE)))):
                kind = clean(str(reader.metadata().database_type))
                raise InventoryError(f"{path}: a database of {kind!r}, which tells neither countries nor AS numbers")
            return {ip: place for ip in ips if any(place := _place(_record(reader, version, ip)))}
    except OSError as error:
        raise InventoryError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (maxminddb.InvalidDatabaseError, ValueError, UnicodeError, RecursionError):
        raise InventoryError(f"{path}: not a MaxMind database, or a damaged one") from None


def _record(reader: Reader, version: int, ip: str) -> object:
    address = unwrap(ip_address(ip))
    return None if version == 4 and address.version == 6 else reader.get(address)


def _place(record: object) -> Place:
    """Read a record of any of the layouts."""
    if not isinstance(record, Mapping):
        return Place(None, None, None)
    traits = record.get("traits")
    system = traits if isinstance(traits, Mapping) and "autonomous_system_number" in traits else record
    asn = _number(system.get("autonomous_system_number", system.get("asn")))
    names = (system.get(key) for key in ("autonomous_system_organization", "as_name", "name"))
    name = next((clean(name) for name in names if isinstance(name, str)), None) if asn is not None else None
    return Place(_country(record), asn, name or None)


def _country(record: Mapping[str, Any]) -> str | None:
    for key in ("country", "country_code", "registered_country"):
        value = record.get(key)
        code = value.get("iso_code") if isinstance(value, Mapping) else value
        if isinstance(code, str) and _COUNTRY.fullmatch(code):
            return code
    return None


def _number(value: object) -> int | None:
    """Return an AS number, which is text as "AS64500" in some."""
    match = _AS_NUMBER.fullmatch(str(value))
    return int(match[1]) if match and 0 < int(match[1]) <= _MAX_ASN else None
