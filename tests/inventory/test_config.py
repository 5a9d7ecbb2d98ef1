from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from inventory.config import Acceptance, Config, load_config
from inventory.errors import InventoryError


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSPAN_CONFIG", raising=False)
    return tmp_path


def test_no_file_says_nothing() -> None:
    assert load_config() == Config(None, None, None)


def test_the_working_directory(workdir: Path) -> None:
    (workdir / "medspan.toml").write_text(
        'site = "Nord-Süd"\nsensor = "core-1"\nlocal_nets = "10.0.0.0/8, !10.9.0.0/16"'
    )
    assert load_config() == Config("Nord-Süd", "core-1", "10.0.0.0/8, !10.9.0.0/16")


def test_the_variable_names_another(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workdir / "medspan.toml").write_text('site = "here"')
    (workdir / "other.toml").write_text('site = "there"')
    monkeypatch.setenv("MEDSPAN_CONFIG", str(workdir / "other.toml"))
    assert load_config() == Config("there")


def test_tables(workdir: Path) -> None:
    (workdir / "medspan.toml").write_text("""
        geoip = "country.mmdb"
        [networks.partner]
        "TeleRad" = "10.99.0.0/16, 203.0.113.8"
        [[accept]]
        rule = "weak-tls"
        until = 2027-06-30
        reason = "replaced in June"
        [policy]
        anything = 1
    """)
    assert load_config() == Config(
        geoip=(Path("country.mmdb"),),
        networks={"partner": {"TeleRad": "10.99.0.0/16, 203.0.113.8"}},
        accept=(Acceptance("weak-tls", None, None, None, date(2027, 6, 30), "replaced in June"),),
        policy={"anything": 1},
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'sight = "x"',
            "medspan.toml: unknown key 'sight': it may have site, sensor, local_nets, knowledge, geoip, networks, "
            "accept, policy",
        ),
        ("site = 3", "medspan.toml: site must be one line of text"),
        ('site = ""', "medspan.toml: site must be one line of text"),
        ('site = "a\\u001b[31mb"', "medspan.toml: site must be one line of text"),
        ("networks = 3", "medspan.toml: networks must be a table"),
        ("[networks.friend]", "medspan.toml: networks has no key 'friend': it may have own, partner"),
        ('[networks.own]\nA = ["10.0.0.0/8"]', "medspan.toml: networks.own.A must be one line of text"),
        (
            '[networks.own]\n"A" = "x"',
            "medspan.toml: networks.own.A: 'x' is not a network such as 10.99.0.0/16",
        ),
        (
            '[networks.partner]\n"A" = "81.2.69.0/24"\n[networks.own]\n"B" = "10.0.0.1, 81.2.69.7/24"',
            "medspan.toml: networks.own.B: 81.2.69.0/24 is networks.partner.A, too",
        ),
        ("geoip = [3]", "medspan.toml: geoip must be one line of text"),
        ("accept = 3", "medspan.toml: accept must be a list of tables: [[accept]]"),
        ('[[accept]]\nrule = "weak-tls"', "medspan.toml: accept 1 must have until, reason"),
        (
            '[[accept]]\nrule = "a"\nreason = "b"\nuntil = "soon"',
            "medspan.toml: accept 1: until must be a date such as 2027-06-30",
        ),
        (
            '[[accept]]\nrule = "a"\nreason = "b"\nuntil = 2027-06-30\nsince = 2026-01-01',
            "medspan.toml: accept 1 has no key 'since': it may have rule, site, device, peer, until, reason",
        ),
        ("policy = 3", "medspan.toml: policy must be a table"),
        ('local_nets = ["10.0.0.0/8"]', "medspan.toml: local_nets must be one line of text"),
        (
            'local_nets = "10.0.0.0/8, x"',
            "medspan.toml: local_nets: 'x' is not a network such as 10.0.0.0/8 or !10.99.0.0/16",
        ),
    ],
)
def test_what_it_may_not_hold(workdir: Path, text: str, message: str) -> None:
    (workdir / "medspan.toml").write_text(text)
    with pytest.raises(InventoryError) as error:
        load_config()
    assert str(error.value) == message


@pytest.mark.parametrize("content", [b"site = ", b"\xff\xfe", b"[a\n", b'site = "a"\nsite = "b"'])
def test_what_is_not_toml(workdir: Path, content: bytes) -> None:
    (workdir / "medspan.toml").write_bytes(content)
    with pytest.raises(InventoryError, match=r"^medspan\.toml is not valid TOML: [^\n]+$"):
        load_config()


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSPAN_CONFIG", "missing.toml")
    with pytest.raises(InventoryError, match=r"^missing\.toml: no such file or directory$"):
        load_config()
