# SPDX-License-Identifier: EUPL-1.2
"""Destroying a key that seals the log: only when it opens nothing any more, or is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from landschap.platform.settings import Settings


def shred_key_of_log(
    settings: Settings, number: int, *, lost: bool, yes: bool, as_json: bool
) -> None:
    """Destroy key ``number`` of the log, or give it up when its file is gone for good.

    Raises Trouble while records are sealed with it that it can still open.
    """
    from landschap.cli.verify import LOG_READER
    from landschap.cli.with_pool import run_with_pool
    from landschap.logboek.store.keyed import sealed_with
    from landschap.platform.log_keys import LOST, check_log_key_shreddable, shred_log_key
    from landschap.platform.trouble import Trouble

    key = check_log_key_shreddable(settings, number, lost=lost)
    found = run_with_pool(
        settings, "logboek", lambda pool: sealed_with(pool, key.key_id), role=LOG_READER
    )
    told = f"{found.lines:,} records are sealed with key {number} of the log{found.span()}"
    if found.lines and not lost:
        raise Trouble(
            told, "it can go when they are gone after their term: `landschap log destroy`"
        )
    if not yes:
        click.echo(told, err=True)
        click.confirm("Nobody reads what it sealed any more. Give it up?", abort=True, err=True)
    shred_log_key(settings, number, datetime.now(UTC), lost=lost)
    if as_json:
        click.echo(json.dumps({"destroyed": number, "records": found.lines, "proved": LOST}))
        return
    click.echo(f"key {number} of the log is destroyed; {told}")
    for part in LOST.split("; ") if found.lines else ():
        click.echo(part)
    click.echo(
        "not reached: copies in back-ups and escrow, and a running `landschap serve`: restart"
    )
