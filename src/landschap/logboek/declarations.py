# SPDX-License-Identifier: EUPL-1.2
"""A declaration counts for one question of the whole organisation, whichever decider is asked.

Each lane claims the declarations of a batch in the statement that writes it, in one table for all
lanes. Who comes with the same span is the same question again and may; who comes with another span
is told which span holds it (`Replayed`), and nothing of that question is written.
Source: RFC 7519, "jti" (JWT ID) Claim; authorisation algorithm, R1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

DeclarationKey = tuple[str, UUID]


class UsedDeclaration(msgspec.Struct, frozen=True):
    """The declaration that a question rests on: whose, which, for which span, kept until when.

    ``expires_at`` is aware, and not before the moment at which the declaration is no longer taken.
    """

    issuer: str
    jti: UUID
    span: bytes
    expires_at: datetime

    @property
    def key(self) -> DeclarationKey:
        """What may be used for one span only."""
        return self.issuer, self.jti


def claims_of(used: Iterable[UsedDeclaration]) -> Sequence[UsedDeclaration]:
    """Each declaration once, kept for as long as the longest asks, in one order for all lanes.

    One order, because two lanes that claim the same ones in another order would wait for each
    other. The same key must not come with two spans: that is for two batches.
    """
    last: dict[DeclarationKey, UsedDeclaration] = {}
    for each in used:
        known = last.get(each.key)
        if known is None or known.expires_at < each.expires_at:
            last[each.key] = each
    return [last[key] for key in sorted(last)]
