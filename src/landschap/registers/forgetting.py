# SPDX-License-Identifier: EUPL-1.2
"""The horizon of knowledge: how long it is kept what a register used to say.

    [[kennis]]
    id = "verbeterde-gegevens"
    objecttype = "persoon"
    termijn = "P5Y"        # what was corrected or replaced in our knowledge longer ago is destroyed

Timelines as known since then stay as they are; only what was no answer any more by then goes. A
question about knowledge from before the horizon is refused, since its answer is gone in part.
Source: history digest, 12.6, "Retention is per group"; AVG art. 5 lid 1 sub e.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from landschap.registers.models import ObjectType
from landschap.registers.periods import without
from landschap.registers.timeline import Assertion, Known, certain_part, in_order
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import as_utc_text

ERASED_GROUP = "gewist"
GROUND = "kennis"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeRule:
    """How long what was replaced in the knowledge about a type is kept."""

    id: str
    type: ObjectType
    term: str

    def as_json(self) -> dict[str, JsonValue]:
        """The rule as a list and a statement keep it."""
        return {"id": self.id, "objecttype": self.type.key, "termijn": self.term, "soort": GROUND}


def superseded(groups: Mapping[str, Sequence[Assertion]], horizon: Known) -> list[int]:
    """The numbers of assertions that no question about knowledge since the horizon comes upon.

    Overpainted on all their days by others that were known at the horizon; what only may have
    begun does not overpaint. Doubt goes as values do; nothings stay, as they hold nothing.
    """
    found: list[int] = []
    for group, assertions in groups.items():
        if group == ERASED_GROUP:
            continue
        ordered = in_order(assertions, horizon)
        for place, assertion in enumerate(ordered):
            later = filter(None, map(certain_part, ordered[place + 1 :]))
            if assertion.content is not None and not without(assertion.period, later):
                found.append(assertion.number)
    return sorted(found)


def before_horizon(horizon: datetime) -> Refusal:
    """Asked for knowledge of which a part was destroyed. Source: history digest, 13.1."""
    return Refusal(
        code="geschiedenis.horizon",
        status=HTTPStatus.BAD_REQUEST,
        title="That long ago is not known any more",
        detail="What was known here is kept from "
        f"{as_utc_text(horizon)} on; ask for that moment or a later one.",
        extra={"horizon": as_utc_text(horizon)},
    )
