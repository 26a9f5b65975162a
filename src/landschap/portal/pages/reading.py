# SPDX-License-Identifier: EUPL-1.2
"""Asking the rooms below for one person's uses, and writing that this person looked.

A room that does not answer is named on the page; the rest is shown. Only the writing must succeed:
who looks without a line of it gets nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog

from landschap.fsc.store import contract_of_grant, peer_names
from landschap.gateway.uses.store import activities_of
from landschap.logboek.disclosure import Disclosure
from landschap.logboek.drafts import line_draft
from landschap.logboek.faults import LogUnavailable, QueueFull
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Record
from landschap.logboek.store import by_transaction
from landschap.logboek.store.holds import disclosure
from landschap.logboek.store.told import use_told, uses_told
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.web.sessions import Session
from landschap.portal.filters import Filter
from landschap.portal.known import Known
from landschap.portal.pages.context import PortalDeps
from landschap.portal.uses import FieldGroup, Lookups, Use, field_groups, use_of
from landschap.portal.words import group_words
from landschap.purposes.store import confidential_activities
from landschap.vocabulary.identifiers import GrantHash, InvalidValue
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

log = structlog.get_logger(__name__)

READ_AT_ONCE = 500
_NO_ANSWER = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_Answer = TypeVar("_Answer")

LOOK_NAME = "Inwoner bekijkt wie gegevens gebruikte"
LOOK_GROUP = "gebruik"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The uses that were read, newest first, and which rooms did not answer.

    ``missing`` holds ``log``, ``register`` or ``names``. ``is_all`` is false when the period holds
    more than was read at once.
    """

    uses: Sequence[Use]
    missing: tuple[str, ...]
    is_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The contract under which data went, as far as a resident wants to know it."""

    parties: tuple[str, ...]
    since: datetime
    until: datetime


async def write_look(deps: PortalDeps, session: Session[Known]) -> None:
    """Record that this person looks; returns when it is durable.

    Raises ProblemError (503) when it can not be recorded: then nothing may be shown.
    """
    now = datetime.now(UTC)
    key_id, key = list(deps.pseudonym_keys.items())[-1]
    entry = LineEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        name=LOOK_NAME,
        started_at=now,
        ended_at=now,
        controller=deps.settings.organisation.oin.value,
        outcome=Outcome.DELIVERED,
        system=f"landschap-portal/{deps.version}",
        activity=deps.look_activity,
        subject=_pseudonym(deps, key, session),
        subject_type=f"{deps.pseudonym_space}/bsn/{key_id}",
        key_id=key_id,
        data_groups=(LOOK_GROUP,),
    )
    try:
        await deps.writer.append([line_draft(entry, now=now)])
    except (LogUnavailable, QueueFull) as error:
        log.warning("look not recorded", error=str(error))
        raise ProblemError(_NOT_RECORDED) from None


_NOT_RECORDED = Refusal(
    code="log_unavailable",
    status=503,
    title="Looking can not be recorded now",
    detail="We show data only when we can record that it was shown. Try again in a few minutes.",
    owner="the operator of this service",
    fault=Fault.OURS,
)


# Without the register it is not known which uses the law holds back: then none is told.
_UNTOLD = Reading(uses=(), missing=("log", "register"), is_all=False)
_NO_LOG = Reading(uses=(), missing=("log",), is_all=False)


async def read_uses(deps: PortalDeps, session: Session[Known], chosen: Filter) -> Reading:
    """The uses of this person in the chosen period; the rest of the filter is for the caller."""
    since, until = chosen.moments()
    disclosed = await _disclosed(deps)
    if isinstance(disclosed, Reading):
        return disclosed
    records = await _try(
        uses_told(
            deps.log_pool,
            _subjects(deps, session),
            since,
            until,
            READ_AT_ONCE + 1,
            disclosed,
            before_record=chosen.before,
        )
    )
    if records is None:
        return _NO_LOG
    shown = records[:READ_AT_ONCE]
    uses, missing = await _as_uses(deps, shown)
    return Reading(uses=uses, missing=missing, is_all=len(records) == len(shown))


async def read_use(deps: PortalDeps, session: Session[Known], record_id: UUID) -> Reading:
    """One use, if it is of this person; else none: whether it exists is nobody's business."""
    disclosed = await _disclosed(deps)
    if isinstance(disclosed, Reading):
        return disclosed
    try:
        record = await use_told(deps.log_pool, record_id, _subjects(deps, session), disclosed)
    except _NO_ANSWER as error:
        log.warning("a room does not answer", error=type(error).__name__)
        return _NO_LOG
    if record is None:
        return Reading(uses=(), missing=(), is_all=True)
    uses, missing = await _as_uses(deps, [record])
    return Reading(uses=uses, missing=missing, is_all=True)


async def _disclosed(deps: PortalDeps) -> Disclosure | Reading:
    """What may be told; a reading without uses when that can not be known."""
    confidential = await _try(confidential_activities(deps.purposes_pool))
    if confidential is None:
        return _UNTOLD
    return await _try(disclosure(deps.log_pool, confidential)) or _NO_LOG


async def read_fields(deps: PortalDeps, use: Use) -> list[FieldGroup]:
    """The fields of a use, from the decision on the question it answers; else an empty list."""
    if use.transaction_id is None:
        return []
    records = await _try(by_transaction(deps.log_pool, use.transaction_id))
    return field_groups(records or [])


async def read_agreement(deps: PortalDeps, use: Use, names: Lookups) -> Agreement | None:
    """The contract of a use; None without one, or when it is not found now."""
    try:
        grant = GrantHash.parse(use.grant_hash)
    except InvalidValue:
        return None
    stored = await _try(contract_of_grant(deps.fsc_pool, grant))
    if stored is None:
        return None
    contract = stored.contract
    parties = (names.party(peer.value) for peer in contract.participants)
    return Agreement(
        parties=tuple(party.name or party.number for party in parties),
        since=contract.not_before,
        until=contract.not_after,
    )


async def lookups(deps: PortalDeps) -> tuple[Lookups, bool]:
    """Names of organisations, and whether they could be asked."""
    names = await _try(peer_names(deps.fsc_pool))
    organisation = deps.settings.organisation
    found = Lookups(
        own=organisation.oin,
        own_name=organisation.name,
        look_activity=deps.look_activity,
        names=names or {},
    )
    return found, names is not None


async def _as_uses(
    deps: PortalDeps, records: Sequence[Record]
) -> tuple[list[Use], tuple[str, ...]]:
    names, has_names = await lookups(deps)
    activities = await _try(activities_of(deps.purposes_pool, records))
    has_register = activities is not None
    complete = Lookups(
        own=names.own,
        own_name=names.own_name,
        look_activity=names.look_activity,
        names=names.names,
        activities=activities or {},
        group_words=group_words,
    )
    missing = [*([] if has_register else ["register"]), *([] if has_names else ["names"])]
    return [use_of(record, complete) for record in records], tuple(missing)


async def _try(question: Awaitable[_Answer]) -> _Answer | None:
    """The answer of another room, None when it does not answer (which is told in the log)."""
    try:
        return await question
    except _NO_ANSWER as error:
        log.warning("a room does not answer", error=type(error).__name__)
        return None


def _subjects(deps: PortalDeps, session: Session[Known]) -> list[bytes]:
    return [_pseudonym(deps, key, session) for key in deps.pseudonym_keys.values()]


def _pseudonym(deps: PortalDeps, key: bytes, session: Session[Known]) -> bytes:
    oin = deps.settings.organisation.oin
    return subject_pseudonym(key, oin, "bsn", session.known.bsn)
