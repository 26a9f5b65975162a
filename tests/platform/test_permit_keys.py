# SPDX-License-Identifier: EUPL-1.2
"""The permit key is rotated while questions are under way: two keys open, one seals."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from tests.platform.serving import landschap
from tests.throwaway import organisation

from landschap.platform.identity import Issued
from landschap.platform.keys import (
    FORMER_PERMIT_SECONDS,
    PermitKeys,
    make_secret_keys,
    rotate_permit_key,
    secret_key,
)
from landschap.platform.settings import Settings
from landschap.purposes.permit import LIFETIME, Permit, open_permit, seal
from landschap.vocabulary.problems import Refusal

NOW = datetime.now(UTC)
TRANSACTION = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
_numbers = count(1)


@pytest.fixture
def settings(short_folder: Path, anchor: Issued) -> Settings:
    made = organisation(short_folder / f"k{next(_numbers)}", anchor)
    make_secret_keys(made)
    return made


def sealed(key: bytes) -> str:
    permit = Permit(
        transaction_id=TRANSACTION,
        service="uitkeringen",
        method="POST",
        target="/v1/_zoek",
        peer="00000099000000002000",
        purpose="https://doelen.example/id/bijstand",
        policy="p",
        snapshot="s",
        activity="https://weesp.example/a",
        activity_version=1,
        fields=("bsn",),
        searchable=("bsn",),
        expires_at=NOW + LIFETIME,
    )
    return seal(permit, key)


def opens(text: str, keys: tuple[bytes, ...]) -> bool:
    found = open_permit(
        text, keys, now=NOW, method="POST", target="/v1/_zoek", service="uitkeringen"
    )
    return not isinstance(found, Refusal)


def test_a_permit_of_the_former_key_opens_for_a_while_and_then_no_more(settings: Settings) -> None:
    before = secret_key(settings, "permit")
    rotate_permit_key(settings)
    now = secret_key(settings, "permit")
    assert now != before
    held = PermitKeys(settings)()
    assert held == (now, before)
    assert opens(sealed(before), held)
    assert opens(sealed(now), held)
    former = settings.paths.secrets / "permit.former.key"
    assert former.stat().st_mode & 0o777 == 0o600
    old = time.time() - FORMER_PERMIT_SECONDS - 1
    os.utime(former, (old, old))
    held = PermitKeys(settings)()
    assert held == (now,)
    assert not opens(sealed(before), held)


def test_who_asks_gets_the_keys_as_they_are_within_a_second(settings: Settings) -> None:
    keys = PermitKeys(settings)
    (before,) = keys()
    rotate_permit_key(settings)
    time.sleep(1.1)
    assert keys() == (secret_key(settings, "permit"), before)
    # A key that can not be read now changes nothing.
    (settings.paths.secrets / "permit.key").write_text("half")
    time.sleep(1.1)
    assert keys()[1] == before


def test_the_commands_rotate_and_show_places_but_no_key(settings: Settings) -> None:
    path = str(settings.path)
    before = secret_key(settings, "permit")
    done = landschap("keys", "rotate", "permit", "--config", path)
    assert done.returncode == 0, done.stderr
    assert "5 minutes" in done.stdout
    assert secret_key(settings, "permit") != before
    shown = landschap("keys", "list", "--config", path)
    assert "permit.key, since" in shown.stdout
    assert secret_key(settings, "permit").hex() not in shown.stdout
