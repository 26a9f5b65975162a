# SPDX-License-Identifier: EUPL-1.2
"""What an organisation shares with others, as anybody may know: which service, for what, with whom.

A service is told with the purposes, activities and groups of data that policies in force open, and
with the organisations that have a contract in force for one of those purposes. What stands only
under a confidential activity is in none of it: no purpose, no receiver, and a service that has
nothing else is counted and not named.
Source: AVG, art. 30; Wet open overheid, art. 3.1; NL GOV REST API Design Rules 2.2, deprecation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from landschap.fsc.connections import ConnectionGrant
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.known import Rule
from landschap.purposes.model import Purpose, Text
from landschap.purposes.public import Entry, entry_of, is_confidential
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service that is offered: its name, and where it stands on its way out.

    ``phase`` is ``actief``, ``uitfaserend`` or ``gesloten``; the days are Dutch calendar days.
    """

    name: str
    phase: str
    deprecated: date | None = None
    sunset: date | None = None
    successor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An organisation that may ask; the name is the number where no name is known."""

    oin: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One service as everybody may know it, each list in order of name."""

    offer: Offer
    personal: bool
    purposes: Sequence[Purpose]
    activities: Sequence[Entry]
    data_groups: Sequence[str]
    receivers: Sequence[Receiver]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that is shared is known from this; ``names`` is OIN -> name of peers."""

    snapshot: Snapshot
    offers: Sequence[Offer]
    grants: Sequence[ConnectionGrant]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """All services in order of name, and how many are confidential."""

    services: Sequence[Shared]
    confidential: int


def sharing(world: World, now: datetime) -> Sharing:
    """What is shared at this moment."""
    hidden = {
        uri for uri, every in world.snapshot.activity_versions.items() if is_confidential(every)
    }
    told: list[Shared] = []
    confidential = 0
    for offer in sorted(world.offers, key=lambda each: each.name):
        rules = _rules_of(world.snapshot, offer.name)
        public = [each for each in rules if each.policy.activity not in hidden]
        if rules and not public:
            confidential += 1
            continue
        told.append(_shared(world, offer, [each for each in public if each.in_force(now)], now))
    return Sharing(services=told, confidential=confidential)


def as_json(found: Sharing) -> dict[str, JsonValue]:
    """For programs, by the names that `describing_sharing` describes."""
    return {
        "count": len(found.services),
        "aantalVertrouwelijk": found.confidential,
        "results": [_service_json(each) for each in found.services],
    }


def _shared(world: World, offer: Offer, rules: Sequence[Rule], now: datetime) -> Shared:
    snapshot = world.snapshot
    known = snapshot.services.get((snapshot.owner, offer.name))
    purposes = {each.policy.purpose for each in rules} & snapshot.purposes.keys()
    activities = {each.activity.uri: each.activity for each in rules if each.activity is not None}
    return Shared(
        offer=offer,
        personal=known is not None and known.personal,
        purposes=sorted(
            (snapshot.purposes[uri].purpose for uri in purposes),
            key=lambda each: (each.label.nl, each.uri),
        ),
        activities=sorted(
            (entry_of(snapshot, each) for each in activities.values()),
            key=lambda each: (each.activity.name.nl, each.activity.uri),
        ),
        data_groups=sorted({path.partition(".")[0] for each in rules for path in each.fields}),
        receivers=_receivers(world, offer.name, rules, now),
    )


def _rules_of(snapshot: Snapshot, service: str) -> list[Rule]:
    """Every permission on a service of ours, of any time."""
    return [
        rule
        for (provider, name, _), by_purpose in snapshot.permits.items()
        if (provider, name) == (snapshot.owner, service)
        for rules in by_purpose.values()
        for rule in rules
    ]


def _receivers(
    world: World, service: str, rules: Sequence[Rule], now: datetime
) -> Sequence[Receiver]:
    """Who has a contract in force that a public permission goes with."""
    owner = world.snapshot.owner
    free = not _rules_of(world.snapshot, service)
    found = set()
    for grant in world.grants:
        offerer = grant.service_delegator_peer_id or grant.service_peer_id
        if (offerer.value, grant.service_name) != (owner, service) or not grant.valid_at(now):
            continue
        asker = (grant.delegator_peer_id or grant.outway_peer_id).value
        if free or _goes_with(world.snapshot, read_bound(grant.properties), asker, rules):
            found.add(asker)
    made = (Receiver(oin=oin, name=world.names.get(oin) or oin) for oin in found)
    return sorted(made, key=lambda each: (each.name.casefold(), each.oin))


def _goes_with(snapshot: Snapshot, bound: object, asker: str, rules: Iterable[Rule]) -> bool:
    """True when a permission is about this organisation and a purpose of its contract."""
    concerned = [each for each in rules if each.concerns(asker)]
    if bound is None:
        return bool(concerned)
    if not isinstance(bound, Bound):
        return False
    allowed = {uri for purpose in bound.purposes for uri in _line(snapshot, purpose)}
    return any(
        snapshot.equivalents.get(each.policy.purpose, each.policy.purpose) in allowed
        for each in concerned
    )


def _line(snapshot: Snapshot, purpose: str) -> Iterable[str]:
    """A purpose with those it is a part of."""
    known = snapshot.purposes.get(snapshot.equivalents.get(purpose, purpose))
    uris = known.ancestors if known else (purpose,)
    return (snapshot.equivalents.get(uri, uri) for uri in uris)


def _service_json(one: Shared) -> dict[str, JsonValue]:
    offer = one.offer
    told: dict[str, JsonValue] = {
        "naam": offer.name,
        "persoonsgegevens": one.personal,
        "status": offer.phase,
        "doelen": [
            {"uri": each.uri, **_both(each.label)} for each in one.purposes
        ],
        "verwerkingsactiviteiten": [
            {"id": str(each.id), **_both(each.activity.name)} for each in one.activities
        ],
        "dataGroups": list(one.data_groups),
        "organisaties": [{"oin": each.oin, "naam": each.name} for each in one.receivers],
    }  # fmt: skip
    days = {"uitfaserenVanaf": offer.deprecated, "laatsteDag": offer.sunset}
    told |= {name: day.isoformat() for name, day in days.items() if day}
    return told | ({"opvolger": offer.successor} if offer.successor else {})


def _both(text: Text) -> dict[str, JsonValue]:
    return {"naam": text.nl, "naamEn": text.en}
