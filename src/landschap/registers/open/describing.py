# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of an open register: that of its view, without what only a peer may do."""

from __future__ import annotations

import json
from typing import cast

from landschap.registers.describing import About, Json, document_of
from landschap.registers.models import Register
from landschap.registers.open.keys import HEADER


def open_document(view: Register, about: About) -> Json:
    """The OpenAPI 3.1 document of an open view."""
    document = document_of(view, about)
    info = cast("Json", document["info"])
    info["description"] = (
        f"{view.title} van {about.organisation}, als open data: zonder inloggen en zonder doel. "
        "Elk object heeft twee tijdlijnen: wat wanneer gold (`geldigOp`) en wat wanneer bekend was "
        "(`beschikbaarOp`). Zonder deze parameters is het antwoord van vandaag, met de kennis van "
        "nu. Een sleutel mag en hoeft niet: die geeft meer ruimte, en opent niets dat dicht is."
    )
    paths = cast("Json", document["paths"])
    document["paths"] = {path: each for path, each in paths.items() if _is_open(view, path)}
    components = cast("Json", document["components"])
    schemas = cast("Json", components["schemas"])
    for name in list(schemas):
        if not _is_used(name, document):
            del schemas[name]
    components["securitySchemes"] = {
        "sleutel": {
            "type": "apiKey",
            "in": "header",
            "name": HEADER,
            "description": "Vrijwillig; aan te vragen op /sleutels.",
        }
    }
    document["security"] = [{}, {"sleutel": []}]
    return document


def _is_open(view: Register, path: str) -> bool:
    """True for what reads the register itself: reports and subscriptions are for peers."""
    first = path.split("/")[1]
    reads = first == "wijzigingen" or view.by_collection(first) is not None
    return reads and not path.endswith("/_terugmelding")


def _is_used(name: str, document: Json) -> bool:
    return f"#/components/schemas/{name}" in json.dumps(document)
