# SPDX-License-Identifier: EUPL-1.2
"""The usual answers about one object, from rows as they stand in the database.

What an answer consists of is worked out once per type and permitted fields (`Plan`); a row then
becomes an answer without a value object for every step. The rules are those of `questions` and
`answering`, and a test holds the answers equal byte for byte. Whatever is unusual (doubt, a begin
that is partly unknown, something destroyed or taken over) gives None: it is answered there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from landschap.registers.answering import cut
from landschap.registers.models import ObjectType
from landschap.registers.periods import shown
from landschap.registers.timeline import DOUBT_PREFIX, Clock, Known
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

Row = Mapping[str, Any]
_CONTENTS: Callable[[str], list[dict[str, JsonValue]]] = msgspec.json.Decoder().decode
_CONTENT: Callable[[str], dict[str, JsonValue]] = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a type is answered under a permit: what is read (a view), what is delivered of it.

    ``with_corrections`` tells which assertion was corrected.
    """

    kind: ObjectType
    leaves: frozenset[str]
    with_corrections: bool

    @property
    def can_answer(self) -> bool:
        """True for types whose answers need no more than the rows of the moment."""
        kind = self.kind
        geometry = kind.geometry
        return not (
            kind.incomplete_dates
            or kind.migrations
            or not self.leaves.isdisjoint(kind.derived)
            or (geometry is not None and self.leaves & kind.leaves(geometry.name))
        )


class Told(NamedTuple):
    """One object as it is told: its content, its body, and by which assertion."""

    content: Mapping[str, JsonValue]
    body: dict[str, JsonValue]
    number: int
    registered_at: datetime


def told_now(plan: Plan, object_id: str, rows: Sequence[Row], known: Known) -> Told | None:
    """The answer without history, from the rows of the projection on one day."""
    if len(rows) == 1 and rows[0]["groep"] in plan.kind.group_schemas:
        latest = rows[0]
        return _told(plan, object_id, rows, latest, latest["volgnummer"], known.clock)
    values = _values(plan, rows)
    if not values:
        return None
    latest = max(values, key=lambda row: _rank(row, known.clock))
    number = max(row["volgnummer"] for row in values)
    return _told(plan, object_id, values, latest, number, known.clock)


def told_then(
    plan: Plan, object_id: str, rows: Sequence[Row], known: Known, day: date
) -> Told | None:
    """The answer with its history, from everything asserted and known, on our own clock."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row["groep"] not in plan.kind.group_schemas or row["valid_from_source"] is not None:
            return None
        groups.setdefault(row["groep"], []).append(row)
    values: list[Row] = []
    begin, end = date.min, date.max
    for group in sorted(groups):
        asserted = groups[group]
        covering = [row for row in asserted if row["valid_from"] <= day < row["valid_to"]]
        if not covering:
            continue
        value = max(covering, key=_number)
        if value["inhoud"] is None:
            continue
        values.append(value)
        first, last = _stretch(value, asserted, day)
        begin, end = max(begin, first), min(end, last)
    if not values:
        return None
    latest = max(values, key=_number)
    if '"overnames"' in latest["bron"]:
        return None
    told = _told(plan, object_id, values, latest, latest["volgnummer"], known.clock)
    history = _history(plan, latest, known, day, (begin, end))
    return told._replace(body={**told.body, "historie": history})


def bodies_now(plan: Plan, ids: Sequence[str], contents: str) -> list[JsonValue]:
    """The bodies without history of objects of a type with one group, in the order of the ids."""
    name, found = plan.kind.identification, _CONTENTS(contents)
    return [
        _cut(plan, {name: object_id, **content})
        for object_id, content in zip(ids, found, strict=True)
    ]


def _cut(plan: Plan, content: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return content if content.keys() <= plan.leaves else cut(content, plan.leaves)


def _values(plan: Plan, rows: Sequence[Row]) -> list[Row]:
    """The rows that hold values, in order of group; none when there is something unusual."""
    kept = [row for row in rows if not row["groep"].startswith(DOUBT_PREFIX)]
    if any(row["groep"] not in plan.kind.group_schemas for row in kept):
        return []
    return sorted(kept, key=lambda row: str(row["groep"]))


def _told(
    plan: Plan, object_id: str, values: Sequence[Row], latest: Row, number: int, clock: Clock
) -> Told:
    content: dict[str, JsonValue] = {plan.kind.identification: object_id}
    for row in values:
        content.update(_CONTENT(row["inhoud"]))
    return Told(content, _cut(plan, content), number, _moment(latest, clock))


def _moment(row: Row, clock: Clock) -> datetime:
    """As `Assertion.moment`."""
    told: datetime | None = None
    if clock is Clock.SOURCE:
        told = row["source_registered_at"]
    return told or row["registered_at"]


def _rank(row: Row, clock: Clock) -> tuple[datetime | int, int]:
    """As `Known.rank`."""
    number: int = row["volgnummer"]
    return (_moment(row, clock) if clock is Clock.SOURCE else 0, number)


def _number(row: Row) -> int:
    number: int = row["volgnummer"]
    return number


def _stretch(value: Row, asserted: Sequence[Row], day: date) -> tuple[date, date]:
    """The days around one on which nothing that was asserted later speaks."""
    begin, end, number = value["valid_from"], value["valid_to"], value["volgnummer"]
    for row in asserted:
        if row["volgnummer"] > number:
            if row["valid_to"] <= day:
                begin = max(begin, row["valid_to"])
            else:
                end = min(end, row["valid_from"])
    return begin, end


def _history(
    plan: Plan, row: Row, known: Known, day: date, period: tuple[date, date]
) -> dict[str, JsonValue]:
    """As `History.as_json`, of a certain answer that nobody doubts."""
    told: dict[str, JsonValue] = {
        "geldigOp": day.isoformat(),
        "beschikbaarOp": as_utc_text(known.moment),
        "klok": known.clock.value,
        "beginGeldigheid": shown(period[0]),
        "eindGeldigheid": shown(period[1]),
        "tijdstipRegistratie": as_utc_text(_moment(row, known.clock)),
        "volgnummer": row["volgnummer"],
        "soort": row["soort"],
        "zekerheid": "zeker",
        "inOnderzoek": [],
    }
    if plan.with_corrections:
        told["corrigeert"] = row["corrigeert"]
    return told
