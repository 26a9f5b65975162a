# SPDX-License-Identifier: EUPL-1.2
"""Saying that a value is wrong: the form, looking it over, sending it once.

Nothing that was typed is lost: not on a fault, not when the session turns out to be over. The same
form sent again, from the back button or a second window, is the same report.
Source: AVG art. 16; Wet BRP art. 2.58; Awb art. 2:14 and following (electronic sending).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.platform.ids import uuid7
from landschap.platform.web import N_
from landschap.platform.web.door import gone
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.own import (
    LONGEST_EXPLANATION,
    LONGEST_VALUE,
    OwnObject,
    Typed,
    form_name,
    form_of,
    of_field,
    typed_of,
)
from landschap.portal.pages.at_desk import note
from landschap.portal.pages.context import (
    OWN,
    AnyRequest,
    Asked,
    OwnData,
    PortalDeps,
    asked_of,
    show,
    to_login,
)
from landschap.portal.pages.drafts import (
    DRAFT_COOKIE,
    answered,
    draft_token,
    person_of,
    taken,
)
from landschap.portal.pages.evidence import (
    AWAY,
    FIELD,
    MAX_FORM_BYTES,
    Allowance,
    field_values,
    files_of,
    refusals,
)
from landschap.portal.pages.looking import Looking
from landschap.portal.pages.own import START, wrong_path
from landschap.portal.pages.passing import Passing, decider_of
from landschap.portal.pages.titles import Titles
from landschap.registers import store
from landschap.registers.reports import Report
from landschap.registers.store.evidence import Handed, attach
from landschap.registers.terms import due
from landschap.vocabulary.desk import REPORT
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.uploads import Fault

CHECK, CHANGE, SEND = "nakijken", "wijzig", "verstuur"
_LOOKING, _SENDING = "fout doorgeven", "fout doorgegeven"
_WORDS = {
    "voorstel": {
        "short": N_("Vul in wat er volgens u moet staan"),
        "long": N_("Gebruik niet meer dan 500 tekens"),
    },
    "uitleg": {
        "short": N_("Vul in hoe u weet dat het anders is"),
        "long": N_("Gebruik niet meer dan 2000 tekens"),
    },
}


def correcting_routes(deps: PortalDeps, own: OwnData) -> list[HTTPRouteHandler]:
    """The routes of saying that a value is wrong."""
    path = "/gegevens/{register:str}/{name:str}/{reference:str}/{field:str}/fout"
    paths, allowance = [path, f"/en{path}"], Allowance()

    @get(paths)
    async def form(
        register: FromPath[str],
        name: FromPath[str],
        reference: FromPath[str],
        field: FromPath[str],
        request: AnyRequest,
    ) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        place = Place(deps, own, asked, asked.session)
        await place.find(register, name, reference, field)
        return await place.begun(request.cookies.get(DRAFT_COOKIE, ""))

    @post(paths, status_code=303, request_max_body_size=MAX_FORM_BYTES)
    async def sent(
        register: FromPath[str],
        name: FromPath[str],
        reference: FromPath[str],
        field: FromPath[str],
        request: AnyRequest,
    ) -> Response[Any]:
        given = await request.form()
        typed, is_in = typed_of(given), False

        async def keep() -> str:
            token = await draft_token(
                deps, request, given, proposed=typed.proposed, explanation=typed.explanation
            )
            wanted = form_of(given.get("melding"))
            # Who this is was proved by a session that is over, so it is few that is taken.
            over = str(given.get("token", ""))
            if token and not is_in and wanted is not None and allowance.take(over):
                files = files_of(own, wanted, str(given.get("voor", "")))
                if files is not None:
                    await files.change(given)
            return token

        async def act(asked: Asked[Known], session: Session[Known]) -> Response[Any]:
            nonlocal is_in
            is_in = True
            place = Place(deps, own, asked, session)
            await place.find(register, name, reference, field)
            return await place.sent(given)

        return await answered(deps, request, given, act, keep)

    return [form, sent]


@dataclass(slots=True)
class Place:
    """One value of one person, and what they say of it."""

    deps: PortalDeps
    own: OwnData
    asked: Asked[Known]
    session: Session[Known]
    thing: OwnObject | None = None
    path: str = ""
    files: list[Handed] | None = None

    async def find(self, register: str, name: str, reference: str, path: str) -> None:
        """Look the value up, recorded. Raises NotFoundException when it is not this person's."""
        found = await self.looking.one(register, name, reference, _LOOKING)
        if found is None or found.value(path) is None:
            raise NotFoundException
        self.thing, self.path = found, path

    @property
    def looking(self) -> Looking:
        """The look of who asks."""
        return Looking(self.deps, self.own, self.session)

    @property
    def found(self) -> OwnObject:
        """What `find` found."""
        assert self.thing is not None  # noqa: S101  # `find` comes first
        return self.thing

    @property
    def _passing(self) -> Passing:
        return Passing(deps=self.deps, own=self.own, session=self.session)

    async def _unreachable(self, typed: Typed) -> Response[str] | None:
        """What somebody can do when we can not bring a report to who holds this; else None."""
        source = self.found.register.source
        if source is None or await self._passing.can_reach(source):
            return None
        thing, titles = self.found, self._titles()
        values = {
            "field": titles.path(thing.type, self.path),
            "decider": decider_of(self.deps, thing.register),
            "typed": typed,
        }
        title = titles.say(N_("Klopt uw gegeven niet?"))
        return self._show("report_elsewhere", title, values)

    def person(self) -> str:
        """Proves for whom a form was made, also after another log-in."""
        return person_of(self.deps, self.looking.pseudonyms()[0])

    async def begun(self, token: str) -> Response[Any]:
        """The form: empty, or with what was typed before the session was over."""
        before = of_field([each for _, each in await self.looking.reports()], self.found, self.path)
        elsewhere = None if before is not None else await self._unreachable(Typed())
        if elsewhere is not None:
            return elsewhere
        draft = await taken(self.deps, self.asked.path, self.person(), token)
        if before is not None:
            return Redirect(self.asked.at(f"/meldingen/{before.report_id}"), status_code=303)
        typed = Typed(proposed=draft.proposed, explanation=draft.explanation) if draft else Typed()
        form = (form_of(draft.form) if draft else None) or uuid7()
        await self._handed_in(form, {})
        answer = self._form(typed, form, {}, is_restored=draft is not None)
        if draft is not None:
            answer.set_cookie(gone(DRAFT_COOKIE))
        return answer

    async def sent(self, given: Mapping[str, Any]) -> Response[Any]:
        """One step: look over, change, or send."""
        form, typed = form_of(given.get("melding")), typed_of(given)
        faults = typed.faults()
        step = str(given.get("stap", CHECK))
        elsewhere = await self._unreachable(typed)
        if elsewhere is not None:
            return elsewhere
        if form is None:
            form, step = uuid7(), CHECK
        refused = await self._handed_in(form, given)
        if given.get(AWAY):
            return self._form(typed, form, {})
        if refused:
            return self._form(typed, form, faults, refused=refused)
        if faults and step != CHANGE:
            return self._form(typed, form, faults)
        if step == SEND:
            kept = await self._send(typed, form)
            return Redirect(self.asked.at(f"/meldingen/{kept.report_id}"), status_code=303)
        return self._form(typed, form, {}) if step == CHANGE else self._check(typed, form)

    async def _send(self, typed: Typed, form: UUID) -> Report:
        """Keep the report; the line that it was reported is durable before it."""
        thing, now = self.found, datetime.now(UTC)
        await self.looking.objects(thing.register, thing.type, _SENDING)
        files = files_of(self.own, form, self.person())
        report = Report(
            report_id=uuid7(),
            type_key=thing.type.key,
            object_id=thing.object_id,
            paths=(self.path,),
            since=thing.since,
            explanation=typed.explanation,
            peer=self.deps.settings.organisation.oin.value,
            reported_at=now,
            proposed=typed.proposed,
            reporter=self.looking.pseudonyms()[-1],
            decide_by=due(amsterdam_day(now), thing.register.decision_term),
            author=self.session.known.author,
        )
        name = form_name(self.looking.pseudonyms()[0], form)
        pool = self.own.registers.pool
        kept = await store.report(pool, thing.register, thing.type, report, name)
        if files is not None:
            await attach(pool, files.form, kept.report_id)
        await self._passing.pass_on(thing.register, kept)
        known = self.session.known
        await note(self.deps, known, REPORT, kept.report_id, thing.register.name)
        return kept

    async def _handed_in(self, form: UUID, given: Mapping[str, Any]) -> Sequence[tuple[str, Fault]]:
        """Take the files that came along; gives those that are refused."""
        files = files_of(self.own, form, self.person())
        if files is None:
            return ()
        refused = await files.change(given)
        self.files = await files.listed()
        return refused

    def _form(
        self,
        typed: Typed,
        form: UUID,
        faults: Mapping[str, str],
        *,
        refused: Sequence[tuple[str, Fault]] = (),
        is_restored: bool = False,
    ) -> Response[str]:
        titles = self._titles()
        errors = {name: titles.say(_WORDS[name][why]) for name, why in faults.items()}
        if refused:
            errors[FIELD] = refusals(titles, refused)
        values = {
            **self._shared(typed, form),
            "errors": errors,
            "labels": {
                "voorstel": titles.say(N_("Wat er moet staan")),
                "uitleg": titles.say(N_("Hoe u dat weet")),
                FIELD: titles.say(N_("Bewijs")),
            },
            "is_restored": is_restored,
            "longest": {"voorstel": LONGEST_VALUE, "uitleg": LONGEST_EXPLANATION},
        }
        title = titles.say(N_("Klopt uw gegeven niet?"))
        return self._show("report_form", title, values, wrong=bool(errors))

    def _check(self, typed: Typed, form: UUID) -> Response[str]:
        values = self._shared(typed, form)
        return self._show("report_check", self._titles().say(N_("Klopt uw melding?")), values)

    def _shared(self, typed: Typed, form: UUID) -> dict[str, Any]:
        thing, titles = self.found, self._titles()
        value = thing.value(self.path)
        assert value is not None  # noqa: S101  # `find` saw to it
        today = amsterdam_day(datetime.now(UTC))
        return {
            "thing": thing,
            "titles": titles,
            "field": titles.path(thing.type, self.path),
            "now": value.value,
            "typed": typed,
            "form": str(form),
            "person": self.person(),
            "action": wrong_path(thing, self.path),
            "decide_by": due(today, thing.register.decision_term),
            **field_values(self.files),
            "decider": decider_of(self.deps, thing.register),
            "steps": {"check": CHECK, "change": CHANGE, "send": SEND},
        }

    def _titles(self) -> Titles:
        return Titles(self.deps.site, self.asked.language)

    def _show(
        self, template: str, title: str, values: Mapping[str, Any], *, wrong: bool = False
    ) -> Response[str]:
        return show(
            self.deps, self.asked, f"portal/{template}.html", title, crumbs=(START, OWN),
            values=values, part=OWN.path, status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip
