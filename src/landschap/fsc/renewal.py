# SPDX-License-Identifier: EUPL-1.2
"""Accepts that rest on a certificate which ends before the contract does.

With the end of the certificate the contract falls back to proposed. The peer signs again with its
new certificate and everything goes on; so that must happen in time.
Source: FSC Core, "Contract states".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from landschap.fsc.contracts import Contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, Signature, State, state_of

_OVER = frozenset({State.REVOKED, State.REJECTED, State.EXPIRED})


def short_accepts(
    contract: Contract, signatures: Iterable[Signature], now: datetime
) -> Iterator[Signature]:
    """The accepts of a living contract that end before it does, also those that ended already."""
    every = list(signatures)
    if state_of(contract, every, now) in _OVER:
        return
    for each in every:
        if each.kind is Kind.ACCEPT and each.certificate_until < contract.not_after:
            yield each


def may_accept_again(accept: Signature, own: OwnPeer) -> bool:
    """True for our own accept when signing again now would make it last longer."""
    certificate = own.signer.certificate
    return (
        accept.peer_id == own.peer_id
        and accept.thumbprint != certificate.thumbprint
        and accept.certificate_until < certificate.not_after
    )
