# SPDX-License-Identifier: EUPL-1.2
"""Registers as OGC API Features, for map programs: the same desk and permits, other addresses.

GET  /{register}/ogc/v1                                         where everything stands
GET  /{register}/ogc/v1/conformance
GET  /{register}/ogc/v1/collections, collections/{collectie}
GET  /{register}/ogc/v1/collections/{collectie}/items           pages of features
GET  /{register}/ogc/v1/collections/{collectie}/items/{id}      one feature

Source: OGC API Features 1.0, part 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.registers import ogc
from landschap.registers.answering import body_of, headers_of, no_version
from landschap.registers.api.cases import AnyRequest, Case, History
from landschap.registers.api.collections import onward_of, told_page
from landschap.registers.api.desk import Desk, preference
from landschap.registers.api.documents import document_routes
from landschap.registers.api.forms import JSON
from landschap.registers.api.requests import query_of
from landschap.registers.asking import Faults
from landschap.registers.describing import About
from landschap.registers.describing_ogc import ogc_document_of
from landschap.registers.geojson import GEOJSON, collection_of, feature_of, link
from landschap.registers.listing import Listed, read_listed
from landschap.registers.models import ObjectType, Register
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.times import as_utc_text

_FORMS = (GEOJSON, JSON)
_HOUR = {"Cache-Control": "public, max-age=3600"}


def ogc_routes(desk: Desk, register: Register, about: About) -> list[ControllerRouterHandler]:
    """The routes of one register; none when nothing of it has a place."""
    kinds = list(ogc.collections_of(register))
    if not kinds:
        return []
    base = ogc.base_of(register)
    told: dict[str, JsonValue] = {
        base: ogc.landing(register),
        f"{base}/conformance": {"conformsTo": list[JsonValue](ogc.CONFORMANCE)},
        f"{base}/collections": ogc.collections_document(register),
    }
    for kind in kinds:
        told[f"{base}/collections/{kind.collection}"] = ogc.collection(register, kind)
    made = [_document(path, document) for path, document in told.items()]
    for kind in kinds:
        made += _of_collection(desk, kind, f"{base}/collections/{kind.collection}")
    service = base.removeprefix("/").removesuffix("/v1")
    return [*made, *document_routes(service, ogc_document_of(register, about))]


def _document(path: str, document: JsonValue) -> ControllerRouterHandler:
    @get(path, opt={"query": ()})
    async def told() -> Response[bytes]:
        return json_response(document, headers=_HOUR)

    return told


def _of_collection(desk: Desk, kind: ObjectType, place: str) -> list[ControllerRouterHandler]:
    @get(f"{place}/items", opt={"query": ogc.items_keys(kind)})
    async def items(request: AnyRequest) -> Response[bytes]:
        return await _items(desk, kind, request, place)

    @get(f"{place}/items/{{identificatie:str}}", opt={"query": ogc.ITEM_KEYS})
    async def item(identificatie: FromPath[str], request: AnyRequest) -> Response[bytes]:
        return await _item(desk, kind, identificatie, request, place)

    return [items, item]


async def _items(desk: Desk, kind: ObjectType, request: AnyRequest, place: str) -> Response[bytes]:
    query = query_of(request)
    early = Faults()
    asked, period = ogc.as_asked(query, early), ogc.read_period(query, early)
    read: list[Listed] = []

    def listing(ours: Mapping[str, str], wrong: Faults) -> None:
        wrong.found += early.found
        read.append(read_listed(kind, ours, wrong))

    case = desk.case(
        kind,
        request,
        offered=_FORMS,
        more=listing,
        query=asked,
        needs=History(material="datetime" if period else ""),
    )
    told = await told_page(desk, case, read[0], within=period)
    onward = onward_of(case, query, told.cursor)
    links = [link(case.path, "self", GEOJSON), link(place, "collection", JSON)]
    links += [link(onward, "next", GEOJSON)] if onward else []
    body = collection_of(kind, told.bodies, links)
    headers = headers_of(case.path, case.asked, told.question, told.found, body)
    body["timeStamp"] = as_utc_text(datetime.now(UTC))
    return _answer(case, body, headers, onward)


async def _item(
    desk: Desk, kind: ObjectType, object_id: str, request: AnyRequest, place: str
) -> Response[bytes]:
    case = desk.case(kind, request, offered=_FORMS)
    question, found = await desk.ask(case, [object_id])
    if not found:
        raise ProblemError(no_version(question, existed=False))
    body = feature_of(kind, body_of(found[0], question, case.shape))
    body["links"] = [link(case.path, "self", GEOJSON), link(place, "collection", JSON)]
    return _answer(case, body, headers_of(case.path, case.asked, question, found, body), "")


def _answer(case: Case, body: JsonValue, headers: dict[str, str], onward: str) -> Response[bytes]:
    # These addresses have no parameters of ours to be repeated with.
    told = {name: value for name, value in headers.items() if name != "Content-Location"}
    told |= preference(replace(case, form=GEOJSON))
    told |= {"Link": f'<{onward}>; rel="next"'} if onward else {}
    return json_response(body, headers=told, media_type=GEOJSON)
