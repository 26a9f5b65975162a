# SPDX-License-Identifier: EUPL-1.2
"""One question of an employee through our own Outway, and all that came of it.

The Outway decides and records as for any application; the employee proves who it is by the token
of the log-in. Whose number left our organisation has a line in our log before anything is shown.
Source: Logboek Dataverwerkingen, "Gedrag van de applicatie"; house decision: consumer side.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import structlog

from landschap.catalogue.trying.filled import numbers_sent
from landschap.client import Answer, AsyncLandschap, Failed, NotReached, Question, Refused
from landschap.client.asking import Sent, sent_of
from landschap.gateway.tracing.explained import Explained, ExplainedDecision
from landschap.gateway.tracing.halves import Crossing, Half, crossings_of
from landschap.gateway.tracing.store import explain_transaction
from landschap.gateway.usage.store import Rooms
from landschap.logboek.drafts import line_draft
from landschap.logboek.faults import InvalidRecord, LogUnavailable, QueueFull
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter
from landschap.platform.ids import new_span_id, uuid7
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

log = structlog.get_logger(__name__)

SECONDS = 15.0
MAX_BYTES = 2_000_000
_LINE_NAME = "Medewerker probeert een API uit"
_NOT_RECORDED = Refusal(
    code="log_unavailable",
    status=503,
    title="The try-out can not be recorded now",
    detail="What came back is not shown, because it can not be recorded whose data it is.",
    owner="the operator of this service",
    fault=Fault.OURS,
)
_NO_KEY = Refusal(
    code="tryout_not_set_up",
    status=503,
    title="Nothing can be tried out now",
    detail="The key of the catalogue's application can not be read.",
    missing="the file that [catalogue] application_key names",
    owner="the operator of this service",
    fault=Fault.OURS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """With what lines about persons are written: whose log, and how a person is known in it."""

    writer: LogWriter
    controller: Oin
    keys: Mapping[int, bytes] = field(repr=False)
    space: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """With what is tried.

    ``outway`` is the address of our Outway, ``key`` that of the catalogue's application there;
    it raises OSError. ``snapshot`` gives the register in force, ``halves`` asks the other party of
    a transaction what it recorded.
    """

    outway: str
    key: Callable[[], str]
    rooms: Rooms
    snapshot: Callable[[], Awaitable[Snapshot]]
    halves: Callable[[Sequence[Crossing]], Awaitable[Sequence[Half]]]
    lines: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one question; ``answer`` is None when nobody answered, and ``why`` says it."""

    sent: Sent
    began: datetime
    ended: datetime
    milliseconds: int
    answer: Answer | None
    problem: Refused | Failed | None
    why: str
    explained: Explained | None
    halves: Sequence[tuple[Crossing, Half]]

    @property
    def decision(self) -> ExplainedDecision | None:
        """What our own register decided, as it stands in our log."""
        decisions = self.explained.decisions if self.explained else ()
        return decisions[0] if decisions else None


async def tried(trying: Trying, question: Question, token: str) -> Tried:
    """Ask it. Raises ProblemError and InvalidValue; then nothing may be shown."""
    transaction = uuid7()
    headers = {**question.headers, "Fsc-Transaction-Id": str(transaction)}
    question = replace(question, headers=headers)
    try:
        key = trying.key()
    except OSError:
        raise ProblemError(_NO_KEY) from None
    sent = sent_of(question, key=key, token=token)
    began, clock = datetime.now(UTC), time.monotonic()
    answer, problem, why = await _asked(trying, sent, key)
    ended, took = datetime.now(UTC), time.monotonic() - clock
    explained = await explain_transaction(trying.rooms, transaction, ended)
    records = [each.record for each in explained.records] if explained else []
    crossings = [each for each in crossings_of(records) if each.transaction_id == transaction]
    found = Tried(
        sent=sent,
        began=began,
        ended=ended,
        milliseconds=round(took * 1000),
        answer=answer,
        problem=problem,
        why=why,
        explained=explained,
        halves=list(zip(crossings, await trying.halves(crossings), strict=True)),
    )
    await _noted(trying.lines, found, question, transaction)
    return found


async def _asked(
    trying: Trying, sent: Sent, key: str
) -> tuple[Answer | None, Refused | Failed | None, str]:
    async with AsyncLandschap(
        trying.outway, key=key, timeout=SECONDS, max_bytes=MAX_BYTES
    ) as landschap:
        try:
            return await landschap.send(sent), None, ""
        except (Refused, Failed) as problem:
            return problem.answer, problem, ""
        except NotReached as error:
            return None, None, str(error)


async def _noted(lines: Lines, found: Tried, question: Question, transaction: UUID) -> None:
    """A line for each person whose number went out; none when our own door kept it in."""
    persons = numbers_sent(question)
    if persons and not found.halves and found.answer is not None and found.problem is None:
        # Somebody answered, and our log does not say who: there is nothing to hang a line on.
        log.warning("try-out not recorded", error="the transaction is not in the log")
        raise ProblemError(_NOT_RECORDED)
    drafts = [
        _line(lines, found, crossing, person, transaction)
        for crossing, _ in found.halves
        for person in persons
    ]
    if not drafts:
        return
    try:
        await lines.writer.append(drafts)
    except (LogUnavailable, QueueFull) as error:
        log.warning("try-out not recorded", error=str(error))
        raise ProblemError(_NOT_RECORDED) from None


def _line(lines: Lines, found: Tried, crossing: Crossing, person: str, transaction: UUID) -> Draft:
    key_id, key = list(lines.keys.items())[-1]
    context = found.decision.context if found.decision else {}
    version = context.get("activityVersion")
    try:
        entry = LineEntry(
            trace_id=bytes.fromhex(found.explained.trace_id if found.explained else ""),
            span_id=new_span_id(),
            name=_LINE_NAME,
            started_at=found.began,
            ended_at=found.ended,
            controller=lines.controller.value,
            outcome=_outcome(found),
            system=f"landschap-catalogue/{lines.version}",
            activity=str(context.get("activity") or "") or None,
            activity_version=version if isinstance(version, int) else None,
            subject=subject_pseudonym(key, lines.controller, "bsn", person),
            subject_type=f"{lines.space}/bsn/{key_id}",
            key_id=key_id,
            direction="outgoing",
            peer=crossing.destination,
            transaction_id=transaction,
            grant_hash=crossing.grant_hash,
            purpose=str(context.get("purpose") or "") or None,
        )
        return line_draft(entry, now=found.ended)
    except (InvalidRecord, InvalidValue) as error:
        log.warning("try-out not recorded", error=type(error).__name__)
        raise ProblemError(_NOT_RECORDED) from None


def _outcome(found: Tried) -> Outcome:
    if found.answer is None or isinstance(found.problem, Failed):
        return Outcome.FAILED
    if found.answer.status == 404:
        return Outcome.NOTHING_FOUND
    return Outcome.REFUSED if found.problem else Outcome.DELIVERED
