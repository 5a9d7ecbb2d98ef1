"""Lists of devices as people keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.changes.declared_list import FIELDS, read_list
from inventory.errors import InventoryError

TEXT = "IP Address;MAC;Serial No;Name;AET;Vendor\n10.0.0.1, 10.0.0.2/24;0011.2233.4455;S1;ct.local;CT1|CT2;Müller\n"
VALUES = {
    "ip": ("10.0.0.1", "10.0.0.2"),
    "mac": ("00:11:22:33:44:55",),
    "serial": ("S1",),
    "hostname": ("ct.local",),
    "ae_title": ("CT1", "CT2"),
    "manufacturer": ("Müller",),
}


def written(tmp_path: Path, content: str | bytes) -> Path:
    file = tmp_path / "assets.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_encodings_and_delimiters(encoding: str, delimiter: str, tmp_path: Path) -> None:
    listed = read_list(written(tmp_path, TEXT.replace(";", delimiter).encode(encoding)))
    assert listed.rows == [(2, VALUES)]
    assert listed.headers["ip"] == "IP Address"


def test_what_excel_writes(tmp_path: Path) -> None:
    listed = read_list(written(tmp_path, 'sep=;\r\nSerial;"IP\r\nAddress"\r\n"S;1";\'-1\r\n\r\n;10.0.0.9\r\n'))
    assert listed.rows == [(4, {"serial": ("S;1",)}), (6, {"ip": ("10.0.0.9",)})]
    assert listed.unread == ["line 4: '-1' is no ip address"]


@pytest.mark.parametrize("written_as", ["00-11-22-aa-bb-cc", "001122AABBCC", "0011.22aa.bbcc", "00 11 22 AA BB CC"])
def test_spellings_of_a_mac(written_as: str, tmp_path: Path) -> None:
    assert read_list(written(tmp_path, f"MAC\n{written_as}\n")).rows[0].values["mac"] == ("00:11:22:aa:bb:cc",)


def test_headers_are_told(tmp_path: Path) -> None:
    file = written(tmp_path, "Kennung,Gerät,Bemerkung\n10.0.0.1,ct,x\n")
    listed = read_list(file, "ip=kennung, hostname=Gerät")
    assert (listed.headers, listed.unused) == ({"ip": "Kennung", "hostname": "Gerät"}, ["Bemerkung"])


def test_nothing_said(tmp_path: Path) -> None:
    """What stands where nothing is known says nothing; it is no duplicate either."""
    listed = read_list(written(tmp_path, "Serial,IP\nn/a,10.0.0.1\nN/A,DHCP\n-,10.0.0.3\n"))
    assert [row.values for row in listed.rows] == [{"ip": ("10.0.0.1",)}, {}, {"ip": ("10.0.0.3",)}]


@pytest.mark.parametrize(
    ("content", "mapping", "words"),
    [
        ("", None, "is empty"),
        ("\n\n", None, "is empty"),
        ("Serial\n", None, "nothing below its header"),
        ("Colour,Size\nred,1\n", None, "line 1: no column tells which device"),
        ("Serial,S/N\n1,2\n", None, "line 1: two columns for serial, 'Serial' and 'S/N'"),
        ("Serial,Serial\n1,2\n", "serial=Serial", "line 1: 2 columns 'Serial'"),
        ("Serial\n1\n", "ip=IP", "line 1: no column 'IP'"),
        ("Serial\n1\n", "colour=Serial", "--map: 'colour=Serial'"),
        ("Serial\n1\n", "serial", "--map: 'serial'"),
        ("Serial\n1\n", "serial=Serial,serial=Serial", "FIELD once of"),
        ("Serial,IP\nS1,10.0.0.1\n\ns1,10.0.0.2\n", None, "line 4: the same serial 's1' as in line 2"),
        ("MAC\n001122334455\n00:11:22:33:44:55\n", None, "line 3: the same mac"),
        ("Name,IP\nct,10.0.0.1\nct, 10.0.0.1\n", None, "line 3: the same row as in line 2"),
        ("Serial,IP\nS1,10.0.0.1,more\n", None, "line 2: 3 cells, where the header has 2"),
        ("Serial\n" + "x" * 200_000 + "\n", None, "line 2: field larger"),
        (b"PK\x03\x04rest", None, "is a spreadsheet"),
    ],
)
def test_bad_lists(content: str | bytes, mapping: str | None, words: str, tmp_path: Path) -> None:
    file = written(tmp_path, content)
    with pytest.raises(InventoryError) as error:
        read_list(file, mapping)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(InventoryError, match="cannot be read"):
            read_list(path)


def test_serials_of_two_models(tmp_path: Path) -> None:
    assert len(read_list(written(tmp_path, "Serial,Model\n1,A\n1,B\n")).rows) == 2


def test_hostile_header(tmp_path: Path) -> None:
    listed = read_list(written(tmp_path, "Serial,\x1b[31mred\u202e\n1,2\n"))
    assert listed.unused[0].isprintable()
    assert set(listed.headers) <= set(FIELDS)
