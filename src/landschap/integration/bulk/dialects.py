# SPDX-License-Identifier: EUPL-1.2
"""What engines write differently, and nothing else: one template per form and dialect.

All other SQL that is made here is read alike by the embedded engine (DuckDB) and by Spark SQL
(Sail, Spark). No text of a declaration is ever part of a statement but as a literal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

# What Python's `strip` takes for space: engines trim less of their own accord.
_SPACE = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


class Dialect(Protocol):
    """How one engine writes the forms that differ."""

    name: str
    text_type: str

    def text(self, value: str) -> str:
        """A literal text."""
        ...

    def matches(self, sql: str, pattern: str) -> str:
        """True when the whole text fits a pattern without backslashes or anchors."""
        ...

    def first(self, sql: str) -> str:
        """The first of a list of texts, null when there is none."""
        ...

    def split(self, sql: str, separator: str) -> str:
        """The parts of a text that are not empty, null when there are none."""
        ...

    def unfold(self, sql: str) -> str:
        """A row for each item of a list, as a column of a SELECT."""
        ...

    def in_order(self, order: Sequence[str], members: Sequence[tuple[str, str]]) -> str:
        """The rows of a group as a list of structs, by these expressions."""
        ...

    def together(self, sql: str) -> str:
        """The texts of a group that are not null, a line each; null when there are none."""
        ...


class DuckDb:
    """The embedded engine. Source: DuckDB 2.0, SQL functions."""

    name = "duckdb"
    text_type = "VARCHAR"

    def text(self, value: str) -> str:
        """A literal text."""
        return "'" + value.replace("'", "''") + "'"

    def matches(self, sql: str, pattern: str) -> str:
        """True when the whole text fits."""
        return f"regexp_full_match({sql}, {self.text(pattern)})"

    def first(self, sql: str) -> str:
        """The first of a list of texts."""
        return f"{sql}[1]"

    def split(self, sql: str, separator: str) -> str:
        """The parts that are not empty."""
        parts = f"list_filter(string_split({sql}, {self.text(separator)}), lambda p: p <> '')"
        return f"CASE WHEN len({parts}) > 0 THEN {parts} END"

    def unfold(self, sql: str) -> str:
        """A row for each item."""
        return f"unnest({sql})"

    def in_order(self, order: Sequence[str], members: Sequence[tuple[str, str]]) -> str:
        """A group as a list of structs."""
        packed = ", ".join(f"{name} := {sql}" for name, sql in members)
        return f"list(struct_pack({packed}) ORDER BY {', '.join(order)})"

    def together(self, sql: str) -> str:
        """The texts of a group, a line each."""
        return f"string_agg({sql}, chr(10))"


class SparkSql:
    """Spark SQL, of Spark and of Sail. Source: Spark 4, SQL reference, functions."""

    name = "spark"
    text_type = "STRING"

    def text(self, value: str) -> str:
        """A literal text."""
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def matches(self, sql: str, pattern: str) -> str:
        """True when the whole text fits."""
        # A dollar would let a line end after the match pass in Java.
        whole = "\\A(?:" + pattern + ")\\z"
        return f"({sql} RLIKE {self.text(whole)})"

    def first(self, sql: str) -> str:
        """The first of a list of texts."""
        return f"get({sql}, 0)"

    def split(self, sql: str, separator: str) -> str:
        """The parts that are not empty."""
        literal = "".join(f"\\x{{{ord(sign):x}}}" for sign in separator)
        parts = f"array_remove(split({sql}, {self.text(literal)}), '')"
        return f"CASE WHEN size({parts}) > 0 THEN {parts} END"

    def unfold(self, sql: str) -> str:
        """A row for each item."""
        return f"explode({sql})"

    def in_order(self, order: Sequence[str], members: Sequence[tuple[str, str]]) -> str:
        """A group as a list of structs."""
        # A list gathers in any order: what it is sorted by goes along, in front.
        keys = [f"{sql} AS o{place}" for place, sql in enumerate(order)]
        packed = ", ".join([*keys, *(f"{sql} AS {name}" for name, sql in members)])
        return f"array_sort(collect_list(struct({packed})))"

    def together(self, sql: str) -> str:
        """The texts of a group, a line each."""
        return f"NULLIF(array_join(collect_list({sql}), chr(10)), '')"


DUCKDB = DuckDb()
SPARK = SparkSql()


def trimmed(dialect: Dialect, sql: str) -> str:
    """A text without the space around it, as Python has it."""
    if dialect is DUCKDB:
        return f"trim({sql}, {dialect.text(_SPACE)})"
    return f"trim(BOTH {dialect.text(_SPACE)} FROM {sql})"


def either(conditions: Sequence[str]) -> str:
    """True when one of them is; never null when none of them is. ``FALSE`` of none."""
    return " OR ".join(f"({each})" for each in conditions) if conditions else "FALSE"
