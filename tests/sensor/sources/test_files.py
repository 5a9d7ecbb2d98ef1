from __future__ import annotations

import gzip
import os
from hashlib import sha256
from pathlib import Path

import pytest

from sensor.sources.errors import CaptureUnavailable, NotACapture
from sensor.sources.files import open_capture
from sensor.sources.find import Found, find_captures, first_time
from tests.sensor.sources.captures import START, Pack, packets, pcap, pcap_header, pcapng, rows, section

SOUND = packets(3000, 100)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("capacity", [1 << 12, 1 << 17, 1 << 23])
def test_hash_size_and_progress(tmp_path: Path, pack: Pack, capacity: int) -> None:
    content = pack(pcap(SOUND))
    path = tmp_path / "no suffix at all"
    path.write_bytes(content)
    source = open_capture(path, capacity)
    assert (source.name, source.size, source.sha256, source.kernel_drops) == (str(path), len(content), None, 0)
    assert 0 < source.bytes_read <= len(content)
    assert rows(source) == SOUND
    assert (source.sha256, source.bytes_read, source.error) == (sha256(content).hexdigest(), len(content), None)


def test_the_hash_covers_what_was_not_read_as_packets(tmp_path: Path) -> None:
    content = gzip.compress(pcap(SOUND)) + b"\xffrubbish" * 50_000
    path = tmp_path / "a"
    path.write_bytes(content)
    source = open_capture(path)
    assert len(rows(source)) == 3000
    assert source.sha256 == sha256(content).hexdigest()


def test_abandoned_there_is_no_hash(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(pcap(SOUND))
    source = open_capture(path, 1 << 12)
    next(iter(source))
    source.close()
    assert source.sha256 is None
    source.close()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "content", [b"x", b"%PDF-1.7\n", b"\xa1\xb2\xc3", b"\0" * 100, b"snoop\0\0\0", b"\x0a\x0d\x0d\x0b"]
)
def test_not_a_capture(tmp_path: Path, pack: Pack, content: bytes) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(pack(content))
    with pytest.raises(NotACapture) as refused:
        open_capture(path)
    assert str(refused.value) == f"{path}: not a capture (pcap, pcapng, also in gz or zst)"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_empty(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(pack(b""))
    with pytest.raises(NotACapture) as refused:
        open_capture(path)
    assert str(refused.value) == f"{path}: empty, there is no capture in it"


def test_compressed_data_that_end_before_the_magic(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(gzip.compress(pcap(SOUND))[:12])
    with pytest.raises(NotACapture) as refused:
        open_capture(path)
    assert str(refused.value) == f"{path}: cut short: gzip data incomplete"


def test_nothing_to_read(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "missing", "no such file or folder"),
        (tmp_path, "is a folder; add -R to read the captures in it"),
    ):
        for opener in (open_capture, lambda path: find_captures([path])):
            with pytest.raises(CaptureUnavailable) as refused:
                opener(path)
            assert str(refused.value) == f"{path}: {said}"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(SOUND))

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(CaptureUnavailable) as refused:
        open_capture(path)
    assert str(refused.value) == f"{path}: no permission to read it; run as a user who may, or change its mode"


def test_a_disk_that_fails_ends_the_capture_with_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(SOUND))
    source = open_capture(path, 1 << 12)
    readv, calls = os.readv, iter(range(100))

    def fail(descriptor: int, views: list[memoryview]) -> int:
        if next(calls) >= 3:
            raise OSError(5, "Input/output error")
        return readv(descriptor, views)

    monkeypatch.setattr(os, "readv", fail)
    found = rows(source)
    assert 100 < len(found) < 200
    assert found == SOUND[: len(found)]
    assert source.error == (
        f"cut short: last packet incomplete; reading failed at byte {source.bytes_read}: Input/output error"
    )
    assert source.sha256 is None


def test_find_captures_in_folders(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    names = ["b/2.pcap", "b/deep/3", "b/1.cap.gz", "a/z.txt"]
    for name, content in zip(names, (pcap([]), pcapng([]), gzip.compress(section()), pcap_header(">")), strict=True):
        (tmp_path / name).write_bytes(content)
    for name in ("b/notes.pcap", "b/deep/empty.pcap", "a/readme"):
        (tmp_path / name).write_bytes(b"text" if "empty" not in name else b"")
    os.mkfifo(tmp_path / "a" / "pipe.pcap")  # would block whoever opens it
    (tmp_path / "a" / "dangling").symlink_to(tmp_path / "nowhere")
    in_b = [str(tmp_path / name) for name in ("b/1.cap.gz", "b/2.pcap", "b/deep/3")]
    assert find_captures([tmp_path], recursive=True) == Found([str(tmp_path / "a/z.txt"), *in_b], 3)
    explicit = str(tmp_path / "b/notes.pcap")  # named by the user: whoever opens it says what is wrong with it
    assert find_captures(["-", explicit, tmp_path / "b", explicit], recursive=True) == Found(["-", explicit, *in_b], 2)


def test_a_folder_without_captures(tmp_path: Path) -> None:
    (tmp_path / "readme").write_text("nothing here")
    with pytest.raises(CaptureUnavailable) as refused:
        find_captures([tmp_path], recursive=True)
    assert str(refused.value) == f"{tmp_path}: no captures in this folder (1 other files)"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_first_time(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "a"
    for content, expected in (
        (pcap(SOUND), START),
        (pcapng(SOUND[5:]), START + 5_000_000),
        (pcap([]), None),
        (b"", None),
        (b"text", None),
    ):
        path.write_bytes(pack(content))
        assert first_time(path) == expected
    assert first_time(tmp_path / "missing") is None
    assert first_time("-") is None
    os.mkfifo(tmp_path / "pipe")
    assert first_time(tmp_path / "pipe") is None
