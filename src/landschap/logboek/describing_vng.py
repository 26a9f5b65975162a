# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the log by the older municipal standard.

Source: VNG, "Logging van verwerkingen", bewerking and inzage API 0.9.0; NL GOV REST API Design
Rules 2.2; RFC 9457.
"""

from __future__ import annotations

from landschap.logboek.describing_vng_parts import WORDS, Json, format_of, ref, schemas
from landschap.logboek.vng_question import ASKED
from landschap.vocabulary.ijson import JsonValue

VERSION = "1.0.0"
_WRITES = ("400", "401", "403", "413", "415", "503")
_READS = ("400", "401", "403", "503")
_UUID: Json = {"format": "uuid"}
_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Met dezelfde sleutel telt dezelfde actie één keer.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 200},
}
_PERSON: list[JsonValue] = [{"persoon": [], "sleutel": []}]


def document(address: str, organisation: str, *, email: str = "", url: str = "") -> Json:
    """The OpenAPI 3.1 document; ``address`` is the whole address of this interface."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Verwerkingenlogging",
            "version": VERSION,
            "description": (
                f"Het logboek van {organisation} volgens de VNG-standaard *logging van "
                "verwerkingen*, voor toepassingen die deze spreken. Een verwerkingsactie wordt een "
                "logregel als elke andere: een nummer van een persoon wordt een pseudoniem, een "
                "gebruiker wordt niet bewaard, en een regel verandert nooit. Nieuwe toepassingen "
                "gebruiken beter `/logboek/v1`."
            ),
            "contact": {"name": organisation, "email": email, "url": url},
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": address}],
        "tags": [
            {"name": "bewerking", "description": "Verwerkingsacties vastleggen en bijwerken."},
            {"name": "inzage", "description": "Wat er met gegevens van een persoon gebeurde."},
        ],
        "security": [{"sleutel": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "sleutel": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "persoon": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
            "headers": {
                "API-Version": {
                    "description": "De hele versie van dit koppelvlak.",
                    "schema": {"type": "string"},
                    "example": VERSION,
                }
            },
            "schemas": schemas(),
            "responses": {"Probleem": _problem()},
        },
    }


def _paths() -> Json:
    return {
        "/verwerkingsacties": {"get": _list("Verwerkingsacties"), "post": _create(),
                               "patch": _change()},
        "/verwerkingsacties/{actieId}": {"get": _one()},
        "/verwerkte-objecten": {"get": _list("VerwerkteObjecten")},
        "/verwerkte-objecten/_zoek": {"post": _search()},
    }  # fmt: skip


def _create() -> Json:
    created = _answer("De verwerkingsactie is vastgelegd.", "Verwerkingsactie")
    created["headers"] = {
        **_headers(),
        "Location": {"description": "Het adres van de actie.", "schema": {"type": "string"}},
    }
    return {
        "operationId": "createVerwerkingsactie",
        "summary": "Een verwerkingsactie vastleggen",
        "description": (
            "Pas bevestigd als de regel niet meer verloren kan gaan. Met dezelfde "
            "`Idempotency-Key` telt hetzelfde verzoek één keer; zonder sleutel is het een nieuwe "
            "actie. `vertrouwelijk` vraagt het recht `create:confidential` en een vertrouwelijke "
            "verwerkingsactiviteit; `opgeheven` kan nooit."
        ),
        "tags": ["bewerking"],
        "parameters": [_KEY],
        "requestBody": _body("NieuweVerwerkingsactie"),
        "responses": {
            "200": _answer("Deze actie stond er al, precies zo.", "Verwerkingsactie"),
            "201": created,
            **_problems((*_WRITES, "409")),
        },
    }


def _change() -> Json:
    return {
        "operationId": "changeVerwerkingsacties",
        "summary": "De bewaartermijn van een verwerking wijzigen",
        "description": (
            "Geldt voor alle acties van de verwerking; de regels zelf veranderen niet. Een termijn "
            "die korter is dan die van het logboek verandert niets aan het bewaren. Wat "
            "vertrouwelijk is beslissen twee mensen, geen toepassing."
        ),
        "tags": ["bewerking"],
        "parameters": [_parameter("verwerkingId", "Welke verwerking.", "query", _UUID)],
        "requestBody": _body("Wijziging"),
        "responses": {
            "204": {"description": "De termijn is genoteerd.", "headers": _headers()},
            **_problems(_WRITES),
        },
    }


def _list(form: str) -> Json:
    needed = ASKED[:5]
    return {
        "operationId": f"list{form}",
        "summary": f"{form}, voor de persoon zelf",
        "description": (
            "Een toepassing vraagt voor een inwoner die inlogde. Van een actie over meer mensen "
            "staat alleen het eigen deel erin; wat u niet mag zien staat er niet bij. Passen er "
            "meer dan 500, dan is het antwoord `result_too_large`: vraag een kortere periode."
        ),
        "tags": ["inzage"],
        "security": _PERSON,
        "parameters": [
            _parameter(name, words, "query", format_of(name), needed=name in needed)
            for name, words in WORDS.items()
        ],
        "responses": {"200": _answer("Het nieuwste eerst.", form), **_problems(_READS)},
    }


def _search() -> Json:
    return {
        "operationId": "searchVerwerkteObjecten",
        "summary": "Hetzelfde, zonder nummer in het adres",
        "tags": ["inzage"],
        "security": _PERSON,
        "requestBody": _body("Vraag"),
        "responses": {
            "200": _answer("Het nieuwste eerst.", "VerwerkteObjecten"),
            **_problems((*_READS, "413", "415")),
        },
    }


def _one() -> Json:
    return {
        "operationId": "getVerwerkingsactie",
        "summary": "Eén verwerkingsactie, voor de persoon zelf",
        "description": "Alleen acties die hier zijn vastgelegd hebben een adres.",
        "tags": ["inzage"],
        "security": _PERSON,
        "parameters": [_parameter("actieId", "Het nummer van de actie.", "path", _UUID)],
        "responses": {
            "200": _answer("De actie, met het eigen deel.", "Verwerkingsactie"),
            **_problems((*_READS, "404")),
        },
    }


def _parameter(name: str, words: str, where: str, form: Json, *, needed: bool = True) -> Json:
    schema: Json = {"type": "string", **form}
    return {"name": name, "in": where, "required": needed, "description": words, "schema": schema}


def _body(schema: str) -> Json:
    return {"required": True, "content": {"application/json": {"schema": ref(schema)}}}


def _answer(words: str, schema: str) -> Json:
    return {
        "description": words,
        "headers": _headers(),
        "content": {"application/json": {"schema": ref(schema)}},
    }


def _problems(statuses: tuple[str, ...]) -> Json:
    return {status: {"$ref": "#/components/responses/Probleem"} for status in sorted(statuses)}


def _problem() -> Json:
    return {
        "description": "`code` zegt waarom; `invalidParams` noemt elk veld en wat eraan mankeert.",
        "headers": _headers(),
        "content": {"application/problem+json": {"schema": ref("Probleem")}},
    }


def _headers() -> Json:
    return {"API-Version": {"$ref": "#/components/headers/API-Version"}}
