from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from inventory.database import open_database
from inventory.derive import open_inventory
from tests.cli.conftest import Cli


@pytest.fixture
def told(cli: Cli, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on an inventory of its own, opened anew each time, and derived anew if identities change."""
    path = Path(shutil.copy(inventory, tmp_path / "own.duckdb"))
    monkeypatch.setenv("MEDSPAN_INVENTORY", str(path))
    monkeypatch.setattr("inventory.derive.open_inventory", open_inventory)
    return cli


def device(cli: Cli, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("device", name, "--format", "json").stdout)
    return found


def rows(tmp_path: Path) -> list[tuple[Any, ...]]:
    with open_database(tmp_path / "own.duckdb", read_only=True) as con:
        return con.execute("SELECT device_id, field, value, author FROM annotation ORDER BY ALL").fetchall()


def test_several_fields_at_once(told: Cli, tmp_path: Path) -> None:
    done = told("annotate", "CT1", "owner=Radiology = 2", "location=Room 3", "note=to be replaced", "--author", "ann")
    id_ = device(told, "CT1")["device_id"]
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{id_}: owner, location, note noted\n")
    found = device(told, "10.1.0.10")
    assert (found["owner"], found["location"], found["asset_tag"]) == ("Radiology = 2", "Room 3", None)
    assert [(row["field"], row["value"], row["author"]) for row in found["annotations"]] == [
        *(("location", "Room 3", "ann"), ("note", "to be replaced", "ann"), ("owner", "Radiology = 2", "ann"))
    ]
    assert "to be replaced" in told("device", "CT1").stdout


def test_the_newest_counts_and_an_empty_one_takes_it_back(told: Cli, tmp_path: Path) -> None:
    for value, expected in (("a", "a"), ("b", "b"), ("", None), ("c", "c")):
        assert told("annotate", "CT1", f"owner={value}").returncode == 0
        assert device(told, "CT1")["owner"] == expected
    assert [row[2] for row in rows(tmp_path)] == ["", "a", "b", "c"]
    assert all(row[3] for row in rows(tmp_path))  # the user's name


def test_two_devices_are_joined_and_split_again(told: Cli) -> None:
    ct, pacs = device(told, "10.1.0.10")["device_id"], device(told, "10.1.0.20")["device_id"]
    assert told("annotate", "10.1.0.10", "same-as=10.1.0.20", "--author", "ann").returncode == 0
    joined = device(told, ct)
    assert joined == device(told, pacs)
    assert joined["ip_addresses"] == ["10.1.0.10", "10.1.0.20"]
    why = told("why", ct, "device_id").stdout
    assert re.search("ann says that it is d", why)
    other = pacs if joined["device_id"] == ct else ct
    assert told("annotate", joined["device_id"], f"not-same-as={other}").returncode == 0
    assert [device(told, ip)["device_id"] for ip in ("10.1.0.10", "10.1.0.20")] == [ct, pacs]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["CT1", "colour=red"], "no field 'colour': FIELD=VALUE, where FIELD is one of owner, location, asset_tag, "),
        (["CT1", "owner=x", "colour"], "FIELD=VALUE is expected, not 'colour'"),
        (["CT1", "owner=x", "owner=y"], "owner is given twice"),
        (["CT1", "owner=a\x1b[2J"], "owner must be one line of at most 1000 printable characters"),
        (["CT1", "owner=" + 1001 * "x"], "owner must be one line"),
        (["10.1.0.99", "owner=x"], "no device '10.1.0.99': "),
        (["CT1", "owner=x", "same-as=10.1.0.99"], "no device '10.1.0.99': "),
        (["CT1", "owner=x", "same-as=CT1"], "d"),
    ],
)
def test_what_cannot_be_said_changes_nothing(told: Cli, tmp_path: Path, args: list[str], message: str) -> None:
    done = told("annotate", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"medspan: {message}")
    assert len(done.stderr.splitlines()) == 1
    assert rows(tmp_path) == []


def test_without_a_field(told: Cli) -> None:
    assert told("annotate", "CT1").returncode == 2


def test_the_history_of_a_device(told: Cli) -> None:
    history = device(told, "10.1.0.10")["history"]
    assert history == [
        {
            "ip": "10.1.0.10",
            "mac": "00:11:22:33:44:01",
            "vlan": None,
            "first_seen": "2026-01-01T00:00:00.000000Z",
            "last_seen": "2026-01-01T00:00:09.000000Z",
            "known_by": "traffic",
        }
    ]
    assert re.search(r"^10\.1\.0\.10 +00:11:22:33:44:01 +2026-01-01T00:00:00Z", told("device", "CT1").stdout, re.M)


def test_a_list_of_many(told: Cli, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("device,owner,location\nCT1,Radiology,\n10.1.0.20,IT,'=cellar\n", "utf-8-sig")
    done = told("annotate", "--csv", tmp_path / "list.csv", "--author", "ann")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "owner, location of 2 devices read: 3 new, of 2 devices\n"
    assert (device(told, "CT1")["owner"], device(told, "CT1")["location"]) == ("Radiology", None)
    assert (device(told, "10.1.0.20")["owner"], device(told, "10.1.0.20")["location"]) == ("IT", "=cellar")
    assert {row[3] for row in rows(tmp_path)} == {"ann"}
    again = told("annotate", "--csv", tmp_path / "list.csv")
    assert again.stderr == "owner, location of 2 devices read: 0 new, of 0 devices\n"


def test_an_export_comes_back(told: Cli, tmp_path: Path) -> None:
    told("annotate", "CT1", "note==1+1")
    before = rows(tmp_path)
    assert told("export", "-f", "csv", "-o", tmp_path / "devices.csv").returncode == 0
    assert told("annotate", "--csv", tmp_path / "devices.csv").returncode == 0
    assert rows(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("device,owner\nCT1,x\n10.1.0.99,y\n", "list.csv:3: no device '10.1.0.99': medspan devices lists them all"),
        ("device,owner\nCT1,x\nCT1,y\n", "list.csv:3: 'CT1' is in line 2, too"),
        ("device,colour\nCT1,red\n", "list.csv:1: a column of owner, location"),
        ("owner\nx\n", "list.csv:1: a column device_id is needed"),
    ],
)
def test_of_a_list_with_a_mistake_nothing_is_noted(told: Cli, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    done = told("annotate", "--csv", tmp_path / "list.csv")
    assert (done.returncode, done.stdout, rows(tmp_path)) == (2, "", [])
    assert message in done.stderr


def test_either_a_device_or_a_list(told: Cli, tmp_path: Path) -> None:
    assert told("annotate").returncode == 2
    assert told("annotate", "CT1", "owner=x", "--csv", tmp_path / "list.csv").returncode == 2
    done = told("annotate", "--csv", tmp_path / "missing.csv")
    assert (done.returncode, done.stderr) == (
        2,
        f"medspan: {tmp_path / 'missing.csv'} cannot be read: no such file or directory\n",
    )
