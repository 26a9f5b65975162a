# SPDX-License-Identifier: EUPL-1.2
"""Asking registers over HTTP.

    GET  /{register}/v1/{collectie}                     a page of objects
    GET  /{register}/v1/{collectie}/{id}                one object
    GET  /{register}/v1/{collectie}/{id}/voorkomens     its stretches of days
    GET  /{register}/v1/{collectie}/{id}/registraties   everything registered about it
    POST /{register}/v1/{collectie}/_zoek               a search with the key in the body
    POST /{register}/v1/{collectie}/_batch              up to a hundred objects by id
    POST /{register}/v1/{collectie}/{id}/_terugmelding  doubt about values one may read
    GET  /{register}/v1/terugmeldingen/{id}             what became of it
    GET  /{register}/v1/wijzigingen                     which objects changed after a number
    POST /{register}/v1/abonnementen                    to be told of changes (`subscribing`)
    POST /meldingen/v1/gebeurtenissen                   the inbox for notices of others
    GET  /{register}-bulk/v1/{collectie}                all of a collection: a service of its own
    POST /{register}-bijhouden/v1/{collectie}/{id}/_wijzig   writing: a service of its own
    GET  /{register}/v1/openapi.json, openapi.yaml      what may be asked; open to everybody

Each object type has routes of its own, so that what may be asked is written down per collection.
A person's number is never in an address.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.http.shortcut import Short
from landschap.registers.api import (
    changing,
    collections,
    exporting,
    places,
    quick,
    receiving,
    reporting,
    single,
    subscribing,
)
from landschap.registers.api.cases import Deps
from landschap.registers.api.desk import Desk
from landschap.registers.api.documents import documents, inbox_documents
from landschap.registers.bulk import BULK_KEYS
from landschap.registers.changing import OPERATIONS
from landschap.registers.geo_asking import can_search_places, is_place, read_body
from landschap.registers.listing import list_query_keys, query_keys, search_query_keys
from landschap.registers.models import ObjectType, Register

__all__ = ["Deps", "reading_routes", "routes"]

_AnyRequest = Request[Any, Any, Any]


def routes(deps: Deps) -> list[ControllerRouterHandler]:
    """The routes of all registers."""
    desk, slots = Desk(deps), exporting.Slots()
    made: list[ControllerRouterHandler] = []
    for register in deps.registers.by_name.values():
        made += reading_routes(desk, register, slots, quick.Shortcuts(desk, register))
        made += exporting.bulk_routes(deps, register, slots)
        made += documents(register, deps.about)
        made += _reports(desk, register)
        made += subscribing.subscriptions(desk, register)
        for kind in register.types.values():
            made.append(_reporting(desk, kind))
            made += [_writing(desk, kind, operation) for operation in OPERATIONS]
    return [*made, *receiving.receiving(desk), *inbox_documents(deps.about)]


def reading_routes(
    desk: Desk,
    register: Register,
    slots: exporting.Slots | None = None,
    shortcuts: quick.Shortcuts | None = None,
) -> list[ControllerRouterHandler]:
    """The routes that read one register; a desk of another kind may serve them too.

    ``slots`` are the places for deliveries of whole collections; None: none are made.
    ``shortcuts`` are for a desk that asks for permits.
    """
    made: list[ControllerRouterHandler] = [_feed(desk, register)]
    if slots is not None:
        made.append(exporting.delivery_route(desk, register, f"/{register.name}/v1"))
    for kind in register.types.values():
        made += _of_collection(
            desk, kind, slots, None if shortcuts is None else shortcuts.of_page(kind)
        )
        made += _of_object(desk, kind, None if shortcuts is None else shortcuts.of(kind))
    return made


def _of_collection(
    desk: Desk, kind: ObjectType, slots: exporting.Slots | None, short: Short | None
) -> list[ControllerRouterHandler]:
    base = f"/{kind.register}/v1/{kind.collection}"
    keys = list_query_keys(kind) if slots is None else (*list_query_keys(kind), *BULK_KEYS)

    @get(base, opt={"query": keys, **quick.shortcut_opt(short)})
    async def page(request: _AnyRequest) -> Response[bytes]:
        if slots is not None and exporting.is_export(request):
            return await exporting.export(desk, kind, request, slots)
        return await collections.page(desk, kind, request)

    @post(f"{base}/_zoek", status_code=HTTPStatus.OK, opt={"query": search_query_keys(kind)})
    async def search(request: _AnyRequest) -> Response[bytes]:
        given = read_body(await request.body()) if can_search_places(kind) else None
        if is_place(given):
            return await places.search_place(desk, kind, request, given)
        return await collections.search(desk, kind, request)

    @post(f"{base}/_batch", status_code=HTTPStatus.OK, opt={"query": query_keys(kind)})
    async def batch(request: _AnyRequest) -> Response[bytes]:
        return await collections.batch(desk, kind, request)

    # Where nothing can be searched by, there is no search.
    can_search = kind.searchable_paths() or can_search_places(kind)
    return [page, batch, *([search] if can_search else [])]


def _of_object(desk: Desk, kind: ObjectType, short: Short | None) -> list[ControllerRouterHandler]:
    base = f"/{kind.register}/v1/{kind.collection}/{{identificatie:str}}"

    @get(base, opt={"query": query_keys(kind), **quick.shortcut_opt(short)})
    async def one(identificatie: FromPath[str], request: _AnyRequest) -> Response[bytes]:
        return await single.one(desk, kind, identificatie, request)

    @get(f"{base}/voorkomens", opt={"query": query_keys(kind)})
    async def stretches(identificatie: FromPath[str], request: _AnyRequest) -> Response[bytes]:
        return await single.stretches(desk, kind, identificatie, request)

    @get(f"{base}/registraties", opt={"query": query_keys(kind)})
    async def registered(identificatie: FromPath[str], request: _AnyRequest) -> Response[bytes]:
        return await single.registered(desk, kind, identificatie, request)

    return [one, stretches, registered]


def _reporting(desk: Desk, kind: ObjectType) -> ControllerRouterHandler:
    base = f"/{kind.register}/v1/{kind.collection}/{{identificatie:str}}"

    @post(f"{base}/_terugmelding", status_code=HTTPStatus.CREATED, opt={"query": query_keys(kind)})
    async def report(identificatie: FromPath[str], request: _AnyRequest) -> Response[bytes]:
        return await reporting.report(desk, kind, identificatie, request)

    return report


def _reports(desk: Desk, register: Register) -> list[ControllerRouterHandler]:
    holder = f"/{register.name}{changing.SERVICE_ENDING}/v1/terugmeldingen"

    @get(f"/{register.name}/v1/terugmeldingen/{{terugmelding:str}}", opt={"query": ()})
    async def read(terugmelding: FromPath[str], request: _AnyRequest) -> Response[bytes]:
        return await reporting.read(desk, register, terugmelding, request)

    @get(holder, opt={"query": ()})
    async def waiting(request: _AnyRequest) -> Response[bytes]:
        return await reporting.waiting(desk, register, request)

    @post(f"{holder}/{{terugmelding:str}}/_besluit", status_code=HTTPStatus.OK, opt={"query": ()})
    async def decide(terugmelding: FromPath[str], request: _AnyRequest) -> Response[bytes]:
        return await reporting.decide(desk, register, terugmelding, request)

    return [read, waiting, decide]


def _writing(desk: Desk, kind: ObjectType, operation: str) -> ControllerRouterHandler:
    base = f"/{kind.register}{changing.SERVICE_ENDING}/v1/{kind.collection}"

    @post(
        f"{base}/{{identificatie:str}}/{operation}",
        status_code=HTTPStatus.CREATED,
        opt={"query": ()},
    )
    async def change(identificatie: FromPath[str], request: _AnyRequest) -> Response[bytes]:
        return await changing.change(desk, kind, identificatie, operation, request)

    return change


def _feed(desk: Desk, register: Register) -> ControllerRouterHandler:
    @get(f"/{register.name}/v1/wijzigingen", opt={"query": collections.FEED_KEYS})
    async def changes(request: _AnyRequest) -> Response[bytes]:
        return await collections.changes(desk, register, request)

    return changes
