# SPDX-License-Identifier: EUPL-1.2
"""From a row of logboek.record to a `Record`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from landschap.logboek.records import Columns, Record

COVERED = msgspec.structs.fields(Columns)
_NAMES = [field.name for field in COVERED]
SELECTED = ", ".join((*_NAMES, "lane", "batch", "pos", "salt", "leaf", "payload"))


def record_of(row: Mapping[str, Any]) -> Record:
    """The record of a row that was selected with `SELECTED`."""
    return Record(
        columns=Columns(*[row[name] for name in _NAMES]),
        lane=row["lane"],
        batch=row["batch"],
        position=row["pos"],
        salt=row["salt"],
        leaf=row["leaf"],
        payload=row["payload"],
    )
