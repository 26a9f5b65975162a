# SPDX-License-Identifier: EUPL-1.2
"""Applying: choose whether to fetch, fill in, look over, send once, and the receipt.

Nothing that was typed is lost: not on a fault, not when source or register is away, not when the
session turns out to be over. The same form sent again is the same application; its receipt can be
read again later.
Source: Awb art. 2:14 and following (electronic sending), 4:2; AVG art. 13 (what is fetched).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.forms.application import (
    KINDS,
    LONGEST,
    Fault,
    Typed,
    number_of,
    read_day,
    registration,
)
from landschap.forms.application import typed_of as read_typed
from landschap.forms.client import NotRegistered, Registered
from landschap.forms.fetched import Fetched, Outcome
from landschap.forms.pages.context import (
    APPLY,
    BASE,
    START,
    AnyRequest,
    Asked,
    FormDeps,
    Known,
    door_of,
)
from landschap.forms.pages.drafts import (
    DRAFT_COOKIE,
    Form,
    draft_cookie,
    draft_token,
    form_id,
    person_of,
    sealed_of,
    taken,
    unsealed,
)
from landschap.forms.pages.once import Once
from landschap.forms.pages.receipts import KEPT, Receipt, keep_receipt, receipts_of
from landschap.forms.pages.words import FAULTS, KIND_WORDS, LABELS, SOURCE_WORDS
from landschap.platform.ids import uuid7
from landschap.platform.web import N_
from landschap.platform.web.door import gone
from landschap.platform.web.drafts import kept_on_fault
from landschap.platform.web.sessions import Session
from landschap.vocabulary.problems import ProblemError, Refusal
from landschap.vocabulary.times import amsterdam_day, parse_moment

FETCH, WITHOUT, CHECK, CHANGE, SEND = "ophalen", "zonder", "nakijken", "wijzig", "verstuur"
_STEPS = {"fetch": FETCH, "without": WITHOUT, "check": CHECK, "change": CHANGE, "send": SEND}
_RECEIVED = f"{BASE}/ontvangen"


def applying_routes(deps: FormDeps) -> list[HTTPRouteHandler]:
    """The routes behind the log-in of the form."""
    once = Once()

    @get([APPLY, f"/en{APPLY}"])
    async def begin(request: AnyRequest) -> Response[Any]:
        door = door_of(deps)
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        token = request.cookies.get(DRAFT_COOKIE, "")
        place = _Place(deps, once, asked, asked.session)
        before = await taken(deps, asked.session.known.bsn, token)
        answer = place.form(before) if before else await place.choice()
        if before is not None:
            answer.set_cookie(gone(DRAFT_COOKIE))
        return answer

    @post([APPLY, f"/en{APPLY}"], status_code=200)
    async def sent(request: AnyRequest) -> Response[Any]:
        door = door_of(deps)
        given = await request.form()
        keep = partial(draft_token, deps, request, given)
        async with kept_on_fault(request, keep):
            asked = await door.asked(request)
            if asked.session is None:
                answer = door.to_login(asked)
                if token := await keep():
                    answer.set_cookie(draft_cookie(token))
                return answer
            if not door.is_own_form(given, asked.session):
                raise ProblemError(_FOREIGN)
            return await _Place(deps, once, asked, asked.session).sent(given)

    @get([f"{_RECEIVED}/{{number:str}}", f"/en{_RECEIVED}/{{number:str}}"])
    async def receipt(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        door = door_of(deps)
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await _Place(deps, once, asked, asked.session).receipt(number)

    return [begin, sent, receipt]


@dataclass(slots=True)
class _Place:
    """One person who was let in, and what they do with one form."""

    deps: FormDeps
    once: Once
    asked: Asked[Known]
    session: Session[Known]

    @property
    def bsn(self) -> str:
        return self.session.known.bsn

    async def sent(self, given: Mapping[str, Any]) -> Response[Any]:
        """One step: fetch, go on without, look over, change, or send."""
        step, form = str(given.get("stap", CHECK)), self._form_of(given)
        match step:
            case "ophalen":
                return self.form(await self._fetched(form))
            case "zonder" | "wijzig":
                return self.form(form)
        faults = form.typed.faults(self._today())
        if faults:
            return self.form(form, faults)
        is_whole = form_id(given.get("aanvraag")) is not None
        return await self._send(form) if step == SEND and is_whole else self.check(form)

    def _form_of(self, given: Mapping[str, Any]) -> Form:
        form = form_id(given.get("aanvraag")) or uuid7()
        fetched = unsealed(self.deps, self.bsn, form, str(given.get("opgehaald", "")))
        return Form(id=form, typed=read_typed(given), fetched=fetched)

    async def _fetched(self, form: Form) -> Form:
        """The form with what was fetched in fields that were empty; a double click asks once."""
        number = number_of(self.deps.key, self.bsn, form.id)
        found = await self.once.of(number, lambda: self.deps.client.fetch(self.bsn, number))
        filled = {**found.typed().values, **{k: v for k, v in form.typed.values.items() if v}}
        return replace(form, typed=Typed(filled), fetched=found)

    async def _send(self, form: Form) -> Response[Any]:
        number = number_of(self.deps.key, self.bsn, form.id)
        unchanged = form.fetched.unchanged(form.typed)
        body = registration(form.typed, number, self.bsn, self._today(), unchanged)
        match await self.deps.client.register(number, body):
            case Registered(is_new=True, at=at):
                receipt = Receipt(number=number, at=at, values=form.typed.values)
                await keep_receipt(self.deps, self.bsn, receipt)
                return Redirect(self.asked.at(f"{_RECEIVED}/{number}"), status_code=303)
            case Registered():
                # Registered before, perhaps without our hearing of it: then there is no receipt.
                is_kept = any(
                    each.number == number for each in await receipts_of(self.deps, self.bsn)
                )
                again = replace(form, id=uuid7())
                return self.form(again, already=number, has_receipt=is_kept)
            case NotRegistered() as why:
                return self.check(form, why)

    async def choice(self) -> Response[str]:
        """Whether to fetch: what, from where and why, before anything is asked."""
        form = Form(id=uuid7(), typed=Typed({}), fetched=Fetched(outcome=Outcome.WITHOUT))
        title = self._say(N_("Zullen wij uw gegevens invullen?"))
        before = [
            (f"{_RECEIVED}/{each.number}", each.number, parse_moment(each.at))
            for each in await receipts_of(self.deps, self.bsn)
        ]
        return self._show("choice", title, {**self._shared(form), "before": before})

    def form(
        self,
        form: Form,
        faults: Mapping[str, Fault] | None = None,
        *,
        already: str = "",
        has_receipt: bool = False,
    ) -> Response[str]:
        """The fields, with where each value is from."""
        errors = {name: self._say(FAULTS[fault]) for name, fault in (faults or {}).items()}
        values = {
            **self._shared(form),
            "errors": errors,
            "labels": {name: self._say(words) for name, words in LABELS.items()},
            "is_restored": form.is_restored,
            "already": already,
            "receipt": f"{_RECEIVED}/{already}" if has_receipt else "",
            "outcomes": Outcome,
            "kinds": {each: self._say(KIND_WORDS[each]) for each in KINDS},
            "longest": LONGEST,
        }
        title = self._say(N_("Uw aanvraag"))
        return self._show("form", title, values, wrong=bool(errors))

    def check(self, form: Form, trouble: NotRegistered | None = None) -> Response[str]:
        """Everything once more, before it is sent; with ``trouble`` sending did not work."""
        values = {**self._shared(form), "rows": self._rows(form.typed.values), "trouble": trouble}
        title = self._say(N_("Klopt uw aanvraag?"))
        if trouble is not None:
            title = self._say(N_("Versturen lukte nog niet"))
        status = 200 if trouble is None else 503 if trouble.may_be_there else 409
        return self._show("check", title, values, wrong=trouble is not None, status=status)

    async def receipt(self, number: str) -> Response[str]:
        """What was received: number, moment, and what was sent. Raises NotFoundException."""
        every = {each.number: each for each in await receipts_of(self.deps, self.bsn)}
        found = every.get(number)
        if found is None:
            raise NotFoundException
        values = {
            "number": found.number,
            "at_moment": parse_moment(found.at),
            "rows": self._rows(found.values),
            "person": self.session.known.name,
            "days": KEPT.days,
            "apply": APPLY,
        }
        return self._show("receipt", self._say(N_("Uw aanvraag is ontvangen")), values)

    def _rows(self, values: Mapping[str, str]) -> list[tuple[str, str | date]]:
        told: dict[str, str | date] = {**values}
        if values.get("soortWerk") in KIND_WORDS:
            told["soortWerk"] = self._say(KIND_WORDS[values["soortWerk"]])
        told["begintOp"] = read_day(values.get("begintOp", "")) or ""
        return [(self._say(LABELS[name]), told[name]) for name in LONGEST if told.get(name)]

    def _shared(self, form: Form) -> dict[str, Any]:
        fetched = form.fetched
        sources = {each.source for each in fetched.values.values()} | set(fetched.missing)
        return {
            "action": APPLY,
            "aanvraag": str(form.id),
            "voor": person_of(self.deps, self.bsn),
            "opgehaald": sealed_of(self.deps, self.bsn, form.id, fetched),
            "typed": form.typed,
            "fetched": fetched,
            "fetched_at": parse_moment(fetched.at) if fetched.at else None,
            "sources": {each: self._say(SOURCE_WORDS[each]) if each in SOURCE_WORDS else each
                        for each in sources},
            "fields": list(LONGEST),
            "steps": _STEPS,
        }  # fmt: skip

    def _say(self, words: str) -> str:
        return self.deps.site.say(self.asked.language, words)

    def _today(self) -> date:
        return amsterdam_day(datetime.now(UTC))

    def _show(
        self, template: str, title: str, values: Mapping[str, Any], *, wrong: bool = False,
        status: int = 0,
    ) -> Response[str]:  # fmt: skip
        return door_of(self.deps).show(
            self.asked, f"forms/{template}.html", title, crumbs=(START,), values=values,
            part=APPLY, status=status or (400 if wrong else 200), is_wrong=wrong,
        )  # fmt: skip


_FOREIGN = Refusal(
    code="form_foreign",
    status=403,
    title="This form did not come from this site",
    detail="Nothing was sent. Begin at the form.",
)
