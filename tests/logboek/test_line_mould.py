# SPDX-License-Identifier: EUPL-1.2
"""A filled mould is byte for byte the line that the whole draft would give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.logboek.batches import ready
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.line_mould import LineMoment, LineMould
from landschap.logboek.lines import Processing, lines_of
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import from_subject_id
from landschap.logboek.records import Draft
from landschap.purposes.permit import Permit

PERMIT = Permit(
    transaction_id=UUID(int=1), service="proef", method="GET", target="/", peer="0" * 20,
    purpose="https://doelen.example/a", policy="p", snapshot="s",
    activity="https://activiteiten.example/b", activity_version=1, fields=("naam",),
    searchable=(), expires_at=datetime(2026, 11, 29, tzinfo=UTC), grant_hash="$1$3$x",
)  # fmt: skip
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
TIMES = st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda naive: naive.replace(tzinfo=UTC)
)
MOMENTS = st.builds(
    LineMoment,
    started_at=TIMES,
    ended_at=TIMES,
    trace_id=st.binary(min_size=16, max_size=16).filter(any),
    span_id=st.binary(min_size=8, max_size=8).filter(any),
    parent=st.none() | st.binary(min_size=8, max_size=8).filter(any),
    transaction_id=st.uuids(),
    subject=st.binary(min_size=16, max_size=16),
    valid_on=DAYS,
    known_at=TIMES,
    declaration=st.just("") | st.uuids().map(str),
)


def _draft(moment: LineMoment) -> Draft:
    permit = replace(PERMIT, transaction_id=moment.transaction_id, declaration=moment.declaration)
    processing = Processing(
        permit=permit, system="proef", controller="1" * 20, name="personen raadplegen",
        trace_id=moment.trace_id, parent=moment.parent, started_at=moment.started_at,
        ended_at=moment.ended_at, outcome=Outcome.DELIVERED, data_groups=("naam",),
        subject_type="https://x.example/bsn/1", valid_on=moment.valid_on,
        known_at=moment.known_at,
    )  # fmt: skip
    (made,) = lines_of(processing, [moment.subject], iter([moment.span_id]))
    return made


def _mould(moment: LineMoment) -> LineMould:
    return LineMould(
        _draft, has_parent=moment.parent is not None, has_declaration=bool(moment.declaration)
    )


@given(MOMENTS)
def test_a_filled_mould_is_the_line_itself(moment: LineMoment) -> None:
    end = max(moment.started_at, min(moment.ended_at, moment.started_at + timedelta(minutes=1)))
    moment = msgspec.structs.replace(moment, ended_at=end)
    if moment.parent is None:
        moment = msgspec.structs.replace(moment, trace_id=moment.transaction_id.bytes)
    filled = _mould(moment).fill(moment)
    try:
        whole = ready(_draft(moment))
    except InvalidRecord:  # a pseudonym that looks like a number, once in very many
        assert filled is None
        return
    assert filled is not None
    assert (filled.columns, filled.payload) == (whole.columns, whole.payload)


BASE = LineMoment(
    datetime(2026, 11, 29, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC), bytes(15) + b"1",
    bytes(7) + b"1", bytes(7) + b"2", UUID(int=7), bytes(16), date(2026, 1, 1),
    datetime(2026, 11, 29, tzinfo=UTC),
)  # fmt: skip


def test_a_pseudonym_that_looks_like_a_number_takes_the_long_way() -> None:
    told = from_subject_id("ab-123456782-defghijkA")
    moment = msgspec.structs.replace(BASE, subject=told)
    assert _mould(moment).fill(moment) is None
    with pytest.raises(InvalidRecord):
        ready(_draft(moment))


@pytest.mark.parametrize(
    "other",
    [{"declaration": 'a"b'}, {"ended_at": datetime(2020, 1, 1, tzinfo=UTC)}],
    ids=["declaration", "end before the start"],
)
def test_what_can_not_stand_in_a_line_takes_the_long_way(other: dict[str, object]) -> None:
    moment = msgspec.structs.replace(BASE, **other)
    assert _mould(moment).fill(moment) is None


def test_a_draft_that_does_not_follow_its_moment_makes_no_mould() -> None:
    def fixed(moment: LineMoment) -> Draft:
        return _draft(msgspec.structs.replace(moment, subject=bytes(16)))

    with pytest.raises(InvalidRecord):
        LineMould(fixed, has_parent=True, has_declaration=False)
