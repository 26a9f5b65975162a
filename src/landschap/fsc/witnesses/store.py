# SPDX-License-Identifier: EUPL-1.2
"""The anchors of other organisations that we keep: rows are added, never changed or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.fsc.paging import Page
from landschap.fsc.store.rows import Source
from landschap.fsc.witnesses.wire import Kept, Sent
from landschap.logboek.anchors import Anchor, digest_of
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How much we keep of one organisation."""

    peer_id: PeerId
    anchors: int
    newest: datetime


async def keep(source: Source, peer_id: PeerId, sent: Sent, now: datetime) -> bool:
    """Keep an anchor; False when it was kept before. One that contradicts another is kept too."""
    added = await source.fetch(
        """
        INSERT INTO witnessed_anchor
               (peer_id, digest, anchor_id, at, jws, certificate, chain, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        peer_id.value,
        digest_of(sent.anchor),
        sent.anchor.anchor_id,
        sent.anchor.at,
        sent.anchor.jws,
        sent.anchor.certificate,
        [each.public_bytes(Encoding.DER) for each in sent.chain],
        now,
    )
    return bool(added)


async def newest_of(source: Source, peer_id: PeerId) -> Kept | None:
    """The newest anchor of an organisation that we keep."""
    kept, _ = await kept_of(source, peer_id, Page(limit=1))
    return kept[0] if kept else None


async def kept_of(source: Source, peer_id: PeerId, page: Page) -> tuple[Sequence[Kept], str]:
    """One page of what we keep of an organisation, newest first unless asked otherwise.

    Raises InvalidValue for a cursor that is not ours.
    """
    after, direction = (">", "ASC") if page.ascending else ("<", "DESC")
    rows = await source.fetch(
        f"""
        SELECT * FROM witnessed_anchor
         WHERE peer_id = $1 AND ($2::uuid IS NULL OR (anchor_id, digest) {after} ($2, $3))
         ORDER BY anchor_id {direction}, digest {direction} LIMIT $4
        """,  # noqa: S608  # the direction is one of two constants
        peer_id.value,
        *_position(page),
        page.limit + 1,
    )
    found = [
        Kept(
            sent=Sent(
                anchor=Anchor(row["anchor_id"], row["at"], row["jws"], row["certificate"]),
                chain=tuple(x509.load_der_x509_certificate(each) for each in row["chain"]),
            ),
            received_at=row["received_at"],
        )
        for row in rows[: page.limit]
    ]
    if len(rows) <= page.limit:
        return found, ""
    last = rows[page.limit - 1]
    return found, page.cursor_after(str(last["anchor_id"]), last["digest"].hex())


async def keepings(source: Source) -> list[Keeping]:
    """How much we keep, per organisation."""
    rows = await source.fetch(
        "SELECT peer_id, count(*) AS number, max(at) AS newest FROM witnessed_anchor "
        "GROUP BY peer_id ORDER BY peer_id"
    )
    return [
        Keeping(peer_id=PeerId(row["peer_id"]), anchors=row["number"], newest=row["newest"])
        for row in rows
    ]


def _position(page: Page) -> tuple[UUID | None, bytes]:
    if not page.position:
        return None, b""
    try:
        anchor_id, digest = page.position
        return UUID(anchor_id), bytes.fromhex(digest)
    except ValueError:
        raise InvalidValue("the cursor is not one of ours") from None
