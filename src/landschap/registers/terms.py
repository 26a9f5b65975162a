# SPDX-License-Identifier: EUPL-1.2
"""Terms as laws and selection lists have them: years, months, weeks and days from a day.

Source: ISO 8601, durations; Algemene termijnenwet for what is not done here: no term is moved
because its last day is a Sunday.
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
