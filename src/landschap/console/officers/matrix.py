# SPDX-License-Identifier: EUPL-1.2
"""Who may what by contract on a day: organisation by service by purpose, and what differs.

A contract counted on a day when every participant had accepted by then and nobody had rejected or
revoked it, within its period. That a certificate expired since does not undo what counted.
Source: FSC Core, "Contract states".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from landschap.fsc.contracts import Contract
from landschap.fsc.states import Kind, Signature
from landschap.purposes.bound import Bound, read_bound


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Right:
    """One row: ``asker`` may call ``service`` of ``provider``, perhaps for another.

    All organisations are OINs; an empty delegator is none. Without purposes the contract names
    none.
    """

    asker: str
    asker_delegator: str
    provider: str
    provider_delegator: str
    service: str
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What counts on a day; ``added`` did not on the other day, ``gone`` only did on that one."""

    rows: tuple[Right, ...]
    added: frozenset[Right]
    gone: tuple[Right, ...]


def counted(contract: Contract, signatures: Iterable[Signature], at: datetime) -> bool:
    """True when the contract counted at a moment."""
    if not contract.not_before <= at < contract.not_after:
        return False
    then = [e for e in signatures if e.signed_at <= at and e.peer_id in contract.participants]
    if any(each.kind is not Kind.ACCEPT for each in then):
        return False
    return {each.peer_id for each in then} >= set(contract.participants)


def rights_at(
    contracts: Iterable[tuple[Contract, tuple[Signature, ...]]], at: datetime
) -> tuple[Right, ...]:
    """The rights at a moment, in order; the same one under two contracts counts once."""
    found = {
        right
        for contract, signatures in contracts
        if counted(contract, signatures, at)
        for right in _rights(contract)
    }
    return tuple(sorted(found))


def compare(now: tuple[Right, ...], then: tuple[Right, ...]) -> Compared:
    """The rights of one day beside those of another."""
    gone = tuple(each for each in then if each not in set(now))
    return Compared(rows=now, added=frozenset(now) - frozenset(then), gone=gone)


def _rights(contract: Contract) -> Iterable[Right]:
    for _, grant in contract.connections:
        bound = read_bound(grant.properties)
        delegator, provider = grant.delegator, grant.service.delegator
        yield Right(
            asker=grant.outway.peer_id.value,
            asker_delegator=delegator.value if delegator else "",
            provider=grant.service.peer_id.value,
            provider_delegator=provider.value if provider else "",
            service=grant.service.name,
            purposes=tuple(bound.purposes) if isinstance(bound, Bound) else (),
        )
