# SPDX-License-Identifier: EUPL-1.2
"""Requests by the rights of persons: what waits, and deciding on it.

    /console/verzoeken            the requests, those that are due first on top
    /console/verzoeken/{number}   one: who asks what and why; grant, refuse or take more time

For who may look in the log. Opening a request is a line of the person. What is granted works with
the next question; the person reads the reason. Source: AVG art. 12 lid 3 and 4, art. 18, art. 21.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.console.known import Known, names_a_person
from landschap.console.pages.context import (
    LOG,
    REQUESTS,
    START,
    Asked,
    ConsoleDeps,
    Pseudonyms,
    door_of,
    refuse,
    words_of,
)
from landschap.console.pages.decision_routes import decision_routes
from landschap.console.pages.officer import A_PERSON, Officer
from landschap.console.pages.person_uses import write_look
from landschap.fsc.store import peer_names
from landschap.gateway.saying.store import Rooms
from landschap.gateway.saying.store.requests import (
    Lifted,
    Request,
    State,
    end_request,
    every_request,
    extend_request,
    lift_request,
    request_by_number,
)
from landschap.gateway.saying.store.sealing import unseal_person
from landschap.platform.web import N_
from landschap.purposes.choosing import STOPPING
from landschap.purposes.rights import Right
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import amsterdam_day, parse_day

_GRANT, _REFUSE, _EXTEND, _LIFT = "toewijzen", "afwijzen", "verlengen", "opheffen"
_SHORTEST, _LONGEST = 3, 1000
_GROUP = "verzoek"
_TYPED = ("besluit", "reden", "verteld")
_NO_DAY = N_("Vul de dag in waarop u het de inwoner vertelde: vandaag of eerder, zoals 2026-11-30")
_NO_CHOICE = N_("Kies wat u besluit")
_NO_REASON = N_("Schrijf op waarom, in ten minste drie tekens. De inwoner leest dit")
RIGHTS: Mapping[Right, str] = {
    Right.ACCESS: N_("Inzage"),
    Right.CORRECTION: N_("Verbetering"),
    Right.ERASURE: N_("Wissen"),
    Right.RESTRICTION: N_("Gebruik stoppen"),
    Right.PORTABILITY: N_("Gegevens meenemen"),
    Right.OBJECTION: N_("Bezwaar"),
    Right.HUMAN: N_("Een mens laten kijken"),
}


def _today() -> date:
    return amsterdam_day(datetime.now(UTC))


def _day(text: str) -> date | None:
    try:
        return parse_day(text.strip())
    except InvalidValue:
        return None


def request_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of requests; none where nobody may look in the log."""
    console, rooms, pseudonyms = deps.settings.oidc.console, deps.hearing, deps.pseudonyms
    if rooms is None or pseudonyms is None or not (console and console.log_officers):
        return []
    if not console.access_activity:
        return []
    return decision_routes(deps, "/verzoeken", _Pages(deps, rooms, pseudonyms))


class _Pages:
    def __init__(self, deps: ConsoleDeps, rooms: Rooms, pseudonyms: Pseudonyms) -> None:
        self.deps = deps
        self.rooms = rooms
        self.pseudonyms = pseudonyms
        self.officer = Officer(deps)

    async def every(self, asked: Asked[Known]) -> Response[str]:
        """What waits, the first due on top; who asks is not told here."""
        self.officer.require(asked)
        found = await every_request(self.rooms.gateway)
        found.sort(key=lambda each: (not each.is_open, each.due if each.is_open else each.number))
        values = {**self._shared(asked), "requests": found}
        return await self._show(asked, "requests", REQUESTS.label, values, (START, LOG))

    async def one(
        self, asked: Asked[Known], number: str, typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Response[str]:  # fmt: skip
        """One request. That it was opened is a line of the person before it is shown."""
        self.officer.require(asked)
        found, words = await self._found(number), words_of(self.deps, asked)
        reason = f"Verzoek {found.number}"
        await self.officer.note(asked, "verzoek", str(found.number), reason)
        subject = (found.asked.key_id, found.asked.subject)
        await write_look(self.deps, self.pseudonyms, subject, str(found.number), _GROUP)
        values = {
            **self._shared(asked),
            "found": found,
            "person": unseal_person(found.asked.sealed, self.deps.request_keys()),
            "purpose": self._purpose(asked, found.asked.about),
            "stops": found.asked.right in STOPPING,
            "path": f"{REQUESTS.path}/{found.number}",
            "given": {name: (typed or {}).get(name, "") for name in _TYPED},
            "errors": {name: words.say(text) for name, text in (errors or {}).items()},
            "labels": {
                "besluit": words.say(N_("Besluit")),
                "reden": words.say(N_("Waarom")),
                "verteld": words.say(N_("Wanneer vertelde u het de inwoner?")),
            },
            "choices": {"grant": _GRANT, "refuse": _REFUSE, "extend": _EXTEND, "lift": _LIFT},
            "can_extend": found.state is State.RECEIVED,
        }
        crumbs = (START, LOG, REQUESTS)
        return await self._show(asked, "request", RIGHTS[found.asked.right], values, crumbs)

    async def decide(
        self, asked: Asked[Known], number: str, form: Mapping[str, str]
    ) -> Response[Any]:
        """Grant, refuse or extend; recorded before it is done."""
        known, found = self.officer.require(asked), await self._found(number)
        choice, reason = form.get("besluit", ""), form.get("reden", "")[:_LONGEST]
        if choice == _LIFT:
            return await self._lift(asked, found, form, reason)
        errors = {}
        if choice not in (_GRANT, _REFUSE, _EXTEND):
            errors["besluit"] = _NO_CHOICE
        if len(reason) < _SHORTEST:
            errors["reden"] = _NO_REASON
        elif names_a_person(reason):
            errors["reden"] = A_PERSON
        if errors:
            return await self.one(asked, number, form, errors)
        if not found.is_open:
            raise refuse(409, "request_decided", "Somebody else decided on this request already")
        await self.officer.note(asked, choice, str(found.number), f"{choice}: {reason}"[:500])
        if choice == _EXTEND:
            await extend_request(self.rooms.gateway, found, known.subject, reason)
        else:
            state = State.GRANTED if choice == _GRANT else State.REFUSED
            await end_request(
                self.rooms.gateway, self.rooms.purposes, found, state, known.subject, reason
            )
        return Redirect(asked.at(f"{REQUESTS.path}/{found.number}"), status_code=303)

    async def _lift(
        self, asked: Asked[Known], found: Request, form: Mapping[str, str], reason: str
    ) -> Response[Any]:
        """What was upheld holds no longer. Its person was told before; recorded before it is done.

        Source: AVG art. 18 lid 3.
        """
        known, errors = self.officer.require(asked), {}
        if len(reason) < _SHORTEST:
            errors["reden"] = _NO_REASON
        elif names_a_person(reason):
            errors["reden"] = A_PERSON
        told_on = _day(form.get("verteld", ""))
        if told_on is None or not amsterdam_day(found.received_at) <= told_on <= _today():
            errors["verteld"] = _NO_DAY
        if not found.holds:
            raise refuse(409, "request_decided", "There is nothing that holds and can be lifted")
        if errors or told_on is None:
            return await self.one(asked, str(found.number), form, errors)
        await self.officer.note(asked, _LIFT, str(found.number), f"{_LIFT}: {reason}"[:500])
        lifted = Lifted(at=datetime.now(UTC), author=known.subject, reason=reason, told_on=told_on)
        await lift_request(self.rooms.gateway, self.rooms.purposes, found, lifted)
        return Redirect(asked.at(f"{REQUESTS.path}/{found.number}"), status_code=303)

    async def _found(self, number: str) -> Request:
        try:
            found = await request_by_number(self.rooms.gateway, UUID(number))
        except ValueError:
            found = None
        if found is None:
            raise refuse(404, "not_found", "There is no such request")
        return found

    def _purpose(self, asked: Asked[Known], uri: str) -> str:
        known = self.deps.snapshot().purposes.get(uri)
        return words_of(self.deps, asked).text(known.purpose.label) if known else uri

    def _shared(self, asked: Asked[Known]) -> dict[str, Any]:
        words = words_of(self.deps, asked)
        return {
            "right_of": lambda right: words.say(RIGHTS[right]),
            "purpose_of": lambda uri: self._purpose(asked, uri),
            "today": amsterdam_day(datetime.now(UTC)),
            "own_path": REQUESTS.path,
        }

    async def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Any, ...],
    ) -> Response[str]:  # fmt: skip
        wrong = bool(values.get("errors"))
        own = self.deps.settings.organisation
        contracts = self.deps.contracts
        names = await peer_names(contracts.pool) if contracts else {}
        return door_of(self.deps).show(
            asked, f"console/{template}.html", words_of(self.deps, asked).say(title),
            values={**values, "names": {**names, own.oin.value: own.name}}, part=LOG.path,
            crumbs=crumbs, status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip
