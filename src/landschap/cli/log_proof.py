# SPDX-License-Identifier: EUPL-1.2
"""``landschap log proof``: the proof of one record, as a file for who may see that record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import click

from landschap.cli.config_option import read_from_config
from landschap.cli.with_pool import run_with_pool
from landschap.logboek import store
from landschap.logboek.proofs import RecordProof, proof_lines
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble

_LOG_READER = "landschap_log_reader"

of_organisation = read_from_config("settings", load_settings)


@click.command("proof")
@click.argument("record", metavar="RECORD", type=click.UUID)
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; only its owner may read it.",
)
@of_organisation
@click.pass_context
def proof(ctx: click.Context, settings: Settings, record: UUID, target: Path) -> None:
    """Write what proves that RECORD stands in the log, up to a signature of the organisation.

    The file holds that record whole, and of all others only hashes. Who gets it needs no access
    to the log: `landschap verify --file FILE` and `tools/verify_log.py FILE` check it. A record is
    signed within a minute after it was written.

    \b
    Examples:
      landschap log proof 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --to proof.jsonl
    """

    async def find(pool: asyncpg.Pool) -> tuple[bool, RecordProof | None]:
        found = await store.by_record(pool, record)
        return found is not None, None if found is None else await store.signed_proof(pool, found)

    there, made = run_with_pool(settings, "logboek", find, role=_LOG_READER)
    if not there:
        click.echo(f"The log holds nothing under {record}.", err=True)
        ctx.exit(3)
    if made is None:
        raise Trouble(
            f"{record} can not be proved: no signature is over it, or its batch is not whole",
            "ask again after a minute; if that does not help, `landschap verify` says what is gone",
        )
    _write(target, [line + b"\n" for line in proof_lines(made, datetime.now(UTC))])
    click.echo(f"proof of {record} written to {target}: {len(made.batches)} batches, 1 anchor")


def _write(target: Path, lines: Sequence[bytes]) -> None:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.writelines(lines)
    except OSError as error:
        raise Trouble(f"{target} can not be written: {error.strerror}", "name another") from None
