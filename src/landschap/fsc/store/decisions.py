# SPDX-License-Identifier: EUPL-1.2
"""What was decided about contracts that others propose, how, and by whom: kept for audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from landschap.fsc.autosign import Way
from landschap.fsc.store.rows import SELECT_CONTRACT, Source, StoredContract, with_signatures
from landschap.vocabulary.identifiers import ContentHash, PeerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision: accept, reject or revoke, or ``manual`` when it was left to a person.

    ``decided_by`` is the account of a person, ``validator``, or the setting by which it went by
    itself (``fsc.sign``, ``fsc.accept_again``); ``reason`` is in its words.
    """

    way: Way
    outcome: str
    reason: str = ""
    decided_by: str = ""
    at: datetime | None = None


async def note_decision(
    source: Source, content_hash: ContentHash, decision: Decision, now: datetime
) -> None:
    """Keep a decision."""
    await source.execute(
        """
        INSERT INTO decision (content_hash, decided_at, way, outcome, reason, decided_by)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
        """,
        content_hash.value,
        now,
        decision.way.value,
        decision.outcome,
        decision.reason,
        decision.decided_by,
    )


async def decisions(source: Source, content_hash: ContentHash) -> Sequence[Decision]:
    """What was decided about one contract, oldest first."""
    rows = await source.fetch(
        "SELECT * FROM decision WHERE content_hash = $1 ORDER BY decided_at", content_hash.value
    )
    return [
        Decision(
            way=Way(row["way"]),
            outcome=row["outcome"],
            reason=row["reason"],
            decided_by=row["decided_by"],
            at=row["decided_at"],
        )
        for row in rows
    ]


async def undecided(source: Source, own: PeerId, now: datetime) -> Sequence[StoredContract]:
    """The contracts of others that still run, that nobody ended, and on which we said nothing."""
    rows = await source.fetch(
        f"""
        {SELECT_CONTRACT}
         WHERE NOT c.own AND c.not_after > $2
           AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.content_hash = c.content_hash)
           AND NOT EXISTS (SELECT 1 FROM signature s WHERE s.content_hash = c.content_hash
                              AND (s.peer_id = $1 OR s.kind <> 'accept'))
         ORDER BY c.received_at LIMIT 100
        """,  # noqa: S608  # constants only
        own.value,
        now,
    )
    return await with_signatures(source, rows)


async def waiting_for_us(source: Source, own: PeerId, now: datetime) -> Sequence[StoredContract]:
    """The contracts of others that still run, that nobody ended, and that we did not sign."""
    rows = await source.fetch(
        f"""
        {SELECT_CONTRACT}
         WHERE NOT c.own AND c.not_after > $2
           AND NOT EXISTS (SELECT 1 FROM signature s WHERE s.content_hash = c.content_hash
                              AND (s.peer_id = $1 OR s.kind <> 'accept'))
         ORDER BY c.received_at LIMIT 100
        """,  # noqa: S608  # constants only
        own.value,
        now,
    )
    return await with_signatures(source, rows)
