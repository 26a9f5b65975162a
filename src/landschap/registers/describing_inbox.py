# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the inbox in which other organisations bring their notices.

Source: NL GOV profile for CloudEvents 1.1; CloudEvents HTTP webhook 1.0.2.
"""

from __future__ import annotations

from landschap.registers.describing import About, Json, info_of, problem_response
from landschap.registers.describing_notices import (
    EXAMPLE,
    ORIGIN,
    PROBLEM_REF,
    answers,
    notice_schema,
    sent,
)
from landschap.registers.description_parts import HEADERS, PROBLEM


def inbox_document_of(about: About, service: str) -> Json:
    """The OpenAPI 3.1 document of our own inbox, for notices of other organisations."""
    told: Json = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    taken: Json = {
        "type": "object",
        "properties": {
            "ontvangen": {"type": "integer"},
            "nieuw": {"type": "integer", "description": "Die hier nog niet bekend waren."},
        },
    }
    introduction = (
        f"Meldingen voor {about.organisation}: andere organisaties melden hier dat er iets is "
        "veranderd. Alleen meldingen van de organisatie die ze brengt worden aangenomen, elke "
        "melding een keer."
    )
    return {
        "openapi": "3.1.0",
        "info": info_of("Meldingen ontvangen", introduction, about),
        "servers": [{"url": f"{about.address}/{service}/v1"}],
        "paths": {
            "/gebeurtenissen": {
                "post": {
                    "operationId": "meld",
                    "summary": "Breng een melding, of een bundel daarvan",
                    "parameters": [],
                    "requestBody": sent(),
                    "responses": answers("200", taken, ("413", "415")),
                },
                "options": {
                    "operationId": "magIkMelden",
                    "summary": "Vraag of u hier mag melden",
                    "parameters": [dict(ORIGIN)],
                    "responses": {
                        "200": {
                            "description": "Ja: WebHook-Allowed-Origin noemt u.",
                            "headers": {
                                **told,
                                "WebHook-Allowed-Origin": {"schema": {"type": "string"}},
                                "WebHook-Allowed-Rate": {"schema": {"type": "string"}},
                            },
                        },
                        "400": dict(PROBLEM_REF),
                        "403": dict(PROBLEM_REF),
                    },
                },
            }
        },
        "components": {
            "schemas": {"Melding": notice_schema((), EXAMPLE), "Probleem": PROBLEM},
            "headers": {"API-Version": HEADERS["API-Version"]},
            "responses": {"Probleem": problem_response()},
        },
    }
