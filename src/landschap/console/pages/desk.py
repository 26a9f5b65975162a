# SPDX-License-Identifier: EUPL-1.2
"""The desk: looking somebody up, checking who they are, and then serving them in the portal.

    /console/balie             whom do you serve now, and looking up the next
    /console/balie/controle    the document was seen: the visit begins
    /console/balie/verder      into the portal, in the visit that is open
    /console/balie/klaar       the visit ends
    /console/balie/gezien      a colleague saw that it is somebody else

One person at a time: while a visit is open nobody is looked up. Of the document its kind is kept
and four characters at most, never a copy.
Source: AVG art. 12 lid 6; Wet op de identificatieplicht, art. 1; UAVG art. 46.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.console.desk import (
    DOCUMENTS,
    LONGEST_ADDRESS,
    Checked,
    Whom,
    read_checked,
    read_sought,
    store,
)
from landschap.console.desk.store.book import ENDED
from landschap.console.desk.store.sealing import seal_whom, unseal_whom
from landschap.console.known import Known
from landschap.console.pages import desk_typed
from landschap.console.pages.context import (
    DESK,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Opens,
    both,
    door_of,
    own_form,
    refuse,
    require_desk,
    session_of,
    words_of,
)
from landschap.console.pages.desk_account import account_routes
from landschap.console.pages.desk_finding import Finding, Found, look_over, type_of_persons
from landschap.console.pages.desk_letters import LETTERS, letter_routes
from landschap.console.pages.looking import Looking
from landschap.console.pages.officer import reason_fault
from landschap.platform.ids import uuid7
from landschap.platform.web import N_
from landschap.platform.web.drafts import kept_on_fault
from landschap.platform.web.sealed import NONCE_BYTES
from landschap.vocabulary.desk import AtDesk

_LONGEST = 600
_PORTAL = "/rechten"
_DOCUMENT_WORDS = {
    "paspoort": N_("Paspoort"),
    "identiteitskaart": N_("Identiteitskaart"),
    "rijbewijs": N_("Rijbewijs"),
    "verblijfsdocument": N_("Verblijfsdocument"),
}
_FAULTS = {
    "one": N_("Vul het nummer in, of anders de achternaam met de geboortedatum"),
    "number": N_("Dit is geen burgerservicenummer: negen cijfers"),
    "name": N_("Vul de hele achternaam in"),
    "day": N_("Vul de geboortedatum in, zoals 31-12-1980"),
    "document": N_("Kies welk document u zag"),
    "characters": N_("Vul niet meer dan vier letters of cijfers in"),
    "address": N_("Vul het adres in waar de brieven heen gaan"),
    "seen": N_("Zet hier een vinkje als het klopt. Klopt het niet? Stop dan"),
    "nobody": N_("Niemand gevonden, of niet zeker wie het is. Kijk na wat u typte"),
}


def desk_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of the desk; none where there is none."""
    desk, opens, pseudonyms = deps.settings.desk, deps.opens, deps.pseudonyms
    if desk is None or opens is None or pseudonyms is None:
        return []
    kind = type_of_persons(desk, deps.registers.registers)
    pages = _Pages(deps, Finding(deps, desk, pseudonyms, kind), opens)
    door = door_of(deps)

    @get(both("/balie"))
    async def start(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        before = await desk_typed.sought(deps, request, asked.session.known.subject)
        return await pages.start(asked, before, is_restored=bool(before))

    def acting(path: str, act: Any) -> HTTPRouteHandler:
        @post(both(f"/balie{path}"), status_code=303)
        async def done(request: AnyRequest) -> Response[Any]:
            sent = await request.form()
            form = {name: str(value)[:_LONGEST].strip() for name, value in sent.items()}
            keep = partial(desk_typed.keep, deps, request, form)
            async with kept_on_fault(request, keep, desk_typed.KEPT_CODES):
                asked = await door.asked(request)
                if asked.session is None:
                    # Some of these addresses have no page of their own to come back to.
                    away = door.to_login(replace(asked, path=DESK.path, query={}))
                    desk_typed.set_kept(request, away, await keep())
                    return away
                require_desk(deps, asked)
                await own_form(door, request, asked.session)
                answer: Response[Any] = await act(asked, form, request)
            return answer

        return done

    return [
        start,
        acting("", pages.found),
        acting("/controle", pages.checked),
        acting("/verder", pages.go_on),
        acting("/klaar", pages.end),
        acting("/gezien", pages.seen),
        *letter_routes(deps),
        *account_routes(deps),
    ]


@dataclass(frozen=True, slots=True)
class _Pages:
    deps: ConsoleDeps
    finding: Finding
    opens: Opens

    async def start(
        self,
        asked: Asked[Known],
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        *,
        is_restored: bool = False,
    ) -> Response[str]:
        known, now = require_desk(self.deps, asked), datetime.now(UTC)
        visit = await self._open(asked)
        words = words_of(self.deps, asked)
        waiting = await store.waiting_visits(self.deps.pool, known.subject, now)
        values = {
            "visit": visit,
            "whom": self._whom(visit) if visit else None,
            "waiting": waiting,
            "by_name": self.finding.by_name,
            "most": self.finding.desk.looks_per_hour,
            "letters": LETTERS.path,
            "is_restored": is_restored,
            "employee": desk_typed.employee_of(self.deps, known.subject),
            "given": defaultdict(str, typed or {}),
            "errors": {
                name: words.say(_FAULTS.get(text, text)) for name, text in (errors or {}).items()
            },
            "labels": {
                "bsn": words.say(N_("Burgerservicenummer")),
                "naam": words.say(N_("Achternaam")),
                "geboren": words.say(N_("Geboortedatum")),
                "reden": words.say(N_("Waarom zoekt u deze persoon?")),
            },
        }
        return self._show(asked, "desk", words.say(DESK.label), values, (START,))

    async def found(
        self, asked: Asked[Known], form: Mapping[str, str], request: AnyRequest
    ) -> Response[Any]:
        """Look somebody up; the form of the check follows."""
        if await self._open(asked) is not None:
            raise refuse(409, "desk_visit_open", "First end the visit that is open")
        sought = read_sought(form)
        faults = sought if isinstance(sought, dict) else {}
        faults = {**faults, **reason_fault(form)}
        if isinstance(sought, dict) or faults:
            return await self.start(asked, form, faults)
        if not sought.number and not self.finding.by_name:
            return await self.start(asked, form, {"bsn": "number"})
        found = await self.finding.find(asked, sought, form["reden"])
        if found is None:
            field = "bsn" if sought.number else "naam"
            return await self.start(asked, form, {field: "nobody"})
        subject = session_of(asked).known.subject
        before = await desk_typed.checked(self.deps, request, subject, found.bsn)
        return self._check(asked, found, before, is_restored=bool(before))

    def _check(
        self,
        asked: Asked[Known],
        found: Found,
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        *,
        is_restored: bool = False,
    ) -> Response[str]:
        words, known = words_of(self.deps, asked), session_of(asked).known
        values = {
            "is_restored": is_restored,
            "employee": desk_typed.employee_of(self.deps, known.subject),
            "found": found,
            "born_on": _day(found.born_on),
            "sealed": self.finding.sealed(asked, found),
            "documents": [(each, words.say(_DOCUMENT_WORDS[each])) for each in DOCUMENTS],
            "given": defaultdict(str, typed or {}),
            "longest_address": LONGEST_ADDRESS,
            "needs_colleague": not known.number,
            "minutes": self.finding.desk.minutes,
            "days": self.finding.desk.kept_days,
            "errors": {name: words.say(_FAULTS[text]) for name, text in (errors or {}).items()},
            "labels": {
                "document": words.say(N_("Welk document zag u?")),
                "tekens": words.say(N_("Laatste tekens van het nummer (mag leeg blijven)")),
                "adres": words.say(N_("Adres voor brieven")),
                "gezien": words.say(N_("Het klopt")),
            },
        }
        title = words.say(N_("Controleer wie het is"))
        return self._show(asked, "desk_check", title, values, (START, DESK))

    async def checked(
        self, asked: Asked[Known], form: Mapping[str, str], _request: AnyRequest
    ) -> Response[Any]:
        """The document was seen: the visit begins. Recorded before it does; a second click goes on
        in the visit that the first began.
        """
        found = self.finding.opened(asked, form.get("wie", ""))
        if not await self.finding.is_fresh(asked, found):
            # In this order: a visit that began since the look was asked for is seen here.
            begun = await self._begun(asked, found)
            if begun is None:
                raise look_over()
            return begun
        checked = read_checked(form)
        if isinstance(checked, dict):
            return self._check(asked, found, form, checked)
        session, now = session_of(asked), datetime.now(UTC)
        known, visit_id = session.known, uuid7()
        whom = Whom(bsn=found.bsn, name=found.name, address=checked.address)
        visit = store.Visit(
            visit_id=visit_id,
            look_id=found.look,
            subject=known.subject,
            name=known.name,
            session_hash=session.hash,
            begun_at=now,
            until=now + timedelta(minutes=self.finding.desk.minutes),
            document=checked.document,
            characters=checked.characters,
            sealed=self._sealed(whom, visit_id),
            waits=not known.number,
        )
        await self._deed(known, visit, "identiteit-vaststellen", checked)
        if not await store.begin_visit(self.deps.pool, visit):
            begun = await self._begun(asked, found)
            if begun is None:
                raise refuse(409, "desk_visit_open", "First end the visit that is open")
            return begun
        return await self._goes_on(asked, visit, whom)

    async def _begun(self, asked: Asked[Known], found: Found) -> Response[Any] | None:
        """On in the visit that this very look began; None when there is none."""
        visit = await self._open(asked)
        whom = self._whom(visit) if visit and visit.look_id == found.look else None
        return await self._goes_on(asked, visit, whom) if visit and whom else None

    async def _goes_on(self, asked: Asked[Known], visit: store.Visit, whom: Whom) -> Response[Any]:
        if not visit.is_seen:
            return Redirect(asked.at(DESK.path), status_code=303)
        return await self._into(asked, visit, whom)

    async def go_on(
        self, asked: Asked[Known], _form: Mapping[str, str], _request: AnyRequest
    ) -> Response[Any]:
        """Into the portal again, or for the first time after a colleague looked."""
        visit = await self._open(asked)
        whom = self._whom(visit) if visit else None
        if visit is None or whom is None or not visit.is_seen:
            raise refuse(409, "desk_visit_over", "There is no visit to go on with")
        return await self._into(asked, visit, whom)

    async def end(
        self, asked: Asked[Known], _form: Mapping[str, str], _request: AnyRequest
    ) -> Response[Any]:
        visit = await self._open(asked)
        if visit is not None:
            await store.end_visit(self.deps.pool, visit.visit_id, ENDED, datetime.now(UTC))
        return Redirect(asked.at(DESK.path), status_code=303)

    async def seen(
        self, asked: Asked[Known], form: Mapping[str, str], _request: AnyRequest
    ) -> Response[Any]:
        """A colleague saw the person. Nobody says so of themselves, as employee or as person.

        Who says it twice said it once.
        """
        known, now = session_of(asked).known, datetime.now(UTC)
        try:
            visit = await store.visit_by_number(self.deps.pool, UUID(form.get("bezoek", "")))
        except ValueError:
            visit = None
        whom = self._whom(visit) if visit else None
        if visit is None or whom is None or (known.number and whom.bsn == known.number):
            raise refuse(409, "desk_visit_over", "This visit does not wait for you")
        await self._deed(known, visit, "balie-gezien", None)
        if not await store.see_visit(self.deps.pool, visit.visit_id, known.subject, now):
            after = await store.visit_by_number(self.deps.pool, visit.visit_id)
            if after is None or after.seen_by != known.subject:
                raise refuse(409, "desk_visit_over", "This visit does not wait for you")
        return Redirect(asked.at(DESK.path), status_code=303)

    async def _into(self, asked: Asked[Known], visit: store.Visit, whom: Whom) -> Response[Any]:
        known = session_of(asked).known
        at = AtDesk(
            visit=visit.visit_id,
            employee=known.subject,
            employee_name=known.name,
            login=known.session_id,
            since=known.authenticated_at,
            until=visit.until.timestamp(),
        )
        answer = Redirect(asked.at(_PORTAL), status_code=303)
        answer.set_cookie(await self.opens(at, whom, int(visit.begun_at.timestamp())))
        return answer

    async def _open(self, asked: Asked[Known]) -> store.Visit | None:
        session = session_of(asked)
        return await store.open_visit(
            self.deps.pool, session.known.subject, session.hash, datetime.now(UTC)
        )

    async def _deed(
        self, known: Known, visit: store.Visit, action: str, checked: Checked | None
    ) -> None:
        context = {"document": checked.document} if checked else {}
        about = ("visit", str(visit.visit_id))
        await Looking(self.deps).deed(known, action, about, dict(context), "desk")

    def _sealed(self, whom: Whom, visit_id: UUID) -> bytes:
        key = self.deps.request_keys()[0]
        return seal_whom(whom, visit_id, key, secrets.token_bytes(NONCE_BYTES))

    def _whom(self, visit: store.Visit) -> Whom | None:
        return unseal_whom(visit.sealed, visit.visit_id, self.deps.request_keys())

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Any, ...],
    ) -> Response[str]:  # fmt: skip
        wrong = bool(values["errors"])
        return door_of(self.deps).show(
            asked, f"console/{template}.html", title, values=values, part=DESK.path,
            crumbs=crumbs, status=400 if wrong else 200, is_wrong=wrong,
            has_twin=asked.path == DESK.path,
        )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
