# SPDX-License-Identifier: EUPL-1.2
"""The portal at the desk: an employee does here what a person says who stands before them.

The visit is looked at with every click. On every page stands whom it is about, and until when.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
from litestar.datastructures import Cookie

from landschap.platform.web import N_, Alarm, Link, Visitor
from landschap.platform.web.door import cookie
from landschap.platform.web.sessions import Session, begin_session, end_session
from landschap.portal.known import Known
from landschap.vocabulary.desk import AtDesk
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

if TYPE_CHECKING:
    from landschap.portal.pages.context import PortalDeps

SESSION_COOKIE = "__Host-sessie"
DESK_PATH = "/console/balie"
DESK_OVER = "desk_visit_over"
ENDS = frozenset({DESK_OVER})
"""Refusals of which what was typed is kept, beside those by a fault of ours."""
DONE = Link(path="/balie/klaar", label=N_("Klaar met deze persoon"))
_OVER = Refusal(
    code=DESK_OVER,
    status=403,
    title="The visit at the desk is over",
    detail="Nothing is shown and nothing was done. Begin again at the desk.",
    owner="the employee at the desk",
    fault=Fault.INPUT,
)
_ORDINARY = Callable[[Session[Known], str], Awaitable[Session[Known] | None]]


def opener(
    pool: asyncpg.Pool, key: bytes, level: str
) -> Callable[[AtDesk, str, str, int], Awaitable[Cookie]]:
    """Begins a session for the person of a visit: their number and name, known since when.

    ``level`` is what the check of a document counts as.
    """

    async def opens(at: AtDesk, bsn: str, name: str, since: int) -> Cookie:
        known = Known(
            bsn=bsn, name=name, level=level, authenticated_at=since, id_token="", at_desk=at
        )
        return cookie(SESSION_COOKIE, await begin_session(pool, key, known))

    return opens


def still_at_desk(deps: PortalDeps, ordinary: _ORDINARY) -> _ORDINARY:
    """Lets a session go on as ``ordinary`` does, and one at the desk while its visit lasts."""

    async def still(session: Session[Known], path: str) -> Session[Known] | None:
        at = session.known.at_desk
        if at is None:
            return await ordinary(session, path)
        if deps.desk is None or not await deps.desk.goes_on(at):
            await end_session(deps.portal_pool, session.hash)
            raise ProblemError(_OVER)
        return session

    return still


async def note(deps: PortalDeps, known: Known, kind: str, reference: UUID, about: str) -> None:
    """Write down what was done in this visit; nothing where there is none."""
    if known.at_desk is not None and deps.desk is not None:
        await deps.desk.note(known.at_desk, kind, reference, about)


def visitor_of(session: Session[Known], at: AtDesk, token: str) -> Visitor:
    """How the frame shows a visit: the employee, and on top of each page whom it is about."""
    until = datetime.fromtimestamp(at.until, UTC)
    return Visitor(
        name=at.employee_name,
        until=min(session.until, until),
        token=token,
        line=N_("Wat u bekijkt en doet, wordt vastgelegd"),
        leave=DONE,
        alarm=Alarm(
            title=N_("Aan de balie"),
            words=N_("U helpt %(person)s, tot %(until)s."),
            until=until,
            link=DONE,
            values={"person": session.known.name},
        ),
    )
