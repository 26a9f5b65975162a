# SPDX-License-Identifier: EUPL-1.2
"""What a contract is worth at a moment: derived from its signatures, never stored.

    revoked   any participant placed a revoke
    rejected  any participant placed a reject
    expired   not_after has passed
    valid     every participant accepted, the accepting certificates are valid now,
              and not_before has passed
    proposed  anything else

The first line that holds decides. An accept whose certificate has expired no longer counts: its
peer signs again with its new certificate. Source: FSC Core, "Contract states".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from landschap.fsc.contracts import Contract
from landschap.vocabulary.identifiers import PeerId


class Kind(StrEnum):
    """What a signature says."""

    ACCEPT = "accept"
    REJECT = "reject"
    REVOKE = "revoke"


class State(StrEnum):
    """What a contract is worth."""

    PROPOSED = "proposed"
    VALID = "valid"
    REJECTED = "rejected"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that was verified when it came in, with the period of its certificate."""

    peer_id: PeerId
    kind: Kind
    jws: str
    signed_at: datetime
    thumbprint: str
    certificate_from: datetime
    certificate_until: datetime

    def counts(self, now: datetime) -> bool:
        """True while the signing certificate is valid; a reject or revoke counts for ever."""
        if self.kind is not Kind.ACCEPT:
            return True
        return self.certificate_from <= now < self.certificate_until


def state_of(contract: Contract, signatures: Iterable[Signature], now: datetime) -> State:
    """The state at ``now``. Signatures of strangers are ignored."""
    mine = [each for each in signatures if each.peer_id in contract.participants]
    kinds = {each.kind for each in mine}
    if Kind.REVOKE in kinds:
        return State.REVOKED
    if Kind.REJECT in kinds:
        return State.REJECTED
    if now >= contract.not_after:
        return State.EXPIRED
    if now >= contract.not_before and not missing_accepts(contract, mine, now):
        return State.VALID
    return State.PROPOSED


def missing_accepts(
    contract: Contract, signatures: Iterable[Signature], now: datetime
) -> tuple[PeerId, ...]:
    """The participants whose accept is absent or rests on an expired certificate."""
    accepted = {s.peer_id for s in signatures if s.kind is Kind.ACCEPT and s.counts(now)}
    return tuple(peer for peer in contract.participants if peer not in accepted)
