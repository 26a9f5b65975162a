# SPDX-License-Identifier: EUPL-1.2
"""Consents: giving and withdrawing with one button each, in force with the very next question.

At every organisation that has the data: here at once, at the others through the door. What was said
is appended and never changed. The same button twice, from the back button or a second window, is
one choice. Who acts for another does not come here (`pages.acting`).
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
from landschap.portal.pages.context import CONSENTS, PortalDeps, asked_of, door_of, show, to_login
from landschap.portal.pages.control import Control, Hearing, Overview, Wish
from landschap.portal.pages.looks import write_look
from landschap.portal.pages.own import START
from landschap.portal.pages.proofs import Receipt, receipts_of
from landschap.portal.pages.titles import Titles
from landschap.portal.standing import Card, Stand, cards_of
from landschap.purposes.choosing import GIVE, WITHDRAW, by_law
from landschap.purposes.needs import Kind
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

log = structlog.get_logger(__name__)
GROUP = "toestemmingen"
LOOKED = "toestemmingen bekeken"
SAID = {GIVE: "toestemming gegeven", WITHDRAW: "toestemming ingetrokken"}
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


def consent_routes(deps: PortalDeps, control: Control) -> list[HTTPRouteHandler]:
    """The page with consents, and saying yes or no."""
    paths = [CONSENTS.path, f"/en{CONSENTS.path}"]

    @get(paths)
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        look = await write_look(deps, asked.session, LOOKED, GROUP)
        hearing = Hearing(deps=deps, control=control, look=look)
        overview = await hearing.overview()
        snapshot, _ = await current_snapshot(deps.purposes_pool)
        receipts = await receipts_of(hearing, overview.sent)
        values = {
            "cards": cards_here(hearing, overview),
            "receipts": _by_card(receipts),
            "by_law": by_law(snapshot, datetime.now(UTC)),
            "names": await names_of(deps),
            "silent": overview.silent,
            "contracts_missing": overview.contracts_missing,
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
        deed, key = str(form.get("keuze", "")), str(form.get("waarvoor", ""))
        if deed not in SAID:
            raise ProblemError(_GONE)
        # Before anything is done: what can not be recorded is not done.
        look = await write_look(deps, asked.session, SAID[deed], GROUP)
        await say_choice(Hearing(deps=deps, control=control, look=look), deed, key)
        return Redirect(asked.at(CONSENTS.path), status_code=303)

    return [every, chosen]


async def say_choice(hearing: Hearing, deed: str, key: str) -> None:
    """Say it to everybody it concerns who was not told so already."""
    overview = await hearing.overview()
    card = next((each for each in cards_here(hearing, overview) if each.key == key), None)
    if card is None:
        raise ProblemError(_GONE)
    holds = deed == GIVE
    latest = {(each.peer, each.about, each.receiver): each for each in reversed(overview.sent)}
    wanted = Stand.GIVEN if holds else Stand.WITHDRAWN
    peers, here = [], False
    for each in card.holders:
        last = latest.get((each.peer, card.purpose, card.receiver))
        is_said = last is not None and last.holds == holds and each.stand is Stand.ON_THE_WAY
        if not holds and each.stand is Stand.NOTHING:
            continue
        if each.peer == hearing.me:
            # Said again it is no new choice, but it counts from now: what was said before this and
            # is still on its way from another portal, is overtaken by it.
            here = True
        elif each.stand is not wanted and not is_said:
            peers.append(each.peer)
    wish = Wish(kind=Kind.CONSENT, about=card.purpose, holds=holds, receiver=card.receiver)
    await hearing.say(wish, peers, here=here)


def cards_here(hearing: Hearing, overview: Overview) -> list[Card]:
    """What there is to choose, here and at the others."""
    told = {peer: each.keuzes if each else None for peer, each in overview.told.items()}
    known = {peer: each.choices for peer, each in overview.places.items()}
    return cards_of({**told, hearing.me: overview.own.keuzes}, known, overview.sent)


def _by_card(receipts: list[Receipt]) -> dict[str, list[Receipt]]:
    found: dict[str, list[Receipt]] = {}
    for each in receipts:
        found.setdefault(f"{each.about} {each.receiver}", []).append(each)
    return found


async def names_of(deps: PortalDeps) -> dict[str, str]:
    """Names of organisations; without them their numbers are shown."""
    own = deps.settings.organisation
    try:
        return {**await peer_names(deps.fsc_pool), own.oin.value: own.name}
    except _NO_ANSWER as error:
        log.warning("names of organisations are not known", error=type(error).__name__)
        return {own.oin.value: own.name}
