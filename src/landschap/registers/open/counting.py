# SPDX-License-Identifier: EUPL-1.2
"""Published counts: which days they are about, and how they are told.

A count is told for the first day of a quarter only. With a count for every day, two of them that
differ by one would tell of one person who came or went.
Source: Hundepool et al., Statistical Disclosure Control, section 5.4 (differencing).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus

from landschap.registers.models import ObjectType
from landschap.registers.open.suppression import Table
from landschap.registers.open.terms import Count
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import parse_day

DAY = "peildatum"
_MONTHS = 3


def quarter_of(day: date) -> date:
    """The first day of the quarter of a day."""
    return date(day.year, day.month - (day.month - 1) % _MONTHS, 1)


def read_day(query: Mapping[str, str], today: date) -> date | Refusal:
    """The day a count is asked for; this quarter's first when none is named."""
    text = query.get(DAY)
    if text is None:
        return quarter_of(today)
    try:
        day = parse_day(text)
    except InvalidValue as error:
        return _wrong_day(str(error))
    if day != quarter_of(day):
        return _wrong_day("must be the first day of a quarter: 01-01, 04-01, 07-01 or 10-01")
    if day > today:
        return _wrong_day("lies in the future")
    return day


def groups_of(kind: ObjectType, path: str) -> tuple[str, ...]:
    """The groups of a count, as the store tells their values: those of the model."""
    values = kind.properties[path].schema.get("enum")
    if not isinstance(values, list):
        return ("true", "false")
    return tuple(str(value) for value in values if value is not None)


def per_group(kind: ObjectType, path: str, found: Mapping[str, int]) -> dict[str, int]:
    """What was counted, for every group there can be; what lies in none counts as unknown."""
    groups = groups_of(kind, path)
    counts = {group: found.get(group, 0) for group in groups}
    counts[UNKNOWN] = sum(count for value, count in found.items() if value not in groups)
    return counts


UNKNOWN = "onbekend"


def told(count: Count, kind: ObjectType, day: date, table: Table) -> dict[str, JsonValue]:
    """A table as it is published."""
    rows: list[JsonValue] = [
        {count.path: group, "aantal": number, "afgeschermd": number is None}
        for group, number in table.counts.items()
    ]
    return {
        "naam": count.name,
        "titel": count.title,
        "collectie": kind.collection,
        DAY: day.isoformat(),
        "kleinsteAantal": table.least,
        "totaal": table.total,
        "rijen": rows,
        "uitleg": f"Een aantal kleiner dan {table.least} is afgeschermd, en soms een groter "
        "aantal dat het kleine zou verraden.",
    }


def _wrong_day(words: str) -> Refusal:
    return Refusal(
        code="parameter.ongeldig",
        status=HTTPStatus.BAD_REQUEST,
        title="The question is not valid",
        detail=f"{DAY}: {words}.",
        extra={
            "errors": [
                {"in": "query", "location": {"name": DAY}, "code": "parameter.ongeldig",
                 "detail": words}
            ]
        },
    )  # fmt: skip
