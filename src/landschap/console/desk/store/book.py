# SPDX-License-Identifier: EUPL-1.2
"""What the portal asks of the desk, for one process: whether a visit lasts, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from landschap.console.desk import store
from landschap.platform.departures import by_session, by_subject, has_departed
from landschap.vocabulary.desk import AtDesk, Done

ENDED = "klaar"


@dataclass(frozen=True, slots=True)
class Book:
    """The visits, for the portal; ``issuer`` is where employees log in."""

    pool: asyncpg.Pool
    issuer: str

    async def goes_on(self, at: AtDesk, /) -> bool:
        """True while the visit lasts and its employee is logged in and works here."""
        accounts = [by_subject(at.employee), *([by_session(at.login)] if at.login else [])]
        if await has_departed(self.pool, self.issuer, accounts, at.since):
            await store.end_visit(self.pool, at.visit, "uitgelogd", datetime.now(UTC))
            return False
        return await store.goes_on(self.pool, at, datetime.now(UTC))

    async def note(self, at: AtDesk, kind: str, reference: UUID, about: str, /) -> None:
        """Write down what was done; twice is once."""
        await store.note_deed(self.pool, at.visit, kind, reference, about)

    async def done(self, at: AtDesk, /) -> Sequence[Done]:
        """What was done in this visit, the latest first."""
        return [
            Done(kind=each.kind, reference=each.reference, about=each.about, at=each.at)
            for each in await store.deeds(self.pool, at.visit)
        ]

    async def end(self, at: AtDesk, /) -> None:
        """End the visit; ending it twice changes nothing."""
        await store.end_visit(self.pool, at.visit, ENDED, datetime.now(UTC))
