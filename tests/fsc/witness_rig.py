# SPDX-License-Identifier: EUPL-1.2
"""Anchors of a peer's log, signed as its worker signs them."""

from __future__ import annotations

from datetime import UTC, datetime

from landschap.fsc.own import OwnPeer
from landschap.fsc.witnesses.wire import Sent
from landschap.logboek.anchors import LaneHead, Statement, sign_anchor
from landschap.platform.ids import uuid7


def sent_by(peer: OwnPeer, *ends: tuple[str, int, bytes], organisation: str = "") -> Sent:
    """The ends of these lanes (name, number of batches, head), signed by the peer now."""
    statement = Statement(
        anchor_id=uuid7(),
        at=datetime.now(UTC),
        organisation=organisation or peer.peer_id.value,
        prev=None,
        lanes=tuple(LaneHead(*end) for end in ends or (("web", 1, b"h" * 32),)),
    )
    anchor = sign_anchor(statement, peer.key, peer.certificate.x509)
    return Sent(anchor=anchor, chain=peer.chain)
