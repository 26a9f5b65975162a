# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the catalogue for peers.

Source: NL GOV REST API Design Rules 2.2; RFC 9457.
"""

from __future__ import annotations

from landschap.catalogue.facets import ACCESS, FACETS, ORGANISATION, PERSONAL, PHASE, PURPOSE
from landschap.catalogue.phases import PHASES
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]

SERVICE = "catalogus"
"""The name of the service, and the first part of its addresses."""
VERSION = "1.0.0"
_YES_NO: JsonValue = ["ja", "nee", "onbekend"]
_FACETS: dict[str, tuple[str, Json]] = {
    ORGANISATION: ("De organisatie.", {"type": "string", "maxLength": 200}),
    PHASE: ("Waar een versie staat.", {"type": "string", "enum": list(PHASES)}),
    PERSONAL: ("Of het over personen gaat.", {"type": "string", "enum": _YES_NO}),
    PURPOSE: ("Of er een doel nodig is.", {"type": "string", "enum": _YES_NO}),
    ACCESS: (
        "Hoe men toegang krijgt.",
        {"type": "string", "enum": ["open", "aangemeld", "contract", "onbekend"]},
    ),
}


def document_of(address: str, organisation: str, *, email: str = "", url: str = "") -> Json:
    """The OpenAPI 3.1 document; ``email`` and ``url`` are where the organisation is reached."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Catalogus",
            "version": VERSION,
            "description": (
                f"De API's die {organisation} aan u aanbiedt, of aan iedereen. Wat aan anderen is "
                "aangeboden, staat er niet in en telt niet mee."
            ),
            "contact": {"name": organisation, "email": email, "url": url},
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": f"{address}/{SERVICE}/v1"}],
        "tags": [{"name": "apis", "description": "API's en hun beschrijving."}],
        "security": [{"inway": []}],
        "paths": _paths(),
        "components": {
            # The contract is shown at our door; a description can not say more of it than this.
            "securitySchemes": {"inway": {"type": "mutualTLS"}},
            "headers": {
                "API-Version": {
                    "description": "De hele versie van dit koppelvlak.",
                    "schema": {"type": "string"},
                    "example": VERSION,
                }
            },
            "schemas": _schemas(),
            "responses": {"Probleem": _problem()},
        },
    }


def _paths() -> Json:
    name: Json = {
        "name": "naam",
        "in": "path",
        "required": True,
        "description": "De naam van de API in deze catalogus.",
        "schema": {"type": "string", "maxLength": 100},
    }
    return {
        "/apis": {"get": _operation("listApis", "API's zoeken", _json("Gevonden"), _query())},
        "/apis/{naam}": {"get": _operation("getApi", "Eén API", _json("Api"), [name])},
        "/apis/{naam}/openapi": {
            "get": _operation(
                "getDescription",
                "De beschrijving van een API",
                {
                    "application/json": {"schema": {"type": "object"}},
                    "application/yaml": {"schema": {"type": "string"}},
                },
                [name],
            )
        },
    }


def _query() -> list[JsonValue]:
    found: list[JsonValue] = [
        _in_query("q", "Woorden waarop gezocht wordt.", {"type": "string", "maxLength": 200}),
        _in_query("blad", "Welk blad, vanaf 1.", {"type": "integer", "minimum": 1}),
    ]
    for facet in FACETS:
        description, items = _FACETS[facet]
        values: Json = {"type": "array", "items": items, "maxItems": 20}
        found.append({**_in_query(facet, description, values), "style": "form", "explode": True})
    return found


def _in_query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _operation(name: str, summary: str, content: Json, parameters: list[JsonValue]) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["apis"],
        "parameters": parameters,
        "responses": {
            "200": {"description": summary, "headers": _headers(), "content": content},
            **{
                status: {"$ref": "#/components/responses/Probleem"}
                for status in ("400", "403", "404", "503")
            },
        },
    }


def _json(schema: str) -> Json:
    return {"application/json": {"schema": _ref(schema)}}


def _problem() -> Json:
    return {
        "description": "Er is niets gegeven; `code` zegt waarom.",
        "headers": _headers(),
        "content": {"application/problem+json": {"schema": _ref("Probleem")}},
    }


def _headers() -> Json:
    return {"API-Version": {"$ref": "#/components/headers/API-Version"}}


def _schemas() -> Json:
    text: Json = {"type": "string"}
    number: Json = {"type": "integer", "minimum": 0}
    day: Json = {"type": ["string", "null"], "format": "date"}
    api: Json = {
        **dict.fromkeys(("name", "title", "version", "organisation", "summary"), text),
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
        "findings": number,
        "seenAt": {"type": "string", "format": "date-time"},
        "lifecycle": _ref("Levensloop"),
    }
    ends: Json = {
        "phase": {"type": "string", "enum": list(PHASES)},
        "deprecated": day,
        "sunset": day,
        "successor": {"type": ["string", "null"], "format": "uri"},
    }
    hit: Json = {
        "allOf": [
            _ref("Api"),
            _object({"foundIn": {"type": "array", "items": text}}, "foundIn"),
        ]
    }
    count = _object({"value": text, "count": number}, "value", "count")
    found: Json = {
        "total": number,
        "allWords": {"type": "boolean"},
        "results": {"type": "array", "items": hit},
        "facets": _object({facet: {"type": "array", "items": count} for facet in FACETS}, *FACETS),
    }
    problem: Json = {
        "type": text,
        "title": text,
        "status": {"type": "integer"},
        "detail": text,
        "code": text,
    }
    return {
        "Api": _object(api, *api),
        "Levensloop": _object(ends, *ends),
        "Gevonden": _object(found, *found),
        "Probleem": _object(problem, "title", "status", "detail", "code"),
    }


def _object(properties: Json, *required: str) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
