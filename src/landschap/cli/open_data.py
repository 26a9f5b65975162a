# SPDX-License-Identifier: EUPL-1.2
"""``landschap open``: what the operator does about open data."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import click
import msgspec

from landschap.cli.config_option import config_option, json_option
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import load_settings
from landschap.registers.open import store
from landschap.registers.open.files import Manifest
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3
_Result = TypeVar("_Result")


@click.group("open")
def open_data() -> None:
    """Keep open data: its bulk files, and the keys that programs asked for.

    \b
    Examples:
      landschap open publish
      landschap open keys list
      landschap open keys quota 3f09a1c2d4e5 500000
    """


@open_data.command()
@json_option
@config_option
def publish(config: Path, as_json: bool) -> None:
    """Make the bulk files of all open collections now, without waiting for the worker.

    \b
    Examples:
      landschap open publish
      landschap open publish --json
    """
    from landschap.cli.composition_open import bulk_deps
    from landschap.registers.open.worker import refresh

    settings = load_settings(config)

    async def make(pool: asyncpg.Pool) -> list[Manifest]:
        deps = bulk_deps(settings, pool)
        made = [
            await refresh(deps, register, kind, datetime.now(UTC), at_once=True)
            for register in deps.registers.by_name.values()
            for kind in register.types.values()
        ]
        return [each for each in made if each is not None]

    found = run_with_pool(settings, "registers", make)
    if as_json:
        click.echo(msgspec.json.encode({"collections": found}).decode())
        return
    table = table_of("Register", "Collection", "Objects", "Bytes", "Version")
    for each in found:
        size = sum(file.bytes for file in each.bestanden)
        table.add_row(each.register, each.collectie, str(each.aantal), str(size), each.versie)
    answer.print(table)


@open_data.group()
def keys() -> None:
    """See, limit and withdraw keys for open data. Nobody needs one; it gives more room.

    \b
    Examples:
      landschap open keys list
      landschap open keys revoke 3f09a1c2d4e5
    """


@keys.command("list")
@json_option
@config_option
def list_keys(config: Path, as_json: bool) -> None:
    """List the keys, withdrawn ones too, with what they asked today.

    \b
    Examples:
      landschap open keys list
      landschap open keys list --json
    """
    day = datetime.now(UTC).date()
    found = _run(config, lambda pool: store.keys(pool, day))
    rows = [
        {
            "key": each.key.key_id,
            "application": each.key.application,
            "purpose": each.key.purpose,
            "requestsToday": each.requests,
            "requestsPerDay": each.key.requests_per_day,
            "createdAt": as_utc_text(each.key.created_at),
            "revokedAt": as_utc_text(each.key.revoked_at) if each.key.revoked_at else None,
            "revokedBy": each.key.revoked_by or None,
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps({"keys": rows}, ensure_ascii=False))
        return
    table = table_of("Key", "Application", "Today", "Per day", "Made", "Withdrawn")
    for row in rows:
        shown = ("key", "application", "requestsToday", "requestsPerDay", "createdAt", "revokedAt")
        table.add_row(*("-" if row[name] is None else str(row[name]) for name in shown))
    answer.print(table)


@keys.command()
@click.argument("key")
@json_option
@config_option
@click.pass_context
def revoke(ctx: click.Context, config: Path, key: str, as_json: bool) -> None:
    """Withdraw a key, at once. KEY is its number, as `list` shows it.

    \b
    Examples:
      landschap open keys revoke 3f09a1c2d4e5
      landschap open keys revoke 3f09a1c2d4e5 --json
    """
    now = datetime.now(UTC)
    done = _run(config, lambda pool: store.revoke_key(pool, key, "operator", now))
    _tell(ctx, key, "revoked", "counts no more", as_json=as_json, done=done)


@keys.command()
@click.argument("key")
@click.argument("requests_per_day", type=click.IntRange(1, 1_000_000_000))
@json_option
@config_option
@click.pass_context
def quota(ctx: click.Context, config: Path, key: str, requests_per_day: int, as_json: bool) -> None:
    """Let a key ask more, or less, in a day. It counts from the next request.

    \b
    Examples:
      landschap open keys quota 3f09a1c2d4e5 500000
      landschap open keys quota 3f09a1c2d4e5 1000 --json
    """
    done = _run(config, lambda pool: store.set_quota(pool, key, requests_per_day))
    words = f"may ask {requests_per_day} times a day"
    _tell(ctx, key, "changed", words, as_json=as_json, done=done)


def _tell(
    ctx: click.Context, key: str, what: str, words: str, *, as_json: bool, done: bool
) -> None:
    if as_json:
        click.echo(json.dumps({"key": key, what: done}))
    else:
        told = words if done else "is no key in use here; `landschap open keys list` shows them"
        click.echo(f"{key} {told}", err=not done)
    if not done:
        ctx.exit(_NOT_FOUND)


def _run(config: Path, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    return run_with_pool(load_settings(config), "registers", work)
