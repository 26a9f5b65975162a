# SPDX-License-Identifier: EUPL-1.2
"""What the catalogue gets from outside: documents, and the published schemas of OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import urlsplit

import aiohttp

from landschap.catalogue.documents import MAX_BYTES
from landschap.catalogue.structure import Structures, compiled
from landschap.fsc.client import HostMap
from landschap.registers.notices import EVENT

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
            return await _body(answer, address, MAX_BYTES)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NotFetched(f"{address}: {error or 'no answer within 30 s'}") from None


async def fetch_for(address: str, hosts: HostMap, limit: int, *, plain: bool = False) -> bytes:
    """The document at an https address that somebody typed, of at most ``limit`` bytes.

    Nothing in our own network is asked: neither by name, nor by number, nor by way of another. A
    host that the settings name is known, and may be anywhere; with ``plain`` also over http.
    Raises NotFetched.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise NotFetched("this is no address") from None
    if not host or parts.username or parts.scheme not in ("https", *(("http",) if plain else ())):
        raise NotFetched("an address begins with https:// and names no user")
    try:
        hosts.check_literal(host)
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TYPED_SECONDS),
                connector=aiohttp.TCPConnector(resolver=hosts, use_dns_cache=False),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            # Not followed elsewhere: another address is for who typed it to type.
            session.get(address, allow_redirects=False, headers=_ACCEPT) as answer,
        ):
            return await _body(answer, address, limit)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise NotFetched(f"{address}: {error or 'no answer in time'}") from None


async def _body(answer: aiohttp.ClientResponse, address: str, limit: int) -> bytes:
    if answer.status != HTTPStatus.OK:
        raise NotFetched(f"{address} answers {answer.status}")
    body = bytearray()
    async for part in answer.content.iter_chunked(65_536):
        body += part
        if len(body) > limit:
            raise NotFetched(f"{address} holds more than {limit:,} bytes")
    return bytes(body)


_TYPED_SECONDS = 15
_ACCEPT = {"Accept": "application/openapi+json, application/json, application/yaml, */*;q=0.5"}


class NotTold(RuntimeError):
    """Who is to be told did not take it; ``wants_no_more``: it says never to come again."""

    def __init__(self, why: str, *, wants_no_more: bool = False) -> None:
        super().__init__(why)
        self.wants_no_more = wants_no_more


async def ask_to_tell(address: str, origin: str) -> None:
    """Ask an address whether it wants to be told by us. Raises NotTold when it does not say so.

    Source: CloudEvents HTTP webhook 1.0.2, "Validation".
    """
    answer = await _sent("OPTIONS", address, {"WebHook-Request-Origin": origin})
    allowed = answer.headers.get("WebHook-Allowed-Origin", "").strip()
    if not _is_taken(answer) or allowed.lower() not in {"*", origin.lower()}:
        why = f"{address} does not say that it wants to be told by {origin}"
        raise NotTold(f"{why}: OPTIONS is answered {answer.status} without WebHook-Allowed-Origin")


async def tell(address: str, event: Mapping[str, object]) -> None:
    """Bring an event to an address, within 10 s and without following it elsewhere.

    Raises NotTold.
    """
    body = json.dumps(event, ensure_ascii=False).encode()
    answer = await _sent("POST", address, {"Content-Type": EVENT}, body)
    if not _is_taken(answer):
        gone = answer.status == HTTPStatus.GONE
        raise NotTold(f"{address} answers {answer.status}", wants_no_more=gone)


async def _sent(
    method: str, address: str, headers: Mapping[str, str], body: bytes = b""
) -> aiohttp.ClientResponse:
    """The head of an answer; nothing else of it is read. Raises NotTold."""
    limit = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.request(
                method, address, headers=headers, data=body, allow_redirects=False
            ) as answer,
        ):
            return answer
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise NotTold(f"{address}: {error or 'no answer within 10 s'}") from None


def _is_taken(answer: aiohttp.ClientResponse) -> bool:
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
