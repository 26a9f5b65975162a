# SPDX-License-Identifier: EUPL-1.2
"""Reports about what another organisation holds: passed on to it, followed there, and taken back.

The report stands in our own register as any other: the copy is in doubt, and its person reads here
how it stands. It is brought at once; to who is away then, by the worker.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog

from landschap.gateway.saying import report as reports
from landschap.gateway.saying.client.reports import Courier
from landschap.gateway.saying.report import Doubt, Reported
from landschap.gateway.saying.store.passed import (
    Passed,
    State,
    keep_passed,
    passed_of,
    take_back,
)
from landschap.gateway.saying.store.sealing import seal_statement
from landschap.platform.ids import new_trace_id, uuid7
from landschap.platform.web.sealed import NONCE_BYTES
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.pages.context import OwnData, PortalDeps
from landschap.portal.pages.looks import subjects_of
from landschap.registers.models import Register
from landschap.registers.reports import Report
from landschap.registers.source_holder import SourceHolder
from landschap.registers.store.evidence import files_of_report

log = structlog.get_logger(__name__)
BRING_SECONDS, ASK_SECONDS = 3.0, 1.0
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who decides on a report, as a person knows it."""

    name: str
    address: str


def decider_of(deps: PortalDeps, register: Register) -> Decider:
    """Who decides on reports about this register."""
    if register.source is not None:
        return Decider(name=register.source.name, address=register.source.address)
    organisation = deps.settings.organisation
    contact = organisation.contact or {}
    return Decider(name=organisation.name, address=contact.get("address", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """What passing on needs, for one person."""

    deps: PortalDeps
    own: OwnData
    session: Session[Known]

    async def can_reach(self, source: SourceHolder) -> bool:
        """Whether a report can be brought to this holder; who is only away now can be."""
        courier = self.own.courier
        if courier is None or self.deps.control is None or self.session.known.kind != "bsn":
            return False
        try:
            return await courier.can_reach(source.oin)
        except _AWAY as error:
            log.warning("contracts can not be read", error=type(error).__name__)
            return True

    async def pass_on(self, register: Register, report: Report) -> None:
        """Bring a report that stands here to who holds the register. Twice does it once."""
        source, courier = register.source, self.own.courier
        if source is None or courier is None:
            return
        keys = self.own.evidence_keys() if self.own.evidence_keys else ()
        files = await files_of_report(self.own.registers.pool, keys, report.report_id)
        doubt = Doubt(
            register=source.register or register.name,
            type=report.type_key.partition(".")[2],
            object_id=report.object_id,
            path=report.paths[0],
            since=report.since,
            proposed=report.proposed,
            explanation=report.explanation,
            files=tuple(each.digest.hex() for each in files),
        )
        passed = Passed(
            report=report.report_id,
            register=register.name,
            peer=source.oin,
            subject=subjects_of(self.deps, self.session.known)[-1],
            key_id=max(self.deps.pseudonym_keys),
            said_at=datetime.now(UTC),
            trace_id=new_trace_id(),
            sealed=await self._signed(source.oin, report.report_id, doubt),
        )
        await keep_passed(courier.voice.pool, passed)
        await self._bring(courier, report.report_id, BRING_SECONDS)

    async def stands(self, report: UUID, *, ask: bool) -> Passed | None:
        """How a report stands elsewhere, asked now when it is to be decided on there."""
        courier = self.own.courier
        if courier is None:
            return None
        found = await passed_of(courier.voice.pool, report)
        if found is None or not ask or found.state is not State.DELIVERED:
            return found
        await self._bring(courier, report, ASK_SECONDS)
        return await passed_of(courier.voice.pool, report)

    async def taken_back(self, report: UUID) -> None:
        """Tell who holds the register that the person took it back."""
        courier = self.own.courier
        found = await passed_of(courier.voice.pool, report) if courier else None
        if courier is None or found is None or not found.is_open:
            return
        sealed = await self._signed(found.peer, report, None)
        if await take_back(courier.voice.pool, report, sealed):
            await self._bring(courier, report, BRING_SECONDS)

    async def _bring(self, courier: Courier, report: UUID, seconds: float) -> None:
        try:
            found = await passed_of(courier.voice.pool, report)
            if found is not None and (found.is_open or found.taken_back is not None):
                await courier.bring([found], seconds)
        except _AWAY as error:
            # It is kept: the worker goes on.
            log.warning("report not brought now", error=type(error).__name__)

    async def _signed(self, peer: str, report: UUID, doubt: Doubt | None) -> bytes:
        control, known = self.deps.control, self.session.known
        assert control is not None  # noqa: S101  # without it nobody can be reached
        said = Reported(
            issuer=control.by.number,
            audience=peer,
            subject=known.whose,
            level=known.level,
            authenticated_at=datetime.fromtimestamp(known.authenticated_at, UTC),
            said_at=datetime.now(UTC),
            jti=uuid7(),
            report=report,
            doubt=doubt,
        )
        compact = await asyncio.to_thread(reports.sign, said, control.own())
        return seal_statement(compact, peer, control.seal_keys()[0], os.urandom(NONCE_BYTES))
