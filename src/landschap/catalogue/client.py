# SPDX-License-Identifier: EUPL-1.2
"""What the catalogue gets from outside: documents, and the published schemas of OpenAPI."""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from importlib.resources import files

import aiohttp

from landschap.catalogue.documents import MAX_BYTES
from landschap.catalogue.structure import Structures, compiled

_VERSIONS = ("3.0", "3.1")


class NotSetUp(RuntimeError):
    """The files that come with set-up are not there."""


@cache
def structures() -> Structures:
    """The form of OpenAPI documents by version. Raises NotSetUp."""
    vendor = files("landschap.platform") / "static" / "vendor"
    try:
        names = json.loads((vendor / "manifest.json").read_text(encoding="utf-8"))["files"]
        schemas = {
            version: json.loads((vendor / names[f"openapi-{version}.json"]).read_bytes())
            for version in _VERSIONS
        }
    except (OSError, KeyError) as error:
        raise NotSetUp("the schemas of OpenAPI are not here: run `make setup`") from error
    return compiled(schemas)


class NotFetched(RuntimeError):
    """A document that could not be fetched; the message says why."""


async def fetch(address: str) -> bytes:
    """The document at an https or http address, at most 50 MB within 30 s. Raises NotFetched."""
    limit = aiohttp.ClientTimeout(total=30)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.get(address, max_redirects=3, headers=_ACCEPT) as answer,
        ):
            if answer.status != HTTPStatus.OK:
                raise NotFetched(f"{address} answers {answer.status}")
            body = bytearray()
            async for part in answer.content.iter_chunked(65_536):
                body += part
                if len(body) > MAX_BYTES:
                    raise NotFetched(f"{address} holds more than {MAX_BYTES:,} bytes")
            return bytes(body)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NotFetched(f"{address}: {error or 'no answer within 30 s'}") from None


_ACCEPT = {"Accept": "application/openapi+json, application/json, application/yaml, */*;q=0.5"}
