# SPDX-License-Identifier: EUPL-1.2
"""Which standards there are and how our services stand to them; nobody logs in.

/standaarden                    for people: duty, each service with its explanation, the trend
GET /register/v1/standaarden    the same for programs
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.platform.web import N_, Language, split_path
from landschap.purposes.model import Text
from landschap.registers.api.cases import AnyRequest
from landschap.registers.open.api.sharing import SharingDesk
from landschap.registers.open.describing_processing import SERVICE
from landschap.registers.open.pages import SHARING, STANDARDS, START, PagesDesk
from landschap.registers.open.standing import Overview, Told, as_json, overview_of
from landschap.registers.standards.model import Basis, Duty, DutyFrom, Point, Standing, State
from landschap.registers.standards.reading import Standards
from landschap.registers.standards.store import last_day, standings_on, trend
from landschap.vocabulary.times import amsterdam_day

STANDARDS_PATH = f"/{SERVICE}/v1/standaarden"
_KEPT_SECONDS = 5.0
_YEAR = timedelta(days=366)
_DUTIES: Mapping[Duty, str] = {
    Duty.NONE: N_("Nog geen plicht"),
    Duty.RECOMMENDED: N_("Aanbevolen"),
    Duty.COMPLY_OR_EXPLAIN: N_("Pas toe of leg uit"),
    Duty.BINDING: N_("Verplicht"),
}
_DUTY_KINDS: Mapping[Duty, str] = {
    Duty.NONE: "inactive",
    Duty.RECOMMENDED: "neutral",
    Duty.COMPLY_OR_EXPLAIN: "warning",
    Duty.BINDING: "danger",
}
_STATES: Mapping[State, tuple[str, str]] = {
    State.CONFORMS: ("success", N_("Voldoet")),
    State.DIFFERS: ("warning", N_("Wijkt af")),
    State.NOT_APPLICABLE: ("inactive", N_("Niet van toepassing")),
    State.UNKNOWN: ("neutral", N_("Niet bekend")),
}
_BASES: Mapping[Basis, str] = {
    Basis.MEASURED: N_("gemeten"),
    Basis.DECLARED: N_("zegt de organisatie"),
    Basis.NOTHING: N_("niemand heeft het gezegd"),
}


@dataclass(slots=True, kw_only=True)
class StandardsDesk:
    """Where it comes from: the list as it is now, what was kept per day, and what is public.

    The answer is kept for 5 seconds, so that who asks often does not make us count often.
    """

    standards: Callable[[], Standards]
    pool: asyncpg.Pool
    shared: SharingDesk
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: tuple[float, Overview] | None = None

    async def now(self) -> Overview:
        """How everything stands, at most 5 seconds ago."""
        async with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > _KEPT_SECONDS:
                self._kept = (time.monotonic(), await self._read())
            return self._kept[1]

    async def _read(self) -> Overview:
        today = amsterdam_day(datetime.now(UTC))
        shared = await self.shared.now()
        public = [each.offer.name for each in shared.services]
        day = await last_day(self.pool, today)
        told = overview_of(
            (await asyncio.to_thread(self.standards)).standards,
            await standings_on(self.pool, day) if day else (),
            await trend(self.pool, today - _YEAR, public),
            public=public,
            today=today,
        )
        return Overview(day=day, standards=told, confidential=shared.confidential)


def standards_routes(desk: StandardsDesk) -> list[ControllerRouterHandler]:
    """For programs."""

    @get(STANDARDS_PATH, opt={"query": ()})
    async def standards() -> Response[bytes]:
        return json_response(as_json(await desk.now()))

    return [standards]


def standards_pages(pages: PagesDesk, desk: StandardsDesk) -> list[ControllerRouterHandler]:
    """For people, in both languages."""

    @get([STANDARDS.path, f"/en{STANDARDS.path}"], opt={"query": ()})
    async def standards(request: AnyRequest) -> Response[str]:
        language, _ = split_path(request.url.path)
        words = _Words(pages, language)
        found = await desk.now()
        values = {
            "day": found.day,
            "confidential": found.confidential,
            "standards": [words.told(each) for each in found.standards],
            "api": STANDARDS_PATH,
        }
        return pages.show(
            request, "standards.html", STANDARDS.label, values=values, crumbs=(START, SHARING)
        )

    return [standards]


@dataclass(frozen=True, slots=True)
class _Words:
    """Standards in the words of a page."""

    pages: PagesDesk
    language: Language

    def told(self, one: Told) -> dict[str, Any]:
        duty = one.duty.duty if one.duty else Duty.NONE
        return {
            "id": one.standard.id,
            "name": one.standard.name,
            "version": one.standard.version,
            "keeper": one.standard.keeper,
            "what_for": self._text(one.standard.what_for),
            "duty": self._say(_DUTIES[duty]),
            "kind": _DUTY_KINDS[duty],
            "since": one.duty,
            "ahead": [self._duty(each) for each in one.ahead],
            "services": [self._service(each) for each in one.services],
            "trend": one.trend,
            "bars": bars(one.trend),
        }

    def _duty(self, one: DutyFrom) -> dict[str, Any]:
        return {
            "duty": self._say(_DUTIES[one.duty]), "from_day": one.from_day, "source": one.source,
        }  # fmt: skip

    def _service(self, one: Standing) -> dict[str, Any]:
        kind, state = _STATES[one.state]
        return {
            "name": one.service,
            "kind": kind,
            "state": self._say(state),
            "basis": self._say(_BASES[one.basis]),
            "evidence": self._text(one.evidence) if one.evidence else "",
            "explanation": self._text(one.explanation) if one.explanation else "",
            "lacks": one.must_explain,
        }

    def _text(self, text: Text) -> str:
        return text.nl if self.language is Language.NL else text.en

    def _say(self, text: str) -> str:
        return self.pages.site.say(self.language, text)


def bars(points: Sequence[Point]) -> list[int]:
    """Per point the part of the services that conforms, in percent; at least one when any does."""
    return [
        max(1, 100 * each.conforming // each.applicable) if each.conforming else 0
        for each in points
    ]
