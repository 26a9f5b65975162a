# SPDX-License-Identifier: EUPL-1.2
"""A register of our own as a source: rows as of the day and the moment of the question.

The moment is translated once per answer and register to a state of knowledge; all questions of
that answer use the same one, so a write in between is seen by all of them or by none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import cast

import asyncpg

from landschap.integration.access import RegisterAccess
from landschap.integration.rows import Question, Reason, Row, SourceFailed, at_path
from landschap.registers.deriving import following_from, with_derived
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.periods import Certainty, shown
from landschap.registers.questions import AsOf, Found, Match
from landschap.registers.store import as_of, known_at
from landschap.registers.timeline import Known
from landschap.registers.views import narrowed
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.times import as_utc_text


class RegisterConnector:
    """Asks one object type of one register by id or by one searchable path."""

    def __init__(self, access: RegisterAccess, registers: Registers, pool: asyncpg.Pool) -> None:
        self._register: Register = registers.by_name[access.register]
        self._type: ObjectType = registers.type(access.register, access.object_type)
        self._pool = pool
        # A plan asks the same columns for every question, so there are few of these.
        self._views: dict[frozenset[str], ObjectType] = {}

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows of all keys in one statement. Raises SourceFailed."""
        try:
            found = await as_of(
                self._pool,
                AsOf(
                    type=self._seen(question),
                    wanted=self._wanted(question),
                    valid_on=question.moment.valid_on,
                    known=await self._known(question),
                ),
            )
        except ProblemError:
            raise SourceFailed(Reason.TOO_LARGE) from None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            raise SourceFailed(Reason.UNREACHABLE) from None
        return [row_of_found(one, question.columns, question.moment.valid_on) for one in found]

    def _seen(self, question: Question) -> ObjectType:
        """The type as far as it is asked: what no plan needs does not leave the register."""
        asked = frozenset(name.partition(".")[0] for name in (*question.columns, question.by))
        if asked not in self._views:
            self._views[asked] = narrowed(self._type, asked)
        return self._views[asked]

    def _wanted(self, question: Question) -> Sequence[str] | Match:
        if question.by == self._type.identification:
            return question.keys
        return Match(question.by, question.keys)

    async def _known(self, question: Question) -> Known:
        name = f"register {self._register.name}"
        task = question.shared.get(name)
        if task is None:
            task = asyncio.ensure_future(self._ask_known(question))
            question.shared[name] = task
        # Shielded: who runs out of time must not take the state of knowledge from the others.
        return await asyncio.shield(cast("asyncio.Future[Known]", task))

    async def _ask_known(self, question: Question) -> Known:
        moment = question.moment
        asked = None if moment.now else moment.known_at
        return await known_at(self._pool, self._register, datetime.now(UTC), asked)


def row_of_found(found: Found, columns: Sequence[str], day: date) -> Row:
    """What a register holds of one object, as a row with these columns."""
    history, derived = found.history, found.type.derived
    content = with_derived(found.content, derived, day, day) if derived else found.content
    return Row(
        id=found.object_id,
        values={column: at_path(content, column) for column in columns},
        begin=shown(history.period.begin),
        end=shown(history.period.end),
        registered=as_utc_text(history.registered_at),
        clock=history.clock.value,
        certain=history.certainty is Certainty.CERTAIN,
        doubts=(*history.doubts, *sorted(following_from(derived, history.doubts))),
    )
