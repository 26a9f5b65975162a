# SPDX-License-Identifier: EUPL-1.2
"""Whether anything is off these days: refusals by reason and by hour. Nobody is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from landschap.logboek.records import Record
from landschap.vocabulary.times import AMSTERDAM

NO_PURPOSE = frozenset(
    {"declaration_missing", "purpose_missing", "purpose_unknown", "contract_without_purpose"}
)
PEAK = 10
"""From so many refusals within one hour outside office hours on, that hour is a peak."""
_MOST_PEAKS = 24
_FIRST_HOUR, _LAST_HOUR, _SATURDAY = 7, 19, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Refusals counted: by code, the most first; by hour of the day in the Netherlands.

    ``outside`` are those before seven, from seven in the evening, and in a weekend; ``no_purpose``
    those of a question without a purpose that counts. ``peaks`` are the hours among ``outside``
    with `PEAK` refusals or more, by their beginning, the latest first, 24 at most. ``since`` is
    the moment of the oldest refusal.
    """

    codes: tuple[tuple[str, int], ...]
    hours: tuple[int, ...]
    outside: int
    peaks: tuple[tuple[datetime, int], ...]
    no_purpose: int
    total: int
    since: datetime | None

    def bars(self, height: int) -> list[int]:
        """The height of a bar per hour; what happened is at least one high."""
        most = max(self.hours, default=0) or 1
        return [max(1, count * height // most) if count else 0 for count in self.hours]


def overview_of(records: Iterable[Record]) -> Overview:
    """The refusals in these records; what was permitted is left out."""
    codes: Counter[str] = Counter()
    hours, since = [0] * 24, None
    outside: Counter[datetime] = Counter()
    for record in records:
        code = _refused(record)
        if code is None:
            continue
        at = record.columns.at.astimezone(AMSTERDAM)
        codes[code] += 1
        hours[at.hour] += 1
        if at.weekday() >= _SATURDAY or not _FIRST_HOUR <= at.hour < _LAST_HOUR:
            outside[_hour_of(record.columns.at)] += 1
        since = min(since or record.columns.at, record.columns.at)
    return Overview(
        codes=tuple(codes.most_common()),
        hours=tuple(hours),
        outside=outside.total(),
        peaks=_peaks(outside),
        no_purpose=sum(codes[each] for each in NO_PURPOSE),
        total=codes.total(),
        since=since,
    )


def _hour_of(at: datetime) -> datetime:
    """The beginning of its hour; here an hour begins when it does in UTC."""
    return at - timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _peaks(outside: Mapping[datetime, int]) -> tuple[tuple[datetime, int], ...]:
    found = ((hour, count) for hour, count in outside.items() if count >= PEAK)
    return tuple(sorted(found, reverse=True)[:_MOST_PEAKS])


def _refused(record: Record) -> str | None:
    """The code of a refusal; None for anything else."""
    adl = _map(record.content().get("adl"))
    response = _map(_map(adl.get("body")).get("adl.core.response"))
    if response.get("decision") is not False:
        return None
    return str(_map(response.get("context")).get("code") or "-")


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
