# SPDX-License-Identifier: EUPL-1.2
"""Reading assertions from JSON lines: how a register is moved from one system to another.

    {"object": "UIT-2019-0001", "kenmerk": "UIT-2019-0001/1", "soort": "REGISTRATIE",
     "geldigVan": "2019-05-01", "geldigTot": null,
     "tijdstipRegistratie": "2019-05-06T09:12:00+02:00",
     "inhoud": {...}, "corrigeert": null, "bron": {"document": "..."}}

``geldigTot`` is the first day outside; ``inhoud`` null says that nothing holds in that period;
``corrigeert`` is the ``kenmerk`` of another line of the same file. ``groep`` is only needed for
types with more than one group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from datetime import date, datetime

from landschap.registers.models import ObjectType
from landschap.registers.operations import Draft
from landschap.registers.periods import BEGINNING, OPEN, IncompleteDate, Period
from landschap.registers.schemas import Schema, faults
from landschap.registers.sources import (
    Reading,
    Refused,
    RowFault,
    Sourced,
    SourceRow,
    UnreadableSource,
    draft_digest,
    model_faults,
)
from landschap.registers.timeline import Kind
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_moment

_NULLABLE_TEXT: Schema = {"type": ["string", "null"]}
_LINE: Schema = {
    "type": "object",
    "required": ["object", "kenmerk", "soort", "geldigVan", "tijdstipRegistratie", "inhoud"],
    "additionalProperties": False,
    "properties": {
        "object": {"type": "string", "minLength": 1},
        "kenmerk": {"type": "string", "minLength": 1},
        "groep": {"type": "string"},
        "soort": {"enum": [kind.value for kind in Kind if kind is not Kind.ERASURE]},
        "geldigVan": _NULLABLE_TEXT,
        "geldigTot": {"type": ["string", "null"], "format": "date"},
        "tijdstipRegistratie": {"type": "string", "format": "date-time"},
        "inhoud": {"type": ["object", "null"]},
        "corrigeert": _NULLABLE_TEXT,
        "bron": {"type": "object"},
    },
}


def readings(
    kind: ObjectType,
    file: str,
    rows: Iterable[SourceRow | RowFault],
    digests: MutableMapping[str, bytes],
) -> Iterator[Sourced | Refused]:
    """The assertions of one file in its order; ``digests`` is filled with its marks."""
    for row in rows:
        if isinstance(row, RowFault):
            yield Refused(faults=[row])
            continue
        object_id = row.cells.get("object")
        whose = object_id if isinstance(object_id, str) else ""
        try:
            reading = _reading(kind, file, row, digests)
        except UnreadableSource as error:
            yield Refused(faults=error.faults, type_key=kind.key, object_id=whose)
            continue
        mark = str(row.cells["kenmerk"])
        wrong = model_faults(reading, file, row.line)
        if mark in digests:
            wrong.append(_fault(file, row, "kenmerk", "stands on an earlier line too", "dubbel"))
        digests[mark] = reading.digest
        if wrong:
            yield Refused(faults=wrong, type_key=kind.key, object_id=whose)
        else:
            yield Sourced(reading=reading, file=file, line=row.line)


def _reading(kind: ObjectType, file: str, row: SourceRow, digests: Mapping[str, bytes]) -> Reading:
    wrong = [
        _fault(file, row, fault.pointer.lstrip("/"), fault.message)
        for fault in faults(row.cells, _LINE)
    ]
    if wrong:
        raise UnreadableSource(wrong)
    try:
        draft = _draft(kind, row.cells)
    except InvalidValue as error:
        raise UnreadableSource([_fault(file, row, "geldigVan", str(error))]) from None
    object_id, corrects = str(row.cells["object"]), row.cells.get("corrigeert")
    if corrects is not None and str(corrects) not in digests:
        raise UnreadableSource(
            [_fault(file, row, "corrigeert", "names no earlier line of this file")]
        )
    return Reading(
        type=kind,
        object_id=object_id,
        draft=draft,
        digest=draft_digest(object_id, draft),
        corrects_digest=digests[str(corrects)] if corrects is not None else None,
    )


def _draft(kind: ObjectType, cells: Mapping[str, JsonValue]) -> Draft:
    begin = IncompleteDate.parse(str(cells["geldigVan"])) if cells["geldigVan"] else None
    end = cells.get("geldigTot")
    content, source = cells["inhoud"], cells.get("bron")
    return Draft(
        period=Period(begin.lo if begin else BEGINNING, _day(end) if end else OPEN),
        kind=Kind(str(cells["soort"])),
        content=content if isinstance(content, Mapping) else None,
        group=str(cells.get("groep") or kind.groups[0]),
        # Year 1 is how a source may write an unknown begin; it is kept as written.
        begin_source=None if begin is None or (begin.complete and begin.year > 1) else begin,
        source_registered_at=_moment(cells["tijdstipRegistratie"]),
        source=source if isinstance(source, Mapping) else {},
    )


def _day(value: JsonValue) -> date:
    return date.fromisoformat(str(value))


def _moment(value: JsonValue) -> datetime:
    return parse_moment(str(value))


def _fault(file: str, row: SourceRow, column: str, message: str, rule: str = "vorm") -> RowFault:
    return RowFault(
        file=file,
        line=row.line,
        column=column,
        message=message,
        remedy="Correct this line.",
        rule=rule,
    )
