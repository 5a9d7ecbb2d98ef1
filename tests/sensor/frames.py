"""Batches from frames built with scapy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sensor.sources.batch import Batch

MILLISECOND = 1_000_000


def batch(
    frames: Sequence[bytes],
    times: Sequence[int] | None = None,
    link_type: int = 1,
    snaplen: int = 65535,
    first_frame: int = 1,
    link_types: Sequence[int] | None = None,
) -> Batch:
    """Return `frames` as one Batch: 10 ms apart unless `times` (nanoseconds) says otherwise."""
    n = len(frames)
    captured = np.array([min(len(frame), snaplen) for frame in frames], np.int64)
    data = b"".join(frame[:snaplen] for frame in frames)
    ends = np.cumsum(captured)
    return Batch(
        buffer=np.frombuffer(data, np.uint8),
        offsets=(ends - captured).astype(np.int64),
        captured=captured,
        wire=np.array([len(frame) for frame in frames], np.int64),
        times=np.array(times if times is not None else [10 * MILLISECOND * (i + 1) for i in range(n)], np.int64),
        frames=np.arange(first_frame, first_frame + n, dtype=np.int64),
        link_types=np.array(link_types if link_types is not None else [link_type] * n, np.uint16),
    )
