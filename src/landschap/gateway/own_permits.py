# SPDX-License-Identifier: EUPL-1.2
"""A Permit for a look at a page of ours: the organisation asks itself, and decides as for others.

Source: house decision: one decision, for whoever asks.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from landschap.purposes.decision import Decision
from landschap.purposes.permit import LIFETIME, Permit


def permit_of(decision: Decision, transaction_id: UUID, target: str, now: datetime) -> Permit:
    """The Permit an allowing decision gives, for one page."""
    activity = decision.activity
    return Permit(
        transaction_id=transaction_id,
        service=decision.question.service,
        method="GET",
        target=target,
        peer=decision.owner,
        purpose=decision.purpose,
        policy=decision.policy,
        snapshot=decision.snapshot,
        activity=activity.uri if activity else "",
        activity_version=activity.version if activity else 0,
        fields=tuple(sorted(decision.visible)),
        searchable=tuple(sorted(decision.searchable)),
        expires_at=now + LIFETIME,
        history=decision.history,
        rows=decision.rows,
        checks=decision.checks,
        obligations=decision.obligations,
        mark=decision.mark,
        third_party=decision.third_party,
    )
