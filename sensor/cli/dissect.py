"""`medspan why --dissect`: the frames that are evidence, as Wireshark sees them, through pyshark and tshark."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sensor.cli.captures import locate
from sensor.cli.output import note, standard_output

if TYPE_CHECKING:
    from inventory.export import Row

MAX_FRAMES: Final = 5
MAX_LINES: Final = 1_000  # of one frame
MAX_WIDTH: Final = 500  # characters of a line


def print_frames(rows: list[Row], captures: Path | None) -> None:
    """Print the frame of the strongest evidence for each field, of both sides where it is contradicted.

    Raises InventoryError where pyshark, tshark or a capture is missing, or tshark cannot read it.
    """
    from inventory.errors import InventoryError

    tshark = shutil.which("tshark")
    if tshark is None:
        raise InventoryError("--dissect needs tshark, which is part of Wireshark")
    try:
        import pyshark  # noqa: F401
    except ImportError:
        raise InventoryError("--dissect needs pyshark: pip install 'medspan[dissect]'") from None
    frames = _frames(rows)
    shown = list(frames)[:MAX_FRAMES]
    paths = {name: locate(name, sha256, captures) for name, sha256 in {(key[0], key[1]) for key in shown}}
    note("medspan: a frame may hold patient data: what follows is its content")
    with standard_output() as stdout:
        for key in shown:
            stdout.write(f"{key[0]}, frame {key[2]}: {_printable('; '.join(_claims(frames[key])))}\n")
            stdout.writelines(f"  {line}\n" for line in _dissected(tshark, paths[key[0]], key[2], frames[key]))
    if len(frames) > len(shown):
        note(f"{len(shown)} of {len(frames)} frames: name a field for others")


def _frames(rows: list[Row]) -> dict[tuple[str, str | None, int], list[Row]]:
    """The frames to show, strongest evidence first: (capture, its SHA-256, frame) -> what it is evidence for."""
    frames: dict[tuple[str, str | None, int], list[Row]] = {}
    strongest: dict[tuple[str, str | None], Row] = {}
    for row in rows:
        if row["frame"] is not None:
            strongest.setdefault((row["field"], row["value"] if row["conflicts"] else None), row)
    for row in strongest.values():
        frames.setdefault((row["capture"], row["capture_sha256"], row["frame"]), []).append(row)
    return frames


def _claims(rows: list[Row]) -> list[str]:
    return [f"{row['field']} = {row['value']}" for row in rows]


def _dissected(tshark: str, path: Path, frame: int, rows: list[Row]) -> Iterator[str]:
    """Lines of the frame as tshark prints it, layer by layer."""
    # tshark is run here, and pyshark reads what it says: its own way of running it needs an event loop and a child
    # watcher, which newer Pythons no longer have, and loses the race with a tshark that is just ending.
    from pyshark.tshark.output_parser.tshark_xml import packet_from_xml_packet

    from inventory.errors import InventoryError

    rules = dict.fromkeys(rule for row in rows for rule in row["decode_as"])
    command = [tshark, "-n", "-r", str(path), "-c", str(frame), "-Y", f"frame.number == {frame}", "-T", "pdml"]
    command += [word for rule in rules for word in ("-d", rule)]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout  # noqa: S603
    begin, end = said.find(b"<packet>"), said.rfind(b"</packet>")
    if not 0 <= begin < end:
        raise InventoryError(f"{path}: tshark does not show its frame {frame}")
    packet = packet_from_xml_packet(said[begin:end] + b"</packet>")
    lines = [line for layer in packet.layers for line in _layer(layer)]
    yield from lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        yield f"... and {len(lines) - MAX_LINES} more lines"


def _layer(layer: Any) -> Iterator[str]:
    """Fields of a layer in the order of their bytes, the wider ones first; pyshark has them by name."""
    yield _printable(layer.layer_name.upper())
    fields = [field for name in layer.field_names for field in layer.get_field(name).all_fields if not field.hide]
    for field in sorted(fields, key=lambda field: (int(field.pos or 0), -int(field.size or 0))):
        text = field.showname or field.show
        if text:
            yield "  " + _printable(text)


def _printable(text: str) -> str:
    from inventory.export import to_text

    return " ".join(to_text(text).split())[:MAX_WIDTH]
