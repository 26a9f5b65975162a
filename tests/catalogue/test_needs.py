# SPDX-License-Identifier: EUPL-1.2
"""What an organisation still needs: exactly what is missing, judged on what is known to be there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from landschap.catalogue.criteria import Criteria, Wanted
from landschap.catalogue.needs import Kind, Own, State, consumers_of, missing, needs_of
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.states import State as ContractState
from landschap.purposes.bound import PROPERTY, Bound
from landschap.vocabulary.identifiers import ContentHash, GrantHash, PeerId

WEESP, DOESBURG, OTHER = (f"0000009900000000{each}000" for each in (2, 3, 4))
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
PURPOSE, PARKING = "https://doelen.example/id/bijstand", "https://doelen.example/id/parkeren"
LOA2, LOA3 = (f"urn:etoegang:core:assurance-class:loa{each}" for each in (2, 3))
ALL = Criteria(
    access="contract", means=("mtlsPkioverheid", "fscContract"), provider=WEESP,
    service="uitkeringen", purposes=(Wanted(uri=PURPOSE),), level=LOA3, texts={},
)  # fmt: skip


def grant(asker: str = DOESBURG, purpose: str = "", **changes: object) -> ConnectionGrant:
    bound = Bound.of(purposes=(purpose,), legal_bases=("eu-gdpr:A6-1-e",))
    made = ConnectionGrant(
        grant_hash=GrantHash("$1$3$" + "g" * 86),
        content_hash=ContentHash("$1$1$" + "c" * 86),
        outway_peer_id=PeerId(asker),
        outway_thumbprint="f" * 64,
        outway_domain=None,
        service_peer_id=PeerId(WEESP),
        service_name="uitkeringen",
        delegator_peer_id=None,
        service_delegator_peer_id=None,
        properties={PROPERTY: bound.as_property()} if purpose else {},
        not_before=NOW - timedelta(days=1),
        not_after=LATER,
        accepted_until=LATER,
        signed=True,
        valid=True,
        state=ContractState.VALID,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


WHOLE = Own(
    oin=DOESBURG, certificate_until=LATER, grants=(grant(),), purposes=(PURPOSE,), level=LOA3
)
LACKING = {
    Kind.CERTIFICATE: {"certificate_until": None},
    Kind.PURPOSE: {"purposes": (PARKING,)},
    Kind.CONTRACT: {"grants": ()},
    Kind.LEVEL: {"level": LOA2},
}


def lacks(own: Own, criteria: Criteria = ALL) -> set[Kind]:
    return {each.kind for each in missing(needs_of(criteria, own, NOW))}


@pytest.mark.parametrize("has", list(product([True, False], repeat=len(LACKING))))
def test_exactly_what_is_missing_is_listed_for_each_combination(has: tuple[bool, ...]) -> None:
    gone = {kind for kind, held in zip(LACKING, has, strict=True) if not held}
    own = WHOLE
    for kind in gone:
        own = replace(own, **LACKING[kind])  # type: ignore[arg-type]  # as the table has them
    assert lacks(own) == gone
    assert {each.kind for each in needs_of(ALL, own, NOW)} == set(LACKING)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"access": "open", "means": (), "purposes": (), "level": ""}, set()),
        ({"purposes": None}, set(LACKING) - {Kind.PURPOSE}),
        ({"purposes": ()}, set(LACKING) - {Kind.PURPOSE}),
        ({"level": "none"}, set(LACKING) - {Kind.LEVEL}),
        ({"access": "aangemeld", "means": ("mtlsPkioverheid",)},
         set(LACKING) - {Kind.CONTRACT}),
    ],
)  # fmt: skip
def test_what_the_provider_does_not_ask_is_not_missing(
    change: dict[str, object], expected: set[Kind]
) -> None:
    criteria = replace(ALL, **change)  # type: ignore[arg-type]  # as the table has them
    assert lacks(Own(oin=DOESBURG), criteria) == expected


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (grant(), State.ARRANGED),
        (grant(purpose=PURPOSE), State.ARRANGED),
        (grant(purpose=PARKING), State.NEEDED),
        (grant(OTHER), State.NEEDED),
        (grant(OTHER, delegator_peer_id=PeerId(DOESBURG)), State.ARRANGED),
        (grant(delegator_peer_id=PeerId(OTHER)), State.NEEDED),
        (grant(service_name="parkeren"), State.NEEDED),
        (grant(service_peer_id=PeerId(OTHER)), State.NEEDED),
        (grant(signed=False, state=ContractState.PROPOSED), State.ASKED),
        (grant(signed=False, state=ContractState.REVOKED), State.NEEDED),
        (grant(not_after=NOW), State.NEEDED),
        (grant(accepted_until=NOW), State.NEEDED),
    ],
)
def test_a_contract_counts_for_who_what_and_when_it_is(
    given: ConnectionGrant, state: State
) -> None:
    found = needs_of(ALL, replace(WHOLE, grants=(given,)), NOW)
    assert [each.state for each in found if each.kind is Kind.CONTRACT] == [state]


def test_of_purposes_with_a_level_of_their_own_the_one_that_is_used_counts() -> None:
    both = (Wanted(uri=PURPOSE, level=LOA3), Wanted(uri=PARKING, level=LOA2))
    criteria = replace(ALL, purposes=both, level="")
    assert lacks(replace(WHOLE, level=LOA2), criteria) == {Kind.LEVEL}
    parking = replace(WHOLE, level=LOA2, purposes=(PARKING,))
    assert lacks(parking, criteria) == set()


def test_what_can_not_be_seen_from_here_is_unknown_and_not_missing() -> None:
    criteria = Criteria(means=("apiKey", "geen"), texts={})
    (found,) = needs_of(criteria, WHOLE, NOW)
    assert (found.kind, found.state, found.what) == (Kind.KEY, State.UNKNOWN, ("apiKey",))
    assert lacks(WHOLE, criteria) == set()


def test_consumers_are_those_with_a_contract_now_for_whom_is_asked() -> None:
    through = grant(grant_hash=GrantHash("$1$3$" + "h" * 86), delegator_peer_id=PeerId(OTHER))
    every = [
        grant(), grant(), through, grant(OTHER, service_name="anders"),
        grant(OTHER, service_peer_id=PeerId(OTHER)), grant("00000099000000007000", signed=False),
    ]  # fmt: skip
    assert consumers_of(every, WEESP, "uitkeringen", NOW) == sorted([DOESBURG, OTHER])
    assert consumers_of(every, WEESP, "uitkeringen", LATER) == []
