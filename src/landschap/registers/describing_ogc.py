# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of a register as OGC API Features.

Its parameters have the names of that standard: ``bbox-crs`` is one of the exceptions to the naming
rule that the geospatial module makes.
Source: OGC API Features 1.0, part 1, "OpenAPI 3.0"; NL GOV API geospatial module 1.0.
"""

from __future__ import annotations

from typing import cast

from landschap.registers import ogc
from landschap.registers.describing import About, Json, id_parameter, info_of, problem_response
from landschap.registers.describing_geo import BOX, CRS, HEADER, feature_schema, features_schema
from landschap.registers.description_parts import HEADERS, PARAMETERS, PROBLEM
from landschap.registers.geojson import GEOJSON
from landschap.registers.listing import filter_keys
from landschap.registers.models import ObjectType, Register
from landschap.vocabulary.ijson import JsonValue

_DATETIME: Json = {
    "name": "datetime",
    "in": "query",
    "description": "De dag of het moment waarop het gold; zonder: vandaag. Of een periode, als "
    "begin/eind, ../eind of begin/..: dan komt elk object zoals het daarin het laatst was.",
    "schema": {"type": "string", "minLength": 10, "maxLength": 81},
}
_LIMIT: Json = {
    **cast("Json", PARAMETERS["limit"]),
    "schema": {"type": "integer", "minimum": 1, "default": 100},
}
_BOX_CRS: Json = {**BOX[1], "name": "bbox-crs", "description": "Het stelsel van bbox."}


def ogc_document_of(register: Register, about: About) -> Json:
    """The OpenAPI 3.1 document; 3.0.3 is derived from it."""
    base = ogc.base_of(register)
    # The beginning itself has no path below its own address.
    paths: Json = {
        "/conformance": _plain("conformance", "Waaraan dit voldoet"),
        "/collections": _plain("collections", "De collecties"),
    }
    for kind in ogc.collections_of(register):
        place, name = f"/collections/{kind.collection}", kind.collection
        paths[place] = _plain(f"collection-{name}", f"De collectie {name}")
        # On the path: the official linter allows no name a standard gives, and looks at operations.
        paths[f"{place}/items"] = {"parameters": [_BOX_CRS], "get": _items(kind)}
        paths[f"{place}/items/{{identificatie}}"] = {"get": _item(kind)}
    words = (
        f"{register.title} van {about.organisation} als OGC API Features, voor kaartprogramma's."
    )
    return {
        "openapi": "3.1.0",
        "info": info_of(f"{register.title} (OGC API Features)", words, about),
        "servers": [{"url": f"{about.address}{base}"}],
        "paths": paths,
        "components": {
            "schemas": {"Probleem": PROBLEM},
            "headers": {
                "Content-Crs": HEADER,
                **{name: HEADERS[name] for name in ("API-Version", "ETag", "Link")},
            },
            "responses": {"Probleem": problem_response()},
        },
    }


def _items(kind: ObjectType) -> Json:
    filters: list[JsonValue] = [
        {
            "name": name,
            "in": "query",
            "description": f"Alleen met deze waarde van {kind.properties[name].title}.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }
        for name in filter_keys(kind)
    ]
    cursor: Json = dict(cast("Json", PARAMETERS["cursor"]))
    return _operation(
        f"items-{kind.collection}",
        f"Een bladzijde van {kind.collection}",
        [CRS, BOX[0], _LIMIT, cursor, _DATETIME, *filters],
        features_schema(kind),
        ("Link",),
    )


def _item(kind: ObjectType) -> Json:
    parameters: list[JsonValue] = [id_parameter(kind), CRS]
    name = f"item-{kind.collection}"
    made = _operation(name, kind.title, parameters, feature_schema(kind), ())
    cast("Json", made["responses"])["404"] = {"$ref": "#/components/responses/Probleem"}
    return made


def _plain(name: str, summary: str) -> Json:
    answer: Json = {
        "description": "Het antwoord.",
        "headers": _headers("API-Version"),
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    problem: Json = {"$ref": "#/components/responses/Probleem"}
    made: Json = {
        "operationId": name,
        "summary": summary,
        "parameters": [],
        "responses": {"200": answer, "400": problem},
    }
    return {"get": made}


def _operation(
    name: str, summary: str, parameters: list[JsonValue], schema: Json, headers: tuple[str, ...]
) -> Json:
    answer: Json = {
        "description": "Het antwoord.",
        "headers": _headers("API-Version", "Content-Crs", "ETag", *headers),
        "content": {GEOJSON: {"schema": schema}},
    }
    problem: Json = {"$ref": "#/components/responses/Probleem"}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": answer, **{status: dict(problem) for status in ("400", "403", "406", "503")}
        },
    }  # fmt: skip


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
