# SPDX-License-Identifier: EUPL-1.2
"""The registers there are, the objects of a type, and finding one.

A search is sent as a form; where it is about persons, what was searched by stands in no address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.known import Known
from landschap.console.pages.addresses import (
    Searched,
    found_path,
    object_path,
    searched_in,
    type_path,
)
from landschap.console.pages.context import (
    BASE,
    REGISTERS,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    own_form,
    refuse,
    words_of,
)
from landschap.console.pages.looking import Looking, must_choose
from landschap.console.pages.start import task_of
from landschap.console.screening import is_marked_in, screen_of
from landschap.platform.web import N_, Link
from landschap.registers import cursors, store
from landschap.registers.api.cases import Case
from landschap.registers.api.requests import query_of
from landschap.registers.asking import read_key
from landschap.registers.deriving import with_derived
from landschap.registers.listing import Order, bound_to, filter_keys
from landschap.registers.models import ObjectType
from landschap.registers.questions import Found
from landschap.registers.store import Wanted
from landschap.registers.store.sizes import count_up_to
from landschap.registers.telling import Value, values_of
from landschap.vocabulary.problems import Refusal, granted

_PER_PAGE = 25
_COLUMNS = 4
_MANY = 100_000
_NOTHING_TYPED = N_("Vul in waarnaar u zoekt")


def register_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of lists and of finding."""
    door = door_of(deps)
    pages = _Pages(deps)

    @get(both("/register"))
    async def registers(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.registers(asked) if asked.session else door.to_login(asked)

    types = "/register/{register:str}/{collection:str}"

    # Which filters there are depends on the type; a strange one is refused by the page itself.
    every = {name for kind in _kinds(deps) for name in filter_keys(kind)}

    @get(both(types), opt={"query": ("cursor", *sorted(every))})
    async def of_type(
        register: FromPath[str], collection: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        kind = kind_of(deps, register, collection)
        return must_choose(asked, kind) or await pages.of_type(asked, kind, query_of(request))

    @post(both(f"{types}/zoek"), status_code=303)
    async def search(
        register: FromPath[str], collection: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        form = await own_form(door, request, asked.session)
        kind = kind_of(deps, register, collection)
        given = Searched(
            path=str(form.get("waarmee", ""))[:100], value=str(form.get("waarde", ""))[:200].strip()
        )
        return must_choose(asked, kind) or await pages.search(asked, kind, given)

    @get(both(f"{types}/gevonden/{{key:str}}"))
    async def found(
        register: FromPath[str], collection: FromPath[str], key: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        kind = kind_of(deps, register, collection)
        what = searched_in(deps, asked, kind, key)
        return must_choose(asked, kind) or await pages.found(asked, kind, what)

    return [registers, of_type, search, found]


def kind_of(deps: ConsoleDeps, register: str, collection: str) -> ObjectType:
    """The type an address names. Raises ProblemError (404)."""
    known = deps.registers.registers.by_name.get(register)
    kind = known.by_collection(collection) if known else None
    if kind is None:
        raise refuse(404, "not_found", "There is no such register or collection")
    return kind


def crumbs_of(deps: ConsoleDeps, asked: Asked[Known], kind: ObjectType) -> tuple[Link, ...]:
    """The way to an object of a type."""
    register = deps.registers.registers.by_name[kind.register]
    words = words_of(deps, asked)
    label = f"{words.title(register)}: {words.title(kind).lower()}"
    return (START, REGISTERS, Link(path=type_path(kind), label=label, is_translated=True))


def _kinds(deps: ConsoleDeps) -> list[ObjectType]:
    by_name = deps.registers.registers.by_name
    return [kind for register in by_name.values() for kind in register.types.values()]


class _Pages:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.looking = Looking(deps)

    async def registers(self, asked: Asked[Known]) -> Response[str]:
        words = words_of(self.deps, asked)
        task = task_of(self.deps, asked)
        told = []
        for register in self.deps.registers.registers.by_name.values():
            types = [await self._told(asked, kind) for kind in register.types.values()]
            told.append({"register": register, "title": words.title(register), "types": types})
        return self._show(
            asked, "registers", words.say(N_("Registers")), {"told": told, "task": task}, (START,)
        )

    async def _told(self, asked: Asked[Known], kind: ObjectType) -> dict[str, Any]:
        """A type in the list; how many objects it has, where one may look at it."""
        decision = self.looking.would_permit(asked, kind)
        may = decision is None or decision.allow
        count = await count_up_to(self.deps.registers.pool, kind, _MANY) if may else None
        words = words_of(self.deps, asked)
        return {
            "kind": kind,
            "title": words.title(kind),
            "says": kind.definition if asked.language == "nl" else kind.definition_en,
            "path": type_path(kind),
            "may": may,
            "count": count,
            "is_many": count is not None and count > _MANY,
        }

    async def of_type(
        self, asked: Asked[Known], kind: ObjectType, query: Mapping[str, str]
    ) -> Response[str]:
        strange = sorted(set(query) - {"cursor", *filter_keys(kind)})
        if strange:
            raise refuse(400, "query_unknown", f"{strange[0][:80]} is no filter of this type")
        decision = self.looking.would_permit(asked, kind)
        if decision is not None and not decision.allow:
            # Asked in full: then the refusal stands in the log.
            await self.looking.permitted(asked, kind, {})
        rows = None
        if not kind.holds_personal_data:
            rows = await self._list(asked, kind, query)
        return self._type_page(asked, kind, rows=rows, chosen=query)

    def _type_page(
        self,
        asked: Asked[Known],
        kind: ObjectType,
        *,
        rows: dict[str, Any] | None = None,
        chosen: Mapping[str, str] | None = None,
        given: Searched | None = None,
        error: str = "",
    ) -> Response[str]:
        words = words_of(self.deps, asked)
        values = {
            "kind": kind,
            "path": type_path(kind),
            "keys": self._search_keys(asked, kind),
            "given": given,
            "errors": {"waarde": words.say(error)} if error else {},
            "labels": {"waarde": words.say(N_("Waarde"))},
            "rows": rows,
            "chosen": self._chosen(asked, kind, chosen or {}),
            "task": task_of(self.deps, asked) if kind.holds_personal_data else None,
        }
        return self._show(
            asked, "type", words.title(kind), values, crumbs_of(self.deps, asked, kind)[:-1],
            status=400 if error else 200, is_wrong=bool(error),
        )  # fmt: skip

    def _search_keys(self, asked: Asked[Known], kind: ObjectType) -> list[tuple[str, str]]:
        """By what one may search here: the identification, and what the purpose opens."""
        decision = self.looking.would_permit(asked, kind)
        words = words_of(self.deps, asked)
        paths = [
            path
            for path in kind.searchable_paths()
            if decision is None or path in decision.searchable
        ]
        return [
            (path, words.title(kind.properties[path])) for path in (kind.identification, *paths)
        ]

    def _chosen(
        self, asked: Asked[Known], kind: ObjectType, query: Mapping[str, str]
    ) -> list[tuple[str, str]]:
        words = words_of(self.deps, asked)
        return [
            (words.title(kind.properties[name]), value)
            for name, value in query.items()
            if name in filter_keys(kind)
        ]

    async def _list(
        self, asked: Asked[Known], kind: ObjectType, query: Mapping[str, str]
    ) -> dict[str, Any]:
        case = await self.looking.case(asked, kind, {})
        filters = {name: query[name][:200] for name in filter_keys(kind) if query.get(name)}
        bound = cursors.question_digest(bound_to(kind, filters))
        key = self.deps.registers.permit_key
        cursor = None
        if "cursor" in query:
            cursor = granted(cursors.opened(query["cursor"], bound, key, case.started_at))
        wanted = Wanted(
            type=kind,
            filters=filters,
            order=Order(),
            valid_on=cursor.valid_on if cursor else case.asked.valid_on,
            known=cursor.known if cursor else await self.looking.desk.known(case),
            limit=_PER_PAGE,
            after=cursor.place if cursor else None,
        )
        page = await store.page_of(self.deps.registers.pool, wanted)
        onward = ""
        if page.next is not None:
            begun = cursor.begun if cursor else case.started_at
            place = cursors.cursor_at(page.next, wanted.valid_on, wanted.known, begun)
            sealed = cursors.seal(place, bound, key)
            onward = f"{type_path(kind)}?{urlencode({**filters, 'cursor': sealed})}"
        return {
            **self._rows(asked, case, page.found),
            "next": onward,
            "first": type_path(kind) + (f"?{urlencode(filters)}" if filters else ""),
            "is_first": cursor is None,
            "valid_on": wanted.valid_on,
        }

    def _rows(self, asked: Asked[Known], case: Case, found: Sequence[Found]) -> dict[str, Any]:
        kind, words = case.type, words_of(self.deps, asked)
        flat = [
            prop
            for prop in kind.properties.values()
            if prop.name != kind.identification
            and prop.geometry is None
            and kind.leaves(prop.name) & case.shape.leaves
        ][:_COLUMNS]
        return {
            "columns": [words.title(prop) for prop in flat],
            "rows": [
                {
                    "id": one.object_id,
                    "path": object_path(self.deps, asked, kind, one.object_id),
                    "cells": _cells(case, one, [prop.name for prop in flat]),
                    "in_doubt": bool(one.history.doubts),
                }
                for one in found
            ],
        }

    async def search(self, asked: Asked[Known], kind: ObjectType, given: Searched) -> Response[Any]:
        if given.path not in {path for path, _ in self._search_keys(asked, kind)}:
            raise refuse(400, "zoek.pad", "This type is not searched by that here")
        if not given.value:
            return self._type_page(asked, kind, given=given, error=_NOTHING_TYPED)
        if given.path == kind.identification:
            path = object_path(self.deps, asked, kind, given.value)
            return Redirect(asked.at(path), status_code=303)
        if not kind.holds_personal_data:
            query = urlencode({given.path: given.value})
            return Redirect(asked.at(f"{type_path(kind)}?{query}"), status_code=303)
        body = json.dumps({given.path: given.value}).encode()
        key = read_key(kind, body)
        if isinstance(key, Refusal):
            error = N_("Dit is geen geldig nummer. Kijk of u zich niet heeft vergist")
            return self._type_page(asked, kind, given=given, error=error)
        return Redirect(
            asked.at(found_path(self.deps, asked, kind, Searched(given.path, key.values[0]))),
            status_code=303,
        )

    async def found(self, asked: Asked[Known], kind: ObjectType, what: Searched) -> Response[str]:
        case = await self.looking.case(asked, kind, {}, search=(what.path,))
        key = read_key(kind, json.dumps({what.path: what.value}).encode())
        if isinstance(key, Refusal):
            raise refuse(404, "not_found", "This search can not be done any more")
        desk = self.looking.desk
        _, found = await desk.ask(case, key)
        await self.looking.written(desk.record(case, key, found))
        words = words_of(self.deps, asked)
        values = {
            **self._rows(asked, case, found),
            "kind": kind,
            "by": words.title(kind.properties[what.path]),
            "path": type_path(kind),
            "task": task_of(self.deps, asked),
        }
        title = words.say(N_("Gevonden"))
        return self._show(asked, "found", title, values, crumbs_of(self.deps, asked, kind))

    def _show(
        self,
        asked: Asked[Known],
        template: str,
        title: str,
        values: Mapping[str, Any],
        crumbs: tuple[Link, ...],
        **rest: Any,
    ) -> Response[str]:
        return door_of(self.deps).show(
            asked,
            f"console/{template}.html",
            title,
            values={"now": datetime.now(UTC), **values},
            crumbs=crumbs,
            part=f"{BASE}/register",
            **rest,
        )


def _cells(case: Case, found: Found, names: Sequence[str]) -> list[list[Value]]:
    """The values of one row, as they may be shown."""
    duties = case.shape.duties
    is_marked = is_marked_in(duties.mark, [found.content])
    screen = screen_of(case.type, case.shape.leaves, duties, is_marked=is_marked)
    day = case.asked.valid_on
    content = screen.content(with_derived(found.content, found.type.derived, day, day))
    return [
        values_of(case.type, {name: content[name]}) if name in content else [] for name in names
    ]
