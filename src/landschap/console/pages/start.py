# SPDX-License-Identifier: EUPL-1.2
"""The first page, and choosing for which purpose and which case one looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.console.known import Known, NoCaseNumber, Task, read_case
from landschap.console.pages.context import (
    BASE,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Words,
    both,
    door_of,
    gate_of,
    own_form,
    session_of,
    words_of,
)
from landschap.console.pages.contracts import waiting_contracts
from landschap.console.pages.deciding import waiting_proposals
from landschap.console.pages.emergency import unjudged
from landschap.console.pages.sources import Workshop
from landschap.console.permission import CHANGE, READ, Usable, usable_purposes
from landschap.gateway.saying.store.passed import decided_elsewhere
from landschap.gateway.users import level_of
from landschap.platform.web import N_
from landschap.platform.web.sessions import change_session
from landschap.registers.api.changing import SERVICE_ENDING
from landschap.registers.store.reminding import due_counts
from landschap.vocabulary.times import amsterdam_day

_TITLE = N_("Doel en zaak")
_NOT_CHOSEN = N_("Kies waarvoor u kijkt")
_NO_CASE = {
    "form": N_("Vul het nummer van de zaak in, zoals Z-2026-00412"),
    "person": N_("Dit is het nummer van een persoon. Vul het nummer van de zaak in"),
}


async def _due(deps: ConsoleDeps) -> tuple[int, int]:
    """How many reports are late here, and due within a week; none while that can not be read."""
    today, heard = amsterdam_day(datetime.now(UTC)), deps.hearing
    try:
        elsewhere = await decided_elsewhere(heard.gateway) if heard else frozenset()
        return await due_counts(deps.registers.pool, today, elsewhere)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return (0, 0)


def start_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of the first page and of purpose and case."""
    door = door_of(deps)

    @get(both(""))
    async def start(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        title = words_of(deps, asked).say(N_("Console"))
        values: dict[str, Any] = {"can_log_in": deps.oidc is not None, "task": None}
        if asked.session is not None:
            known = asked.session.known
            values["task"] = task_of(deps, asked)
            values["unjudged"] = await unjudged(deps, known)
            values["proposals"] = await waiting_proposals(deps, known)
            values["contracts"] = await waiting_contracts(deps, known)
            values["enters"] = gate_of(deps).enters(known)
            values["late"], values["soon"] = await _due(deps)
        return door.show(asked, "console/start.html", title, values=values)

    @get(both("/doel"), opt={"query": ("terug",)})
    async def choose(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        task = asked.session.known.task or Task(purpose="", case="")
        return _form(deps, asked, task, {}, await _sources(deps, asked))

    @post(both("/doel"), status_code=303, opt={"query": ("terug",)})
    async def chosen(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        form = await own_form(door, request, asked.session)
        given = Task(purpose=str(form.get("doel", ""))[:500], case=str(form.get("zaak", ""))[:200])
        case, errors = read_case(given.case), {}
        sources = await _sources(deps, asked)
        if given.purpose not in {each.purpose.uri for each in _usable(deps, asked, sources)}:
            errors["doel"] = _NOT_CHOSEN
        if isinstance(case, NoCaseNumber):
            errors["zaak"] = _NO_CASE[case.why]
        if errors or isinstance(case, NoCaseNumber):
            return _form(deps, asked, given, errors, sources)
        known = msgspec.structs.replace(asked.session.known, task=Task(given.purpose, case))
        await change_session(deps.pool, deps.session_key, asked.session.hash, known)
        back = asked.query.get("terug", asked.at(f"{BASE}/register"))
        return Redirect(door.safe_return(back), status_code=303)

    return [start, choose, chosen]


def task_of(deps: ConsoleDeps, asked: Asked[Known]) -> dict[str, str] | None:
    """The chosen purpose in words and the case, for on a page; None when none is chosen."""
    task = session_of(asked).known.task
    if task is None:
        return None
    known = deps.snapshot().purposes.get(task.purpose)
    label = words_of(deps, asked).text(known.purpose.label) if known else task.purpose
    return {"purpose": label, "case": task.case}


async def _sources(deps: ConsoleDeps, asked: Asked[Known]) -> Mapping[str, str]:
    return await Workshop(deps).titles(session_of(asked).known)


def _usable(deps: ConsoleDeps, asked: Asked[Known], sources: Mapping[str, str]) -> list[Usable]:
    known = session_of(asked).known
    services = [
        (name + ending, action)
        for name in deps.registers.registers.by_name
        for ending, action in (("", READ), (SERVICE_ENDING, CHANGE))
    ] + [(name, READ) for name in sources]
    level, now = level_of(known.level), datetime.now(UTC)
    desk = deps.settings.desk
    apart = {desk.purpose: desk.roles} if desk else {}
    return usable_purposes(known, level, services, deps.snapshot(), now, apart)


def _register(deps: ConsoleDeps, words: Words, service: str, sources: Mapping[str, str]) -> str:
    """A service in words: the logical source, or the register and whether it is for changing it."""
    if service in sources:
        return sources[service]
    name = service.removesuffix(SERVICE_ENDING)
    title = words.title(deps.registers.registers.by_name[name])
    return title if name == service else words.say(N_("%(register)s bijhouden"), register=title)


def _form(
    deps: ConsoleDeps,
    asked: Asked[Known],
    given: Task,
    errors: dict[str, str],
    sources: Mapping[str, str],
) -> Response[str]:
    words = words_of(deps, asked)
    choices = [
        {
            "uri": each.purpose.uri,
            "label": words.text(each.purpose.label),
            "says": words.text(each.purpose.definition),
            "ground": words.text(each.activity.ground) if each.activity else "",
            "registers": ", ".join(_register(deps, words, name, sources) for name in each.services),
        }
        for each in _usable(deps, asked, sources)
    ]
    values = {
        "choices": choices,
        "given": given,
        "errors": {name: words.say(text) for name, text in errors.items()},
        "labels": {"doel": words.say(N_("Waarvoor")), "zaak": words.say(N_("Nummer van de zaak"))},
        "back": asked.query.get("terug", ""),
    }
    return door_of(deps).show(
        asked,
        "console/task.html",
        words.say(_TITLE),
        values=values,
        crumbs=(START,),
        part=f"{BASE}/doel",
        status=400 if errors else 200,
        is_wrong=bool(errors),
    )
