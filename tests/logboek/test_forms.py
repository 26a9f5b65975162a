# SPDX-License-Identifier: EUPL-1.2
"""A filled form is byte for byte the record that the whole draft would give."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.logboek.log_rig import GRANT, OWN, PEER, SERVICE

from landschap.logboek.batches import seal
from landschap.logboek.drafts import permitted_draft
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.forms import Form, Kept, Moment, form_of, whole
from landschap.logboek.payloads import AdlEntry, FscEntry
from landschap.logboek.records import Draft, columns_of, encode
from landschap.vocabulary.ijson import JsonValue

MOMENTS = st.builds(
    Moment,
    at=st.integers(1_000_000_000_000_000, 4_100_000_000_000_000).map(
        lambda micros: datetime.fromtimestamp(micros / 1e6, tz=UTC)
    ),
    trace_id=st.binary(min_size=16, max_size=16).filter(any),
    span_id=st.binary(min_size=8, max_size=8).filter(any),
    parent_span_id=st.none() | st.binary(min_size=8, max_size=8),
    transaction_id=st.uuids(),
    declaration=st.just("") | st.from_regex(r"[A-Za-z0-9_-]{5,40}(\.[A-Za-z0-9_-]{5,400}){2}",
                                            fullmatch=True),
    declaration_id=st.uuids().map(str),
)  # fmt: skip


def _draft(moment: Moment) -> Draft:
    context: dict[str, JsonValue] = {"purpose": "https://doelen.test/id/bijstand"}
    if moment.declaration:
        context["declaration"] = moment.declaration
        context["declaration_jti"] = moment.declaration_id
    fsc = FscEntry(
        transaction_id=moment.transaction_id,
        direction="incoming",
        grant_hash=GRANT,
        outway_peer_id=PEER,
        service_peer_id=OWN,
        service_name=SERVICE,
        created_at=moment.at,
    )
    adl = AdlEntry(
        trace_id=moment.trace_id,
        span_id=moment.span_id,
        parent_span_id=moment.parent_span_id,
        at=moment.at,
        transaction_id=moment.transaction_id,
        body={"adl.core.request": {"context": context, "größe": 1.5}},
    )
    return permitted_draft(fsc, adl)


def _form(moment: Moment) -> Form:
    return form_of(
        _draft,
        has_parent=moment.parent_span_id is not None,
        has_declaration=bool(moment.declaration),
    )


@given(MOMENTS)
def test_a_filled_form_equals_the_whole_draft(moment: Moment) -> None:
    filled = _form(moment).fill(moment)
    if filled is None:  # a declaration that looks as if it held a person's number
        assert moment.declaration
        return
    draft = _draft(moment)
    number = UUID(int=7)
    assert filled.payload == encode(draft)
    sealed, long = (seal(each, number, b"s" * 16) for each in (filled, draft))
    assert (sealed.columns, sealed.leaf, sealed.payload) == (long.columns, long.leaf, long.payload)
    # What the log keeps of it gives the same bytes again.
    assert sealed.form is not None
    assert whole(sealed.form, sealed.values) == sealed.payload
    assert Kept(sealed.form).filled(sealed.values) == sealed.payload
    # And no text can be added to it that what is sealed does not show.
    texts = sealed.values.split(b"\n")
    for place in range(len(texts)):
        more = b"\n".join([*texts[:place], texts[place] + b"x", *texts[place + 1 :]])
        assert whole(sealed.form, more) == Kept(sealed.form).filled(more) != sealed.payload
    assert (
        msgspec.structs.astuple(filled.columns)[1:]
        == msgspec.structs.astuple(columns_of(draft, number))[1:]
    )


@pytest.mark.parametrize(
    "declaration",
    ["a.123456782.b", "a.b-123456782", 'a","b":"c', "a b", "é", "x" * 70_000],
    ids=["number", "number behind a dash", "quote", "space", "letter", "size"],
)
def test_a_declaration_that_might_break_a_rule_goes_the_long_way(declaration: str) -> None:
    moment = Moment(
        at=datetime.now(UTC),
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        parent_span_id=None,
        transaction_id=UUID(int=9),
        declaration=declaration,
        declaration_id="x",
    )
    assert _form(moment).fill(moment) is None


def test_a_form_of_an_unlawful_draft_is_refused() -> None:
    def make(moment: Moment) -> Draft:
        draft = _draft(moment)
        return Draft(
            kind=draft.kind,
            at=draft.at,
            trace_id=draft.trace_id,
            span_id=draft.span_id,
            transaction_id=draft.transaction_id,
            payload={**draft.payload, "x": "bsn 123456782"},
        )

    with pytest.raises(InvalidRecord, match="in the clear"):
        form_of(make, has_parent=False, has_declaration=False)


def test_a_form_of_drafts_that_do_not_follow_the_moment_is_refused() -> None:
    fixed = Moment(
        at=datetime.now(UTC),
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        parent_span_id=None,
        transaction_id=UUID(int=9),
    )
    with pytest.raises(InvalidRecord, match="does not follow"):
        form_of(lambda _: _draft(fixed), has_parent=False, has_declaration=False)


@given(st.binary(max_size=60), st.binary(max_size=60) | st.just(b"a\nb\nc\nd\ne\nf\ng\nh"))
def test_a_kept_form_gives_what_is_whole_also_when_damaged(form: bytes, values: bytes) -> None:
    assert Kept(form).filled(values) == whole(form, values)
