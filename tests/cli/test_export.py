"""`medspan export`: every format through the command line; nothing overwritten unasked, nothing half written."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from inventory.exports.netbox import FILES, README
from sensor.cli import writing
from sensor.cli.export import ExportFormat
from tests.cli.conftest import HOSTILE_TITLE, Cli
from tests.conftest import ROOT

FORMATS = [form.value for form in ExportFormat]
SINGLE = [form for form in FORMATS if form != "netbox"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format(cli: Cli, tmp_path: Path, form: str) -> None:
    done = cli("export", "-f", form, "-o", "audit")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "3 devices written to audit\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["audit"]
    if form == "netbox":
        assert {entry.name for entry in (tmp_path / "audit").iterdir()} == {*FILES, README}
    else:
        assert (tmp_path / "audit").stat().st_size > 500


@pytest.mark.parametrize(
    ("what", "said", "column", "value"),
    [
        ("devices", "3 devices", "site", "north"),
        ("services", "2 services", "port", "104"),
        ("flows", "3 conversations", "server_ip", "8.8.8.8"),
        ("ae", "3 AE titles", "ae_title", "'" + HOSTILE_TITLE),
        ("findings", "", "rule", "patient-data-in-clear-internal"),
    ],
)
def test_what(cli: Cli, tmp_path: Path, what: str, said: str, column: str, value: str) -> None:
    done = cli("export", "--what", what, "-o", "rows.csv")
    assert done.returncode == 0
    assert done.stderr.startswith(said)
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(written) == int(done.stderr.split()[0])
    assert value in {row[column] for row in written}
    assert cli("export", "--what", what, "-f", "json", "-o", "rows.json").returncode == 0
    (first, *_) = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert list(first) == list(written[0])
    assert cli("export", "--what", what, "-f", "parquet", "-o", "rows.parquet").returncode == 0


def test_the_csv_is_what_the_listing_says(cli: Cli, tmp_path: Path) -> None:
    assert cli("export", "-o", "devices.csv").returncode == 0
    listed = cli("devices", "--format", "csv").stdout
    assert sorted((tmp_path / "devices.csv").read_text("utf-8").splitlines()) == sorted(listed.splitlines())


def test_of_another_site(cli: Cli, tmp_path: Path) -> None:
    assert cli("export", "--site", "south", "-o", "devices.csv").stderr == "0 devices written to devices.csv\n"
    assert len((tmp_path / "devices.csv").read_text().splitlines()) == 1


@pytest.mark.parametrize("form", ["xlsx", "cyclonedx", "netbox", "ocsf"])
def test_rows_of_formats_that_have_none(cli: Cli, tmp_path: Path, form: str) -> None:
    done = cli("export", "-f", form, "--what", "flows", "-o", "audit")
    assert done.returncode == 2
    assert "only csv, json and parquet" in done.stderr
    assert not (tmp_path / "audit").exists()


@pytest.mark.parametrize("form", SINGLE)
def test_a_file_is_not_overwritten_unasked(cli: Cli, tmp_path: Path, form: str) -> None:
    (tmp_path / "audit").write_text("mine")
    done = cli("export", "-f", form, "-o", "audit")
    assert (done.returncode, done.stderr) == (2, "medspan: audit is there already: --force overwrites it\n")
    assert (tmp_path / "audit").read_text() == "mine"
    assert cli("export", "-f", form, "-o", "audit", "--force").returncode == 0
    assert (tmp_path / "audit").read_bytes() != b"mine"


def test_a_folder_is_not_overwritten_unasked(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    folder.mkdir()
    assert cli("export", "-f", "netbox", "-o", "audit").returncode == 0  # it was empty
    (folder / README).write_text("mine")
    done = cli("export", "-f", "netbox", "-o", "audit/")
    assert (done.returncode, done.stderr) == (2, "medspan: audit is there already: --force overwrites it\n")
    assert (folder / README).read_text() == "mine"
    assert cli("export", "-f", "netbox", "-o", "audit", "--force").returncode == 0
    assert (folder / README).read_text() != "mine"
    (folder / "thesis.txt").write_text("mine")
    done = cli("export", "-f", "netbox", "-o", "audit", "--force")
    assert (done.returncode, done.stderr) == (
        2,
        "medspan: audit cannot be overwritten: it holds other files, such as thesis.txt\n",
    )
    assert (folder / "thesis.txt").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    done = cli("export", "-f", "netbox", "-o", "file", "--force")
    assert (done.returncode, done.stderr) == (2, "medspan: file is there already, and is no folder\n")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["audit", "file"]


def test_an_interrupted_exchange_of_folders_gives_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "audit"
    folder.mkdir()
    (folder / "a").write_text("old")
    replace = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), writing.whole_folder(folder) as part:
        (part / "a").write_text("new")
    assert (folder / "a").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["audit"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_that_is_not_there(cli: Cli, form: str) -> None:
    done = cli("export", "-f", form, "-o", "nowhere/audit")
    assert done.returncode == 2
    assert done.stderr.startswith("medspan: ")
    assert "nowhere/audit" in done.stderr
    assert len(done.stderr.splitlines()) == 1


FILL = """
import contextlib, pathlib, resource, signal, sys
import inventory.derive
from sensor.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
once = inventory.derive.open_inventory(pathlib.Path(sys.argv[1]))
inventory.derive.open_inventory = lambda *_, con=once.__enter__(): contextlib.nullcontext(con)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
for form in list(sys.argv[2:]):
    sys.argv[1:] = ["export", "-f", form, "-o", form, "--force"]
    try:
        main()
    except SystemExit as leave:
        print(form, leave.code)
"""


def test_a_full_disk_leaves_the_old_files(inventory: Path, tmp_path: Path) -> None:
    for form in SINGLE:
        (tmp_path / form).write_text("old")
    (tmp_path / "netbox").mkdir()
    (tmp_path / "netbox" / README).write_text("old")
    done = subprocess.run(
        [sys.executable, "-B", "-c", FILL, str(inventory), *FORMATS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "MEDSPAN_INVENTORY": str(inventory)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.splitlines() == [f"{form} 2" for form in FORMATS], done.stderr
    assert len(done.stderr.splitlines()) == len(FORMATS)  # one line each, and no traceback
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(FORMATS)
    assert {(tmp_path / form).read_text() for form in SINGLE} == {"old"}
    assert [entry.read_text() for entry in (tmp_path / "netbox").iterdir()] == ["old"]


def test_the_workbook_is_a_zip_file_that_is_whole(cli: Cli, tmp_path: Path) -> None:
    cli("export", "-f", "xlsx", "-o", "audit.xlsx")
    with zipfile.ZipFile(tmp_path / "audit.xlsx") as packed:
        assert packed.testzip() is None


def test_the_format_is_what_the_name_ends_in(cli: Cli, tmp_path: Path) -> None:
    assert cli("export", "-o", tmp_path / "devices.xlsx").returncode == 0
    assert (tmp_path / "devices.xlsx").read_bytes().startswith(b"PK")
    assert cli("export", "-o", tmp_path / "devices.json").returncode == 0
    assert json.loads((tmp_path / "devices.json").read_text())
    assert cli("export", "-f", "cyclonedx", "-o", tmp_path / "bom.json").returncode == 0
    done = cli("export", "-f", "csv", "-o", tmp_path / "more.xlsx")
    assert (done.returncode, (tmp_path / "more.xlsx").exists()) == (2, False)
    assert "more.xlsx is not the name of a csv file" in done.stderr


def test_standard_output(cli: Cli, tmp_path: Path) -> None:
    assert cli("export", "-o", tmp_path / "devices.csv").returncode == 0
    done = cli("export", "-o", "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, (tmp_path / "devices.csv").read_text(), "")
    assert cli("export", "-f", "xlsx", "-o", "-").returncode == 2
    assert not (tmp_path / "-").exists()
