# SPDX-License-Identifier: EUPL-1.2
"""Who says yes to a contract that others propose: nobody but a rule, a validator, or a person.

    auto      accepted at once
    callout   a program or address of our own is asked; its yes accepts, its no rejects
    manual    a person decides

Every grant of the contract is looked at, never only the first: the most careful way of any grant is
that of the contract. A grant takes its type's way only in the role in which others ask us
something: as directory of a publication, as provider of a connection. Being the asker, or a
delegator, is a commitment of our own and always a person's decision. So is a contract that names an
agreement outside FSC, unless a validator looks at it: a rule can not look outside.
Source: FSC Core, "Contract management"; FSC External Contract Reference; house rule for the roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from landschap.fsc.contracts import Contract
from landschap.fsc.external import external_reference
from landschap.fsc.grants import Connection, Grant, GrantType, Publication, Registration
from landschap.vocabulary.identifiers import PeerId

# The words of the settings, which are those of other FSC software.
GRANT_TYPE_WORDS: Mapping[str, GrantType] = {
    "servicePublication": GrantType.PUBLICATION,
    "serviceConnection": GrantType.CONNECTION,
    "delegatedServicePublication": GrantType.DELEGATED_PUBLICATION,
    "delegatedServiceConnection": GrantType.DELEGATED_CONNECTION,
}
_PUBLICATIONS = frozenset({GrantType.PUBLICATION, GrantType.DELEGATED_PUBLICATION})


class Way(StrEnum):
    """How a contract is decided on."""

    AUTO = "auto"
    CALLOUT = "callout"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoSign:
    """What needs no person: ``grant_types`` no one at all, ``callout`` a validator's yes.

    ``offered`` are the services we offer at this moment.
    """

    own: PeerId
    grant_types: frozenset[GrantType]
    offered: frozenset[str]
    callout: frozenset[GrantType] = frozenset()


def grant_types(
    words: tuple[str, ...], *, is_directory: bool, ways: Mapping[str, str] | None = None
) -> frozenset[GrantType]:
    """The grant types that are accepted at once; a directory signs publications unless told not to.

    ``words`` are types that are; ``ways`` (word -> way, empty when not said) says it for each.
    """
    said = {GRANT_TYPE_WORDS[word]: way for word, way in (ways or {}).items() if way}
    chosen = frozenset(GRANT_TYPE_WORDS[word] for word in words)
    usual = chosen | _PUBLICATIONS if is_directory else chosen
    return frozenset(
        each for each in GrantType if said.get(each, Way.AUTO if each in usual else "") == Way.AUTO
    )


def callout_types(ways: Mapping[str, str]) -> frozenset[GrantType]:
    """The grant types that a validator decides on."""
    return frozenset(GRANT_TYPE_WORDS[word] for word, way in ways.items() if way == Way.CALLOUT)


def way_of(contract: Contract, policy: AutoSign) -> Way:
    """How this contract is decided on: the most careful way of any of its grants."""
    ways = {_way(each.grant, policy) for each in contract.grants}
    for careful in (Way.MANUAL, Way.CALLOUT):
        if careful in ways:
            return careful
    return Way.AUTO


def may_sign(contract: Contract, policy: AutoSign) -> bool:
    """True when every grant may be accepted without asking anybody."""
    return way_of(contract, policy) is Way.AUTO


def _way(grant: Grant, policy: AutoSign) -> Way:
    if not _is_asked(grant, policy):
        return Way.MANUAL
    if grant.type in policy.callout:
        return Way.CALLOUT
    if grant.type in policy.grant_types and external_reference(grant) is None:
        return Way.AUTO
    return Way.MANUAL


def _is_asked(grant: Grant, policy: AutoSign) -> bool:
    """True when others ask this of us, and we are nothing else in it."""
    match grant:
        case Registration():
            return False
        case Publication():
            asked = grant.directory
            others: tuple[PeerId | None, ...] = (grant.service.peer_id, grant.service.delegator)
        case Connection():
            asked = grant.service.peer_id
            others = (grant.outway.peer_id, grant.delegator, grant.service.delegator)
            if grant.service.name not in policy.offered:
                return False
    return asked == policy.own and policy.own not in others
