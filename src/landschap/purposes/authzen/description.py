# SPDX-License-Identifier: EUPL-1.2
"""The decision point, described: its AuthZEN metadata and its OpenAPI document.

Source: AuthZEN 1.0, "PDP Metadata"; NL GOV REST API Design Rules 2.2.
"""

from __future__ import annotations

from landschap.purposes.authzen import names
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]

VERSION = "1.0.0"
_PATHS = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}


def metadata_of(address: str) -> Json:
    """Where each interface of the decision point at ``address`` is found."""
    return {
        "policy_decision_point": address,
        **{name: address + path for name, path in _PATHS.items()},
        "supported_obligations": ["step-up", "custom"],
    }


def document_of(address: str, organisation: str, *, email: str, url: str) -> Json:
    """The OpenAPI 3.1 document; ``email`` and ``url`` are where the organisation is reached."""
    posts = {
        "/evaluation": ("evaluate", "Mag dit?", "Evaluatie", "Besluit"),
        "/evaluations": ("evaluateSeveral", "Mogen deze?", "Evaluaties", "Besluiten"),
        "/search/subject": ("searchSubjects", "Wie mag dit?", "Zoekvraag", "Gevonden"),
        "/search/resource": ("searchResources", "Met welke dienst?", "Zoekvraag", "Gevonden"),
        "/search/action": ("searchActions", "Wat mag?", "Zoekvraag", "Gevonden"),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Beslispunt",
            "version": VERSION,
            "description": (
                f"Het beslispunt van {organisation}: mag deze organisatie dit voor dit doel? "
                "Een weigering is een antwoord met status 200 en `decision: false`. "
                "Namen van onderwerpen, handelingen en diensten zijn hele URI's."
            ),
            "contact": {"name": organisation, "email": email, "url": url},
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": f"{address}/access/v1"}],
        "tags": [{"name": "besluiten", "description": "Besluiten over gebruik van gegevens."}],
        "security": [{"sleutel": []}],
        "paths": {path: {"post": _post(*parts)} for path, parts in posts.items()},
        "components": {
            "securitySchemes": {"sleutel": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "parameters": {"vraagnummer": _request_id_parameter()},
            "headers": {
                "API-Version": _header("De hele versie van dit koppelvlak.", VERSION),
                "X-Request-ID": _header("Het nummer dat met de vraag kwam.", "vraag-1"),
            },
            "schemas": _schemas(),
            "responses": {"Probleem": _problem()},
        },
    }


def _post(operation: str, summary: str, asked: str, answered: str) -> Json:
    return {
        "operationId": operation,
        "summary": summary,
        "description": f"{summary} Elke vraag laat een regel in het besluitenlogboek achter.",
        "tags": ["besluiten"],
        "parameters": [{"$ref": "#/components/parameters/vraagnummer"}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(asked)}},
        },
        "responses": {
            "200": {
                "description": "Het besluit; ook een weigering.",
                "headers": _headers(),
                "content": {"application/json": {"schema": _ref(answered)}},
            },
            **{
                status: {"$ref": "#/components/responses/Probleem"}
                for status in ("400", "401", "413", "503")
            },
        },
    }


def _headers() -> Json:
    return {
        name: {"$ref": f"#/components/headers/{name}"} for name in ("API-Version", "X-Request-ID")
    }


def _header(description: str, example: str) -> Json:
    return {"description": description, "schema": {"type": "string"}, "example": example}


def _request_id_parameter() -> Json:
    return {
        "name": "X-Request-ID",
        "in": "header",
        "description": "Een nummer van de vrager; het komt ongewijzigd terug.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    }


def _problem() -> Json:
    return {
        "description": "De vraag zelf kon niet worden gelezen, of er kon niet worden beslist.",
        "headers": _headers(),
        "content": {"application/problem+json": {"schema": _ref("Probleem")}},
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, **more: JsonValue) -> Json:
    return {"type": "string", "description": description, **more}


def _object(properties: Json, *required: str) -> Json:
    made: Json = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return made


def _schemas() -> Json:
    return {**_asking(), **_answering()}


def _asking() -> Json:
    """What is asked: who, what, of what, under which circumstances."""
    properties: Json = {"type": "object", "description": "Wat verder bekend is."}
    subject = _object(
        {
            "type": _text("Soort vrager, een hele URI.", examples=[names.PEER]),
            "id": _text("Het OIN van de organisatie.", examples=["00000099000000002000"]),
            "properties": properties,
        },
        "type",
    )
    resource = _object(
        {
            "type": _text("Soort bron, een hele URI.", examples=[names.SERVICE]),
            "id": _text("De naam van de dienst.", examples=["bijstand"]),
            "properties": properties,
        },
        "type",
    )
    action = _object(
        {
            "name": _text("De handeling, een hele URI.", examples=[names.action_uri("raadplegen")]),
            "properties": properties,
        },
        "name",
    )
    context = _object({"doelbinding": _text("Het doel, een hele URI.")})
    return {
        "Vrager": subject,
        "Bron": resource,
        "Handeling": action,
        "Omstandigheden": context,
        **_questions(),
    }


def _questions() -> Json:
    """The forms of a question: one, several at once, and one that searches."""
    asked: Json = {
        "subject": _ref("Vrager"),
        "action": _ref("Handeling"),
        "resource": _ref("Bron"),
        "context": _ref("Omstandigheden"),
    }
    page = _object(
        {
            "token": _text("Waar de bladzijde begint."),
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
        }
    )
    return {
        "Evaluatie": _object(dict(asked), "subject", "action", "resource"),
        "Evaluaties": _object(
            {
                **asked,
                "evaluations": {
                    "type": "array",
                    "maxItems": 50,
                    "items": {"type": "object", "properties": dict(asked)},
                },
                "options": _object(
                    {
                        "evaluations_semantic": {
                            "type": "string",
                            "enum": [
                                "execute_all",
                                "deny_on_first_deny",
                                "permit_on_first_permit",
                            ],
                        }
                    }
                ),
            }
        ),
        "Zoekvraag": _object({**asked, "page": page}, "resource"),
    }


def _answering() -> Json:
    """What is answered: decisions, what was found, what went wrong."""
    return {
        "Besluit": _object(
            {
                "decision": {"type": "boolean", "description": "Of het mag."},
                "context": {"type": "object", "description": "Waarom, en wat daarbij hoort."},
            },
            "decision",
        ),
        "Besluiten": _object(
            {"evaluations": {"type": "array", "items": _ref("Besluit")}}, "evaluations"
        ),
        "Gevonden": _object(
            {
                "results": {"type": "array", "items": {"type": "object"}},
                "page": _object(
                    {
                        "next_token": _text("Leeg op de laatste bladzijde."),
                        "count": {"type": "integer"},
                        "total": {"type": "integer"},
                    },
                    "next_token",
                ),
                "context": {"type": "object"},
            },
            "results",
        ),
        "Probleem": _object(
            {
                "type": _text("Het adres van de uitleg.", format="uri"),
                "title": _text("Wat er mis is."),
                "status": {"type": "integer"},
                "detail": _text("Waarom."),
                "instance": _text("Het adres van de vraag."),
                "code": _text("De vaste naam van de fout."),
            },
            "title",
            "status",
        ),
    }
