# SPDX-License-Identifier: EUPL-1.2
"""What one may ask of a provider, and the contract in which it is asked.

A purpose can be chosen when a processing activity of ours that holds now has it, and the provider
accepts it; the grounds are those of that activity, so that nobody asks on a ground that our own
register does not hold. A field set is one that the provider lists, by its digest.
Source: AVG art. 5 lid 1 sub b and art. 6; FSC Core, "Contract"; FSC Core, "Properties".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from landschap.catalogue.criteria import Criteria
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.field_sets import NamedFieldSet
from landschap.fsc.hashes import Profile
from landschap.fsc.proposals import ConnectionAsked, Terms, proposed_content
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.model import (
    LegalBasis,
    ProcessingActivity,
    Text,
    digest_of,
    midnight,
)
from landschap.purposes.public import is_confidential
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.versions import version_at
from landschap.vocabulary.identifiers import InvalidValue, PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

TERM = timedelta(days=365)
LONGEST_TERM = timedelta(days=5 * 366)
MOST_FIELDS, MOST_PURPOSES = 100, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A purpose one may ask for, with our activities behind it and the law they rest on."""

    uri: str
    label: Text
    activities: Sequence[ProcessingActivity]
    grounds: Sequence[LegalBasis]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked. ``field_set`` is its ``id@version``, empty: the provider's policy decides.

    ``fields`` are those that one means to ask for; they do not stand in the contract. ``until`` is
    the first day on which it no longer holds.
    """

    until: date
    purposes: tuple[str, ...] = ()
    field_set: str = ""
    fields: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The same for wishes that become the same words: what was read is what is signed."""
        said = (sorted(self.purposes), self.field_set, self.until.isoformat())
        return digest_of(dict(zip(("purposes", "field_set", "until"), said, strict=True)))


class Fault(StrEnum):
    """Why a wish can not be asked."""

    NO_PURPOSE = "no_purpose"
    STRANGE_PURPOSE = "strange_purpose"
    NO_GROUND = "no_ground"
    STRANGE_SET = "strange_set"
    PAST = "past"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be chosen: purposes, the provider's field sets, and field paths that are known.

    ``fields_of_set`` is told for the sets that our own register describes as well.
    """

    choices: Sequence[Choice]
    field_sets: Sequence[NamedFieldSet]
    fields: Sequence[str] = ()
    fields_of_set: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """As whom is asked: the outway by the key of its certificate, and under which rules."""

    peer: PeerId
    key_thumbprint: str
    profile: Profile
    group_id: str


def choices_of(criteria: Criteria, snapshot: Snapshot, now: datetime) -> list[Choice]:
    """The purposes one may ask for, each under the name that the provider gives it.

    Nothing under a confidential activity is told.
    """
    held: dict[str, list[ProcessingActivity]] = {}
    for every in snapshot.activity_versions.values():
        activity = None if is_confidential(every) else version_at(every, now)
        if activity is not None:
            held.setdefault(activity.purpose, []).append(activity)
    wanted = [each.uri for each in criteria.purposes or ()] or sorted(held)
    found = []
    for uri in wanted:
        own = uri if uri in held else snapshot.equivalents.get(uri, uri)
        known = snapshot.purposes.get(own)
        if own in held and known is not None:
            found.append(
                Choice(
                    uri=uri,
                    label=known.purpose.label,
                    activities=held[own],
                    grounds=_grounds(snapshot, held[own]),
                )
            )
    return found


def offer_of(
    criteria: Criteria, snapshot: Snapshot, listed: Iterable[NamedFieldSet], now: datetime
) -> Offer:
    """What can be chosen of an API; ``listed`` are the field sets its provider tells of."""
    sets = tuple(listed)
    key = (criteria.provider, criteria.service)
    known = snapshot.services.get(key)
    described = {
        each.key: snapshot.agreed_fields[(each.key, each.digest, key)]
        for each in sets
        if (each.key, each.digest, key) in snapshot.agreed_fields
    }
    return Offer(
        choices=choices_of(criteria, snapshot, now),
        field_sets=sets,
        fields=known.fields if known is not None else (),
        fields_of_set=described,
    )


def beginning(offer: Offer, today: date) -> Wish:
    """What is chosen before anybody chose: the only purpose and the only set there are."""
    purposes = tuple(each.uri for each in offer.choices) if len(offer.choices) == 1 else ()
    sets = [each.key for each in offer.field_sets]
    return Wish(until=today + TERM, purposes=purposes, field_set=sets[0] if len(sets) == 1 else "")


def faults_of(wish: Wish, offer: Offer, criteria: Criteria, today: date) -> list[Fault]:
    """Why a wish can not be asked; empty when it can."""
    chosen, found = _chosen(wish, offer), []
    if len(chosen) != len(set(wish.purposes)):
        found.append(Fault.STRANGE_PURPOSE)
    elif not chosen and criteria.needs_purpose is not False:
        found.append(Fault.NO_PURPOSE)
    if any(not each.grounds for each in chosen):
        found.append(Fault.NO_GROUND)
    if wish.field_set and _set(wish, offer) is None:
        found.append(Fault.STRANGE_SET)
    if wish.until <= today:
        found.append(Fault.PAST)
    elif wish.until > today + LONGEST_TERM:
        found.append(Fault.TOO_LONG)
    return found


def too_wide(wish: Wish, offer: Offer) -> frozenset[str]:
    """Fields that the chosen set opens beside those one means to ask for; empty when not known."""
    opened = offer.fields_of_set.get(wish.field_set, frozenset())
    return opened - set(wish.fields) if wish.fields else frozenset()


def too_narrow(wish: Wish, offer: Offer) -> frozenset[str]:
    """Fields one means to ask for that the chosen set does not open; empty when not known."""
    opened = offer.fields_of_set.get(wish.field_set)
    return frozenset(wish.fields) - opened if opened is not None else frozenset()


def contract_of(
    wish: Wish, offer: Offer, criteria: Criteria, asker: Asker, iv: UUID, now: datetime
) -> Contract | Refusal:
    """The contract in which a wish without faults is asked; the same ``iv`` and moment give the
    same contract.
    """
    try:
        provider = PeerId.parse(criteria.provider)
    except InvalidValue as error:
        return Refusal(
            code="request_invalid", status=400, title="It is not told who offers this",
            detail=f"the description names no Peer ID that can be read: {error}",
        )  # fmt: skip
    asked = ConnectionAsked(
        outway=asker.peer,
        key_thumbprint=asker.key_thumbprint,
        provider=provider,
        service=criteria.service,
        properties=_properties(wish, offer),
    )
    terms = Terms(
        profile=asker.profile,
        group_id=asker.group_id,
        iv=iv,
        created_at=now,
        not_before=now,
        not_after=midnight(wish.until),
    )
    return read_contract(proposed_content(terms, asked), asker.profile)


def _properties(wish: Wish, offer: Offer) -> dict[str, JsonValue]:
    chosen = _chosen(wish, offer)
    if not chosen:
        return {}
    codes = dict.fromkeys(ground.code for each in chosen for ground in each.grounds)
    bound = Bound.of(purposes=tuple(each.uri for each in chosen), legal_bases=tuple(codes))
    named = _set(wish, offer)
    if named is not None:
        bound = replace(bound, field_set=named.key, field_set_digest=named.digest)
    return {PROPERTY: bound.as_property()}


def _chosen(wish: Wish, offer: Offer) -> list[Choice]:
    return [each for each in offer.choices if each.uri in wish.purposes]


def _set(wish: Wish, offer: Offer) -> NamedFieldSet | None:
    return next((each for each in offer.field_sets if each.key == wish.field_set), None)


def _grounds(snapshot: Snapshot, activities: Collection[ProcessingActivity]) -> list[LegalBasis]:
    named = {ground for each in activities for ground in each.legal_bases}
    return [each for each in snapshot.register.legal_bases if each.id in named]
