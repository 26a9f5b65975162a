# SPDX-License-Identifier: EUPL-1.2
"""What we share and the software it runs on, for people and for programs; nobody logs in.

/wat-wij-delen              every service: for what, which data, who may ask, until when
/over-deze-software         licence, version and where the source code is
GET /register/v1/diensten   the same for programs
GET /register/v1/software
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.platform.web import N_, Language, Link, split_path
from landschap.purposes.model import Text
from landschap.registers.api.cases import AnyRequest
from landschap.registers.open.describing_processing import SERVICE
from landschap.registers.open.pages import PROCESSING, SHARING, SOFTWARE, PagesDesk
from landschap.registers.open.sharing import Shared, Sharing, World, as_json, sharing

LICENCE = "EUPL-1.2"
LICENCE_URI = "https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12"
SERVICES_PATH = f"/{SERVICE}/v1/diensten"
SOFTWARE_PATH = f"/{SERVICE}/v1/software"
_START = Link(path="/", label=N_("Begin"))
_KEPT_SECONDS = 5.0
_PHASES = {
    "actief": N_("In gebruik"),
    "uitfaserend": N_("Stopt binnenkort"),
    "gesloten": N_("Gestopt"),
}
_KINDS = {"actief": "success", "uitfaserend": "warning", "gesloten": "inactive"}


@dataclass(slots=True, kw_only=True)
class SharingDesk:
    """Where it comes from; ``source`` is the address of the source code of this installation.

    The answer is kept for 5 seconds, so that who asks often does not make us count often.
    """

    world: Callable[[], Awaitable[World]]
    version: str
    source: str
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: tuple[float, Sharing] | None = None

    async def now(self) -> Sharing:
        """What is shared, at most 5 seconds ago."""
        async with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > _KEPT_SECONDS:
                found = sharing(await self.world(), datetime.now(UTC))
                self._kept = (time.monotonic(), found)
            return self._kept[1]


def sharing_routes(desk: SharingDesk) -> list[ControllerRouterHandler]:
    """For programs."""

    @get(SERVICES_PATH, opt={"query": ()})
    async def services() -> Response[bytes]:
        return json_response(as_json(await desk.now()))

    @get(SOFTWARE_PATH, opt={"query": ()})
    async def software() -> Response[bytes]:
        return json_response({
            "naam": "landschap", "versie": desk.version, "licentie": LICENCE,
            "licentieUri": LICENCE_URI, "broncode": desk.source,
        })  # fmt: skip

    return [services, software]


def sharing_pages(pages: PagesDesk, desk: SharingDesk) -> list[ControllerRouterHandler]:
    """For people, in both languages."""

    @get([SHARING.path, f"/en{SHARING.path}"], opt={"query": ()})
    async def services(request: AnyRequest) -> Response[str]:
        language, _ = split_path(request.url.path)
        found = await desk.now()
        values = {
            "services": [_told(pages, language, each) for each in found.services],
            "confidential": found.confidential,
            "api": SERVICES_PATH,
        }
        return pages.show(request, "sharing.html", SHARING.label, values=values, crumbs=(_START,))

    @get([SOFTWARE.path, f"/en{SOFTWARE.path}"], opt={"query": ()})
    async def software(request: AnyRequest) -> Response[str]:
        values = {
            "version": desk.version,
            "licence": LICENCE,
            "licence_uri": LICENCE_URI,
            "source": desk.source,
            "api": SOFTWARE_PATH,
        }
        return pages.show(request, "software.html", SOFTWARE.label, values=values, crumbs=(_START,))

    return [services, software]


def _told(pages: PagesDesk, language: Language, one: Shared) -> dict[str, Any]:
    """One service in the words of a page."""

    def words(text: Text) -> str:
        return text.nl if language is Language.NL else text.en

    offer = one.offer
    return {
        "name": offer.name,
        "phase": pages.site.say(language, _PHASES[offer.phase]),
        "kind": _KINDS[offer.phase],
        "deprecated": offer.deprecated,
        "sunset": offer.sunset,
        "successor": offer.successor,
        "personal": one.personal,
        "purposes": [words(each.label) for each in one.purposes],
        "activities": [
            {"path": f"{PROCESSING.path}/{each.id}", "name": words(each.activity.name)}
            for each in one.activities
        ],
        "data": one.data_groups,
        "receivers": [{"name": each.name, "oin": each.oin} for each in one.receivers],
    }
