# SPDX-License-Identifier: EUPL-1.2
"""The reference of an API, made by ourselves from its description; no script, all has an address.

/catalogus/{naam}/naslag                 all operations and schemas
/catalogus/{naam}/naslag/{bewerking}     one operation: what one sends, what comes back, examples
/catalogus/{naam}/schema?naam=Persoon    the fields of one schema
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.catalogue.pages import context
from landschap.catalogue.pages.api import Known, can_try, known_of, sole_operation
from landschap.catalogue.pages.context import BASE, START, CatalogueDeps, api_link, both
from landschap.catalogue.reading import outline_of, read_operation, read_schema
from landschap.catalogue.reading.calling import Call, as_curl, as_python, call_of
from landschap.catalogue.reading.languages import as_csharp, as_java, as_javascript
from landschap.catalogue.reading.operations import Operation
from landschap.catalogue.reading.outline import member, servers_of, table
from landschap.catalogue.store import Shown
from landschap.platform.web import N_, Link
from landschap.platform.web.door import AnyRequest, Asked
from landschap.vocabulary.ijson import JsonValue

_LONGEST_NAME = 500
LANGUAGES: Mapping[str, Callable[[Call], str]] = {
    "curl": as_curl,
    "Python": as_python,
    "JavaScript": as_javascript,
    "Java": as_java,
    "C#": as_csharp,
}


def reference_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of the reference."""

    @get(both("/{name:str}/naslag"))
    async def outline(name: FromPath[str], request: AnyRequest) -> Response[str]:
        asked = await context.asked_of(deps, request)
        known = await known_of(deps, asked, name)
        if known.document is None:
            return _too_large(deps, asked, known.api)
        value = known.document.value
        made = await deps.shelf.worked(partial(outline_of, value, known.api.source))
        title = deps.site.say(asked.language, N_("Naslag: %(title)s"), title=known.api.title)
        crumbs = (START, api_link(known.api))
        values = {"api": known.api, "outline": made}
        return context.show(
            deps, asked, "reference.html", title, values=values, crumbs=crumbs, part=BASE
        )

    @get(both("/{name:str}/naslag/{slug:str}"))
    async def operation(
        name: FromPath[str], slug: FromPath[str], request: AnyRequest
    ) -> Response[str]:
        asked = await context.asked_of(deps, request)
        known = await known_of(deps, asked, name)
        if known.document is None:
            return _too_large(deps, asked, known.api)
        return await _operation(deps, asked, known, known.document.value, slug)

    @get(both("/{name:str}/schema"), opt={"query": ("naam",)})
    async def schema(name: FromPath[str], request: AnyRequest) -> Response[str]:
        asked = await context.asked_of(deps, request)
        known = await known_of(deps, asked, name)
        if known.document is None:
            return _too_large(deps, asked, known.api)
        wanted = request.query_params.get("naam", "")[:_LONGEST_NAME]
        read = partial(read_schema, known.document.value, wanted)
        found = await deps.shelf.worked(read)
        if found is None:
            raise NotFoundException
        values = {"api": known.api, "name": wanted, "fields": found[0], "example": found[1]}
        return context.show(
            deps, asked, "schema.html", wanted, values=values, crumbs=_crumbs(known.api), part=BASE
        )

    return [outline, operation, schema]


async def sole_call(deps: CatalogueDeps, asked: Asked[Any], name: str) -> Call | None:
    """How the one operation of an API is asked.

    None when there is a choice, when one may not see it any more, or when it can not be read.
    """
    try:
        known = await known_of(deps, asked, name)
    except NotFoundException:
        return None
    if known.document is None:
        return None
    value = known.document.value
    slug = sole_operation(value)
    found = await deps.shelf.worked(partial(read_operation, value, slug)) if slug else None
    return _call(known, value, found) if found is not None else None


def _call(known: Known, value: JsonValue, operation: Operation) -> Call:
    schemes = table(table(member(value, "components")).get("securitySchemes"))
    server = next(iter(servers_of(value, known.api.source)), "")
    return call_of(operation, server, known.criteria, schemes)


async def _operation(
    deps: CatalogueDeps, asked: Asked[Any], known: Known, value: JsonValue, slug: str
) -> Response[str]:
    api = known.api
    found = await deps.shelf.worked(partial(read_operation, value, slug))
    if found is None:
        raise NotFoundException
    call = _call(known, value, found)
    values = {
        "api": api,
        "operation": found,
        "server": next(iter(servers_of(value, api.source)), ""),
        "call": call,
        "examples": {name: made(call) for name, made in LANGUAGES.items()},
        "secrets": sorted({each.secret for each in call.headers if each.secret}),
        "criteria": known.criteria,
        "can_try": can_try(deps, known),
    }
    title = found.entry.summary or f"{found.entry.method} {found.entry.path}"
    return context.show(
        deps, asked, "operation.html", title, values=values, crumbs=_crumbs(api), part=BASE
    )


def _crumbs(api: Shown) -> tuple[Link, ...]:
    return (START, api_link(api), Link(path=f"{BASE}/{api.name}/naslag", label=N_("Naslag")))


def _too_large(deps: CatalogueDeps, asked: Asked[Any], api: Shown) -> Response[str]:
    """The description itself is still to be had."""
    say = deps.site.say
    values = {
        "paragraphs": [
            say(asked.language, N_("Wij laten geen naslag zien van zo’n grote beschrijving.")),
            say(asked.language, N_("U kunt de beschrijving wel als bestand ophalen.")),
        ],
        "reference": "",
        "actions": (
            Link(path=f"{BASE}/{api.name}/openapi", label=N_("Haal het bestand op")),
            Link(path=f"{BASE}/{api.name}", label=N_("Terug naar de API")),
        ),
    }
    title = say(asked.language, N_("Deze beschrijving is te groot"))
    crumbs = (START, api_link(api))
    return deps.door.show(asked, "web/message.html", title, values=values, crumbs=crumbs, part=BASE)
