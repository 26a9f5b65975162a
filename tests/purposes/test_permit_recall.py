# SPDX-License-Identifier: EUPL-1.2
"""A permit that is opened by what was opened before opens nothing more than it does by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.purposes.permit import Permit, open_permit, seal
from landschap.purposes.permit_recall import PermitRecall

KEY, FORMER = b"k" * 32, b"f" * 32
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BASE = Permit(
    transaction_id=UUID(int=1), service="proef", method="GET", target="/proef/v1/x/1",
    peer="0" * 20, purpose="https://doelen.example/a", policy="p", snapshot="s",
    activity="https://activiteiten.example/b", activity_version=1, fields=("naam", "plaats"),
    searchable=("naam",), expires_at=NOW + timedelta(seconds=30), history=("formeel",),
)  # fmt: skip


class Opener:
    """Opens by recall, and tells how often it had to make something."""

    def __init__(self) -> None:
        self.made = 0
        self.recall = PermitRecall("proef", self._make)

    def _make(self, permit: Permit) -> Permit:
        self.made += 1
        return permit

    def open(
        self, text: str, target: str, now: datetime = NOW, keys: object = KEY
    ) -> Permit | None:
        opened = self.recall.opened(text, keys, now, target)  # type: ignore[arg-type]  # one or more
        if opened is None:
            return None
        return replace(
            opened.made, transaction_id=opened.transaction_id, declaration=opened.declaration,
            target=target, expires_at=BASE.expires_at,
        )  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.uuids(),
            st.text("abc/-?=é", max_size=12),
            st.sampled_from([("naam",), ("naam", "plaats"), ('x","tgt":"y',)]),
            st.just("") | st.uuids().map(str),
            st.sampled_from(["", "00000099000000004000"]),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_each_permit_opens_as_it_does_by_itself(
    given_: list[tuple[UUID, str, tuple[str, ...], str, str]],
) -> None:
    opener = Opener()
    for txn, end, fields, declaration, delegator in given_ * 2:
        permit = replace(
            BASE, transaction_id=txn, target=f"/proef/v1/{end}", fields=fields,
            declaration=declaration, delegator=delegator,
        )  # fmt: skip
        text = seal(permit, KEY)
        alone = open_permit(text, KEY, now=NOW, method="GET", target=permit.target, service="proef")
        assert opener.open(text, permit.target) == alone
    assert opener.made <= len({(each[2], each[4]) for each in given_})


def _warm() -> Opener:
    opener = Opener()
    assert opener.open(seal(BASE, KEY), BASE.target) is not None
    assert opener.open(seal(replace(BASE, transaction_id=UUID(int=2)), KEY), BASE.target)
    assert opener.made == 1
    return opener


@pytest.mark.parametrize(
    ("change", "target", "later"),
    [
        ({}, "/proef/v1/x/2", 0),
        ({}, BASE.target, 30),
        ({}, BASE.target, 31),
        ({}, BASE.target, -10),
        ({"service": "ander"}, BASE.target, 0),
        ({"method": "POST"}, BASE.target, 0),
    ],
    ids=["other target", "at its end", "expired", "too long a life", "service", "method"],
)
def test_what_does_not_open_by_itself_does_not_open(
    change: dict[str, str], target: str, later: int
) -> None:
    text = seal(replace(BASE, **change), KEY)  # type: ignore[arg-type]  # of one type
    assert _warm().open(text, target, NOW + timedelta(seconds=later)) is None


def test_every_changed_character_is_seen() -> None:
    opener, text = _warm(), seal(BASE, KEY)
    for place in range(len(text)):
        for other in "A.é":
            spoiled = text[:place] + other + text[place + 1 :]
            assert spoiled == text or opener.open(spoiled, BASE.target) is None
    assert opener.open(text + "A" * 4096, BASE.target) is None


def test_the_key_is_that_of_the_moment() -> None:
    opener, text = _warm(), seal(BASE, KEY)
    assert opener.open(text, BASE.target, keys=FORMER) is None
    assert opener.open(text, BASE.target, keys=(FORMER, KEY)) is not None
    assert opener.open(text, BASE.target, keys=()) is None
