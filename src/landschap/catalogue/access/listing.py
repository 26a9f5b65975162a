# SPDX-License-Identifier: EUPL-1.2
"""Listing a service of our own in the directory: the contract for it, and whether it stands there.

The listing tells the field sets of the service, so that who asks can name one exactly.
Source: FSC Core, "Service publication"; house extension ``processing.field_sets``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from landschap.catalogue.access.wishes import TERM, Asker
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.field_sets import PROPERTY, NamedFieldSet
from landschap.fsc.proposals import PublicationAsked, Terms, proposed_content
from landschap.fsc.states import State
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal


def sets_of(snapshot: Snapshot, own: PeerId, provider: PeerId, service: str) -> list[NamedFieldSet]:
    """The field sets of a service in our own register; without provider they are our own."""
    return [
        NamedFieldSet(id=each.id, version=str(each.version), digest=each.digest)
        for each in snapshot.field_sets.values()
        if each.service == service and (each.provider or own.value) == provider.value
    ]


def listing_of(
    asker: Asker, service: str, directory: PeerId, snapshot: Snapshot, iv: UUID, now: datetime
) -> Contract | Refusal:
    """The contract in which a directory lists our service for a year."""
    told: list[JsonValue] = [
        each.as_json() for each in sets_of(snapshot, asker.peer, asker.peer, service)
    ]
    asked = PublicationAsked(
        provider=asker.peer,
        service=service,
        directory=directory,
        properties={PROPERTY: told} if told else {},
    )
    terms = Terms(
        profile=asker.profile,
        group_id=asker.group_id,
        iv=iv,
        created_at=now,
        not_before=now,
        not_after=now + TERM,
    )
    return read_contract(proposed_content(terms, asked), asker.profile)


def standing_in_directory(
    contracts: Iterable[tuple[Contract, State]], own: PeerId
) -> Mapping[str, State]:
    """Our services that a directory lists, or is asked to list."""
    found: dict[str, State] = {}
    for contract, state in contracts:
        if state not in {State.VALID, State.PROPOSED}:
            continue
        for _, grant in contract.publications:
            if grant.service.peer_id == own and found.get(grant.service.name) is not State.VALID:
                found[grant.service.name] = state
    return found
