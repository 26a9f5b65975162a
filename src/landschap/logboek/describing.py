# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the log: taking lines in, and reading them.

Source: Logboek Dataverwerkingen, "Interface"; NL GOV REST API Design Rules 2.2; RFC 9457.
"""

from __future__ import annotations

from landschap.logboek import describing_reads, ingest
from landschap.logboek.given import MAX_LINES
from landschap.logboek.payloads import Outcome
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]

VERSION = "1.0.0"
_LINES = "Een regel per handeling, hooguit met één betrokkene."


def document(address: str, organisation: str, *, email: str = "", url: str = "") -> Json:
    """The OpenAPI 3.1 document; ``email`` and ``url`` are where the organisation is reached."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Logboek",
            "version": VERSION,
            "description": (
                f"Toepassingen van {organisation} leggen hier vast wat zij met gegevens deden. "
                "Een verzoek wordt heel geschreven of helemaal niet, en pas bevestigd als het "
                "niet meer verloren kan gaan. Dezelfde regels worden ook als OTLP/HTTP ingenomen, "
                "op `/v1/traces` van dit adres. Lezen mag wie logfunctionaris is, en een inwoner "
                "de eigen regels."
            ),
            "contact": {"name": organisation, "email": email, "url": url},
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": f"{address}/logboek/v1"}],
        "tags": [
            {"name": "regels", "description": "Logregels van eigen toepassingen."},
            describing_reads.TAG,
        ],
        "security": [{"sleutel": []}],
        "paths": {"/regels": {"post": _post()}, **describing_reads.paths()},
        "components": {
            "securitySchemes": {
                "sleutel": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                **describing_reads.SECURITY,
            },
            "headers": {
                "API-Version": {
                    "description": "De hele versie van dit koppelvlak.",
                    "schema": {"type": "string"},
                    "example": VERSION,
                }
            },
            "schemas": {**_schemas(), **describing_reads.schemas()},
            "responses": {"Probleem": _problem(), "NietGelezen": describing_reads.problem()},
        },
    }


def _post() -> Json:
    array: Json = {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_LINES,
        "items": _ref("Regel"),
    }
    return {
        "operationId": "deliverLines",
        "summary": "Logregels afleveren",
        "description": f"{_LINES} Een herhaalde aflevering telt één keer.",
        "tags": ["regels"],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [array, _ref("Regel")]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "responses": {
            "200": _answer("Deze regels stonden er al, precies zo."),
            "201": _answer("De regels zijn geschreven."),
            **{
                status: {"$ref": "#/components/responses/Probleem"}
                for status in ("400", "401", "409", "413", "415", "422", "503")
            },
        },
    }


def _answer(description: str) -> Json:
    return {
        "description": description,
        "headers": _headers(),
        "content": {"application/json": {"schema": _ref("Bevestiging")}},
    }


def _problem() -> Json:
    return {
        "description": "Er is niets geschreven; `errors` noemt elke regel en wat eraan mankeert.",
        "headers": _headers(),
        "content": {"application/problem+json": {"schema": _ref("Probleem")}},
    }


def _headers() -> Json:
    return {"API-Version": {"$ref": "#/components/headers/API-Version"}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, **more: JsonValue) -> Json:
    return {"type": "string", "description": description, **more}


def _hex(size: int, description: str) -> Json:
    return _text(description, pattern=f"^[0-9a-f]{{{size}}}$")


def _moment(description: str) -> Json:
    return {
        "type": "integer",
        "format": "int64",
        "minimum": 0,
        "description": description,
    }


def _object(properties: Json, *required: str) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def _attributes() -> Json:
    return {
        "type": "object",
        "maxProperties": ingest.MAX_ATTRIBUTES,
        "properties": {
            ingest.ACTIVITY: _text("De verwerkingsactiviteit, een URI.", format="uri"),
            ingest.SUBJECT: _text("De betrokkene: een nummer, of ons pseudoniem."),
            ingest.SUBJECT_TYPE: _text("`BSN`, `KVK`, of het adres van onze pseudoniemen."),
            ingest.PROCESSOR: _text("Wie deze toepassing aanriep, een URL.", format="uri"),
            ingest.NEXT[-1]: _text("Waar het logboek van de aangeroepene staat.", format="uri"),
            "exception.type": _text("De klasse van de fout; nooit de melding."),
            "nl.landschap.purpose": _text("Het doel, een URI.", format="uri"),
            "nl.landschap.data_groups": {"type": "array", "items": {"type": "string"}},
            "nl.landschap.outcome": _text("Hoe het afliep.", enum=sorted(Outcome)),
            "nl.landschap.processing_id": _text("Het nummer van de zaak."),
            "nl.landschap.fsc_transaction_id": _text("De transactie.", format="uuid"),
            "nl.landschap.peer_oin": _text("De andere organisatie.", pattern="^[0-9]{20}$"),
            "nl.landschap.delegator_oin": _text("Namens wie.", pattern="^[0-9]{20}$"),
        },
    }


def _schemas() -> Json:
    told = _object(
        {
            "trace_id": _hex(32, "De trace."),
            "span_id": _hex(16, "De handeling."),
            "result": _text("Nieuw, of al bekend.", enum=["created", "duplicate"]),
        },
        "trace_id", "span_id", "result",
    )  # fmt: skip
    line = _object(
        {
            "trace_id": _hex(32, "Dezelfde voor alles wat uit één aanleiding gebeurt."),
            "span_id": _hex(16, "Deze handeling."),
            "parent_span_id": _hex(16, "De handeling die hierom vroeg."),
            "status": _text("`Error` is een fout in het systeem.", enum=["Unset", "Ok", "Error"]),
            "name": _text("Wat er gebeurde, in gewone woorden.", maxLength=200),
            "start_time": _moment("Begin, in milliseconden sinds 1970."),
            "end_time": _moment("Einde, in milliseconden sinds 1970."),
            "resource": {"type": "object", "description": "Het systeem: `attributes`."},
            "attributes": _attributes(),
        },
        "trace_id", "span_id", "status", "name", "start_time", "end_time", "attributes",
    )  # fmt: skip
    problem = _object(
        {
            "type": _text("Waar de code wordt uitgelegd.", format="uri"),
            "title": _text("De weigering in het kort."),
            "status": {"type": "integer"},
            "detail": _text("De weigering in een zin."),
            "code": _text("De code van deze weigering."),
            "errors": {"type": "array", "items": {"type": "object"}},
        },
        "title", "status", "code",
    )  # fmt: skip
    return {
        "Regel": line,
        "Bevestiging": _object({"lines": {"type": "array", "items": told}}, "lines"),
        "Probleem": problem,
    }
