"""`--knowledge`: a site's own tables, from the option, the environment and the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensor.cli.main import COMMANDS
from tests.cli.conftest import Cli

ROOTS = (
    "root,organisation,kind,source,example\n1.2.276.0.7230010.3.0.3.6,Acme,maker,our own,1.2.276.0.7230010.3.0.3.6.7\n"
)
MAKERS = "spelling,manufacturer,kind,source\nacme,Acme,maker,our own\n"
DERIVING = [command for command in COMMANDS if "knowledge" in command.__annotations__]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "uid_roots.csv").write_text(ROOTS)
    (folder / "manufacturers.csv").write_text(MAKERS)
    return folder


def makers(cli: Cli, *args: str | Path) -> set[str | None]:
    done = cli("devices", "--format", "json", *args)
    assert (done.returncode, done.stderr) == (0, "")
    return {row["manufacturer"] for row in json.loads(done.stdout)}


def test_the_option(cli: Cli, own: Path) -> None:
    assert "Acme" not in makers(cli)
    assert "Acme" in makers(cli, "--knowledge", own)


def test_the_environment(cli: Cli, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSPAN_KNOWLEDGE", str(own))
    assert "Acme" in makers(cli)


def test_the_configuration_beside_which_it_is(cli: Cli, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = own.parent / "site.toml"
    config.write_text('knowledge = "own"')
    elsewhere = own.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("MEDSPAN_CONFIG", str(config))
    assert "Acme" in makers(cli)


def test_every_problem_is_a_line(cli: Cli, own: Path) -> None:
    path = own / "uid_roots.csv"
    path.write_text(ROOTS + "1.2.x,Acme,maker,,1.2\n1.2.3\n")
    done = cli("devices", "--knowledge", own)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"medspan: {path}:3: example 1.2 is not under 1.2.x",
        f"medspan: {path}:3: root '1.2.x' is no UID",
        f"medspan: {path}:3: source is empty",
        f"medspan: {path}:4: 1 values for 5 columns",
    ]


def test_no_such_folder(cli: Cli, tmp_path: Path) -> None:
    done = cli("flows", "--knowledge", tmp_path / "none")
    assert (done.returncode, done.stderr) == (2, f"medspan: {tmp_path}/none: no such file or directory\n")


def test_the_commands_that_derive_have_it() -> None:
    assert {command.__name__ for command in DERIVING} >= {"devices", "device", "why", "flows", "export", "sql"}
