# SPDX-License-Identifier: EUPL-1.2
"""What the OpenAPI documents of registers say of subscriptions and of the notices they give.

Source: NL GOV profile for CloudEvents 1.1; OpenAPI 3.1.0, "Webhooks"; 3.0.3, "Callbacks".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

from landschap.registers.inbox import CLOUD_EVENT, MAX_EVENTS
from landschap.registers.models import Register
from landschap.registers.notices import BATCH, EVENT, Notice, event_of, types_of
from landschap.registers.subscribing import BODY
from landschap.registers.subscriptions import ACTIONS, State
from landschap.registers.timeline import Kind
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]
_SUBSCRIPTION: Json = {"$ref": "#/components/schemas/Abonnement"}
_NOTICE: Json = {"$ref": "#/components/schemas/Melding"}
PROBLEM_REF: Json = {"$ref": "#/components/responses/Probleem"}
_ID: Json = {
    "name": "abonnement",
    "in": "path",
    "required": True,
    "description": "Het abonnement.",
    "schema": {"type": "string", "format": "uuid"},
}
_SUMMARIES = {
    "_pauzeer": "Houd een abonnement op; er gaat niets verloren",
    "_hervat": "Ga verder waar het abonnement ophield",
    "_beeindig": "Beëindig een abonnement, voorgoed",
}
ORIGIN: Json = {
    "name": "WebHook-Request-Origin",
    "in": "header",
    "description": "De hostnaam van wie wil sturen.",
    "schema": {"type": "string", "maxLength": 253},
}
_EXAMPLE_ID = "0457100000000001"
_EXAMPLE_MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
_SOURCE = "urn:nld:oin:00000099000000001000:systeem:"
EXAMPLE: Mapping[str, JsonValue] = {
    "specversion": "1.0",
    "id": "6fe55bb2-4f6a-5a7a-9f4e-2d1b8c9d3a10",
    "source": f"{_SOURCE}bag",
    "type": "nl.bag.pand-gewijzigd",
    "subject": "panden/0457100000000001",
    "time": "2026-11-24T12:00:00Z",
    "dataref": "/bag/v1/panden/0457100000000001",
    "sequence": "17",
    "sequencetype": "Integer",
}


def paths_of() -> Json:
    """Subscribing, as it is in the document of each register."""
    listed: Json = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": dict(_SUBSCRIPTION)}},
    }
    found: Json = {
        "/abonnementen": {
            "get": {
                "operationId": "abonnementen",
                "summary": "Uw abonnementen op dit register",
                "parameters": [],
                "responses": answers("200", listed),
            },
            "post": _asking(),
        },
        "/abonnementen/{abonnement}": {
            "get": {
                "operationId": "abonnement",
                "summary": "Een van uw abonnementen, en hoe ver het is",
                "parameters": [dict(_ID)],
                "responses": answers("200", _SUBSCRIPTION),
            }
        },
    }
    for action in ACTIONS:
        found[f"/abonnementen/{{abonnement}}/{action}"] = {
            "post": {
                "operationId": f"{action.removeprefix('_')}Abonnement",
                "summary": _SUMMARIES[action],
                "parameters": [dict(_ID)],
                "responses": answers("200", _SUBSCRIPTION, ("409",)),
            }
        }
    return found


def schemas_of(register: Register) -> Json:
    """The schemas that subscribing needs; a notice of this register has one of these types."""
    names = [name for kind in register.types.values() for name in types_of(kind).values()]
    return {
        "Abonnement": {
            "type": "object",
            "title": "Een abonnement op wijzigingen",
            "properties": {
                "abonnement": {"type": "string", "format": "uuid"},
                "bestemming": {"type": "object"},
                "filters": {"type": "object"},
                "bundelen": {"type": "boolean"},
                "status": {"type": "string", "enum": [each.value for each in State]},
                "positie": {
                    "type": "integer",
                    "description": "Tot en met dit volgnummer is gemeld, of wacht een melding.",
                },
                "referentie": {"type": "string"},
                "reden": {"type": "string", "description": "Waarom er nu niets wordt gestuurd."},
                "tijdstipAanvraag": {"type": "string", "format": "date-time"},
                "tijdstipLaatsteAflevering": {"type": "string", "format": "date-time"},
            },
        },
        "Melding": notice_schema(names, _example(register)),
    }


def notice_schema(types: Sequence[str], example: Mapping[str, JsonValue]) -> Json:
    """A notice as it is sent; with all its types when these are known."""
    named: Json = {"type": {"type": "string", "enum": list(types)}} if types else {}
    text: Json = {"type": "string"}
    members: Json = {
        **cast("Json", CLOUD_EVENT["properties"]),
        **named,
        "time": {
            "type": "string",
            "format": "date-time",
            "description": "Het moment van registratie; wanneer het gebeurde vraagt u op.",
        },
        "dataref": {
            **text,
            "description": "Waar het opnieuw te vragen is, met een doel, via uw Outway.",
        },
        "sequence": {**text, "description": "De plaats in de volgorde van deze bron."},
        "subscription": {"type": "string", "format": "uuid"},
        "subscriberreference": dict(text),
    }
    return {
        "type": "object",
        "title": "Er is iets veranderd; vraag opnieuw wat u nodig hebt",
        "description": "Een CloudEvent zonder inhoud. De id volgt uit bron, nummer en moment: "
        "dezelfde melding heeft altijd dezelfde id, ook als zij opnieuw wordt gestuurd.",
        "required": list(cast("list[JsonValue]", CLOUD_EVENT["required"])),
        "properties": members,
        "examples": [dict(example)],
    }


def _example(register: Register) -> Json:
    """A notice of the first type of a register, as it would be sent."""
    kind = min(register.types.values(), key=lambda each: each.collection)
    made = Notice(
        number=17,
        type_key=kind.key,
        object_id=_EXAMPLE_ID,
        kind=Kind.CHANGE.value,
        registered_at=_EXAMPLE_MOMENT,
    )
    return event_of(made, kind, f"{_SOURCE}{register.name}")


def webhook() -> Json:
    """What a place of delivery gets, and what we read in its answer."""
    return {
        "post": {
            "operationId": "ontvangMelding",
            "summary": "Een melding van een wijziging, of een bundel daarvan",
            "parameters": [],
            "requestBody": sent(),
            "responses": {
                "200": _told("Elk antwoord van 200 tot en met 299: de melding is aangekomen."),
                "410": _told("Dit adres is er niet meer: het abonnement eindigt."),
                "429": _told("Te snel: er wordt gewacht zo lang als Retry-After zegt."),
            },
        },
        "options": {
            "operationId": "magIkMelden",
            "summary": "De vraag vooraf of hier gemeld mag worden",
            "parameters": [dict(ORIGIN)],
            "responses": {"200": _told("Ja, als WebHook-Allowed-Origin de vrager noemt.")},
        },
    }


def _asking() -> Json:
    return {
        "operationId": "abonneer",
        "summary": "Vraag om meldingen van wijzigingen",
        "description": "Het abonnement begint als de bestemming instemt (OPTIONS met "
        "WebHook-Request-Origin). Een melding zegt wat opnieuw te vragen is, nooit wat er "
        "veranderde. Per object komen meldingen op volgorde en minstens een keer.",
        "parameters": [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": dict(BODY)}},
        },
        "callbacks": {"melding": {"{$request.body#/bestemming/adres}": webhook()}},
        "responses": answers("201", _SUBSCRIPTION, ("413", "415", "429")),
    }


def sent() -> Json:
    """One notice, or a batch of them."""
    batch: Json = {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": dict(_NOTICE)}
    return {
        "required": True,
        "content": {EVENT: {"schema": dict(_NOTICE)}, BATCH: {"schema": batch}},
    }


def _told(words: str) -> Json:
    return {
        "description": words,
        "headers": {"API-Version": {"$ref": "#/components/headers/API-Version"}},
    }


def answers(status: str, schema: Json, more: Sequence[str] = ()) -> Json:
    """What comes back when it went well, and the form of every refusal."""
    told: Json = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    if status == "201":
        told["Location"] = {"schema": {"type": "string"}}
    found: Json = {
        status: {
            "description": "Het antwoord.",
            "headers": told,
            "content": {"application/json": {"schema": dict(schema)}},
        }
    }
    for each in ("400", "403", "404", "406", "503", *more):
        found[each] = dict(PROBLEM_REF)
    return dict(sorted(found.items()))
