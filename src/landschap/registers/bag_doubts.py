# SPDX-License-Identifier: EUPL-1.2
"""Doubt in the BAG: per object and property a history of its own, joined to one per object.

A row says from a day on that one property is being investigated (J) or no longer (N), and when that
was registered. Our timeline of doubt holds all properties of an object together; so at each moment
of registration the days that changed are asserted anew.
Source: BAG-extract 2.0, "KenmerkInOnderzoek"; Catalogus BAG 2018, "In onderzoek".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise

from landschap.registers.bag_xml import property_name
from landschap.registers.models import ObjectType
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.sources import (
    Reading,
    RowFault,
    SourceRow,
    UnreadableSource,
    as_assertion,
    draft_digest,
)
from landschap.registers.timeline import (
    DOUBT_PREFIX,
    Assertion,
    Clock,
    Kind,
    Known,
    Segment,
    segment_on,
    segments,
)
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_day, parse_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    object_id: str
    path: str
    in_doubt: bool
    begin: date
    end: date | None
    registered_at: datetime
    document: str


def readings(kind: ObjectType, file: str, rows: Iterable[SourceRow]) -> list[Reading]:
    """The assertions of doubt about the objects of one type. Raises UnreadableSource."""
    wrong: list[RowFault] = []
    read: list[_Row] = []
    for row in rows:
        try:
            read.append(_row(row.cells))
        except (InvalidValue, KeyError) as error:
            wrong.append(
                RowFault(
                    file=file,
                    line=row.line,
                    column="",
                    message=f"is no doubt that can be read: {error}",
                    remedy="Use an extract as it was delivered.",
                )
            )
    if wrong:
        raise UnreadableSource(wrong)
    read.sort(key=lambda row: (row.object_id, row.registered_at))
    return [
        Reading(type=kind, object_id=object_id, draft=draft, digest=draft_digest(object_id, draft))
        for object_id, group in groupby(read, key=lambda row: row.object_id)
        for draft in _drafts(kind.groups[0], list(group))
    ]


def _row(cells: Mapping[str, JsonValue]) -> _Row:
    end = str(cells.get("eindGeldigheid") or "")
    ended_at = str(cells.get("eindRegistratie") or "")
    registered = str(cells["tijdstipRegistratie"])
    # As with versions: an end counts only when it was registered along with the row itself.
    known_end = end if end and ended_at == registered else ""
    return _Row(
        object_id=str(cells["identificatie"]),
        path=property_name(str(cells["kenmerk"])),
        in_doubt=str(cells["inOnderzoek"]) == "J",
        begin=parse_day(str(cells["beginGeldigheid"])),
        end=parse_day(known_end) if known_end else None,
        registered_at=parse_moment(registered),
        document=str(cells.get("documentnummer") or ""),
    )


def _drafts(group: str, rows: Sequence[_Row]) -> Iterator[Draft]:
    """Per moment of registration: what all rows up to then say of the days it touches."""
    lines: dict[str, list[Assertion]] = {}
    told: list[Assertion] = []
    number = 0
    for moment, together in groupby(rows, key=lambda row: row.registered_at):
        news = list(together)
        for row in news:
            number += 1
            lines.setdefault(row.path, []).append(_assertion(row, number))
        known = Known(clock=Clock.SOURCE, moment=moment, number=number)
        first = min(row.begin for row in news)
        for period, paths in _joined(lines, known, first):
            names: list[JsonValue] = list(paths)
            draft = Draft(
                period=period,
                kind=Kind.DOUBT,
                content={"kenmerken": names} if names else None,
                group=DOUBT_PREFIX + group,
                source_registered_at=moment,
                source={"document": news[0].document} if news[0].document else {},
            )
            if not _says_already(told, draft):
                told.append(as_assertion(draft, len(told) + 1))
                yield draft


def _joined(
    lines: Mapping[str, Sequence[Assertion]], known: Known, first: date
) -> Iterator[tuple[Period, tuple[str, ...]]]:
    """The stretches from a day on, each with the properties in doubt there."""
    painted = {path: segments(assertions, known) for path, assertions in lines.items()}
    borders = {first, OPEN}
    for line in painted.values():
        for segment in line:
            borders |= {segment.period.begin, segment.period.end}
    days = sorted(day for day in borders if day >= first)
    last: tuple[Period, tuple[str, ...]] | None = None
    for begin, end in pairwise(days):
        paths = tuple(sorted(path for path, line in painted.items() if _doubted(line, begin)))
        if last is not None and last[1] == paths:
            last = (Period(last[0].begin, end), paths)
            continue
        if last is not None:
            yield last
        last = (Period(begin, end), paths)
    if last is not None:
        yield last


def _doubted(line: Sequence[Segment], day: date) -> bool:
    segment = segment_on(line, day)
    return segment is not None and segment.assertion.content is not None


def _assertion(row: _Row, number: int) -> Assertion:
    end = row.end if row.end is not None and row.end > row.begin else OPEN
    return Assertion(
        number=number,
        group=row.path,
        period=Period(row.begin, end),
        registered_at=row.registered_at,
        source_registered_at=row.registered_at,
        kind=Kind.DOUBT,
        content={"kenmerken": [row.path]} if row.in_doubt else None,
    )


def _says_already(told: Sequence[Assertion], draft: Draft) -> bool:
    """True when every day of the draft already has its content."""
    if draft.content is None and not told:
        return True
    assert draft.source_registered_at is not None  # noqa: S101  # set in _drafts
    known = Known(clock=Clock.SOURCE, moment=draft.source_registered_at, number=len(told))
    return any(
        segment.period.begin <= draft.period.begin
        and segment.period.end >= draft.period.end
        and segment.assertion.content == draft.content
        for segment in segments(told, known)
    )
