# SPDX-License-Identifier: EUPL-1.2
"""All operations of an API as a collection, for a program to ask with.

/catalogus/{naam}/postman    Postman Collection 2.1
/catalogus/{naam}/bruno      a folder of Bruno, as a zip file
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from functools import partial
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.catalogue.pages import context
from landschap.catalogue.pages.api import Known, known_of
from landschap.catalogue.pages.context import CatalogueDeps, both
from landschap.catalogue.reading import every_operation
from landschap.catalogue.reading.calling import Call, call_of
from landschap.catalogue.reading.collections import MOST, as_bruno, as_postman
from landschap.catalogue.reading.outline import member, servers_of, table
from landschap.platform.web.door import AnyRequest
from landschap.vocabulary.ijson import JsonValue

# A moment that every zip file can hold: the same description gives the same bytes.
_DAY = (2026, 1, 1, 0, 0, 0)


def collection_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of collections."""

    @get(both("/{name:str}/postman"))
    async def postman(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
        known, named = await calls(request, name)
        made = as_postman(known.api.title or name, named)
        raw = json.dumps(made, ensure_ascii=False, indent=2).encode()
        return _file(raw, "application/json", f"{known.api.name}.postman_collection.json")

    @get(both("/{name:str}/bruno"))
    async def bruno(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
        known, named = await calls(request, name)
        files = as_bruno(known.api.title or name, named)
        raw = await deps.shelf.worked(partial(_zipped, known.api.name, files))
        return _file(raw, "application/zip", f"{known.api.name}-bruno.zip")

    async def calls(request: AnyRequest, name: str) -> tuple[Known, list[tuple[str, Call]]]:
        asked = await context.asked_of(deps, request)
        known = await known_of(deps, asked, name)
        if known.document is None:
            raise NotFoundException
        return known, await deps.shelf.worked(partial(_calls, known, known.document.value))

    return [postman, bruno]


def _calls(known: Known, value: JsonValue) -> list[tuple[str, Call]]:
    schemes = table(table(member(value, "components")).get("securitySchemes"))
    server = next(iter(servers_of(value, known.api.source)), "")
    return [
        (
            each.entry.summary or f"{each.entry.method} {each.entry.path}",
            call_of(each, server, known.criteria, schemes),
        )
        for each in every_operation(value, MOST)
    ]


def _zipped(name: str, files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for path, text in files.items():
            file.writestr(zipfile.ZipInfo(f"{name}/{path}", _DAY), text.encode())
    return out.getvalue()


def _file(raw: bytes, medium: str, name: str) -> Response[Any]:
    told = f'attachment; filename="{name}"'
    return Response(raw, media_type=medium, headers={"Content-Disposition": told})
