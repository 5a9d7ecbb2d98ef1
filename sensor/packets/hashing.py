"""Column-wise hashing of several 64-bit columns into one."""

from __future__ import annotations

import secrets

import numpy as np

from sensor.packets.columns import U64

# A random seed a process: who can send packets cannot choose them so that conversations collide.
_SEED = np.uint64(secrets.randbits(64))
_MULTIPLIER = np.uint64(0x9E37_79B9_7F4A_7C15)
_SHIFT = np.uint64(29)


def mix(*parts: U64) -> U64:
    """Return one 64-bit hash a row. Equal rows have equal hashes within this process."""
    state = np.full(len(parts[0]), _SEED, np.uint64)
    for part in parts:
        state ^= part
        state *= _MULTIPLIER
        state ^= state >> _SHIFT
        state *= _SEED | np.uint64(1)
        state ^= state >> _SHIFT
    return state
