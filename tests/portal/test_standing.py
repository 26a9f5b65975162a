# SPDX-License-Identifier: EUPL-1.2
"""One card per purpose and receiver, with how it stands at each organisation, also who is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from landschap.gateway.saying.question import ToldChoice, Words
from landschap.gateway.saying.store.sent import Sent
from landschap.portal.standing import Card, Stand, cards_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PURPOSE, RECEIVER, WEESP, DOESBURG = "https://doel.example/1", "3", "1", "2"
SENT = Sent(
    statement=uuid4(), peer=DOESBURG, subject=b"s" * 16, key_id=1, kind="toestemming",
    about=PURPOSE, receiver=RECEIVER, holds=False, said_at=NOW, trace_id=b"t" * 16,
)  # fmt: skip


def choice(
    geldt: bool | None = None, sinds: datetime | None = None, *, doel: str = PURPOSE
) -> ToldChoice:
    name = Words(nl=f"naam {doel}", en="name")
    return ToldChoice(
        doel=doel, naam=name, uitleg=name, ontvanger=RECEIVER, gegevens=("adres",), geldt=geldt,
        sinds=sinds,
    )  # fmt: skip


def stands(card: Card) -> dict[str, Stand]:
    return {each.peer: each.stand for each in card.holders}


def test_organisations_with_the_same_choice_stand_on_one_card() -> None:
    told = {WEESP: [choice(True, NOW)], DOESBURG: [choice(False, NOW), choice(doel="x")]}
    other, card = sorted(cards_of(told, {}, []), key=lambda each: each.purpose, reverse=True)
    assert stands(card) == {WEESP: Stand.GIVEN, DOESBURG: Stand.WITHDRAWN}
    assert (card.can_give, card.can_withdraw, card.is_given) == (True, True, True)
    assert stands(other) == {DOESBURG: Stand.NOTHING}
    assert (other.can_give, other.can_withdraw) == (True, False)


def test_who_does_not_answer_is_there_by_what_it_told_last_and_can_be_told() -> None:
    (card,) = cards_of({DOESBURG: None}, {DOESBURG: [choice(True, NOW)]}, [])
    assert stands(card) == {DOESBURG: Stand.UNKNOWN}
    assert card.can_withdraw
    (card,) = cards_of({DOESBURG: None}, {DOESBURG: [choice()]}, [SENT])
    assert stands(card) == {DOESBURG: Stand.ON_THE_WAY}


@pytest.mark.parametrize(
    ("sent", "sinds", "stand"),
    [
        (replace(SENT, outcome="geldt", settled_at=NOW), NOW, Stand.GIVEN),
        (replace(SENT, outcome="geweigerd", settled_at=NOW), NOW - timedelta(1), Stand.REFUSED),
        (replace(SENT, outcome="verlopen", settled_at=NOW), None, Stand.REFUSED),
        (replace(SENT, outcome="geweigerd", settled_at=NOW), NOW + timedelta(1), Stand.GIVEN),
        (replace(SENT, kind="bezwaar"), NOW, Stand.GIVEN),
        (replace(SENT, receiver="4"), NOW, Stand.GIVEN),
    ],
)
def test_what_was_brought_counts_only_for_the_same_thing_and_until_something_later(
    sent: Sent, sinds: datetime | None, stand: Stand
) -> None:
    (card,) = cards_of({DOESBURG: [choice(True, sinds)]}, {}, [sent])
    assert stands(card) == {DOESBURG: stand}


def test_the_last_that_was_brought_counts() -> None:
    later = replace(SENT, statement=uuid4(), said_at=NOW + timedelta(minutes=1))
    before = replace(SENT, outcome="geldt", settled_at=NOW)
    (card,) = cards_of({DOESBURG: [choice(True, NOW)]}, {}, [later, before])
    assert stands(card) == {DOESBURG: Stand.ON_THE_WAY}
