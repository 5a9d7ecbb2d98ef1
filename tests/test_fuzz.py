"""A few rounds of `tests.fuzz`, always the same ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.conftest import CLINIC
from tests.fuzz import check, mutated


@pytest.mark.parametrize("move", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_mutated_clinic(tmp_path: Path, seed: int, move: bool) -> None:
    path = tmp_path / "case.pcap"
    path.write_bytes(mutated(CLINIC.read_bytes(), random.Random(seed), move))
    check(path, move)
