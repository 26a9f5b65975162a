# SPDX-License-Identifier: EUPL-1.2
"""``landschap register subscriptions|inbox``: who is told of changes, and what others told us."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation, register
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.trouble import Trouble
from landschap.registers.notices import PAST_TENSE
from landschap.registers.store import inbox as received
from landschap.registers.store import notices
from landschap.registers.store import subscriptions as kept
from landschap.registers.store.notices import Backlog, Waiting
from landschap.registers.subscriptions import State, Subscription
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_Result = TypeVar("_Result")
_NOTHING = Backlog(unread=0, waiting=0, dead=0, oldest_at=None)
_PAUSED = "by the operators of this organisation"


@register.group("subscriptions")
def group() -> None:
    """See who is told of changes of a register, hold that, and send again.

    \b
    Examples:
      landschap register subscriptions list
      landschap register subscriptions replay 0194e0a0-... --after 1200
    """


@group.command("list")
@click.option("--register", "name", default="", help="Of this register only.")
@click.option("--ended", is_flag=True, help="Also those that ended.")
@json_option
@of_organisation
def list_subscriptions(desk: Desk, name: str, ended: bool, as_json: bool) -> None:
    """List the subscriptions, and how far behind each is.

    \b
    Examples:
      landschap register subscriptions list
      landschap register subscriptions list --register bag --json
    """
    if name:
        desk.register(name)

    async def work(pool: asyncpg.Pool) -> list[tuple[Subscription, Backlog]]:
        found = await kept.subscriptions(pool, name, with_ended=ended)
        behind = await notices.backlogs(pool)
        return [(each, behind.get(each.subscription_id, _NOTHING)) for each in found]

    rows = _do(desk, work)
    if as_json:
        click.echo(json.dumps([_as_json(desk, *each) for each in rows]))
        return
    table = table_of(
        "Subscription", "Register", "Peer", "To", "State", "Behind", "Dead", whole="Subscription"
    )
    for each, behind in rows:
        table.add_row(
            str(each.subscription_id), each.register, each.peer, each.wanted.sink, _state(each),
            str(behind.unread + behind.waiting), str(behind.dead),
        )  # fmt: skip
    answer.print(table)


@group.command("show")
@click.argument("subscription", type=click.UUID)
@json_option
@of_organisation
def show(desk: Desk, subscription: UUID, as_json: bool) -> None:
    """Show one subscription: what for, where to, how far, and what is wrong.

    \b
    Examples:
      landschap register subscriptions show 0194e0a0-...
    """

    async def work(pool: asyncpg.Pool) -> tuple[Subscription, Backlog]:
        found = await _found(pool, subscription)
        return found, (await notices.backlogs(pool)).get(subscription, _NOTHING)

    told = _as_json(desk, *_do(desk, work))
    if as_json:
        click.echo(json.dumps(told))
    else:
        answer.print_json(data=told)


@group.command("pause")
@click.argument("subscription", type=click.UUID)
@click.option("--reason", default=_PAUSED, show_default=True, help="What the subscriber reads.")
@of_organisation
def pause(desk: Desk, subscription: UUID, reason: str) -> None:
    """Hold a subscription; nothing is lost meanwhile.

    \b
    Examples:
      landschap register subscriptions pause 0194e0a0-... --reason "onderhoud"
    """
    _do(desk, lambda pool: _set(pool, subscription, State.PAUSED, reason))
    click.echo(f"{subscription} is paused; `resume` goes on where it stopped")


@group.command("resume")
@click.argument("subscription", type=click.UUID)
@of_organisation
def resume(desk: Desk, subscription: UUID) -> None:
    """Go on where a subscription stopped; its place of delivery is asked again whether it agrees.

    \b
    Examples:
      landschap register subscriptions resume 0194e0a0-...
    """
    _do(desk, lambda pool: _set(pool, subscription, State.ASKED, ""))
    click.echo(f"{subscription} goes on when its place of delivery agrees")


@group.command("end")
@click.argument("subscription", type=click.UUID)
@click.option("--reason", default=_PAUSED, show_default=True, help="What the subscriber reads.")
@of_organisation
def end(desk: Desk, subscription: UUID, reason: str) -> None:
    """End a subscription, for good.

    \b
    Examples:
      landschap register subscriptions end 0194e0a0-... --reason "het contract is afgelopen"
    """
    _do(desk, lambda pool: _set(pool, subscription, State.ENDED, reason))
    click.echo(f"{subscription} has ended")


@group.command("replay")
@click.argument("subscription", type=click.UUID)
@click.option("--after", type=click.IntRange(min=0), help="Everything after this volgnummer.")
@click.option("--dead", is_flag=True, help="What was given up.")
@of_organisation
def replay(desk: Desk, subscription: UUID, after: int | None, dead: bool) -> None:
    """Send again: everything after a number, or what was given up.

    A notice that comes again has the same id, so its reader knows it.

    \b
    Examples:
      landschap register subscriptions replay 0194e0a0-... --after 1200
      landschap register subscriptions replay 0194e0a0-... --dead
    """
    if (after is None) is not dead:
        raise click.UsageError("give either --after NUMBER or --dead")

    async def work(pool: asyncpg.Pool) -> str:
        found = await _found(pool, subscription)
        if after is None:
            count = await notices.revive(pool, subscription, datetime.now(UTC))
            return f"{count} notices that were given up are sent again"
        if not await notices.replay(pool, subscription, after):
            raise Trouble(
                f"nothing was sent after {after} yet, or the subscription has ended: it is "
                f"{found.state.value}, at {found.position}",
                f"give a number up to {found.position}",
            )
        return f"everything after {after} is sent again"

    click.echo(_do(desk, work))


@group.command("dead")
@click.argument("subscription", type=click.UUID)
@json_option
@of_organisation
def dead_letters(desk: Desk, subscription: UUID, as_json: bool) -> None:
    """List the notices that were given up, and why.

    \b
    Examples:
      landschap register subscriptions dead 0194e0a0-...
    """

    async def work(pool: asyncpg.Pool) -> list[Waiting]:
        await _found(pool, subscription)
        return list(await notices.dead_letters(pool, subscription))

    found = _do(desk, work)
    if as_json:
        click.echo(json.dumps([_dead_as_json(each) for each in found]))
        return
    table = table_of("Volgnummer", "Type", "Attempts", "First try", "Last answer")
    for each in found:
        table.add_row(
            str(each.notice.number), each.notice.type_key, str(each.attempts),
            as_utc_text(each.first_at) if each.first_at else "-", each.last_error,
        )  # fmt: skip
    answer.print(table)


@register.command("inbox")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--corrections", is_flag=True, help="Only that something was corrected.")
@json_option
@of_organisation
def inbox(desk: Desk, limit: int, corrections: bool, as_json: bool) -> None:
    """List the notices of other organisations, the newest first.

    \b
    Examples:
      landschap register inbox
      landschap register inbox --limit 100 --json
      landschap register inbox --corrections
    """
    ending = f"-{PAST_TENSE['CORRECTIE']}" if corrections else ""
    found = _do(desk, lambda pool: received.latest(pool, limit, ending))
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "source": each.received.source,
                        "id": each.received.event_id,
                        "type": each.received.type,
                        "subject": each.received.subject,
                        "dataref": each.received.dataref,
                        "receivedAt": as_utc_text(each.received_at),
                        "handledAt": as_utc_text(each.handled_at) if each.handled_at else None,
                        "attempts": each.attempts,
                        "lastError": each.last_error,
                    }
                    for each in found
                ]
            )
        )
        return
    table = table_of("Received", "Source", "Type", "Ask at", "Handled")
    for each in found:
        handled = as_utc_text(each.handled_at) if each.handled_at else each.last_error or "waits"
        table.add_row(
            as_utc_text(each.received_at), each.received.source, each.received.type,
            each.received.dataref, handled,
        )  # fmt: skip
    answer.print(table)


def _do(desk: Desk, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    return run_with_pool(desk.settings, "registers", work)


async def _found(pool: asyncpg.Pool, subscription_id: UUID) -> Subscription:
    found = await kept.subscription(pool, subscription_id)
    if found is None:
        raise Trouble(
            f"there is no subscription {subscription_id}",
            "`landschap register subscriptions list --ended` lists all of them",
        )
    return found


async def _set(pool: asyncpg.Pool, subscription_id: UUID, state: State, reason: str) -> None:
    found = await _found(pool, subscription_id)
    if state is State.ASKED and found.state is not State.PAUSED:
        raise Trouble(f"{subscription_id} is {found.state.value}", "only what is paused goes on")
    if not await kept.set_state(pool, subscription_id, state, reason):
        raise Trouble(f"{subscription_id} has ended", "its subscriber may ask for a new one")


def _state(each: Subscription) -> str:
    return f"{each.state.value}: {each.reason}" if each.reason else each.state.value


def _as_json(desk: Desk, each: Subscription, behind: Backlog) -> dict[str, JsonValue]:
    known = desk.registers.by_name.get(each.register)
    return {
        **({} if known is None else each.as_json(known)),
        "register": each.register,
        "peer": each.peer,
        "policy": each.policy,
        "failures": each.failures,
        "failingSince": as_utc_text(each.failing_since) if each.failing_since else None,
        "nextTryAt": as_utc_text(each.next_try_at),
        "unread": behind.unread,
        "waiting": behind.waiting,
        "dead": behind.dead,
        "oldestAt": as_utc_text(behind.oldest_at) if behind.oldest_at else None,
    }


def _dead_as_json(each: Waiting) -> dict[str, JsonValue]:
    return {
        "volgnummer": each.notice.number,
        "type": each.notice.type_key,
        "attempts": each.attempts,
        "firstAt": as_utc_text(each.first_at) if each.first_at else None,
        "lastError": each.last_error,
    }
