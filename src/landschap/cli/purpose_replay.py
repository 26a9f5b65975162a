# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose replay``: what was in force then, and would it be allowed today."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from uuid import UUID

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.grounds import Grounds, Other, Rooms
from landschap.cli.purpose import of_organisation, purpose
from landschap.cli.replayed import Replayed, Status, Tally, words_of
from landschap.cli.replaying import Replaying
from landschap.cli.verify import LOG_READER, counting
from landschap.logboek import store as log_store
from landschap.logboek.records import Kind, Record
from landschap.platform import postgres
from landschap.platform.settings import Settings
from landschap.purposes.past import store as past
from landschap.purposes.store import Adoption
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_day, parse_moment

_NOT_FOUND = 3
_PARTIAL = 6
_DIFFERS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The log, and the rooms that a decision rests on."""

    log: asyncpg.Pool
    rooms: Rooms


@purpose.command("replay")
@click.argument("identifier", metavar="[TRANSACTION|RECORD]", required=False)
@click.option("--today", is_flag=True, help="Compare with what would be decided now.")
@click.option(
    "--at", "moment", default="", help="Compare with a moment: YYYY-MM-DDThh:mm, or a day."
)
@click.option("--from", "since", default="", help="All decisions from this day or moment on.")
@click.option("--to", "until", default="", help="Up to this day or moment; default now.")
@json_option
@of_organisation
@click.pass_context
def replay(
    ctx: click.Context, /, settings: Settings, identifier: str | None, today: bool, as_json: bool,
    **times: str,
) -> None:  # fmt: skip
    """Take past decisions again: on what was in force then, and on what is in force now.

    The outcome of then must be identical to what was recorded; if not, that is an alarm. One
    decision is compared with today as well, unless --at names another moment. With --from all
    decisions of a period are taken again and counted; these are compared with --today or --at.
    Nothing is written. Exit code 7 when an outcome differs, 6 when one could not be replayed.

    \b
    Examples:
      landschap purpose replay 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e
      landschap purpose replay 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --at 2026-03-01
      landschap purpose replay --from 2026-10-01 --to 2026-11-01 --today
    """
    now = datetime.now(UTC)
    other = _other(times["moment"], today=today, now=now)
    if times["since"]:
        if identifier:
            raise click.UsageError("name one decision, or a period with --from; not both")
        since = _moment(times["since"], "--from")
        until = _moment(times["until"], "--to") if times["until"] else now + timedelta(seconds=1)
        tally = asyncio.run(_period(settings, since, until, other))
        _tell_period(tally, as_json=as_json)
        ctx.exit(_code_of(set(tally.statuses)))
    if not identifier or times["until"]:
        raise click.UsageError("name a transaction or record, or a period with --from")
    try:
        wanted = UUID(identifier)
    except ValueError:
        raise click.BadParameter(f"{identifier} is no transaction id and no record id") from None
    other = other or Other(now, is_now=True)
    found, adoptions, gone = asyncio.run(_one(settings, wanted, other))
    if not found:
        _not_there(ctx, identifier, gone)
    if as_json:
        told: list[JsonValue] = [each.as_json() for each in found]
        click.echo(json.dumps({"decisions": told}, ensure_ascii=False))
    else:
        for each in found:
            for line in words_of(each, adoptions):
                click.echo(line)
    ctx.exit(_code_of({each.status for each in found}))


async def _one(
    settings: Settings, wanted: UUID, other: Other
) -> tuple[list[Replayed], dict[str, Adoption], str]:
    """The decisions of a transaction or record; else the month that went with them."""
    async with _desk(settings) as desk:
        chosen, together = await _records(desk.log, wanted)
        if not chosen:
            return [], {}, await _dropped(desk.log, wanted)
        grounds = Grounds(desk.rooms, settings.organisation.oin.value, other)
        await grounds.begin()
        replaying = Replaying(grounds)
        found: list[Replayed] = []
        for record in chosen:
            found += await replaying.of_record(record, together, with_causes=True)
        return found, await _adoptions(desk.rooms.purposes, found), ""


async def _period(
    settings: Settings, since: datetime, until: datetime, other: Other | None
) -> Tally:
    """All decisions of a period, counted."""
    tally = Tally()
    async with _desk(settings) as desk:
        grounds = Grounds(desk.rooms, settings.organisation.oin.value, other)
        await grounds.begin()
        replaying = Replaying(grounds)
        total = await log_store.count_decisions(desk.log, since, until)
        done = 0
        with counting("Replaying", total) as advance:
            async for page in log_store.decisions_between(desk.log, since, until):
                together = await _together(desk.log, page, replaying)
                for record in page:
                    lines = together.get(record.columns.transaction_id or UUID(int=0), [])
                    tally.add(await replaying.of_record(record, lines, with_causes=False))
                done += len(page)
                advance(done)
    return tally


async def _records(pool: asyncpg.Pool, wanted: UUID) -> tuple[list[Record], list[Record]]:
    """The records that were named, and all of their transaction."""
    named = await log_store.by_transaction(pool, wanted)
    if named:
        return _with_decision(named), named
    one = await log_store.by_record(pool, wanted)
    if one is None:
        return [], []
    transaction = one.columns.transaction_id
    together = await log_store.by_transaction(pool, transaction) if transaction else [one]
    # A line tells what was done under the decisions of its transaction.
    return [one] if _with_decision([one]) else _with_decision(together), together


def _with_decision(records: Sequence[Record]) -> list[Record]:
    return [each for each in records if each.columns.kind in (Kind.FSC, Kind.ADL)]


async def _together(
    pool: asyncpg.Pool, page: Sequence[Record], replaying: Replaying
) -> dict[UUID, list[Record]]:
    """The records of the transactions in a page in which persons may have been looked up."""
    wanted = {
        each.columns.transaction_id
        for each in page
        if each.columns.transaction_id is not None and replaying.looks_at_persons(each)
    }
    return await log_store.by_transactions(pool, sorted(wanted)) if wanted else {}


async def _dropped(pool: asyncpg.Pool, wanted: UUID) -> str:
    """The month of an identifier when its records went after their term; else empty."""
    try:
        moment = datetime.fromtimestamp((wanted.int >> 80) / 1000, tz=UTC)
    except (ValueError, OverflowError):
        return ""
    month = moment.date().replace(day=1)
    return f"{month:%Y-%m}" if month in await log_store.dropped_months(pool) else ""


async def _adoptions(pool: asyncpg.Pool, found: Sequence[Replayed]) -> dict[str, Adoption]:
    sides = [side for each in found for side in (each.then, each.now) if side is not None]
    known: dict[str, Adoption] = {}
    for side in sides:
        version = side.circumstances.snapshot.version
        adopted = await past.adoption_of(pool, version, side.circumstances.at)
        if adopted is not None:
            known[version] = adopted
    return known


@asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[Desk]:
    async with postgres.database(settings):
        pools = [
            await postgres.pool(settings, "logboek", size=1, role=LOG_READER),
            *[
                await postgres.pool(settings, each, size=1)
                for each in ("purposes", "fsc", "gateway")
            ],
        ]
        try:
            log, purposes, fsc, gateway = pools
            yield Desk(log=log, rooms=Rooms(purposes=purposes, fsc=fsc, gateway=gateway))
        finally:
            for pool in pools:
                await pool.close()


def _other(moment: str, *, today: bool, now: datetime) -> Other | None:
    if moment and today:
        raise click.UsageError("compare with --today or with --at; not both")
    if today:
        return Other(now, is_now=True)
    if not moment:
        return None
    at = _moment(moment, "--at")
    if at > now:
        raise click.BadParameter("what will be in force is not known; name a moment of the past")
    return Other(at, is_now=False)


def _moment(text: str, option: str) -> datetime:
    try:
        # A day begins at midnight by the Dutch clock.
        return parse_moment(text if "T" in text else f"{parse_day(text)}T00:00")
    except InvalidValue as error:
        raise click.BadParameter(f"{option}: {error}") from None


def _not_there(ctx: click.Context, identifier: str, gone: str) -> NoReturn:
    if gone:
        why = (
            f"The records of {gone} went after their term (`landschap verify` tells of it), so "
            f"{identifier} can not be replayed any more."
        )
    else:
        why = f"The log of this organisation holds nothing under {identifier}."
    click.echo(why, err=True)
    ctx.exit(_NOT_FOUND)


def _tell_period(tally: Tally, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(tally.as_json(), ensure_ascii=False))
        return
    for line in tally.words():
        click.echo(line)


def _code_of(statuses: set[Status]) -> int:
    if Status.DIFFERS in statuses:
        return _DIFFERS
    return _PARTIAL if Status.IMPOSSIBLE in statuses else 0
