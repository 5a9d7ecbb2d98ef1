"""What was looked at, what was lost, and the numbers at the head of the page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from inventory.export import Row
from inventory.findings.rules import SEVERITIES
from inventory.report.gathering import Gathered
from inventory.report.words import plural, role_name, sentence, size

_SHOWN: Final = 8  # lines of a list
# Column of `capture` -> what it means: one, several. What is lost may have held devices that are now missing.
_LOSSES: Final = {
    "kernel_drops": (
        "packet was dropped before it reached the sensor",
        "packets were dropped before they reached the sensor",
    ),
    "truncated_packets": ("packet was cut short in the capture", "packets were cut short in the capture"),
    "gaps": ("gap in the conversations that were being read", "gaps in the conversations that were being read"),
    "one_way_flows": (
        "conversation was captured in one direction only",
        "conversations were captured in one direction only",
    ),
    "unknown_link_packets": (
        "packet of an unknown link type was not read",
        "packets of unknown link types were not read",
    ),
    "undecoded_packets": ("packet was too damaged to be read", "packets were too damaged to be read"),
    "parser_errors": ("stream was malformed and read in part", "streams were malformed and read in part"),
    "caps_hit": (
        "time something was let go because a table was full",
        "times something was let go because a table was full",
    ),
}
FINDING_STATES: Final = ("open", "acknowledged", "accepted", "closed")


@dataclass(frozen=True, slots=True)
class Share:
    """One line of a breakdown."""

    name: str
    value: str  # what to filter the devices by; "" where that cannot be done
    devices: int
    part: float  # of the longest line, 0 to 1


@dataclass(frozen=True, slots=True)
class Summary:
    """The head of the page."""

    sites: list[str]
    sensors: list[str]
    first: str | None  # time of the first packet
    last: str | None
    packets: int
    size: int  # bytes on the wire
    losses: list[str]  # sentences; none where nothing was lost
    duplicates: int
    devices: int
    modalities: int
    addressless: int
    public_devices: int
    clear_outside: int  # conversations that carried patient data in clear across the border
    severities: dict[str, int]  # of open findings, the worst first
    states: dict[str, int]  # of all findings
    breakdowns: dict[str, list[Share]]


def summarise(gathered: Gathered) -> Summary:
    """Sum up what was gathered."""
    captures, kinds = gathered.captures, gathered.kinds
    severities = dict.fromkeys(SEVERITIES, 0)
    states = dict.fromkeys(FINDING_STATES, 0)
    for row in gathered.finding_counts:
        states[row["status"]] += row["findings"]
        if row["status"] == "open":
            severities[row["severity"]] += row["findings"]
    return Summary(
        sites=sorted({row["site"] for row in (*captures, *kinds)}),
        sensors=sorted({row["sensor"] for row in captures}),
        first=min((row["first_packet"] for row in captures if row["first_packet"]), default=None),
        last=max((row["last_packet"] for row in captures if row["last_packet"]), default=None),
        packets=sum(row["packets"] for row in captures),
        size=sum(row["bytes"] for row in captures),
        losses=losses(captures),
        duplicates=sum(row["duplicate_packets"] for row in captures),
        devices=sum(row["devices"] for row in kinds),
        modalities=sum(row["devices"] for row in kinds if row["role"] == "modality"),
        addressless=sum(row["devices"] for row in kinds if row["addressless"]),
        public_devices=sum(row["devices"] for row in kinds if row["public"]),
        clear_outside=gathered.clear_outside,
        severities=severities,
        states=states,
        breakdowns=_breakdowns(kinds),
    )


def losses(captures: list[Row]) -> list[str]:
    """Say in sentences what the captures are known to lack."""
    found = []
    for column, words in _LOSSES.items():
        if count := sum(row[column] for row in captures):
            missing = sum(row["gap_bytes"] for row in captures) if column == "gaps" else 0
            found.append(plural(count, *words) + (f" ({size(missing)} missing)" if missing else "") + ".")
    broken = [row for row in captures if row["file_error"]]
    found += [f"{row['capture']} could not be read to its end: {row['file_error']}." for row in broken[:_SHOWN]]
    if len(broken) > _SHOWN:
        found.append(f"Nor could {plural(len(broken) - _SHOWN, 'other capture')}, as the list of captures tells.")
    running = [row["capture"] for row in captures if not row["complete"]]
    found += [f"{name} is still being captured, or was interrupted." for name in running[:_SHOWN]]
    return found


def _breakdowns(kinds: list[Row]) -> dict[str, list[Share]]:
    counters: dict[str, Counter[tuple[str, str]]] = {
        name: Counter() for name in ("Role", "Maker", "Operating system", "DICOM software", "Site")
    }
    unknown = ("not known", "")
    for row in kinds:
        maker, system = row["manufacturer"], row["operating_system"]
        counters["Role"][sentence(role_name(row["role"], 2)), f"role={row['role']}"] += row["devices"]
        counters["Maker"][(maker, f"maker={maker}") if maker else unknown] += row["devices"]
        counters["Operating system"][(system, f"text={system}") if system else unknown] += row["devices"]
        counters["Site"][row["site"], f"site={row['site']}"] += row["devices"]
        for toolkit in row["toolkits"]:
            counters["DICOM software"][toolkit, f"text={toolkit}"] += row["devices"]
    if len(counters["Site"]) < 2:
        del counters["Site"]
    return {name: _shares(counter) for name, counter in counters.items() if counter}


def _shares(counter: Counter[tuple[str, str]]) -> list[Share]:
    known = sorted(((count, key) for key, count in counter.items() if key[1]), key=lambda item: (-item[0], item[1]))
    shown, rest = (known, []) if len(known) <= _SHOWN + 1 else (known[:_SHOWN], known[_SHOWN:])
    lines = [(name, value, count) for count, (name, value) in shown]
    if rest:
        lines.append((f"{len(rest)} others", "", sum(count for count, _ in rest)))
    lines += [(name, "", count) for (name, value), count in counter.items() if not value]
    longest = max(count for _, _, count in lines)
    return [Share(name, value, count, count / longest) for name, value, count in lines]
