"""A Batch: some hundreds to some ten thousands of frames as columns over one buffer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


@dataclass(slots=True)
class Batch:
    """Frames i = 0..n-1, in capture order. Frame i's bytes are buffer[offsets[i]:offsets[i] + captured[i]].

    `buffer` is valid until the next Batch is asked for: who keeps bytes longer copies them.
    """

    buffer: npt.NDArray[np.uint8]
    offsets: Int64
    captured: Int64  # bytes in the buffer
    wire: Int64  # bytes on the wire, at least `captured`
    times: Int64  # Unix nanoseconds
    frames: Int64  # frame numbers as Wireshark counts them, from 1
    link_types: npt.NDArray[np.uint16]  # LINKTYPE_ values of the pcap registry
    vlan_tci: npt.NDArray[np.uint16] | None = None  # tag that the kernel took off (live only), 0 where none

    def __len__(self) -> int:
        return len(self.offsets)
