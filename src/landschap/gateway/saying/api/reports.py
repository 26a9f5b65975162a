# SPDX-License-Identifier: EUPL-1.2
"""Reports that persons made in another portal, that a value we hold is wrong.

    PUT  /zeggenschap/v1/meldingen         a report, or that it is taken back
    PUT  /zeggenschap/v1/bewijs            one file that goes with it
    POST /zeggenschap/v1/meldingen/stand   what became of reports, for who brought them

In the order of a statement: the Permit, the signature, the line of the person, and then the report
as any other: the value is in doubt from then on, and who holds the register decides. Only a value
of an object that is about this person can be reported; whether it is about another is not told.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from litestar import Response, post, put
from litestar.types import ControllerRouterHandler

from landschap.gateway.saying import report as forms
from landschap.gateway.saying import statement as statements
from landschap.gateway.saying.api import (
    AWAY,
    AnyRequest,
    Case,
    SayingDeps,
    answer,
    unavailable,
)
from landschap.gateway.saying.report import (
    FILE_PATH,
    MAX_FILE_BYTES,
    REPORT_PATH,
    STATE_PATH,
    Doubt,
    Reported,
    ToldReport,
    ToldReports,
)
from landschap.gateway.saying.store.passed import (
    HeardReport,
    heard_of,
    heard_report,
    keep_report,
)
from landschap.logboek.payloads import Outcome
from landschap.logboek.readers import pseudonyms_of
from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.reports import WITHDRAWN, Report, can_be_wrong
from landschap.registers.store.evidence import (
    Form,
    drop_files,
    files_of_report,
    hand_in_later,
)
from landschap.registers.store.subjects import subjects_of
from landschap.registers.terms import due
from landschap.vocabulary.problems import Fault, ProblemError, Refusal, granted
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.uploads import Fault as FileFault
from landschap.vocabulary.uploads import judge

REPORTED = "Inwoner meldt in een ander portaal een fout"
FILED = "Inwoner stuurt bewijs mee vanuit een ander portaal"
LOOKED = "Ander portaal vraagt wat er van een melding werd"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDeps:
    """What hearing reports needs beside what hearing statements does."""

    saying: SayingDeps
    registers: Registers
    pool: asyncpg.Pool
    evidence_keys: Callable[[], Sequence[bytes]] = field(repr=False)


def report_routes(deps: ReportDeps) -> list[ControllerRouterHandler]:
    """The routes of reports."""

    @put(REPORT_PATH, status_code=200, opt={"query": ("fields",)})
    async def report(request: AnyRequest) -> Response[bytes]:
        return answer(await _ReportCase(deps, request).taken_in())

    @put(
        FILE_PATH,
        status_code=200,
        opt={"query": ("fields",)},
        request_max_body_size=MAX_FILE_BYTES,
    )
    async def file(request: AnyRequest) -> Response[bytes]:
        return answer(await _ReportCase(deps, request).filed())

    @post(STATE_PATH, status_code=200, opt={"query": ("fields",)})
    async def state(request: AnyRequest) -> Response[bytes]:
        return answer(await _ReportCase(deps, request).asked())

    return [report, file, state]


class _ReportCase(Case):
    """One report, file or question, from the Permit to the answer."""

    def __init__(self, deps: ReportDeps, request: AnyRequest) -> None:
        super().__init__(deps.saying, request)
        self._own = deps
        self._gateway = deps.saying.rooms.gateway

    async def taken_in(self) -> ToldReport:
        """Keep a report, or take it back; how it stands. Raises ProblemError."""
        await self._open()
        brought = granted(forms.read_form(await self._request.body(), forms.Brought))
        unverified = granted(forms.read(brought.melding))
        bsn = unverified.said.subject
        said = await self._verified(unverified)
        if isinstance(said, Refusal):
            await self._refuse(said, bsn)
            raise ProblemError(said)
        subject = self._in_lines(bsn)
        try:
            # The line comes first: what can not be recorded is not done.
            await self._record(REPORTED, Outcome.DELIVERED, [subject])
            known = await heard_report(self._gateway, said.issuer, said.report)
            if said.doubt is None:
                return await self._taken_back(said, known, unverified.digest, subject)
            if known is None:
                known = await self._kept(said, said.doubt, unverified.digest, subject)
            told = await self._told(said.report, known)
        except AWAY as error:
            raise unavailable(error) from None
        if known.kept is not None and known.digest != unverified.digest:
            refusal = statements.refuse("changed", "another one was brought with its number before")
            await self._refuse(refusal, bsn)
        return told

    async def filed(self) -> ToldReport:
        """Keep a file of a report; how that stands. Raises ProblemError."""
        await self._open()
        brought = granted(forms.read_form(await self._request.body(), forms.BroughtFile))
        body = forms.body_of(brought)
        digest = hashlib.sha256(body or b"").digest()
        try:
            known = await heard_report(self._gateway, self._permit.peer, brought.melding)
            if body is None or known is None or digest.hex() not in known.files:
                raise ProblemError(
                    forms.not_here("This file goes with no report that was brought.")
                )
            await self._record(FILED, Outcome.DELIVERED, [(known.key_id, known.subject)])
            told = await self._told(brought.melding, known)
            # What is there is not looked into again, and of what was decided nothing is lacking.
            if known.kept is not None and digest.hex() in told.ontbreekt:
                taken = await asyncio.to_thread(judge, brought.naam, body)
                if not isinstance(taken, FileFault):
                    form = Form(brought.melding, known.subject)
                    keys, pool = self._own.evidence_keys(), self._own.pool
                    kept = await hand_in_later(pool, keys, form, taken, known.kept)
                    taken = kept if isinstance(kept, FileFault) else taken
                if isinstance(taken, FileFault):
                    raise ProblemError(_no_file(taken))
                told = await self._told(brought.melding, known)
        except AWAY as error:
            raise unavailable(error) from None
        return told

    async def asked(self) -> ToldReports:
        """How every report stands that this organisation brought. Raises ProblemError."""
        await self._open()
        asking = granted(forms.read_form(await self._request.body(), forms.Asking))
        try:
            known = await heard_of(self._gateway, self._permit.peer, asking.meldingen)
            if known:
                whose = sorted({(each.key_id, each.subject) for each in known.values()})
                await self._record(LOOKED, Outcome.DELIVERED, whose)
            told = [await self._told(number, each) for number, each in known.items()]
        except AWAY as error:
            raise unavailable(error) from None
        return ToldReports(meldingen=tuple(told))

    async def _kept(
        self, said: Reported, doubt: Doubt, digest: bytes, subject: tuple[int, bytes]
    ) -> HeardReport:
        """Keep a report as any other. Raises ProblemError when it is of no value of this person."""
        register, kind = await self._place(said, doubt)
        now, pool = self._now, self._own.pool
        made = Report(
            report_id=uuid7(),
            type_key=kind.key,
            object_id=doubt.object_id,
            paths=(doubt.path,),
            since=min(doubt.since, amsterdam_day(now)),
            explanation=doubt.explanation,
            peer=said.issuer,
            reported_at=now,
            proposed=doubt.proposed,
            reporter=subject[1],
            decide_by=due(amsterdam_day(now), register.decision_term),
        )
        name = _name(said.issuer, said.report)
        kept = await store.report(pool, register, kind, made, name)
        found = await keep_report(self._gateway, said, digest, subject, kept.report_id)
        if found.kept is None:
            # It was taken back while it was kept: what came first counts for good.
            await self._withdraw(register, kept.report_id, said.issuer)
        return found

    async def _place(self, said: Reported, doubt: Doubt) -> tuple[Register, ObjectType]:
        register = self._own.registers.by_name.get(doubt.register)
        kind = register.types.get(doubt.type) if register else None
        if register is None or kind is None or not can_be_wrong(kind, doubt.path):
            raise ProblemError(forms.not_here("No such value of a person is kept here."))
        whom = await subjects_of(self._own.pool, kind, [doubt.object_id])
        if said.subject not in whom.get(doubt.object_id, ()):
            raise ProblemError(forms.not_here("No such value of this person is kept here."))
        return register, kind

    async def _taken_back(
        self,
        said: Reported,
        known: HeardReport | None,
        digest: bytes,
        subject: tuple[int, bytes],
    ) -> ToldReport:
        """Take a report back that nobody decided on; also one that is still on its way."""
        known = known or await keep_report(self._gateway, said, digest, subject, None)
        if known.subject not in pseudonyms_of(self._deps.keys, "bsn", said.subject):
            raise ProblemError(forms.not_here("No such report of this person is here."))
        register = self._own.registers.by_name.get(known.register)
        if known.kept is not None and register is not None:
            await self._withdraw(register, known.kept, said.issuer)
        return await self._told(said.report, known)

    async def _withdraw(self, register: Register, kept: UUID, issuer: str) -> None:
        report = await store.report_of(self._own.pool, register, kept)
        if report is not None and report.decided is None:
            kind = register.types[report.type_key.partition(".")[2]]
            await drop_files(self._own.pool, kept)
            await store.decide(self._own.pool, register, kind, report, WITHDRAWN, issuer)

    async def _told(self, number: UUID, known: HeardReport) -> ToldReport:
        """How a report stands; its reason is for the person."""
        register = self._own.registers.by_name.get(known.register)
        report = None
        if known.kept is not None and register is not None:
            report = await store.report_of(self._own.pool, register, known.kept)
        if report is None or known.kept is None or report.is_withdrawn:
            return ToldReport(
                melding=number, nummer="", stand=forms.TAKEN_BACK, ontvangen=self._now
            )
        if report.decided is not None:
            return ToldReport(
                melding=number,
                nummer=report.number,
                stand=forms.UPHELD if report.decided.upheld else forms.REJECTED,
                ontvangen=report.reported_at,
                uiterlijk=report.decide_by,
                reden=report.decided.reason,
                document=report.decided.document,
                besloten=report.decided_at,
            )
        there = await files_of_report(self._own.pool, self._own.evidence_keys(), known.kept)
        sums = {each.digest.hex() for each in there}
        return ToldReport(
            melding=number,
            nummer=report.number,
            stand=forms.WAITING,
            ontvangen=report.reported_at,
            uiterlijk=report.decide_by,
            ontbreekt=tuple(each for each in known.files if each not in sums),
        )


def _name(issuer: str, report: UUID) -> UUID:
    """Under which identifier a report of another is known here: the same one, the same report.

    Of the issuer too, so that nobody asks after that of another. Source: RFC 9562, section 5.8.
    """
    data = bytearray(
        hashlib.sha256(b"landschap.passed\x1f" + issuer.encode() + report.bytes).digest()
    )
    data[6], data[8] = (data[6] & 0x0F) | 0x80, (data[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(data[:16]))


def _no_file(fault: FileFault) -> Refusal:
    return Refusal(
        code="report_file_refused",
        status=422,
        title="This file is not taken",
        detail=f"The file is not taken: {fault.value}.",
        missing="a PDF, JPEG or PNG that is whole and does nothing by itself",
        owner="the organisation whose portal asks",
        fault=Fault.PEER,
    )


__all__ = ["ReportDeps", "report_routes"]
