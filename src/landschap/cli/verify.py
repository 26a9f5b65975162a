# SPDX-License-Identifier: EUPL-1.2
"""``landschap verify``: prove that the log is intact, or name the place where it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from landschap.cli.log_copy import CopiedLog
from landschap.logboek import store
from landschap.logboek.findings import Report
from landschap.logboek.trust import trust_in
from landschap.logboek.verify import Log, Trust
from landschap.logboek.verify import verify as prove
from landschap.platform import postgres
from landschap.platform.identity import read_certificates
from landschap.platform.keys import own_chain
from landschap.platform.settings import Settings, load_settings

_FAILED = 7
LOG_READER = "landschap_log_reader"
talk = Console(stderr=True)


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("organisation.toml"),
    show_default=True,
    help="Settings of the organisation; with --file only its trust anchors are used.",
)
@click.option(
    "--file",
    "copy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Verify a copy made by `landschap log export`; no database is needed.",
)
@click.option(
    "--trust-anchor",
    "trust_anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Certificates (PEM) that anchors must chain to; given more than once for more files.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def verify(
    ctx: click.Context,
    config: Path,
    copy: Path | None,
    trust_anchors: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Prove that the log is intact: records, batches, lanes and signed anchors.

    Says which record was changed, which position of which batch is empty, which batch or anchor
    does not follow, and also what can not be proved. Exit code 7 when anything was found.

    \b
    Examples:
      landschap verify
      landschap verify --file log.jsonl --trust-anchor anchor.crt
    """
    settings = load_settings(config) if copy is None or config.exists() else None
    trust = _trust(settings, trust_anchors)
    if copy is not None:
        report = asyncio.run(verify_copy(copy, trust))
    else:
        assert settings is not None  # noqa: S101 - without a copy the settings were read above
        report = asyncio.run(verify_database(settings, trust))
    _tell(report, as_json)
    if not report.intact:
        ctx.exit(_FAILED)


async def verify_database(settings: Settings, trust: Trust | None) -> Report:
    """Verify the log of an organisation, as it is at one moment."""
    async with postgres.database(settings):
        pool = await postgres.pool(settings, "logboek", role=LOG_READER)
        try:
            dropped = await store.dropped_months(pool)
            total = await store.count_records(pool)
            async with store.snapshot(pool) as log:
                return await _prove(log, dropped, trust, total)
        finally:
            await pool.close()


async def verify_copy(path: Path, trust: Trust | None) -> Report:
    """Verify a copy in a file."""
    copy = CopiedLog(path)
    return await _prove(copy, copy.title.months(), trust, copy.size())


async def _prove(log: Log, dropped: list[date], trust: Trust | None, total: int) -> Report:
    with counting("Verifying", total) as advance:
        return await prove(log, dropped=dropped, trust=trust, progress=advance)


class counting:  # noqa: N801 - reads as a verb where it is used
    """A progress bar on stderr; the function it gives takes the number done so far."""

    def __init__(self, words: str, total: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeElapsedColumn(), console=talk)
        self._task = self._progress.add_task(words, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return lambda done: self._progress.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _trust(settings: Settings | None, given: tuple[Path, ...]) -> Trust | None:
    paths = given or (settings.identity.trust_anchors if settings is not None else ())
    anchors = [certificate for path in paths for certificate in read_certificates(path)]
    if not anchors:
        return None
    between = own_chain(settings)[1:] if settings is not None else []
    return trust_in(anchors, between)


def _tell(report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.body(), ensure_ascii=False))
        return
    counted = (
        f"{report.records:,} records in {report.batches:,} batches of {report.lanes} lanes, "
        f"{report.anchors:,} anchors"
    )
    if report.intact:
        click.echo(f"intact: {counted}")
    else:
        click.echo(f"NOT intact: {report.harms} harms found in {counted}")
        for finding in report.findings:
            click.echo(f"  {finding.sentence()}")
        if report.harms > len(report.findings):
            click.echo(f"  and {report.harms - len(report.findings)} more")
    click.echo("not proved:")
    for sentence in report.unproven():
        click.echo(f"  {sentence}")
