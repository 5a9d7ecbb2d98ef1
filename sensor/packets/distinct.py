"""Equal rows taken together: what is said a thousand times is handed on once, with its count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sensor.packets.columns import U64
from sensor.sources.batch import Int64


class Distinct(NamedTuple):
    """One row for each distinct key: where it was met first and last, and how often."""

    first: Int64
    last: Int64
    counts: Int64


def distinct(keys: Sequence[U64]) -> Distinct:
    """Group the rows of `keys`, columns of equal length that is not 0, taken as captured."""
    order = np.lexsort(keys)  # equal rows side by side, each group as captured
    begins = np.ones(len(order), bool)
    begins[1:] = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in keys])
    begin = np.flatnonzero(begins)
    stop = np.append(begin[1:], len(order))
    return Distinct(order[begin], order[stop - 1], stop - begin)
