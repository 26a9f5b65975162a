# SPDX-License-Identifier: EUPL-1.2
"""What somebody typed and could not send: kept sealed until they are back.

So it goes when their session turns out to be over, and when what must happen with the form fails
by a fault of ours. A room whose forms are kept has a table ``draft`` in its own schema and hands
its own pool; what a draft holds is a struct of that room. It is kept for a day at most, and given
back once, on the page and to the person it is of: another page or person leaves it where it is.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncpg
import msgspec
import structlog
from litestar.exceptions import HTTPException

from landschap.platform.web.door import AnyRequest
from landschap.platform.web.sealed import NONCE_BYTES, seal, session_hash, unseal
from landschap.vocabulary.problems import ProblemError

log = structlog.get_logger(__name__)
KEPT = timedelta(days=1)
# Under this key a request carries the token of what was kept, for the page that tells of the fault.
_TOKEN = "landschap.kept"  # noqa: S105  # a name
_OURS = 500
_NOT_NOW = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_FORGOTTEN_AT_ONCE = 200
_LABEL = b"landschap.draft\x1f"

D = TypeVar("D", bound=msgspec.Struct)

_KEEP = """
WITH forgotten AS (
    DELETE FROM draft WHERE draft_hash IN (
        SELECT draft_hash FROM draft WHERE kept_at < $3::timestamptz - $4::interval LIMIT $5))
INSERT INTO draft (draft_hash, sealed, kept_at) VALUES ($1, $2, $3)
"""
_HELD = """
SELECT sealed FROM draft WHERE draft_hash = $1 AND kept_at > $2::timestamptz - $3::interval
"""
_TAKE = "DELETE FROM draft WHERE draft_hash = $1 RETURNING true"


async def keep(pool: asyncpg.Pool, key: bytes, draft: msgspec.Struct) -> str:
    """Keep a draft; returns the token for the cookie."""
    token = secrets.token_urlsafe(32)
    hashed = session_hash(token)
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = seal(msgspec.json.encode(draft), key, _LABEL + hashed, nonce)
    await pool.execute(_KEEP, hashed, sealed, datetime.now(UTC), KEPT, _FORGOTTEN_AT_ONCE)
    return token


async def take(
    pool: asyncpg.Pool, key: bytes, token: str, kind: type[D], fits: Callable[[D], bool]
) -> D | None:
    """The draft of a cookie, when it ``fits`` who asks and what for; it is forgotten with that.

    None when there is none any more, and for one that does not fit, which stays.
    """
    hashed = session_hash(token)
    sealed = await pool.fetchval(_HELD, hashed, datetime.now(UTC), KEPT)
    value = None if sealed is None else unseal(sealed, key, _LABEL + hashed)
    draft = None if value is None else msgspec.json.decode(value, type=kind)
    if draft is None or not fits(draft):
        return None
    return draft if await pool.fetchval(_TAKE, hashed) else None


@asynccontextmanager
async def kept_on_fault(
    request: AnyRequest, keep: Callable[[], Awaitable[str]], codes: Collection[str] = ()
) -> AsyncIterator[None]:
    """While the block runs, what was typed is kept when a fault of ours ends it.

    ``keep`` gives the token of the draft, or nothing for a form that is not ours. Refusals with one
    of ``codes`` count as such a fault; others say themselves what is wrong with the form. The fault
    goes on; the page that tells of it finds the token with `kept_token`.
    """
    try:
        yield
    except Exception as fault:
        if _is_ours(fault, codes):
            try:
                request.scope[_TOKEN] = await keep()  # type: ignore[literal-required]  # ours
            except _NOT_NOW as worse:
                log.warning("what was typed could not be kept", error=type(worse).__name__)
        raise


def kept_token(request: AnyRequest) -> str:
    """The token of what was kept when this request failed; empty when nothing was."""
    return str(request.scope.get(_TOKEN, ""))


def _is_ours(fault: Exception, codes: Collection[str]) -> bool:
    if isinstance(fault, ProblemError):
        return fault.refusal.status >= _OURS or fault.refusal.code in codes
    return not isinstance(fault, HTTPException)
