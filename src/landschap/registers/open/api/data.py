# SPDX-License-Identifier: EUPL-1.2
"""The registers as anybody may ask them: the same routes, over open views, for reading only.

GET  /{register}/v1/{collectie}                     and everything below it that reads
GET  /{register}/v1/wijzigingen
GET  /{register}/v1/openapi.json, openapi.yaml
GET  /{register}/ogc/v1/...                         the same as OGC API Features, what has a place
"""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from landschap.registers.api import reading_routes
from landschap.registers.api.documents import document_routes
from landschap.registers.api.ogc import ogc_routes
from landschap.registers.describing import About
from landschap.registers.open.api.desk import OpenDesk
from landschap.registers.open.describing import open_document

__all__ = ["data_routes"]


def data_routes(desk: OpenDesk, about: About) -> list[ControllerRouterHandler]:
    """The routes of every open register."""
    made: list[ControllerRouterHandler] = []
    for register in desk.registers.by_name.values():
        made += reading_routes(desk, register)
        made += document_routes(register.name, open_document(register, about))
        made += ogc_routes(desk, register, about)
    return made
