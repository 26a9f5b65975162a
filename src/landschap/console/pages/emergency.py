# SPDX-License-Identifier: EUPL-1.2
"""Emergency access (noodtoegang): taking a role for a limited time, and what officers see of it.

    /console/noodtoegang         what runs, the form, and for privacy officers every use
    /console/noodtoegang/{id}    one use: who, why, what was looked at; and the judgement of it

It gives a role and nothing else: what no policy opens for a purpose stays closed. It is recorded
before it begins, stands on every page while it runs, and every look under it names its reason.
Source: BIO2, 8.2 (privileged access); NEN 7513, 6.2 (emergency access leaves a trace).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console import store
from landschap.console.known import Emergency, Known, names_a_person
from landschap.console.pages.context import (
    EMERGENCY,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    lines_of_form,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.looking import Looking
from landschap.platform.ids import uuid7
from landschap.platform.oidc_settings import EmergencySettings
from landschap.platform.telemetry import security_event
from landschap.platform.web import N_
from landschap.platform.web.sessions import change_session
from landschap.vocabulary.ijson import JsonValue

_SHORTEST, _LONGEST = 10, 500
_ACTION = "noodtoegang"
_NO_ROLE = N_("Kies welke rol u nodig heeft")
_NO_REASON = N_("Schrijf op waarom, in ten minste tien tekens")
_A_PERSON = N_("Hier staat het nummer van een persoon. Laat dat weg: de reden wordt bewaard")
_NO_CHOICE = N_("Kies of het terecht was")
_NO_WORDS = N_("Schrijf op waarom u dat vindt")


def emergency_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of emergency access; none where it is not set."""
    given = _settings(deps)
    if given is None:
        return []
    door, pages = door_of(deps), _Pages(deps, given)

    @get(both("/noodtoegang"))
    async def page(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.page(asked) if asked.session else door.to_login(asked)

    @post(both("/noodtoegang"), status_code=303)
    async def begin(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.begin(asked, await lines_of_form(door, request, asked.session))

    @post(both("/noodtoegang/stop"), status_code=303)
    async def stop(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        await lines_of_form(door, request, asked.session)
        return await pages.stop(asked)

    @get(both("/noodtoegang/{number:str}"))
    async def one(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.one(asked, number) if asked.session else door.to_login(asked)

    @post(both("/noodtoegang/{number:str}"), status_code=303)
    async def judge(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.judge(asked, number, await lines_of_form(door, request, asked.session))

    return [page, begin, stop, one, judge]


async def unjudged(deps: ConsoleDeps, known: Known) -> int:
    """How many uses wait for a judgement, for who is a privacy officer; else none."""
    given = _settings(deps)
    if given is None or not _is_officer(given, known):
        return 0
    return await store.count_unjudged(deps.pool)


def may_take(deps: ConsoleDeps, known: Known) -> bool:
    """True for one who may use emergency access."""
    console = deps.settings.oidc.console
    return console is not None and console.may_take_emergency(known.roles)


class _Pages:
    def __init__(self, deps: ConsoleDeps, given: EmergencySettings) -> None:
        self.deps = deps
        self.given = given
        self.looking = Looking(deps)

    async def page(
        self, asked: Asked[Known], typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Response[str]:  # fmt: skip
        known, words = session_of(asked).known, words_of(self.deps, asked)
        is_officer = _is_officer(self.given, known)
        offered = [each for each in self.given.roles if each not in known.roles]
        values = {
            "may": may_take(self.deps, known) and offered,
            "running": known.emergency,
            "running_until": _moment(known.emergency) if known.emergency else None,
            "roles": offered,
            "minutes": self.given.minutes,
            "given": defaultdict(str, typed or {}),
            "errors": {name: words.say(text) for name, text in (errors or {}).items()},
            "labels": {"rol": words.say(N_("Welke rol")), "reden": words.say(N_("Waarom"))},
            "is_officer": is_officer,
            "uses": await store.emergencies(self.deps.pool) if is_officer else (),
            "now": datetime.now(UTC),
        }
        return self._show(asked, "emergency", words.say(EMERGENCY.label), values)

    async def begin(self, asked: Asked[Known], form: Mapping[str, str]) -> Response[Any]:
        session = session_of(asked)
        known = session.known
        offered = {each for each in self.given.roles if each not in known.roles}
        if not may_take(self.deps, known) or known.emergency is not None:
            raise refuse(403, "emergency_refused", "Emergency access is not open to you now")
        errors = _faults_of(form, offered)
        if errors:
            return await self.page(asked, form, errors)
        now = datetime.now(UTC)
        used = store.Used(
            emergency_id=uuid7(),
            subject=known.subject,
            name=known.name,
            own_roles=known.roles,
            role=form["rol"],
            reason=form["reden"],
            begun_at=now,
            until=now + timedelta(minutes=self.given.minutes),
        )
        taken = Emergency(
            id=used.emergency_id, role=used.role, reason=used.reason, until=used.until.timestamp()
        )
        known = msgspec.structs.replace(known, emergency=taken)
        # No record, no access; and the officer knows of it before it works.
        await self._record(known, began=True)
        await store.begin_emergency(self.deps.pool, used)
        security_event(
            door="console", peer=known.subject, code="emergency_access", reason=used.reason,
            role=used.role,
        )  # fmt: skip
        await change_session(self.deps.pool, self.deps.session_key, session.hash, known)
        return Redirect(asked.at(EMERGENCY.path), status_code=303)

    async def stop(self, asked: Asked[Known]) -> Response[Any]:
        session, now = session_of(asked), datetime.now(UTC)
        if session.known.emergency is not None:
            await self._record(session.known, began=False)
            running = session.known.emergency.id
            await store.end_emergency(self.deps.pool, running, session.known.subject, now)
            known = msgspec.structs.replace(session.known, emergency=None)
            await change_session(self.deps.pool, self.deps.session_key, session.hash, known)
        return Redirect(asked.at(EMERGENCY.path), status_code=303)

    async def _record(self, known: Known, *, began: bool) -> None:
        taken = known.emergency
        assert taken is not None  # noqa: S101  # asked only in an emergency
        told: dict[str, JsonValue] = {
            "id": str(taken.id), "role": taken.role, "reason": taken.reason, "began": began,
        }  # fmt: skip
        context: dict[str, JsonValue] = {"emergency": told}
        role = ("role", taken.role)
        await self.looking.deed(known, _ACTION, role, context, "emergency access")

    async def one(
        self, asked: Asked[Known], number: str, typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Response[str]:  # fmt: skip
        used = await self._found(asked, number)
        words = words_of(self.deps, asked)
        purposes = self.deps.snapshot().purposes
        looks = [
            (each, words.text(purposes[each.purpose].purpose.label) if each.purpose in purposes
             else each.purpose)
            for each in await store.looks_of(self.deps.pool, used.emergency_id)
        ]  # fmt: skip
        values = {
            "used": used,
            "looks": looks,
            "path": f"{EMERGENCY.path}/{used.emergency_id}",
            "is_own": used.subject == session_of(asked).known.subject,
            "given": defaultdict(str, typed or {}),
            "errors": {name: words.say(text) for name, text in (errors or {}).items()},
            "labels": {
                "terecht": words.say(N_("Was het terecht?")),
                "woorden": words.say(N_("Waarom vindt u dat")),
            },
            "now": datetime.now(UTC),
        }
        title = words.say(N_("Noodtoegang van %(name)s"), name=used.name)
        return self._show(asked, "emergency_one", title, values, crumbs=(START, EMERGENCY))

    async def judge(
        self, asked: Asked[Known], number: str, form: Mapping[str, str]
    ) -> Response[Any]:
        used = await self._found(asked, number)
        known = session_of(asked).known
        now = datetime.now(UTC)
        if form.get("stop"):
            await store.end_emergency(self.deps.pool, used.emergency_id, known.subject, now)
            return Redirect(asked.at(asked.path), status_code=303)
        errors = {}
        if form.get("terecht") not in ("ja", "nee"):
            errors["terecht"] = _NO_CHOICE
        words = form.get("woorden", "")
        if len(words) < 3:
            errors["woorden"] = _NO_WORDS
        if errors:
            return await self.one(asked, number, form, errors)
        done = await store.review_emergency(
            self.deps.pool,
            used.emergency_id,
            subject=known.subject,
            name=known.name,
            was_right=form["terecht"] == "ja",
            words=words[:1000],
            now=now,
        )
        if not done:
            raise refuse(409, "emergency_judged", "It was judged before, or you used it yourself")
        return Redirect(asked.at(asked.path), status_code=303)

    async def _found(self, asked: Asked[Known], number: str) -> store.Used:
        """One use, for a privacy officer. Raises ProblemError."""
        if not _is_officer(self.given, session_of(asked).known):
            raise refuse(403, "role_not_allowed", "Only privacy officers see uses of others")
        try:
            found = await store.emergency(self.deps.pool, UUID(number))
        except ValueError:
            found = None
        if found is None:
            raise refuse(404, "not_found", "There is no such use of emergency access")
        return found

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Any, ...] = (START,),
    ) -> Response[str]:  # fmt: skip
        wrong = bool(values["errors"])
        return door_of(self.deps).show(
            asked, f"console/{template}.html", title, values=values, part=EMERGENCY.path,
            crumbs=crumbs, status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip


def _faults_of(form: Mapping[str, str], offered: set[str]) -> dict[str, str]:
    errors = {}
    if form.get("rol") not in offered:
        errors["rol"] = _NO_ROLE
    reason = form.get("reden", "")
    if not _SHORTEST <= len(reason) <= _LONGEST:
        errors["reden"] = _NO_REASON
    elif names_a_person(reason):
        errors["reden"] = _A_PERSON
    return errors


def _moment(emergency: Emergency) -> datetime:
    return datetime.fromtimestamp(emergency.until, UTC)


def _settings(deps: ConsoleDeps) -> EmergencySettings | None:
    console = deps.settings.oidc.console
    return console.emergency if console else None


def _is_officer(given: EmergencySettings, known: Known) -> bool:
    return not set(given.officers).isdisjoint(known.roles)
