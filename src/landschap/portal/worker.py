# SPDX-License-Identifier: EUPL-1.2
"""Makes the copy of their data for who asked for it, and says meanwhile how far it is.

It goes the way of the person's own pages: decided, recorded, read. A worker that ends in the middle
leaves the copy open; another begins it anew after a minute without a sign of life.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog

from landschap.gateway.saying.store.copies import (
    forget_files,
    keep_file,
    take_file,
    tell_file,
)
from landschap.gateway.saying.store.requests import Request, request_by_number
from landschap.gateway.saying.store.sealing import seal_copy, unseal_person
from landschap.platform.bundles import zipped
from landschap.platform.documents import file_of
from landschap.platform.loops import forever, pause
from landschap.platform.web.sealed import NONCE_BYTES
from landschap.platform.web.sessions import Session
from landschap.portal.copying import README, Facts, document_of, schema, tree_of
from landschap.portal.known import Known
from landschap.portal.pages.context import PortalDeps
from landschap.portal.pages.control import Control
from landschap.portal.pages.looking import Looking, Seen
from landschap.portal.pages.looks import subjects_of, write_look
from landschap.portal.pages.reading import book_of
from landschap.portal.uses import Use
from landschap.purposes.choosing import uses_of
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.ijson import canonical

LOOK_SECONDS = 5.0
_PAGES = 40
"""Of uses, 500 each: more are not put in one copy."""
_SINCE = timedelta(days=20 * 366)
_DOING = "kopie van gegevens gemaakt"
_GROUP = "gebruik"
log = structlog.get_logger(__name__)
Deps = Callable[[], Awaitable[PortalDeps]]


async def keep_making(control: Control, deps: Deps, stop: asyncio.Event) -> None:
    """Make what is asked until ``stop``. ``deps`` is called when there is something to make."""

    async def rounds() -> None:
        while not stop.is_set():
            await make_due(control, deps)
            await forget_files(control.rooms.gateway, datetime.now(UTC))
            await pause(stop, LOOK_SECONDS)

    await forever(rounds, stop, "copies of data")


async def make_due(control: Control, deps: Deps) -> bool:
    """Make the next one; True when there was one."""
    number = await take_file(control.rooms.gateway, datetime.now(UTC))
    if number is None:
        return False
    request = await request_by_number(control.rooms.gateway, number)
    person = unseal_person(request.asked.sealed, control.seal_keys()) if request else None
    if request is None or person is None:
        log.warning("copy can not be made: who asked can not be read", request=str(number))
        return True
    made = await deps()
    archive = await _archive(made, control, request, person.bsn)
    sealed = seal_copy(archive, number, control.seal_keys()[0], os.urandom(NONCE_BYTES))
    await keep_file(control.rooms.gateway, number, sealed)
    return True


async def _archive(deps: PortalDeps, control: Control, request: Request, bsn: str) -> bytes:
    """The files of one copy."""
    pool, number = control.rooms.gateway, request.number
    portal = deps.settings.oidc.portal
    # The request was made with a login of at least this level.
    known = Known(
        bsn=bsn,
        name="",
        level=portal.minimum_level if portal else "",
        authenticated_at=int(request.asked.said_at.timestamp()),
        id_token="",
    )
    session = Session(hash=b"", known=known, until=datetime.now(UTC))

    async def advance(done: int, total: int) -> None:
        await tell_file(pool, number, done, total + 2)

    seen = Seen(objects=())
    if deps.own is not None:
        seen = await Looking(deps, deps.own, session).everything(advance)
    await write_look(deps, session, _DOING, _GROUP)
    uses, has_more = await _uses(deps, known)
    snapshot, _ = await current_snapshot(deps.purposes_pool)
    organisation, now = deps.settings.organisation, datetime.now(UTC).replace(microsecond=0)
    facts = Facts(
        number=str(number),
        organisation=organisation.name,
        oin=organisation.oin.value,
        made_at=now,
        objects=seen.objects,
        missing=seen.missing,
        closed=seen.closed,
        uses=uses,
        has_more_uses=has_more,
        purposes=uses_of(snapshot, now, with_consent=True),
    )
    return await asyncio.to_thread(_files, facts)


async def _uses(deps: PortalDeps, known: Known) -> tuple[list[Use], bool]:
    """What was used, newest first, as its person may see it; and whether there is more."""
    book, subjects = book_of(deps), subjects_of(deps, known)
    now, before = datetime.now(UTC), None
    found: list[Use] = []
    for _ in range(_PAGES):
        answer = await book.uses(subjects, (now - _SINCE, now + timedelta(minutes=1)), before)
        found += answer.uses
        if answer.is_all or not answer.uses:
            return found, False
        before = answer.uses[-1].id
    return found, True


def _files(facts: Facts) -> bytes:
    document, footer = document_of(facts), f"{facts.organisation}, {facts.number}"
    return zipped(
        {
            "LEESMIJ.txt": README.encode(),
            "inzage.html": file_of("html", document, facts.made_at, footer),
            "inzage.pdf": file_of("pdf", document, facts.made_at, footer),
            "gegevens.json": canonical(tree_of(facts)),
            "gegevens.schema.json": canonical(schema()),
        }
    )
