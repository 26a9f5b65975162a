# SPDX-License-Identifier: EUPL-1.2
"""Which keys open what the log says, when what is remembered of them can not be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.throwaway import organisation

from landschap.platform.identity import Issued
from landschap.platform.keys import make_secret_keys
from landschap.platform.log_keys import (
    LogKeys,
    kept_keys,
    make_log_key,
    rotate_log_key,
    shred_log_key,
)
from landschap.platform.logboek_settings import LogboekSettings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize("damaged", [b"{", b'[{"made": 1}]', b'[{"made": 1, "id": "geen"}]'])
def test_no_key_opens_anything_while_it_is_not_known_which_were_destroyed(
    tmp_path: Path, anchor: Issued, damaged: bytes
) -> None:
    made = organisation(tmp_path / "o", anchor)
    settings = replace(made, logboek=LogboekSettings(sealed=True))
    make_secret_keys(settings)
    make_log_key(settings)
    file = settings.paths.secrets / "log-1.key"
    back_up = file.read_text()
    rotate_log_key(settings)
    first, second = (each.key_id for each in kept_keys(settings))
    shred_log_key(settings, 1, NOW, lost=False)
    file.write_text(back_up)  # it came back
    assert (LogKeys(settings).find(first), len(LogKeys(settings).every())) == (None, 1)
    assert LogKeys(settings).find(second)
    memory = settings.paths.data / "log-keys.json"
    kept = memory.read_bytes()
    memory.write_bytes(damaged)
    with capture_logs() as logged:
        keys = LogKeys(settings)
        assert (keys.find(first), keys.find(second), keys.every()) == (None, None, [])
    assert {each["file"] for each in logged} == {str(memory)}
    assert "which of its keys were destroyed" in logged[0]["event"]
    memory.write_bytes(kept)
    assert LogKeys(settings).find(second)
