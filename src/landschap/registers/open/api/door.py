# SPDX-License-Identifier: EUPL-1.2
"""What every question for open data goes through: the key if there is one, and how the answer goes.

A key is looked up and judged before anything is read; its use is counted in memory and written by
the second, so that no answer waits for a count. Answers without a key may be kept by caches for a
few seconds, and all of them by their validator.
Source: RFC 9111; RFC 9110, section 13; NL GOV REST API Design Rules 2.2, /core/transport/cors.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http import HTTPStatus

import asyncpg
import structlog
from litestar import Response

from landschap.platform.http import problem_response
from landschap.platform.http.edge import API_HEADERS
from landschap.registers.api.cases import AnyRequest
from landschap.registers.open import store
from landschap.registers.open.keys import (
    HEADER,
    REVOKED,
    UNKNOWN,
    Key,
    figures,
    is_key,
    quota_reached,
)
from landschap.registers.store.rows import Pool
from landschap.vocabulary.problems import ProblemError

KEPT_SECONDS = 10
_FLUSH_SECONDS = 1.0
# Who asks from a page of somebody else may read all of this: there is nothing to protect.
OPEN_HEADERS: Mapping[str, str] = {
    **API_HEADERS,
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS, POST",
    "Access-Control-Allow-Headers": f"Accept, Accept-Crs, Content-Type, If-None-Match, Prefer, "
    f"{HEADER}",
    "Access-Control-Expose-Headers": "API-Version, Content-Crs, Content-Location, ETag, Link, "
    "Last-Modified, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After",
    "Access-Control-Max-Age": "86400",
}
_VARY = "Accept, Accept-Crs, Accept-Language, Prefer"
_READING = ("GET", "HEAD")

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Uses:
    """What was counted and is not written yet."""

    pool: Pool
    waiting: Counter[tuple[str, date]] = field(default_factory=Counter)

    def count(self, key_id: str, day: date) -> None:
        """One more request with a key."""
        self.waiting[key_id, day] += 1

    async def flush(self) -> None:
        """Write what waits; what can not be written waits on."""
        if not self.waiting:
            return
        taken, self.waiting = self.waiting, Counter()
        try:
            await store.add_uses(self.pool, taken)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self.waiting += taken
            log.warning("use of keys not counted yet", error=type(error).__name__)

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[Uses, None]:
        """Write by the second for as long as this lasts, and once at the end."""

        async def follow() -> None:
            while True:
                await asyncio.sleep(_FLUSH_SECONDS)
                await self.flush()

        task = asyncio.create_task(follow(), name="use of keys")
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ticket:
    """What is remembered of a request until its answer goes."""

    is_reading: bool
    known: frozenset[str]
    headers: Mapping[str, str]


_ticket: ContextVar[_Ticket | None] = ContextVar("open ticket", default=None)


class Door:
    """The hooks around every handler of open data."""

    def __init__(self, pool: Pool, uses: Uses) -> None:
        self._pool = pool
        self._uses = uses

    async def admit(self, request: AnyRequest) -> Response[bytes] | None:
        """Judge the key, if there is one. Raises ProblemError; answers when its quota is used."""
        now = datetime.now(UTC)
        headers: Mapping[str, str] = {}
        text = request.headers.get(HEADER)
        if text is not None:
            key, used = await self._key(text, now)
            headers = figures(key, used, now)
            if used > key.requests_per_day:
                more = {**headers, "Retry-After": headers["RateLimit-Reset"]}
                return problem_response(quota_reached(key), headers=more)
        told = request.headers.get("if-none-match", "")
        known = frozenset(part.strip().removeprefix("W/") for part in told.split(",") if part)
        _ticket.set(_Ticket(is_reading=request.method in _READING, known=known, headers=headers))
        return None

    def dress(self, answer: Response[bytes]) -> Response[bytes]:
        """Give an answer what caches and keys need; nothing again to who has it already."""
        ticket = _ticket.get()
        if ticket is None:
            return answer
        _ticket.set(None)
        answer.headers.update(ticket.headers)
        if not (ticket.is_reading and answer.status_code in (None, HTTPStatus.OK, _NOT_MODIFIED)):
            return answer
        etag = answer.headers.get("ETag", "")
        answer.headers.setdefault("Vary", _VARY)
        if ticket.headers:
            answer.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
        else:
            answer.headers.setdefault("Cache-Control", f"public, max-age={KEPT_SECONDS}")
        if etag and ticket.known & {etag.removeprefix("W/"), "*"}:
            kept = {name: value for name, value in answer.headers.items() if name in _KEPT}
            return Response(b"", status_code=_NOT_MODIFIED, headers={**kept, **ticket.headers})
        return answer

    async def _key(self, text: str, now: datetime) -> tuple[Key, int]:
        """The key and its uses today, this one counted. Raises ProblemError."""
        day = now.date()
        found = await store.key_of(self._pool, text, day) if is_key(text) else None
        if found is None:
            raise ProblemError(UNKNOWN)
        if found.key.revoked_at is not None:
            raise ProblemError(REVOKED)
        self._uses.count(found.key.key_id, day)
        return found.key, found.requests + self._uses.waiting[found.key.key_id, day]


_NOT_MODIFIED = HTTPStatus.NOT_MODIFIED
# Source: RFC 9110, section 15.4.5.
_KEPT = frozenset({"Cache-Control", "Content-Location", "ETag", "Vary", "Last-Modified"})
