# SPDX-License-Identifier: EUPL-1.2
"""Published counts: ``GET /{register}/v1/tellingen`` and ``/tellingen/{naam}``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.registers import store
from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.requests import query_of
from landschap.registers.models import Register, Registers
from landschap.registers.open.counting import DAY, per_group, read_day, told
from landschap.registers.open.suppression import suppressed
from landschap.registers.open.terms import Count, Terms
from landschap.registers.store.rows import Pool
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal, granted
from landschap.vocabulary.times import amsterdam_day


def count_routes(
    pool: Pool, registers: Registers, terms: Mapping[str, Terms]
) -> list[ControllerRouterHandler]:
    """The routes of every register that publishes counts; of types that are closed, too."""
    made: list[ControllerRouterHandler] = []
    for register in registers.by_name.values():
        counts = {each.name: each for each in terms[register.name].counts}
        if counts:
            made += _of(pool, register, counts)
    return made


def _of(
    pool: Pool, register: Register, counts: Mapping[str, Count]
) -> list[ControllerRouterHandler]:
    base = f"/{register.name}/v1/tellingen"

    @get(base, opt={"query": ()})
    async def every() -> Response[bytes]:
        items: list[JsonValue] = [
            {"naam": each.name, "titel": each.title, "adres": f"{base}/{each.name}"}
            for each in counts.values()
        ]
        return json_response({"items": items})

    @get(f"{base}/{{naam:str}}", opt={"query": (DAY,)})
    async def one(naam: FromPath[str], request: AnyRequest) -> Response[bytes]:
        count = counts.get(naam)
        if count is None:
            raise ProblemError(_NO_COUNT)
        return json_response(await _counted(pool, register, count, request))

    return [every, one]


async def _counted(
    pool: Pool, register: Register, count: Count, request: AnyRequest
) -> dict[str, JsonValue]:
    now = datetime.now(UTC)
    day = granted(read_day(query_of(request), amsterdam_day(now)))
    kind = register.types[count.type_name]
    known = await store.known_at(pool, register, now)
    found = await store.count_by(pool, kind, count.path, day, known)
    table = suppressed(per_group(kind, count.path, found), count.least)
    return told(count, kind, day, table)


_NO_COUNT = Refusal(
    code="not_found",
    status=404,
    title="There is nothing at this address",
    detail="No count of this name is published.",
)
