# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the public register of processing activities.

Source: VNG VAR API 0.1.0; NL GOV REST API Design Rules 2.2.
"""

from __future__ import annotations

from landschap.registers.describing import About, Json, info_of, problem_response
from landschap.registers.description_parts import HEADERS, PROBLEM
from landschap.registers.open.describing_sharing import TAG, sharing_paths, sharing_schemas
from landschap.vocabulary.ijson import JsonValue

SERVICE = "register"
PER_PAGE = 100
_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": {"type": "string"}}
_DAY: Json = {"type": "string", "format": "date"}


def processing_document(about: About) -> Json:
    """The OpenAPI 3.1 document."""
    one = "/verwerkingsactiviteiten/{id}"
    return {
        "openapi": "3.1.0",
        "info": info_of(
            "Register van verwerkingsactiviteiten",
            f"Wat {about.organisation} doet met gegevens van mensen, waarvoor en op welke grond. "
            "Zonder inloggen. De namen zijn die van de VAR van de VNG, aangevuld. Wat "
            "vertrouwelijk is, staat er alleen als aantal in.",
            about,
        ),
        "servers": [{"url": f"{about.address}/{SERVICE}/v1"}],
        "tags": [
            {"name": "verwerkingsactiviteiten", "description": "Het register, per activiteit."},
            TAG,
        ],
        "paths": {
            **sharing_paths(),
            "/verwerkingsactiviteiten": {"get": _listed()},
            one: {"get": _read("verwerkingsactiviteit", "Een activiteit zoals die nu geldt", [])},
            f"{one}/versies": {"get": _versions()},
            f"{one}/versies/{{versie}}": {
                "get": _read(
                    "verwerkingsactiviteitVersie", "Een versie van een activiteit",
                    [_in_path("versie", "Nummer van de versie.", {
                        "type": "integer", "format": "int32", "minimum": 1, "maximum": 999999,
                    })],
                )
            },
        },
        "components": {
            "schemas": {
                **sharing_schemas(),
                "Verwerkingsactiviteit": _activity(),
                "VerwerktPersoonsgegeven": _object(rolBetrokkene=_TEXT, naam=_TEXT),
                "Grondslag": _object(
                    code=_TEXT, wet=_TEXT, wetNaam=_TEXT, artikel=_TEXT, tekst=_TEXT
                ),
                "Probleem": PROBLEM,
            },
            "headers": dict(HEADERS),
            "responses": {"Probleem": problem_response()},
        },
    }  # fmt: skip


def _activity() -> Json:
    made = _object(
        id={"type": "string", "format": "uuid", "description": "Dezelfde voor elke versie."},
        uri={"type": "string", "format": "uri"},
        versie={"type": "integer", "format": "int32", "minimum": 1},
        naam=_TEXT,
        omschrijving=_TEXT,
        verantwoordelijkeOrganisatie={"type": "string", "pattern": "^[0-9]{20}$"},
        doel=_TEXT,
        purposeUri={"type": "string", "format": "uri"},
        purposeNaam=_TEXT,
        grondslag=_TEXT,
        toelichtingGrondslag=_TEXT,
        legalBasis={"type": "array", "items": {"$ref": "#/components/schemas/Grondslag"}},
        bewaartermijn={"type": "string", "description": "Van de gegevens, in woorden."},
        logRetention={"type": "string", "description": "Van de regels in het logboek, ISO 8601."},
        dataGroups=_TEXTS,
        verwerktePersoonsgegevens={
            "type": "array",
            "items": {"$ref": "#/components/schemas/VerwerktPersoonsgegeven"},
        },
        afnemendeCategorieOntvangers=_TEXTS,
        afnemendeInternationaleDerden=_TEXTS,
    )
    made["required"] = list(made["properties"])  # type: ignore[arg-type]  # an object, just made
    more: Json = {
        "herkomst": _TEXT,
        "categorie": _TEXT,
        "verantwoordelijkeBestuursorgaan": _TEXT,
        "gebaseerdOp": {"type": "string", "format": "uri"},
        "geldigVanaf": _DAY,
        "geldigTot": {**_DAY, "description": "De eerste dag waarop het niet meer geldt."},
    }
    made["properties"] = {**made["properties"], **more}  # type: ignore[dict-item]
    return made


def _listed() -> Json:
    address: Json = {"type": ["string", "null"], "format": "uri-reference"}
    body = _object(
        count={"type": "integer", "format": "int32", "description": "Alle openbare activiteiten."},
        next=address,
        previous=address,
        aantalVertrouwelijk={"type": "integer", "format": "int32"},
        results={"type": "array", "items": {"$ref": "#/components/schemas/Verwerkingsactiviteit"}},
    )
    page: Json = {
        "name": "pagina",
        "in": "query",
        "description": f"Bladzijde van {PER_PAGE} activiteiten, vanaf 1.",
        "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 999999},
    }
    summary = "Alle activiteiten die nu gelden, op naam"
    return _operation("verwerkingsactiviteitLijst", summary, [page], body)


def _versions() -> Json:
    body = _object(
        items={"type": "array", "items": {"$ref": "#/components/schemas/Verwerkingsactiviteit"}}
    )
    summary = "Alle versies van een activiteit, de nieuwste eerst"
    return _operation("verwerkingsactiviteitVersies", summary, [_id()], body)


def _read(name: str, summary: str, more: list[JsonValue]) -> Json:
    body: Json = {"$ref": "#/components/schemas/Verwerkingsactiviteit"}
    return _operation(name, summary, [_id(), *more], body)


def _id() -> Json:
    return _in_path("id", "Nummer van de activiteit.", {"type": "string", "format": "uuid"})


def _in_path(name: str, description: str, schema: Json) -> Json:
    return {
        "name": name, "in": "path", "required": True, "description": description, "schema": schema,
    }  # fmt: skip


def _operation(name: str, summary: str, parameters: list[JsonValue], body: Json) -> Json:
    return {
        "operationId": name,
        "tags": ["verwerkingsactiviteiten"],
        "summary": summary,
        "description": f"{summary}.",
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "Het antwoord.",
                "headers": {
                    name: {"$ref": f"#/components/headers/{name}"} for name in ("API-Version",)
                },
                "content": {"application/json": {"schema": body}},
            },
            **{
                status: {"$ref": "#/components/responses/Probleem"}
                for status in ("400", "404", "default")
            },
        },
    }


def _object(**members: Json) -> Json:
    return {"type": "object", "properties": dict(members), "required": list(members)}
