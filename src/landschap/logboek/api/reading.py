# SPDX-License-Identifier: EUPL-1.2
"""Lines of the log, for who may read them, in both forms of the standard.

    POST /logboek/v1/data-processing-operations    the form of the later drafts ("next")
    POST /logboek/v1/processing-activities         the form of 0.9

A question names a trace, an activity or a subject; a period and a purpose narrow it. There are no
pages: what has more lines than an answer holds is refused, so that nobody takes a part for all.
Reading writes no line (what is read would never end); an auditor's look is a decision, recorded
before the answer leaves. What is held back by law is left out for all but an auditor who names the
purpose of reading it, and that purpose is recorded too.
Source: Logboek Dataverwerkingen, extension "Lezen".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog
from litestar import Request, Response, post
from litestar.types import ControllerRouterHandler

from landschap.logboek.api import refusals
from landschap.logboek.disclosure import OPEN, Disclosure, Withheld
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.ingest import Keys
from landschap.logboek.read_profile import (
    HELD_FOR,
    InvalidQuestion,
    LogQuestion,
    Profile,
    answer_of,
    has_purpose,
    read_question,
)
from landschap.logboek.readers import (
    Auditor,
    LookMark,
    Reader,
    is_by_number,
    look_draft,
    reason_lacks,
    subjects_shown,
)
from landschap.logboek.records import Record
from landschap.logboek.store import LogWriter
from landschap.logboek.store.selected import lines_asked
from landschap.platform.http import json_response, problem_response
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.vocabulary.problems import ProblemError

AnyRequest = Request[Any, Any, Any]

MAX_LINES = 1000
_UNREAD = "The log can not be read now, or not within ten seconds: ask for a shorter period."
_RETRY = {"Retry-After": "5"}
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDeps:
    """What reading needs.

    ``reader`` tells from the headers who asks, and raises ProblemError for nobody we know;
    ``disclosed`` gives what may be told to the person concerned; ``purposes`` those of our
    register, of which an auditor names one to read the rest. ``noted`` tells the other officers of
    a look, before anything is shown.
    """

    pool: asyncpg.Pool
    log: LogWriter
    keys: Keys
    address: str
    organisation: str
    reader: Callable[[Mapping[str, str]], Awaitable[Reader]]
    disclosed: Callable[[Collection[bytes] | None], Awaitable[Disclosure]]
    purposes: Callable[[], Awaitable[Collection[str]]]
    noted: Callable[[Auditor, str, datetime], Awaitable[None]]


def routes(deps: ReadingDeps) -> list[ControllerRouterHandler]:
    """The routes of this module."""

    @post("/logboek/v1/data-processing-operations", status_code=200)
    async def newest_form(request: AnyRequest) -> Response[bytes]:
        return await _answered(deps, request, Profile.NEXT)

    @post("/logboek/v1/processing-activities", status_code=200)
    async def old_form(request: AnyRequest) -> Response[bytes]:
        return await _answered(deps, request, Profile.OLD)

    return [newest_form, old_form]


async def _answered(deps: ReadingDeps, request: AnyRequest, profile: Profile) -> Response[bytes]:
    try:
        reader = await deps.reader(request.headers)
        _require_json(request)
        question = read_question(await request.body(), profile)
        records = await _read(deps, reader, question)
    except InvalidQuestion as error:
        raise ProblemError(refusals.question_unreadable(error.detail, error.place)) from None
    except LogUnavailable as error:
        return problem_response(error.refusal, instance=request.url.path, headers=_RETRY)
    except _AWAY as error:
        log.warning("lines can not be read", error=type(error).__name__)
        refusal = LogUnavailable(_UNREAD).refusal
        return problem_response(refusal, instance=request.url.path, headers=_RETRY)
    told = answer_of(
        profile,
        records,
        logbook=f"{deps.address}/logboek/v1",
        organisation=deps.organisation,
        with_system=isinstance(reader, Auditor),
    )
    return json_response(told, headers={"Cache-Control": "no-store"})


async def _read(deps: ReadingDeps, reader: Reader, question: LogQuestion) -> Sequence[Record]:
    if not question.is_selective:
        raise ProblemError(refusals.selector_missing())
    held, disclosed = await _held(deps, reader, question)
    if isinstance(reader, Auditor):
        subjects = await _looked(deps, reader, question)
    else:
        subjects = subjects_shown(reader, question, deps.keys)
    found = await lines_asked(deps.pool, question, subjects, held, MAX_LINES + 1)
    if len(found) > MAX_LINES:
        raise ProblemError(refusals.result_too_large(MAX_LINES))
    purpose = question.purpose
    if purpose is not None:
        found = [each for each in found if has_purpose(each, purpose)]
    told = (disclosed.told(each) for each in found)
    return [each for each in told if each is not None]


async def _held(
    deps: ReadingDeps, reader: Reader, question: LogQuestion
) -> tuple[Withheld, Disclosure]:
    """Of what no line is read, and what is told of the rest.

    Raises InvalidQuestion: what is held back is asked by no auditor, or for no purpose of ours.
    """
    if question.held_for is None:
        person = None if isinstance(reader, Auditor) else reader.pseudonyms
        disclosed = await deps.disclosed(person)
        # A line of which only the use itself is told would be told by what it is found by.
        bare = question.finds_by_act or isinstance(reader, Auditor)
        return disclosed.withheld(by_act=bare), disclosed
    if not isinstance(reader, Auditor):
        raise InvalidQuestion("only a log officer reads for this purpose", HELD_FOR)
    if question.held_for not in await deps.purposes():
        raise InvalidQuestion("no purpose of the register in force", HELD_FOR)
    return Withheld(), OPEN


async def _looked(
    deps: ReadingDeps, reader: Auditor, question: LogQuestion
) -> tuple[bytes, ...] | None:
    """Record an auditor's look. Raises ProblemError, LogUnavailable: no record, no look."""
    if is_by_number(question, deps.keys):
        raise ProblemError(refusals.person_by_number())
    if reason_lacks(question):
        raise ProblemError(refusals.reason_missing())
    subjects = subjects_shown(reader, question, deps.keys)
    mark = LookMark(
        at=datetime.now(UTC),
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        transaction_id=uuid7(),
    )
    await deps.log.append([look_draft(reader, question, subjects, mark)])
    await deps.noted(reader, question.reason.strip(), mark.at)
    return subjects


def _require_json(request: AnyRequest) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(refusals.question_type_unknown())
