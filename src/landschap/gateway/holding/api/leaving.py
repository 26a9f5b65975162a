# SPDX-License-Identifier: EUPL-1.2
"""What comes in from nginx and what goes back to it, and the refusals of the application itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from landschap.platform.http.answers import PROBLEM
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

# Those of ASGI itself.
Scope = Any
Receive = Callable[..., Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

_BODY_SECONDS = 30.0
_ALWAYS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What goes to nginx."""

    status: int
    media_type: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body of the question. Raises ProblemError."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ProblemError(_too_late(499))
                if message["type"] != "http.request":
                    continue
                body += message["body"]
                if len(body) > limit:
                    raise ProblemError(_too_large(limit))
                if not message["more_body"]:
                    return bytes(body)
    except TimeoutError:
        raise ProblemError(_too_late(408)) from None


async def send_out(leaving: Leaving, send: Send, *, without_body: bool) -> None:
    """Give it to nginx."""
    headers = [
        *_ALWAYS,
        *((k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in leaving.headers.items()),
    ]
    if leaving.status != 204:
        headers.append((b"content-length", str(len(leaving.body)).encode()))
        headers.append((b"content-type", leaving.media_type.encode("latin-1")))
    await send({"type": "http.response.start", "status": leaving.status, "headers": headers})
    body = b"" if without_body else leaving.body
    await send({"type": "http.response.body", "body": body, "more_body": False})


def told(refusal: Refusal) -> Leaving:
    """The refusal as problem details. Source: RFC 9457."""
    waits = {"Retry-After": "1"} if refusal.code == "service_busy" else {}
    return Leaving(
        status=refusal.status,
        media_type=PROBLEM,
        body=msgspec.json.encode(refusal.body()),
        headers=waits,
    )


def busy() -> Refusal:
    """More at once than the service takes."""
    return Refusal(
        code="service_busy",
        status=503,
        title="The service has too many questions at once",
        detail="Nothing was asked. Ask again in a moment.",
        missing="a free place among limits.concurrent of the service",
        owner="the application that asks, by waiting",
        fault=Fault.OURS,
    )


def untold(service: str) -> Refusal:
    """A BRP gateway could not be told why it is asked, and so it is not asked."""
    return Refusal(
        code="brp_untold",
        status=503,
        title="The service can not be told for which purpose it is asked",
        detail=f"{service} has no code for this purpose, or no words for the activity behind it.",
        missing="a line for this purpose in [brp.doelbinding], and for its activity in "
        "[brp.verwerking]",
        owner="the operators and privacy officers of the organisation that offers the service",
        fault=Fault.OURS,
    )


def misconfigured(service: str) -> Refusal:
    """Nothing usable is declared for it."""
    return Refusal(
        code="service_misconfigured",
        status=503,
        title="This service can not be asked",
        detail=f"{service} is not, or not properly, declared to be held at the door.",
        missing='a declaration with recording = "hold"',
        owner="the operators of the organisation that offers the service",
        fault=Fault.OURS,
    )


def _too_large(limit: int) -> Refusal:
    return Refusal(
        code="body_too_large",
        status=413,
        title="The body is too large",
        detail=f"A question to this service holds at most {limit} bytes.",
        owner="the application that asks",
    )


def _too_late(status: int) -> Refusal:
    return Refusal(
        code="question_too_late",
        status=408 if status == 499 else status,
        title="The question did not arrive in time",
        detail=f"The body was not there within {_BODY_SECONDS:.0f} seconds.",
        owner="the application that asks",
    )


def unforeseen(reference: str) -> Refusal:
    """What nobody foresaw; its words stay in the technical log."""
    return Refusal(
        code="internal_error",
        status=500,
        title="Something went wrong on our side",
        detail=f"Nothing was delivered. Quote reference {reference} when you report this.",
        owner="the operators of this organisation",
        fault=Fault.OURS,
        extra={"reference": reference},
    )
