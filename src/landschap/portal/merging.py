# SPDX-License-Identifier: EUPL-1.2
"""One list from the logs of several organisations.

Identifiers rise with time everywhere, so they order the whole. An organisation that has more than
it told ends the list where it stopped: what is older comes with the next page, from all. An act
that both sides wrote down is one use, and so is a look with the questions it led to; their trace
tells that they belong together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from landschap.gateway.insight.told import Answer
from landschap.gateway.uses.line import LOOKS
from landschap.portal.uses import Party, Use


def merged(answers: Sequence[Answer]) -> tuple[list[Use], bool]:
    """The uses of all, newest first, and whether these are all; ours come first in ``answers``."""
    ends = [each.uses[-1].id for each in answers if not each.is_all and each.uses]
    floor = max(ends, default=None)
    every = [use for each in answers for use in each.uses if floor is None or use.id >= floor]
    found = sorted(_once(every), key=lambda use: use.id, reverse=True)
    return found, all(each.is_all for each in answers)


def _once(uses: Iterable[Use]) -> list[Use]:
    """Each act once, as who told it first; all who wrote it down stand with it."""
    found: dict[tuple[object, ...], Use] = {}
    counted: defaultdict[tuple[object, ...], int] = defaultdict(int)
    for use in uses:
        key = _act(use, counted)
        known = found.get(key)
        found[key] = use if known is None else _together(known, use)
    return list(found.values())


def _act(use: Use, counted: defaultdict[tuple[object, ...], int]) -> tuple[object, ...]:
    """What names the act. Of what one organisation wrote down twice each is an act of its own."""
    if not use.trace_id or use.is_generic:
        return (use.id,)
    if use.who in LOOKS:
        return (use.trace_id, use.who)
    holder = use.holder.number if use.holder else ""
    sides = (use.trace_id, use.actor.number, holder)
    writer = (*sides, *(each.number for each in use.recorders))
    counted[writer] += 1
    return (*sides, counted[writer])


def _together(known: Use, other: Use) -> Use:
    """Of a look the line without a question to others speaks; else who told it first."""
    speaks = known
    if known.who in LOOKS and known.holder is not None and other.holder is None:
        speaks = other
    recorders: dict[str, Party] = {}
    for each in (*known.recorders, *other.recorders):
        recorders.setdefault(each.number, each)
    return replace(speaks, recorders=tuple(recorders.values()))
