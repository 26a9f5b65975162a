# SPDX-License-Identifier: EUPL-1.2
"""Numbers and hashes exist only when they are valid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.vocabulary.identifiers import (
    Bsn,
    ContentHash,
    GrantHash,
    InvalidValue,
    Oin,
    PeerId,
    passes_eleven_test,
)  # fmt: skip


def test_a_bsn_gets_back_the_leading_zero_it_lost() -> None:
    assert Bsn.parse("10000008").value == "010000008"


@pytest.mark.parametrize(
    "text", ["", "000000000", "123456789", "12345678x", "9999936530", "１２３４５６７８２"]
)
def test_refuses_what_is_no_bsn(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Bsn.parse(text)
    assert text == "" or text not in str(refused.value)


def test_a_bsn_never_shows_itself() -> None:
    bsn = Bsn.parse("999993653")
    assert "999993653" not in f"{bsn} {bsn!r} {[bsn]}"


@given(st.integers(0, 999_999_999))
def test_the_eleven_test_refuses_each_single_wrong_digit(number: int) -> None:
    digits = f"{number:09d}"
    if passes_eleven_test(digits):
        for place in range(9):
            wrong = digits[:place] + str((int(digits[place]) + 1) % 10) + digits[place + 1 :]
            assert not passes_eleven_test(wrong)


@pytest.mark.parametrize(
    "text", ["00000001002220647000", "00000004194049711000", "00000003123456780000"]
)
def test_reads_oins_of_each_length_of_main_number(text: str) -> None:
    assert str(Oin.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["0000000100222064700", "00000001002220647001", " 0000001002220647000"]
)
def test_refuses_what_is_no_oin(text: str) -> None:
    with pytest.raises(InvalidValue):
        Oin.parse(text)


def test_a_content_hash_in_the_place_of_a_grant_hash_is_told_so() -> None:
    text = "$1$1$" + "A" * 86
    assert ContentHash.parse(text).value == text
    with pytest.raises(InvalidValue, match="this is a content hash"):
        GrantHash.parse(text)


@pytest.mark.parametrize("text", ["", " x", "a\nb", "x" * 256])
def test_refuses_what_is_no_peer_id(text: str) -> None:
    with pytest.raises(InvalidValue):
        PeerId.parse(text)
