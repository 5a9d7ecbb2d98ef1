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
CREATE OR REPLACE TEMP MACRO key_of_parts(p) AS CASE WHEN p.numbers <> '' THEN
    list_transform(string_split(regexp_replace(p.numbers, '(\.0+)+$', ''), '.'), lambda part: part::BIGINT + 1)
    || CASE WHEN p.before <> ''
            THEN [-1, ascii(p.before), concat('0', regexp_extract(p.before, '\d'), p.before_number)::BIGINT]
        WHEN p.patch <> '' THEN [0, p.patch_number::BIGINT]
        WHEN p.letter <> '' THEN [0, ascii(p.letter)]
        ELSE [0] END END;
-- Each version is taken apart once: macros are put where they are called, and planning takes as long as they are.
CREATE OR REPLACE TEMP MACRO version_key(version) AS
    list_transform([version_parts(version)], lambda p: key_of_parts(p))[1];
CREATE OR REPLACE TEMP MACRO surely_before(version, bound) AS list_transform(
    [{'v': version_parts(version), 'b': version_parts(bound)}], lambda x: key_of_parts(x.v) < key_of_parts(x.b)
        AND NOT (concat(x.v.before, x.v.patch, x.v.letter) = ''
            AND starts_with(x.b.numbers || '.', x.v.numbers || '.')))[1];
"""


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Let `con` know these macros. Both are NULL where something is no version.

    `version_key(version)`: a list of integers that sorts as versions do.
    `surely_before(version, bound)`: a version may be told in part. 2.4 can be any 2.4.x, and 9.8 may be 9.8p2, so that
    neither is surely before what begins with it.
    """
    con.execute(_MACROS)
