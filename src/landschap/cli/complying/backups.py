# SPDX-License-Identifier: EUPL-1.2
"""When back-ups were made: a line per back-up in the data folder, so that it can be shown."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.times import as_utc_text

_MOST_BYTES = 16_000_000


def note_backup(settings: Settings, at: datetime, made: Path) -> int:
    """Write down that a back-up was made at a moment; how large it is. Raises OSError."""
    size = made.stat().st_size
    line = json.dumps({"at": as_utc_text(at), "bytes": size}) + "\n"
    path = _file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(opened, "a", encoding="ascii") as file:
        file.write(line)
    return size


def backups_of(settings: Settings) -> list[datetime]:
    """When each was made, in the order written. Raises Trouble for a file that is not ours."""
    path = _file(settings)
    if not path.exists():
        return []
    try:
        with path.open(encoding="ascii") as file:
            lines = file.read(_MOST_BYTES).splitlines()
        found = [_moment(json.loads(each)["at"]) for each in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        told = f"{path.name} in the data folder can not be read: {error}"
        raise Trouble(told, "restore that file, or move it away and make a back-up") from None
    return found


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment without a zone")
    return found


def _file(settings: Settings) -> Path:
    return settings.paths.data / "backups.jsonl"
