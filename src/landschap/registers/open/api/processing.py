# SPDX-License-Identifier: EUPL-1.2
"""The register of processing activities for programs.

    GET /register/v1/verwerkingsactiviteiten
    GET /register/v1/verwerkingsactiviteiten/{id}
    GET /register/v1/verwerkingsactiviteiten/{id}/versies
    GET /register/v1/verwerkingsactiviteiten/{id}/versies/{versie}

Source: VNG VAR API 0.1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import asyncpg
from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.purposes import store
from landschap.purposes.model import ProcessingActivity
from landschap.purposes.public import (
    Entry,
    Published,
    as_var,
    entry_of,
    id_of,
    is_confidential,
    published,
)
from landschap.purposes.snapshot import Snapshot
from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.documents import document_routes
from landschap.registers.api.requests import query_of
from landschap.registers.describing import About
from landschap.registers.open.describing_processing import (
    PER_PAGE,
    SERVICE,
    processing_document,
)
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal

BASE = f"/{SERVICE}/v1/verwerkingsactiviteiten"
_PAGE = "pagina"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingDesk:
    """Where the register comes from: what is in force, and the versions of before."""

    snapshot: Callable[[], Snapshot]
    pool: asyncpg.Pool

    def published(self) -> Published:
        """What is published now."""
        return published(self.snapshot(), datetime.now(UTC))

    def entry(self, number: str) -> Entry:
        """The activity of this number as it holds now. Raises ProblemError."""
        found = next((each for each in self.published().entries if str(each.id) == number), None)
        if found is None:
            raise ProblemError(_NONE)
        return found

    async def versions(self, number: str) -> Sequence[Entry]:
        """All versions of an activity of the register, newest first. Raises ProblemError."""
        snapshot = self.snapshot()
        uri = next((uri for uri in snapshot.activities if str(id_of(uri)) == number), None)
        every = await store.activity_versions(self.pool, uri) if uri else []
        if not every or is_confidential(every):
            raise ProblemError(_NONE)
        return [await self._of_its_time(snapshot, each) for each in every]

    async def _of_its_time(self, snapshot: Snapshot, activity: ProcessingActivity) -> Entry:
        """With the grounds of the register it last stood in."""
        if activity not in snapshot.register.activities:
            snapshot = await store.snapshot_holding(self.pool, activity) or snapshot
        return entry_of(snapshot, activity)


def processing_routes(desk: ProcessingDesk, about: About) -> list[ControllerRouterHandler]:
    """The routes of the register, and of its document."""

    @get(BASE, opt={"query": (_PAGE,)})
    async def every(request: AnyRequest) -> Response[bytes]:
        return json_response(_page(desk.published(), query_of(request)))

    @get(f"{BASE}/{{id:str}}", opt={"query": ()})
    async def one(id: FromPath[str]) -> Response[bytes]:  # noqa: A002  # the name VAR gives it
        return json_response(as_var(desk.entry(id)))

    @get(f"{BASE}/{{id:str}}/versies", opt={"query": ()})
    async def versions(id: FromPath[str]) -> Response[bytes]:  # noqa: A002
        items: list[JsonValue] = [as_var(each) for each in await desk.versions(id)]
        return json_response({"items": items})

    @get(f"{BASE}/{{id:str}}/versies/{{versie:str}}", opt={"query": ()})
    async def version(id: FromPath[str], versie: FromPath[str]) -> Response[bytes]:  # noqa: A002
        for each in await desk.versions(id):
            if str(each.activity.version) == versie:
                return json_response(as_var(each))
        raise ProblemError(_NONE)

    return [every, one, versions, version, *document_routes(SERVICE, processing_document(about))]


def _page(found: Published, query: Mapping[str, str]) -> dict[str, JsonValue]:
    text = query.get(_PAGE, "1")
    pages = max(1, -(-len(found.entries) // PER_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 1 <= int(text) <= pages):
        raise ProblemError(
            Refusal(
                code="query_value",
                status=HTTPStatus.BAD_REQUEST,
                title="This page does not exist",
                detail=f"{_PAGE} is a whole number from 1 to {pages}.",
            )
        )
    number = int(text)
    begin = (number - 1) * PER_PAGE
    return {
        "count": len(found.entries),
        "next": f"{BASE}?{_PAGE}={number + 1}" if number < pages else None,
        "previous": f"{BASE}?{_PAGE}={number - 1}" if number > 1 else None,
        "aantalVertrouwelijk": found.confidential,
        "results": [as_var(each) for each in found.entries[begin : begin + PER_PAGE]],
    }


_NONE = Refusal(
    code="not_found",
    status=404,
    title="There is nothing at this address",
    detail="No activity of this number, or no such version of it, is published.",
)
