# SPDX-License-Identifier: EUPL-1.2
"""Keys of pseudonyms on disk: the first like any other, and taken over while something runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.throwaway import organisation

from landschap.cli.keys import inventory
from landschap.platform import pseudonym_keys
from landschap.platform.identity import Issued
from landschap.platform.keys import make_secret_keys, secret_key
from landschap.platform.pseudonym_keys import (
    LivingKeys,
    check_shreddable,
    generations,
    living_keys,
    make_first_line_key,
    rotate_pseudonym_key,
    shred_pseudonym_key,
)
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, anchor: Issued) -> Settings:
    made = organisation(tmp_path / "o", anchor)
    assert "pseudonym" in make_secret_keys(made)
    return made


def test_the_first_key_of_lines_is_destroyed_as_any_other_and_statements_stay(
    settings: Settings,
) -> None:
    make_first_line_key(settings)
    make_first_line_key(settings)  # a start that was cut short makes no second one
    first, statements = living_keys(settings), secret_key(settings, "pseudonym")
    assert list(first) == [1]
    assert first[1] != statements
    with pytest.raises(Trouble, match="written with now"):
        check_shreddable(settings, 1, lost=False)
    assert rotate_pseudonym_key(settings) == 2
    shred_pseudonym_key(settings, 1, NOW, lost=False)
    assert list(living_keys(settings)) == [2]
    assert not (settings.paths.secrets / "pseudonym-1.key").exists()
    assert secret_key(settings, "pseudonym") == statements
    [gone] = [each for each in generations(settings) if each.destroyed_at]
    assert (gone.number, gone.destroyed_at, gone.is_shared) == (1, NOW, False)
    rows = {each.name: each for each in inventory(settings)}
    assert rows["pseudonym"].does == "persons among statements, holds and cases"
    assert rows["pseudonym 1"].since == "destroyed 2026-11-30 12:00 UTC"
    # The file that comes back with a back-up is destroyed again, and never read.
    (settings.paths.secrets / "pseudonym-1.key").write_text("ab" * 32)
    assert list(living_keys(settings)) == [2]


def test_a_first_key_that_is_gone_is_lost_and_not_taken_for_that_of_statements(
    settings: Settings,
) -> None:
    make_first_line_key(settings)
    (settings.paths.secrets / "pseudonym-1.key").unlink()
    with pytest.raises(Trouble, match="key 1 of pseudonyms is lost"):
        living_keys(settings)


def test_an_organisation_of_before_keeps_its_first_key(settings: Settings) -> None:
    assert living_keys(settings) == {1: secret_key(settings, "pseudonym")}
    rotate_pseudonym_key(settings)
    with pytest.raises(Trouble, match="also finds consents"):
        check_shreddable(settings, 1, lost=False)
    assert generations(settings)[0].is_shared
    make_first_line_key(settings)  # too late: lines were written
    assert generations(settings)[0].is_shared
    rows = {each.name: each for each in inventory(settings)}
    assert rows["pseudonym"].does.endswith("cases, lines")


def test_what_runs_takes_a_new_key_over_and_forgets_one_that_is_destroyed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_first_line_key(settings)
    keys = LivingKeys(settings)
    first = keys.newest()
    rotate_pseudonym_key(settings)
    assert (keys.newest(), list(keys)) == (first, [1])  # not yet: it looked less than a second ago
    monkeypatch.setattr(pseudonym_keys, "LOOK_SECONDS", -1.0)
    assert keys.newest() == (2, living_keys(settings)[2])
    assert (list(keys), len(keys), keys[1]) == ([1, 2], 2, first[1])
    assert list(keys.items()) == list(zip(keys, keys.values(), strict=True))
    shred_pseudonym_key(settings, 1, NOW, lost=False)
    assert 1 not in keys
    # What can not be read now changes nothing: it is neither forgotten nor taken for destroyed.
    file = settings.paths.secrets / "pseudonym-2.key"
    kept = file.read_text()
    file.unlink()
    assert list(keys) == [2]
    file.write_text(kept)
    # Nor does what is remembered, when it can not be read: one that begins now is told.
    memory = settings.paths.data / "pseudonym-keys.json"
    for damaged in ("{", '[{"destroyed": 1}]', '[{"destroyed": 1, "at": "ooit"}]'):
        memory.write_text(damaged)
        assert list(keys) == [2]
        with pytest.raises(Trouble, match="is damaged"):
            living_keys(settings)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="Unix lets root alone give a file to another user, as this does"
)
def test_what_root_remembers_is_read_by_who_runs_our_processes(settings: Settings) -> None:
    os.chown(settings.paths.secrets, 12_345, 12_345)
    make_first_line_key(settings)
    memory = settings.paths.data / "pseudonym-keys.json"
    key = settings.paths.secrets / "pseudonym-1.key"
    assert [each.stat().st_uid for each in (memory, key)] == [12_345, 12_345]
