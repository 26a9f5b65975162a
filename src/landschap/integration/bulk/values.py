# SPDX-License-Identifier: EUPL-1.2
"""A cell between two engines: a kind and a text, so that nothing is lost or guessed on the way.

A source gives JSON: texts, whole numbers, fractions, yes or no, and what is composed of these. A
column of a set has one kind. Where the values of a source differ in kind the column is `MIXED`,
and a mark per cell says what it was: ``5`` is never taken for ``"5"``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from landschap.vocabulary.ijson import JsonValue

_MOST = 2**63 - 1


class Kind(StrEnum):
    """What a column holds. ``TEXTS`` is a list of texts, ``JSON`` any value written as JSON."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXTS = "texts"
    JSON = "json"
    MIXED = "mixed"


# The mark of a cell: text, whole number, fraction, yes or no, composed.
TEXT, WHOLE, FRACTION, YES_NO, COMPOSED = "s", "i", "f", "b", "j"
BOOLEAN_TEXT = "true"
NUMERIC = frozenset({WHOLE, FRACTION})
_KIND_OF = {TEXT: Kind.TEXT, WHOLE: Kind.INTEGER, YES_NO: Kind.BOOLEAN}


@dataclass(frozen=True, slots=True)
class Cell:
    """A column as SQL: its kind, its value, and of a mixed one the mark of each cell.

    Of a mixed column ``sql`` is the text of the cell (JSON of what is composed), ``marks`` those
    that stand in it.
    """

    kind: Kind
    sql: str
    mark: str = ""
    marks: frozenset[str] = frozenset()


def marked(value: JsonValue) -> tuple[str | None, str | None]:
    """Mark and text of a value; both None for null.

    The text of a scalar is what conversions read of it.
    """
    match value:
        case None:
            return None, None
        case str():
            return TEXT, value
        case bool():
            return YES_NO, "true" if value else "false"
        case int() if abs(value) <= _MOST:
            return WHOLE, str(value)
        case float() if isfinite(value):
            return FRACTION, str(value)
    return COMPOSED, json.dumps(value, ensure_ascii=False)


def value_of(mark: str | None, text: str | None) -> JsonValue:
    """The value that `marked` wrote down."""
    if mark is None or text is None:
        return None
    match mark:
        case "i":
            return int(text)
        case "f":
            return float(text)
        case "b":
            return text == "true"
        case "j":
            found: JsonValue = json.loads(text)
            return found
    return text


def kind_of(marks: Iterable[str]) -> Kind:
    """The kind of a column in which these marks stand; of an empty one text."""
    found = frozenset(marks)
    if len(found) <= 1:
        return _KIND_OF.get(next(iter(found), TEXT), Kind.MIXED)
    return Kind.MIXED


def sorted_by(cell: Cell) -> tuple[str, str, str]:
    """When a value is a number, how large it then is, and its text where it is none."""
    match cell.kind:
        case Kind.TEXT:
            return "", "", cell.sql
        case Kind.INTEGER:
            return f"{cell.sql} IS NOT NULL", cell.sql, ""
        case Kind.BOOLEAN:
            return f"{cell.sql} IS NOT NULL", f"CASE WHEN {cell.sql} THEN 1 ELSE 0 END", ""
    is_number = f"{cell.mark} IN ('i', 'f', 'b')"
    number = f"TRY_CAST({cell.sql} AS DOUBLE)"
    size = f"CASE {cell.sql} WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 ELSE {number} END"
    return f"({cell.sql} IS NOT NULL AND {is_number})", size, cell.sql
