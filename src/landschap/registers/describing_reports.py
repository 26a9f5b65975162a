# SPDX-License-Identifier: EUPL-1.2
"""What the OpenAPI documents say of reporting doubt, and of deciding on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landschap.registers.reports import DECISION, REPORT
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]
_REPORT_REF: Json = {"$ref": "#/components/schemas/Terugmelding"}
_ID: Json = {
    "name": "terugmelding",
    "in": "path",
    "required": True,
    "description": "De terugmelding.",
    "schema": {"type": "string", "format": "uuid"},
}


def reporting(name: str, tag: str, parameters: Sequence[JsonValue]) -> Json:
    """Reporting doubt about one object of a type."""
    return {
        "operationId": f"terugmelding{name}",
        "summary": "Meld twijfel over waarden die u mag lezen",
        "description": "Vanaf nu staat bij elk antwoord dat deze waarden in onderzoek zijn.",
        "tags": [tag],
        "parameters": list(parameters),
        "requestBody": _body(REPORT),
        "responses": _answers("201", _REPORT_REF, ("413", "415")),
    }


def reading() -> Json:
    """What became of a report."""
    return {
        "operationId": "terugmelding",
        "summary": "Wat er met uw terugmelding is gebeurd",
        "parameters": [dict(_ID)],
        "responses": _answers("200", _REPORT_REF),
    }


def waiting() -> Json:
    """What waits for a decision."""
    items: Json = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": dict(_REPORT_REF)}},
    }
    return {
        "operationId": "terugmeldingen",
        "summary": "Terugmeldingen die op een besluit wachten, de oudste eerst",
        "parameters": [],
        "responses": _answers("200", items),
    }


def deciding() -> Json:
    """Deciding on a report."""
    return {
        "operationId": "besluit",
        "summary": "Besluit over een terugmelding; het onderzoek is daarmee voorbij",
        "parameters": [dict(_ID)],
        "requestBody": _body(DECISION),
        "responses": _answers("200", _REPORT_REF, ("409", "413", "415")),
    }


def _body(schema: Mapping[str, JsonValue]) -> Json:
    return {"required": True, "content": {"application/json": {"schema": dict(schema)}}}


def _answers(status: str, schema: Json, more: Sequence[str] = ()) -> Json:
    told: Json = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    found: Json = {
        status: {
            "description": "De terugmelding.",
            "headers": told,
            "content": {"application/json": {"schema": schema}},
        }
    }
    for each in ("400", "403", "404", "406", "503", *more):
        found[each] = {"$ref": "#/components/responses/Probleem"}
    return dict(sorted(found.items()))
