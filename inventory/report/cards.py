"""What the page's script knows of each device: all that its card shows, and what the list is searched and sorted by.

Texts repeat a lot, so each is in one list, `words`, and elsewhere is its number there; -1 stands for none.
"""

from __future__ import annotations

from typing import Any, Final

from inventory.export import Row
from inventory.report.gathering import Gathered
from inventory.report.shapes import Picture
from inventory.report.words import role_name, sentence

FIELDS: Final = (  # of `device`, in the order of the card
    "modalities", "manufacturer", "manufacturer_model_name", "device_serial_number", "software_versions",
    "operating_system", "station_name", "institution_name", "ae_titles", "hostnames", "toolkits",
    "implementation_class_uids", "implementation_version_names", "ip_addresses", "mac_addresses", "mac_vendor", "owner",
    "location", "asset_tag", "note",
)  # fmt: skip
_CONFIDENCE: Final = (None, "low", "medium", "high")
_CLASSES: Final = ("peer", "object", "claim")


class _Words:
    """Texts by number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        return -1 if text is None else self.numbers.setdefault(text, len(self.numbers))


def card_data(gathered: Gathered, pictures: list[Picture]) -> dict[str, Any]:
    """Return what the script reads, as plain values."""
    words = _Words()
    devices = [_device(row, gathered, words) for row in gathered.devices]
    numbers = {row["device_id"]: at for at, row in enumerate(gathered.devices)}
    roles = sorted({row["role"] for row in gathered.devices})
    return {
        "fields": FIELDS,
        "roles": {role: sentence(role_name(role)) for role in roles},
        "confidence": _CONFIDENCE,
        "classes": _CLASSES,
        "devices": devices,
        # For each picture, box and group of marks: the numbers of the devices, -1 for those that are not listed.
        "marks": [
            [[[numbers.get(id_, -1) for id_ in marks.device_ids] for marks in box.marks] for box in picture.boxes]
            for picture in pictures
        ],
        "words": list(words.numbers),
    }


def device_name(row: Row) -> str:
    """What a device is called in one word or two: what people say at the site, else its address, else its id."""
    for field in ("ae_titles", "hostnames", "ip_addresses", "mac_addresses"):
        if row[field]:
            return str(row[field][0])
    return " ".join(part for part in (row["manufacturer_model_name"], row["device_serial_number"]) if part) or str(
        row["device_id"]
    )


def _device(row: Row, gathered: Gathered, words: _Words) -> dict[str, Any]:
    id_, confidence, number = row["device_id"], row["confidence"] or {}, words.number
    fields = []
    for at, field in enumerate(FIELDS):
        values = row[field] if isinstance(row[field], list) else [row[field]] if row[field] is not None else []
        if values:
            fields.append([at, _CONFIDENCE.index(confidence.get(field)), *map(number, values)])
    card = {
        "id": id_,
        "name": device_name(row),
        "site": row["site"],
        "role": row["role"],
        "sure": _CONFIDENCE.index(confidence.get("role")),
        "also": [sentence(role_name(role)) for role in row["roles"] if role != row["role"]],
        "worst": row["worst"] or 0,
        "open": row["open_findings"],
        "peers": len(row["public_peers"]),
        "seen": [row["first_seen"], row["last_seen"]],
        "fields": fields,
        "services": [
            [s["port"], *(number(s[key]) for key in ("transport", "protocol", "product", "version")), s["encrypted"]]
            for s in row["services"]
        ],
        "conflicts": [number(conflict) for conflict in row["conflicts"]],
        "talk": [_talk(peer, words) for peer in gathered.peers.get(id_, [])],
        "held": [
            [*(number(h[key]) for key in ("ip", "mac", "vlan", "known_by")), h["first_seen"][:19], h["last_seen"][:19]]
            for h in gathered.history.get(id_, [])
        ],
        "proof": [_proof(said, words) for said in gathered.evidence.get(id_, [])],
        "notes": [
            [number(n["field"]), number(n["value"]), number(n["author"]), n["written"][:19]]
            for n in gathered.notes.get(id_, [])
        ],
    }
    return {key: value for key, value in card.items() if value not in ([], 0)}


def _talk(peer: Row, words: _Words) -> list[int]:
    flags = ("opened", "public", "encrypted", "established", "clear_patient_data")
    return [
        sum(bool(peer[flag]) << bit for bit, flag in enumerate(flags)),
        *(words.number(peer[key]) for key in ("other_id", "other_ip", "transport", "protocol")),
        -1 if peer["server_port"] is None else peer["server_port"],
        peer["connections"],
        peer["bytes"],
    ]


def _proof(said: Row, words: _Words) -> list[int]:
    return [
        words.number(said["field"]),
        words.number(said["value"]),
        _CLASSES.index(said["class"]),
        int(said["used"]),
        _CONFIDENCE.index(said["confidence"]),
        words.number(said["reason"]),
        words.number(said["wire"] if said["wire"] != said["value"] else None),
        words.number(said["capture"]),
        -1 if said["frame"] is None else said["frame"],
        said["count"] or 0,
    ]
