# SPDX-License-Identifier: EUPL-1.2
"""What is hashed must mean the same to every reader."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.vocabulary.ijson import MAX_SAFE_INTEGER, InvalidJson, canonical, loads


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a":1,"a":2}', "stands twice"),
        (b'{"a":{"b":1,"b":1}}', "stands twice"),
        (b"NaN", "not a JSON number"),
        (b"[1e999]", "not finite"),
        (b"9007199254740993", "2\\^53-1"),
        (b"[9007199254740992.0]", "2\\^53-1"),
        (b"-1e20", "2\\^53-1"),
        (b"-99999999999999999999999999999", "2\\^53-1"),
        (b'"\\ud800"', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b'"\xff"', "not UTF-8"),
        (b'{"a":', "not JSON at line 1"),
        (b"[" * 65 + b"]" * 65, "nested deeper"),
        (b'"' + b"x" * 1_000_000 + b'"', "at most"),
    ],
)  # fmt: skip
def test_refuses_what_readers_would_take_differently(body: bytes, why: str) -> None:
    with pytest.raises(InvalidJson, match=why):
        loads(body)


def test_brackets_inside_strings_are_no_depth() -> None:
    assert loads(json.dumps("[" * 500 + '\\"{')) == "[" * 500 + '\\"{'


def test_sorts_keys_by_utf16_code_units() -> None:
    assert canonical({"\U0001f600": 1, "\uff01": 2}) == '{"\U0001f600":1,"\uff01":2}'.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_the_canonical_form_reads_back_to_the_same_value(value: object) -> None:
    once = canonical(value)  # type: ignore[arg-type]  # hypothesis gives object
    assert loads(once) == value
    assert canonical(loads(once)) == once


@given(
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1e21, -1e21, 1e22, -0.0])
)
def test_whatever_number_is_read_can_be_read_again_from_its_canonical_form(number: float) -> None:
    try:
        read = loads(repr(number))
    except InvalidJson:
        assert MAX_SAFE_INTEGER < abs(number) < 1e21
        return
    assert canonical(loads(canonical(read))) == canonical(read)


@pytest.mark.parametrize("text", [r'["a\u0000"]', r'{"\u0000": 1}', r'[[{"a": "\u0000"}]]'])
def test_what_is_to_be_stored_holds_no_null_character(text: str) -> None:
    assert loads(text)
    with pytest.raises(InvalidJson, match="null character"):
        loads(text, storable=True)


def test_an_escaped_backslash_before_zeros_is_no_null_character() -> None:
    assert loads(r'["\\u0000"]', storable=True) == ["\\u0000"]
