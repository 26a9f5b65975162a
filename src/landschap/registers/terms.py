# SPDX-License-Identifier: EUPL-1.2
"""Terms as laws and selection lists have them: years, months, weeks and days from a day.

Source: ISO 8601, durations; Algemene termijnenwet, which `due` obeys and the others do not: a term
of keeping is not moved because its last day is a Sunday.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from landschap.registers.periods import BEGINNING, OPEN
from landschap.vocabulary.identifiers import InvalidValue

DURATION = r"P(?=[0-9])(?:[0-9]{1,4}Y)?(?:[0-9]{1,3}M)?(?:[0-9]{1,3}W)?(?:[0-9]{1,4}D)?"
_PARTS = re.compile(r"([0-9]+)([YMWD])")


def after(day: date, term: str) -> date:
    """The day a term after another; 29 February and the like become the last of their month.

    A day beyond the year 9999 is the open end: never. Raises InvalidValue.
    """
    return _moved(day, term, 1) or OPEN


def before(day: date, term: str) -> date:
    """The day a term before another, by the same rule. Raises InvalidValue."""
    return _moved(day, term, -1) or BEGINNING


def due(day: date, term: str) -> date:
    """The last day of a term within which something must be done: never a day off.

    Raises InvalidValue. Source: Algemene termijnenwet, art. 1 lid 1 and art. 3 lid 1 and 2.
    """
    last = after(day, term)
    while last < OPEN and is_day_off(last):
        last += timedelta(days=1)
    return last


def is_day_off(day: date) -> bool:
    """Saturday, Sunday, or a day that is generally recognised as a holiday."""
    if day.weekday() >= calendar.SATURDAY:
        return True
    kings_day = 26 if date(day.year, 4, 27).weekday() == calendar.SUNDAY else 27
    fixed = {(1, 1), (4, kings_day), (5, 5), (12, 25), (12, 26)}
    # Good Friday, Easter Monday, Ascension Day, Whit Monday.
    since_easter = (day - _easter(day.year)).days
    return (day.month, day.day) in fixed or since_easter in (-2, 1, 39, 50)


def _easter(year: int) -> date:
    """Easter Sunday, by the anonymous Gregorian computus."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (8 * century + 13) // 25 + 15) % 30
    lead = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    back = (golden + 11 * epact + 22 * lead) // 451
    month, day = divmod(epact + lead - 7 * back + 114, 31)
    return date(year, month, day + 1)


def _moved(day: date, term: str, way: int) -> date | None:
    if not re.fullmatch(DURATION, term):
        raise InvalidValue("not a term; write it as P10Y, P6M or P1Y6M")
    parts = {unit: way * int(number) for number, unit in _PARTS.findall(term)}
    months = day.year * 12 + day.month - 1 + parts.get("Y", 0) * 12 + parts.get("M", 0)
    year, month = divmod(months, 12)
    try:
        last = calendar.monthrange(year, month + 1)[1]
        moved = date(year, month + 1, min(day.day, last))
        return moved + timedelta(weeks=parts.get("W", 0), days=parts.get("D", 0))
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        return None
