# SPDX-License-Identifier: EUPL-1.2
"""My rights: what can be asked and why not, asking it, and following what becomes of it.

    /rechten                    all rights, and one's own requests at every organisation
    /rechten/{recht}            asking, looking it over, sending it once
    /rechten/verzoek/{nummer}   one request here; taking it back

Nothing that was typed is lost when the session turns out to be over. A request that is open already
is the same request.
Source: AVG art. 12 and 15 up to and with 22; experience, P11.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.gateway.saying.question import ToldRequest
from landschap.gateway.saying.store import turn_of
from landschap.gateway.saying.store.copies import file_of
from landschap.gateway.saying.store.requests import Asked as Wanted
from landschap.gateway.saying.store.requests import (
    State,
    end_request,
    file_request,
)
from landschap.gateway.saying.store.sealing import Person, seal_person
from landschap.platform.web import N_, Language
from landschap.platform.web.door import AnyRequest
from landschap.platform.web.sealed import NONCE_BYTES
from landschap.portal.known import Known
from landschap.portal.pages.consents import GROUP, names_of
from landschap.portal.pages.context import (
    RIGHTS,
    Asked,
    PortalDeps,
    asked_of,
    door_of,
    show,
    to_login,
)
from landschap.portal.pages.control import Control, Hearing, Overview, Wish, own_request
from landschap.portal.pages.drafts import (
    DRAFT_COOKIE,
    TICKED,
    answered,
    draft_token,
    person_of,
    taken,
)
from landschap.portal.pages.looks import write_look
from landschap.portal.pages.own import START
from landschap.portal.pages.right_titles import TITLES
from landschap.portal.pages.titles import Titles
from landschap.portal.rights import (
    EVERYTHING,
    LONGEST,
    SHORTEST,
    Target,
    chapters_of,
    company_chapters,
    targets_of,
)
from landschap.purposes.choosing import STOPPING, uses_of
from landschap.purposes.model import Text
from landschap.purposes.needs import Kind
from landschap.purposes.rights import Right
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.desk import REQUEST, TAKEN_BACK
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.typed import clean

LOOKED, _ASKED, _TAKEN_BACK = "rechten bekeken", "recht gebruikt", "verzoek ingetrokken"
_CHECK, _CHANGE, _SEND = "nakijken", "wijzig", "verstuur"
_KINDS = {Right.OBJECTION: Kind.OBJECTION, Right.RESTRICTION: Kind.RESTRICTION}
_FOREIGN = Refusal(
    code="form_foreign",
    status=403,
    title="This form did not come from this site",
    detail="Nothing was sent. Open the page again and ask there.",
    owner="the person",
    fault=Fault.INPUT,
)
_WORDS = {
    "waarvoor": N_("Kies waar het over gaat"),
    "uitleg": N_("Schrijf in een paar woorden waarom"),
}


def rights_routes(deps: PortalDeps, control: Control) -> list[HTTPRouteHandler]:
    """The routes of rights."""
    one = f"{RIGHTS.path}/{{name:str}}"
    request_path = f"{RIGHTS.path}/verzoek/{{number:str}}"

    @get([RIGHTS.path, f"/en{RIGHTS.path}"])
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        return await (await begun(deps, control, asked, LOOKED)).overview()

    @get([one, f"/en{one}"])
    async def form(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        right = right_of(name)
        if asked.session is None:
            return to_login(deps, asked)
        page = await begun(deps, control, asked, LOOKED)
        token = request.cookies.get(DRAFT_COOKIE, "")
        draft = await taken(deps, asked.path, person_of(deps, page.hearing.subject[1]), token)
        given = {}
        if draft is not None:
            ticked = TICKED if draft.ticked else ""
            given = {"waarvoor": draft.proposed, "uitleg": draft.explanation, "meteen": ticked}
        return await page.form(right, given, {}, is_restored=draft is not None)

    @post([one, f"/en{one}"], status_code=303)
    async def sent(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        right = right_of(name)
        given = {key: str(value)[:2000].strip() for key, value in (await request.form()).items()}
        # A browser counts a line end as one character, and sends it as two.
        given["uitleg"] = clean(given.get("uitleg"), LONGEST, lines=True)

        async def keep() -> str:
            about = given.get("waarvoor", "")[:500]
            return await draft_token(
                deps, request, given, proposed=about, explanation=given["uitleg"]
            )

        async def act(asked: Asked[Known], _session: object) -> Response[Any]:
            return await (await begun(deps, control, asked, _ASKED)).sent(right, given)

        return await answered(deps, request, given, act, keep)

    @get([request_path, f"/en{request_path}"])
    async def followed(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        return await (await begun(deps, control, asked, LOOKED)).request(number)

    @post([request_path, f"/en{request_path}"], status_code=303)
    async def withdrawn(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        if not door_of(deps).is_own_form(await request.form(), asked.session):
            raise ProblemError(_FOREIGN)
        return await (await begun(deps, control, asked, _TAKEN_BACK)).withdraw(number)

    return [every, followed, withdrawn, form, sent]


def right_of(name: str) -> Right:
    """Raises NotFoundException for what is no right one can ask for here."""
    try:
        right = Right(name)
    except ValueError:
        raise NotFoundException from None
    if right is Right.CORRECTION:
        raise NotFoundException
    return right


def lacks_reason(right: Right, reason: str) -> bool:
    """True where a person must say why, and did not."""
    return right in STOPPING and len(reason) < SHORTEST


async def begun(
    deps: PortalDeps, control: Control, asked: Asked[Known], doing: str = _ASKED
) -> RightsPage:
    """The page of this person; that they look is on record first."""
    assert asked.session is not None  # noqa: S101  # asked before
    look = await write_look(deps, asked.session, doing, GROUP)
    return RightsPage(deps, asked, Hearing(deps=deps, control=control, look=look))


@dataclass(frozen=True, slots=True)
class RightsPage:
    """What one person sees and asks."""

    deps: PortalDeps
    asked: Asked[Known]
    hearing: Hearing

    async def overview(self) -> Response[str]:
        """All rights, with requests at every organisation; of a company why there are none."""
        if self.hearing.look.known.company is not None:
            values: dict[str, Any] = {
                "chapters": company_chapters(),
                "requests": [],
                "on_the_way": [],
                "silent": (),
            }
            return await self._show("rights", RIGHTS.label, values)
        seen = await self.hearing.overview()
        snapshot, _ = await current_snapshot(self.deps.purposes_pool)
        uses = uses_of(snapshot, datetime.now(UTC), with_consent=True)
        values = {
            "chapters": chapters_of(uses),
            "requests": requests_told(self.hearing.me, seen),
            "me": self.hearing.me,
            "shows_own": self.deps.own is not None,
            "on_the_way": [
                each for each in seen.sent
                if each.kind != Kind.CONSENT.value and each.settled_at is None
            ],
            "silent": seen.silent,
        }  # fmt: skip
        return await self._show("rights", RIGHTS.label, values)

    async def form(
        self,
        right: Right,
        given: Mapping[str, str],
        faults: Mapping[str, str],
        *,
        is_restored: bool = False,
    ) -> Response[Any]:
        """What is asked for a right, with what was typed."""
        targets = await self._targets(right)
        titles = self._titles()
        values = {
            **self._shared(right, given, targets),
            "errors": {name: titles.say(words) for name, words in faults.items()},
            "labels": {
                "waarvoor": titles.say(N_("Waar gaat het over?")),
                "uitleg": titles.say(N_("Waarom vraagt u dit?")),
            },
            "is_restored": is_restored,
        }
        title = TITLES[right]
        return await self._show("right_form", title, values, wrong=bool(faults), deeper=True)

    async def sent(self, right: Right, given: Mapping[str, str]) -> Response[Any]:
        """One step: look over, change, or send."""
        targets = await self._targets(right)
        about = given.get("waarvoor", "")
        target = next((each for each in targets if each.purpose == about), None)
        faults = {}
        if target is None:
            faults["waarvoor"] = _WORDS["waarvoor"]
        if lacks_reason(right, given.get("uitleg", "")):
            faults["uitleg"] = _WORDS["uitleg"]
        step = given.get("stap", _CHECK)
        if faults or step == _CHANGE or target is None:
            return await self.form(right, given, {} if step == _CHANGE else faults)
        if step != _SEND:
            values = {**self._shared(right, given, targets), "target": target}
            return await self._show("right_check", N_("Klopt uw verzoek?"), values, deeper=True)
        return await self._send(right, target, given)

    async def _send(self, right: Right, target: Target, given: Mapping[str, str]) -> Response[Any]:
        reason = given.get("uitleg", "")
        kind = _KINDS.get(right)
        if kind is None:
            number = await self._file(right, target, reason)
            return self._to(f"{RIGHTS.path}/verzoek/{number}")
        me = self.hearing.me
        wish = Wish(
            kind=kind,
            about=target.purpose,
            holds=True,
            at_once=given.get("meteen") == TICKED,
            reason=reason,
        )
        others = [each for each in target.peers if each != me]
        done = await self.hearing.say(wish, others, here=me in target.peers)
        return self._to(f"{RIGHTS.path}/verzoek/{done.receipt}" if done else RIGHTS.path)

    async def _file(self, right: Right, target: Target, reason: str) -> object:
        """A request to our own organisation alone."""
        hearing, control = self.hearing, self.hearing.control
        person = hearing.look.person
        key_id, subject = hearing.subject
        told = Person(bsn=person.bsn, name=hearing.look.known.name, reason=reason)
        about = "" if target.purpose == EVERYTHING else target.purpose
        request = Wanted(
            right=right,
            subject=subject,
            key_id=key_id,
            about=about,
            activities=(),
            at_once=False,
            via=hearing.me,
            said_at=datetime.now(UTC),
            author=hearing.look.known.author,
            sealed=seal_person(told, control.seal_keys()[0], os.urandom(NONCE_BYTES)),
        )
        async with turn_of(control.rooms, subject):
            number = await file_request(control.rooms.gateway, control.rooms.purposes, request)
        await hearing.note(REQUEST, number, about)
        return number

    async def request(self, number: str) -> Response[Any]:
        """One request of this person here."""
        found = await own_request(self.hearing, number)
        values = {
            "request": found,
            "title_of": lambda right: self._titles().say(TITLES[right]),
            "copy": await file_of(self.hearing.control.rooms.gateway, found.number),
        }
        return await self._show("request", TITLES[found.asked.right], values, deeper=True)

    async def withdraw(self, number: str) -> Response[Any]:
        """Take a request back, here and at the others it was brought to."""
        found = await own_request(self.hearing, number)
        if not found.is_open:
            return self._to(f"{RIGHTS.path}/verzoek/{found.number}")
        hearing, rooms = self.hearing, self.hearing.control.rooms
        kind = _KINDS.get(found.asked.right)
        if kind is None:
            author = hearing.look.known.author
            await end_request(rooms.gateway, rooms.purposes, found, State.WITHDRAWN, author, "")
            await hearing.note(TAKEN_BACK, found.number, found.asked.about)
            return self._to(f"{RIGHTS.path}/verzoek/{found.number}")
        seen = await hearing.overview()
        peers = {
            each.peer
            for each in seen.sent
            if (each.kind, each.about) == (kind.value, found.asked.about) and each.holds
        }
        wish = Wish(kind=kind, about=found.asked.about, holds=False)
        await hearing.say(wish, sorted(peers))
        await hearing.note(TAKEN_BACK, found.number, found.asked.about)
        return self._to(f"{RIGHTS.path}/verzoek/{found.number}")

    async def _targets(self, right: Right) -> list[Target]:
        seen = await self.hearing.overview()
        snapshot, _ = await current_snapshot(self.deps.purposes_pool)
        uses = uses_of(snapshot, datetime.now(UTC), with_consent=right not in STOPPING)
        others = {peer: each.uses for peer, each in seen.places.items()}
        found = targets_of(right, self.hearing.me, uses, others)
        if right is Right.ACCESS:
            words = self.deps.site.say
            nl, en = (words(each, N_("Alle gegevens")) for each in (Language.NL, Language.EN))
            label = Text(nl=nl, en=en)
            found.insert(0, Target(purpose=EVERYTHING, label=label, peers=(self.hearing.me,)))
        return found

    def _shared(
        self, right: Right, given: Mapping[str, str], targets: list[Target]
    ) -> dict[str, Any]:
        return {
            "right": right,
            "targets": targets,
            "given": {name: given.get(name, "") for name in ("waarvoor", "uitleg", "meteen")},
            "stops": right in STOPPING,
            "longest": LONGEST,
            "person": person_of(self.deps, self.hearing.subject[1]),
            "steps": {"check": _CHECK, "change": _CHANGE, "send": _SEND},
            "action": f"{RIGHTS.path}/{right.value}",
        }

    def _to(self, path: str) -> Redirect:
        return Redirect(self.asked.at(path), status_code=303)

    def _titles(self) -> Titles:
        return Titles(self.deps.site, self.asked.language)

    async def _show(
        self,
        template: str,
        title: str,
        values: Mapping[str, Any],
        *,
        wrong: bool = False,
        deeper: bool = False,
    ) -> Response[str]:
        titles = self._titles()
        shared = {
            "titles": TITLES,
            "say": titles.say,
            "names": await names_of(self.deps),
            "text": lambda told: told.en if self.asked.language == "en" else told.nl,
        }
        return show(
            self.deps, self.asked, f"portal/{template}.html", titles.say(title),
            crumbs=(START, RIGHTS) if deeper else (START,), values={**shared, **values},
            part=RIGHTS.path, status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip


def requests_told(me: str, seen: Overview) -> list[tuple[str, ToldRequest]]:
    """The requests of a person at every organisation that tells, newest first."""
    found = [(me, each) for each in seen.own.verzoeken]
    for peer, standing in seen.told.items():
        if standing is not None:
            found += [(peer, each) for each in standing.verzoeken]
    return sorted(found, key=lambda each: each[1].ontvangen, reverse=True)
