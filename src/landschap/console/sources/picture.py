# SPDX-License-Identifier: EUPL-1.2
"""A plan as a picture: a box per source, a column per stage, a line per link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landschap.integration.plan import Ask, Plan

WIDTH, HEIGHT, GAP_X, GAP_Y, EDGE = 176, 58, 44, 14, 4
_LETTERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One source in the picture; ``words`` are cut to what fits, the table beside it has all."""

    source: str
    name: str
    words: str
    detail: str
    x: int
    y: int
    middle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A link between two boxes."""

    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of it, in pixels."""

    width: int
    height: int
    boxes: Sequence[Box]
    wires: Sequence[Wire]


def pictured(plan: Plan) -> Picture:
    """Where each source of a plan stands: stages from left to right, branches below each other."""
    rows: dict[str, float] = {}
    _place(plan, plan.root, rows, 0)
    boxes = {ask.source.name: _box(ask, rows[ask.source.name]) for ask in plan.asks}
    wires = [
        _wire(boxes[ask.link.origin.source], boxes[ask.source.name])
        for ask in plan.asks
        if ask.link is not None
    ]
    return Picture(
        width=max(box.x for box in boxes.values()) + WIDTH + EDGE,
        height=max(box.y for box in boxes.values()) + HEIGHT + EDGE,
        boxes=list(boxes.values()),
        wires=wires,
    )


def _place(plan: Plan, ask: Ask, rows: dict[str, float], free: int) -> int:
    """Give a source and all below it a row; gives the first row that is free after them."""
    below = plan.below(ask.source.name)
    at = free
    for child in below:
        at = _place(plan, child, rows, at)
    if not below:
        rows[ask.source.name] = free
        return free + 1
    rows[ask.source.name] = (rows[below[0].source.name] + rows[below[-1].source.name]) / 2
    return at


def _box(ask: Ask, row: float) -> Box:
    y = EDGE + round(row * (HEIGHT + GAP_Y))
    count = len(ask.columns)
    return Box(
        source=ask.source.name,
        name=_cut(ask.source.name),
        words=_cut(ask.source.access.words),
        detail=str(count),
        x=EDGE + (ask.stage - 1) * (WIDTH + GAP_X),
        y=y,
        middle=y + HEIGHT // 2,
    )


def _wire(one: Box, other: Box) -> Wire:
    return Wire(x1=one.x + WIDTH, y1=one.middle, x2=other.x, y2=other.middle)


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
