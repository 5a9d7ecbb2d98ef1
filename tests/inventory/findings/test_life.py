"""What becomes of a finding: open, acknowledged, accepted until a day, closed when it is no longer seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import duckdb
import pytest

from inventory.config import Acceptance
from inventory.errors import InventoryError
from inventory.findings.decisions import create_words

TODAY = datetime.now(UTC).date()
TOMORROW, YESTERDAY = TODAY + timedelta(1), TODAY - timedelta(1)
SEEN = datetime(2026, 3, 1)
Word = tuple[str, str, str, datetime]  # finding, field, value, at


def status(
    words: Sequence[Word] = (), accepted: Sequence[Acceptance] = (), observed_days: int = 0, closes: int | None = 30
) -> tuple[str, date | None, str | None, str | None]:
    """Status, end, reason and author of the one finding, its network being observed for so long after it was seen.

    Another network of the site, and another site, are observed for much longer.
    """
    con = duckdb.connect()
    con.execute(files("inventory").joinpath("sql/facts.sql").read_text("utf-8"))
    con.execute("CREATE TABLE device_key AS SELECT 's' AS site, 'ip' AS kind, '10.0.0.1' AS key, 'd1' AS device_id")
    con.execute("INSERT INTO device_key VALUES ('s', 'ae_title', 'CT1', 'd1'), ('s', 'id', 'd1', 'd1')")
    con.execute(
        "CREATE TABLE rule AS SELECT 'weak-tls' AS rule, 'high' AS severity, 'Weak' AS title, '' AS why, '' AS remedy, "
        "['x'] AS \"references\", ?::INTEGER AS closes_after_days",
        [closes],
    )
    con.execute(
        "CREATE TABLE found AS SELECT 'f1' AS finding_id, 'weak-tls' AS rule, 's' AS site, 'd1' AS device_id, "
        "'10.0.0.1' AS ip_address, 443 AS port, '8.8.8.8' AS peer, 'TLS 1.0' AS detail, NULL::VARCHAR AS severity, "
        "?::TIMESTAMP AS first_seen, ?::TIMESTAMP AS last_seen, [] AS evidence",
        [SEEN, SEEN],
    )
    con.execute(
        "CREATE TABLE host AS SELECT * FROM (VALUES ('s', '10.0.0.9', ?), ('s', '10.9.0.9', ?), ('t', '10.0.0.9', ?)) "
        "v(site, ip, last_seen)",
        [SEEN + timedelta(observed_days), SEEN + timedelta(9999), SEEN + timedelta(9999)],
    )
    con.execute("CREATE TABLE found_key AS FROM (VALUES ('f1', 'f1'), ('f1', 'f1before')) v(finding_id, key)")
    con.execute("CREATE TABLE address AS SELECT '8.8.8.8' AS ip, 'TeleRad' AS partner")
    if words:
        con.executemany("INSERT INTO annotation VALUES (?, ?, ?, 'ann', ?)", [[name, *rest] for name, *rest in words])
    create_words(con, accepted)
    for file in ("46_watched", "47_accepted", "47_finding"):
        con.execute(files("inventory").joinpath(f"sql/{file}.sql").read_text("utf-8"))
    (found,) = con.execute("SELECT status, accepted_until, reason, decided_by FROM finding").fetchall()
    return found


def accepting(
    rule: str = "weak-tls",
    site: str | None = None,
    device: str | None = None,
    peer: str | None = None,
    until: date = TOMORROW,
) -> Acceptance:
    return Acceptance(rule, site, device, peer, until, "why not")


def at(second: int) -> datetime:
    return SEEN + timedelta(seconds=second)


def test_it_is_open() -> None:
    assert status() == ("open", None, None, None)


def test_the_newest_word_counts() -> None:
    acknowledged: list[Word] = [("f1", "status", "acknowledged", at(1)), ("f1", "reason", "known", at(1))]
    assert status(acknowledged) == ("acknowledged", None, "known", "ann")
    assert status([*acknowledged, ("f1", "status", "open", at(2))]) == ("open", None, None, "ann")
    assert status([("f2", "status", "acknowledged", at(1))]) == ("open", None, None, None)


def test_what_was_decided_before_the_device_had_another_id_goes_on() -> None:
    before: list[Word] = [("f1before", "status", "acknowledged", at(1)), ("f1before", "reason", "known", at(1))]
    assert status(before) == ("acknowledged", None, "known", "ann")
    assert status([*before, ("f1", "status", "open", at(2))])[0] == "open"


@pytest.mark.parametrize(("until", "expected"), [(TODAY, "accepted"), (TOMORROW, "accepted"), (YESTERDAY, "open")])
def test_accepted_until_a_day(until: date, expected: str) -> None:
    words: list[Word] = [
        ("f1", "status", "accepted", at(1)), ("f1", "until", str(until), at(1)), ("f1", "reason", "soon gone", at(1)),
    ]  # fmt: skip
    assert status(words) == (expected, until, "soon gone", "ann")
    assert status(accepted=[accepting(until=until)])[0] == expected


@pytest.mark.parametrize(
    ("acceptance", "expected"),
    [
        (accepting(), "accepted"),
        (accepting(device="d1"), "accepted"),
        (accepting(device="10.0.0.1"), "accepted"),
        (accepting(device="ct1"), "accepted"),
        (accepting(peer="8.8.8.8"), "accepted"),
        (accepting(peer="TeleRad"), "accepted"),
        (accepting(site="s", device="10.0.0.1"), "accepted"),
        (accepting(site="t"), "open"),
        (accepting(site="t", device="10.0.0.1"), "open"),
        (accepting(device="d1", peer="8.8.8.8"), "accepted"),
        (accepting(device="d2"), "open"),
        (accepting(peer="9.9.9.9"), "open"),
        (accepting(device="d1", peer="9.9.9.9"), "open"),
        (accepting("certificate-expired"), "open"),
    ],
)
def test_the_configuration_accepts(acceptance: Acceptance, expected: str) -> None:
    assert status(accepted=[acceptance])[0] == expected


def test_an_unknown_rule_cannot_be_accepted() -> None:
    with pytest.raises(InventoryError, match="accept 1: no rule 'weak-tea': medspan findings --rules lists them"):
        status(accepted=[accepting("weak-tea")])


@pytest.mark.parametrize(
    ("observed_days", "closes", "expected"), [(30, 30, "open"), (31, 30, "closed"), (31, None, "open"), (0, 0, "open")]
)
def test_closed_when_no_longer_seen_while_its_network_is(observed_days: int, closes: int | None, expected: str) -> None:
    assert status(observed_days=observed_days, closes=closes)[0] == expected


def test_what_is_no_longer_seen_is_closed_whatever_was_decided() -> None:
    assert status([("f1", "status", "acknowledged", at(1))], [accepting()], observed_days=31)[0] == "closed"
