# SPDX-License-Identifier: EUPL-1.2
"""From a row of logboek.record to a `Record`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

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

    When its form is gone, its payload is what is left of it, which fits no leaf. The rows of a
    pool know what opens them (`platform.postgres.pool`).
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
        keys=getattr(row, "log_keys", None),
    )


def between(
    after: tuple[str, bytes] | None, until: tuple[str, bytes] | None
) -> tuple[str, list[Any]]:
    """The condition for records after one place, lane and identifier, up to and with another.

    Within one lane it is told in a way that leaves out the months beside it.
    """
    bounds = (after, ">"), (until, "<=")
    values = [part for place, _ in bounds if place for part in (place[0], UUID(bytes=place[1]))]
    if after is not None and until is not None and after[0] == until[0]:
        return "lane = $1 AND record_id > $2 AND record_id <= $4 AND lane = $3", values
    told = [sign for place, sign in bounds if place]
    texts = [
        f"(lane, record_id) {sign} (${2 * at + 1}::text, ${2 * at + 2}::uuid)"
        for at, sign in enumerate(told)
    ]
    return " AND ".join(texts) or "true", values
