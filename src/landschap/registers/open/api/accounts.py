# SPDX-License-Identifier: EUPL-1.2
"""The accounts of each quarter that are published; nobody logs in.

/verantwoording                     for people: the last quarter, and those before it
GET /register/v1/kwartaalberichten  the same for programs

What may be told is decided by who gives it (`composition`): here it is only shown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.platform.web import Language, split_path
from landschap.registers.api.cases import AnyRequest
from landschap.registers.open.describing_processing import SERVICE
from landschap.registers.open.pages import ACCOUNTS, SHARING, START, PagesDesk
from landschap.vocabulary.documents import Document
from landschap.vocabulary.ijson import JsonValue

ACCOUNTS_PATH = f"/{SERVICE}/v1/kwartaalberichten"
_KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One quarter: its name, its figures, and the document in each language."""

    quarter: str
    figures: Mapping[str, JsonValue]
    documents: Mapping[Language, Document]


@dataclass(slots=True, kw_only=True)
class AccountsDesk:
    """Where they come from, the latest quarter first; kept for 5 seconds."""

    read: Callable[[], Awaitable[Sequence[Account]]]
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: tuple[float, Sequence[Account]] | None = None

    async def now(self) -> Sequence[Account]:
        """What may be read, at most 5 seconds ago."""
        async with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > _KEPT_SECONDS:
                self._kept = (time.monotonic(), await self.read())
            return self._kept[1]


def account_routes(desk: AccountsDesk) -> list[ControllerRouterHandler]:
    """For programs."""

    @get(ACCOUNTS_PATH, opt={"query": ()})
    async def accounts() -> Response[bytes]:
        found = await desk.now()
        return json_response({
            "count": len(found), "results": [dict(each.figures) for each in found],
        })  # fmt: skip

    return [accounts]


def account_pages(pages: PagesDesk, desk: AccountsDesk) -> list[ControllerRouterHandler]:
    """For people, in both languages."""

    @get([ACCOUNTS.path, f"/en{ACCOUNTS.path}"], opt={"query": ("kwartaal",)})
    async def accounts(request: AnyRequest) -> Response[str]:
        language, _ = split_path(request.url.path)
        found = await desk.now()
        wanted = request.query_params.get("kwartaal", "")
        shown = next((each for each in found if each.quarter == wanted), None)
        shown = shown or (found[0] if found else None)
        values: dict[str, Any] = {
            "document": shown.documents[language] if shown else None,
            "quarter": shown.quarter if shown else "",
            "quarters": [each.quarter for each in found],
            "api": ACCOUNTS_PATH,
            "bar": 24,
        }
        return pages.show(
            request, "accounts.html", ACCOUNTS.label, values=values, crumbs=(START, SHARING)
        )

    return [accounts]
