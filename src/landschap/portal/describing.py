# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the portal for programs.

Source: NL GOV REST API Design Rules 2.2, /core/doc-openapi and /core/publish-openapi.
"""

from __future__ import annotations

from landschap.portal.filters import KEYS
from landschap.portal.own import LONGEST_EXPLANATION, LONGEST_VALUE, SHORTEST
from landschap.portal.rights import LONGEST
from landschap.registers.describing import About, Json, info_of, problem_response
from landschap.registers.description_parts import HEADERS, PROBLEM
from landschap.vocabulary.ijson import JsonValue

_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_MAYBE: Json = {"type": ["string", "null"]}
_MOMENT: Json = {"type": "string", "format": "date-time"}
_YES: Json = {"type": "boolean"}
_WHAT = (
    "Wat inwoners en ondernemers in het portaal zien en doen, voor een andere Mijn-omgeving. De "
    "vraag draagt het toegangstoken (`at+jwt`, RFC 9068) van wie daar inlogde, bij dezelfde "
    "aanbieder als het portaal. Wie namens een ander kijkt, noemt de machtiging in de kop "
    "`Namens`. Elke vraag wordt opgeschreven, en de persoon ziet haar terug."
)
_QUERY: dict[str, str] = {
    "van": "Eerste dag, als 2026-11-24; zonder: een jaar geleden.",
    "tot": "Laatste dag; zonder: vandaag.",
    "organisatie": "Alleen van deze organisatie.",
    "waarvoor": "Alleen voor deze verwerkingsactiviteit.",
    "alles": "`ja`: gelijke keren apart.",
    "na": "Waar de vorige bladzijde ophield.",
    "wacht": "`ja`: wacht langer op anderen; dat gebeurt hier altijd.",
}


def document_of(about: About) -> Json:
    """The OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": info_of("Mijn gegevens", _WHAT, about),
        "servers": [{"url": f"{about.address}/mijn-gegevens/v1"}],
        "security": [{"inwoner": []}],
        "tags": [{"name": "mijn-gegevens", "description": "Van wie inlogde, van niemand anders."}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "inwoner": {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt"}
            },
            "schemas": _SCHEMAS,
            "parameters": {
                "Namens": {
                    "name": "Namens", "in": "header", "schema": _TEXT,
                    "description": "Het kenmerk van een machtiging in het token.",
                },
                **{name: _in_query(name, words) for name, words in _QUERY.items()},
            },
            "headers": {"API-Version": HEADERS["API-Version"]},
            "responses": {"Probleem": problem_response()},
        },
    }  # fmt: skip


def _in_query(name: str, words: str) -> Json:
    return {"name": name, "in": "query", "description": words, "schema": _TEXT}


def _paths() -> Json:
    places: list[JsonValue] = [
        _in_path("organisatie", "Het nummer van wie het opschreef."),
        _in_path("gebruik", "Welk gebruik."),
    ]
    query: list[JsonValue] = [{"$ref": f"#/components/parameters/{name}"} for name in KEYS]
    return {
        "/gegevens": {"get": _operation("leesGegevens", "Mijn gegevens", "Gegevens")},
        "/gebruik": {
            "get": _operation("leesGebruik", "Wie gebruikte mijn gegevens", "Gebruiken", query)
        },
        "/gebruik/{organisatie}/{gebruik}": {
            "get": _operation("leesEenGebruik", "Eén gebruik", "Gebruik", places)
        },
        "/toestemmingen": {
            "get": _operation("leesToestemmingen", "Mijn toestemmingen", "Toestemmingen"),
            "post": _operation(
                "kies", "Geef toestemming, of trek haar in", "Toestemmingen", body="Keuze"
            ),
        },
        "/meldingen": {
            "get": _operation("leesMeldingen", "Wat ik als fout doorgaf", "Meldingen"),
            "post": _operation(
                "meldFout", "Geef door dat iets niet klopt", "Gemeld", body="Melding", status="201"
            ),
        },
        "/verzoeken": {
            "get": _operation("leesVerzoeken", "Mijn verzoeken onder de AVG", "Verzoeken"),
            "post": _operation(
                "vraag", "Gebruik een recht", "Gevraagd", body="Verzoek", status="201"
            ),
        },
    }  # fmt: skip


def _in_path(name: str, words: str) -> Json:
    return {"name": name, "in": "path", "required": True, "description": words, "schema": _TEXT}


def _operation(
    name: str,
    summary: str,
    answer: str,
    parameters: list[JsonValue] | None = None,
    *,
    body: str = "",
    status: str = "200",
) -> Json:
    asked: Json = {}
    if body:
        schema: Json = {"$ref": f"#/components/schemas/{body}"}
        asked["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    told: Json = {"schema": {"$ref": f"#/components/schemas/{answer}"}}
    refused = ("400", "401", "403", "404", "429", "503", *(("409",) if body else ()))
    return {
        "operationId": name,
        "summary": summary,
        "description": f"{summary}. Wat het portaal laat zien en doet, met dezelfde regels.",
        "tags": ["mijn-gegevens"],
        "parameters": [{"$ref": "#/components/parameters/Namens"}, *(parameters or [])],
        **asked,
        "responses": {
            status: {
                "description": "Het antwoord.",
                "headers": {"API-Version": {"$ref": "#/components/headers/API-Version"}},
                "content": {"application/json": told},
            },
            **{each: {"$ref": "#/components/responses/Probleem"} for each in sorted(refused)},
        },
    }


def _object(properties: Json, *optional: str) -> Json:
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _list_of(name: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(properties: Json, *optional: str) -> Json:
    return {**_object(properties, *optional), "additionalProperties": False}


_PARTY_OR_NONE: Json = {"anyOf": [{"$ref": "#/components/schemas/Organisatie"}, {"type": "null"}]}
_SCHEMAS: Json = {
    "Organisatie": _object({"oin": _TEXT, "naam": _MAYBE}),
    "Gegevens": _object({
        "organisatie": _ref("Organisatie"), "gevraagdOp": _MOMENT, "nietGelukt": _TEXTS,
        "nietGetoond": _TEXTS, "gegevens": _list_of("Gegeven"),
    }),
    "Gegeven": _object({
        "register": _TEXT, "soort": _TEXT, "type": _TEXT, "kenmerk": _TEXT, "isKopie": _YES,
        "geldigSinds": _MAYBE, "opgeschrevenOp": _MOMENT, "waarden": {"type": "object"},
        "inOnderzoek": _TEXTS, "teMelden": _TEXTS,
    }),
    "Gebruiken": _object({
        "organisatie": _ref("Organisatie"), "vanaf": _MOMENT, "tot": _MOMENT,
        "gevraagdOp": _MOMENT, "nietGelukt": _TEXTS, "gevraagd": _list_of("Organisatie"),
        "geenAntwoord": _list_of("Organisatie"), "volgende": _MAYBE,
        "misschienNietAlles": _YES, "gebruik": _list_of("Gebruik"),
    }),
    "Gebruik": _object({
        "id": _TEXT, "tijdstip": _MOMENT, "doorUzelf": _YES, "doorGemachtigde": _YES,
        "aanDeBalie": _YES, "alleenAlgemeen": _YES, "organisatie": _PARTY_OR_NONE,
        "namens": _PARTY_OR_NONE, "bronhouder": _PARTY_OR_NONE, "gegevensgroepen": _TEXTS,
        "waarvoor": _TEXT, "waaromDitMag": _TEXT, "doel": _MAYBE, "verwerkingsactiviteit": _MAYBE,
        "zaak": _MAYBE, "uitkomst": _TEXT, "opgeschrevenDoor": _list_of("Organisatie"),
        "gegevens": {"type": "array", "items": {"type": "object"}},
    }, "gegevens"),
    "Toestemmingen": _object({
        "toestemmingen": _list_of("Toestemming"), "geenAntwoord": _TEXTS,
    }),
    "Toestemming": _object({
        "doel": _TEXT, "naam": _TEXT, "uitleg": _TEXT, "ontvanger": _TEXT,
        "gegevensgroepen": _TEXTS, "isGegeven": _YES, "kanGeven": _YES, "kanIntrekken": _YES,
        "bij": {"type": "array", "items": {"type": "object"}},
    }),
    "Keuze": _closed({
        "doel": _TEXT, "ontvanger": _TEXT,
        "keuze": {"type": "string", "enum": ["geven", "intrekken"]},
    }, "ontvanger"),
    "Meldingen": _object({"meldingen": _list_of("Gemelde")}),
    "Gemelde": _object({
        "melding": _TEXT, "register": _TEXT, "type": _TEXT, "velden": _TEXTS,
        "voorstel": _TEXT, "uitleg": _TEXT, "gemeldOp": _MOMENT, "uiterlijk": _MAYBE,
        "besluit": _MAYBE, "besluitOp": _MAYBE,
    }),
    "Melding": _closed({
        "melding": {
            "type": "string", "format": "uuid",
            "description": "Door u gekozen; hetzelfde nummer is dezelfde melding.",
        },
        "register": _TEXT, "type": _TEXT,
        "kenmerk": {"type": "string", "description": "Het kenmerk van het gegeven."},
        "veld": {"type": "string", "description": "Een van `teMelden`."},
        "voorstel": {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE},
        "uitleg": {
            "type": "string", "minLength": SHORTEST, "maxLength": LONGEST_EXPLANATION,
        },
    }),
    "Gemeld": _object({"melding": _TEXT}),
    "Verzoeken": _object({
        "verzoeken": {"type": "array", "items": {"type": "object"}}, "geenAntwoord": _TEXTS,
    }),
    "Verzoek": _closed({
        "recht": _TEXT, "waarvoor": _TEXT, "meteen": _YES,
        "uitleg": {"type": "string", "maxLength": LONGEST},
    }, "uitleg", "meteen"),
    "Gevraagd": _object({"kenmerk": _MAYBE}),
    "Probleem": PROBLEM,
}  # fmt: skip
