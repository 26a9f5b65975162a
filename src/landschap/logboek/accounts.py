# SPDX-License-Identifier: EUPL-1.2
"""What board and council are told of a quarter: uses and persons per activity and other party.

A cell that tells of fewer than ten persons tells no number: neither the persons nor the uses, for
few uses betray few persons. There are no totals either, from which a cell could be subtracted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import AMSTERDAM, amsterdam_day

LEAST_SUBJECTS = 10
"""A cell about fewer persons is suppressed."""
_QUARTER = re.compile(r"([0-9]{4})-?Q([1-4])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How often data of how many persons was used for one activity, by or from one party.

    ``direction`` is ``own``, ``incoming`` (given to the party) or ``outgoing`` (asked from it).
    ``subjects`` counts different pseudonyms under one key: at least so many persons. ``uses`` and
    ``subjects`` may both be None: suppressed.
    """

    activity: str
    direction: str
    party: str
    uses: int | None
    subjects: int | None

    @property
    def is_suppressed(self) -> bool:
        """True when the numbers are not told."""
        return self.subjects is None

    def as_json(self) -> dict[str, JsonValue]:
        """For a program; what is suppressed is null."""
        return {
            "activity": self.activity,
            "direction": self.direction,
            "party": self.party or None,
            "uses": self.uses,
            "subjects": self.subjects,
            "suppressed": self.is_suppressed,
        }


def suppressed(cell: Reached) -> Reached:
    """The cell as it may be told: without numbers when it is about too few persons.

    Rule: fewer than ten different persons, or unknown how many, is suppressed.
    """
    if cell.subjects is not None and cell.subjects >= LEAST_SUBJECTS:
        return cell
    return Reached(
        activity=cell.activity,
        direction=cell.direction,
        party=cell.party,
        uses=None,
        subjects=None,
    )


def quarter_of(text: str) -> tuple[datetime, datetime]:
    """The begin and the end (not included) of ``2026-Q4``, on the clock of the Netherlands.

    Raises InvalidValue for another form.
    """
    match = _QUARTER.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= 9998:
        raise InvalidValue("a quarter is written as 2026-Q4")
    year, number = int(match[1]), int(match[2])
    begin = datetime(year, 3 * number - 2, 1, tzinfo=AMSTERDAM)
    after = (year + 1, 1) if number == 4 else (year, 3 * number + 1)
    return begin, datetime(*after, 1, tzinfo=AMSTERDAM)


def last_quarter(now: datetime) -> str:
    """The quarter before the one of this moment, in the form of `quarter_of`."""
    day = amsterdam_day(now)
    number = (day.month - 1) // 3
    return f"{day.year}-Q{number}" if number else f"{day.year - 1}-Q4"
