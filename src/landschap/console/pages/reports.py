# SPDX-License-Identifier: EUPL-1.2
"""Doubt that was reported, and the decision of the one who holds the register.

A decision needs the permission to change the register, its reason and its document. It takes the
mark away. Where the register is ours, the right value can be given with it: a correction with the
same reason and document, on the state that was seen. A copy is corrected at its source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.correcting import (
    PREFIX,
    Field,
    correctable,
    correction_body,
    typed_values,
)
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
    own_form,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.looking import Looking, must_choose
from landschap.console.pages.receivers import Receivers
from landschap.console.pages.start import task_of
from landschap.console.permission import CHANGE, READ
from landschap.gateway.saying.store.passed import Passed, passed_of
from landschap.platform.web import N_
from landschap.registers import store
from landschap.registers.api.cases import Case
from landschap.registers.api.changing import carry_out
from landschap.registers.changing import read_change
from landschap.registers.geometry_crs import CRS84, crs_kept
from landschap.registers.models import ObjectType, Register
from landschap.registers.reports import Report, read_decision
from landschap.registers.store.evidence import file_of_report, files_of_report
from landschap.registers.store.reminding import reminders_of
from landschap.registers.telling import title_of
from landschap.registers.timeline import Clock
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.uploads import saving_headers

_MOST = 200
_TO_FILL_IN = {
    "reden": N_("Vul in waarom, in ten minste drie tekens"),
    "document": N_("Vul het document in waarop het besluit rust"),
    "gegrond": N_("Kies of de melding klopt"),
}
_NO_VALUE = N_("Dit past niet bij dit gegeven. Kijk of u zich niet heeft vergist")


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
        form = await own_form(door, request, asked.session)
        given = {
            name: str(value)[:2000].strip()
            for name, value in form.items()
            if name in {*_TO_FILL_IN, "gezien"} or name.startswith(PREFIX)
        }
        return await pages.decide(asked, register, report, given)

    @post(both(f"{one_path}/ontvangers"), status_code=303)
    async def receivers(
        register: FromPath[str], report: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        await own_form(door, request, asked.session)
        return await pages.tell(asked, register, report)

    @get(both(f"{one_path}/bewijs/{{evidence:str}}"))
    async def evidence(
        register: FromPath[str], report: FromPath[str], evidence: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.evidence(asked, register, report, evidence)

    return [waiting, one, decide, receivers, evidence]


class _Reports:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.looking = Looking(deps)
        self.receivers = Receivers(deps)

    async def waiting(self, asked: Asked[Known]) -> Response[str]:
        """What waits for a decision: which object and which values, not what was said of it."""
        told = []
        pool = self.deps.registers.pool
        for register in self.deps.registers.registers.by_name.values():
            found = await store.open_reports(pool, register, _MOST)
            told += [self._told(asked, register, report) for report in found]
        told.sort(key=lambda each: (not each["is_late"], each["report"].reported_at))
        words = words_of(self.deps, asked)
        return self._show(asked, "reports", words.say(N_("Terugmeldingen")), {"told": told[:_MOST]})

    def _told(self, asked: Asked[Known], register: Register, report: Report) -> dict[str, Any]:
        words = words_of(self.deps, asked)
        kind = _kind(register, report)
        language = str(asked.language)
        return {
            "report": report,
            "kind": kind,
            "type": words.title(kind),
            "what": ", ".join(title_of(kind, path, language) for path in report.paths),
            "is_late": report.is_late(amsterdam_day(datetime.now(UTC))),
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
        return await self._page(asked, register, report, {}, {})

    async def decide(
        self, asked: Asked[Known], name: str, text: str, given: Mapping[str, str]
    ) -> Response[Any]:
        register, report = await self._found(name, text)
        kind = _kind(register, report)
        if session_of(asked).known.task is None:
            back = f"{BASE}/doel?terug={asked.at(asked.here)}"
            return Redirect(asked.at(back), status_code=303)
        if report.decided is not None or await self._elsewhere(report):
            raise refuse(409, "geschiedenis.gewijzigd", "This report is decided on elsewhere")
        errors = {name: words for name, words in _TO_FILL_IN.items() if not given.get(name)}
        upheld = given.get("gegrond") == "ja"
        body = {
            "gegrond": upheld,
            "reden": given.get("reden", ""),
            "document": given.get("document", ""),
        }
        decided = read_decision(json.dumps(body).encode())
        if isinstance(decided, Refusal):
            errors.setdefault("reden", _TO_FILL_IN["reden"])
        values = typed_values(self._correctable(register, report) if upheld else [], given)
        if isinstance(values, set):
            errors |= {PREFIX + name: _NO_VALUE for name in values}
        if errors or isinstance(decided, Refusal) or isinstance(values, set):
            return await self._page(asked, register, report, given, errors)
        case = await self._look(asked, kind, report, CHANGE)
        if values:
            wrong = await self._correct(case, report, values, given)
            if wrong is not None:
                return await self._page(asked, register, report, given, wrong)
        by = session_of(asked).known.subject
        pool = self.deps.registers.pool
        await store.decide(pool, register, kind, report, decided, by)
        if values:
            # The decision stands; who could not be told now can be told from the page later.
            await self.receivers.try_tell(self.looking.desk, case, register, report)
        return Redirect(asked.at(asked.path), status_code=303)

    async def tell(self, asked: Asked[Known], name: str, text: str) -> Response[Any]:
        """Look up who received the old value, of what was corrected outside this page too."""
        register, report = await self._found(name, text)
        kind = _kind(register, report)
        redirect = must_choose(asked, kind)
        if redirect is not None:
            return redirect
        if report.decided is None or not report.decided.upheld:
            raise refuse(409, "geschiedenis.gewijzigd", "This report was not upheld")
        case = await self._look(asked, kind, report, CHANGE)
        # When nothing was corrected since, the page still says that it was not looked up.
        await self.receivers.try_tell(self.looking.desk, case, register, report)
        return Redirect(asked.at(f"{BASE}/terugmeldingen/{name}/{text}"), status_code=303)

    async def evidence(
        self, asked: Asked[Known], name: str, text: str, wanted: str
    ) -> Response[Any]:
        """A file that was handed in, for who may decide. That it was fetched is a line before."""
        register, report = await self._found(name, text)
        kind = _kind(register, report)
        redirect = must_choose(asked, kind)
        if redirect is not None:
            return redirect
        await self._look(asked, kind, report, CHANGE, doing="bewijsstuk ophalen")
        pool, keys = self.deps.registers.pool, self.deps.evidence_keys()
        file = await file_of_report(pool, keys, report.report_id, _number(wanted))
        if file is None:
            raise refuse(404, "not_found", "There is no such file")
        return Response(file.body, media_type=file.media, headers=saving_headers(file.name))

    async def _elsewhere(self, report: Report) -> Passed | None:
        """How it stands at who holds the register, when that one is to decide; else None."""
        rooms = self.deps.hearing
        found = await passed_of(rooms.gateway, report.report_id) if rooms else None
        return found if found is not None and found.is_open else None

    @staticmethod
    def _correctable(register: Register, report: Report) -> list[Field]:
        """What can be corrected with the decision: plain values, of a register that is ours."""
        if register.clock is Clock.SOURCE:
            return []
        return correctable(_kind(register, report), report.paths)

    async def _correct(
        self,
        case: Case,
        report: Report,
        values: Mapping[str, JsonValue],
        given: Mapping[str, str],
    ) -> dict[str, str] | None:
        """Write the right values, on the state that was seen; messages when they can not stand."""
        desk, kind = self.looking.desk, case.type
        day = replace(case, asked=replace(case.asked, valid_on=report.since))
        _, found = await desk.ask(day, [report.object_id])
        if not found:
            raise refuse(409, "geschiedenis.gewijzigd", "There is nothing on that day any more")
        body = correction_body(kind, found[0], values, given, report.since)
        crs = crs_kept(kind.geometry.crs) if kind.geometry else CRS84
        wanted = read_change(kind, report.object_id, "_corrigeer", body, crs)
        if isinstance(wanted, Refusal):
            return {PREFIX + name: _NO_VALUE for name in values}
        seen = given.get("gezien", "")
        number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 18 else 0
        name = case.permit.transaction_id
        await carry_out(desk, case, report.object_id, wanted, name, number)
        return None

    async def _look(
        self, asked: Asked[Known], kind: ObjectType, report: Report, action: str, doing: str = ""
    ) -> Case:
        """Decide and record; for a person's object a line too. Raises ProblemError."""
        case = await self.looking.case(asked, kind, {}, action=action)
        desk = self.looking.desk
        _, found = await desk.ask(case, [report.object_id])
        doing = doing or ("beslissen" if action == CHANGE else "bekijken")
        told = f"{kind.collection}: terugmelding {doing}"
        await self.looking.written(desk.record(case, [report.object_id], found, doing=told))
        return case

    async def _found(self, name: str, text: str) -> tuple[Register, Report]:
        register = self.deps.registers.registers.by_name.get(name)
        if register is not None:
            pool = self.deps.registers.pool
            found = await store.report_of(pool, register, _number(text))
            if found is not None:
                return register, found
        raise refuse(404, "not_found", "There is no such report")

    async def _page(
        self,
        asked: Asked[Known],
        register: Register,
        report: Report,
        given: Mapping[str, str],
        errors: Mapping[str, str],
    ) -> Response[str]:
        words = words_of(self.deps, asked)
        kind, fields = _kind(register, report), self._correctable(register, report)
        language = str(asked.language)
        # What the reporter proposes stands there to be looked at; nothing is written by itself.
        proposed = report.proposed if len(fields) == 1 and not given else ""
        told = await self.receivers.told(register, report)
        pool, keys = self.deps.registers.pool, self.deps.evidence_keys()
        values = {
            "files": await files_of_report(pool, keys, report.report_id),
            **self._told(asked, register, report),
            "receivers": told,
            "names": await self.receivers.names() if told else {},
            "can_tell": self.receivers.can_look and self.looking.may_change(asked, kind),
            "given": {name: given.get(name, "") for name in _TO_FILL_IN},
            "correctable": [
                (
                    PREFIX + each.path,
                    title_of(kind, each.path, language),
                    given.get(PREFIX + each.path, proposed),
                )
                for each in fields
            ],
            "seen": await self._last_number(kind, report) if fields else 0,
            "errors": {name: words.say(text) for name, text in errors.items()},
            "labels": {
                "gegrond": words.say(N_("Klopt de melding?")),
                "reden": words.say(N_("Waarom")),
                "document": words.say(N_("Document")),
                **{PREFIX + each.path: title_of(kind, each.path, language) for each in fields},
            },
            "may_decide": self.looking.may_change(asked, kind),
            "elsewhere": await self._elsewhere(report),
            "source": register.source,
            "reminders": await reminders_of(pool, report.report_id),
            "is_from_elsewhere": report.peer != self.deps.settings.organisation.oin.value,
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

    async def _last_number(self, kind: ObjectType, report: Report) -> int:
        groups = await store.history_of(self.deps.registers.pool, kind, report.object_id)
        return max((each.number for group in groups.values() for each in group), default=0)

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


def _number(text: str) -> UUID:
    """The number in an address; one that nothing has for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _kind(register: Register, report: Report) -> ObjectType:
    return register.types[report.type_key.partition(".")[2]]
