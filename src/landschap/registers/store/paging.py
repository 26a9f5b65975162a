# SPDX-License-Identifier: EUPL-1.2
"""Pages of a collection as it was on (valid_on, known): candidates in order, then the answer rule.

A candidate is an object of which something that fits was ever asserted; whether it holds is
decided by `as_of`. A page is found in a bounded number of steps: where few candidates still hold,
it may be shorter than asked and yet have a next one. Objects in a place are candidates by the box
around what was once their geometry; whether they lie there is decided on the geometry itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from landschap.purposes.rows import RowCondition
from landschap.registers.cursors import Place
from landschap.registers.geometry import Area
from landschap.registers.listing import Order
from landschap.registers.migrating import codes_before
from landschap.registers.models import ObjectType
from landschap.registers.periods import Period
from landschap.registers.questions import AsOf, Found
from landschap.registers.refusals import too_broad
from landschap.registers.store.permitted import permitted
from landschap.registers.store.reading import as_of
from landschap.registers.store.rows import Pool, stored_as
from landschap.registers.store.within import last_within
from landschap.registers.timeline import Known, Uncertainty
from landschap.vocabulary.problems import ProblemError

_STEPS = 20
_STEP = 1000
# With fewer assertions in a box than this, they are gathered by the index on boxes at each page;
# with more, reading in order of id finds enough of them soon.
_FEW_IN_BOX = 100_000
# Where an order is not that of an index, all objects are read; more than this is bulk delivery.
MAX_SORTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One page: which objects, in which order, after which one, at most how many.

    ``within`` asks for what held on a day of a period, instead of on one day.
    """

    type: ObjectType
    filters: Mapping[str, str]
    order: Order
    valid_on: date
    known: Known
    limit: int
    after: Place | None = None
    uncertainty: Uncertainty = Uncertainty.SHOW
    area: Area | None = None
    # Found out once per page: whether what is in the area is gathered by its index.
    is_few: bool = True
    rows: tuple[RowCondition, ...] = ()
    within: Period | None = None
    # No history is told of what is found.
    contents_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The objects of a page, and where the next one begins; None when there is none."""

    found: Sequence[Found]
    next: Place | None


async def page_of(pool: Pool, wanted: Wanted) -> Page:
    """One page. Raises ProblemError when an order asks for reading too much."""
    wanted = await _planned(pool, wanted)
    if wanted.order.path:
        return await _sorted_page(pool, wanted)
    found: list[Found] = []
    objects: set[str] = set()
    after = wanted.after
    for number in range(_STEPS):
        step = _step(wanted, number)
        ids = await _candidates(pool, wanted, after, step)
        for one in await _holding(pool, wanted, ids):
            if len(objects) == wanted.limit and one.object_id not in objects:
                return Page(found=found, next=Place(found[-1].object_id))
            found.append(one)
            objects.add(one.object_id)
        if len(ids) < step:
            return Page(found=found, next=None)
        after = Place(ids[-1])
    return Page(found=found, next=after)


async def count_of(pool: Pool, wanted: Wanted) -> int:
    """How many objects the list holds. Raises ProblemError when that is too much to read."""
    wanted = await _planned(pool, wanted)
    total, after = 0, None
    for _ in range(MAX_SORTED // _STEP + 1):
        ids = await _candidates(pool, wanted, after, _STEP)
        total += len(_objects(await _holding(pool, wanted, ids)))
        if len(ids) < _STEP:
            return total
        after = Place(ids[-1])
    raise _too_many("telling")


async def _sorted_page(pool: Pool, wanted: Wanted) -> Page:
    """Read all, sort, cut: correct at any state of knowledge, and bounded."""
    found: list[Found] = []
    after = None
    while True:
        ids = await _candidates(pool, wanted, after, _STEP)
        found += await _holding(pool, wanted, ids)
        if len(found) > MAX_SORTED:
            raise _too_many("sort")
        if len(ids) < _STEP:
            break
        after = Place(ids[-1])
    path, down = wanted.order.path, wanted.order.descending
    # Objects without a value come last, whichever way the order goes; the id decides the rest.
    known = [one for one in found if one.content.get(path) is not None]
    ordered = sorted(known, key=lambda one: (str(one.content[path]), one.object_id), reverse=down)
    ordered += sorted(
        (one for one in found if one.content.get(path) is None),
        key=lambda one: one.object_id,
        reverse=down,
    )
    places = [_place(one, path) for one in ordered]
    start = _after(places, wanted.after)
    end = min(start + wanted.limit, len(ordered))
    # What may be one or the other of one object is not cut in two: the place would name both.
    while start < end < len(ordered) and places[end] == places[end - 1]:
        end += 1
    return Page(found=ordered[start:end], next=places[end - 1] if end < len(ordered) else None)


def _after(places: Sequence[Place], after: Place | None) -> int:
    """Where the page begins that comes after a place; past the end when it is not there."""
    if after is None:
        return 0
    found = [number for number, place in enumerate(places) if place == after]
    return found[-1] + 1 if found else len(places)


async def _holding(pool: Pool, wanted: Wanted, ids: Sequence[str]) -> list[Found]:
    """Those of the candidates that hold and pass the filters, in the order of the ids."""
    if not ids:
        return []
    question = AsOf(
        type=wanted.type,
        wanted=ids,
        valid_on=wanted.valid_on,
        known=wanted.known,
        uncertainty=wanted.uncertainty,
    )
    if wanted.rows:
        sifted = await permitted(pool, question, wanted.rows)
        question = replace(question, wanted=sifted.ids)
    fits = _fitting(wanted)
    if wanted.within is not None:
        ids_left = question.wanted if isinstance(question.wanted, Sequence) else ids
        found = await last_within(pool, wanted.type, ids_left, wanted.known, wanted.within, fits)
    else:
        found = [one for one in await as_of(pool, question) if fits(one)]
    place = {object_id: number for number, object_id in enumerate(ids)}
    return sorted(found, key=lambda one: (place[one.object_id], -one.history.number))


def _fitting(wanted: Wanted) -> Callable[[Found], bool]:
    """Whether an object passes the filters and lies in the area."""
    lies = wanted.area.holds() if wanted.area is not None else None
    path = wanted.area.path if wanted.area is not None else ""

    def fits(one: Found) -> bool:
        passes = all(str(one.content.get(path)) == value for path, value in wanted.filters.items())
        return passes and (lies is None or lies(one.content.get(path)))

    return fits


async def _candidates(pool: Pool, wanted: Wanted, after: Place | None, step: int) -> list[str]:
    """Ids that may hold, in order of id after a place; fewer than a step: there are no more."""
    down = wanted.order.descending and not wanted.order.path
    compare, direction = ("<", "DESC") if down else (">", "ASC")
    condition, values = _by_filters(wanted)
    table = "registers.assertion m"
    if wanted.area is not None:
        box, corners = _in_box(wanted.area, 3 + len(values))
        values += corners
        if wanted.is_few:
            # First all in the box, by its index, and then their order.
            table = f"""(SELECT m.* FROM registers.assertion m
                WHERE m.object_type = '{wanted.type.key}' AND {box} OFFSET 0) m"""  # noqa: S608 - literals of a model
        else:
            # IS TRUE: no index serves this, so that it is read in order of id.
            condition += f" AND ({box}) IS TRUE"
    rows = await pool.fetch(
        f"""SELECT DISTINCT m.object_id FROM {table}
            WHERE m.object_type = '{wanted.type.key}' AND m.volgnummer <= $1
              AND ($2::text IS NULL OR m.object_id {compare} $2) {condition}
            ORDER BY m.object_id {direction} LIMIT {step}""",  # noqa: S608 - literals of a model
        wanted.known.number,
        after.object_id if after else None,
        *values,
    )
    return [row["object_id"] for row in rows]


def _by_filters(wanted: Wanted) -> tuple[str, list[object]]:
    """A condition that no object fails that passes the filters: each value once stood in it.

    The paths are names of properties of a model, so that the index on a path serves.
    """
    if not wanted.filters:
        return "", []
    path, value = next(iter(wanted.filters.items()))
    kind = wanted.type
    values = codes_before(path, [value], kind.migrations)
    return f"AND {stored_as(kind, path, 'm.inhoud', 'ANY ($3)')}", [values]


def _in_box(area: Area, first: int) -> tuple[str, list[object]]:
    """A condition on an assertion, with parameters from a number on; the index on boxes serves."""
    west, south, east, north = (f"${number}" for number in range(first, first + 4))
    around = f"registers.envelope(m.inhoud -> '{area.path}')"
    return f"{around} && box(point({west}, {south}), point({east}, {north}))", list(area.box)


async def _planned(pool: Pool, wanted: Wanted) -> Wanted:
    if wanted.area is None:
        return wanted
    box, corners = _in_box(wanted.area, 1)
    found = await pool.fetchval(
        f"""SELECT count(*) FROM (SELECT FROM registers.assertion m
            WHERE m.object_type = '{wanted.type.key}' AND {box} LIMIT {_FEW_IN_BOX}) found""",  # noqa: S608 - literals of a model
        *corners,
    )
    return replace(wanted, is_few=int(found) < _FEW_IN_BOX)


def _step(wanted: Wanted, number: int) -> int:
    """How many candidates are looked at: mostly nearly all of them hold, so at first few more."""
    first = wanted.limit + wanted.limit // 8 + 1
    return min(_STEP, first if number == 0 else max(2 * wanted.limit, 200))


def _objects(found: Sequence[Found]) -> set[str]:
    return {one.object_id for one in found}


def _place(one: Found, path: str) -> Place:
    value = one.content.get(path)
    return Place(one.object_id, None if value is None else str(value))


def _too_many(name: str) -> ProblemError:
    return ProblemError(
        too_broad(
            f"{name}: more than {MAX_SORTED} objects would be read. Filter, or ask for a bulk "
            "delivery."
        )
    )
