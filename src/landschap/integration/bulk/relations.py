# SPDX-License-Identifier: EUPL-1.2
"""Relations on their way to a statement: which sources are in one, under which names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from landschap.integration.bulk.relational import Table
from landschap.integration.bulk.values import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Known:
    """A source in a relation being made: the prefix of its columns, why it may be absent."""

    table: Table
    prefix: str
    reason: str = ""


@dataclass(slots=True)
class Relation:
    """A relation by name, and the sources in it."""

    name: str
    known: dict[str, Known] = field(default_factory=dict)


def carried(table: Table, alias: str, prefix: str, *beside: str) -> Iterator[str]:
    """The columns of a table as they go along in a relation; ``beside``: id, or b, as well."""
    for name in ("n", *beside):
        yield f"{alias}.{name} AS {prefix}{name}"
    for column in table.columns.values():
        yield f"{alias}.c{column.place} AS {prefix}c{column.place}"
        if kind_of(column.marks) is Kind.MIXED and not column.native:
            yield f"{alias}.k{column.place} AS {prefix}k{column.place}"
        if column.leads and not column.native:
            yield f"{alias}.o{column.place} AS {prefix}o{column.place}"
