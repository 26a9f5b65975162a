# SPDX-License-Identifier: EUPL-1.2
"""A quarterly report as it is kept: numbers and names of organisations and rules, never of persons.

A number that counts persons, or what they did, is not told while it is from one to nine: few in a
small municipality are known. Zero is told, for it is about nobody. There is no total from which
such a number could be had by subtraction.
Source: Logboek Dataverwerkingen digest, "Transparency for board and public".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from landschap.logboek.accounts import LEAST_SUBJECTS, last_quarter, quarter_of
from landschap.vocabulary.times import amsterdam_day

FORM = 1
# What is counted, in order; True: it is about persons, so that a small number is not told.
NUMBERS: Mapping[str, bool] = {
    "corrections_asked": True,
    "corrections_open": True,
    "corrections_overdue": True,
    "corrections_oldest_days": False,
    "access_asked": True,
    "access_open": True,
    "access_overdue": True,
    "consents_given": True,
    "consents_withdrawn": True,
    "incidents": False,
    "incidents_told_late": False,
    "emergencies": False,
    "emergencies_unjudged": False,
    "unused_permissions": False,
    "unused_contracts": False,
    "held_back": False,
    "held_back_oldest_days": False,
    "disclosure_holds": False,
    "disclosure_holds_oldest_days": False,
    "disclosure_holds_unreviewed": False,
    "retention_holds": False,
    "retention_holds_oldest_days": False,
    "verifications": False,
    "chain_breaks": False,
    "outages": False,
    "outage_minutes": False,
}


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Data of how many persons a party got for one activity; without numbers when suppressed."""

    laws: tuple[str, ...]
    activity: str
    activity_nl: str
    activity_en: str
    party: str
    party_name: str
    uses: int | None
    subjects: int | None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """How often questions were refused with one code; None when suppressed."""

    code: str
    times: int | None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How the services of the organisation stand to one standard, as it was when it was made.

    ``states`` counts services by state; ``differs`` are the explanations of those that do not
    conform. ``duty`` and ``from_day`` are those of that day.
    """

    standard: str
    name: str
    duty: str
    from_day: str
    states: Mapping[str, int]
    explained: int


class QuarterReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is told of a quarter. ``before`` are the numbers of the quarter before it,
    as they were told then; empty when nothing was kept of it.

    ``is_whole`` is False when it was made before the quarter was over. A number of which nothing is
    known is absent, one that is suppressed is None.
    """

    form: int = FORM
    quarter: str
    since: str
    until: str
    made_at: str
    is_whole: bool
    oin: str
    organisation: str
    register: str
    numbers: Mapping[str, int | None]
    before: Mapping[str, int | None]
    receivers: tuple[Received, ...]
    refusals: tuple[Refused, ...]
    unused: tuple[str, ...]
    standards: tuple[Kept, ...] = ()


def few(count: int) -> int | None:
    """The count as it may be told: None from one to nine."""
    return None if 0 < count < LEAST_SUBJECTS else count


def told(counted: Mapping[str, int]) -> dict[str, int | None]:
    """Numbers by name, in order, as they may be told. Raises KeyError for one without a rule."""
    unknown = sorted(counted.keys() - NUMBERS.keys())
    if unknown:
        raise KeyError(", ".join(unknown))
    return {
        name: few(counted[name]) if about_persons else counted[name]
        for name, about_persons in NUMBERS.items()
        if name in counted
    }


def refused_of(counts: Iterable[tuple[str, int]]) -> tuple[Refused, ...]:
    """Refusals by code as they may be told, the most first; those that are suppressed by name."""
    found = [Refused(code=code, times=few(times)) for code, times in counts if times]
    return tuple(sorted(found, key=lambda each: (-(each.times or 0), each.code)))


def quarter_before(quarter: str) -> str:
    """The quarter before ``2026-Q4``. Raises InvalidValue for another form."""
    return last_quarter(quarter_of(quarter)[0])


def quarters_until(now: datetime, count: int) -> list[str]:
    """The present quarter and those before it, the present one first."""
    day = amsterdam_day(now)
    found = [f"{day.year}-Q{(day.month - 1) // 3 + 1}"]
    while len(found) < count:
        found.append(quarter_before(found[-1]))
    return found


def days_since(moments: Iterable[datetime], at: datetime) -> int:
    """How many whole days ago the first of these is; 0 without any."""
    first = min(moments, default=at)
    return max(0, (at - first).days)


def content_of(report: QuarterReport) -> str:
    """The one text of a report: JSON with its names in order."""
    return msgspec.json.Encoder(order="sorted").encode(report).decode()


def read_content(text: str) -> QuarterReport:
    """The report in a text that was kept. Raises ValueError when it is none."""
    return msgspec.json.decode(text, type=QuarterReport)


def digest_of(text: str) -> bytes:
    """SHA-256 over the bytes of the text: by this a copy shows that it is what was made."""
    return hashlib.sha256(text.encode()).digest()


def period_of(quarter: str, made_at: datetime) -> tuple[datetime, datetime, bool]:
    """Begin and end of what can be counted, and whether that is the whole quarter.

    Raises InvalidValue for another form than ``2026-Q4``.
    """
    since, until = quarter_of(quarter)
    return since, min(until, made_at), until <= made_at
