"""gzip and Zstandard, told by their magic and unpacked as a stream in bounded memory."""

from __future__ import annotations

import zlib
from typing import IO, Final, cast

import zstandard

from sensor.sources.errors import ReadFailed
from sensor.sources.raw import RawInput, Reader
from sensor.sources.zstdframes import MAGIC, ZstdFrames, is_skippable

GZIP_MAGIC: Final = b"\x1f\x8b"  # RFC 1952 2.3.1
_CHUNK: Final = 65536  # compressed bytes read at a time
_PIECE: Final = 32768  # bytes unpacked at a time: what is lost where the data turn out to be damaged


def compression(head: bytes) -> str | None:
    """Say how data that begin with `head` (4 bytes) are compressed: gzip, zstd or None."""
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if head == MAGIC or is_skippable(head) else None


def unpacked(raw: RawInput) -> Reader:
    """Return a Reader of what `raw` holds, decompressed if it is compressed."""
    method = compression(raw.head(4))
    if method is None:
        return raw
    return GzipReader(raw) if method == "gzip" else ZstdReader(raw)


class GzipReader:
    """Reads gzip members one behind the other (RFC 1952 2.2), with zero padding between them."""

    def __init__(self, raw: RawInput) -> None:
        self.live = raw.live
        self._raw = raw
        self._packed = b""
        self._member: zlib._Decompress | None = None
        self._failure: str | None = None

    def readinto(self, view: memoryview) -> int:
        count = 0
        while count < len(view) and self._failure is None:
            data = self._unpack(min(len(view) - count, _PIECE))
            view[count : count + len(data)] = data
            count += len(data)
            if data or self._packed:
                continue
            if count:  # what a pipe gave is handed on before more is waited for
                break
            self._packed = self._raw.read(_CHUNK)
            if not self._packed:
                if self._member is not None:
                    self._failure = "cut short: gzip data incomplete"
                break
        if self._failure and not count:
            raise ReadFailed(self._failure)
        return count

    def _unpack(self, room: int) -> bytes:
        """Return up to `room` more bytes of what was read; b"" when there are none, or a member just ended."""
        if self._member is None:
            self._packed = self._packed.lstrip(b"\0")
            if not self._packed:
                return b""
            self._member = zlib.decompressobj(wbits=31)  # 31: with a gzip header
        try:
            data = self._member.decompress(self._packed, room)
        except zlib.error:
            self._failure = "gzip data damaged: the rest cannot be unpacked"
            return b""
        self._packed = self._member.unconsumed_tail or self._member.unused_data
        if self._member.eof:
            self._member = None
        return data


class ZstdReader:
    """Reads Zstandard frames one behind the other (RFC 8878 3.1); windows up to 128 MiB, as `zstd` itself takes."""

    def __init__(self, raw: RawInput) -> None:
        self.live = raw.live
        self._raw = raw
        self._frames = ZstdFrames()
        self._ended = False
        source = cast("IO[bytes]", self)  # of which it uses nothing but `read`
        self._stream = zstandard.ZstdDecompressor().stream_reader(source, read_size=_CHUNK, read_across_frames=True)

    def readinto(self, view: memoryview) -> int:
        try:
            while True:
                count = self._stream.readinto1(view)
                if count:
                    return count
                if self._ended:
                    break
        except zstandard.ZstdError:
            raise ReadFailed("zstd data damaged: the rest cannot be unpacked") from None
        if not self._frames.whole:  # the decompressor itself takes that for the end
            raise ReadFailed("cut short: zstd data incomplete")
        return 0

    def read(self, count: int) -> bytes:
        """What the decompressor reads: the compressed bytes."""
        chunk = self._raw.read(count)
        self._frames.follow(chunk)
        self._ended = not chunk
        return chunk
