# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of a register: without credentials, from any origin, in two versions.

3.0.3 unless asked otherwise, because that is what every tool reads; 3.1 by
``Accept: application/openapi+json;version=3.1``.
Source: NL GOV REST API Design Rules 2.2, /core/publish-openapi.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import yaml
from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from landschap.registers.api.bulk_plan import SERVICE_ENDING as BULK_ENDING
from landschap.registers.api.changing import SERVICE_ENDING
from landschap.registers.api.receiving import SERVICE
from landschap.registers.describing import About
from landschap.registers.describing_3_0 import as_3_0
from landschap.registers.describing_bulk import bulk_document_of, reading_document_of
from landschap.registers.describing_inbox import inbox_document_of
from landschap.registers.describing_writes import writing_document_of
from landschap.registers.models import Register
from landschap.vocabulary.ijson import JsonValue

_OPENAPI = "application/openapi+json"


def documents(register: Register, about: About) -> list[ControllerRouterHandler]:
    """The routes of the documents of one register: for reading, for all of it, for writing."""
    bulk = f"{register.name}{BULK_ENDING}"
    writing = f"{register.name}{SERVICE_ENDING}"
    return [
        *document_routes(register.name, reading_document_of(register, about)),
        *document_routes(bulk, bulk_document_of(register, about, bulk)),
        *document_routes(writing, writing_document_of(register, about, writing)),
    ]


def inbox_documents(about: About) -> list[ControllerRouterHandler]:
    """The routes of the document of the inbox for notices of others."""
    return document_routes(SERVICE, inbox_document_of(about, SERVICE))


def document_routes(service: str, newest: dict[str, JsonValue]) -> list[ControllerRouterHandler]:
    """The routes of the document of one service, from its newest form."""
    made = _Texts(newest)

    @get(f"/{service}/v1/openapi.json", opt={"query": ()})
    async def in_json(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await _answer(request, made.json, "application/json")

    @get(f"/{service}/v1/openapi.yaml", opt={"query": ()})
    async def in_yaml(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await _answer(request, made.yaml, "application/yaml")

    return [in_json, in_yaml]


class _Texts:
    """One document in its versions and forms, each written when it is asked for, once.

    Writing all of them takes a large register seconds of its start; most are never asked for.
    """

    def __init__(self, newest: dict[str, JsonValue]) -> None:
        self._newest = newest
        self._made: dict[tuple[str, str], bytes] = {}

    def json(self, version: str) -> bytes:
        """The document of ``version`` ("3.0" or "3.1") as JSON."""
        return self._once(
            "json", version, lambda text: json.dumps(text, ensure_ascii=False).encode()
        )

    def yaml(self, version: str) -> bytes:
        """The document of ``version`` ("3.0" or "3.1") as YAML."""
        return self._once(
            "yaml",
            version,
            lambda text: yaml.dump(
                text, Dumper=_Whole, allow_unicode=True, sort_keys=False
            ).encode(),
        )

    def _once(
        self, form: str, version: str, write: Callable[[dict[str, JsonValue]], bytes]
    ) -> bytes:
        if (form, version) not in self._made:
            whole = as_3_0(self._newest) if version == "3.0" else self._newest
            self._made[form, version] = write(whole)
        return self._made[form, version]


class _Whole(yaml.CSafeDumper):
    """Writes what stands in more than one place in full: readers may refuse references."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # as the library calls it
        return True


async def _answer(
    request: Request[Any, Any, Any], text_of: Callable[[str], bytes], media_type: str
) -> Response[bytes]:
    accept = request.headers.get("accept", "").replace(" ", "")
    version = "3.1" if "version=3.1" in accept else "3.0"
    # The first time it is written, which takes longer than others should wait.
    text = await asyncio.to_thread(text_of, version)
    if _OPENAPI in accept:
        media_type = f"{_OPENAPI};version={version}"
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "public, max-age=3600",
        "ETag": f'"{hashlib.sha256(text).hexdigest()[:32]}"',
        "Vary": "Accept",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(text, media_type=media_type, headers=headers)
