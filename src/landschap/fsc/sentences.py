# SPDX-License-Identifier: EUPL-1.2
"""A contract as a person reads it before signing: one sentence per grant.

    Gemeente Doesburg may ask service woon-en-uitkeringssituatie of Gemeente Weesp for purpose
    Recht op bijstand vaststellen (raadplegen), at most the fields of bijstand-bij-verhuizing@1,
    until 2027-11-24.

Names of peers come from their certificates and of purposes from our own register; what is not
known shows as its number or address, never as somebody's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landschap.fsc.contracts import Contract
from landschap.fsc.grants import Connection, Grant, Publication
from landschap.purposes.bound import Bound, read_bound
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import amsterdam_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Peer ID -> name, and purpose URI -> name."""

    peers: Mapping[str, str]
    purposes: Mapping[str, str]

    def peer(self, peer_id: PeerId) -> str:
        """A peer's name, or its number."""
        return self.peers.get(peer_id.value) or f"peer {peer_id}"

    def purpose(self, uri: str) -> str:
        """A purpose's name, or its whole address."""
        return self.purposes.get(uri) or uri


def words_of(contract: Contract, names: Names) -> str:
    """The sentences of all grants, in their order."""
    until = amsterdam_day(contract.not_after).isoformat()
    return " ".join(f"{_words(each.grant, names)} until {until}." for each in contract.grants)


def _words(grant: Grant, names: Names) -> str:
    service = f"service {grant.service.name} of {names.peer(grant.service.peer_id)}"
    if grant.service.delegator is not None:
        service += f" (on behalf of {names.peer(grant.service.delegator)})"
    match grant:
        case Publication():
            return f"{names.peer(grant.directory)} lists {service}"
        case Connection():
            asker = names.peer(grant.outway.peer_id)
            if grant.delegator is not None:
                asker += f" (on behalf of {names.peer(grant.delegator)})"
            return f"{asker} may ask {service} {_purpose(grant, names)}"


def _purpose(grant: Connection, names: Names) -> str:
    bound = read_bound(grant.properties)
    if bound is None:
        return "without a purpose being named"
    if isinstance(bound, Refusal):
        return "for a purpose that can not be read"
    return _bound(bound, names)


def _bound(bound: Bound, names: Names) -> str:
    purposes = " or ".join(names.purpose(uri) for uri in bound.purposes)
    words = f"for purpose {purposes} ({', '.join(bound.actions)})"
    if bound.field_set:
        words += f", at most the fields of {bound.field_set},"
    return words
