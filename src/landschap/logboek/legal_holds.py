# SPDX-License-Identifier: EUPL-1.2
"""What is kept although its term is over, and which months of the log may go.

Lines are held for a court, an objection or an inquiry (a legal hold), or because somebody asked for
access and has no answer yet. The log destroys whole months, so a month with one line that is held
stays whole.
Source: AVG art. 5 lid 1 onder e, art. 15, art. 17 lid 3 onder e, art. 18 lid 1 onder c.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Ground(StrEnum):
    """Why lines are held."""

    LEGAL_HOLD = "legal_hold"
    ACCESS_REQUEST = "access_request"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is held: of a person, under an activity, of acts in a period, or all of these at once.

    ``subjects`` are the pseudonyms of one person, one per living key. ``since`` belongs to the
    period, ``until`` does not. What is None does not narrow.
    """

    subjects: tuple[bytes, ...] | None = None
    activity: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class LegalHold(msgspec.Struct, frozen=True, kw_only=True):
    """One hold; ``ended_at`` is None while it is in force. ``approved_by`` is of a legal hold."""

    hold_id: UUID
    ground: Ground
    about: About
    reason: str
    placed_by: str
    approved_by: str | None
    placed_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    @property
    def stands(self) -> bool:
        """True while it is in force."""
        return self.ended_at is None


class EndedMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A month of which the log's own term is over, since ``ends``.

    ``activities`` are those that occur in it; ``holds`` are the holds on something in it.
    """

    month: date
    ends: datetime
    activities: tuple[str, ...]
    holds: tuple[UUID, ...]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a month may go: ``until`` is when the longest known term in it ends."""

    month: date
    until: datetime
    holds: tuple[UUID, ...] = ()
    unknown: tuple[str, ...] = ()

    def is_due(self, now: datetime) -> bool:
        """True when nothing keeps it."""
        return not self.holds and not self.unknown and self.until <= now


def judged(month: EndedMonth, ends: Mapping[str, datetime]) -> Verdict:
    """Whether a month may go. ``ends`` says when the term of each known activity ends for it.

    An activity of which no term is known keeps the month: what is destroyed does not come back.
    """
    unknown: Sequence[str] = [each for each in month.activities if each not in ends]
    known = [ends[each] for each in month.activities if each in ends]
    return Verdict(
        month=month.month,
        until=max([month.ends, *known]),
        holds=month.holds,
        unknown=tuple(unknown),
    )
