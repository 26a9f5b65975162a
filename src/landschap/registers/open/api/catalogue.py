# SPDX-License-Identifier: EUPL-1.2
"""The catalogue over HTTP.

    GET /catalogus                       Turtle or JSON-LD, by Accept
    GET /catalogus/dcat.ttl, dcat.jsonld the same by name
    GET /id/{soort}/{naam}               a thing of the catalogue: 303 to where it is told of

Source: DCAT-AP-NL 3.0; Cool URIs for the Semantic Web, "303 URIs".
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.registers import store
from landschap.registers.api.cases import AnyRequest
from landschap.registers.models import Registers
from landschap.registers.open.client import manifest_of
from landschap.registers.open.dcat import (
    Catalogue,
    Collection,
    Published,
    Publisher,
    as_text,
    graph_of,
    subjects,
)
from landschap.registers.open.terms import Terms
from landschap.registers.store.rows import Pool
from landschap.vocabulary.problems import ProblemError, Refusal

TURTLE, JSON_LD = "text/turtle", "application/ld+json"
_FORMS = {TURTLE: "turtle", JSON_LD: "json-ld"}
_KEPT_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueDesk:
    """Where what the catalogue tells comes from. ``registers`` are open views."""

    pool: Pool
    registers: Registers
    terms: Mapping[str, Terms]
    folder: Path
    address: str
    licence: str
    publisher: Publisher

    async def catalogue(self) -> Catalogue:
        """Everything that is open, as it is now."""
        return Catalogue(
            address=self.address,
            licence=self.licence,
            publisher=self.publisher,
            registers=[await self._published(name) for name in sorted(self.registers.by_name)],
        )

    async def _published(self, name: str) -> Published:
        register = self.registers.by_name[name]
        kinds = sorted(register.types.values(), key=lambda kind: kind.collection)
        manifests = await asyncio.to_thread(
            lambda: [manifest_of(self.folder, kind) for kind in kinds]
        )
        return Published(
            register=register,
            terms=self.terms[name],
            collections=[
                Collection(kind=kind, manifest=made)
                for kind, made in zip(kinds, manifests, strict=True)
            ],
            changed_at=await store.last_change(self.pool, register),
        )


def catalogue_routes(desk: CatalogueDesk) -> list[ControllerRouterHandler]:
    """The routes of the catalogue."""

    @get("/catalogus", opt={"query": ()})
    async def by_accept(request: AnyRequest) -> Response[bytes]:
        return await _told(desk, _wanted(request.headers.get("accept", "")))

    @get("/catalogus/dcat.ttl", opt={"query": ()})
    async def turtle() -> Response[bytes]:
        return await _told(desk, TURTLE)

    @get("/catalogus/dcat.jsonld", opt={"query": ()})
    async def json_ld() -> Response[bytes]:
        return await _told(desk, JSON_LD)

    @get("/id/{soort:str}/{naam:str}", opt={"query": ()})
    async def thing(soort: FromPath[str], naam: FromPath[str]) -> Response[bytes]:
        known = await asyncio.to_thread(graph_of, await desk.catalogue())
        if f"{desk.address}/id/{soort}/{naam}" not in subjects(known):
            raise NotFoundException("No such thing is told of in the catalogue.")
        headers = {"Location": "/catalogus", "Cache-Control": f"public, max-age={_KEPT_SECONDS}"}
        return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers=headers)

    return [by_accept, turtle, json_ld, thing]


async def _told(desk: CatalogueDesk, media_type: str) -> Response[bytes]:
    """The catalogue in one form."""
    catalogue = await desk.catalogue()
    # Half a second of computing for a large one: not in the way of others.
    text = await asyncio.to_thread(lambda: as_text(graph_of(catalogue), _FORMS[media_type]))
    body = text.encode()
    return Response(
        body,
        media_type=media_type,
        headers={
            "Cache-Control": f"public, max-age={_KEPT_SECONDS}",
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            "Link": f'<{desk.address}/catalogus/dcat.ttl>; rel="alternate"; type="{TURTLE}", '
            f'<{desk.address}/catalogus/dcat.jsonld>; rel="alternate"; type="{JSON_LD}"',
        },
    )


def _wanted(accept: str) -> str:
    """The form that is asked for; Turtle when nothing is. Raises ProblemError."""
    offered = {each.partition(";")[0].strip().lower() for each in accept.split(",")} - {""}
    if JSON_LD in offered and TURTLE not in offered:
        return JSON_LD
    if not offered or offered & {TURTLE, "text/*", "*/*", "text/html"}:
        return TURTLE
    raise ProblemError(
        Refusal(
            code="not_acceptable",
            status=HTTPStatus.NOT_ACCEPTABLE,
            title="This form is not offered here",
            detail=f"The catalogue is told as {TURTLE} or {JSON_LD}.",
        )
    )
