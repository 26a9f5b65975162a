# SPDX-License-Identifier: EUPL-1.2
"""Doubt that was reported, and the decision of the one who holds the register.

A decision needs the permission to change the register, its reason and its document. It takes the
mark away; that the value is corrected is an act of its own, with the same document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.known import Known
from landschap.console.pages.addresses import object_path
from landschap.console.pages.context import (
    BASE,
    REPORTS,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.looking import Looking, must_choose
from landschap.console.pages.start import task_of
from landschap.console.permission import CHANGE, READ
from landschap.platform.web import N_
from landschap.registers import store
from landschap.registers.models import ObjectType, Register
from landschap.registers.reports import Report, read_decision
from landschap.vocabulary.problems import Refusal

_MOST = 200
_TO_FILL_IN = {
    "reden": N_("Vul in waarom, in ten minste drie tekens"),
    "document": N_("Vul het document in waarop het besluit rust"),
    "gegrond": N_("Kies of de melding klopt"),
}


def report_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of reports."""
    door = door_of(deps)
    pages = _Reports(deps)

    @get(both("/terugmeldingen"))
    async def waiting(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.waiting(asked) if asked.session else door.to_login(asked)

    one_path = "/terugmeldingen/{register:str}/{report:str}"

    @get(both(one_path))
    async def one(
        register: FromPath[str], report: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.one(asked, register, report)

    @post(both(one_path), status_code=303)
    async def decide(
        register: FromPath[str], report: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        form = await request.form()
        if not door.is_own_form(form, asked.session):
            raise refuse(403, "form_foreign", "This form did not come from this site")
        given = {name: str(form.get(name, ""))[:2000].strip() for name in _TO_FILL_IN}
        return await pages.decide(asked, register, report, given)

    return [waiting, one, decide]


class _Reports:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.looking = Looking(deps)

    async def waiting(self, asked: Asked[Known]) -> Response[str]:
        """What waits for a decision: which object and which values, not what was said of it."""
        told = []
        pool = self.deps.registers.pool
        for register in self.deps.registers.registers.by_name.values():
            found = await store.open_reports(pool, register, _MOST)
            told += [self._told(asked, register, report) for report in found]
        told.sort(key=lambda each: each["report"].reported_at)
        words = words_of(self.deps, asked)
        return self._show(asked, "reports", words.say(N_("Terugmeldingen")), {"told": told[:_MOST]})

    def _told(self, asked: Asked[Known], register: Register, report: Report) -> dict[str, Any]:
        words = words_of(self.deps, asked)
        kind = _kind(register, report)
        props = [kind.properties.get(path.partition(".")[0]) for path in report.paths]
        return {
            "report": report,
            "kind": kind,
            "type": words.title(kind),
            "what": ", ".join(words.title(prop) for prop in props if prop),
            "path": f"{BASE}/terugmeldingen/{register.name}/{report.report_id}",
            "object": object_path(self.deps, asked, kind, report.object_id),
        }

    async def one(self, asked: Asked[Known], name: str, text: str) -> Response[Any]:
        register, report = await self._found(name, text)
        kind = _kind(register, report)
        redirect = must_choose(asked, kind)
        if redirect is not None:
            return redirect
        # The words of a report may be about a person: reading them is a look like any other.
        await self._look(asked, kind, report, READ)
        return self._page(asked, register, report, {}, {})

    async def decide(
        self, asked: Asked[Known], name: str, text: str, given: Mapping[str, str]
    ) -> Response[Any]:
        register, report = await self._found(name, text)
        kind = _kind(register, report)
        if session_of(asked).known.task is None:
            back = f"{BASE}/doel?terug={asked.at(asked.here)}"
            return Redirect(asked.at(back), status_code=303)
        if report.decided is not None:
            raise refuse(409, "geschiedenis.gewijzigd", "This report has been decided on")
        errors = {name: words for name, words in _TO_FILL_IN.items() if not given[name]}
        body = {**given, "gegrond": given["gegrond"] == "ja"}
        decided = read_decision(json.dumps(body).encode())
        if isinstance(decided, Refusal):
            errors.setdefault("reden", _TO_FILL_IN["reden"])
        if errors or isinstance(decided, Refusal):
            return self._page(asked, register, report, given, errors)
        await self._look(asked, kind, report, CHANGE)
        by = session_of(asked).known.subject
        pool = self.deps.registers.pool
        await store.decide(pool, register, kind, report, decided, by)
        return Redirect(asked.at(asked.path), status_code=303)

    async def _look(
        self, asked: Asked[Known], kind: ObjectType, report: Report, action: str
    ) -> None:
        """Decide and record; for a person's object a line too. Raises ProblemError."""
        case = await self.looking.case(asked, kind, {}, action=action)
        desk = self.looking.desk
        _, found = await desk.ask(case, [report.object_id])
        doing = f"{kind.collection}: terugmelding {'beslissen' if action == CHANGE else 'bekijken'}"
        await self.looking.written(desk.record(case, [report.object_id], found, doing=doing))

    async def _found(self, name: str, text: str) -> tuple[Register, Report]:
        register = self.deps.registers.registers.by_name.get(name)
        try:
            report_id = UUID(text)
        except ValueError:
            report_id = None
        if register is not None and report_id is not None:
            found = await store.report_of(self.deps.registers.pool, register, report_id)
            if found is not None:
                return register, found
        raise refuse(404, "not_found", "There is no such report")

    def _page(
        self,
        asked: Asked[Known],
        register: Register,
        report: Report,
        given: Mapping[str, str],
        errors: Mapping[str, str],
    ) -> Response[str]:
        words = words_of(self.deps, asked)
        kind = _kind(register, report)
        values = {
            **self._told(asked, register, report),
            "given": {name: given.get(name, "") for name in _TO_FILL_IN},
            "errors": {name: words.say(text) for name, text in errors.items()},
            "labels": {
                "gegrond": words.say(N_("Klopt de melding?")),
                "reden": words.say(N_("Waarom")),
                "document": words.say(N_("Document")),
            },
            "may_decide": self.looking.may_change(asked, kind),
            "task": task_of(self.deps, asked),
        }
        title = words.say(
            N_("Terugmelding over %(type)s %(number)s"),
            type=words.title(kind).lower(),
            number=report.object_id,
        )
        return self._show(
            asked, "report", title, values, crumbs=(START, REPORTS),
            status=400 if errors else 200, is_wrong=bool(errors),
        )  # fmt: skip

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: dict[str, Any], **rest: Any
    ) -> Response[str]:
        return door_of(self.deps).show(
            asked,
            f"console/{template}.html",
            title,
            values={"now": datetime.now(UTC), **values},
            part=REPORTS.path,
            **{"crumbs": (START,), **rest},
        )


def _kind(register: Register, report: Report) -> ObjectType:
    return register.types[report.type_key.partition(".")[2]]
