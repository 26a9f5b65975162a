# SPDX-License-Identifier: EUPL-1.2
"""Certificates under contracts, held against the revocation lists as they are now.

Source: FSC Core, "Contract states": an accept counts while its certificate is valid.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from landschap.fsc.store.rows import Connection
from landschap.vocabulary.revocation import Revocation


async def note_revoked(connection: Connection, revocation: Revocation, now: datetime) -> list[str]:
    """Note which certificates are revoked, and which no longer; gives the thumbprints that changed.

    A list that has ended still says who was revoked. What has no list here stays as it is. The
    contracts that rest on a changed certificate are read anew by everybody.
    """
    rows = await connection.fetch(
        "SELECT thumbprint, der, chain, revoked_at FROM certificate WHERE not_after > $1", now
    )
    changed = []
    for row in rows:
        links = [x509.load_der_x509_certificate(der) for der in (row["der"], *row["chain"])]
        if revocation.knows(links[0]):
            since = revocation.since(links)
            if since != row["revoked_at"]:
                changed.append((row["thumbprint"], since))
    if not changed:
        return []
    await connection.executemany(
        "UPDATE certificate SET revoked_at = $2 WHERE thumbprint = $1", changed
    )
    thumbprints = [thumbprint for thumbprint, _ in changed]
    await connection.execute(
        "UPDATE signature SET epoch = platform.bump_epoch() WHERE thumbprint = ANY($1)", thumbprints
    )
    return thumbprints
