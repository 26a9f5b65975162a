# SPDX-License-Identifier: EUPL-1.2
"""Who acts in the name of another: looked at with every click, whatever is asked.

A mandate that is not for what is asked, or has ended, opens nothing; the attempt is a line of the
person represented, written before the refusal leaves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from landschap.gateway.insight.api import mandate_lacks
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.mandates import company_may_open, may_open
from landschap.portal.pages.looks import write_attempt
from landschap.vocabulary.problems import ProblemError

if TYPE_CHECKING:
    from landschap.portal.pages.context import PortalDeps

Still = Callable[[Session[Known], str], Awaitable[Session[Known] | None]]


def still_of(deps: PortalDeps) -> Still:
    """Lets a session go on, or raises ProblemError (403) where its mandate does not reach."""

    async def still(session: Session[Known], path: str) -> Session[Known]:
        known, now = session.known, datetime.now(UTC)
        mandate, services = known.mandate, deps.settings.portal.mandate_services
        portal = deps.settings.oidc.portal
        if known.company is not None:
            own = portal.company_services if portal else ()
            if company_may_open(known.company, path, own, now):
                return session
        elif mandate is None or may_open(mandate, path, services, now):
            return session
        await write_attempt(deps, session)
        raise ProblemError(mandate_lacks())

    return still
