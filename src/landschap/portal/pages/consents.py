# SPDX-License-Identifier: EUPL-1.2
"""Consents: giving and withdrawing with one button each, in force with the very next question.

What was said is appended and never changed. The same button twice, from the back button or a
second window, is one choice. Who acts for another does not come here (`pages.acting`).
Source: AVG art. 7 lid 3: withdrawing is as easy as giving.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.fsc.store import peer_names
from landschap.platform.web.door import AnyRequest
from landschap.platform.web.sessions import Session
from landschap.portal.consents import GIVE, WITHDRAW, Choice, by_law, choices_of
from landschap.portal.known import Known
from landschap.portal.pages.context import CONSENTS, PortalDeps, asked_of, door_of, show, to_login
from landschap.portal.pages.looks import subjects_of, write_look
from landschap.portal.pages.own import START
from landschap.portal.pages.titles import Titles
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, consents_of, say
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

log = structlog.get_logger(__name__)
_GROUP = "toestemmingen"
_LOOKED = "toestemmingen bekeken"
_SAID = {GIVE: "toestemming gegeven", WITHDRAW: "toestemming ingetrokken"}
_NO_ANSWER = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_FOREIGN = Refusal(
    code="form_foreign",
    status=403,
    title="This form did not come from this site",
    detail="Nothing was changed. Open the page again and choose there.",
    owner="the person",
    fault=Fault.INPUT,
)
_GONE = Refusal(
    code="consent_unknown",
    status=409,
    title="There is nothing to choose here any longer",
    detail="Nothing was changed. This use does not rest on your consent now.",
    owner="the person",
    fault=Fault.INPUT,
)


def consent_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    """The page with consents, and saying yes or no."""
    paths = [CONSENTS.path, f"/en{CONSENTS.path}"]

    @get(paths)
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        await write_look(deps, asked.session, _LOOKED, _GROUP)
        snapshot, _ = await current_snapshot(deps.purposes_pool)
        now = datetime.now(UTC)
        values = {
            "choices": await _choices(deps, asked.session.known, snapshot, now),
            "by_law": by_law(snapshot, now),
            "names": await _names(deps),
            "text": lambda told: told.en if asked.language == "en" else told.nl,
            "give": GIVE,
            "withdraw": WITHDRAW,
        }
        title = Titles(deps.site, asked.language).say(CONSENTS.label)
        return show(deps, asked, "portal/consents.html", title, crumbs=(START,), values=values)

    @post(paths, status_code=303)
    async def chosen(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        form = await request.form()
        if not door_of(deps).is_own_form(form, asked.session):
            raise ProblemError(_FOREIGN)
        await _say(deps, asked.session, str(form.get("keuze", "")), str(form.get("waarvoor", "")))
        return Redirect(asked.at(CONSENTS.path), status_code=303)

    return [every, chosen]


async def _choices(
    deps: PortalDeps, known: Known, snapshot: Snapshot, now: datetime
) -> list[Choice]:
    said = await consents_of(deps.purposes_pool, [_subject(deps, known)])
    return choices_of(snapshot, said, now)


async def _say(deps: PortalDeps, session: Session[Known], deed: str, key: str) -> None:
    """Write it down, after the line that says so; once, however often it is sent."""
    snapshot, _ = await current_snapshot(deps.purposes_pool)
    choices = await _choices(deps, session.known, snapshot, datetime.now(UTC))
    choice = next((each for each in choices if each.key == key), None)
    if choice is None or deed not in _SAID:
        raise ProblemError(_GONE)
    if choice.is_given == (deed == GIVE):
        return
    await write_look(deps, session, _SAID[deed], _GROUP)
    await say(
        deps.purposes_pool,
        Statement(
            kind=Kind.CONSENT,
            subject=_subject(deps, session.known),
            about=choice.purpose.uri,
            holds=deed == GIVE,
            author="inwoner",
            receiver=choice.receiver,
        ),
    )


def _subject(deps: PortalDeps, known: Known) -> bytes:
    """How a person stands among statements: by the first key always.

    Under another as well it would join that key's pseudonym to this one, and destroying that key
    would no longer make its lines anonymous.
    """
    return subjects_of(deps, known)[0]


async def _names(deps: PortalDeps) -> dict[str, str]:
    """Names of organisations; without them their numbers are shown."""
    own = deps.settings.organisation
    try:
        return {**await peer_names(deps.fsc_pool), own.oin.value: own.name}
    except _NO_ANSWER as error:
        log.warning("names of organisations are not known", error=type(error).__name__)
        return {own.oin.value: own.name}
