# SPDX-License-Identifier: EUPL-1.2
"""Whether who is logged in may go on: looked at with every click, whatever is asked.

A mandate that is not for what is asked, or has ended, opens nothing; the attempt is a line of the
person represented, written before the refusal leaves. A service may need a stronger login than
this one was. Who logged out at the provider is logged out here.
Source: OpenID Connect Back-Channel Logout 1.0; Wet digitale overheid, art. 6.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from landschap.gateway.insight.api import mandate_lacks
from landschap.platform.identities import Resident
from landschap.platform.oidc import LoggedOut
from landschap.platform.oidc_words import is_enough
from landschap.platform.web.sessions import Session, end_sessions
from landschap.portal.known import Known
from landschap.portal.levels import needed_level
from landschap.portal.mandates import company_may_open, may_open
from landschap.portal.pages.looks import write_attempt
from landschap.vocabulary.problems import ProblemError

if TYPE_CHECKING:
    from landschap.portal.pages.context import PortalDeps

Still = Callable[[Session[Known], str], Awaitable[Session[Known] | None]]


def still_of(deps: PortalDeps) -> Still:
    """Lets a session go on, or raises ProblemError (403) where its mandate does not reach."""

    async def still(session: Session[Known], path: str) -> Session[Known]:
        await require_mandate(deps, session, path)
        return session

    return still


async def require_mandate(deps: PortalDeps, session: Session[Known], path: str) -> None:
    """Raises ProblemError (403) where the mandate of who acts for another does not reach."""
    known, now = session.known, datetime.now(UTC)
    mandate, services = known.mandate, deps.settings.portal.mandate_services
    portal = deps.settings.oidc.portal
    if known.company is not None:
        own = portal.company_services if portal else ()
        if company_may_open(known.company, path, own, now):
            return
    elif mandate is None or may_open(mandate, path, services, now):
        return
    await write_attempt(deps, session)
    raise ProblemError(mandate_lacks())


def needs_of(deps: PortalDeps) -> Callable[[Known | None, str], str]:
    """Which level a path needs that somebody did not log in with; empty when it is enough."""

    def needs(known: Known | None, path: str) -> str:
        needed = needed_level(path, deps.settings.portal.levels)
        if not needed or (known is not None and is_enough(known.level, needed)):
            return ""
        return needed

    return needs


def accounts_of(deps: PortalDeps) -> Callable[[Resident], Sequence[bytes]]:
    """The names under which the provider may say that this person logged out."""

    def accounts(found: Resident) -> Sequence[bytes]:
        names = (("sub", found.subject), ("sid", found.session_id))
        return [_account(deps, kind, name) for kind, name in names if name]

    return accounts


def departing(deps: PortalDeps) -> Callable[[LoggedOut], Awaitable[None]]:
    """Ends what the provider says is over: one session, or all of a person."""

    async def depart(told: LoggedOut) -> None:
        kind, name = ("sid", told.session_id) if told.session_id else ("sub", told.subject)
        # The provider tells whole seconds.
        at = datetime.fromtimestamp(told.at + 1, UTC)
        await end_sessions(deps.portal_pool, _account(deps, kind, name), at)

    return depart


def _account(deps: PortalDeps, kind: str, name: str) -> bytes:
    portal = deps.settings.oidc.portal
    said = "\x1f".join(("landschap.account", portal.issuer if portal else "", kind, name))
    return hmac.digest(deps.session_key, said.encode(), "sha256")
