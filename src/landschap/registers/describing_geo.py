# SPDX-License-Identifier: EUPL-1.2
"""What the OpenAPI documents say of geometry: its form, systems of coordinates, asking by place.

`with_places` adds it to the operations of a type whose answers can hold geometry; a document of a
register without geometry has none of it. The parameter ``bbox-crs`` is taken too, and described
by its other name: the design rules let no hyphen into the name of a parameter.
Source: NL GOV API geospatial module 1.0; RFC 7946.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from landschap.registers.annotations import GeometryKind
from landschap.registers.geo_asking import GEO_MEMBER, can_search_places, crs_keys
from landschap.registers.geojson import GEOJSON
from landschap.registers.geometry import TYPES, Lying
from landschap.registers.geometry_crs import SUPPORTED
from landschap.registers.models import ObjectType
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]
_URIS: list[JsonValue] = [crs.uri for crs in SUPPORTED]
_SYSTEM: Json = {"type": "string", "enum": _URIS, "default": SUPPORTED[0].uri}
CRS: Json = {
    "name": "crs",
    "in": "query",
    "description": "Het coördinatenstelsel van het antwoord.",
    "schema": _SYSTEM,
}
_ACCEPT_CRS: Json = {
    "name": "Accept-Crs",
    "in": "header",
    "description": "Hetzelfde als crs, zoals oudere koppelvlakken het vragen.",
    "schema": {"type": "string", "enum": _URIS},
}
_CONTENT_CRS: Json = {
    "name": "Content-Crs",
    "in": "header",
    "description": "Het coördinatenstelsel van de inhoud die u stuurt.",
    "schema": _SYSTEM,
}
BOX: list[Json] = [
    {
        "name": "bbox",
        "in": "query",
        "description": "Alleen wat deze rechthoek raakt: minx,miny,maxx,maxy, in de asvolgorde "
        "van het stelsel.",
        "schema": {
            "type": "string",
            "pattern": r"^-?[0-9]+(\.[0-9]+)?(,-?[0-9]+(\.[0-9]+)?){3}$",
            "maxLength": 200,
        },
    },
    {
        "name": "bboxCrs",
        "in": "query",
        "description": "Het coördinatenstelsel van bbox. Ook te schrijven als bbox-crs.",
        "schema": _SYSTEM,
    },
]
HEADER: Json = {
    "description": "Het coördinatenstelsel van de coördinaten, als er geometrie in staat.",
    "schema": {"type": "string"},
}
_HEADER_REF: Json = {"$ref": "#/components/headers/Content-Crs"}


def geometry_schema(kind: GeometryKind) -> Json:
    """A geometry of GeoJSON of one of the shapes of a property."""
    return {
        "type": "object",
        "required": ["type", "coordinates"],
        "additionalProperties": False,
        "properties": {
            "type": {"type": "string", "enum": list(TYPES[kind])},
            "coordinates": {"type": "array", "items": {}},
        },
    }


def members_of(kind: ObjectType) -> Json:
    """The schema of the geometry of a type, by its name; empty where it has none."""
    place = kind.geometry
    if place is None or place.geometry is None:
        return {}
    made = geometry_schema(place.geometry)
    named = {key: place.schema[key] for key in ("title", "description", "type")
             if key in place.schema}  # fmt: skip
    return {place.name: {**made, **named}}


def headers_of(kinds: Iterable[ObjectType]) -> Json:
    """The headers of a document, beside those all registers have."""
    return {"Content-Crs": HEADER} if any(crs_keys(kind) for kind in kinds) else {}


def with_places(kind: ObjectType, paths: Json) -> Json:
    """The operations of a type, with what they say of places where its answers can hold any."""
    if not crs_keys(kind):
        return paths
    for path, operation in _operations(paths):
        operation["parameters"] = [*_list(operation["parameters"]), CRS, _ACCEPT_CRS]
        answer = _answer(operation)
        answer["headers"] = {**cast("Json", answer["headers"]), "Content-Crs": _HEADER_REF}
        if kind.geometry is not None and not path.endswith(_PLAIN):
            _as_features(path, kind, answer)
    base = f"/{kind.collection}"
    if kind.geometry is not None and base in paths:
        listing = cast("Json", cast("Json", paths[base])["get"])
        listing["parameters"] = [*_list(listing["parameters"]), *BOX]
    if can_search_places(kind) and f"{base}/_zoek" in paths:
        _search(cast("Json", cast("Json", paths[f"{base}/_zoek"])["post"]), kind)
    return paths


# Answered as plain JSON only.
_PLAIN = ("/voorkomens", "/registraties", "/_batch", "/_terugmelding")


def content_crs(kind: ObjectType) -> list[Json]:
    """The header of a body that can hold geometry."""
    return [_CONTENT_CRS] if kind.geometry is not None else []


def _operations(paths: Mapping[str, JsonValue]) -> Iterator[tuple[str, Json]]:
    for path, item in paths.items():
        for operation in cast("Json", item).values():
            yield path, cast("Json", operation)


def _answer(operation: Json) -> Json:
    answers = cast("Json", operation["responses"])
    return cast("Json", answers["201" if "201" in answers else "200"])


def feature_schema(kind: ObjectType) -> Json:
    """One object as a feature."""
    return {
        "type": "object",
        "title": f"{kind.title} als GeoJSON",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {"type": ["object", "null"]},
            "properties": {"type": "object"},
        },
    }


def features_schema(kind: ObjectType) -> Json:
    """A page of objects as features."""
    return {
        "type": "object",
        "required": ["type", "features", "numberReturned"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": feature_schema(kind)},
            "links": {"type": "array", "items": {"type": "object"}},
            "numberReturned": {"type": "integer"},
            "numberMatched": {"type": "integer"},
        },
    }


def _as_features(path: str, kind: ObjectType, answer: Json) -> None:
    several = features_schema(kind)
    # Of one object there are two answers where its begin is partly unknown.
    schema: Json = {"anyOf": [feature_schema(kind), several]} if path.endswith("}") else several
    content = cast("Json", answer["content"])
    answer["content"] = {**content, GEOJSON: {"schema": schema}}


def _search(operation: Json, kind: ObjectType) -> None:
    """A search also takes a geometry, and then goes in pages."""
    sent = cast("Json", cast("Json", operation["requestBody"])["content"])
    schema = cast("Json", cast("Json", sent["application/json"])["schema"])
    area = geometry_schema(GeometryKind.ANY)
    schema["properties"] = {
        **cast("Json", schema["properties"]),
        GEO_MEMBER: {
            "type": "object",
            "description": f"Alleen {kind.collection} die zo liggen ten opzichte van dit.",
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {lying.value: area for lying in Lying},
        },
    }
    paging: list[JsonValue] = [
        {"$ref": f"#/components/parameters/{name}"} for name in ("limit", "cursor", "telling")
    ]
    operation["parameters"] = [*_list(operation["parameters"]), *paging, _CONTENT_CRS]
    answer = _answer(operation)
    link: Json = {"$ref": "#/components/headers/Link"}
    answer["headers"] = {**cast("Json", answer["headers"]), "Link": link}
    body = cast("Json", cast("Json", cast("Json", answer["content"])["application/json"])["schema"])
    body["properties"] = {**cast("Json", body["properties"]), "totaal": {"type": "integer"}}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
