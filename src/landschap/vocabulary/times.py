# SPDX-License-Identifier: EUPL-1.2
"""Days of the material axis and moments of the formal axis.

Days are calendar days in the Netherlands, moments are UTC. A moment written without an offset
is local time; in the hour that autumn repeats it is the first one.
Source: API strategy, temporal extension; house reading for the offset it leaves open.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from landschap.vocabulary.identifiers import InvalidValue

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_TYPED = (
    re.compile(r"(?P<d>[0-9]{1,2})[-/. ](?P<m>[0-9]{1,2})[-/. ](?P<y>[0-9]{4})"),
    re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2})(:[0-9]{2})?"
    r"(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


def parse_day(text: str) -> date:
    """Read a full, existing day ``YYYY-MM-DD``. Raises InvalidValue (2021-02-29, 1983-05-00)."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidValue("not a full, existing date; write it as YYYY-MM-DD")


def parse_moment(text: str) -> datetime:
    """Read an RFC 3339 moment to UTC; seconds may be absent, fractions beyond six are cut.

    Without offset it is Europe/Amsterdam. Raises InvalidValue, also for an hour that does not
    exist in March and for the offset -00:00, which says that it is not known where the clock stood.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise InvalidValue("not a moment; write it as YYYY-MM-DDThh:mm:ss+hh:mm")
    day, clock, seconds, fraction, offset = match.groups()
    if offset == "-00:00":
        raise InvalidValue("not a known offset; write Z or +00:00")
    micro = (fraction or "")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{seconds or ':00'}.{micro}")
        if offset is None:
            return _local_to_utc(moment)
        zone = "+00:00" if offset in "Zz" else offset
        return datetime.fromisoformat(f"{moment.isoformat()}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, InvalidValue):
            raise
        raise InvalidValue("not an existing moment") from None


def _local_to_utc(moment: datetime) -> datetime:
    local = moment.replace(tzinfo=AMSTERDAM, fold=0)
    utc = local.astimezone(UTC)
    if utc.astimezone(AMSTERDAM).replace(tzinfo=None) != moment:
        raise InvalidValue("this hour does not exist: the clock went forward")
    return utc


def as_utc_text(moment: datetime) -> str:
    """The moment in UTC as RFC 3339 with ``Z``; microseconds only when they are not zero."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def amsterdam_day(moment: datetime) -> date:
    """The calendar day in the Netherlands at this moment."""
    return moment.astimezone(AMSTERDAM).date()


def read_typed_day(text: str) -> date | None:
    """A day as people type it, ``24-11-2026`` or ``2026-11-24``; None when it is none."""
    match = next((found for form in _TYPED if (found := form.fullmatch(text.strip()))), None)
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"])) if match else None
    except ValueError:
        return None


def typed_day(day: date) -> str:
    """The day as people type it."""
    return f"{day.day:02}-{day.month:02}-{day.year}"
