# SPDX-License-Identifier: EUPL-1.2
"""``landschap verify``: prove that the log is intact, or name the place where it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from landschap.cli.config_option import config_option
from landschap.cli.log_copy import CopiedLog
from landschap.cli.proof_file import is_proof, told, verify_proof
from landschap.cli.siem import tell_gap
from landschap.logboek import store
from landschap.logboek.findings import Report
from landschap.logboek.opening import OpenedLog
from landschap.logboek.sections import verify_together
from landschap.logboek.store import helping
from landschap.logboek.trust import trust_in
from landschap.logboek.verify import Log, Trust
from landschap.logboek.verify import verify as prove
from landschap.platform import postgres
from landschap.platform.identity import read_certificates
from landschap.platform.keys import own_chain
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.times import as_utc_text

if TYPE_CHECKING:
    from landschap.cli.testimony import Hearing
    from landschap.fsc.witnesses.comparing import Testimony

_FAILED = 7
_PARTIAL = 6
LOG_READER = "landschap_log_reader"
talk = Console(stderr=True)


@click.command()
@click.argument("what", type=click.Choice(["log"]), default="log", required=False)
@config_option
@click.option(
    "--file",
    "copy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Verify a copy of `log export` or the proof of one record of `log proof`, by itself.",
)
@click.option(
    "--trust-anchor",
    "trust_anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Certificates (PEM) that anchors must chain to; given more than once for more files.",
)
@click.option(
    "--witnesses",
    "with_witnesses",
    is_flag=True,
    help="Also ask the peers of [witness] what they keep of this log.",
)
@click.option(
    "--chain",
    type=click.UUID,
    metavar="TRANSACTION-ID",
    help="Verify the chain of this transaction or trace, and not the whole log.",
)
@click.option(
    "--beside",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="With --chain: a copy of the log of another organisation in it; more than once for more.",
)
@click.option(
    "--content",
    "with_content",
    is_flag=True,
    help="Also open every record of a sealed log with the keys of this organisation.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    what: str,
    config: Path,
    copy: Path | None,
    trust_anchors: tuple[Path, ...],
    chain: UUID | None,
    beside: tuple[Path, ...],
    **how: bool,
) -> None:
    """Prove that the log is intact: records, batches, lanes and signed anchors.

    Says which record was changed, which position of which batch is empty, which batch or anchor
    does not follow, and also what can not be proved. With --file only the trust anchors of the
    settings are used. With --witnesses: whether the log is still what other organisations keep of
    it. With --chain: whether everybody along the chain declared what the next one says of it, as
    far as our log and the copies show. A sealed log is proved without its keys; with --content its
    records are opened too. Exit code 7 when anything was found, 6 when no witness could vouch for
    it or a log of the chain is not at hand.

    \b
    Examples:
      landschap verify
      landschap verify log --witnesses
      landschap verify log --content
      landschap verify --file log.jsonl --trust-anchor anchor.crt
      landschap verify --file proof.jsonl --trust-anchor anchor.crt
      landschap verify --chain 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --beside doesburg.jsonl
    """
    del what
    if beside and chain is None:
        raise click.UsageError("--beside goes with --chain")
    if chain is not None and (copy is not None or how["with_witnesses"]):
        raise click.UsageError("--chain is about one transaction; leave --file and --witnesses out")
    if how["with_content"] and (copy is not None or chain is not None):
        raise click.UsageError("--content opens the log itself; leave --file and --chain out")
    if copy is not None and how["with_witnesses"]:
        raise click.UsageError("witnesses are asked about the log itself, not about a copy")
    settings = load_settings(config) if copy is None or config.exists() else None
    trust = trust_of(settings, trust_anchors)
    if chain is not None:
        from landschap.cli.verify_chain import verify_chain

        assert settings is not None  # noqa: S101 - without a copy the settings were read above
        ctx.exit(verify_chain(settings, chain, beside, trust, as_json=how["as_json"]))
    heard = None
    if copy is not None:
        if is_proof(copy):
            ctx.exit(_of_one_record(copy, trust, as_json=how["as_json"]))
        report = asyncio.run(verify_copy(copy, trust))
    else:
        assert settings is not None  # noqa: S101 - without a copy the settings were read above
        if how["with_witnesses"]:
            heard = asyncio.run(_hear(settings))
        report = asyncio.run(verify_database(settings, trust, heard, content=how["with_content"]))
        if not report.intact:
            tell_gap(settings, len(report.findings))
    _tell(report, heard, how["as_json"])
    ctx.exit(_code_of(report, heard))


def _of_one_record(path: Path, trust: Trust | None, *, as_json: bool) -> int:
    found = verify_proof(path, trust)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else told(found))
    return 0 if found["proved"] else _FAILED


@dataclass(slots=True, kw_only=True)
class Heard:
    """What the witnesses gave back, and what they say once the log was held against it."""

    hearing: Hearing
    testimonies: list[Testimony] = field(default_factory=list)

    @property
    def vouched(self) -> datetime | None:
        """Until when a witness vouches for the log; None when none does or one differs."""
        from landschap.fsc.witnesses.comparing import Word

        words = {each.word for each in self.testimonies}
        if Word.DIFFERS in words:
            return None
        agreed = [e.newest for e in self.testimonies if e.word is Word.AGREES and e.newest]
        return max(agreed, default=None)

    @property
    def differs(self) -> bool:
        """True when a witness keeps another log than ours."""
        from landschap.fsc.witnesses.comparing import Word

        return any(each.word is Word.DIFFERS for each in self.testimonies)


async def _hear(settings: Settings) -> Heard:
    from landschap.cli.testimony import ask_witnesses

    return Heard(hearing=await ask_witnesses(settings))


async def verify_database(
    settings: Settings, trust: Trust | None, heard: Heard | None = None, *, content: bool = False
) -> Report:
    """Verify the log of an organisation, as it is at one moment; and against its witnesses."""
    async with postgres.database(settings):
        pool = await postgres.pool(settings, "logboek", role=LOG_READER)
        try:
            dropped = await store.dropped_months(pool)
            total = await store.count_records(pool)
            async with store.snapshot(pool) as log:
                if content:
                    opening = OpenedLog(log)
                    report = await _prove(opening, dropped, trust, total)
                    opening.tell(report)
                else:
                    report = await _prove_together(settings, log, dropped, trust, total)
                if heard is not None:
                    from landschap.cli.testimony import compared

                    own = settings.organisation.oin.value
                    heard.testimonies = await compared(heard.hearing, log, trust, own)
                    report.witnessed_until = heard.vouched
                return report
        finally:
            await pool.close()


async def verify_copy(path: Path, trust: Trust | None) -> Report:
    """Verify a copy in a file."""
    copy = CopiedLog(path)
    return await _prove(copy, copy.title.months(), trust, copy.size())


async def _prove(log: Log, dropped: list[date], trust: Trust | None, total: int) -> Report:
    with counting("Verifying", total) as advance:
        return await prove(log, dropped=dropped, trust=trust, progress=advance)


async def _prove_together(
    settings: Settings,
    log: store.Snapshot,
    dropped: list[date],
    trust: Trust | None,
    total: int,
) -> Report:
    """Verify with a process for each core when the log is large enough for it."""
    if total < helping.WORTH_IT:
        return await _prove(log, dropped, trust, total)
    exported = await log.exported()
    with counting("Verifying", total) as advance:
        async with helping.helpers(settings, LOG_READER, exported) as helpers:
            return await verify_together(
                log, helpers, dropped=dropped, trust=trust, progress=advance
            )


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


def trust_of(settings: Settings | None, given: tuple[Path, ...] = ()) -> Trust | None:
    """What anchors must chain to: the certificates given, or those of the settings."""
    paths = given or (settings.identity.trust_anchors if settings is not None else ())
    anchors = [certificate for path in paths for certificate in read_certificates(path)]
    if not anchors:
        return None
    between = own_chain(settings)[1:] if settings is not None else []
    return trust_in(anchors, between)


def _code_of(report: Report, heard: Heard | None) -> int:
    if not report.intact or (heard is not None and heard.differs):
        return _FAILED
    return _PARTIAL if heard is not None and heard.vouched is None else 0


def _tell(report: Report, heard: Heard | None, as_json: bool) -> None:
    if as_json:
        told = report.body()
        if heard is not None:
            told["witnesses"] = [each.body() for each in heard.testimonies]
            told["keeping"] = [
                {"peerId": e.peer_id.value, "anchors": e.anchors, "newest": as_utc_text(e.newest)}
                for e in heard.hearing.keeping
            ]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    counted = (
        f"{report.records:,} records in {report.batches:,} batches of {report.lanes} lanes, "
        f"{report.anchors:,} anchors"
    )
    if report.opened is not None:
        counted += f"; {report.opened:,} sealed records opened"
    if report.intact:
        click.echo(f"intact: {counted}")
    else:
        click.echo(f"NOT intact: {report.harms} harms found in {counted}")
        for finding in report.findings:
            click.echo(f"  {finding.sentence()}")
        if report.harms > len(report.findings):
            click.echo(f"  and {report.harms - len(report.findings)} more")
    if heard is not None:
        click.echo("witnesses:")
        if not heard.testimonies:
            click.echo("  none: name them under [witness] peers")
        for each in heard.testimonies:
            for sentence in each.sentences():
                click.echo(f"  {sentence}")
        for keeping in heard.hearing.keeping:
            newest = as_utc_text(keeping.newest)
            click.echo(f"  we keep {keeping.anchors} anchors of {keeping.peer_id}, until {newest}")
    click.echo("not proved:")
    for sentence in report.unproven():
        click.echo(f"  {sentence}")
