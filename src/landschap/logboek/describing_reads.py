# SPDX-License-Identifier: EUPL-1.2
"""The part of the OpenAPI document of the log that is about reading.

Source: Logboek Dataverwerkingen, extension "Lezen"; NL GOV REST API Design Rules 2.2.
"""

from __future__ import annotations

from landschap.logboek.ingest import ACTIVITY, NEXT, PROCESSOR, SUBJECT, SUBJECT_TYPE
from landschap.logboek.read_profile import HELD_FOR, NEXT_NAMES, PURPOSE, REASON
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]

TAG: Json = {"name": "lezen", "description": "Logregels lezen, in beide vormen van de standaard."}
SECURITY: Json = {"persoon": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
_HEADERS: Json = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
_MAX_TEXT = 500


def paths() -> Json:
    """The two operations."""
    return {
        "/data-processing-operations": {
            "post": _operation("listDataProcessingOperations", "Nieuw", "de nieuwste vorm")
        },
        "/processing-activities": {
            "post": _operation("listProcessingActivities", "Eerder", "de vorm van 0.9")
        },
    }


def schemas() -> Json:
    """What is asked and answered, in both forms."""
    new, old = _attributes(NEXT_NAMES), _attributes({})
    moment: Json = {"type": "string", "format": "date-time"}
    milliseconds: Json = {"type": "integer", "format": "int64", "minimum": 0}
    asked_new, asked_old = _asked(NEXT_NAMES), _asked({})
    metadata = _object(
        {
            "logbookId": _text("Het adres van dit logboek.", format="uri"),
            "organizationName": _text("Van welke organisatie het is."),
        },
        "logbookId", "organizationName",
    )  # fmt: skip
    return {
        "VraagNieuw": _question(
            moment,
            {
                "attributes": {
                    "type": "object",
                    "properties": asked_new,
                    "additionalProperties": False,
                }
            },
        ),
        "VraagEerder": _question(milliseconds, asked_old),
        "GelezenNieuw": _item(moment, new),
        "GelezenEerder": _item(milliseconds, old),
        "AntwoordNieuw": _object(
            {"metadata": metadata, "dataProcessingOperations": _lines("Nieuw")},
            "metadata", "dataProcessingOperations",
        ),
        "AntwoordEerder": _object(
            {"processingActivities": _lines("Eerder")}, "processingActivities"
        ),
    }  # fmt: skip


def problem() -> Json:
    """The refusal of a question."""
    return {
        "description": "Er is niets gelezen; `code` zegt waarom.",
        "headers": _HEADERS,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Probleem"}}
        },
    }


def _operation(operation: str, form: str, words: str) -> Json:
    answer: Json = {
        "description": "De regels, de nieuwste eerst. Wat u niet mag zien staat er niet bij.",
        "headers": _HEADERS,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/Antwoord{form}"}}
        },
    }
    statuses = ("400", "401", "403", "413", "415", "503")
    return {
        "operationId": operation,
        "summary": f"Logregels lezen, in {words}",
        "description": (
            "Noem een trace, een verwerkingsactiviteit of een betrokkene; de periode en het doel "
            "maken het antwoord alleen kleiner. Passen er meer dan duizend regels, dan is het "
            "antwoord `result_too_large`. Een inwoner krijgt alleen de eigen regels, via een "
            f"toepassing van ons. Een logfunctionaris geeft een reden (`{REASON}`), en het doel "
            f"(`{HELD_FOR}`) om ook te lezen wat volgens de wet is achtergehouden."
        ),
        "tags": ["lezen"],
        "security": [{"persoon": []}, {"persoon": [], "sleutel": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": f"#/components/schemas/Vraag{form}"}}
            },
        },
        "responses": {
            "200": answer,
            **{status: {"$ref": "#/components/responses/NietGelezen"} for status in statuses},
        },
    }


def _question(moment: Json, more: Json) -> Json:
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "traceId": _text("De trace: een UUID, of 32 hexadecimalen."),
            "startTime": {**moment, "description": "Handelingen die vanaf dit moment begonnen."},
            "endTime": {**moment, "description": "En voor dit moment."},
            **more,
        },
    }


def _item(moment: Json, attributes: Json) -> Json:
    return _object(
        {
            "traceId": _text("De trace.", format="uuid"),
            "spanId": _text("De handeling.", pattern="^[0-9a-f]{16}$"),
            "parentSpanId": _text("De handeling die hierom vroeg.", pattern="^[0-9a-f]{16}$"),
            "status": _text("`Error` is een fout in het systeem.", enum=["Unset", "Ok", "Error"]),
            "name": _text("Wat er gebeurde."),
            "startTime": {**moment, "description": "Begin."},
            "endTime": {**moment, "description": "Einde."},
            "resource": {
                "type": "object",
                "description": "Het systeem; alleen voor een logfunctionaris.",
            },
            "attributes": {"type": "object", "properties": attributes},
        },
        "traceId", "spanId", "status", "name", "startTime", "endTime",
    )  # fmt: skip


def _asked(names: dict[str, str]) -> Json:
    told = {
        ACTIVITY: "De verwerkingsactiviteit, een URI.",
        SUBJECT: "De betrokkene: ons pseudoniem; van een inwoner zelf ook het nummer.",
        SUBJECT_TYPE: "Het adres van onze pseudoniemen, of `BSN`.",
        PURPOSE: "Het doel, een URI.",
        REASON: "Waarom een logfunctionaris kijkt; zonder nummer van een persoon.",
        HELD_FOR: "Het doel waarvoor een logfunctionaris ook achtergehouden regels leest, een URI.",
    }
    return {
        names.get(name, name): _text(words, minLength=1, maxLength=_MAX_TEXT)
        for name, words in told.items()
    }


def _attributes(names: dict[str, str]) -> Json:
    told = {
        ACTIVITY: "De verwerkingsactiviteit.",
        SUBJECT: "De betrokkene, als pseudoniem.",
        SUBJECT_TYPE: "Het adres van onze pseudoniemen.",
        PROCESSOR: "Wie deze toepassing aanriep.",
        NEXT[-1]: "Waar het logboek van de aangeroepene staat.",
        "exception.type": "De klasse van de fout.",
    }
    return {names.get(name, name): _text(words) for name, words in told.items()}


def _lines(form: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/Gelezen{form}"}}


def _object(properties: Json, *required: str) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def _text(description: str, **more: JsonValue) -> Json:
    return {"type": "string", "description": description, **more}
