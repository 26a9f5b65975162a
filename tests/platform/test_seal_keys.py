# SPDX-License-Identifier: EUPL-1.2
"""Keys that seal what is kept: a new one seals, the former ones still open."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.throwaway import organisation

from landschap.cli.keys import inventory, rotate
from landschap.platform.identity import Issued
from landschap.platform.keys import make_secret_keys, secret_key
from landschap.platform.seal_keys import SealKeys, rotate_seal_key, seal_keys
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.platform.web.sealed import seal, unseal_any

_numbers = count(1)
LABEL, NONCE = b"proef", bytes(12)


@pytest.fixture
def settings(short_folder: Path, anchor: Issued) -> Settings:
    made = organisation(short_folder / f"z{next(_numbers)}", anchor)
    make_secret_keys(made)
    return made


def test_what_a_former_key_sealed_is_opened_after_each_rotation(settings: Settings) -> None:
    told = [seal(b"een", seal_keys(settings, "request")[0], LABEL, NONCE)]
    for word in (b"twee", b"drie"):
        assert rotate_seal_key(settings, "request") == len(told)
        told.append(seal(word, seal_keys(settings, "request")[0], LABEL, NONCE))
    keys = seal_keys(settings, "request")
    assert len(set(keys)) == 3
    assert [unseal_any(each, keys, LABEL) for each in told] == [b"een", b"twee", b"drie"]
    assert unseal_any(told[0], keys[:1], LABEL) is None
    assert unseal_any(told[0], seal_keys(settings, "evidence"), LABEL) is None


def test_who_runs_takes_a_rotation_over(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = SealKeys(settings, "evidence")
    before = held()
    result = CliRunner().invoke(rotate, ["evidence", "--config", str(settings.path)])
    assert result.exit_code == 0, result.output
    monkeypatch.setattr("landschap.platform.seal_keys._LOOK_SECONDS", -1.0)
    assert held()[1:] == before
    assert held()[0] not in before
    names = [row.name for row in inventory(settings)]
    assert [each for each in names if each.startswith("evidence")] == ["evidence", "evidence (1)"]


def test_a_lost_key_is_told_and_never_made_again(settings: Settings) -> None:
    for _ in range(2):
        rotate_seal_key(settings, "request")
    (settings.paths.secrets / "request.former-1.key").unlink()
    with pytest.raises(Trouble, match="former key 1 of request is lost"):
        seal_keys(settings, "request")
    with pytest.raises(Trouble, match="is lost"):
        rotate_seal_key(settings, "request")


def test_the_key_of_sessions_goes_on_opening_what_it_sealed_before(settings: Settings) -> None:
    """As after an upgrade of an organisation that had no key for requests yet."""
    secrets, session = settings.paths.secrets, secret_key(settings, "session")
    for name in ("request", "evidence"):
        (secrets / f"{name}.key").unlink()
    remembered = settings.paths.data / "keys-made.json"
    remembered.write_text(json.dumps(["anchor", "permit", "pseudonym", "session"]))
    assert make_secret_keys(settings) == ["request", "evidence"]
    assert seal_keys(settings, "request")[1:] == (session,)
    assert len(seal_keys(settings, "evidence")) == 1
    # A new organisation has nothing of before; a second start changes nothing.
    assert make_secret_keys(settings) == []
    assert len(seal_keys(settings, "request")) == 2
