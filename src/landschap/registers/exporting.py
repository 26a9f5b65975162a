# SPDX-License-Identifier: EUPL-1.2
"""From what was found to the rows of a delivery; the same for the API and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from landschap.registers.answering import Shape, body_of, cut
from landschap.registers.derived_history import groups_told, stretches_told
from landschap.registers.geojson import in_crs
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import occurrences, registration_as_json, registrations
from landschap.registers.periods import shown
from landschap.registers.questions import AsOf, Found
from landschap.registers.timeline import Assertion, Known
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

Body = dict[str, JsonValue]
Groups = Mapping[str, Sequence[Assertion]]


def object_rows(found: Sequence[Found], question: AsOf, shape: Shape) -> list[Body]:
    """A row per object that held; more than one where what held is uncertain."""
    return [_plain(body_of(one, question, shape)) for one in found]


def content_rows(kind: ObjectType, contents: Sequence[Body], shape: Shape) -> list[Body]:
    """As `object_rows` without history, from contents as they stand in the database."""
    leaves = shape.leaves
    rows = [each if each.keys() <= leaves else cut(each, leaves) for each in contents]
    return rows if kind.geometry is None else [in_crs(kind, row, shape.crs) for row in rows]


def stretch_rows(found: Sequence[Found], known: Known, shape: Shape) -> list[Body]:
    """A row per stretch of days, with the facts of both axes."""
    whole = replace(shape, with_history=True, whole_stretch=True)
    plain = replace(whole, with_history=False)

    def told(one: Found, shape: Shape) -> Body:
        day = one.history.period.begin
        asked = AsOf(type=one.type, wanted=[one.object_id], valid_on=day, known=known)
        return _plain(body_of(one, asked, shape))

    apart = stretches_told(found, lambda one: told(one, plain), shape.leaves)
    return [told(one, whole) for one in apart]


def stretches_of(kind: ObjectType, objects: Mapping[str, Groups], known: Known) -> Iterator[Found]:
    """Every stretch of days of some objects, per object the earliest first."""
    for object_id, groups in objects.items():
        yield from reversed(occurrences(kind, object_id, groups, known))


def registration_rows(
    kind: ObjectType, objects: Mapping[str, Groups], known: Known, shape: Shape
) -> Iterator[Body]:
    """A row per assertion, per object in order of number."""
    for object_id, groups in objects.items():
        for line in registrations(groups_told(kind, shape.leaves, groups), known):
            told = registration_as_json(line)
            if not shape.with_corrections:
                del told["corrigeert"]
            if line.content is not None:
                content = cut(line.content, shape.leaves | {"kenmerken"})
                told["inhoud"] = in_crs(kind, content, shape.crs)
            yield {kind.identification: object_id, **told}


def assertion_lines(objects: Mapping[str, Groups], known: Known) -> Iterator[Body]:
    """The form in which a register is moved: `lines` reads it again.

    The moment is that of the clock of the register; what an assertion corrects is named by the
    number it had here.
    """
    for object_id, groups in objects.items():
        for line in registrations(groups, known):
            yield {
                "object": object_id,
                "kenmerk": str(line.number),
                "groep": line.group,
                "soort": line.kind.value,
                "geldigVan": _begin(line),
                "geldigTot": shown(line.period.end),
                "tijdstipRegistratie": as_utc_text(line.moment(known.clock)),
                "inhoud": line.content,
                "corrigeert": None if line.corrects is None else str(line.corrects),
                "bron": line.source,
            }


def _begin(line: Assertion) -> str | None:
    return str(line.begin_source) if line.begin_source else shown(line.period.begin)


def _plain(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "_weggelaten"}
