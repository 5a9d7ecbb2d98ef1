"""What each table of `knowledge/` looks like: its columns, what may be left empty, and how its rows answer.

The one place where the columns are declared; `knowledge/README.md` says what they mean.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Answering(StrEnum):
    """How a row is found."""

    KEY = "key"  # by its key, as it is
    ROOT = "root"  # by the longest root that holds a UID, on component boundaries (PS3.5 9.1)
    PATTERN = "pattern"  # by the one pattern (RE2) that matches a text
    PATTERNS = "patterns"  # by each pattern that matches: several may, each telling something else


class Shape(NamedTuple):
    """One table."""

    columns: tuple[str, ...]  # in this order
    key: tuple[str, ...]  # what makes a row unique, and by which our files are sorted
    empty: frozenset[str] = frozenset()  # columns that may be, and that a site's own table may leave out
    answering: Answering = Answering.KEY
    choices: dict[str, frozenset[str]] = {}  # noqa: RUF012 - nobody changes it; column -> its values
    makers: tuple[str, ...] = ()  # columns that name a maker as manufacturers.csv does
    anchored: bool = True  # whether its patterns begin with ^
    own: bool = True  # whether a site may have rows of its own


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PRODUCT_KINDS: Final = _set("modality archive workstation router printer worklist") | {""}
_BOOLEAN: Final = _set("true false")
_BACKPORTED: Final = _set("distribution no vendor") | {""}  # who mends it without another version
_SEVERITY: Final = _set("critical high medium low info none")  # none takes a row back

SHAPES: Final[dict[str, Shape]] = {
    "advisories": Shape(
        _words("product advisory introduced fixed last_affected cvss severity backported summary published source"),
        ("product", "advisory", "introduced"),
        _set("fixed last_affected cvss backported summary published"),
        choices={"severity": _SEVERITY, "backported": _BACKPORTED},
    ),
    "ae_titles": Shape(
        _words("pattern kind source example"),
        ("pattern",),
        answering=Answering.PATTERNS,
        choices={"kind": _PRODUCT_KINDS - {""}},
        anchored=False,  # a word anywhere in the title
    ),
    "cloud_asns": Shape(_words("asn provider source"), ("asn",)),
    "cloud_domains": Shape(_words("domain provider source"), ("domain",)),
    "dhcp_parameters": Shape(
        _words("parameters operating_system role source"),
        ("parameters",),
        _set("operating_system role"),
    ),
    "end_of_life": Shape(
        _words("product kind first_version next_version ended extended backported source"),
        ("product", "first_version"),
        _set("next_version extended backported"),
        choices={"kind": _set("operating_system software"), "backported": _BACKPORTED},
    ),
    "fingerprints": Shape(
        _words("field pattern kind operating_system role manufacturer product version serial source example expected"),
        ("field", "pattern"),
        _set("operating_system role manufacturer product version serial"),
        Answering.PATTERNS,
    ),
    "http_products": Shape(
        _words("field pattern product version_group kind manufacturer source example example_version"),
        ("field", "pattern"),
        _set("version_group manufacturer example_version"),
        Answering.PATTERN,
        {
            "field": _set(
                "http_authenticate http_path http_powered_by http_server http_service http_software http_user_agent"
            ),
            "kind": _set("application browser library proxy server"),
            "version_group": _set("1") | {""},
        },
        makers=("manufacturer",),
    ),
    "implementation_versions": Shape(
        _words(
            "pattern toolkit version_group version_style manufacturer product product_kind source example "
            "example_version"
        ),
        ("pattern",),
        _set("toolkit version_group version_style manufacturer product product_kind example_version"),
        Answering.PATTERN,
        {
            "version_group": _set("1") | {""},
            "version_style": _set("dotted digits") | {""},
            "product_kind": _PRODUCT_KINDS,
        },
        makers=("manufacturer",),
    ),
    "manufacturers": Shape(
        _words("spelling manufacturer kind source"),
        ("spelling",),
        _set("manufacturer"),
        choices={"kind": _set("maker software unknown")},
    ),
    "modalities": Shape(_words("modality acquires meaning source"), ("modality",), choices={"acquires": _BOOLEAN}),
    "operating_systems": Shape(_words("operating_system path source"), ("operating_system",)),
    "remote_access": Shape(
        _words("field pattern kind certainty source example"),
        ("field", "pattern"),
        answering=Answering.PATTERN,
        choices={"field": _set("name port protocol"), "certainty": _set("high low")},
    ),
    "roles": Shape(
        _words("role precedence clinical incidental everyday meaning source"),
        ("role",),
        choices=dict.fromkeys(("clinical", "incidental", "everyday"), _BOOLEAN),
        own=False,
    ),
    "snmp_object_ids": Shape(
        _words("enterprise manufacturer role source"),
        ("enterprise",),
        _set("role"),
    ),
    "sop_classes": Shape(
        _words("uid keyword category modality manufacturer source"),
        ("uid",),
        _set("keyword modality manufacturer"),
        choices={
            "category": _set(
                "commitment mpps other print query retrieve-get retrieve-move storage-derived storage-image "
                "storage-waveform verification worklist"
            )
        },
        makers=("manufacturer",),
    ),
    "special_networks": Shape(
        _words("network name globally_reachable unicast rfc source"),
        ("network",),
        _set("rfc"),
        choices={"globally_reachable": _BOOLEAN, "unicast": _BOOLEAN},
        own=False,  # a site says which networks are its own with `local_nets`
    ),
    "tcp_syn": Shape(
        _words("pattern operating_system source example"),
        ("pattern",),
        answering=Answering.PATTERN,
    ),
    "uid_roots": Shape(
        _words("root organisation kind product product_kind source example version_suffix"),
        ("root",),
        _set("product product_kind version_suffix"),
        Answering.ROOT,
        {
            "kind": _set("maker registrar software toolkit"),
            "product_kind": _PRODUCT_KINDS,
            "version_suffix": _BOOLEAN | {""},
        },
    ),
    "user_agent_os": Shape(
        _words("pattern operating_system source example"),
        ("pattern",),
        answering=Answering.PATTERN,
    ),
    "weak_tls": Shape(
        _words("field pattern weakness severity source example"),
        ("field", "pattern"),
        answering=Answering.PATTERNS,
        choices={"field": _set("tls_certificate.key tls_cipher tls_version"), "severity": _SEVERITY},
        anchored=False,  # a word anywhere in a suite's name
    ),
}
