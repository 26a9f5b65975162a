# SPDX-License-Identifier: EUPL-1.2
"""A person in the log: one pseudonym per controller and key, whatever the spelling."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from tests.logboek.log_rig import KEY, OTHER, OWN, PERSON

from landschap.logboek.pseudonyms import as_subject_id, from_subject_id, subject_pseudonym
from landschap.vocabulary.identifiers import InvalidValue, Oin

CONTROLLER = Oin.parse(OWN)


def test_a_pseudonym_is_the_keyed_hash_of_the_standardised_parts() -> None:
    parts = f"landschap.ldv.v1\x1f{OWN}\x1fbsn\x1f{PERSON}".encode()
    expected = hmac.new(KEY, parts, hashlib.sha256).digest()[:16]
    assert subject_pseudonym(KEY, CONTROLLER, "bsn", PERSON) == expected


@pytest.mark.case("L31")
def test_one_person_has_another_pseudonym_at_another_controller() -> None:
    ours = subject_pseudonym(KEY, CONTROLLER, "bsn", PERSON)
    assert subject_pseudonym(KEY, Oin.parse(OTHER), "bsn", PERSON) != ours


def test_another_key_or_kind_gives_another_pseudonym() -> None:
    ours = subject_pseudonym(KEY, CONTROLLER, "bsn", PERSON)
    assert subject_pseudonym(b"l" * 32, CONTROLLER, "bsn", PERSON) != ours
    assert subject_pseudonym(KEY, CONTROLLER, "rsin", PERSON) != ours


@pytest.mark.case("L34")
def test_a_lost_leading_zero_is_put_back() -> None:
    whole = subject_pseudonym(KEY, CONTROLLER, "bsn", "010000008")
    assert subject_pseudonym(KEY, CONTROLLER, "bsn", "10000008") == whole
    assert subject_pseudonym(KEY, CONTROLLER, "bsn", " 010000008 ") == whole


@pytest.mark.parametrize(
    ("kind", "number"), [("bsn", "123456789"), ("kvk", "1" * 9), ("paspoort", "1"), ("rsin", "12")]
)
def test_a_malformed_number_or_unknown_kind_is_refused(kind: str, number: str) -> None:
    with pytest.raises(InvalidValue):
        subject_pseudonym(KEY, CONTROLLER, kind, number)


def test_the_text_form_is_22_characters_and_reads_back() -> None:
    made = subject_pseudonym(KEY, CONTROLLER, "bsn", PERSON)
    text = as_subject_id(made)
    assert len(text) == 22
    assert from_subject_id(text) == made
    for wrong in ("", text[:-1], text + "A", text[:-1] + "=", "!" * 22):
        with pytest.raises(InvalidValue):
            from_subject_id(wrong)
