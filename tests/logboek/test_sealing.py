# SPDX-License-Identifier: EUPL-1.2
"""A payload is closed with a key of the controller, and opens for its own record alone."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.logboek.sealing import (
    NotOpened,
    closer,
    is_sealed,
    key_named_in,
    opened,
    opened_alone,
    own_key,
)
from landschap.platform.ids import uuid7
from landschap.platform.log_keys import key_id_of

OWN, OTHER = "00000099000000001000", "00000099000000002000"
KEY, NEXT = bytes(range(32)), bytes(range(1, 33))
SAID = b'{"ldv":{"name":"Bijstand opvragen"}}'


@dataclass
class Ring:
    oin: str
    keys: tuple[bytes, ...]

    def find(self, key_id: bytes) -> bytes | None:
        return next((each for each in self.keys if key_id_of(each) == key_id), None)


def _closed(record: UUID, said: bytes = SAID, key: bytes = KEY, oin: str = OWN) -> bytes:
    return closer(key, key_id_of(key), oin, os.urandom)(record, said)


@given(st.dictionaries(st.text(), st.text()), st.binary(min_size=32, max_size=32))
def test_what_is_closed_opens_to_the_byte(said: dict[str, str], key: bytes) -> None:
    record, plain = uuid7(), json.dumps(said).encode()
    stored = _closed(record, plain, key)
    assert is_sealed(stored)
    assert not is_sealed(plain)
    assert key_named_in(stored) == key_id_of(key)
    assert opened(stored, record, Ring(OWN, (NEXT, key))) == plain


def test_equal_contents_are_closed_differently_and_to_one_size() -> None:
    record = uuid7()
    made = {_closed(each, said) for each in (record, record, uuid7()) for said in (SAID, b"{}")}
    assert len(made) == 6
    assert len({len(each) for each in made}) == 1
    assert not any(SAID[2:20] in each for each in made)


def test_a_payload_opens_for_its_own_record_organisation_and_key_alone() -> None:
    record, ring = uuid7(), Ring(OWN, (KEY, NEXT))
    stored = _closed(record)
    for told, at, keys in (
        ("does not open", uuid7(), ring),
        ("does not open", record, Ring(OTHER, (KEY,))),
        (f"key {key_id_of(KEY).hex()} of the log, which is not here", record, Ring(OWN, (NEXT,))),
        ("not here", record, None),
    ):
        with pytest.raises(NotOpened, match=told):
            opened(stored, at, keys)
    other = _closed(record, key=NEXT)
    with pytest.raises(NotOpened):  # the name of another key on what this one closed
        opened(other[:2] + key_id_of(KEY) + other[10:], record, ring)


def test_no_changed_byte_goes_unseen() -> None:
    record, ring = uuid7(), Ring(OWN, (KEY,))
    stored = bytearray(_closed(record))
    for place in range(2, len(stored)):
        changed = stored.copy()
        changed[place] ^= 1
        with pytest.raises(NotOpened):
            opened(bytes(changed), record, ring)
    for end in (0, 1, 10, 26, 38, len(stored) - 1):
        if is_sealed(bytes(stored[:end])):
            with pytest.raises(NotOpened):
                opened(bytes(stored[:end]), record, ring)


def test_the_key_of_one_record_opens_that_record_alone() -> None:
    first, second, ring = uuid7(), uuid7(), Ring(OWN, (KEY,))
    one, two = _closed(first), _closed(second)
    own = own_key(first, one, ring)
    assert own is not None
    assert opened_alone(one, first, OWN, own) == SAID
    with pytest.raises(NotOpened):
        opened_alone(two, second, OWN, own)
    assert own_key(first, one, Ring(OWN, (os.urandom(32),))) is None
