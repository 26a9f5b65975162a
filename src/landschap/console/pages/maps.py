# SPDX-License-Identifier: EUPL-1.2
"""Where an object lies, drawn from our own registers, with what lies around it.

Neighbours are objects of the same type on the same day in the same knowledge; for a type about
persons there are none, as each would be a look at somebody. The words beside the map say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from landschap.console.known import Known as Who
from landschap.console.pages.context import Asked, ConsoleDeps, Words, words_of
from landschap.platform.web import N_
from landschap.registers import store
from landschap.registers.api.cases import Case
from landschap.registers.geometry import Area, Lying, envelope
from landschap.registers.geometry_crs import RD, Box, Geometry, OutsideError, crs_kept, project
from landschap.registers.listing import Order
from landschap.registers.mapping_svg import Feature, Size, map_svg, view_around
from landschap.registers.mapping_svg import Words as MapWords
from landschap.registers.models import ObjectType
from landschap.registers.questions import Found
from landschap.registers.store import Wanted
from landschap.registers.timeline import Known
from landschap.vocabulary.ijson import JsonValue

_SIZE = Size()
_NEIGHBOURS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A map for on a page: the drawing, and in words where it is and how large.

    ``x``, ``y``, ``width`` and ``height`` are whole metres of the Dutch grid (RD). ``neighbours``
    are the objects around it: a list beside the map leads to them, so that who goes by keyboard
    does not have to step through all of them.
    """

    svg: Markup
    x: int
    y: int
    width: int
    height: int
    neighbours: Sequence[str]


async def map_of(
    deps: ConsoleDeps, asked: Asked[Who], case: Case, known: Known, found: list[Found]
) -> Mapped | None:
    """The map of what was found; None where there is no place, or it may not be seen."""
    kind = case.type
    place = kind.geometry
    if place is None or not kind.leaves(place.name) <= case.shape.leaves or len(found) != 1:
        return None
    geometry = _in_rd(kind, found[0])
    if geometry is None:
        return None
    view = view_around(geometry, _SIZE)
    features = [_feature(found[0], geometry)]
    if not kind.holds_personal_data:
        features += await _around(deps, case, known, view, found[0].object_id)
    title = words_of(deps, asked)
    svg = map_svg(
        features, {found[0].object_id}, _SIZE, _words(title, found[0], len(features) - 1), view
    )
    west, south, east, north = envelope(geometry)
    return Mapped(
        svg=Markup(svg),  # noqa: S704 - escaped where it is drawn
        x=round((west + east) / 2),
        y=round((south + north) / 2),
        width=round(east - west),
        height=round(north - south),
        neighbours=[each.id for each in features[1:]],
    )


async def _around(
    deps: ConsoleDeps, case: Case, known: Known, view: Box, focus: str
) -> list[Feature]:
    kind = case.type
    place = kind.geometry
    assert place is not None  # noqa: S101  # asked only for a type with a place
    box = _as_polygon(view)
    try:
        area = Area(place.name, Lying.INTERSECTS, project(box, RD, crs_kept(place.crs)))
    except OutsideError:
        return []
    wanted = Wanted(
        type=kind,
        filters={},
        order=Order(),
        valid_on=case.asked.valid_on,
        known=known,
        limit=_NEIGHBOURS,
        area=area,
        rows=case.permit.rows,
    )
    page = await store.page_of(deps.registers.pool, wanted)
    return [
        _feature(one, geometry)
        for one in page.found
        if one.object_id != focus and (geometry := _in_rd(kind, one)) is not None
    ]


def _feature(found: Found, geometry: Geometry) -> Feature:
    return Feature(id=found.object_id, name=found.object_id, geometry=geometry)


def _in_rd(kind: ObjectType, found: Found) -> Geometry | None:
    place = kind.geometry
    value = found.content.get(place.name) if place is not None else None
    if place is None or not isinstance(value, dict):
        return None
    try:
        return project(value, crs_kept(place.crs), RD)
    except OutsideError:
        return None


def _as_polygon(box: Box) -> Geometry:
    west, south, east, north = box
    ring: list[JsonValue] = [
        [west, south], [east, south], [east, north], [west, north], [west, south]
    ]  # fmt: skip
    return {"type": "Polygon", "coordinates": [ring]}


def _words(words: Words, found: Found, neighbours: int) -> MapWords:
    say, kind = words.say, words.title(found.type)
    return MapWords(
        title=say(N_("Kaart van %(name)s"), name=f"{kind} {found.object_id}"),
        description=say(
            N_("Het object met een dikke lijn, en %(number)s andere eromheen. Noord is boven."),
            number=neighbours,
        ),
        attribution=say(N_("Bron: ons register")),
        id="kaart",
    )
