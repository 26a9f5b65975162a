# SPDX-License-Identifier: EUPL-1.2
"""Which of our own applications asks: by its key, or by its certificate as nginx saw it."""

from __future__ import annotations

import asyncpg

from landschap.gateway import refusals
from landschap.gateway.memory import Memory, digest
from landschap.vocabulary.problems import ProblemError


async def application_named(pool: asyncpg.Pool, key: str, escaped_certificate: str) -> str:
    """The name of the application in use; a key that is given decides alone, as at the Outway.

    Raises ProblemError for nobody we know.
    """
    known = digest(key) if key else None
    thumbprint = None
    if known is None and escaped_certificate:
        thumbprint = Memory().client_certificate(escaped_certificate) or None
    if known is None and thumbprint is None:
        raise ProblemError(refusals.application_unknown())
    name: str | None = await pool.fetchval(
        "SELECT name FROM application WHERE revoked_at IS NULL"
        " AND (key_digest = $1 OR certificate_thumbprint = $2)",
        known,
        thumbprint,
    )
    if name is None:
        raise ProblemError(refusals.application_unknown())
    return name
