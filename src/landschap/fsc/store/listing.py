# SPDX-License-Identifier: EUPL-1.2
"""Pages of contracts for other peers: each participant sees its own, no one else's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from landschap.fsc.paging import Page
from landschap.fsc.store.rows import SELECT_CONTRACT, Source, StoredContract, with_signatures
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue

# Eleven digits end before the year 9999, which is as far as datetime goes.
_SECONDS = re.compile(r"[0-9]{1,11}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFilter:
    """What a peer asks for; with ``grant_hashes`` the page and the type are ignored."""

    grant_type: str | None = None
    grant_hashes: Sequence[str] = ()


async def contracts_for(
    source: Source, peer_id: PeerId, asked: ContractFilter, page: Page
) -> tuple[Sequence[StoredContract], str]:
    """One page of the contracts a peer stands in, and the cursor of the next page ("" at the end).

    Sorted by the moment of creation. Raises InvalidValue for a cursor that is not ours.
    """
    if asked.grant_hashes:
        rows = await source.fetch(
            f"""
            {SELECT_CONTRACT} JOIN participant p ON p.content_hash = c.content_hash
             WHERE p.peer_id = $1 AND EXISTS (
                   SELECT 1 FROM contract_grant g
                    WHERE g.content_hash = c.content_hash AND g.grant_hash = ANY($2))
             ORDER BY c.created_at DESC, c.content_hash DESC
            """,  # noqa: S608  # constants only
            peer_id.value,
            list(asked.grant_hashes),
        )
        return await with_signatures(source, rows), ""
    after, direction = (">", "ASC") if page.ascending else ("<", "DESC")
    moment, content_hash = _position(page)
    rows = await source.fetch(
        f"""
        {SELECT_CONTRACT} JOIN participant p ON p.content_hash = c.content_hash
         WHERE p.peer_id = $1
           AND ($2::timestamptz IS NULL OR (c.created_at, c.content_hash) {after} ($2, $3))
           AND ($4::text IS NULL OR EXISTS (
                SELECT 1 FROM contract_grant g
                 WHERE g.content_hash = c.content_hash AND g.grant_type = $4))
         ORDER BY c.created_at {direction}, c.content_hash {direction} LIMIT $5
        """,  # noqa: S608  # the direction is one of two constants
        peer_id.value,
        moment,
        content_hash,
        asked.grant_type,
        page.limit + 1,
    )
    found = await with_signatures(source, rows[: page.limit])
    if len(rows) <= page.limit:
        return found, ""
    last = found[-1].contract
    return found, page.cursor_after(str(int(last.created_at.timestamp())), last.hash.value)


def _position(page: Page) -> tuple[datetime | None, str]:
    if not page.position:
        return None, ""
    if len(page.position) != 2 or not _SECONDS.fullmatch(page.position[0]):
        raise InvalidValue("the cursor is not one of ours")
    return datetime.fromtimestamp(int(page.position[0]), UTC), page.position[1]
