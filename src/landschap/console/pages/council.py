# SPDX-License-Identifier: EUPL-1.2
"""Periodic accounts: the quarterly reports, made, read and taken along.

    /console/verslagen                              what was made; asking for another
    /console/verslagen/{quarter}/{version}          one report
    /console/verslagen/{quarter}/{version}          POST: let anybody read it
    /console/verslagen/{quarter}/{version}/{form}   the same as html, csv, ods or pdf

The worker counts; here it is asked for. A report holds no person, so that no reason is asked.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.council.figures import quarters_until
from landschap.console.council.store.kept import (
    Made,
    Order,
    kept,
    kept_report,
    newest_order,
    order,
)
from landschap.console.council.store.published import is_published, publish
from landschap.console.known import Known
from landschap.console.pages.context import (
    LOG,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.council_words import Telling
from landschap.console.pages.officer import Officer
from landschap.platform.documents import MEDIA_TYPES, file_of
from landschap.platform.ids import uuid7
from landschap.platform.web import N_, Link

ACCOUNTS = Link(path="/console/verslagen", label=N_("Verslagen"))
_QUARTERS = 5
_QUARTER = re.compile(r"[0-9]{4}-Q[1-4]")
_BAR = 24


@dataclass(frozen=True, slots=True)
class _Council:
    deps: ConsoleDeps

    async def list(self, asked: Asked[Known]) -> Response[str]:
        told = await kept(self.deps.pool)
        newest: Order | None = await newest_order(self.deps.pool)
        values = {
            "told": told,
            "order": newest,
            "choices": quarters_until(datetime.now(UTC), _QUARTERS),
        }
        title = words_of(self.deps, asked).say(ACCOUNTS.label)
        return door_of(self.deps).show(
            asked, "console/accounts.html", title, values=values, part=LOG.path,
            crumbs=(START, LOG),
        )  # fmt: skip

    async def one(self, asked: Asked[Known], telling: Telling) -> Response[str]:
        document = telling.document()
        values = {
            "document": document,
            "made": telling.made,
            "report": telling.report,
            "forms": list(MEDIA_TYPES),
            "here": address_of(telling.made),
            "is_public": await is_published(
                self.deps.pool, telling.made.quarter, telling.made.version
            ),
            "bar": _BAR,
        }
        return door_of(self.deps).show(
            asked, "console/account.html", document.title, values=values, part=LOG.path,
            crumbs=(START, LOG, ACCOUNTS),
        )  # fmt: skip

    async def telling(self, asked: Asked[Known], quarter: str, version: int) -> Telling:
        """Raises ProblemError when there is no such report."""
        # A number of the database's own size at most: beyond it there is none either.
        found = None
        if _QUARTER.fullmatch(quarter) and 0 < version < 2**31:
            found = await kept_report(self.deps.pool, quarter, version)
        if found is None:
            raise refuse(404, "not_found", "There is no such report")
        made, report, _ = found
        return Telling(report, made, words_of(self.deps, asked).say, asked.language)


def council_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of these pages; none where nobody may look in the log."""
    console = deps.settings.oidc.console
    if deps.usage is None or not (console and console.log_officers):
        return []
    door, officer, pages = door_of(deps), Officer(deps), _Council(deps)
    one_path = ACCOUNTS.path.removeprefix("/console") + "/{quarter:str}/{version:int}"

    @get(both("/verslagen"))
    async def accounts(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        return await pages.list(asked)

    @post(both("/verslagen"), status_code=303)
    async def make(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        form = await officer.form(asked, request)
        now = datetime.now(UTC)
        if form.get("kwartaal") not in quarters_until(now, _QUARTERS):
            raise refuse(400, "request_invalid", "No report is made of this quarter")
        by = session_of(asked).known.subject
        await order(deps.pool, uuid7(), form["kwartaal"], by, now)
        return Redirect(asked.at(ACCOUNTS.path), status_code=303)

    @get(both(one_path))
    async def account(
        quarter: FromPath[str], version: FromPath[int], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        return await pages.one(asked, await pages.telling(asked, quarter, version))

    @post(both(one_path), status_code=303)
    async def let_read(
        quarter: FromPath[str], version: FromPath[int], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        await officer.form(asked, request)
        made = (await pages.telling(asked, quarter, version)).made
        by = session_of(asked).known.subject
        # One that is public, or of a quarter that was not over, stays as it is: the page tells.
        await publish(deps.pool, made.quarter, made.version, by)
        return Redirect(asked.at(address_of(made)), status_code=303)

    @get(both(one_path + "/{form:str}"))
    async def file(
        quarter: FromPath[str], version: FromPath[int], form: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        if form not in MEDIA_TYPES:
            raise refuse(404, "not_found", "There is no such file")
        return await _file(await pages.telling(asked, quarter, version), form)

    return [accounts, make, account, let_read, file]


def address_of(made: Made) -> str:
    """Where a report is shown, without language."""
    return f"{ACCOUNTS.path}/{made.quarter}/{made.version}"


async def _file(telling: Telling, form: str) -> Response[bytes]:
    make = partial(file_of, form, telling.document(), telling.made.made_at, telling.footer)
    name = f"kwartaalbericht-{telling.made.quarter}-{telling.made.version}.{form}"
    return Response(
        await asyncio.to_thread(make),
        media_type=MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
