# SPDX-License-Identifier: EUPL-1.2
"""Counting a quarter in the rooms that know, each through its own door. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from landschap.console.council.figures import (
    Kept,
    QuarterReport,
    Received,
    days_since,
    period_of,
    quarter_before,
    refused_of,
    told,
)
from landschap.console.council.store.incidents import incidents_between
from landschap.console.council.store.kept import kept_report
from landschap.console.council.store.outages import outages_between
from landschap.console.officers.overview import overview_of
from landschap.console.officers.store import asked_between
from landschap.console.store import emergencies_between
from landschap.console.verifying.store import ended_between
from landschap.fsc.store import peer_names
from landschap.gateway.usage.report import Report as Usage
from landschap.gateway.usage.store import Rooms, measured
from landschap.logboek.accounts import Reached, suppressed
from landschap.logboek.store.decided import decisions_between
from landschap.logboek.store.holds import holds as disclosure_holds
from landschap.logboek.store.reached import reached_between
from landschap.purposes.needs import Kind
from landschap.purposes.past.store import in_force
from landschap.purposes.persons.store import said_between
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import confidential_since, snapshot_by_version
from landschap.registers.store.reported import reported_between, standing_holds
from landschap.vocabulary.times import amsterdam_day, as_utc_text

JUDGED_WITHIN = timedelta(days=7)
"""A use of emergency access is judged by another within so long: our own measure (BIO2 8.2)."""
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)

Advance = Callable[[int], None]
"""Is told how many steps are done: pages of decisions, and stretches of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where is counted, and for whom; ``standards`` tells of a day how services stand to them."""

    console: asyncpg.Pool
    rooms: Rooms
    registers: asyncpg.Pool
    oin: str
    organisation: str
    standards: Callable[[datetime], Awaitable[Sequence[Kept]]] | None = None


@dataclass(frozen=True, slots=True)
class _Period:
    since: datetime
    until: datetime

    def holds(self, moment: datetime | None) -> bool:
        return moment is not None and self.since <= moment < self.until

    def open(self, decided: datetime | None) -> bool:
        """True for what was not decided on by the end."""
        return decided is None or decided >= self.until

    def late(self, due: datetime, decided: datetime | None) -> bool:
        """True for what was open past its term at the end, or was decided too late in here."""
        if self.open(decided):
            return due < self.until
        return self.holds(decided) and decided is not None and decided > due


async def gather(
    sources: Sources, quarter: str, now: datetime, advance: Advance = lambda _: None
) -> QuarterReport:
    """Everything of a quarter, as it may be told. Raises InvalidValue for no quarter."""
    since, until, is_whole = period_of(quarter, now)
    period = _Period(since, until)
    snapshot = await _register_of(sources.rooms.purposes, until)
    usage = await measured(sources.rooms, since, until, until - since, advance)
    before = await kept_report(sources.console, quarter_before(quarter))
    counted = {
        **await _of_persons(sources, period),
        **await _of_officers(sources.console, period),
        **await _of_log(sources.console, period),
        **await _of_rights(sources, period, usage),
    }
    return QuarterReport(
        quarter=quarter,
        since=as_utc_text(since),
        until=as_utc_text(until),
        made_at=as_utc_text(now),
        is_whole=is_whole,
        oin=sources.oin,
        organisation=sources.organisation,
        register=snapshot.version if snapshot else "",
        numbers=told(counted),
        before=before[1].numbers if before else {},
        receivers=await _receivers(sources, period, snapshot),
        refusals=refused_of(await _refusals(sources.rooms.log, period)),
        unused=_unused(usage),
        standards=tuple(await sources.standards(until)) if sources.standards else (),
    )


async def _register_of(pool: asyncpg.Pool, at: datetime) -> Snapshot | None:
    adopted = await in_force(pool, at)
    return await snapshot_by_version(pool, adopted.version) if adopted else None


async def _of_persons(sources: Sources, period: _Period) -> dict[str, int]:
    corrections = await reported_between(sources.registers, period.since, period.until)
    waiting = [each.at for each in corrections if period.open(each.decided_at)]
    every = await asked_between(sources.console, _BEGIN, period.until)
    said = await said_between(sources.rooms.purposes, period.since, period.until)
    return {
        "corrections_asked": sum(period.holds(each.at) for each in corrections),
        "corrections_open": len(waiting),
        "corrections_overdue": sum(period.late(e.until, e.decided_at) for e in corrections),
        "corrections_oldest_days": days_since(waiting, period.until),
        "access_asked": sum(period.holds(each.at) for each in every),
        "access_open": sum(period.open(each.done_at) for each in every),
        "access_overdue": sum(period.late(each.until, each.done_at) for each in every),
        "consents_given": said.get((Kind.CONSENT, True), 0),
        "consents_withdrawn": said.get((Kind.CONSENT, False), 0),
    }


async def _of_officers(pool: asyncpg.Pool, period: _Period) -> dict[str, int]:
    incidents = await incidents_between(pool, period.since, period.until)
    used = await emergencies_between(pool, period.since, period.until)
    return {
        "incidents": len(incidents),
        "incidents_told_late": sum(each.is_late(period.until) for each in incidents),
        "emergencies": len(used),
        "emergencies_unjudged": sum(
            (each.reviewed_at or period.until) > each.until + JUDGED_WITHIN for each in used
        ),
    }


async def _of_log(pool: asyncpg.Pool, period: _Period) -> dict[str, int]:
    """What is known of the log itself; without a verification nothing is said of breaks."""
    verified = await ended_between(pool, period.since, period.until)
    found = {"verifications": len(verified)}
    if verified:
        found["chain_breaks"] = sum(not each.get("intact") for each in verified)
    outages = await outages_between(pool, period.since, period.until)
    if outages is not None:
        found["outages"] = outages.count
        found["outage_minutes"] = round(outages.length / timedelta(minutes=1))
    return found


async def _of_rights(sources: Sources, period: _Period, usage: Usage) -> dict[str, int]:
    held = await confidential_since(sources.rooms.purposes, period.until)
    holds = await standing_holds(sources.registers, period.until)
    untold = [
        each
        for each in await disclosure_holds(sources.rooms.log)
        if each.decided_at < period.until and period.open(each.lifted_at)
    ]
    today = amsterdam_day(period.until)
    return {
        "unused_permissions": sum(each.use.is_unused for each in usage.policies),
        "unused_contracts": sum(each.is_unused for each in usage.contracts),
        "held_back": len(held),
        "held_back_oldest_days": days_since(held, period.until),
        "disclosure_holds": len(untold),
        "disclosure_holds_oldest_days": days_since((e.decided_at for e in untold), period.until),
        "disclosure_holds_unreviewed": sum(each.review_at < today for each in untold),
        "retention_holds": len(holds),
        "retention_holds_oldest_days": days_since(holds, period.until),
    }


def _unused(usage: Usage) -> tuple[str, ...]:
    """Permissions and contracts that nobody used, by their names."""
    policies = sorted(e.policy.id for e in usage.policies if e.use.is_unused)
    services = (
        f"{each.grant.service_name}: "
        f"{usage.names.get(each.grant.outway_peer_id.value, each.grant.outway_peer_id.value)}"
        for each in usage.contracts
        if each.is_unused
    )
    return (*policies, *sorted(services))


async def _refusals(log: asyncpg.Pool, period: _Period) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    async for page in decisions_between(log, period.since, period.until):
        found.update(dict(overview_of(page).codes))
    return list(found.items())


async def _receivers(
    sources: Sources, period: _Period, snapshot: Snapshot | None
) -> tuple[Received, ...]:
    """Who got data from us, by law: the very cells of the account, so that no two differ."""
    cells = await reached_between(sources.rooms.log, period.since, period.until)
    names = await peer_names(sources.rooms.fsc)
    given = (suppressed(each) for each in cells if each.direction == "incoming")
    found = [_received(each, names.get(each.party, each.party), snapshot) for each in given]
    return tuple(sorted(found, key=lambda each: (each.laws, each.party_name, each.activity)))


def _received(cell: Reached, party: str, snapshot: Snapshot | None) -> Received:
    versions = snapshot.activity_versions.get(cell.activity, ()) if snapshot else ()
    activity = versions[-1] if versions else None
    grounds = {each.id: each for each in snapshot.register.legal_bases} if snapshot else {}
    laws = []
    for name in activity.legal_bases if activity else ():
        law = grounds.get(name)
        laws.append(f"{law.law_name} {law.article}" if law and law.law_name else name)
    tail = cell.activity.rpartition("/")[2] or "-"
    return Received(
        laws=tuple(laws),
        activity=cell.activity,
        activity_nl=activity.name.nl if activity else tail,
        activity_en=activity.name.en if activity else tail,
        party=cell.party,
        party_name=party,
        uses=cell.uses,
        subjects=cell.subjects,
    )
