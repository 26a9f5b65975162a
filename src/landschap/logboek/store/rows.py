# SPDX-License-Identifier: EUPL-1.2
"""From a row of logboek.record to a `Record`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from landschap.logboek.forms import whole
from landschap.logboek.records import Columns, Record

COVERED = msgspec.structs.fields(Columns)
_NAMES = [field.name for field in COVERED]
# Of a table that goes by the name `record`.
_FORM = (
    "(SELECT text FROM logboek.form WHERE form.lane = record.lane AND form.no = record.form) "
    "AS form_text"
)
SELECTED = ", ".join((*_NAMES, "lane", "batch", "pos", "salt", "leaf", "payload", _FORM))


def record_of(row: Mapping[str, Any]) -> Record:
    """The record of a row that was selected with `SELECTED`.

    When its form is gone, its payload is what is left of it, which fits no leaf.
    """
    form, payload = row["form_text"], row["payload"]
    return Record(
        columns=Columns(*[row[name] for name in _NAMES]),
        lane=row["lane"],
        batch=row["batch"],
        position=row["pos"],
        salt=row["salt"],
        leaf=row["leaf"],
        payload=payload if form is None else whole(form, payload),
    )
