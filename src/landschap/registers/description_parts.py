# SPDX-License-Identifier: EUPL-1.2
"""What the OpenAPI documents of all registers have in common: parameters, headers, schemas.

Source: API strategy, temporal extension; RFC 9457; NL GOV REST API Design Rules 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.registers.batch import MAX_KEYS
from landschap.registers.listing import DEFAULT_LIMIT, MAX_LIMIT
from landschap.registers.periods import Certainty
from landschap.registers.timeline import Clock, Kind, Uncertainty
from landschap.vocabulary.ijson import JsonValue

Part = Mapping[str, JsonValue]
_DAY: Part = {"type": "string", "format": "date"}
_OPEN_DAY: Part = {"type": ["string", "null"], "format": "date"}
_MOMENT: Part = {"type": "string", "format": "date-time"}


def _in_query(name: str, description: str, schema: Part) -> dict[str, JsonValue]:
    return {"name": name, "in": "query", "description": description, "schema": dict(schema)}


PARAMETERS: Mapping[str, JsonValue] = {
    "geldigOp": _in_query("geldigOp", "De dag waarop het gold; zonder: vandaag.", _DAY),
    "geldigVan": _in_query("geldigVan", "Eerste dag van een periode.", _DAY),
    "geldigTot": _in_query("geldigTot", "Eerste dag na een periode.", _DAY),
    "beschikbaarOp": _in_query(
        "beschikbaarOp",
        "Het moment waarop het bekend was; zonder: nu. Zonder verschil met UTC is het Nederlandse "
        "tijd; seconden mogen ontbreken.",
        {"type": "string", "examples": ["2021-10-15T12:30:00Z"]},
    ),
    "historie": _in_query(
        "historie", "Zet de feiten van beide tijdlijnen in het antwoord.", {"type": "boolean"}
    ),
    "klok": _in_query(
        "klok",
        "Wiens momenten kennis ordenen: eigen, of bron voor een kopie.",
        {"type": "string", "enum": [each.value for each in Clock]},
    ),
    "onzekerheid": _in_query(
        "onzekerheid",
        "Wat er gebeurt met waarden waarvan het begin deels onbekend is.",
        {"type": "string", "enum": [each.value for each in Uncertainty]},
    ),
    "volgnummer": _in_query(
        "volgnummer",
        "Niet verder dan deze kennis, in de volgorde van dit register.",
        {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
    ),
    "fields": _in_query(
        "fields", "Alleen deze velden, met komma's ertussen.", {"type": "string", "minLength": 1}
    ),
    "expand": _in_query(
        "expand",
        "Lever de andere kant van deze relaties mee, met komma's ertussen; hooguit twee diep.",
        {"type": "string", "minLength": 1},
    ),
    "limit": _in_query(
        "limit",
        "Hoeveel er op een bladzijde staan.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    "cursor": _in_query(
        "cursor",
        "Waar de vorige bladzijde ophield, tot een dag na de eerste; volg de Link.",
        {"type": "string"},
    ),
    "telling": _in_query("telling", "Tel ook hoeveel het er zijn.", {"type": "boolean"}),
    "vanaf": _in_query(
        "vanaf",
        "Het laatste volgnummer dat u kent; zonder: alles.",
        {"type": "integer", "minimum": 0, "maximum": 10**18},
    ),
}

_TEXT: Part = {"type": "string"}
HEADERS: Mapping[str, JsonValue] = {
    "API-Version": {"description": "De versie van deze interface.", "schema": dict(_TEXT)},
    "Link": {"description": 'De volgende bladzijde: rel="next".', "schema": dict(_TEXT)},
    "Content-Location": {
        "description": "Het adres waarmee dit antwoord te herhalen is.",
        "schema": dict(_TEXT),
    },
    "ETag": {"description": "De vingerafdruk van dit antwoord.", "schema": dict(_TEXT)},
}

HISTORY: Part = {
    "type": "object",
    "title": "De feiten van beide tijdlijnen",
    "properties": {
        "geldigOp": dict(_DAY),
        "beschikbaarOp": dict(_MOMENT),
        "klok": {"type": "string", "enum": [each.value for each in Clock]},
        "beginGeldigheid": dict(_OPEN_DAY),
        "eindGeldigheid": dict(_OPEN_DAY),
        "tijdstipRegistratie": dict(_MOMENT),
        "volgnummer": {"type": "integer"},
        "soort": {"type": "string", "enum": [each.value for each in Kind]},
        "zekerheid": {"type": "string", "enum": [each.value for each in Certainty]},
        "inOnderzoek": {"type": "array", "items": {"type": "string"}},
        "corrigeert": {"type": ["integer", "null"]},
        "bronhouder": {
            "type": "object",
            "description": "Wie op deze dag bronhouder was, van wat is overgenomen.",
            "properties": {"oin": dict(_TEXT), "naam": dict(_TEXT)},
        },
    },
}

REGISTRATION: Part = {
    "type": "object",
    "title": "Wat er op een moment is geregistreerd",
    "properties": {
        "volgnummer": {"type": "integer"},
        "groep": dict(_TEXT),
        "soort": {"type": "string", "enum": [each.value for each in Kind]},
        "beginGeldigheid": dict(_OPEN_DAY),
        "beginGeldigheidBron": dict(_TEXT),
        "eindGeldigheid": dict(_OPEN_DAY),
        "tijdstipRegistratie": dict(_MOMENT),
        "tijdstipBron": dict(_MOMENT),
        "corrigeert": {"type": ["integer", "null"]},
        "ingetrokken": {"type": "boolean"},
        "bron": {"type": "object"},
        "gewist": {
            "type": "object",
            "description": "In de plaats van wat is vernietigd: grond, moment en verklaring.",
            "properties": {
                "grond": dict(_TEXT),
                "tijdstip": dict(_MOMENT),
                "verklaring": dict(_TEXT),
            },
        },
        "inhoud": {"type": "object"},
    },
}

FEED_ITEM: Part = {
    "type": "object",
    "title": "Een object dat opnieuw te vragen is",
    "properties": {
        "volgnummer": {"type": "integer"},
        "collectie": dict(_TEXT),
        "identificatie": dict(_TEXT),
        "groep": dict(_TEXT),
        "soort": {"type": "string", "enum": [each.value for each in Kind]},
        "tijdstipRegistratie": dict(_MOMENT),
    },
}

REPORTED: Part = {
    "type": "object",
    "title": "Gemelde twijfel, en wat er is besloten",
    "properties": {
        "terugmelding": {"type": "string", "format": "uuid"},
        "identificatie": dict(_TEXT),
        "kenmerken": {"type": "array", "items": {"type": "string"}},
        "tijdstipMelding": dict(_MOMENT),
        "status": {"type": "string", "enum": ["in behandeling", "gegrond", "ongegrond"]},
        "besluitUiterlijk": {"type": "string", "format": "date"},
        "toelichting": dict(_TEXT),
        "voorstel": dict(_TEXT),
        "organisatie": dict(_TEXT),
        "reden": dict(_TEXT),
        "tijdstipBesluit": dict(_MOMENT),
    },
}

WRITTEN: Part = {
    "type": "object",
    "title": "Wat er is toegevoegd",
    "properties": {
        "volgnummer": {"type": "integer"},
        "tijdstipRegistratie": dict(_MOMENT),
        "aantal": {"type": "integer"},
    },
}

PROBLEM: Part = {
    "type": "object",
    "title": "Waarom het niet ging",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": dict(_TEXT),
        "status": {"type": "integer"},
        "detail": dict(_TEXT),
        "code": dict(_TEXT),
        "instance": dict(_TEXT),
        "missing": {"type": "string", "description": "De schakel die ontbreekt."},
        "owner": {"type": "string", "description": "Wie die schakel kan toevoegen."},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}

BODIES: Mapping[str, Part] = {
    "batch": {
        "type": "object",
        "required": ["requests"],
        "additionalProperties": False,
        "properties": {
            "requests": {
                "type": "array",
                "maxItems": MAX_KEYS,
                "items": {
                    "type": "object",
                    "required": ["key"],
                    "additionalProperties": False,
                    "properties": {"key": {"type": "string", "minLength": 1, "maxLength": 200}},
                },
            }
        },
    }
}
