# SPDX-License-Identifier: EUPL-1.2
"""What the gateway must know of contracts: connections, and tokens for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from landschap.fsc.contracts import Contract
from landschap.fsc.delegation import Delegation, delegations_between
from landschap.fsc.states import Kind, Signature, State, missing_accepts, state_of
from landschap.vocabulary.identifiers import ContentHash, GrantHash, PeerId
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionGrant:
    """One permission to call a service, with the state of the contract it stands in.

    ``valid`` and ``state`` are of the moment it was read; who keeps the value asks ``valid_at``,
    and reads again when ``platform.epoch`` rises. ``signed``: every participant accepted, nobody
    rejected or revoked. Exactly one of ``outway_thumbprint`` and ``outway_domain`` is set.
    """

    grant_hash: GrantHash
    content_hash: ContentHash
    outway_peer_id: PeerId
    outway_thumbprint: str | None
    outway_domain: str | None
    service_peer_id: PeerId
    service_name: str
    delegator_peer_id: PeerId | None
    service_delegator_peer_id: PeerId | None
    properties: Mapping[str, JsonValue]
    not_before: datetime
    not_after: datetime
    accepted_until: datetime
    signed: bool
    valid: bool
    state: State

    def delegations(self) -> tuple[Delegation, ...]:
        """For whom is asked and for whom is offered, with the agreements behind it."""
        return delegations_between(
            self.properties,
            asks=(self.delegator_peer_id, self.outway_peer_id),
            offers=(self.service_delegator_peer_id, self.service_peer_id),
        )

    def valid_at(self, now: datetime) -> bool:
        """True inside the period of a signed contract, while its certificates last."""
        return self.signed and self.not_before <= now < min(self.not_after, self.accepted_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldToken:
    """A token of another Manager that our Outway may use."""

    grant_hash: GrantHash
    token: str
    inway_address: str
    expires_at: datetime


def connections_of(
    contract: Contract, signatures: Iterable[Signature], now: datetime
) -> Iterator[ConnectionGrant]:
    """The connection grants of one contract."""
    placed = list(signatures)
    state = state_of(contract, placed, now)
    accepts = [s for s in placed if s.kind is Kind.ACCEPT]
    until = min((s.certificate_until for s in accepts), default=contract.not_after)
    ended = state in (State.REVOKED, State.REJECTED)
    signed = not ended and not missing_accepts(contract, placed, now)
    for grant_hash, grant in contract.connections:
        yield ConnectionGrant(
            grant_hash=grant_hash,
            content_hash=contract.hash,
            outway_peer_id=grant.outway.peer_id,
            outway_thumbprint=grant.outway.public_key_thumbprint,
            outway_domain=grant.outway.domain_name,
            service_peer_id=grant.service.peer_id,
            service_name=grant.service.name,
            delegator_peer_id=grant.delegator,
            service_delegator_peer_id=grant.service.delegator,
            properties=grant.properties,
            not_before=contract.not_before,
            not_after=contract.not_after,
            accepted_until=until,
            signed=signed,
            valid=state is State.VALID,
            state=state,
        )
