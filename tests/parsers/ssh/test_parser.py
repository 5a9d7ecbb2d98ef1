"""SSH beyond the plain conversations: which keys are told, and when it is over."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from parsers.records import Side
from parsers.ssh import Ssh
from parsers.stream import StreamBuffer
from tests.parsers.building import HOST_KEY, KEX_REPLY, KEXINIT, ssh_packet, ssh_string
from tests.parsers.feeding import PSEUDONYM, feed, statements

C, S = Side.CLIENT, Side.SERVER
BANNER = b"SSH-2.0-OpenSSH_9.6\r\n"


def keys(server: bytes) -> list[str]:
    said = feed(Ssh, [(C, BANNER), (S, BANNER + KEXINIT), (S, server)])
    return [row.value for row in said if row.attribute == "ssh_host_key"]


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_fingerprints_are_those_of_ssh_keygen(kind: str, tmp_path: Path, tool: Callable[[str], str]) -> None:
    keygen, path = tool("ssh-keygen"), tmp_path / "key"
    subprocess.run([keygen, "-q", "-t", kind, "-N", "", "-f", path], check=True)
    printed = subprocess.run([keygen, "-l", "-f", path], check=True, capture_output=True, text=True).stdout
    blob = base64.b64decode((tmp_path / "key.pub").read_text().split()[1])
    assert keys(ssh_packet(b"\x1f" + ssh_string(blob) + bytes(64))) == [printed.split()[1]]


@pytest.mark.parametrize(
    "reply",
    [
        b"\x1f" + ssh_string(ssh_string(b"ssh-ed25519-cert-v01@openssh.com") + bytes(300)),  # no key, a certificate
        b"\x1f" + ssh_string(ssh_string(b"\0\xff\xff\xff" * 64)),
        b"\x1f" + ssh_string(b"") + bytes(40),
        b"\x1f\xff\xff\xff\xff" + bytes(40),
        b"\x1f",
        b"\x1e" + ssh_string(HOST_KEY),
        b"\x15",
    ],
)
def test_what_is_no_key(reply: bytes) -> None:
    assert keys(ssh_packet(reply + bytes(16))) == []


@pytest.mark.parametrize("length", [0, 1, 11, 2**18 + 1, 2**32 - 1])
def test_impossible_lengths_end_it(length: int) -> None:
    assert keys(length.to_bytes(4) + KEX_REPLY) == []


def test_one_direction() -> None:
    """What the client would add is not waited for beyond some ciphertext."""
    parser, stream = Ssh(PSEUDONYM), StreamBuffer()
    stream.append(BANNER + KEXINIT + KEX_REPLY)
    assert [row.attribute for row in parser.read(S, stream)] == ["ssh_software", "ssh_host_key"]
    assert not parser.finished
    stream.append(bytes(40000))
    assert list(parser.read(S, stream)) == []
    assert parser.finished


def test_who_answers_the_exchange_is_the_server() -> None:
    """In a connection met in the middle the sides may be wrong."""
    parser = Ssh(PSEUDONYM)
    for side, data in ((C, BANNER), (S, BANNER), (C, KEXINIT + KEX_REPLY)):
        stream = StreamBuffer()
        stream.append(data)
        list(parser.read(side, stream))
    assert parser.client is S
    assert parser.finished


def test_1_99_goes_on_as_2() -> None:
    said = feed(Ssh, [(S, b"SSH-1.99-Cisco-1.25\n" + KEXINIT), (C, BANNER), (S, KEX_REPLY)])
    assert [row.attribute for row in said] == ["ssh_software", "ssh_software", "ssh_host_key"]


def test_hostile_identification() -> None:
    said = statements(feed(Ssh, [(S, b"SSH-2.0-\x1b]0;x\x07" + b"A" * 9000 + b"\r\n"), (C, b"x\n" * 5000 + BANNER)]))
    assert [len(row[2]) for row in said] == [256]
    assert "\x1b" not in said[0][2]
