from __future__ import annotations

import gzip
import io
import random
import resource
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard

from sensor.sources.errors import NotACapture
from sensor.sources.files import open_capture
from sensor.sources.zstdframes import ZstdFrames
from tests.sensor.sources.captures import Pack, Write, packets, pcap, pcapng, read

SOUND = packets(400, 400)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def zstd_stream(data: bytes) -> bytes:
    """As a pipe to `zstd` gives: content size unknown, several blocks."""
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as writer:
        for at in range(0, len(data), 5000):
            writer.write(data[at : at + 5000])
            writer.flush(zstandard.FLUSH_BLOCK)
    return out.getvalue()


PACKERS = [gzip.compress, zstd, zstd_stream]


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("write", [pcap, pcapng])
@pytest.mark.parametrize("capacity", [1 << 12, 1 << 20])
def test_unpacked_by_magic(tmp_path: Path, pack: Pack, write: Write, capacity: int) -> None:
    assert read(tmp_path, pack(write(SOUND)), capacity) == (SOUND, None)


@pytest.mark.parametrize("pack", PACKERS)
def test_several_members_or_frames_are_one_capture(tmp_path: Path, pack: Pack) -> None:
    content = pcap(SOUND)
    cuts = [0, 3, 24, 25, 5000, len(content)]
    packed = b"".join(pack(content[a:b]) for a, b in pairwise(cuts))
    assert read(tmp_path, packed) == (SOUND, None)


def test_padding_and_skippable_frames(tmp_path: Path) -> None:
    content = pcap(SOUND)
    assert read(tmp_path, gzip.compress(content) + bytes(100_000)) == (SOUND, None)
    skippable = b"\x5e\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    empty = b"\x50\x2a\x4d\x18" + bytes(4)
    assert read(tmp_path, skippable + zstd(content) + empty + skippable) == (SOUND, None)


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gzip"), (zstd_stream, "zstd")])
def test_cut_short(tmp_path: Path, pack: Pack, name: str) -> None:
    packed = pack(pcap(packets(2000, 400)))
    for cut in (len(packed) // 2, len(packed) - 1):
        found, error = read(tmp_path, packed[:cut])
        assert found == packets(2000, 400)[: len(found)]
        assert len(found) > 900
        assert error is not None and error.endswith(f"cut short: {name} data incomplete")


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gzip"), (zstd_stream, "zstd")])
def test_damaged_in_the_middle(tmp_path: Path, pack: Pack, name: str) -> None:
    dice = random.Random(1)
    sound = [row._replace(data=dice.randbytes(400)) for row in packets(2000, 400)]
    packed = pack(pcap(sound))
    middle = len(packed) // 2
    found, error = read(tmp_path, packed[:middle] + b"\xff" * 5000 + packed[middle:])
    assert found[:900] == sound[:900]
    assert error is not None and error.endswith(f"{name} data damaged: the rest cannot be unpacked")


def test_rubbish_behind_the_compressed_data_is_told(tmp_path: Path) -> None:
    for pack, name in ((gzip.compress, "gzip"), (zstd, "zstd")):
        found, error = read(tmp_path, pack(pcap(SOUND)) + b"rubbish")
        assert (found, error) == (SOUND, f"{name} data damaged: the rest cannot be unpacked")


@pytest.mark.parametrize("outer", PACKERS)
@pytest.mark.parametrize("inner", PACKERS)
def test_compressed_twice_is_refused(tmp_path: Path, outer: Pack, inner: Pack) -> None:
    path = tmp_path / "a.pcap.gz"
    path.write_bytes(outer(inner(pcap(SOUND))))
    with pytest.raises(NotACapture) as refused:
        open_capture(path)
    assert str(refused.value) == f"{path}: compressed twice; unpack it once, then read it"


@pytest.mark.parametrize("method", ["gzip", "zstd"])
def test_a_bomb_costs_no_memory(tmp_path: Path, method: str) -> None:
    piece = bytes(1 << 20)
    if method == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        packed = packer.compress(pcap(SOUND))
        packed += b"".join(packer.compress(piece) for _ in range(48)) + packer.flush()
    else:
        packed = zstd(pcap(SOUND)) + zstd(piece) * 48
    path = tmp_path / "bomb"
    path.write_bytes(packed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = open_capture(path)
    assert sum(len(batch) for batch in source) == len(SOUND)
    assert source.error == f"{(48 << 20) // 16} unusable packets (empty, too long, or of an unknown interface)"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB
    source.close()


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_zstd_frames_are_whole_only_at_their_ends(step: int) -> None:
    skippable = b"\x51\x2a\x4d\x18" + (300).to_bytes(4, "little") + bytes(300)
    parts = [
        zstd(b"abc" * 1000),
        skippable,
        zstd_stream(random.Random(1).randbytes(300_000)),
        zstd(b""),
        zstd(bytes(10**6)),
    ]
    frames = ZstdFrames()
    data = b"".join(parts)
    ends: set[int] = set()
    for part in parts:
        ends.add(len(part) + max(ends, default=0))
    if step == 1:
        data = data[: len(parts[0]) + len(skippable) + 20_000]
    for at in range(0, len(data), step):
        frames.follow(data[at : at + step])
        assert frames.whole == (min(at + step, len(data)) in ends)
