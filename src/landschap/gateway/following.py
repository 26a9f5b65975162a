# SPDX-License-Identifier: EUPL-1.2
"""From which question one of ours follows: by the Permit that our own door gave with that one.

A service that needs another organisation to answer hands its Permit to the Outway. The seal is our
own, so an application can not make up a question before, nor another purpose for it.
Source: house algorithm, "Identity replacement and chain"; AVG art. 5 lid 1 sub b.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from landschap.gateway import refusals
from landschap.gateway.asked import Asked, Fresh
from landschap.gateway.world import World
from landschap.purposes.chain import Followed
from landschap.purposes.permit import open_for_next
from landschap.vocabulary.problems import Refusal


def followed(
    asked: Asked, world: World, fresh: Fresh, keys: Sequence[bytes]
) -> Followed | Refusal | None:
    """The question before this one; None when there is none, or it was for no purpose at all."""
    text = asked.header("permit")
    if not text:
        return None
    permit = open_for_next(text, keys, fresh.now)
    if isinstance(permit, Refusal):
        return permit
    came = permit.received
    if came is None:
        return refusals.nothing_declared_before() if permit.purpose else None
    connection = world.incoming.get(permit.grant_hash)
    bound = connection.bound if connection is not None else None
    return Followed(
        issuer=permit.peer,
        jti=UUID(permit.declaration),
        digest=came.digest,
        purpose=came.purpose,
        origin=came.origin,
        depth=came.depth + 1,
        # As the contract says now: what was agreed later, or ended, counts for this question.
        onward=bound is not None and bound.onward,
        transaction_id=permit.transaction_id,
    )
