# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of a register, made from its information models.

It says what the routes of `registers.api` take and give, in Dutch; a test holds the two together
in both directions. 3.1 is what the models are written in; 3.0.3 is derived from it for tools that
read no newer one.
Source: NL GOV REST API Design Rules 2.2; OpenAPI 3.1.0 and 3.0.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landschap.registers import describing_geo, describing_notices, describing_reports
from landschap.registers.description_parts import (
    BODIES,
    FEED_ITEM,
    HEADERS,
    HISTORY,
    PARAMETERS,
    PROBLEM,
    REGISTRATION,
    REPORTED,
)
from landschap.registers.geo_asking import can_search_places
from landschap.registers.listing import filter_keys
from landschap.registers.models import ObjectType, Property, Register
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]
_TIMES = ("geldigOp", "beschikbaarOp", "historie", "klok", "onzekerheid", "volgnummer")
_SHAPE = ("fields", "expand")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a document tells of who publishes it. ``address`` is where all registers stand."""

    version: str
    organisation: str
    address: str = ""
    email: str = ""
    url: str = ""


def document_of(register: Register, about: About) -> Json:
    """The OpenAPI 3.1 document of one register."""
    kinds = sorted(register.types.values(), key=lambda kind: kind.collection)
    paths: Json = {}
    for kind in kinds:
        paths.update(describing_geo.with_places(kind, _paths_of(kind)))
    paths["/wijzigingen"] = _feed()
    paths["/terugmeldingen/{terugmelding}"] = {"get": describing_reports.reading()}
    paths.update(describing_notices.paths_of())
    return {
        "openapi": "3.1.0",
        "info": info_of(register.title, _introduction(register, about), about),
        "servers": [{"url": f"{about.address}/{register.name}/v1"}],
        "tags": [{"name": kind.collection, "description": kind.title} for kind in kinds],
        "paths": paths,
        "webhooks": {"melding": describing_notices.webhook()},
        "components": {
            "schemas": {
                **{schema_name(kind): _schema_of(kind) for kind in kinds},
                "Historie": HISTORY,
                "Registratie": REGISTRATION,
                "Terugmelding": REPORTED,
                "Wijziging": FEED_ITEM,
                **describing_notices.schemas_of(register),
                "Probleem": PROBLEM,
            },
            "parameters": dict(PARAMETERS),
            "headers": {**HEADERS, **describing_geo.headers_of(kinds)},
            "responses": {"Probleem": problem_response()},
        },
    }


def info_of(title: str, description: str, about: About) -> Json:
    """Who publishes a document, and what it is."""
    return {
        "title": title,
        "version": about.version,
        "description": description,
        "contact": {"name": about.organisation, "email": about.email, "url": about.url},
        "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    }


def _introduction(register: Register, about: About) -> str:
    return (
        f"{register.title} van {about.organisation}. Elk object heeft twee tijdlijnen: wat wanneer "
        "gold (`geldigOp`) en wat wanneer bekend was (`beschikbaarOp`). Zonder deze parameters is "
        "het antwoord van vandaag, met de kennis van nu. Vragen gaan door de deur van de "
        "organisatie, met een doel; alleen velden die bij dat doel horen worden geleverd."
    )


def _paths_of(kind: ObjectType) -> Json:
    base = f"/{kind.collection}"
    one = f"{base}/{{identificatie}}"
    found: Json = {
        one: {"get": _get_one(kind)},
        f"{one}/voorkomens": {"get": _get_stretches(kind)},
        f"{one}/registraties": {"get": _get_registered(kind)},
        f"{one}/_terugmelding": {"post": _report(kind)},
        f"{base}/_batch": {"post": _batch(kind)},
    }
    if kind.searchable_paths() or can_search_places(kind):
        found[f"{base}/_zoek"] = {"post": _search(kind)}
    if not kind.holds_personal_data:
        found[base] = {"get": get_page(kind)}
    return found


def get_page(kind: ObjectType) -> Json:
    """The operation of a page of a collection."""
    filters: list[JsonValue] = [
        {
            "name": name,
            "in": "query",
            "description": f"Alleen objecten met deze waarde van {kind.properties[name].title}.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }
        for name in filter_keys(kind)
    ]
    sorts = [kind.identification, *filter_keys(kind)]
    order: Json = {
        "name": "sort",
        "in": "query",
        "description": "Volgorde; met een - ervoor van hoog naar laag.",
        "schema": {"type": "string", "enum": [*sorts, *(f"-{name}" for name in sorts)]},
    }
    return _operation(
        kind,
        name="lijst",
        summary=f"Een bladzijde van {kind.collection}",
        parameters=[*_known("limit", "cursor", "telling", *_TIMES, *_SHAPE), order, *filters],
        body=_object(
            items={"type": "array", "items": _ref(kind)},
            totaal={"type": "integer", "description": "Alleen met telling=true."},
        ),
        headers=("Link", "Content-Location", "ETag"),
    )


def _get_one(kind: ObjectType) -> Json:
    possible: Json = _object(mogelijk={"type": "array", "items": _ref(kind)})
    return _operation(
        kind,
        name="een",
        summary=f"Een {kind.title.lower()}",
        parameters=[id_parameter(kind), *_known(*_TIMES, *_SHAPE)],
        body={"anyOf": [_ref(kind), possible]},
        headers=("Content-Location", "ETag"),
    )


def _get_stretches(kind: ObjectType) -> Json:
    return _operation(
        kind,
        name="voorkomens",
        summary=f"Wat wanneer gold voor een {kind.title.lower()}, het laatste eerst",
        parameters=[
            id_parameter(kind),
            *_known("geldigVan", "geldigTot", "beschikbaarOp", "klok", "volgnummer", "fields"),
        ],
        body=_object(items={"type": "array", "items": _ref(kind)}),
        headers=("Content-Location", "ETag"),
    )


def _get_registered(kind: ObjectType) -> Json:
    return _operation(
        kind,
        name="registraties",
        summary=f"Alles wat over een {kind.title.lower()} is geregistreerd, op volgorde",
        parameters=[id_parameter(kind), *_known("beschikbaarOp", "klok", "volgnummer", "fields")],
        body=_object(
            **{kind.identification: {"type": "string"}},
            items={"type": "array", "items": {"$ref": "#/components/schemas/Registratie"}},
        ),
        headers=("Content-Location", "ETag"),
    )


def _search(kind: ObjectType) -> Json:
    keys: Json = {}
    for path in kind.searchable_paths():
        keys[path] = {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ],
            "description": kind.properties[path].title,
        }
    sent: Json = {
        "type": "object",
        "properties": keys,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return _operation(
        kind,
        name="zoek",
        summary=f"Zoek {kind.collection}; de sleutel staat in de inhoud, nooit in het adres",
        parameters=_known(*_TIMES, *_SHAPE),
        body=_object(items={"type": "array", "items": _ref(kind)}),
        headers=("Content-Location", "ETag"),
        sent=sent,
    )


def _batch(kind: ObjectType) -> Json:
    result: Json = {"anyOf": [_ref(kind), {"type": "null"}]}
    return _operation(
        kind,
        name="batch",
        summary=f"Tot honderd {kind.collection} in een keer, in de gevraagde volgorde",
        parameters=_known(*_TIMES, *_SHAPE),
        body=_object(results={"type": "array", "items": result}),
        headers=("Content-Location", "ETag"),
        sent=BODIES["batch"],
    )


def _report(kind: ObjectType) -> Json:
    parameters = [id_parameter(kind), *_known(*_TIMES, *_SHAPE)]
    return describing_reports.reporting(schema_name(kind), kind.collection, parameters)


def _feed() -> Json:
    items: Json = {"type": "array", "items": {"$ref": "#/components/schemas/Wijziging"}}
    return {
        "get": {
            "operationId": "wijzigingen",
            "summary": "Welke objecten na een volgnummer zijn gewijzigd",
            "description": "Alleen wat opnieuw te vragen is; nooit wat er veranderde.",
            "parameters": _known("vanaf", "limit"),
            "responses": _responses(_object(items=items), ("Link",), with_body=False),
        }
    }


def _operation(
    kind: ObjectType,
    *,
    name: str,
    summary: str,
    parameters: Sequence[JsonValue],
    body: Json,
    headers: Sequence[str],
    sent: Mapping[str, JsonValue] | None = None,
) -> Json:
    made: Json = {
        "operationId": f"{name}{schema_name(kind)}",
        "summary": summary,
        "tags": [kind.collection],
        "parameters": list(parameters),
        "responses": _responses(body, headers, with_body=sent is not None),
    }
    if sent is not None:
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": dict(sent)}},
        }
    return made


def _responses(body: Json, headers: Sequence[str], *, with_body: bool) -> Json:
    told: Json = {
        name: {"$ref": f"#/components/headers/{name}"} for name in ("API-Version", *headers)
    }
    found: Json = {
        "200": {
            "description": "Het antwoord.",
            "headers": told,
            "content": {"application/json": {"schema": body}},
        },
    }
    statuses = ["400", "403", "404", "406", "503"] + (["413", "415"] if with_body else [])
    if "ETag" in headers and not with_body:
        unchanged: Json = {name: told[name] for name in ("API-Version", "ETag")}
        found["304"] = {"description": "U hebt dit antwoord al.", "headers": unchanged}
    for status in statuses:
        found[status] = {"$ref": "#/components/responses/Probleem"}
    return dict(sorted(found.items()))


def problem_response() -> Json:
    """The one form of every refusal."""
    return {
        "description": "Waarom er niets is geleverd, en wie dat kan verhelpen.",
        "headers": {"API-Version": {"$ref": "#/components/headers/API-Version"}},
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Probleem"}}
        },
    }


def _schema_of(kind: ObjectType) -> Json:
    """A delivered object: only permitted fields are in it, so none is required."""
    members: Json = {
        prop.name: {
            key: value
            for key, value in prop.schema.items()
            if not key.startswith("x-") and key != "$comment"
        }
        | _derived(prop)
        for prop in kind.properties.values()
    }
    members.update(describing_geo.members_of(kind))
    members["historie"] = {"$ref": "#/components/schemas/Historie"}
    members["_weggelaten"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": "Gevraagde velden die dit doel niet toelaat.",
    }
    members["_uitgebreid"] = {
        "type": "object",
        "description": "De andere kant van relaties, bij expand.",
    }
    description = kind.schema.get("description")
    made: Json = {"type": "object", "title": kind.title, "properties": members}
    if isinstance(description, str):
        made["description"] = description
    return made


def _derived(prop: Property) -> Json:
    """What an asker has to know of a derived value: its rule, and when it is null."""
    each = prop.derived
    if each is None:
        return {}
    words = f"{prop.definition} Afgeleid: {each.words}. Null als dat niet zeker is.".strip()
    bands: Json = {"enum": [*each.bands(), None]} if each.bands() else {}
    return {"description": words, **bands}


def id_parameter(kind: ObjectType) -> Json:
    """The id of an object in an address."""
    prop = kind.properties[kind.identification]
    schema = {key: prop.schema[key] for key in ("type", "pattern") if key in prop.schema}
    return {
        "name": "identificatie",
        "in": "path",
        "required": True,
        "description": prop.title,
        "schema": schema,
    }


def _known(*names: str) -> list[JsonValue]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _object(**members: JsonValue) -> Json:
    return {"type": "object", "properties": dict(members)}


def _ref(kind: ObjectType) -> Json:
    return {"$ref": f"#/components/schemas/{schema_name(kind)}"}


def schema_name(kind: ObjectType) -> str:
    """The name of a type among the schemas."""
    return "".join(part.capitalize() for part in kind.name.split("-"))
