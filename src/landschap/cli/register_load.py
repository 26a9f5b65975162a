# SPDX-License-Identifier: EUPL-1.2
"""``landschap register load``: a delivery into a register, checked first, in batches."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation, register, talk
from landschap.platform import postgres
from landschap.platform.keys import secret_key
from landschap.platform.trouble import Trouble
from landschap.registers import client, store
from landschap.registers.mapping import InvalidMapping
from landschap.registers.models import Register
from landschap.registers.sources import MAX_FAULTS_SHOWN, RowFault, UnreadableSource

_PARTIAL = 6


class Rate(ProgressColumn):
    """How many per second."""

    def render(self, task: Task) -> Text:
        """``12 345/s``, empty while it is not known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What was asked: what goes where, and what to do with what is wrong."""

    target: Register
    delivery: client.Delivery
    faults: Path | None
    whole: bool


@register.command("load")
@click.argument("name", metavar="REGISTER")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Which column of PATH goes to which property (TOML).",
)
@click.option(
    "--faults",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every row that is wrong, and why, to this CSV file, and load the other objects.",
)
@click.option(
    "--all-or-nothing",
    "whole",
    is_flag=True,
    help="Load nothing when a row is wrong, and all of it in one transaction.",
)
@json_option
@of_organisation
def load_extract(
    desk: Desk,
    name: str,
    path: Path,
    mapping: Path | None,
    faults: Path | None,
    whole: bool,
    as_json: bool,
) -> None:
    """Load an extract into a register: a file, a folder or a zip.

    A file with other columns than those of the register (CSV, JSON lines, GeoJSON, Parquet) needs
    a mapping: `landschap register mapping draft` writes a first one.

    Everything is checked before the first row is written. When rows are wrong nothing is loaded;
    with --faults the objects they are about stay out whole, and the others are loaded. What is
    there already is passed over, so a load that was cut off can simply be started again.

    \b
    Examples:
      landschap register load bag gegevens/bag
      landschap register load bag gegevens/bag.zip --json
      landschap register load vergunningen export.csv --mapping vergunningen.toml --faults fout.csv
    """
    target = desk.register(name)
    delivery = client.Delivery(
        register=target, path=path, mapping=mapping, identify=_identify(desk, target)
    )
    wish = _Wish(target=target, delivery=delivery, faults=faults, whole=whole)
    started = time.monotonic()
    desk.run(_reached(desk))
    with client.Spool(target) as spool:
        _check(wish, spool)
        good, out = spool.count()
        counts: dict[str, float] = {"added": 0, "passedOver": 0}
        desk.run(_load(desk, wish, spool, counts, good))
    seconds = time.monotonic() - started
    counts |= {"objectsLeftOut": out, "faults": spool.faults, "seconds": round(seconds, 2)}
    if as_json:
        click.echo(json.dumps(counts))
    else:
        rate = counts["added"] / seconds
        click.echo(
            f"{counts['added']:,} assertions added to {name}, {counts['passedOver']:,} were there; "
            f"{seconds:.1f} s, {rate:,.0f} per second"
        )
    if out:
        click.echo(
            f"{out:,} objects were left out whole, for {spool.faults:,} faults: see {faults}. "
            "Correct those rows and load the file again; what is there is passed over.",
            err=True,
        )
        click.get_current_context().exit(_PARTIAL)


def _identify(desk: Desk, target: Register) -> Callable[[str], str]:
    def identify(number: str) -> str:
        # A key of our own: a number in an address would be read by too many.
        key = secret_key(desk.settings, "pseudonym")
        named = f"register {target.name}\0{number}".encode()
        return f"P{hmac.new(key, named, hashlib.sha256).hexdigest()[:16]}"

    return identify


def _check(wish: _Wish, spool: client.Spool) -> None:
    """Read all of it. Raises Trouble when it can not be loaded as was wished."""
    path = wish.delivery.path
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,} rows"), Rate())
    try:
        with Progress(*columns, TimeElapsedColumn(), console=talk) as progress:
            task = progress.add_task(f"Reading {path.name}", total=None)
            client.gather(
                wish.delivery, spool, lambda count: progress.update(task, completed=count)
            )
    except InvalidMapping as error:
        raise Trouble(
            f"the mapping {wish.delivery.mapping} can not be used:\n{error}",
            "correct it and load again",
        ) from None
    except UnreadableSource as error:
        _write_faults(wish, error.faults)
        raise Trouble(f"nothing was loaded:\n{error}", "correct this and load again") from None
    if not spool.faults:
        return
    _write_faults(wish, spool.told())
    may_go_on = wish.faults is not None and not wish.whole
    if may_go_on and spool.is_certain:
        return
    why = "\nof some it can not be told which object they are about" if may_go_on else ""
    where = (
        f"correct these rows ({wish.faults} holds all of them)"
        if wish.faults
        else ("correct these rows, or load the other objects with --faults FILE")
    )
    raise Trouble(
        f"nothing was loaded, {spool.faults} rows are wrong:\n{_first(spool)}{why}",
        f"{where} and load again",
    )


def _write_faults(wish: _Wish, faults: Iterable[RowFault]) -> None:
    if wish.faults is None:
        return
    try:
        client.write_faults(wish.faults, faults)
    except OSError as error:
        raise Trouble(
            f"{wish.faults} could not be written: {error.strerror}; nothing was loaded",
            "choose another place for --faults",
        ) from None


def _first(spool: client.Spool) -> str:
    shown = [str(fault) for fault in islice(spool.told(), MAX_FAULTS_SHOWN)]
    hidden = spool.faults - len(shown)
    return "\n".join([*shown, *([f"and {hidden} more"] if hidden else [])])


async def _reached(desk: Desk) -> None:
    """Raises Trouble when the database is not there: before all is read, not after."""
    pool = await postgres.pool(desk.settings, "registers")
    await pool.close()


async def _load(
    desk: Desk, wish: _Wish, spool: client.Spool, counts: dict[str, float], total: int
) -> None:
    pool = await postgres.pool(desk.settings, "registers")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate())
    load = store.load_whole if wish.whole else store.load
    try:
        await store.prepare(pool, wish.target)
        with Progress(*columns, TimeRemainingColumn(), console=talk) as progress:
            task = progress.add_task(f"Loading {wish.target.name}", total=total)
            async for done in load(pool, wish.target, spool.readings()):
                counts["added"] += done.added
                counts["passedOver"] += done.passed_over
                progress.advance(task, done.added + done.passed_over)
    except store.StoppedError as error:
        stands = 0 if wish.whole else counts["added"] + counts["passedOver"]
        raise Trouble(
            f"the load stopped after {stands:,} of {total:,} assertions: {error}. What was loaded "
            "stands, and nothing of the rest",
            "mend that, and start the same load again: it goes on where it stopped",
        ) from None
    finally:
        await pool.close()
