"""Roles are named in many places: nowhere is one that `knowledge/roles.csv` does not have, and none is forgotten."""

from __future__ import annotations

import csv
from collections.abc import Collection
from importlib.resources import files

import pytest

from inventory.exports import ocsf
from inventory.report.boxes import MIDDLE
from inventory.report.words import ROLES
from sensor.cli.options import Role

KNOWN = {
    row["role"]
    for row in csv.DictReader(files("inventory").joinpath("knowledge/roles.csv").read_text("utf-8").splitlines())
}


@pytest.mark.parametrize("named", [MIDDLE, ocsf._TYPES], ids=["picture", "ocsf"])
def test_only_roles_that_there_are(named: Collection[str]) -> None:
    assert set(named) <= KNOWN


@pytest.mark.parametrize("named", [ROLES, [role.value for role in Role]], ids=["report", "--role"])
def test_all_roles(named: Collection[str]) -> None:
    assert set(named) == KNOWN
