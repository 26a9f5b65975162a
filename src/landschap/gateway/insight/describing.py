# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of `logboek-inzage`, from the forms that are read and written.

Source: NL GOV REST API Design Rules 2.2, /core/publish-openapi.
"""

from __future__ import annotations

from landschap.gateway.insight.question import MAX_BYTES, SERVICE, question_schema
from landschap.gateway.insight.told import answer_schemas
from landschap.registers.describing import About, Json, info_of, problem_response
from landschap.registers.description_parts import HEADERS, PROBLEM

_WHAT = (
    "Wie gebruikte de gegevens van deze persoon? Alleen voor de persoon zelf, of voor wie daarvoor "
    "gemachtigd is. De vraag draagt een ondertekende verklaring van het portaal waar iemand "
    "inlogde: hoogstens twee minuten oud, en een keer te gebruiken. Wat de wet geheimhoudt, "
    "ontbreekt. Elke vraag wordt opgeschreven, ook als zij wordt geweigerd."
)


def document_of(about: About) -> Json:
    """The OpenAPI 3.1 document of the service of this organisation."""
    return {
        "openapi": "3.1.0",
        "info": info_of("Gebruik van gegevens inzien", _WHAT, about),
        "servers": [{"url": f"{about.address}/{SERVICE}/v1"}],
        "paths": {"/gebruik": {"post": _operation()}},
        "components": {
            "schemas": {"Vraag": question_schema(), **answer_schemas(), "Probleem": PROBLEM},
            "headers": {"API-Version": HEADERS["API-Version"]},
            "responses": {"Probleem": problem_response()},
        },
    }


def _operation() -> Json:
    refused: Json = {
        status: {"$ref": "#/components/responses/Probleem"} for status in ("400", "403", "503")
    }
    return {
        "operationId": "zoekGebruik",
        "summary": "Vraag wie de gegevens van een persoon gebruikte",
        "description": (
            "`voor` vraagt om ouder gebruik dan dat; `gebruik` om een gebruik, met de velden en de "
            f"afspraak. Een vraag is hoogstens {MAX_BYTES} bytes."
        ),
        "parameters": [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Vraag"}}},
        },
        "responses": {
            "200": {
                "description": "Het gebruik, het nieuwste eerst.",
                "headers": {"API-Version": {"$ref": "#/components/headers/API-Version"}},
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Antwoord"}}
                },
            },
            **refused,
        },
    }
