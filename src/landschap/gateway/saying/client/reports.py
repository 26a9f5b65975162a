# SPDX-License-Identifier: EUPL-1.2
"""Bringing reports of persons to who holds the register, and hearing what became of them.

First the report, then each file that is still missing there; then it is asked after until there is
a decision, which is kept with the report in our own register. Each attempt is a line in our log,
and bringing something twice does it once.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import structlog

from landschap.fsc.connections import ConnectionGrant
from landschap.gateway.saying import report as forms
from landschap.gateway.saying.client import AWAY, FINAL, Reply, Voice, outcome_of, refused
from landschap.gateway.saying.question import ASK, SAY, write
from landschap.gateway.saying.report import (
    FILE_PATH,
    REPORT_PATH,
    STATE_PATH,
    TAKEN_BACK,
    UPHELD,
    WAITING,
    ToldReport,
)
from landschap.gateway.saying.store.passed import (
    OPEN,
    Passed,
    State,
    delivered,
    put_off,
    settle,
    take_due,
)
from landschap.gateway.saying.store.sealing import unseal_statement
from landschap.logboek.payloads import Outcome
from landschap.platform.ids import new_span_id
from landschap.registers import store
from landschap.registers.models import Registers
from landschap.registers.reports import WITHDRAWN, Decided
from landschap.registers.store.evidence import file_of_report, files_of_report
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.tracing import TraceContext

log = structlog.get_logger(__name__)
BROUGHT = "Inwoner meldt een andere organisatie een fout"
ASKED = "Een andere organisatie gevraagd wat er van een melding werd"
NO_SERVICE = "no_service"
_NO_DOCUMENT = "besluit van de bronhouder"
_FINAL = FINAL | {"report_unknown", "report_file_refused"}
# So a file is refused that will be refused again.
_NEVER = frozenset({400, 404, 409, 410, 413, 415, 422})
# So an organisation answers that hears persons, and no reports.
_ABSENT = frozenset({"not_found", "method_not_allowed", "HTTP 404", "HTTP 405"})


class _Refused(Exception):
    """Another organisation did not take it."""

    def __init__(self, code: str, answer: Reply) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What bringing reports needs: our voice, and the registers in which they stand.

    ``pool`` is that of the registers; ``evidence_keys`` open the files that go along.
    """

    voice: Voice
    registers: Registers
    pool: asyncpg.Pool
    evidence_keys: Callable[[], Sequence[bytes]] = field(repr=False)

    async def can_reach(self, peer: str) -> bool:
        """Whether there is a contract to bring it by. Raises what a database raises."""
        return any(each.service_peer_id.value == peer for each in await self.voice.others())

    async def bring(self, every: Sequence[Passed], seconds: float) -> None:
        """Go one step on with each of these, each within so many seconds."""
        grants = {each.service_peer_id.value: each for each in await self.voice.others()}
        await asyncio.gather(*(self._step(each, grants.get(each.peer), seconds) for each in every))

    async def _step(self, passed: Passed, grant: ConnectionGrant | None, seconds: float) -> None:
        now, pool = datetime.now(UTC), self.voice.pool
        if grant is None:
            await put_off(pool, passed, "no_contract", now)
            return
        trace = TraceContext(trace_id=passed.trace_id, span_id=new_span_id(), flags=1)
        code, answer = "", None
        try:
            async with asyncio.timeout(seconds):
                await self._carry(passed, grant, trace, now)
        except _Refused as error:
            code, answer = error.code, error.answer
            await self._not_taken(passed, code, answer, now)
        except (*AWAY, InvalidValue) as error:
            code = type(error).__name__
            await put_off(pool, passed, code, now)
        is_asking = passed.state is State.DELIVERED and passed.taken_back is None
        outcome = Outcome.DELIVERED if not code else outcome_of(answer)
        subject, name = (passed.key_id, passed.subject), ASKED if is_asking else BROUGHT
        await self.voice.write(grant, name, subject, trace, outcome, why=code, answer=answer)

    async def _carry(
        self, passed: Passed, grant: ConnectionGrant, trace: TraceContext, now: datetime
    ) -> None:
        if passed.taken_back is not None:
            await self._put(passed, passed.taken_back, grant, trace)
            await settle(self.voice.pool, passed, State.TAKEN_BACK)
            return
        if passed.state is State.ON_THE_WAY:
            told = await self._put(passed, passed.sealed or b"", grant, trace)
            lacks = await self._put_files(passed, told.ontbreekt, grant, trace)
        else:
            body = write(forms.Asking(meldingen=(passed.report,)))
            reply = await self._ask("POST", STATE_PATH, grant, ASK, body, trace)
            every = forms.read_told(reply.body, forms.ToldReports).meldingen
            found = next((each for each in every if each.melding == passed.report), None)
            if found is None:
                raise InvalidValue("the report that was brought is not known there")
            told, lacks = found, passed.code
        await self._came_of(passed, told, now, lacks)

    async def _put(
        self, passed: Passed, sealed: bytes, grant: ConnectionGrant, trace: TraceContext
    ) -> ToldReport:
        compact = unseal_statement(sealed, passed.peer, self.voice.seal_keys())
        if compact is None:
            raise InvalidValue("what is on its way can not be opened")
        body = write(forms.Brought(melding=compact))
        reply = await self._ask("PUT", REPORT_PATH, grant, SAY, body, trace)
        return self._own(passed, reply)

    async def _put_files(
        self, passed: Passed, missing: Sequence[str], grant: ConnectionGrant, trace: TraceContext
    ) -> str:
        """Bring the files; the code with which one is never taken, empty when all are.

        The report counts there without it: its person is told that it did not arrive.
        """
        lacks = ""
        for digest in missing:
            try:
                await self._put_file(passed, digest, grant, trace)
            except _Refused as error:
                if error.answer.status not in _NEVER:
                    raise
                lacks = error.code
        return lacks

    async def _put_file(
        self, passed: Passed, digest: str, grant: ConnectionGrant, trace: TraceContext
    ) -> ToldReport:
        keys = self.evidence_keys()
        every = await files_of_report(self.pool, keys, passed.report)
        known = next((each for each in every if each.digest.hex() == digest), None)
        file = known and await file_of_report(self.pool, keys, passed.report, known.evidence_id)
        if not file:
            raise _Refused("file_gone", Reply(410, b"", None))
        text = base64.b64encode(file.body).decode()
        brought = forms.BroughtFile(melding=passed.report, naam=file.name, inhoud=text)
        reply = await self._ask("PUT", FILE_PATH, grant, SAY, write(brought), trace)
        return self._own(passed, reply)

    async def _ask(
        self,
        method: str,
        path: str,
        grant: ConnectionGrant,
        action: str,
        body: bytes,
        trace: TraceContext,
    ) -> Reply:
        reply = await self.voice.send(method, path, grant, action, body, trace)
        code = refused(reply)
        if code:
            raise _Refused(code, reply)
        return reply

    @staticmethod
    def _own(passed: Passed, reply: Reply) -> ToldReport:
        told = forms.read_told(reply.body, ToldReport)
        if told.melding != passed.report:
            raise InvalidValue("it answers about another report")
        return told

    async def _not_taken(self, passed: Passed, code: str, answer: Reply, now: datetime) -> None:
        if answer.status < 500 and code in _FINAL:
            await settle(self.voice.pool, passed, State.REFUSED, code)
        elif answer.status in (404, 405) and code in _ABSENT:
            await settle(self.voice.pool, passed, State.REFUSED, NO_SERVICE)
        else:
            await put_off(self.voice.pool, passed, code, now)

    async def _came_of(self, passed: Passed, told: ToldReport, now: datetime, lacks: str) -> None:
        """Keep how it stands; a decision is kept with the report first, and then it is settled."""
        pool = self.voice.pool
        if told.stand == WAITING:
            await delivered(pool, passed, told, now, lacks)
            return
        decided = WITHDRAWN
        if told.stand != TAKEN_BACK:
            decided = Decided(
                upheld=told.stand == UPHELD,
                reason=told.reden,
                document=told.document.strip() or _NO_DOCUMENT,
            )
        register = self.registers.by_name.get(passed.register)
        report = register and await store.report_of(self.pool, register, passed.report)
        if register and report and report.decided is None:
            kind = register.types[report.type_key.partition(".")[2]]
            await store.decide(self.pool, register, kind, report, decided, passed.peer)
        state = State.TAKEN_BACK if decided is WITHDRAWN else State.DECIDED
        await delivered(pool, passed, told, now, lacks)
        await settle(pool, passed, state, lacks)


async def bring_due_reports(courier: Courier, seconds: float) -> int:
    """One round: how many were tried."""
    due = await take_due(courier.voice.pool, datetime.now(UTC))
    if due:
        await courier.bring(due, seconds)
    return len(due)


__all__ = ["NO_SERVICE", "OPEN", "Courier", "bring_due_reports"]
