"""Captures that arrive through a pipe, perhaps slowly."""

from __future__ import annotations

import gzip
import os
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from sensor.sources.files import CaptureFile, open_capture
from sensor.sources.raw import RawInput
from tests.sensor.sources.captures import Pack, Write, packets, pcap, pcapng, rows

SOUND = packets(6, 100)


@pytest.fixture
def pipe() -> Iterator[tuple[RawInput, int]]:
    reading, writing = os.pipe()
    raw = RawInput(reading)
    yield raw, writing
    raw.close()


def _gzip() -> Pack:
    packer = zlib.compressobj(wbits=31)
    return lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


def _zstd() -> Pack:
    packer = zstandard.ZstdCompressor().compressobj()
    return lambda data: packer.compress(data) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


@pytest.mark.parametrize("packer", [lambda: bytes, _gzip, _zstd])
@pytest.mark.parametrize("write", [pcap, pcapng])
def test_what_has_arrived_is_yielded_before_the_pipe_ends(
    pipe: tuple[RawInput, int], packer: Callable[[], Pack], write: Write
) -> None:
    raw, writing = pipe
    pack = packer()
    content = write(SOUND)
    first = len(write(SOUND[:2])) + 10  # two packets and a bit
    os.write(writing, pack(content[:first]))
    source = CaptureFile(raw, "stdin")
    batches = iter(source)
    begun = time.monotonic()
    assert next(batches).frames.tolist() == [1, 2]
    assert time.monotonic() - begun < 1
    os.write(writing, pack(content[first:]))
    frames: list[int] = []
    while frames != [3, 4, 5, 6]:
        frames += next(batches).frames.tolist()
    os.close(writing)
    assert list(batches) == []
    assert source.size is None


def test_byte_by_byte(pipe: tuple[RawInput, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensor.sources.raw.GATHER", 0)
    raw, writing = pipe
    content = pcap(SOUND)

    def write() -> None:
        for byte in content:
            os.write(writing, bytes([byte]))
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    source = CaptureFile(raw, "stdin", 64)
    assert rows(source) == SOUND
    writer.join()
    assert (source.error, source.sha256, source.bytes_read) == (None, sha256(content).hexdigest(), len(content))


def test_stdin_is_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "capture"
    path.write_bytes(gzip.compress(pcap(SOUND)))
    with path.open("rb") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        source = open_capture("-")
        assert (source.name, source.size) == ("stdin", path.stat().st_size)
        assert rows(source) == SOUND
        assert not stdin.closed
        os.fstat(stdin.fileno())  # closing the source leaves stdin open
