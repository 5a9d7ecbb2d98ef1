"""Comparing versions as SQL does it: macros for any connection.

Versions are compared number by number, so that 9.8 is before 9.10, and 1.12 is 1.12.0. A letter or a patch level goes
after its release, a word such as `rc` before it: 1.3.0rc2, 1.3.0, 1.3.0a; 9.8, 9.8p1, 9.8.1. What is written otherwise
cannot be compared, and every answer about it is NULL.
"""

from __future__ import annotations

from typing import Final

import duckdb

_MACROS: Final = r"""
CREATE OR REPLACE TEMP MACRO version_parts(version) AS regexp_extract(lower(version),
    '^v?(\d{1,9}(?:\.\d{1,9})*)(?:[-+._~ ]?(?:(alpha|beta|rc|cr|pre|preview|dev|snapshot|milestone|[ab]\d)'
        || '[-.]?(\d{0,9})|(p|sp)(\d{1,9})|final|ga|release)|([a-wyz]))?$',
    ['numbers', 'before', 'before_number', 'patch', 'patch_number', 'letter']);
-- Each version is taken apart once: macros are put where they are called, and planning takes as long as they are.
CREATE OR REPLACE TEMP MACRO told_version(version) AS list_transform([version_parts(version)], lambda p: {
    'key': CASE WHEN p.numbers <> '' THEN
        list_transform(string_split(regexp_replace(p.numbers, '(\.0+)+$', ''), '.'), lambda part: part::BIGINT + 1)
        || CASE WHEN p.before <> ''
                THEN [-1, ascii(p.before), concat('0', regexp_extract(p.before, '\d'), p.before_number)::BIGINT]
            WHEN p.patch <> '' THEN [0, p.patch_number::BIGINT]
            WHEN p.letter <> '' THEN [0, ascii(p.letter)]
            ELSE [0] END END,
    'numbers': p.numbers,
    'exact': concat(p.before, p.patch, p.letter) <> ''})[1];
CREATE OR REPLACE TEMP MACRO version_key(version) AS told_version(version).key;
CREATE OR REPLACE TEMP MACRO surely_before(told, bound) AS told.key < bound.key
    AND (told.exact OR NOT starts_with(bound.numbers || '.', told.numbers || '.'));
CREATE OR REPLACE TEMP MACRO surely_within(version, first, next, last := NULL) AS list_transform(
    [list_transform([version, first, next, last], lambda v: told_version(v))], lambda v: v[1].key >= v[2].key
        AND coalesce(surely_before(v[1], v[3]), true)
        AND coalesce(v[1].key = v[4].key OR surely_before(v[1], v[4]), true))[1];
"""


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Let `con` know these macros. Each is NULL where the version is none.

    `version_key(version)`: a list of integers that sorts as versions do.
    `surely_before(told_version(version), told_version(bound))`: a version may be told in part. 2.4 can be any 2.4.x,
    and 9.8 may be 9.8p2, so that neither is surely before what begins with it.
    `surely_within(version, first, next)`: from `first` to before `next`; with `last := version` to that one at most.
    Without a bound there is none.
    """
    con.execute(_MACROS)
