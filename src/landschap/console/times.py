# SPDX-License-Identifier: EUPL-1.2
"""The two times of a question as people type them, turned into those of the registers' API.

A day on which something was known means the end of that day, as far as it is over: who asks what
was known on 25 February wants to see what came in during that day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from landschap.purposes.model import midnight
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import as_utc_text, parse_moment, read_typed_day

VALID, KNOWN, COMPARED = "geldigOp", "beschikbaarOp", "vergelijk"
KEYS = (VALID, KNOWN, COMPARED)
NOT_A_DAY = "Schrijf een bestaande datum als 24-11-2026"
NOT_A_MOMENT = "Schrijf een datum als 24-11-2026, of een tijdstip uit een link"
LATER = "Wat wij later weten, weten wij nu nog niet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What was asked; None is now. ``errors`` are words for the catalogue, by field."""

    valid_on: date | None
    known_at: datetime | None
    compared: datetime | None
    errors: Mapping[str, str]

    def query(self) -> dict[str, str]:
        """The parameters of the registers' API."""
        asked = {}
        if self.valid_on is not None:
            asked[VALID] = self.valid_on.isoformat()
        if self.known_at is not None:
            asked[KNOWN] = as_utc_text(self.known_at)
        return asked


def read_times(given: Mapping[str, str], now: datetime) -> Times:
    """The times in an address; what can not be read is told and left out."""
    errors: dict[str, str] = {}
    valid_on = None
    if text := given.get(VALID, "").strip():
        valid_on = read_typed_day(text)
        if valid_on is None:
            errors[VALID] = NOT_A_DAY
    moments = {name: _moment(given.get(name, ""), name, now, errors) for name in (KNOWN, COMPARED)}
    return Times(
        valid_on=valid_on, known_at=moments[KNOWN], compared=moments[COMPARED], errors=errors
    )


def end_of(day: date) -> datetime:
    """The last moment of a Dutch day."""
    return midnight(day + timedelta(days=1)) - timedelta(microseconds=1)


def _moment(text: str, name: str, now: datetime, errors: dict[str, str]) -> datetime | None:
    text = text.strip()
    if not text:
        return None
    day = read_typed_day(text)
    if day is not None and day < date.max:
        if midnight(day) > now:
            errors[name] = LATER
            return None
        return end_of(day) if end_of(day) < now else None
    try:
        moment = parse_moment(text)
    except InvalidValue:
        errors[name] = NOT_A_MOMENT
        return None
    if moment > now:
        errors[name] = LATER
        return None
    return moment
