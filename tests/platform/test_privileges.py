# SPDX-License-Identifier: EUPL-1.2
"""Who runs our processes gets every key, and what is remembered of keys."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.throwaway import organisation

from landschap.platform import privileges, system_users
from landschap.platform.identity import Issued
from landschap.platform.keys import make_secret_keys
from landschap.platform.log_keys import make_log_key
from landschap.platform.logboek_settings import LogboekSettings
from landschap.platform.pseudonym_keys import rotate_pseudonym_key


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_keys_and_what_is_remembered_of_them_go_to_who_reads_them(
    tmp_path: Path, anchor: Issued
) -> None:
    made = organisation(tmp_path / "o", anchor, more=f'\n[paths]\nrun = "{tmp_path}/r"\n')
    settings = replace(made, logboek=LogboekSettings(sealed=True))
    make_secret_keys(settings)
    make_log_key(settings)
    rotate_pseudonym_key(settings)
    settings.paths.run.mkdir()
    user = system_users.choose("nobody")
    assert user is not None
    privileges._hand_over(settings, user)
    names = ("log-keys.json", "pseudonym-keys.json")
    given = [settings.paths.data / name for name in names]
    given += [settings.paths.secrets / name for name in ("log-1.key", "pseudonym-2.key")]
    assert {path.stat().st_uid for path in given} == {user.uid}
