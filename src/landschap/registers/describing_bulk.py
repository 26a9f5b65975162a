# SPDX-License-Identifier: EUPL-1.2
"""What the OpenAPI documents say of delivering whole collections, and the document of the service.

Source: NL GOV REST API Design Rules 2.2; house rule for a service of its own.
"""

from __future__ import annotations

from typing import cast

from landschap.registers.bulk import DELIVERIES, MEDIA, Form, Output
from landschap.registers.describing import (
    About,
    Json,
    document_of,
    get_page,
    info_of,
    problem_response,
)
from landschap.registers.describing_geo import headers_of, with_places
from landschap.registers.description_parts import HEADERS, PARAMETERS, PROBLEM
from landschap.registers.models import ObjectType, Register
from landschap.vocabulary.ijson import JsonValue

_WORDS = (
    "Met formaat (of Accept) komt de hele collectie in een keer, van een stand van kennis. "
    "Link wijst naar de levering: daar staat of zij tot het einde is geschreven, met aantal en "
    "sha256. JSON-regels eindigen met een slotregel (_slot) met hetzelfde."
)
_FORM: Json = {
    "name": "formaat",
    "in": "query",
    "description": "Lever alles in deze vorm; zonder: een bladzijde.",
    "schema": {"type": "string", "enum": [form.value for form in Form]},
}
_OUTPUT: Json = {
    "name": "uitvoer",
    "in": "query",
    "description": "Wat er in staat: wat op een dag gold, alle voorkomens, of alle registraties.",
    "schema": {"type": "string", "enum": [each.value for each in Output]},
}
_HEADERS: Json = {
    "Content-Disposition": {
        "description": "Hoe het bestand heet.",
        "schema": {"type": "string"},
    }
}
_PROBLEM: Json = {"$ref": "#/components/responses/Probleem"}
_TIMES = ("geldigOp", "beschikbaarOp", "historie", "klok", "onzekerheid", "volgnummer", "fields")
_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer"}
DELIVERY: Json = {
    "type": "object",
    "title": "Een levering van een hele collectie",
    "properties": {
        "levering": {"type": "string", "format": "uuid"},
        "status": {
            "type": "string",
            "enum": ["loopt", "volledig", "afgebroken"],
            "description": "Alleen een volledige levering telt.",
        },
        "begonnenOp": {"type": "string", "format": "date-time"},
        "geeindigdOp": {"type": ["string", "null"], "format": "date-time"},
        "register": _TEXT,
        "collectie": _TEXT,
        "modelversie": _TEXT,
        "formaat": _TEXT,
        "uitvoer": _TEXT,
        "geldigOp": {"type": ["string", "null"], "format": "date"},
        "beschikbaarOp": {"type": "string", "format": "date-time"},
        "klok": _TEXT,
        "volgnummer": _NUMBER,
        "velden": {"type": "array", "items": {"type": "string"}},
        "doel": {"type": ["string", "null"]},
        "aantal": _NUMBER,
        "bytes": _NUMBER,
        "sha256": {"type": "string", "description": "Van het bestand."},
        "inhoudSha256": {"type": "string", "description": "Van wat er staat, in elke vorm gelijk."},
        "weggelaten": {
            "type": "integer",
            "description": "Hoeveel objecten ontbreken omdat gegevens van iemand niet mogen worden "
            "gebruikt; staat er niet als er niets is op te zoeken, of als om een deel is gevraagd.",
        },
    },
}


def reading_document_of(register: Register, about: About) -> Json:
    """The OpenAPI 3.1 document of one register, whose collections can be had whole too."""
    document = document_of(register, about)
    paths = cast("Json", document["paths"])
    for kind in register.types.values():
        item = cast("Json", paths.get(f"/{kind.collection}", {}))
        if "get" in item:
            item["get"] = _with_forms(kind, cast("Json", item["get"]))
    paths.update(_delivery_paths())
    parts = cast("Json", document["components"])
    parts["schemas"] = {**cast("Json", parts["schemas"]), "Levering": DELIVERY}
    parts["headers"] = {**cast("Json", parts["headers"]), **_HEADERS}
    return document


def bulk_document_of(register: Register, about: About, service: str) -> Json:
    """The OpenAPI 3.1 document of the service that delivers all of a register."""
    kinds = sorted(register.types.values(), key=lambda kind: kind.collection)
    words = (
        f"Alles van {register.title} van {about.organisation} in een keer. Dit is een dienst "
        "apart: wie een vraag mag stellen, mag daarmee nog niet alles hebben. Van elke persoon "
        "wordt vastgelegd dat zijn gegevens zijn geleverd, voordat zij weggaan."
    )
    paths: Json = {}
    for kind in kinds:
        made: Json = {f"/{kind.collection}": {"get": _whole(kind)}}
        paths.update(with_places(kind, made))
    return {
        "openapi": "3.1.0",
        "info": info_of(f"{register.title}: alles", words, about),
        "servers": [{"url": f"{about.address}/{service}/v1"}],
        "tags": [{"name": kind.collection, "description": kind.title} for kind in kinds],
        "paths": {**paths, **_delivery_paths()},
        "components": {
            "schemas": {"Levering": DELIVERY, "Probleem": PROBLEM},
            "parameters": {name: PARAMETERS[name] for name in _TIMES},
            "headers": {**HEADERS, **headers_of(kinds), **_HEADERS},
            "responses": {"Probleem": problem_response()},
        },
    }


def _with_forms(kind: ObjectType, page: Json) -> Json:
    """The operation of a page, that gives all of the collection too."""
    responses = dict(cast("Json", page["responses"]))
    told = dict(cast("Json", responses["200"]))
    told["content"] = {**_contents(kind), **cast("Json", told["content"])}
    named: Json = {"$ref": "#/components/headers/Content-Disposition"}
    told["headers"] = {**cast("Json", told["headers"]), "Content-Disposition": named}
    responses["200"] = told
    responses["429"] = _PROBLEM
    return {
        **page,
        "description": _WORDS,
        "parameters": [*cast("list[JsonValue]", page["parameters"]), _FORM, _OUTPUT],
        "responses": dict(sorted(responses.items())),
    }


def _delivery_paths() -> Json:
    """Where it is told how a delivery ended."""
    headers: Json = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    responses: Json = {
        "200": {
            "description": "Wat er is geleverd, en of het volledig is.",
            "headers": headers,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Levering"}}},
        }
    }
    for status in ("400", "403", "404", "503"):
        responses[status] = _PROBLEM
    parameter: Json = {
        "name": "levering",
        "in": "path",
        "required": True,
        "description": "Het nummer uit de Link van de levering.",
        "schema": {"type": "string", "format": "uuid"},
    }
    operation: Json = {
        "operationId": "levering",
        "summary": "Of een levering tot het einde is geschreven",
        "parameters": [parameter],
        "responses": responses,
    }
    return {f"/{DELIVERIES}/{{levering}}": {"get": operation}}


def _whole(kind: ObjectType) -> Json:
    """An operation that gives all of a collection and no page of it."""
    page = get_page(kind)
    made = _with_forms(kind, page)
    told = cast("Json", cast("Json", made["responses"])["200"])
    told["content"] = _contents(kind)
    every = cast("list[Json]", made["parameters"])
    return {
        **made,
        "operationId": f"lever{str(page['operationId']).removeprefix('lijst')}",
        "summary": f"Alle {kind.collection}",
        "parameters": [each for each in every if not _is_of_page(each)],
    }


def _is_of_page(parameter: Json) -> bool:
    name = str(parameter.get("name") or str(parameter.get("$ref", "")).rpartition("/")[2])
    return name in ("limit", "cursor", "telling", "expand", "sort")


def _contents(kind: ObjectType) -> Json:
    text: Json = {"schema": {"type": "string"}}
    binary: Json = {"schema": {"type": "string", "format": "binary"}}
    forms: Json = {
        MEDIA[Form.LINES]: text,
        MEDIA[Form.CSV]: text,
        MEDIA[Form.PARQUET]: binary,
    }
    if kind.geometry is not None:
        forms[MEDIA[Form.GEOJSON]] = {"schema": {"type": "object"}}
    return forms
