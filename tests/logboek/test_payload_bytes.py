# SPDX-License-Identifier: EUPL-1.2
"""The stored form of a payload, and the person's number that may never stand in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.logboek.log_rig import line, permitted

from landschap.logboek.canonical import holds_person_number, payload_bytes
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.records import encode
from landschap.vocabulary.identifiers import passes_eleven_test
from landschap.vocabulary.ijson import InvalidJson, canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_stored_bytes_are_the_canonical_form(payload: dict[str, object]) -> None:
    assert payload_bytes(payload) == canonical(payload)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [{"a": float("nan")}, {"a": 2**53}, {"a": "\ud800"}, {"a": {1, 2}}, {1: "a"}, {"a": b""}],
)
def test_what_has_no_canonical_form_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(InvalidJson):
        payload_bytes(value)  # type: ignore[arg-type]


@given(st.from_regex(r"[0-9]{9}", fullmatch=True), TEXTS, TEXTS)
def test_a_number_that_stands_alone_is_found_exactly_when_it_passes_the_eleven_test(
    digits: str, before: str, after: str
) -> None:
    text = f"{before} {digits} {after}".encode()
    without = f"{before} x {after}".encode()
    expected = passes_eleven_test(digits) or holds_person_number(without)
    assert holds_person_number(text) == expected


@pytest.mark.case("L29")
@pytest.mark.parametrize(
    "draft",
    [
        line(name="Opvraag 123456782"),
        line(data_groups=("adres", "bsn:123456782")),
        line(exception_type="Niet gevonden (123456782)"),
        line(processing_id="123456782"),
        line(purpose="https://doelen.test/id/123456782"),
    ],
    ids=["name", "nested", "exception", "whole value", "end of an address"],
)
def test_a_persons_number_in_the_clear_is_refused(draft: object) -> None:
    with pytest.raises(InvalidRecord, match="in the clear") as caught:
        encode(draft)  # type: ignore[arg-type]
    assert "123456782" not in str(caught.value)
    assert caught.value.refusal.status == 422


@pytest.mark.case("L29")
def test_a_persons_number_as_a_number_is_refused() -> None:
    draft = line()
    payload = {**draft.payload, "landschap": {"n": 123456782}}
    changed = type(draft)(**{name: getattr(draft, name) for name in draft.__struct_fields__}
                          | {"payload": payload})  # fmt: skip
    with pytest.raises(InvalidRecord, match="in the clear"):
        encode(changed)


@pytest.mark.case("L30")
def test_an_oin_that_holds_a_passing_run_is_accepted() -> None:
    oin = "00000001123456782000"
    assert passes_eleven_test("123456782")
    assert encode(line(peer=oin))
    assert encode(permitted(peer=oin))


def test_a_payload_over_the_limit_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="at most"):
        encode(line(data_groups=tuple(f"groep-{i:05}" for i in range(6000))))
