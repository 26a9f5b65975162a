# SPDX-License-Identifier: EUPL-1.2
"""The part of the OpenAPI document that is about what is shared, and about this software.

Source: NL GOV REST API Design Rules 2.2.
"""

from __future__ import annotations

from landschap.registers.describing import Json
from landschap.registers.standards.model import Basis, Duty, State
from landschap.vocabulary.ijson import JsonValue

TAG: Json = {"name": "delen", "description": "Wat wij delen, de standaarden en de software."}
_TEXT: Json = {"type": "string"}
_URI: Json = {"type": "string", "format": "uri"}
_DAY: Json = {"type": "string", "format": "date"}
_COUNT: Json = {"type": "integer", "format": "int32", "minimum": 0}


def sharing_paths() -> Json:
    """The paths, to put beside those of the register."""
    return {
        "/diensten": {"get": _operation("dienstLijst", "Alle diensten, op naam", "Diensten")},
        "/standaarden": {
            "get": _operation("standaardLijst", "Standaarden en onze diensten", "Standaarden")
        },
        "/kwartaalberichten": {
            "get": _operation("kwartaalberichtLijst", "Kwartaalberichten", "Kwartaalberichten")
        },
        "/software": {"get": _operation("software", "De software waarop dit draait", "Software")},
    }


def sharing_schemas() -> Json:
    """What the answers of these paths look like."""
    named = {"naam": _TEXT, "naamEn": _TEXT}
    service = _object(
        naam=_TEXT,
        persoonsgegevens={"type": "boolean"},
        status={"type": "string", "enum": ["actief", "uitfaserend", "gesloten"]},
        doelen=_several(_object(uri=_URI, **named)),
        verwerkingsactiviteiten=_several(_object(id={"type": "string", "format": "uuid"}, **named)),
        dataGroups=_several(_TEXT),
        organisaties=_several(
            _object(oin={"type": "string", "pattern": "^[0-9]{20}$"}, naam=_TEXT)
        ),
    )
    more: Json = {
        "uitfaserenVanaf": {**_DAY, "description": "Bouw er vanaf deze dag niets nieuws op."},
        "laatsteDag": {**_DAY, "description": "De laatste dag waarop de dienst antwoordt."},
        "opvolger": _URI,
    }
    service["properties"] = {**service["properties"], **more}  # type: ignore[dict-item]
    results = _several({"$ref": "#/components/schemas/Dienst"})
    return {
        **_standards_schemas(),
        **_account_schemas(),
        "Dienst": service,
        "Diensten": _object(count=_COUNT, aantalVertrouwelijk=_COUNT, results=results),
        "Software": _object(naam=_TEXT, versie=_TEXT, licentie=_TEXT, licentieUri=_URI,
                            broncode=_URI),
    }  # fmt: skip


def _account_schemas() -> Json:
    few: Json = {"type": ["integer", "null"], "description": "Leeg: een tot en met negen."}
    received = _object(
        wetten=_several(_TEXT), activiteit=_URI, organisatie=_TEXT, keer=few, personen=few
    )
    report = _object(
        kwartaal={"type": "string", "pattern": "^[0-9]{4}-Q[1-4]$"},
        versie=_COUNT,
        vanaf={"type": "string", "format": "date-time"},
        tot={"type": "string", "format": "date-time"},
        ontvangers=_several(received),
        geweigerd=_several(_object(code=_TEXT, keer=few)),
        aantallen={"type": "object", "additionalProperties": few},
    )
    results = _several({"$ref": "#/components/schemas/Kwartaalbericht"})
    return {
        "Kwartaalbericht": report,
        "Kwartaalberichten": _object(count=_COUNT, results=results),
    }


def _standards_schemas() -> Json:
    duty: Json = {"type": "string", "enum": [each.value for each in Duty]}
    standing = _object(
        naam=_TEXT,
        staat={"type": "string", "enum": [each.value for each in State]},
        grondslag={"type": "string", "enum": [each.value for each in Basis]},
        uitlegOntbreekt={"type": "boolean"},
    )
    words: Json = dict.fromkeys(("bevinding", "bevindingEn", "uitleg", "uitlegEn"), _TEXT)
    standing["properties"] = {**standing["properties"], **words}  # type: ignore[dict-item]
    results = _several({"$ref": "#/components/schemas/Standaard"})
    every = _object(count=_COUNT, aantalVertrouwelijk=_COUNT, results=results)
    every["properties"] = {**every["properties"], "gemetenOp": _DAY}  # type: ignore[dict-item]
    return {
        "Standaard": _object(
            id=_TEXT, naam=_TEXT, versie=_TEXT, beheerder=_TEXT, plicht=duty,
            plichten=_several(_object(plicht=duty, vanaf=_DAY, bron=_TEXT)),
            diensten=_several(standing),
            verloop=_several(_object(dag=_DAY, voldoet=_COUNT, vanToepassing=_COUNT)),
        ),
        "Standaarden": every,
    }  # fmt: skip


def _operation(name: str, summary: str, schema: str) -> Json:
    body: Json = {"$ref": f"#/components/schemas/{schema}"}
    return {
        "operationId": name,
        "tags": [TAG["name"]],
        "summary": summary,
        "description": f"{summary}. Zonder inloggen.",
        "responses": {
            "200": {
                "description": "Het antwoord.",
                "headers": {"API-Version": {"$ref": "#/components/headers/API-Version"}},
                "content": {"application/json": {"schema": body}},
            },
            "400": {"$ref": "#/components/responses/Probleem"},
            "default": {"$ref": "#/components/responses/Probleem"},
        },
    }


def _several(items: JsonValue) -> Json:
    return {"type": "array", "items": items}


def _object(**members: JsonValue) -> Json:
    return {"type": "object", "properties": dict(members), "required": list(members)}
