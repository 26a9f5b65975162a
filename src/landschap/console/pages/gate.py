# SPDX-License-Identifier: EUPL-1.2
"""Who may go on: looked at with every click, so that leaving and ending count at once.

A session is over when the provider says its person logged out, or somebody wrote down that they
left. Emergency access is over at its time, or when it was ended. Without a role that may enter,
only emergency access opens more than the first page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import msgspec
import structlog

from landschap.console import store
from landschap.console.known import Known
from landschap.platform.departures import (
    LOGOUT,
    by_session,
    by_subject,
    has_departed,
    note_departure,
)
from landschap.platform.identities import Employee
from landschap.platform.oidc import LoggedOut, LoginFailed, Reason
from landschap.platform.oidc_settings import ConsoleOidcSettings
from landschap.platform.settings import Settings
from landschap.platform.web.sessions import Session, change_session, end_session
from landschap.purposes.store import Following
from landschap.vocabulary.problems import ProblemError, Refusal

log = structlog.get_logger(__name__)

_BASE = "/console"
# What who is logged in without a role that may enter can reach.
_OPEN = ("/noodtoegang", "/uitloggen", "/uitgelogd", "/sessie-voorbij", "/inloggen")


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of the console, for one process."""

    settings: Settings
    pool: asyncpg.Pool
    key: bytes = field(repr=False)
    register: Following

    async def admit(self, found: Employee) -> None:
        """Raises LoginFailed for one who left, whatever the provider says now."""
        if await self._is_gone(found.subject, found.session_id, found.authenticated_at):
            raise LoginFailed(Reason.DEPARTED, "this account has left")

    async def still(self, session: Session[Known], path: str) -> Session[Known] | None:
        """The session as it is now; None when it is over. Raises ProblemError: no way in.

        What is shown after it obeys the register of purposes of this moment.
        """
        await self.register.newest()
        known = session.known
        if await self._is_gone(known.subject, known.session_id, known.authenticated_at):
            await end_session(self.pool, session.hash)
            log.info("session ended: the account has left or logged out elsewhere")
            return None
        emergency = known.emergency
        if emergency is not None and (
            datetime.now(UTC).timestamp() >= emergency.until
            or await store.is_ended(self.pool, emergency.id)
        ):
            known = msgspec.structs.replace(known, emergency=None)
            await change_session(self.pool, self.key, session.hash, known)
            session = msgspec.structs.replace(session, known=known)
        if not self.enters(known) and not _is_open(path):
            raise ProblemError(_NO_WAY_IN)
        return session

    async def depart(self, told: LoggedOut) -> None:
        """Write down what the provider said: one session is over, or all of a person."""
        account = by_session(told.session_id) if told.session_id else by_subject(told.subject)
        at = datetime.fromtimestamp(told.at, UTC)
        await note_departure(self.pool, self._oidc.issuer, account, at, LOGOUT, "provider")

    def enters(self, known: Known) -> bool:
        """True for one with a role that may enter, own or taken in an emergency."""
        desk = self.settings.desk
        allowed = self._oidc.allowed_roles.union(desk.roles if desk else ())
        return known.emergency is not None or not allowed.isdisjoint(known.roles)

    async def _is_gone(self, subject: str, session_id: str, since: float) -> bool:
        accounts = [by_subject(subject)]
        if session_id:
            accounts.append(by_session(session_id))
        return await has_departed(self.pool, self._oidc.issuer, accounts, since)

    @property
    def _oidc(self) -> ConsoleOidcSettings:
        given = self.settings.oidc.console
        assert given is not None  # noqa: S101  # without it nobody logs in
        return given


def _is_open(path: str) -> bool:
    inside = path.removeprefix(_BASE)
    return not inside or any(inside == each or inside.startswith(f"{each}/") for each in _OPEN)


_NO_WAY_IN = Refusal(
    code="emergency_needed",
    status=403,
    title="None of your roles may enter the console",
    detail="Only emergency access is open to you, for a limited time and with a reason.",
    missing="a role that may enter",
    owner="your manager",
)
