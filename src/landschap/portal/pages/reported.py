# SPDX-License-Identifier: EUPL-1.2
"""My reports: what I said is wrong, who decides and by when, what was decided and who was told.

Source: Awb art. 3:45 (objection), 6:7 and 6:8 (its term), 6:2 and 6:12 (no decision in time); AVG
art. 19.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.fsc.store import peer_names
from landschap.gateway.saying.store.passed import Passed
from landschap.platform.documents import MEDIA_TYPES, file_of
from landschap.platform.web import Language
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.own import last_day_to_object
from landschap.portal.pages.at_desk import note
from landschap.portal.pages.context import (
    REPORTS,
    AnyRequest,
    Asked,
    OwnData,
    PortalDeps,
    asked_of,
    door_of,
    show,
    to_login,
)
from landschap.portal.pages.letters import Reported, letter_of, name_of
from landschap.portal.pages.looking import Looking
from landschap.portal.pages.looks import subjects_of, write_look
from landschap.portal.pages.own import START
from landschap.portal.pages.passing import Passing, decider_of
from landschap.portal.pages.receivers import receivers_shown
from landschap.portal.pages.titles import Titles
from landschap.registers import store
from landschap.registers.models import ObjectType, Register
from landschap.registers.reports import WITHDRAWN, Report
from landschap.registers.store.evidence import Handed, drop_files, files_of_report
from landschap.registers.store.receivers import told_of
from landschap.registers.store.reminding import reminders_of
from landschap.vocabulary.desk import TAKEN_BACK, employee_of
from landschap.vocabulary.problems import ProblemError, Refusal
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.uploads import saving_headers

log = structlog.get_logger(__name__)

LOOK_NAME = "Inwoner bekijkt eigen meldingen"
LOOK_GROUP = "melding"
_TAKEN_BACK = "melding ingetrokken"
_KEPT = "brief over melding opgehaald"
_FOREIGN = Refusal(
    code="form_foreign",
    status=403,
    title="This form did not come from this site",
    detail="Nothing was changed. Open the page of your report again.",
)


def reported_routes(deps: PortalDeps, own: OwnData) -> list[HTTPRouteHandler]:
    """The routes of one's own reports."""

    @get(["/meldingen", "/en/meldingen"])
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        await write_look(deps, asked.session, LOOK_NAME, LOOK_GROUP)
        return await _list(deps, own, asked, asked.session)

    @get(["/meldingen/{report:str}", "/en/meldingen/{report:str}"])
    async def one(report: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        await write_look(deps, asked.session, LOOK_NAME, LOOK_GROUP)
        return await _one(deps, own, asked, asked.session, report)

    @post(["/meldingen/{report:str}", "/en/meldingen/{report:str}"], status_code=303)
    async def taken_back(report: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        if not door_of(deps).is_own_form(await request.form(), asked.session):
            raise ProblemError(_FOREIGN)
        return await _take_back(deps, own, asked, asked.session, report)

    path = "/meldingen/{report:str}/brief.pdf"

    @get([path, f"/en{path}"])
    async def letter(report: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        await write_look(deps, asked.session, _KEPT, LOOK_GROUP)
        return await _letter(deps, own, asked.session, report)

    return [every, one, taken_back, letter]


async def _take_back(
    deps: PortalDeps, own: OwnData, asked: Asked[Known], session: Session[Known], text: str
) -> Response[Any]:
    """Take a report back that nobody decided on; twice it is once. Recorded before it is done."""
    register, report = await report_of_person(deps, own, session, text)
    await write_look(deps, session, _TAKEN_BACK, LOOK_GROUP)
    if report.decided is None:
        kind = _kind(register, report)
        author = session.known.author
        await drop_files(own.registers.pool, report.report_id)
        await store.decide(own.registers.pool, register, kind, report, WITHDRAWN, author)
        await note(deps, session.known, TAKEN_BACK, report.report_id, register.name)
    if report.decided is None or report.is_withdrawn:
        await Passing(deps=deps, own=own, session=session).taken_back(report.report_id)
    return Redirect(asked.at(f"{REPORTS.path}/{report.report_id}"), status_code=303)


async def report_of_person(
    deps: PortalDeps, own: OwnData, session: Session[Known], text: str
) -> tuple[Register, Report]:
    """A report of this person; another person's is as if it was not there."""
    try:
        wanted = UUID(text)
    except ValueError:
        raise NotFoundException from None
    for register, report in await Looking(deps, own, session).reports():
        if report.report_id == wanted:
            return register, report
    raise NotFoundException


async def _list(
    deps: PortalDeps, own: OwnData, asked: Asked[Known], session: Session[Known]
) -> Response[str]:
    titles = Titles(deps.site, asked.language)
    told = [
        {"report": each, "what": _what(titles, register, each)}
        for register, each in await Looking(deps, own, session).reports()
    ]
    values = {"told": told, "today": amsterdam_day(datetime.now(UTC))}
    title = titles.say(REPORTS.label)
    return show(deps, asked, "portal/reports.html", title, crumbs=(START,), values=values)


async def _one(
    deps: PortalDeps, own: OwnData, asked: Asked[Known], session: Session[Known], text: str
) -> Response[str]:
    register, report = await report_of_person(deps, own, session, text)
    passing = Passing(deps=deps, own=own, session=session)
    passed = await passing.stands(report.report_id, ask=report.decided is None)
    if passed is not None and report.decided is None and not passed.is_open:
        register, report = await report_of_person(deps, own, session, text)
    titles = Titles(deps.site, asked.language)
    every_one = await told_of(own.registers.pool, register, report.report_id)
    told = await receivers_shown(deps, subjects_of(deps, session.known), every_one)
    values = {
        "report": report,
        "was_at_desk": bool(employee_of(report.author)),
        "register": titles.of(register),
        "files": await _files(own, report),
        "passed": passed,
        "reminders": await reminders_of(own.registers.pool, report.report_id),
        "decider": decider_of(deps, register),
        "decide_by": (passed and passed.decide_by) or report.decide_by,
        "what": _what(titles, register, report),
        "told": told,
        "names": await _names(deps) if told else {},
        "is_late": report.is_late(amsterdam_day(datetime.now(UTC))),
        "object_by": object_by(report, passed),
    }
    return show(
        deps, asked, "portal/report.html", _what(titles, register, report),
        crumbs=(START, REPORTS), values=values, part=REPORTS.path,
    )  # fmt: skip


def object_by(report: Report, passed: Passed | None) -> date | None:
    """The last day to object, from when it was decided, also elsewhere; None without a decision."""
    decided_at = (passed and passed.decided_at) or report.decided_at
    if decided_at is None or report.decided is None or report.is_withdrawn:
        return None
    return last_day_to_object(amsterdam_day(decided_at))


async def _letter(
    deps: PortalDeps, own: OwnData, session: Session[Known], text: str
) -> Response[bytes]:
    """The receipt of a report, or the decision on it, to keep."""
    register, report = await report_of_person(deps, own, session, text)
    passing = Passing(deps=deps, own=own, session=session)
    passed, decider = await passing.stands(report.report_id, ask=False), decider_of(deps, register)
    titles = Titles(deps.site, Language.NL)
    told = Reported(
        report=report,
        what=_what(titles, register, report),
        register=titles.of(register),
        decider=decider.name,
        address=decider.address,
        number=(passed and passed.number) or report.number,
        files=tuple(each.name for each in await _files(own, report)),
        decide_by=(passed and passed.decide_by) or report.decide_by,
        object_by=object_by(report, passed),
    )
    author = deps.settings.organisation.name
    now, document = datetime.now(UTC), letter_of(told, author)
    body = await asyncio.to_thread(file_of, "pdf", document, now, author)
    headers = saving_headers(name_of(report))
    return Response(body, media_type=MEDIA_TYPES["pdf"], headers=headers)


async def _files(own: OwnData, report: Report) -> Sequence[Handed]:
    """What was handed in with it."""
    if own.evidence_keys is None:
        return ()
    return await files_of_report(own.registers.pool, own.evidence_keys(), report.report_id)


async def _names(deps: PortalDeps) -> dict[str, str]:
    """Names of organisations by number; without them their numbers are shown."""
    try:
        return dict(await peer_names(deps.fsc_pool))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("names can not be read", error=type(error).__name__)
        return {}


def _what(titles: Titles, register: Register, report: Report) -> str:
    kind = _kind(register, report)
    return ", ".join(titles.path(kind, path) for path in report.paths)


def _kind(register: Register, report: Report) -> ObjectType:
    return register.types[report.type_key.partition(".")[2]]
