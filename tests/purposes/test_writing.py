# SPDX-License-Identifier: EUPL-1.2
"""A register as files again: nothing of it is left out, and no text becomes something else."""

from __future__ import annotations

import dataclasses
import tomllib
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.purposes.registers import text, weesp

from landschap.purposes import model
from landschap.purposes.files import parse_register
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.writing import commented, files_of, keys_of, quoted

TABLES = [each.name for each in dataclasses.fields(model.Register) if each.name != "owner"]


@pytest.mark.parametrize("table", TABLES)
def test_every_field_of_the_register_has_its_key(table: str) -> None:
    (entry, _) = typing.get_args(typing.get_type_hints(model.Register)[table])
    assert {each.name for each in dataclasses.fields(entry)} == set(keys_of(table))


@given(st.text())
def test_a_text_reads_back_as_it_was(words: str) -> None:
    assert tomllib.loads(f"a = {quoted(words)}")["a"] == words
    assert tomllib.loads(commented([words])) == {}


def test_a_register_reads_back_as_it_was() -> None:
    one = weesp()
    hard = dataclasses.replace(one.activities[0], what=text('Zeg "nee" \\ # \n en = [1]'))
    one = dataclasses.replace(one, activities=(hard, *one.activities[1:]))
    again = parse_register(files_of(one), one.owner)
    assert Snapshot(again).version == Snapshot(one).version
