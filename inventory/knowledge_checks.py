"""What can be wrong with tables of knowledge. Each check finds all of it, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

from inventory.knowledge_shapes import SHAPES, Answering, Shape
from inventory.knowledge_tables import Problem, Row, Tables
from inventory.version_checks import advisory_problems, end_problems

_UID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")  # PS3.5 9.1
_MAX_UID: Final = 64  # PS3.5 9.1
_SOURCE: Final = re.compile(
    r"https?://\S+\.\S|(ANSI|CLSI|DICOM|HL7|IEEE|IHE|ISO/IEC|MS-|ONVIF|RFC)[ /A-Z0-9-]"
    r"|\S.* (DICOM Conformance Statement|conformance statements)"
)
_FREE: Final = frozenset(("pattern", "example"))  # as on the wire, blanks and all

Found = Iterator[tuple[int, str]]  # line, what


def check(folder: Path, tables: Tables, con: duckdb.DuckDBPyConnection, known: Tables) -> list[Problem]:
    """Return what is wrong with `tables` of `folder`. `known` are ours, for the names that rows refer to."""
    problems: list[Problem] = []
    makers = {row.values["spelling"]: row.values["manufacturer"] for row in known.get("manufacturers", [])}
    makers |= {row.values["spelling"]: row.values["manufacturer"] for row in tables.get("manufacturers", [])}
    for name, rows in tables.items():
        shape = SHAPES[name]
        found = [*_values(shape, rows), *_duplicates(shape, rows), *_makers(name, shape, rows, makers)]
        if name == "manufacturers":
            found += _spellings(rows, makers)
        if shape.answering is Answering.ROOT:
            found += _roots(rows)
        elif shape.answering is not Answering.KEY:
            found += _patterns(shape, rows, con)
        if "version_group" in shape.columns:
            found += _versions(rows, con)
        if name == "advisories":
            found += advisory_problems(rows, con)
        if name == "end_of_life":
            found += end_problems(rows, con)
        problems += (Problem(str(folder / f"{name}.csv"), line, what) for line, what in sorted(set(found)))
    return problems


def check_ours(folder: Path, tables: Tables) -> list[Problem]:
    """Return what is wrong with our own tables beyond that: order, form, and sources that nobody could look up."""
    problems = [Problem(str(folder / f"{name}.csv"), 0, "missing") for name in SHAPES if name not in tables]
    for name, rows in tables.items():
        file, shape = folder / f"{name}.csv", SHAPES[name]
        header, _, rest = file.read_bytes().partition(b"\n")
        if header.decode() != ",".join(shape.columns) or b"\r" in rest or not rest.endswith(b"\n"):
            problems.append(Problem(str(file), 1, "not the columns in their order, with lines that end in LF"))
        keys = [_key(shape, row) for row in rows]
        if name != "special_networks":  # in the order of the addresses
            problems += (
                Problem(str(file), rows[at].line, f"out of order, after line {rows[at - 1].line}")
                for at in range(1, len(rows))
                if keys[at] < keys[at - 1]
            )
        problems += (
            Problem(str(file), row.line, "its source is neither a URL nor a document by name")
            for row in rows
            if not _SOURCE.match(row.values["source"])
        )
    return problems


def normalise(name: str) -> str:
    """Return `name` as `manufacturers.csv` spells it, and as the inventory looks it up."""
    return re.sub("[^a-z0-9]", "", name.lower())


def _key(shape: Shape, row: Row) -> tuple[str, ...]:
    return tuple(row.values[column] for column in shape.key)


def _values(shape: Shape, rows: list[Row]) -> Found:
    for line, values in rows:
        for column, value in values.items():
            if not value and column not in shape.empty:
                yield line, f"{column} is empty"
            elif not value.isprintable():
                yield line, f"{column} has unprintable characters"
            elif column not in _FREE and value != " ".join(value.split()):
                yield line, f"{column} has blanks too many"
            elif column in shape.choices and value not in shape.choices[column]:
                yield line, f"{column} {value!r} is none of {', '.join(sorted(shape.choices[column] - {''}))}"
            elif value and column in ("uid", "root") and not _is_uid(value):
                yield line, f"{column} {value!r} is no UID"


def _is_uid(text: str) -> bool:
    return len(text) <= _MAX_UID and _UID.fullmatch(text) is not None


def _duplicates(shape: Shape, rows: list[Row]) -> Found:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = _key(shape, row)
        if key in first:
            yield row.line, f"{' '.join(key)!r} is at line {first[key]} already"
        first.setdefault(key, row.line)


def _makers(name: str, shape: Shape, rows: list[Row], makers: dict[str, str]) -> Found:
    """A maker has one name in all tables: or what an image says and what the software says would never agree."""
    for line, values in rows:
        named = [values[column] for column in shape.makers if values[column]]
        if name == "uid_roots" and values["kind"] == "maker":
            named.append(values["organisation"])
        for maker in named:
            if maker.startswith("\\"):  # a part of what was matched
                continue
            present = makers.get(normalise(maker))
            if present is None:
                yield line, f"{maker!r} is not in manufacturers.csv"
            elif present != maker:
                yield line, f"{maker!r} is {present!r} in manufacturers.csv"


def _spellings(rows: list[Row], makers: dict[str, str]) -> Found:
    for line, values in rows:
        spelling, maker, kind = values["spelling"], values["manufacturer"], values["kind"]
        if spelling != normalise(spelling):
            yield line, f"spelling {spelling!r} finds nothing: it must be {normalise(spelling)!r}"
        if (kind == "unknown") == bool(maker):
            yield line, f"kind {kind} {'has no' if maker else 'needs a'} manufacturer"
        elif maker and makers.get(normalise(maker)) != maker:
            yield line, f"{maker!r} is not a spelling of its own"


def _roots(rows: list[Row]) -> Found:
    by_root = {row.values["root"]: row for row in rows}

    def longest(uid: str) -> Row | None:
        parts = uid.split(".")
        holders = (by_root.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
        return next((row for row in holders if row), None)

    for row in rows:
        example = row.values["example"]
        winner = longest(example)
        if not _is_uid(example):
            yield row.line, f"example {example!r} is no UID"
        elif winner is None:
            yield row.line, f"example {example} is not under {row.values['root']}"
        elif winner.values["root"] != row.values["root"]:
            yield row.line, f"example {example} is answered by line {winner.line}"
        above = longest(row.values["root"].rpartition(".")[0])
        if above and _answer(above) == _answer(row):
            yield row.line, f"says what line {above.line} says already"


def _answer(row: Row) -> tuple[str, ...]:
    kept = ("organisation", "kind", "product", "product_kind", "version_suffix")
    return tuple(row.values[column] for column in kept)


def _patterns(shape: Shape, rows: list[Row], con: duckdb.DuckDBPyConnection) -> Found:
    """RE2, anchored, each found by its example; and where one row answers, by that one alone."""
    for scope in {row.values.get("field", "") for row in rows}:
        scoped = [row for row in rows if row.values.get("field", "") == scope]
        examples = [row.values["example"] for row in scoped]
        for row in scoped:
            pattern = row.values["pattern"]
            if shape.anchored and not pattern.startswith("^"):
                yield row.line, "pattern does not begin with ^"
            try:
                query = "SELECT list(regexp_matches(x, ?) ORDER BY n) FROM unnest(?::VARCHAR[]) WITH ORDINALITY t(x, n)"
                answer = con.execute(query, [pattern, examples]).fetchone()
            except duckdb.Error as error:
                yield row.line, f"pattern is not RE2: {str(error).splitlines()[0]}"
                continue
            matches = answer[0] if answer and answer[0] else []
            for other, matched in zip(scoped, matches, strict=True):
                if other is row and not matched:
                    yield row.line, f"pattern does not match its example {row.values['example']!r}"
                elif matched and other is not row and shape.answering is Answering.PATTERN:
                    yield other.line, f"its example {other.values['example']!r} is matched by line {row.line}, too"


def _versions(rows: list[Row], con: duckdb.DuckDBPyConnection) -> Found:
    for line, values in rows:
        group, expected = values["version_group"], values["example_version"]
        if not group:
            if expected:
                yield line, "example_version without a version_group"
            continue
        try:
            answer = con.execute(
                "SELECT regexp_extract_all(?, ?, 1)[1]", [values["example"], values["pattern"]]
            ).fetchone()
        except duckdb.Error:  # no group, or no pattern
            yield line, "pattern has no group 1 for a version"
            continue
        version = (answer[0] if answer else "") or ""
        if values.get("version_style") == "digits":
            version = ".".join(version)
        if version != expected:
            yield line, f"the version in the example is {version!r}, not {expected!r}"
