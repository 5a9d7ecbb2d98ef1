"""Exports as bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from duckdb import DuckDBPyConnection

from inventory.exports.cyclonedx import write_cyclonedx
from inventory.exports.netbox import write_netbox
from inventory.exports.ocsf import write_ocsf
from inventory.exports.tables import write_parquet, write_table
from inventory.exports.workbook import write_workbook

Whole = Callable[[str], bytes]  # of a format

FORMATS = ["csv", "json", "parquet", "xlsx", "cyclonedx", "netbox", "ocsf"]


class Kept(io.BytesIO):
    """A file of which the bytes are there when it was closed."""

    def close(self) -> None:
        self.bytes = self.getvalue()
        super().close()


def exported(con: DuckDBPyConnection, form: str, folder: Path, site: str | None = None, what: str = "devices") -> bytes:
    """Return the export's bytes; of a folder, those of its files one after the other."""
    file = Kept()
    if form == "netbox":
        target = folder / f"netbox-{len(list(folder.iterdir()))}"
        target.mkdir()
        write_netbox(con, site, target)
        return b"".join(path.name.encode() + b"\n" + path.read_bytes() for path in sorted(target.iterdir()))
    if form == "parquet":
        path = folder / "it's a file"
        write_parquet(con, what, site, path)
        return path.read_bytes()
    if form in ("csv", "json"):
        write_table(con, what, form, site, file)
    elif form == "xlsx":
        write_workbook(con, site, "1.2.3", file)
    elif form == "cyclonedx":
        write_cyclonedx(con, site, "1.2.3", file)
    else:
        write_ocsf(con, site, "1.2.3", file)
    if not file.closed:
        file.close()
    return file.bytes
