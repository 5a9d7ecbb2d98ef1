"""The page: one HTML file with everything in it, whose own policy forbids it to fetch or run anything else.

Texts go into the HTML escaped, and to the script as inert JSON, from where it puts them into the page as text, never as
markup. The same inventory gives the same page, with the same configuration on the same day, since acceptances run out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inventory.export import Row
from inventory.findings.rules import SEVERITIES
from inventory.report import words
from inventory.report.cards import card_data, device_name
from inventory.report.gathering import gather
from inventory.report.picture import describe, draw
from inventory.report.shapes import WIDTH
from inventory.report.summary import FINDING_STATES, losses, summarise
from inventory.report.traffic import traffic

# The derived tables that a page is made of (`inventory.derive`).
TABLES: Final = (
    "device", "finding", "exposure", "conversation", "evidence", "address_history", "device_key", "profile",
)  # fmt: skip
_STYLES: Final = ("base.css", "parts.css", "picture.css", "card.css", "print.css")
_SCRIPTS: Final = ("dom.js", "list.js", "card.js", "picture.js", "page.js", "live.js")


def make_page(con: duckdb.DuckDBPyConnection, version: str, site: str | None = None, stamp: str | None = None) -> bytes:
    """Return the page about `site` (all sites: None) as UTF-8. `con` is the inventory with its derived tables.

    `version` is medspan's. `stamp` is given for a page that is served and follows the inventory (`medspan serve`): it
    asks for `stamp` at times, and fetches itself anew when that has changed.
    """
    gathered = gather(con, site)
    pictures = [draw(seen) for seen in traffic(con, site)]
    style, script = _style(), _script()
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            version=version,
            stamp=stamp,
            policy=content_policy(stamp is not None),
            style=Markup(style),  # noqa: S704 - our own files, and JSON that cannot end the element it is in
            script=Markup(script),  # noqa: S704
            data=Markup(_inert_json(card_data(gathered, pictures))),  # noqa: S704
            gathered=gathered,
            summary=summarise(gathered),
            rules=_by_rule(gathered.findings),
            names={row["device_id"]: device_name(row) for row in gathered.devices},
            pictures=pictures,
            picture_width=WIDTH,
            severities=SEVERITIES,
            states=FINDING_STATES,
        )
    )
    return page.encode()


@cache
def content_policy(served: bool) -> str:
    """Return the page's Content-Security-Policy: its own style and script, nothing else; served, also its server."""
    parts = [
        "default-src 'none'",
        f"style-src '{_digest(_style())}'",
        f"script-src '{_digest(_script())}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join([*parts, "connect-src 'self'"] if served else parts)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _style() -> str:
    return "\n" + "".join(_static(name) for name in _STYLES)


@cache
def _script() -> str:
    return "\n(() => {\n'use strict';\n" + "".join(_static(name) for name in _SCRIPTS) + "})();\n"


def _static(name: str) -> str:
    return files("inventory.report").joinpath("static", name).read_text("utf-8")


def _inert_json(value: object) -> str:
    """JSON that can stand in a script element: nothing in it can end that, or begin a comment."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _by_rule(findings: list[Row]) -> list[dict[str, Any]]:
    """Group findings by rule and severity; they come in that order."""
    groups: list[dict[str, Any]] = []
    for row in findings:
        if not groups or (groups[-1]["rule"], groups[-1]["severity"]) != (row["rule"], row["severity"]):
            keys = ("rule", "severity", "rule_title", "why", "remedy", "references")
            groups.append({key: row[key] for key in keys} | {"findings": []})
        groups[-1]["findings"].append(row)
    return groups


def frames(evidence: list[Row]) -> list[tuple[str, str]]:
    """Return each capture of `evidence` with a Wireshark display filter that shows the frames in it."""
    found: dict[str, list[int]] = {}
    for item in evidence:
        if item["frame"] is not None:
            found.setdefault(item["capture"], []).append(item["frame"])
    return [(capture, _filter(sorted(set(numbers)))) for capture, numbers in found.items()]


def _filter(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"frame.number == {numbers[0]}"
    return f"frame.number in {{{', '.join(map(str, numbers))}}}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("inventory.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": "{:,}".format,
        "size": words.size,
        "moment": words.moment,
        "plural": words.plural,
        "role": words.role_name,
        "sentence": words.sentence,
        "frames": frames,
        "losses": losses,
        "describe": describe,
    }
    return environment
