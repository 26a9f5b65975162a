# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the service with which a register is written.

Source: NL GOV REST API Design Rules 2.2; house rule for a service of its own.
"""

from __future__ import annotations

from typing import cast

from landschap.registers import describing_reports
from landschap.registers.changing import OPERATIONS, body_schema
from landschap.registers.describing import (
    About,
    Json,
    id_parameter,
    info_of,
    problem_response,
    schema_name,
)
from landschap.registers.describing_geo import content_crs, members_of
from landschap.registers.description_parts import HEADERS, PROBLEM, REPORTED, WRITTEN
from landschap.registers.models import ObjectType, Register

_SUMMARIES = {
    "_registreer": "Registreer: het geldt vanaf een dag",
    "_wijzig": "Wijzig: vanaf een dag geldt iets anders",
    "_beeindig": "Beëindig: vanaf een dag geldt niets meer",
    "_corrigeer": "Corrigeer: rond een dag was iets anders waar",
    "_verschuif": "Verschuif het begin van wat rond een dag gold",
    "_voegin": "Voeg in: in een periode gold iets dat niet bekend was",
    "_trekin": "Trek in: wat rond een dag gold, was nooit waar",
    "_onderzoek": "Zet kenmerken in onderzoek, of beëindig dat",
}
_CONDITIONS: list[Json] = [
    {
        "name": "If-Match",
        "in": "header",
        "description": "Het laatste volgnummer van het object dat u zag, tussen aanhalingstekens.",
        "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'},
    },
    {
        "name": "If-None-Match",
        "in": "header",
        "description": "* wanneer het object er nog niet is.",
        "schema": {"type": "string", "enum": ["*"]},
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Met dezelfde sleutel wordt hetzelfde verzoek een keer uitgevoerd.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 200},
    },
]


def writing_document_of(register: Register, about: About, service: str) -> Json:
    """The OpenAPI 3.1 document of the writing service of one register."""
    kinds = sorted(register.types.values(), key=lambda kind: kind.collection)
    introduction = (
        f"{register.title} van {about.organisation} bijhouden. Elke handeling voegt toe en "
        "verandert niets wat er stond: wat eerder bekend was, blijft te vragen. Elke handeling "
        "heeft een reden en een document."
    )
    return {
        "openapi": "3.1.0",
        "info": info_of(f"{register.title} bijhouden", introduction, about),
        "servers": [{"url": f"{about.address}/{service}/v1"}],
        "tags": [{"name": kind.collection, "description": kind.title} for kind in kinds],
        "paths": {
            **{
                f"/{kind.collection}/{{identificatie}}/{name}": {"post": _post(kind, name)}
                for kind in kinds
                for name in OPERATIONS
            },
            "/terugmeldingen": {"get": describing_reports.waiting()},
            "/terugmeldingen/{terugmelding}/_besluit": {"post": describing_reports.deciding()},
        },
        "components": {
            "schemas": {"Geschreven": WRITTEN, "Terugmelding": REPORTED, "Probleem": PROBLEM},
            "headers": {"API-Version": HEADERS["API-Version"]},
            "responses": {"Probleem": problem_response()},
        },
    }


def _post(kind: ObjectType, operation: str) -> Json:
    schema = dict(body_schema(kind, operation))
    members = dict(cast("Json", schema["properties"]))
    if "inhoud" in members:
        members["inhoud"] = _content_of(kind)
    schema["properties"] = members
    told = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    responses: Json = {
        "201": {
            "description": "Het staat erbij.",
            "headers": cast("Json", told),
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Geschreven"}}
            },
        }
    }
    for status in ("400", "403", "404", "406", "409", "412", "413", "415", "428", "503"):
        responses[status] = {"$ref": "#/components/responses/Probleem"}
    return {
        "operationId": f"{operation.removeprefix('_')}{schema_name(kind)}",
        "summary": _SUMMARIES[operation],
        "tags": [kind.collection],
        "parameters": [id_parameter(kind), *_CONDITIONS, *content_crs(kind)],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": responses,
    }


def _content_of(kind: ObjectType) -> Json:
    """The content of one of the groups, without the annotations of the model."""
    groups = [cast("Json", _plain(schema)) for schema in kind.group_schemas.values()]
    for group in groups:
        members = cast("Json", group["properties"])
        group["properties"] = members | {
            name: schema for name, schema in members_of(kind).items() if name in members
        }
    return groups[0] if len(groups) == 1 else {"anyOf": list(groups)}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if not name.startswith("x-")}
    return [_plain(each) for each in value] if isinstance(value, list) else value
