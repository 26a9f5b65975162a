# SPDX-License-Identifier: EUPL-1.2
"""A person asks who used their data (AVG art. 15): asked by one officer, allowed by another.

    /console/persoon                  what waits, and the form for a new question
    /console/persoon/{number}         one question: allow or refuse it; and then what was used
    /console/persoon/{number}/bestand the access file, to hand over to the person
    /console/persoon/{number}/klaar   that the person has the answer

The number of the person is turned into pseudonyms at once and kept nowhere. Each look is a line of
the log about that person, so that the person sees it as well. While a question is open, lines about
the person are not destroyed, whatever their term.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.known import Known, NoCaseNumber, read_case
from landschap.console.officers import store
from landschap.console.officers.store import PersonQuestion
from landschap.console.pages.access_file import access_file
from landschap.console.pages.context import (
    LOG,
    PERSONS,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Pseudonyms,
    both,
    door_of,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.officer import NO_REASON, Officer, reason_fault
from landschap.console.pages.person_uses import OUTCOMES, PersonUses
from landschap.gateway.usage.store import Rooms
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store.legal_holds import end_hold_for_request, hold_for_request
from landschap.platform.bundles import zipped
from landschap.platform.ids import uuid7
from landschap.platform.web import N_
from landschap.vocabulary.identifiers import Bsn, InvalidValue

_NO_NUMBER = N_("Dit is geen burgerservicenummer: negen cijfers")
_NO_CASE = {
    "form": N_("Vul het nummer van de zaak in, zoals Z-2026-00412"),
    "person": N_("Dit is het nummer van een persoon. Vul het nummer van de zaak in"),
}
_HELD = "verzoek om inzage, zaak {}"
_NO_CHOICE = N_("Kies of het mag")
_NO_WORDS = N_("Schrijf op waarom u dat vindt, in ten minste tien tekens")


def person_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of person questions; none where nobody may look in the log."""
    console = deps.settings.oidc.console
    if deps.usage is None or deps.pseudonyms is None or not (console and console.log_officers):
        return []
    if not console.access_activity:
        return []
    door, pages = door_of(deps), _Pages(deps, deps.usage, deps.pseudonyms)

    @get(both("/persoon"))
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.every(asked) if asked.session else door.to_login(asked)

    @post(both("/persoon"), status_code=303)
    async def ask(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.ask(asked, await pages.officer.form(asked, request))

    @get(both("/persoon/{number:str}"), opt={"query": ("voor",)})
    async def one(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.one(asked, number) if asked.session else door.to_login(asked)

    @post(both("/persoon/{number:str}"), status_code=303, opt={"query": ("voor",)})
    async def decide(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.decide(asked, number, await pages.officer.form(asked, request))

    @get(both("/persoon/{number:str}/bestand"))
    async def file(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.file(asked, number) if asked.session else door.to_login(asked)

    @post(both("/persoon/{number:str}/klaar"), status_code=303)
    async def close(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        await pages.officer.form(asked, request)
        return await pages.close(asked, number)

    return [every, ask, one, decide, file, close]


class _Pages:
    def __init__(self, deps: ConsoleDeps, rooms: Rooms, pseudonyms: Pseudonyms) -> None:
        self.deps = deps
        self.pseudonyms = pseudonyms
        self.officer = Officer(deps)
        self.uses = PersonUses(deps, rooms, pseudonyms)

    async def every(
        self, asked: Asked[Known], typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Response[str]:  # fmt: skip
        known, words = self.officer.require(asked), words_of(self.deps, asked)
        values = {
            "questions": await store.person_questions(self.deps.pool),
            "subject": known.subject,
            "given": defaultdict(str, typed or {}),
            "errors": {name: words.say(text) for name, text in (errors or {}).items()},
            "labels": {
                "bsn": words.say(N_("Burgerservicenummer")),
                "zaak": words.say(N_("Nummer van de zaak")),
                "reden": words.say(N_("Waarom zoekt u deze persoon?")),
            },
        }
        return self._show(asked, "persons", words.say(PERSONS.label), values, (START, LOG))

    async def ask(self, asked: Asked[Known], form: Mapping[str, str]) -> Response[Any]:
        known, errors = self.officer.require(asked), {}
        try:
            number = Bsn.parse(form.get("bsn", ""))
        except InvalidValue:
            number, errors["bsn"] = None, _NO_NUMBER
        case = read_case(form.get("zaak", ""))
        if isinstance(case, NoCaseNumber):
            errors["zaak"] = _NO_CASE[case.why]
        errors |= reason_fault(form)
        if errors or number is None or isinstance(case, NoCaseNumber):
            # What identifies a person is not sent back.
            return await self.every(asked, {**form, "bsn": ""}, errors)
        oin = self.deps.settings.organisation.oin
        keys = dict(self.pseudonyms.keys.items())
        question = PersonQuestion(
            question_id=uuid7(),
            at=datetime.now(UTC),
            subject=known.subject,
            name=known.name,
            case_number=case,
            reason=form["reden"],
            pseudonyms=tuple(
                subject_pseudonym(key, oin, "bsn", number.value) for key in keys.values()
            ),
            key_ids=tuple(keys),
        )
        await self.officer.note(asked, "vraag", str(question.question_id), question.reason)
        # First held, then asked: never a question of which the lines go meanwhile.
        await hold_for_request(
            self.uses.rooms.log,
            question.question_id,
            question.pseudonyms,
            _HELD.format(question.case_number),
            known.name,
        )
        await store.ask_about_person(self.deps.pool, question)
        return Redirect(asked.at(f"{PERSONS.path}/{question.question_id}"), status_code=303)

    async def one(
        self, asked: Asked[Known], number: str, typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Response[str]:  # fmt: skip
        question, words = await self._found(asked, number), words_of(self.deps, asked)
        is_own = question.subject == session_of(asked).known.subject
        shown = None
        if question.allowed and question.is_open and is_own:
            await self._look(asked, question, "persoon")
            shown = await self.uses.page(question, asked.query.get("voor", ""))
        path = f"{PERSONS.path}/{question.question_id}"
        values = {
            "question": question,
            "is_own": is_own,
            "shown": shown,
            "outcomes": OUTCOMES,
            "words": words,
            "path": path,
            "next": f"{path}?voor={shown.last}" if shown and shown.more else "",
            "given": defaultdict(str, typed or {}),
            "errors": {name: words.say(text) for name, text in (errors or {}).items()},
            "labels": {
                "mag": words.say(N_("Mag uw collega dit zoeken?")),
                "reden": words.say(N_("Waarom vindt u dat")),
            },
        }
        title = words.say(N_("Persoonsvraag, zaak %(number)s"), number=question.case_number)
        return self._show(asked, "person", title, values, (START, LOG, PERSONS))

    async def decide(
        self, asked: Asked[Known], number: str, form: Mapping[str, str]
    ) -> Response[Any]:
        question, known = await self._found(asked, number), session_of(asked).known
        errors = {} if form.get("mag") in ("ja", "nee") else {"mag": _NO_CHOICE}
        if wrong := reason_fault(form).get("reden"):
            errors["reden"] = _NO_WORDS if wrong == NO_REASON else wrong
        if errors:
            return await self.one(asked, number, form, errors)
        allowed = form["mag"] == "ja"
        kind = "toegestaan" if allowed else "geweigerd"
        await self.officer.note(asked, kind, str(question.question_id), form["reden"])
        done = await store.decide_on_question(
            self.deps.pool,
            question.question_id,
            subject=known.subject,
            name=known.name,
            allowed=allowed,
            words=form["reden"],
            now=datetime.now(UTC),
        )
        if not done:
            raise refuse(409, "question_decided", "It was decided before, or you asked it yourself")
        if not allowed:
            await self._end_hold(question, known)
        return Redirect(asked.at(asked.path), status_code=303)

    async def close(self, asked: Asked[Known], number: str) -> Response[Any]:
        """The person has an answer: nothing is shown any more, and lines go at their term."""
        question, known = await self._found(asked, number), session_of(asked).known
        if question.allowed is None:
            raise refuse(409, "question_undecided", "Another officer has to allow this first")
        if question.is_open:
            await self.officer.note(asked, "beantwoord", str(question.question_id), question.reason)
        done = await store.close_question(
            self.deps.pool,
            question.question_id,
            subject=known.subject,
            name=known.name,
            now=datetime.now(UTC),
        )
        if not done:
            raise refuse(409, "question_decided", "Another officer has to allow this first")
        await self._end_hold(question, known)
        return Redirect(asked.at(f"{PERSONS.path}/{question.question_id}"), status_code=303)

    async def _end_hold(self, question: PersonQuestion, known: Known) -> None:
        await end_hold_for_request(
            self.uses.rooms.log,
            question.question_id,
            _HELD.format(question.case_number),
            known.name,
        )

    async def file(self, asked: Asked[Known], number: str) -> Response[Any]:
        question = await self._found(asked, number)
        is_own = question.subject == session_of(asked).known.subject
        if not (question.allowed and question.is_open and is_own):
            raise refuse(403, "not_allowed", "Another officer has to allow this first")
        await self._look(asked, question, "inzage")
        found = await self.uses.every(question)
        files = access_file(self.deps, asked, question, found)
        name = f'attachment; filename="inzage-{question.case_number}.zip"'.replace("/", "-")
        return Response(
            zipped(files), media_type="application/zip", headers={"Content-Disposition": name}
        )

    async def _look(self, asked: Asked[Known], question: PersonQuestion, kind: str) -> None:
        """Record the look: as a deed of the officer, and as a line about the person."""
        await self.officer.note(asked, kind, str(question.question_id), question.reason)
        await self.uses.written(question)

    async def _found(self, asked: Asked[Known], number: str) -> PersonQuestion:
        """One question, for an officer. Raises ProblemError."""
        self.officer.require(asked)
        try:
            found = await store.person_question(self.deps.pool, UUID(number))
        except ValueError:
            found = None
        if found is None:
            raise refuse(404, "not_found", "There is no such question")
        return found

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Any, ...],
    ) -> Response[str]:  # fmt: skip
        wrong = bool(values["errors"])
        return door_of(self.deps).show(
            asked, f"console/{template}.html", title, values=values, part=LOG.path, crumbs=crumbs,
            status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip
