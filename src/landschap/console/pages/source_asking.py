# SPDX-License-Identifier: EUPL-1.2
"""The question of an example, asked of the real sources: in a test environment, about the example's
own key, under the employee's purpose, and in the log of whom it concerns before it is shown.

The order is that of every question: decide and record, ask only permitted fields, look up what
stands against the use of these persons, write a line per person, and only then show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from landschap.console.known import Known
from landschap.console.pages.context import Asked, ConsoleDeps, refuse, session_of
from landschap.console.pages.looking import Looking
from landschap.integration.connectors.memory import MemoryConnector
from landschap.integration.connectors.opening import close_doors, open_door
from landschap.integration.connectors.rehearsal import Rehearsal, rehearsed
from landschap.integration.examples import Example
from landschap.integration.lines import SYSTEM, subjects_of
from landschap.integration.model import Declaration, Source
from landschap.integration.rows import Connector, Failure, Reason
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.lines import UNRECORDABLE, Processing, lines_of
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform.ids import span_ids
from landschap.purposes.permit import Permit, closed_history
from landschap.purposes.second_look import stopped, stopped_refusal
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.tracing import TraceContext


def may_ask(deps: ConsoleDeps) -> bool:
    """True where persons are made up: real sources are asked from here in a test environment."""
    return deps.settings.organisation.environment == "test"


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks real sources for a page."""

    deps: ConsoleDeps

    async def ask(
        self, asked: Asked[Known], declaration: Declaration, example: Example
    ) -> Rehearsal:
        """The answer that is recorded. Raises ProblemError: not permitted, not here, no record."""
        if not may_ask(self.deps):
            raise refuse(403, "source_only_examples", "Real sources are only asked in a test")
        looking, begun = Looking(self.deps), datetime.now(UTC)
        key = (declaration.key,)
        permit, trace = await looking.permitted_source(asked, declaration.name, key)
        closed = closed_history(permit, material="geldigOp" if example.valid_on else "", formal="")
        if closed is not None:
            raise ProblemError(closed)
        found = await self._collected(declaration, example, permit, trace)
        subjects = subjects_of(found.plan, example.key, found.collected)
        if isinstance(subjects, Failure):
            raise refuse(503, "source_incomplete", "Whose data this is can not be told now")
        known = {self._pseudonym(declaration, each): each for each in subjects}
        codes = await stopped(permit, list(known), self.deps.registers.persons)
        outcome = _outcome(found) if not codes else Outcome.REFUSED
        key_id, line_key = self.deps.registers.key_of_lines()
        told = self._processing(asked, declaration, found, outcome, (permit, trace, begun), key_id)
        lines = [self._made(line_key, declaration, each) for each in sorted(subjects)]
        drafts = lines_of(told, lines, chain([trace.span_id], span_ids()))
        try:
            await looking.written(self.deps.registers.log.append(drafts))
        except InvalidRecord:
            raise ProblemError(UNRECORDABLE) from None
        if codes:
            raise ProblemError(stopped_refusal(permit, min(codes.values())))
        return found

    async def _collected(
        self, declaration: Declaration, example: Example, permit: Permit, trace: TraceContext
    ) -> Rehearsal:
        doors = {name: self._door(source) for name, source in declaration.sources.items()}
        try:
            return await rehearsed(declaration, example, permit.fields, real=doors, trace=trace)
        finally:
            await close_doors(doors)

    def _door(self, source: Source) -> Connector:
        """The door of one source; of one that can not be opened, a door that says it is away."""
        assert self.deps.sources is not None  # noqa: S101  # there is a workshop
        try:
            return open_door(source, self.deps.sources)
        except (OSError, ValueError):
            return MemoryConnector(failing=Reason.UNREACHABLE)

    def _processing(
        self,
        asked: Asked[Known],
        declaration: Declaration,
        found: Rehearsal,
        outcome: Outcome,
        look: tuple[Permit, TraceContext, datetime],
        key_id: int,
    ) -> Processing:
        permit, trace, begun = look
        task, registers = session_of(asked).known.task, self.deps.registers
        kind = declaration.subject.kind if declaration.subject else ""
        paths = (declaration.key, *sorted(found.plan.paths))
        return Processing(
            permit=permit,
            system=SYSTEM,
            controller=registers.controller.value,
            name=declaration.title or declaration.name,
            trace_id=trace.trace_id,
            parent=None,
            started_at=begun,
            ended_at=max(datetime.now(UTC), begun),
            outcome=outcome,
            data_groups=tuple(dict.fromkeys(declaration.data_group(path) for path in paths)),
            key_id=key_id,
            subject_type=f"{registers.pseudonym_space}/{kind}/{key_id}",
            valid_on=found.moment.valid_on,
            known_at=found.moment.known_at,
            direction="own",
            processing_id=task.case if task else "",
        )

    def _pseudonym(self, declaration: Declaration, number: str) -> bytes:
        return self._made(self.deps.registers.pseudonym_key, declaration, number)

    def _made(self, key: bytes, declaration: Declaration, number: str) -> bytes:
        """A person as the log knows one. Raises ProblemError for a number that is none."""
        assert declaration.subject is not None  # noqa: S101  # without one there are no numbers
        kind = declaration.subject.kind
        try:
            return subject_pseudonym(key, self.deps.registers.controller, kind, number)
        except InvalidValue:
            raise ProblemError(UNRECORDABLE) from None


def _outcome(found: Rehearsal) -> Outcome:
    if found.body["ontbreekt"]:
        return Outcome.PARTIAL
    return Outcome.DELIVERED if found.body["resultaten"] else Outcome.NOTHING_FOUND
