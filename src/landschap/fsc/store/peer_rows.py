# SPDX-License-Identifier: EUPL-1.2
"""The peers we know: who announced themselves, or negotiated a contract with us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from landschap.fsc.paging import Page
from landschap.fsc.store.rows import Source
from landschap.vocabulary.identifiers import PeerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer as it told us, over a connection with its certificate."""

    peer_id: PeerId
    name: str
    manager_address: str | None
    announced_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFilter:
    """What is asked for; with ``peer_ids`` the page and the name are ignored."""

    name: str = ""
    peer_ids: Sequence[str] = ()


async def save_peer(source: Source, peer: Peer) -> None:
    """Remember a peer; an absent address or announcement leaves the known one as it is."""
    await source.execute(
        """
        INSERT INTO peer (peer_id, name, manager_address, announced_at, seen_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (peer_id) DO UPDATE
           SET name = excluded.name, seen_at = excluded.seen_at,
               manager_address = coalesce(excluded.manager_address, peer.manager_address),
               announced_at = coalesce(excluded.announced_at, peer.announced_at)
        """,
        peer.peer_id.value,
        peer.name,
        peer.manager_address,
        peer.announced_at,
        peer.seen_at,
    )


async def peer(source: Source, peer_id: PeerId) -> Peer | None:
    """One peer, None when it is a stranger."""
    rows = await source.fetch("SELECT * FROM peer WHERE peer_id = $1", peer_id.value)
    return _peer(rows[0]) if rows else None


async def peer_names(source: Source) -> dict[str, str]:
    """Peer ID -> name, of every peer we know."""
    return {r["peer_id"]: r["name"] for r in await source.fetch("SELECT peer_id, name FROM peer")}


async def peers(source: Source, asked: PeerFilter, page: Page) -> tuple[Sequence[Peer], str]:
    """One page of the peers with a Manager, by Peer ID, and the cursor of the next page."""
    if asked.peer_ids:
        rows = await source.fetch(
            """
            SELECT * FROM peer
             WHERE peer_id = ANY($1) AND manager_address IS NOT NULL ORDER BY peer_id
            """,
            list(asked.peer_ids),
        )
        return [_peer(row) for row in rows], ""
    after, direction = (">", "ASC") if page.ascending else ("<", "DESC")
    rows = await source.fetch(
        f"""
        SELECT * FROM peer
         WHERE manager_address IS NOT NULL AND position(lower($1) IN lower(name)) > 0
           AND ($2::text IS NULL OR peer_id {after} $2)
         ORDER BY peer_id {direction} LIMIT $3
        """,  # noqa: S608  # the direction is one of two constants
        asked.name,
        page.position[0] if page.position else None,
        page.limit + 1,
    )
    found = [_peer(row) for row in rows[: page.limit]]
    more = len(rows) > page.limit
    return found, page.cursor_after(found[-1].peer_id.value) if more else ""


def _peer(row: Any) -> Peer:
    return Peer(
        peer_id=PeerId(row["peer_id"]),
        name=row["name"],
        manager_address=row["manager_address"],
        announced_at=row["announced_at"],
        seen_at=row["seen_at"],
    )
