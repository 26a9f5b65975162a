# SPDX-License-Identifier: EUPL-1.2
"""The uses of one person's data, as that person sees them, and those that are held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from landschap.console.officers.store import PersonQuestion
from landschap.console.pages.context import ConsoleDeps, Pseudonyms, refuse
from landschap.console.pages.looking import Looking
from landschap.fsc.store import peer_names
from landschap.gateway.usage.store import Rooms
from landschap.gateway.uses.line import Lookups, Use, use_of
from landschap.gateway.uses.store import activities_of
from landschap.logboek.disclosure import is_generic
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.records import Record
from landschap.logboek.store import uses_of
from landschap.logboek.store.holds import disclosure
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.web import N_
from landschap.purposes.store import confidential_activities

LONGEST = timedelta(days=20 * 366)
"""As far back as the law keeps: twenty years for supplies of the BRP."""
PAGE, MOST = 100, 20_000
LOOK_NAME = "Verzoek om inzage beantwoorden"
OUTCOMES = {
    Outcome.DELIVERED: ("success", N_("Gegeven")),
    Outcome.PARTIAL: ("warning", N_("Deels gegeven")),
    Outcome.REFUSED: ("warning", N_("Geweigerd")),
    Outcome.NOTHING_FOUND: ("inactive", N_("Niets gevonden")),
    Outcome.FAILED: ("danger", N_("Mislukt")),
    Outcome.CANCELLED: ("inactive", N_("Gestopt")),
}


async def write_look(
    deps: ConsoleDeps, pseudonyms: Pseudonyms, subject: tuple[int, bytes], case: str, group: str
) -> None:
    """A line that an officer looked at this person. Raises ProblemError: no line, no look."""
    now, (key, pseudonym) = datetime.now(UTC), subject
    console = deps.settings.oidc.console
    entry = LineEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        name=LOOK_NAME,
        started_at=now,
        ended_at=now,
        controller=deps.settings.organisation.oin.value,
        outcome=Outcome.DELIVERED,
        system=f"landschap-console/{pseudonyms.version}",
        activity=console.access_activity if console else "",
        subject=pseudonym,
        subject_type=f"{pseudonyms.space}/bsn/{key}",
        key_id=key,
        data_groups=(group,),
        processing_id=case,
    )
    await Looking(deps).written(deps.registers.log.append([line_draft(entry, now=now)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Uses, newest first; those in ``held`` the person does not see. ``more``: there are older.

    ``general`` are those of which the person is told no more than that there was a use, as told.
    """

    uses: Sequence[Use]
    held: frozenset[UUID]
    general: Mapping[UUID, Use]
    more: bool

    @property
    def last(self) -> UUID | None:
        """Where the next page begins."""
        return self.uses[-1].id if self.uses else None

    @property
    def open_uses(self) -> list[Use]:
        """Those the person may see, as the person may see them."""
        shown = (each for each in self.uses if each.id not in self.held)
        return [self.general.get(each.id, each) for each in shown]


@dataclass(frozen=True, slots=True)
class PersonUses:
    """Reading them, for a question that was allowed."""

    deps: ConsoleDeps
    rooms: Rooms
    pseudonyms: Pseudonyms

    async def page(self, question: PersonQuestion, before: str) -> Found:
        """A hundred of them. Raises ProblemError for a page that is none."""
        try:
            last = UUID(before) if before else None
        except ValueError:
            raise refuse(404, "not_found", "There is no such page") from None
        records = await self._read(question, last, PAGE + 1)
        return await self._found(records[:PAGE], question.pseudonyms, more=len(records) > PAGE)

    async def every(self, question: PersonQuestion) -> Found:
        """All of them. Raises ProblemError when there are more than a file can hold."""
        records: list[Record] = []
        last: UUID | None = None
        while True:
            read = await self._read(question, last, 1000)
            records += read
            if len(read) < 1000:
                return await self._found(records, question.pseudonyms, more=False)
            if len(records) >= MOST:
                detail = f"There are more than {MOST} uses: let the operator make the file"
                raise refuse(413, "too_many", detail)
            last = read[-1].record_id

    async def written(self, question: PersonQuestion) -> None:
        """A line that this person was looked at. Raises ProblemError: no line, no look."""
        subject = (question.key_ids[-1], question.pseudonyms[-1])
        await write_look(self.deps, self.pseudonyms, subject, question.case_number, "gebruik")

    async def _read(
        self, question: PersonQuestion, last: UUID | None, limit: int
    ) -> Sequence[Record]:
        until = datetime.now(UTC) + timedelta(minutes=1)
        since = until - LONGEST
        return await uses_of(
            self.rooms.log, question.pseudonyms, since, until, limit, before_record=last
        )

    async def _found(
        self, records: Sequence[Record], person: Sequence[bytes], *, more: bool
    ) -> Found:
        organisation = self.deps.settings.organisation
        lookups = Lookups(
            own=organisation.oin,
            own_name=organisation.name,
            look_activity=self.deps.settings.portal.look_activity,
            names=await peer_names(self.rooms.fsc),
            activities=await activities_of(self.rooms.purposes, records),
        )
        confidential = await confidential_activities(self.rooms.purposes)
        disclosed = await disclosure(self.rooms.log, confidential, person)
        told = {each.record_id: disclosed.told(each) for each in records}
        return Found(
            uses=[use_of(each, lookups) for each in records],
            held=frozenset(number for number, each in told.items() if each is None),
            general={
                number: use_of(each, lookups)
                for number, each in told.items()
                if each is not None and is_generic(each)
            },
            more=more,
        )
