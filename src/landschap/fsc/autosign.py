# SPDX-License-Identifier: EUPL-1.2
"""Which contracts may be accepted without a person.

Every grant of the contract is looked at, never only the first, and only in the role in which
others ask us something: as directory of a publication, as provider of a connection. Being the
asker, or a delegator, is a commitment of our own and always a person's decision.
Source: FSC Core, "Contract management"; house rule for the roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landschap.fsc.contracts import Contract
from landschap.fsc.grants import Connection, Grant, GrantType, Publication
from landschap.vocabulary.identifiers import PeerId

# The words of the settings, which are those of other FSC software.
GRANT_TYPE_WORDS: Mapping[str, GrantType] = {
    "servicePublication": GrantType.PUBLICATION,
    "serviceConnection": GrantType.CONNECTION,
    "delegatedServicePublication": GrantType.DELEGATED_PUBLICATION,
    "delegatedServiceConnection": GrantType.DELEGATED_CONNECTION,
}
_PUBLICATIONS = frozenset({GrantType.PUBLICATION, GrantType.DELEGATED_PUBLICATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoSign:
    """What is signed without a person: grant types, and the services we offer at this moment."""

    own: PeerId
    grant_types: frozenset[GrantType]
    offered: frozenset[str]


def grant_types(words: tuple[str, ...], *, is_directory: bool) -> frozenset[GrantType]:
    """The grant types of the settings; a directory always signs publications."""
    chosen = frozenset(GRANT_TYPE_WORDS[word] for word in words)
    return chosen | _PUBLICATIONS if is_directory else chosen


def may_sign(contract: Contract, policy: AutoSign) -> bool:
    """True when every grant may be accepted without a person."""
    return all(_may_sign(each.grant, policy) for each in contract.grants)


def _may_sign(grant: Grant, policy: AutoSign) -> bool:
    if grant.type not in policy.grant_types:
        return False
    match grant:
        case Publication():
            asked = grant.directory
            others: tuple[PeerId | None, ...] = (grant.service.peer_id, grant.service.delegator)
        case Connection():
            asked = grant.service.peer_id
            others = (grant.outway.peer_id, grant.delegator, grant.service.delegator)
            if grant.service.name not in policy.offered:
                return False
    return asked == policy.own and policy.own not in others
