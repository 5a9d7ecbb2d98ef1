from __future__ import annotations

import re
from pathlib import Path

import pytest

import inventory.policy
from inventory.errors import InventoryError
from inventory.policy.declaration import Policy, Rule
from inventory.policy.vocabulary import INCIDENTAL, INFRASTRUCTURE, Traffic, known_protocols, known_roles
from tests.inventory.knowledge import table
from tests.inventory.policy.network import read

EXAMPLE = Path(inventory.policy.__file__).with_name("example.toml")
RULE = """
[policy]
roles = ["modality"]
[[policy.allow]]
name = "images"
from = ["modality"]
to = ["archive"]
protocol = ["dicom"]
"""


def test_all_that_can_be_said() -> None:
    policy = read("""
        [policy]
        roles = ["modality", "archive"]
        infrastructure = ["dns", "icmp"]
        [[policy.allow]]
        name = "images"
        from = ["modality", "10.1.0.9", "own:DMZ"]
        to = ["archive", "partner:TeleRad", "partner", "public", "any", "2001:DB8::0001"]
        protocol = ["dicom", "443/tcp", "2762/tcp tls", "udp", "any"]
        encrypted = "required"
        site = ["north", "Nord-Süd"]
        [policy.services]
        modality = ["104/tcp dicom"]
        archive = []
    """)
    traffic = (Traffic("dicom"), Traffic(None, 443, "tcp"), Traffic("tls", 2762, "tcp"), Traffic(None, None, "udp"))
    assert policy == Policy(
        ("modality", "archive"),
        (
            Rule(
                "images",
                ("modality", "10.1.0.9", "own:DMZ"),
                ("archive", "partner:TeleRad", "partner", "public", "any", "2001:db8::1"),
                (*traffic, Traffic()),
                True,
                ("north", "Nord-Süd"),
            ),
        ),
        {"modality": (Traffic("dicom", 104, "tcp"),), "archive": ()},
        (Traffic("dns"), Traffic(None, None, "icmp")),
    )


def test_what_holds_where_nothing_is_said() -> None:
    policy = read(RULE)
    assert policy.services == {}
    assert [traffic.protocol or traffic.transport for traffic in policy.infrastructure] == list(INFRASTRUCTURE)
    assert (policy.rules[0].encrypted, policy.rules[0].sites) == (False, ())


def test_the_example_is_one() -> None:
    text = EXAMPLE.read_text("utf-8")
    policy = read(text)
    assert len(policy.rules) == text.count("[[policy.allow]]") == 6
    assert {role for role in known_roles() if role in text} >= {"modality", "archive", "worklist", "workstation"}
    assert f"infrastructure = {list(INFRASTRUCTURE)}".replace("'", '"') in text
    assert ", ".join(INCIDENTAL[:-1]) in text.replace("\n# ", " ")


def test_the_words_are_those_that_are_found() -> None:
    assert tuple(row["role"] for row in table("roles") if row["incidental"] == "true") == INCIDENTAL
    assert tuple(row["role"] for row in table("roles")) == known_roles()
    assert {"dicom", "hl7", "http", "tls", "quic", "ws-discovery", "dhcp"} <= {*known_protocols()}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('roles = ["modality"]', "", "policy.roles: it must be a list of words in brackets"),
        ('roles = ["modality"]', "roles = []", "policy.roles: it must be a list of words in brackets"),
        ('roles = ["modality"]', 'roles = "modality"', "policy.roles: it must be a list of words in brackets"),
        ('roles = ["modality"]', "roles = [7]", "policy.roles: '7' is not one line of text"),
        ('roles = ["modality"]', 'roles = ["modalitee"]', "policy.roles: unknown role 'modalitee': the roles are "),
        ('roles = ["modality"]', 'roles = ["x\\u001b[31m"]', "policy.roles: 'x [31m' is not one line of text"),
        ('roles = ["modality"]', 'rolls = ["modality"]', "policy: unknown key 'rolls': it may have roles, "),
        ('roles = ["modality"]', 'roles = ["printer"]', "policy.allow 1: neither of its ends is of policy.roles"),
        ('name = "images"', "", "policy.allow 1: it must have name"),
        ('name = "images"', 'name = ""', "policy.allow 1.name: '' is not one line of text"),
        ('name = "images"', "name = 1", "policy.allow 1.name: '1' is not one line of text"),
        ('name = "images"', 'nam = "images"', "policy.allow 1: unknown key 'nam': it may have name, from, to, "),
        ('to = ["archive"]', "", "policy.allow 1: it must have to"),
        ('to = ["archive"]', "to = []", "policy.allow 1.to: it must be a list of words in brackets"),
        ('to = ["archive"]', 'to = ["archiv"]', "policy.allow 1.to: 'archiv' is no role (analyser, archive, "),
        ('to = ["archive"]', 'to = ["10.1.0.0/16"]', "policy.allow 1.to: '10.1.0.0/16' is no role "),
        ('to = ["archive"]', 'to = ["partner:X"]', "policy.allow 1.to: [networks.partner] has no 'X'"),
        ('to = ["archive"]', 'to = ["own:TeleRad"]', "policy.allow 1.to: [networks.own] has no 'TeleRad'"),
        (
            '["dicom"]',
            '["dicomm"]',
            "policy.allow 1.protocol: 'dicomm' is no port such as \"443/tcp\", nor a protocol: ",
        ),
        ('["dicom"]', '["0/tcp"]', "policy.allow 1.protocol: '0/tcp': there is no such port"),
        ('["dicom"]', '["65536/udp"]', "policy.allow 1.protocol: '65536/udp': there is no such port"),
        ('["dicom"]', '["104 dicom"]', "policy.allow 1.protocol: '104 dicom' is no port "),
        ('["dicom"]', '["104/tcp "]', "policy.allow 1.protocol: '104/tcp' is not one line of text"),
        ('["dicom"]', "[[]]", "policy.allow 1.protocol: '[]' is not one line of text"),
        ('["dicom"]', '["dicom"]\nencrypted = true', 'policy.allow 1.encrypted: it must be "required" or "any"'),
        ('["dicom"]', '["dicom"]\nencrypted = []', 'policy.allow 1.encrypted: it must be "required" or "any"'),
        ('["dicom"]', '["dicom"]\nsite = "north"', "policy.allow 1.site: it must be a list of words in brackets"),
        ('["dicom"]', '["dicom"]\n[policy.services]\nct = []', "policy.services: unknown role 'ct': the roles are "),
        ('["dicom"]', '["dicom"]\n[policy.services]\nmodality = "x"', "policy.services.modality: it must be a list "),
        ("[[policy.allow]]", "[policy.allow]", "policy.allow: it must be a list of tables: [[policy.allow]]"),
    ],
)
def test_what_it_may_not_hold(old: str, new: str, message: str) -> None:
    assert old in RULE
    with pytest.raises(InventoryError) as error:
        read(RULE.replace(old, new))
    assert str(error.value).startswith(f"medspan.toml: {message}")
    assert "\n" not in str(error.value) and str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('site = "north"', "medspan.toml has no [policy]: medspan policy learn proposes one"),
        ("[policy]\nroles = ['modality']\nallow = [7]", "medspan.toml: policy.allow 1: it must be a table"),
        ("[policy]\nroles = ['modality']\nservices = []", "medspan.toml: policy.services: it must be a table"),
        (
            RULE + RULE.partition("]\n[")[2].join(("[", "")),
            "medspan.toml: policy.allow 2.name: another rule is named 'images', too",
        ),
    ],
)
def test_what_it_may_not_be(text: str, message: str) -> None:
    with pytest.raises(InventoryError, match=re.escape(message) + "$"):
        read(text)
