# SPDX-License-Identifier: EUPL-1.2
"""Who and what a data breach is about: gathered from what was carried, counted, put in rows.

A person stands here as pseudonym and key number; only who holds that key and knows the number of
the person can tell whether they are the same. Source: AVG, art. 33 and 34.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from landschap.logboek.pseudonyms import as_subject_id
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

TERM = timedelta(hours=72)
"""After it became known, within which the authority is told. Source: AVG, art. 33 (1)."""
MAX_ROWS = 2_000_000
COLUMNS = (
    *("controller", "receiver", "onBehalfOf", "service", "subject", "key"),
    *("dataGroups", "fields", "uses", "first", "last"),
)


class TooMuch(ValueError):
    """More different rows than are kept in memory at once: a shorter period is wanted."""


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """One person in one service, as one receiver got it for one controller.

    ``fields`` are those that the decisions showed, ``data_groups`` what the source said it used.
    """

    controller: str
    receiver: str
    on_behalf_of: str
    service: str
    subject: bytes
    key_id: int | None
    data_groups: tuple[str, ...]
    fields: tuple[str, ...]


class Seen(msgspec.Struct):
    """How often, and when."""

    uses: int
    first: datetime
    last: datetime


class Questions(msgspec.Struct):
    """Questions that got through, of which nobody said whom they were about, and what was shown."""

    carried: int = 0
    without_persons: int = 0
    fields: dict[str, int] = {}


class Scope:
    """The scope of an incident, built up stretch by stretch."""

    def __init__(self) -> None:
        self.rows: dict[Touched, Seen] = {}
        self.questions = Questions()

    def add(self, touched: Touched, seen: Seen) -> None:
        """Count what one stretch of time found. Raises TooMuch beyond two million rows."""
        known = self.rows.get(touched)
        if known is not None:
            known.uses += seen.uses
            known.first, known.last = min(known.first, seen.first), max(known.last, seen.last)
            return
        if len(self.rows) >= MAX_ROWS:
            raise TooMuch("over two million rows")
        self.rows[touched] = seen

    def asked(self, carried: int, without_persons: int, fields: Iterable[tuple[str, int]]) -> None:
        """Count the questions of one stretch, and how many of them showed each field."""
        self.questions.carried += carried
        self.questions.without_persons += without_persons
        for field, number in fields:
            self.questions.fields[field] = self.questions.fields.get(field, 0) + number

    def persons(self) -> int:
        """How many different pseudonyms; a person counts once for each key in use meanwhile."""
        return len({(row.key_id, row.subject) for row in self.rows})

    def body(self) -> dict[str, JsonValue]:
        """The scope in numbers, per controller, receiver and service."""
        groups: dict[tuple[str, str, str, str], tuple[set[tuple[int | None, bytes]], list[int]]]
        groups = {}
        for row, seen in self.rows.items():
            place = (row.controller, row.receiver, row.on_behalf_of, row.service)
            persons, uses = groups.setdefault(place, (set(), []))
            persons.add((row.key_id, row.subject))
            uses.append(seen.uses)
        counted: list[JsonValue] = [
            {
                **dict(zip(COLUMNS[:4], place, strict=True)),
                "persons": len(persons),
                "uses": sum(uses),
            }
            for place, (persons, uses) in sorted(groups.items())
        ]
        groups_used = sorted({group for row in self.rows for group in row.data_groups})
        return {
            "persons": self.persons(),
            "questions": self.questions.carried,
            "questionsWithoutPersons": self.questions.without_persons,
            "dataGroups": list(groups_used),
            "fields": dict(sorted(self.questions.fields.items())),
            "perController": counted,
        }

    def table(self) -> Iterator[tuple[str, ...]]:
        """The exact list, one row per person, receiver, service and kind of content; in order."""
        yield COLUMNS
        for row in sorted(self.rows, key=_order):
            seen = self.rows[row]
            yield (
                *(row.controller, row.receiver, row.on_behalf_of, row.service),
                as_subject_id(row.subject),
                "" if row.key_id is None else str(row.key_id),
                *(" ".join(row.data_groups), " ".join(row.fields), str(seen.uses)),
                *(as_utc_text(seen.first), as_utc_text(seen.last)),
            )


def _order(row: Touched) -> tuple[object, ...]:
    place = (row.controller, row.receiver, row.on_behalf_of, row.service)
    return (*place, row.subject, row.key_id or 0, row.data_groups, row.fields)


def due(discovered: datetime) -> datetime:
    """Until when the authority can be told in time. Source: AVG, art. 33 (1)."""
    return discovered + TERM
