# SPDX-License-Identifier: EUPL-1.2
"""A map of register objects as SVG: outlines, the object it is about, a scale bar, north.

Drawn here from our own registers: no tiles of others, no script. Colours come from the page: all is
drawn in ``currentColor``, and the object it is about is told by a thick line and a fill, so that
the picture needs no colour. It is to stand in a page (`<svg>` without a declaration).

    view = view_around(geometry, size)       which box of RD to ask neighbours for
    map_svg(features, focus, size, words, view)

Classes to style: ``map``, ``map-object``, ``map-focus``, ``map-scale``, ``map-text``.
Source: WCAG 2.2, 1.1.1 and 1.4.1; SVG 2, "title" and "desc".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from landschap.registers.geometry import envelope
from landschap.registers.geometry_crs import Box, Geometry
from landschap.vocabulary.ijson import JsonValue

# A picture with more in it is slow to draw and tells nothing.
MAX_FEATURES = 2000
# In metres: no view is smaller than a plot with what stands around it.
_LEAST_VIEW = 60.0
_ROOM_AROUND = 1.5
_POINT_RADIUS = 5
_MARGIN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One object on the map: geometry in RD, what it is called, where its name leads."""

    id: str
    name: str
    geometry: Geometry
    href: str = ""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a picture, in pixels; it shrinks with the page."""

    width: int = 640
    height: int = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a map, in the reader's language; ``description`` says in words what it shows."""

    title: str
    description: str
    attribution: str
    north: str = "N"
    metre: str = "m"
    kilometre: str = "km"
    id: str = "map"


def view_around(geometry: Geometry, size: Size) -> Box:
    """The box of RD that shows a geometry and what stands around it, in the picture's form."""
    return _fitted(envelope(geometry), size)


def map_svg(
    features: Sequence[Feature],
    focus: Collection[str],
    size: Size,
    words: Words,
    view: Box | None = None,
) -> str:
    """The map, north up. Without a view it shows what ``focus`` names, or everything.

    At most MAX_FEATURES are drawn, those in focus first. Raises ValueError without any feature
    and without a view.
    """
    shown = sorted(features, key=lambda one: one.id not in focus)[:MAX_FEATURES]
    box = view or _fitted(_around_all(shown, focus), size)
    scale = size.width / (box[2] - box[0])
    # What it is about is drawn last, over its neighbours.
    drawn = "".join(_feature(one, focus, box, scale) for one in reversed(shown))
    name, told = f"{words.id}-title", f"{words.id}-desc"
    # What is in an image is nothing to step through; where there are links, it is a group.
    role = "group" if any(one.href for one in shown) else "img"
    return (
        f'<svg class="map" viewBox="0 0 {size.width} {size.height}" width="{size.width}" '
        f'height="{size.height}" role="{role}" aria-labelledby="{escape(name)} {escape(told)}" '
        'xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{escape(name)}">{escape(words.title)}</title>'
        f'<desc id="{escape(told)}">{escape(words.description)}</desc>'
        f"{drawn}{_scale_bar(scale, size, words)}{_north(size, words)}"
        f'<text class="map-text" x="{size.width - _MARGIN}" y="{size.height - _MARGIN}" '
        f'text-anchor="end" font-size="12" fill="currentColor">{escape(words.attribution)}</text>'
        "</svg>"
    )


def _around_all(shown: Sequence[Feature], focus: Collection[str]) -> Box:
    chosen = [one for one in shown if one.id in focus] or shown
    boxes = [envelope(one.geometry) for one in chosen]
    if not boxes:
        raise ValueError("a map needs an object, or a view")
    return (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes), max(box[3] for box in boxes),
    )  # fmt: skip


def _fitted(box: Box, size: Size) -> Box:
    """A box with room around it, as wide and high as the picture is."""
    west, south, east, north = box
    form = size.width / size.height
    across = max((east - west) * _ROOM_AROUND, (north - south) * _ROOM_AROUND * form, _LEAST_VIEW)
    x, y = (west + east) / 2, (south + north) / 2
    return (x - across / 2, y - across / form / 2, x + across / 2, y + across / form / 2)


def _feature(one: Feature, focus: Collection[str], box: Box, scale: float) -> str:
    is_focus = one.id in focus
    look = (
        'class="map-object map-focus" stroke-width="3" fill-opacity="0.35"'
        if is_focus
        else 'class="map-object" stroke-width="1" fill-opacity="0.06"'
    )
    drawn = (
        f'<g {look} fill="currentColor" stroke="currentColor" stroke-linejoin="round" '
        f'fill-rule="evenodd"><title>{escape(one.name)}</title>{_shape(one, box, scale)}</g>'
    )
    return f'<a href="{escape(one.href)}">{drawn}</a>' if one.href and not is_focus else drawn


def _shape(one: Feature, box: Box, scale: float) -> str:
    coordinates = one.geometry["coordinates"]
    kind = str(one.geometry["type"])
    if kind.endswith("Point"):
        points = coordinates if kind == "MultiPoint" else [coordinates]
        return "".join(
            f'<circle cx="{x}" cy="{y}" r="{_POINT_RADIUS}"/>'
            for line in _lines(points)
            for x, y in (_placed(point, box, scale) for point in line)
        )
    closed = "Z" if kind.endswith("Polygon") else ""
    path = "".join(
        "M" + "L".join(f"{x} {y}" for x, y in (_placed(each, box, scale) for each in line)) + closed
        for line in _lines(coordinates)
    )
    fill = "" if closed else ' fill="none"'
    return f'<path d="{path}"{fill}/>'


def _placed(point: Sequence[float], box: Box, scale: float) -> tuple[float, float]:
    """Where a position of RD stands in the picture, from its upper left."""
    return round((point[0] - box[0]) * scale, 1), round((box[3] - point[1]) * scale, 1)


def _lines(node: JsonValue) -> Iterator[list[list[float]]]:
    """The lists of positions in nested coordinates: lines, rings, or points."""
    assert isinstance(node, list)  # noqa: S101  # checked when it came in; for the type checker
    first = node[0]
    if isinstance(first, list) and not isinstance(first[0], list):
        yield node
    elif isinstance(first, list):
        for inner in node:
            yield from _lines(inner)


def _scale_bar(scale: float, size: Size, words: Words) -> str:
    """A bar of a round length, at most a quarter of the picture."""
    metres = _round_length(size.width / 4 / scale)
    length, y = round(metres * scale, 1), size.height - _MARGIN
    told = f"{metres / 1000:g} {words.kilometre}" if metres >= 1000 else f"{metres:g} {words.metre}"
    return (
        f'<g class="map-scale"><path d="M{_MARGIN} {y - 6}V{y}H{_MARGIN + length}V{y - 6}" '
        'fill="none" stroke="currentColor" stroke-width="2"/>'
        f'<text class="map-text" x="{_MARGIN}" y="{y - 10}" font-size="12" '
        f'fill="currentColor">{escape(told)}</text></g>'
    )


def _round_length(most: float) -> float:
    """The greatest of 1, 2 or 5 times a power of ten that is not more."""
    power: float = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most)


def _north(size: Size, words: Words) -> str:
    x = size.width - _MARGIN - 8
    return (
        f'<g class="map-north"><path d="M{x} 44V14M{x - 5} 22L{x} 12L{x + 5} 22" fill="none" '
        'stroke="currentColor" stroke-width="2"/>'
        f'<text class="map-text" x="{x}" y="58" text-anchor="middle" font-size="12" '
        f'fill="currentColor">{escape(words.north)}</text></g>'
    )
