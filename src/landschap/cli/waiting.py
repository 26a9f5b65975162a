# SPDX-License-Identifier: EUPL-1.2
"""``landschap contract wait``: until the others have signed, with an exit code for each end.

What is awaited happens elsewhere, so only our own database is looked at, twice a second, and each
change is told on stderr: who must still sign, what could not be delivered yet and why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import click

from landschap.cli.agreement import Desk, as_json, delivery_json, printed, reach
from landschap.cli.config_option import config_option
from landschap.cli.deskwork import find_contract, json_option, print_json, run, which
from landschap.fsc import store
from landschap.fsc.states import State
from landschap.vocabulary.ijson import JsonValue

_LOOK_SECONDS = 0.5


class End(StrEnum):
    """How waiting ended."""

    VALID = "valid"
    EXPIRED = "expired"
    REFUSED = "refused"
    UNREACHABLE = "peer unreachable"
    LATE = "time is up"


EXIT_OF = {End.VALID: 0, End.EXPIRED: 1, End.REFUSED: 4, End.UNREACHABLE: 5, End.LATE: 6}
_ENDED = {
    State.REJECTED: End.REFUSED,
    State.REVOKED: End.REFUSED,
    State.EXPIRED: End.EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A contract at one moment: as JSON, and as the lines people read."""

    told: dict[str, JsonValue]
    lines: Sequence[str]
    state: State
    ready: bool
    deliveries: Sequence[store.Delivery]


@click.command("wait")
@which
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86_400 * 366),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="Give up after this long; 0 looks once.",
)
@click.option("--ready", is_flag=True, help="Also wait until our Outway can use its connections.")
@json_option
@config_option
@click.pass_context
def wait(
    ctx: click.Context, config: Path, content_hash: str, timeout: float, ready: bool, in_json: bool
) -> None:  # fmt: skip
    """Wait until a contract is valid, or can no longer become so.

    Exit code 0: valid. 4: a participant rejected or revoked it. 1: it expired. When the time is up:
    5 when something could not be delivered to a participant, else 6.

    \b
    Examples:
      landschap contract wait X1KsN8G5 --timeout 3600
      landschap contract wait X1KsN8G5 --ready --json && landschap doctor 00000099000000002000
    """
    end, look = run(config, lambda desk: _until_end(desk, content_hash, timeout, ready=ready))
    if in_json:
        print_json({**look.told, "outcome": end.value})
    else:
        click.echo("\n".join(look.lines))
    if end in (End.LATE, End.UNREACHABLE):
        why = ": ".join([end.value, *_undelivered(look.deliveries)[:1]])
        click.echo(f"{why}\n  `landschap contract wait {content_hash}` waits on", err=True)
    ctx.exit(EXIT_OF[end])


async def _until_end(
    desk: Desk, content_hash: str, seconds: float, *, ready: bool
) -> tuple[End, _Look]:
    """Look again and again. Raises ClickException when there is no such contract."""
    wanted = (await find_contract(desk, content_hash)).contract.hash.value
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    shown = ""
    while True:
        look = await _look(replace(desk, now=datetime.now(UTC)), wanted)
        words = _progress(look, ready=ready)
        if words != shown:
            click.echo(words, err=True)
            shown = words
        if look.state is State.VALID and (look.ready or not ready):
            return End.VALID, look
        if look.state in _ENDED:
            return _ENDED[look.state], look
        if loop.time() >= until:
            return (End.UNREACHABLE if _undelivered(look.deliveries) else End.LATE), look
        await asyncio.sleep(min(_LOOK_SECONDS, max(0.0, until - loop.time())))


async def _look(desk: Desk, content_hash: str) -> _Look:
    found = await find_contract(desk, content_hash)
    told = as_json(desk, found, await reach(desk))
    deliveries = await store.deliveries(desk.fsc, found.contract.hash)
    told["deliveries"] = [delivery_json(desk, each) for each in deliveries]
    grants = told["grants"]
    return _Look(
        told=told,
        lines=printed(desk, told, deliveries),
        state=found.state(desk.now),
        ready=isinstance(grants, Sequence) and not _not_ready(grants),
        deliveries=deliveries,
    )


def _not_ready(grants: Sequence[JsonValue]) -> list[str]:
    """Why our own connections can not be used yet; empty when they can, or none is ours."""
    return [
        str(each.get("trouble"))
        for each in grants
        if isinstance(each, Mapping) and each.get("ready") is False
    ]


def _progress(look: _Look, *, ready: bool) -> str:
    """Where it stands, in one line that only changes when something did."""
    parts = [look.state.value]
    waiting = look.told["waitingFor"]
    if look.state is State.PROPOSED and isinstance(waiting, Sequence):
        names = ", ".join(map(str, waiting))
        parts.append(f"waiting for {names}" if names else f"begins {look.told['notBefore']}")
    grants = look.told["grants"]
    if ready and look.state is State.VALID and isinstance(grants, Sequence):
        parts += _not_ready(grants)
    return "; ".join([*parts, *_undelivered(look.deliveries)])


def _undelivered(deliveries: Sequence[store.Delivery]) -> list[str]:
    """What did not arrive at a participant, and why."""
    return [
        f"{each.errand.task} to peer {each.errand.target}: {each.last_error}"
        for each in deliveries
        if each.state in ("waiting", "refused") and each.last_error
    ]
