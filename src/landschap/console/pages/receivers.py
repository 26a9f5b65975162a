# SPDX-License-Identifier: EUPL-1.2
"""Once a report led to a correction: who received the old value, and have them told.

Looking in the log for it is a use of the person's data, so it is recorded under the purpose of the
one who decides. No value stands in what others are told: only that they should ask again.
Source: AVG art. 19 ("kennisgevingsplicht").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import structlog

from landschap.fsc.store import peer_names
from landschap.gateway.correcting.receivers import Corrected, receivers_of
from landschap.gateway.correcting.store import (
    TooManyLines,
    corrected_field,
    duty_of,
    lines_about,
    numbers_of,
)
from landschap.gateway.correcting.telling import (
    correction_since,
    first_receipts,
    was_mended_after,
)
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.registers.models import ObjectType, Register
from landschap.registers.reports import Report
from landschap.registers.store.duties import Duty, queue
from landschap.registers.store.receivers import OldValue, Told, note_receivers, told_of
from landschap.vocabulary.identifiers import InvalidValue

if TYPE_CHECKING:
    from landschap.console.pages.context import ConsoleDeps
    from landschap.registers.api.cases import Case
    from landschap.registers.api.desk import Desk

log = structlog.get_logger(__name__)

_NO_ANSWER = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
DOING = "ontvangers van een gecorrigeerd gegeven opzoeken"


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who received what was wrong, for the pages of one process."""

    deps: ConsoleDeps

    @property
    def can_look(self) -> bool:
        """True where the log can be read and others can be reached."""
        deps = self.deps
        return None not in (deps.usage, deps.pseudonyms, deps.reaches)

    async def told(self, register: Register, report: Report) -> list[Told] | None:
        """Who received it and how far telling is; None while nobody looked."""
        return await told_of(self.deps.registers.pool, register, report.report_id)

    async def names(self) -> dict[str, str]:
        """Names of organisations by number."""
        if self.deps.usage is None:
            return {}
        try:
            return dict(await peer_names(self.deps.usage.fsc))
        except _NO_ANSWER as error:
            log.warning("names can not be read", error=type(error).__name__)
            return {}

    async def try_tell(self, desk: Desk, case: Case, register: Register, report: Report) -> bool:
        """As `tell`; False too when it can not be done now, which is told in the technical log."""
        try:
            return await self.tell(desk, case, register, report)
        except (*_NO_ANSWER, TooManyLines) as error:
            log.warning("receivers not looked up", error=type(error).__name__)
            return False

    async def tell(self, desk: Desk, case: Case, register: Register, report: Report) -> bool:
        """Look up who received the old value and queue telling them; False: nothing was corrected.

        Again does nothing twice: who was told is not told of the same correction again.
        """
        kind, pool = case.type, self.deps.registers.pool
        numbers = await numbers_of(pool, kind, report.object_id)
        fields = [
            await corrected_field(
                pool, self.deps.registers.registers, kind, report.object_id, path, numbers
            )
            for path in report.paths
        ]
        fields = [each for each in fields if was_mended_after(each, report.reported_at)]
        if not fields or not self.can_look:
            return False
        await desk.record(case, [report.object_id], [], doing=f"{kind.collection}: {DOING}",
                          also=numbers)  # fmt: skip
        duties = await self._duties(register, kind, report, fields, numbers)
        found = []
        for duty, since, certain in duties:
            reachable = await self._reaches(duty.peer)
            if reachable:
                await queue(pool, duty, datetime.now(UTC))
            found.append(
                OldValue(
                    peer=duty.peer,
                    since=since,
                    number=duty.notice.number,
                    reachable=reachable,
                    certain=certain,
                )
            )
        last = max(each.number for field in fields for each in field.assertions)
        await note_receivers(pool, report.report_id, last, found)
        return True

    async def _duties(
        self,
        register: Register,
        kind: ObjectType,
        report: Report,
        fields: list[Corrected],
        numbers: list[str],
    ) -> list[tuple[Duty, datetime, bool]]:
        """Per organisation what it is told of, since when it had it, and if that is certain."""
        assert self.deps.usage is not None  # noqa: S101  # `can_look` was asked
        own = self.deps.settings.organisation.oin.value
        lines = await lines_about(self.deps.usage.log, self._pseudonyms(kind, numbers))
        duties: dict[str, tuple[Duty, datetime, bool]] = {}
        for field in fields:
            receivers = receivers_of(lines, field, own)
            sure = {each.organisation for each in receivers if each.times}
            for peer, first in first_receipts(receivers, own).items():
                correction = correction_since(field, first)
                duty = duty_of(register, peer, correction, (kind, report.object_id))
                before = duties.get(peer, (duty, first, False))
                newest = max(before[0], duty, key=lambda each: each.notice.number)
                duties[peer] = newest, min(first, before[1]), before[2] or peer in sure
        return list(duties.values())

    def _pseudonyms(self, kind: ObjectType, numbers: list[str]) -> list[bytes]:
        assert self.deps.pseudonyms is not None  # noqa: S101  # `can_look` was asked
        own = self.deps.settings.organisation.oin
        sort = kind.subject.subject_kind if kind.subject else ""
        found = []
        for key in self.deps.pseudonyms.keys.values():
            for number in numbers:
                try:
                    found.append(subject_pseudonym(key, own, sort, number))
                except InvalidValue:
                    continue  # about nobody, so no line is about them
        return found

    async def _reaches(self, peer: str) -> bool:
        assert self.deps.reaches is not None  # noqa: S101  # `can_look` was asked
        return await self.deps.reaches(peer)
