# SPDX-License-Identifier: EUPL-1.2
"""How services stand to standards, as anybody may know it: of services that are public alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from landschap.purposes.model import Text
from landschap.registers.standards.model import Duty, DutyFrom, Point, Standard, Standing, by_month
from landschap.vocabulary.ijson import JsonValue

MONTHS = 12
"""How far back the trend goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One standard: its duty of today and ahead, each service, and the last point per month."""

    standard: Standard
    duty: DutyFrom | None
    ahead: Sequence[DutyFrom]
    services: Sequence[Standing]
    trend: Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All standards in order of their list; ``day`` is when was measured, None: not yet."""

    day: date | None
    standards: Sequence[Told]
    confidential: int


def overview_of(
    standards: Sequence[Standard],
    standings: Sequence[Standing],
    trends: Mapping[str, Sequence[Point]],
    *,
    public: Sequence[str],
    today: date,
) -> Sequence[Told]:
    """What is told; a service that is not public stands in none of it."""
    names = set(public)
    return [
        Told(
            standard=each,
            duty=each.duty_on(today),
            ahead=each.ahead_of(today),
            services=[one for one in standings if one.standard == each.id and one.service in names],
            trend=by_month(trends.get(each.id, ()), MONTHS),
        )
        for each in standards
    ]


def as_json(found: Overview) -> dict[str, JsonValue]:
    """For programs, by the names that `describing_sharing` describes."""
    told: dict[str, JsonValue] = {
        "count": len(found.standards),
        "aantalVertrouwelijk": found.confidential,
        "results": [_standard_json(each) for each in found.standards],
    }
    return told | ({"gemetenOp": found.day.isoformat()} if found.day else {})


def _standard_json(one: Told) -> dict[str, JsonValue]:
    return {
        "id": one.standard.id,
        "naam": one.standard.name,
        "versie": one.standard.version,
        "beheerder": one.standard.keeper,
        "plicht": (one.duty.duty if one.duty else Duty.NONE).value,
        "plichten": [
            {"plicht": each.duty.value, "vanaf": each.from_day.isoformat(), "bron": each.source}
            for each in one.standard.duties
        ],
        "diensten": [_standing_json(each) for each in one.services],
        "verloop": [
            {
                "dag": each.day.isoformat(),
                "voldoet": each.conforming,
                "vanToepassing": each.applicable,
            }
            for each in one.trend
        ],
    }


def _standing_json(one: Standing) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "naam": one.service,
        "staat": one.state.value,
        "grondslag": one.basis.value,
        "uitlegOntbreekt": one.must_explain,
    }
    return told | _words("bevinding", one.evidence) | _words("uitleg", one.explanation)


def _words(name: str, text: Text | None) -> dict[str, JsonValue]:
    return {name: text.nl, f"{name}En": text.en} if text else {}
