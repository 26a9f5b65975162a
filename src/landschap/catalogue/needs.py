# SPDX-License-Identifier: EUPL-1.2
"""What an organisation still needs before it can use an API: each criterion, and how it stands.

Only what the provider asks is listed. Arranged is what is known to be there now; what can not be
seen from here, such as a key that was sent by mail, is told as unknown and not as missing.
Source: API design rules, "Criteria for use"; eTD, "Assurance"; FSC Core, "Contracts".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from landschap.catalogue.criteria import AGREEMENT, CERTIFICATE, Criteria
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.states import State as ContractState
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.model import level_rank


class State(StrEnum):
    """How one criterion stands."""

    ARRANGED = "geregeld"
    NEEDED = "nodig"
    ASKED = "aangevraagd"
    UNKNOWN = "onbekend"


class Kind(StrEnum):
    """What is asked."""

    CERTIFICATE = "certificaat"
    CONTRACT = "contract"
    PURPOSE = "doel"
    LEVEL = "niveau"
    KEY = "sleutel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What an organisation has.

    ``certificate_until`` is None without a certificate that holds now. ``grants`` are those of the
    contracts we know, ``purposes`` those with a processing activity in force, ``level`` the
    assurance class at which employees log in, empty when not said.
    """

    oin: str
    certificate_until: datetime | None = None
    grants: Sequence[ConnectionGrant] = ()
    purposes: Collection[str] = ()
    level: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One criterion. ``what`` are the purposes, level or means that are meant; ``until`` is how
    long what is arranged lasts.
    """

    kind: Kind
    state: State
    what: tuple[str, ...] = ()
    until: datetime | None = None


def needs_of(criteria: Criteria, own: Own, now: datetime) -> list[Need]:
    """Each criterion that the provider asks, in the order in which one arranges them."""
    found = []
    if criteria.needs_certificate:
        until = own.certificate_until
        held = until is not None and now < until
        state = State.ARRANGED if held else State.NEEDED
        found.append(Need(kind=Kind.CERTIFICATE, state=state, until=until if held else None))
    usable = _usable(criteria, own)
    if criteria.needs_purpose:
        wanted = tuple(each.uri for each in criteria.purposes or ())
        state = State.ARRANGED if usable else State.NEEDED
        found.append(Need(kind=Kind.PURPOSE, state=state, what=usable or wanted))
    if criteria.needs_contract:
        found.append(_contract(criteria, own, usable, now))
    if level := _level(criteria, usable):
        enough = (level_rank(own.level) or 0) >= (level_rank(level) or 0)
        state = State.ARRANGED if enough else State.NEEDED
        found.append(Need(kind=Kind.LEVEL, state=state, what=(level,)))
    keys = tuple(each for each in criteria.means if each not in {"geen", CERTIFICATE, AGREEMENT})
    if keys:
        found.append(Need(kind=Kind.KEY, state=State.UNKNOWN, what=keys))
    return found


def consumers_of(
    grants: Iterable[ConnectionGrant], oin: str, service: str, now: datetime
) -> list[str]:
    """The peers that have a contract now for a service of this organisation, by their numbers.

    Who asks through another is the one that counts.
    """
    found = {
        (each.delegator_peer_id or each.outway_peer_id).value
        for each in grants
        if (each.service_peer_id.value, each.service_name) == (oin, service) and each.valid_at(now)
    }
    return sorted(found)


def missing(needs: Iterable[Need]) -> list[Need]:
    """Those that are not arranged yet."""
    return [each for each in needs if each.state in {State.NEEDED, State.ASKED}]


def _usable(criteria: Criteria, own: Own) -> tuple[str, ...]:
    """The accepted purposes for which our organisation has an activity."""
    return tuple(each.uri for each in criteria.purposes or () if each.uri in own.purposes)


def _level(criteria: Criteria, usable: Sequence[str]) -> str:
    """The lowest level with which one of the purposes can be used; empty when none is asked."""
    every = criteria.purposes or ()
    meant = [each for each in every if each.uri in usable] or every
    levels = [each.level or criteria.level for each in meant] or [criteria.level]
    lowest = min(levels, key=lambda level: level_rank(level) or 0)
    return lowest if level_rank(lowest) else ""


def _contract(criteria: Criteria, own: Own, usable: Sequence[str], now: datetime) -> Need:
    ours = [each for each in own.grants if _is_for(each, criteria, own.oin)]
    holding = [each for each in ours if each.valid_at(now) and _covers(each, usable)]
    if holding:
        until = max(min(each.not_after, each.accepted_until) for each in holding)
        return Need(kind=Kind.CONTRACT, state=State.ARRANGED, until=until)
    asked = any(
        each.state is ContractState.PROPOSED and now < each.not_after and _covers(each, usable)
        for each in ours
    )
    return Need(kind=Kind.CONTRACT, state=State.ASKED if asked else State.NEEDED)


def _is_for(grant: ConnectionGrant, criteria: Criteria, oin: str) -> bool:
    asker = grant.delegator_peer_id or grant.outway_peer_id
    offerer = grant.service_delegator_peer_id or grant.service_peer_id
    named = (offerer.value, grant.service_name)
    return asker.value == oin and named == (criteria.provider, criteria.service)


def _covers(grant: ConnectionGrant, usable: Sequence[str]) -> bool:
    """A contract that names purposes must name one of those that we would ask for."""
    bound = read_bound(grant.properties)
    if bound is None or not usable:
        return True
    return isinstance(bound, Bound) and not set(usable).isdisjoint(bound.purposes)
