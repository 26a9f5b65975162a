# SPDX-License-Identifier: EUPL-1.2
"""`landschap backup` and `landschap restore`: the whole database in one file, and back, proven."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from landschap.cli.config_option import config_option
from landschap.platform.settings import load_settings

if TYPE_CHECKING:
    from landschap.logboek.findings import Report
    from landschap.platform.settings import Settings

_VERIFICATION_FAILED = 7


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_option
@click.option("--force", is_flag=True, help="Replace FILE when it exists.")
def backup(file: Path, config: Path, force: bool) -> None:
    """Write the organisation's database to FILE, as it is at one moment.

    Works while everything runs. The secrets folder is not in it: keep that apart and safe, since
    with both one can read everything, and without it nobody can be found in the log any more.

    \b
    Examples:
      landschap backup weesp-2026-11-24.landschap
      landschap backup /mnt/backup/weesp.landschap --force
    """
    if file.exists() and not force:
        raise click.UsageError(f"{file} exists; name another file, or give --force")
    settings = load_settings(config)
    size = asyncio.run(_backup(settings, file))
    click.echo(f"{file}: {size:,} bytes")
    click.echo(f"not in it: {settings.paths.secrets}; back that up apart", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@click.pass_context
def restore(ctx: click.Context, file: Path, config: Path) -> None:
    """Fill an empty database from FILE, bring it up to date, and verify the log in it.

    What was destroyed after the back-up was made is destroyed again, by the journal in the data
    folder. The secrets folder that belongs to the back-up must be in place. Exit code 7 when the
    log in the back-up is not intact; the database is there then, for inspection.

    \b
    Examples:
      landschap restore weesp-2026-11-24.landschap
      landschap restore weesp.landschap --config herstel/organisation.toml
    """
    settings = load_settings(config)
    _require_secrets(settings)
    report, destroyed = asyncio.run(_restore(settings, file))
    if destroyed:
        click.echo(f"destroyed again, by the journal: {destroyed:,} objects", err=True)
    counted = f"{report.records:,} records in {report.batches:,} batches"
    if report.intact:
        click.echo(f"restored; the log is intact: {counted}")
        return
    click.echo(f"restored, but the log is NOT intact: {report.harms} harms in {counted}")
    click.echo("What to do: `landschap verify` names them; try an earlier back-up", err=True)
    ctx.exit(_VERIFICATION_FAILED)


async def _backup(settings: Settings, file: Path) -> int:
    from landschap.cli.complying.backups import note_backup
    from landschap.platform import postgres
    from landschap.platform.postgres.copies import dump

    async with postgres.database(settings):
        at = datetime.now(UTC)
        await dump(settings, file)
    return note_backup(settings, at, file)


async def _restore(settings: Settings, file: Path) -> tuple[Report, int]:
    from landschap.cli.retention.executing import destroy_again
    from landschap.cli.verify import verify_database
    from landschap.logboek.trust import trust_in
    from landschap.platform import postgres
    from landschap.platform.identity import read_certificates
    from landschap.platform.keys import own_chain
    from landschap.platform.postgres.copies import load

    async with postgres.running(settings):
        await load(settings, file)
        await postgres.apply_migrations(settings)
        destroyed = await destroy_again(settings)
        anchors = [
            certificate
            for path in settings.identity.trust_anchors
            for certificate in read_certificates(path)
        ]
        trust = trust_in(anchors, own_chain(settings)[1:])
        return await verify_database(settings, trust), destroyed


def _require_secrets(settings: Settings) -> None:
    from landschap.platform.keys import KEY_NAMES, secret_key
    from landschap.platform.log_keys import kept_keys, sealing_key
    from landschap.platform.pseudonym_keys import living_keys
    from landschap.platform.seal_keys import SEAL_NAMES, seal_keys

    for name in KEY_NAMES:
        secret_key(settings, name)
    living_keys(settings)
    for sealing in SEAL_NAMES:
        seal_keys(settings, sealing)
    if kept_keys(settings):
        sealing_key(settings)
