# SPDX-License-Identifier: EUPL-1.2
"""``landschap conform PEER``: whether a peer keeps to the standard, as far as we can see.

It reads, and brings requests that must be refused; a peer that keeps to the standard keeps nothing
of it. With a contract of ours it also takes a token and knocks at the Inway.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from landschap.cli.config_option import config_option
from landschap.cli.conform.verdicts import Outcome, Verdict, as_junit, by_subject, counted, failed

if TYPE_CHECKING:
    from landschap.cli.conform.trial import Check, Trial
    from landschap.platform.settings import Settings

_FAILED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What may be used for the test, and which checks are wanted."""

    grant: str | None
    inway: str
    only: tuple[str, ...]
    patience: float


@click.command()
@click.argument("peer", metavar="PEER")
@click.option(
    "--with-contract", "grant", metavar="GRANT",
    help="Grant hash of a connection of ours in force with it: more is tried.",
)  # fmt: skip
@click.option("--inway", default="", metavar="ADDRESS", help="Its Inway, when no GRANT is given.")
@click.option(
    "--patience", type=click.FloatRange(0, 86_400), default=0, metavar="SECONDS",
    help="Wait at most this long for a token to expire, to see it refused.",
)  # fmt: skip
@click.option("--only", multiple=True, metavar="ID", help="Only this check; repeatable.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="Also write a JUnit report."
)
@click.option("--json", "in_json", is_flag=True, help="Print as JSON.")
@config_option
@click.pass_context
def conform(
    ctx: click.Context, /, config: Path, peer: str, junit: Path | None, in_json: bool, **wish: Any
) -> None:  # fmt: skip
    """Test whether a peer keeps to the FSC standard, as far as can be seen from here.

    PEER is a Peer ID or the address of a Manager, ours or of any other make. It only reads and
    brings requests that must be refused. Each check passes, fails or is not run, with the reason;
    the names are those of the public FSC test suite where it has one. The end tells of each of the
    four that are asked of every provider alike whether it keeps to it: the way of offering,
    authentication, authorisation and the logging of use. Exit code 1 when one fails.

    \b
    Examples:
      landschap conform 00000099000000002000
      landschap conform https://manager.weesp.example:8443 --junit weesp.xml
      landschap conform 00000099000000002000 --with-contract '$1$3$53nGkZld...' --json
    """
    from landschap.platform.settings import load_settings

    settings = load_settings(config)
    wishes = Wishes(**wish)
    _known_ids(wishes.only)
    verdicts = asyncio.run(_gather(settings, peer, wishes, show=not in_json))
    numbers = counted(verdicts)
    if junit is not None:
        junit.write_bytes(as_junit(peer, verdicts))
    if in_json:
        told = {
            "peer": peer,
            "counts": {outcome.value: number for outcome, number in numbers.items()},
            "subjects": {name: each.value for name, each in by_subject(verdicts).items()},
            "checks": [each.body() for each in verdicts],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for name, outcome in by_subject(verdicts).items():
            click.echo(f"{outcome:<7}  {name}")
        click.echo(", ".join(f"{number} {outcome}" for outcome, number in numbers.items()))
    if numbers[Outcome.FAIL]:
        ctx.exit(_FAILED)


def sections() -> dict[str, Sequence[Check]]:
    """All checks, in the order in which they are done: later ones use what earlier ones found."""
    from landschap.cli.conform.agreements import AGREEMENTS
    from landschap.cli.conform.authorisation import AUTHORISATION, LOGGING
    from landschap.cli.conform.inway import INWAY
    from landschap.cli.conform.offering import AUTHENTICATION, OFFERING

    return {
        "offering": OFFERING,
        "authentication": AUTHENTICATION,
        "agreements": AGREEMENTS,
        "authorisation": AUTHORISATION,
        "logging": LOGGING,
        "inway": INWAY,
    }


async def try_all(trial: Trial, only: Sequence[str] = ()) -> AsyncIterator[Verdict]:
    """Every check, or those with these names; no answer at all is a failure of the peer."""
    from landschap.fsc.client import PeerUnreachable

    for section, checks in sections().items():
        for check in checks:
            if only and check.id not in only:
                continue
            try:
                result = await check.run(trial)
            except (PeerUnreachable, ValueError) as error:
                result = failed(str(error)[:300])
            yield Verdict(
                id=check.id,
                section=section,
                title=check.title,
                outcome=result.outcome,
                seen=result.seen,
            )


async def _gather(settings: Settings, peer: str, wishes: Wishes, *, show: bool) -> list[Verdict]:
    from landschap.cli.conform.opening import open_trial

    verdicts: list[Verdict] = []
    section = ""
    async with AsyncExitStack() as stack:
        trial = await open_trial(settings, stack, peer, grant=wishes.grant, inway=wishes.inway)
        trial.patience_seconds = wishes.patience
        async for each in try_all(trial, wishes.only):
            verdicts.append(each)
            if show:
                if each.section != section:
                    section = each.section
                    click.echo(section)
                click.echo(f"  {each.outcome:<7}  {each.id:<28} {each.title}")
                if each.outcome is not Outcome.PASS:
                    click.echo(f"{'':<11}{each.seen}")
    return verdicts


def _known_ids(only: Sequence[str]) -> None:
    known = [check.id for checks in sections().values() for check in checks]
    unknown = [each for each in only if each not in known]
    if unknown:
        raise click.BadParameter(f"there is no check {unknown[0]}. Known: {', '.join(known)}")


__all__ = ["conform", "sections", "try_all"]
