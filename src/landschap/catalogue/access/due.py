# SPDX-License-Identifier: EUPL-1.2
"""What our own side must have in order before it asks: ground, DPIA, agreements with processors.

It stops nobody: what our register does not say may be arranged elsewhere, and an officer decides.
Source: AVG art. 6 (ground), art. 35 (DPIA), art. 28 (processor).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from landschap.catalogue.access.wishes import Offer, Wish
from landschap.catalogue.criteria import Criteria
from landschap.catalogue.needs import State


class Kind(StrEnum):
    """What must be in order."""

    GROUND = "grondslag"
    DPIA = "dpia"
    PROCESSOR = "verwerker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One of them, and how it stands; ``what`` are articles of law, references or names."""

    kind: Kind
    state: State
    what: Sequence[str] = ()


def due_of(wish: Wish, offer: Offer, criteria: Criteria) -> list[Due]:
    """What must be in order for the purposes that were chosen; nothing before any was."""
    chosen = [each for each in offer.choices if each.uri in wish.purposes]
    if not chosen:
        return []
    activities = [one for each in chosen for one in each.activities]
    laws = [f"{law.law_name}, {law.article}" for each in chosen for law in each.grounds]
    bare = any(not each.grounds for each in chosen)
    found = [Due(kind=Kind.GROUND, state=_state(not bare), what=tuple(dict.fromkeys(laws)))]
    if criteria.personal is not False:
        named = [each.dpia for each in activities if each.dpia]
        whole = len(named) == len(activities)
        found.append(Due(kind=Kind.DPIA, state=_state(whole), what=tuple(dict.fromkeys(named))))
    processors = tuple(dict.fromkeys(one for each in activities for one in each.processors))
    if processors:
        found.append(Due(kind=Kind.PROCESSOR, state=State.UNKNOWN, what=processors))
    else:
        found.append(Due(kind=Kind.PROCESSOR, state=State.ARRANGED))
    return found


def _state(is_arranged: bool) -> State:
    return State.ARRANGED if is_arranged else State.NEEDED
