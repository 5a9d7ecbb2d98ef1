from __future__ import annotations

from pathlib import Path

import pytest

from inventory.config import Config, load_config
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('sight = "x"', "medspan.toml: unknown key 'sight': it may have site, sensor, local_nets, knowledge"),
        ("site = 3", "medspan.toml: site must be one line of text"),
        ('site = ""', "medspan.toml: site must be one line of text"),
        ('site = "a\\u001b[31mb"', "medspan.toml: site must be one line of text"),
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
