# SPDX-License-Identifier: EUPL-1.2
"""``landschap service`` and ``landschap application``: what the doors offer, and to whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import click
import msgspec
from rich.console import Console
from rich.table import Table

from landschap.cli.config_option import config_option
from landschap.gateway import store
from landschap.gateway.services import Service, read_service
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.times import as_utc_text

SERVICES_FOLDER = "services"
_NOT_FOUND = 3
_Result = TypeVar("_Result")
answer = Console()
json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def service() -> None:
    """Declare what the Inway offers.

    \b
    Examples:
      landschap service apply
      landschap service list --json
    """


@service.command("apply")
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--prune", is_flag=True, help="Withdraw services that FOLDER does not declare.")
@json_option
@config_option
def apply_services(config: Path, folder: Path | None, prune: bool, as_json: bool) -> None:
    """Put the services in FOLDER in force, with the next question.

    FOLDER holds one TOML file per service; default is `services` beside the settings. All files
    are read before anything changes.
    """
    settings = load_settings(config)
    wanted = _read_all(folder or settings.path.parent / SERVICES_FOLDER)
    now = datetime.now(UTC)
    changed = _run(settings, lambda pool: store.apply_services(pool, wanted, now, prune=prune))
    if as_json:
        click.echo(json.dumps({name: list(getattr(changed, name)) for name in changed.__slots__}))
        return
    for word in ("added", "changed", "removed", "unchanged"):
        for name in getattr(changed, word):
            click.echo(f"{word:<10} {name}")


@service.command("list")
@json_option
@config_option
def list_services(config: Path, as_json: bool) -> None:
    """List the services that the Inway offers now."""
    found = _run(load_settings(config), store.services)
    if as_json:
        click.echo(msgspec.json.encode({"services": found}).decode())
        return
    table = Table("Service", "Upstream", "Recording", "Methods")
    for each in found:
        table.add_row(
            each.name, each.upstream + each.base, each.recording, ", ".join(sorted(each.methods))
        )
    answer.print(table)


@click.group()
def application() -> None:
    """Register applications that may use the Outway.

    \b
    Examples:
      landschap application add zaaksysteem
      landschap application revoke zaaksysteem
    """


@application.command("add")
@click.argument("name")
@json_option
@config_option
def add_application(config: Path, name: str, as_json: bool) -> None:
    """Admit an application; its key is printed once and kept nowhere."""
    now = datetime.now(UTC)
    key = _run(load_settings(config), lambda pool: store.add_application(pool, name, now))
    if as_json:
        click.echo(json.dumps({"name": name, "key": key}))
        return
    click.echo(key)
    click.echo(
        f"This is the key of {name}, for the header X-Api-Key. It is not shown again.", err=True
    )


@application.command("list")
@json_option
@config_option
def list_applications(config: Path, as_json: bool) -> None:
    """List the applications, revoked ones too."""
    found = _run(load_settings(config), store.listed_applications)
    rows = [
        {
            "name": each.name,
            "proof": each.proof,
            "addedAt": as_utc_text(each.added_at),
            "revokedAt": as_utc_text(each.revoked_at) if each.revoked_at else None,
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps({"applications": rows}))
        return
    table = Table("Application", "Proves itself by", "Added", "Revoked")
    for row in rows:
        table.add_row(row["name"], row["proof"], row["addedAt"], row["revokedAt"] or "-")
    answer.print(table)


@application.command("revoke")
@click.argument("name")
@json_option
@config_option
@click.pass_context
def revoke_application(ctx: click.Context, config: Path, name: str, as_json: bool) -> None:
    """End an application's use of the Outway, at once."""
    now = datetime.now(UTC)
    done = _run(load_settings(config), lambda pool: store.revoke_application(pool, name, now))
    if as_json:
        click.echo(json.dumps({"name": name, "revoked": done}))
    else:
        words = "can no longer use the Outway" if done else "is no application in use here"
        click.echo(f"{name} {words}", err=not done)
    if not done:
        ctx.exit(_NOT_FOUND)


def _read_all(folder: Path) -> list[Service]:
    """All declared services of a folder. Raises ClickException with every mistake of every file."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise click.ClickException(f"{folder} holds no *.toml; declare one service per file there")
    found: list[Service] = []
    mistakes: list[str] = []
    for path in paths:
        try:
            read = read_service(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(f"{path}: can not be read: {error}")
            continue
        if isinstance(read, Service):
            found.append(read)
        else:
            mistakes += [f"{path}: {mistake}" for mistake in read]
    if mistakes:
        raise click.ClickException("nothing was changed:\n  " + "\n  ".join(mistakes))
    return found


def _run(settings: Settings, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    async def at_work() -> _Result:
        async with postgres.database(settings):
            pool = await postgres.pool(settings, "gateway", size=1)
            try:
                return await work(pool)
            finally:
                await pool.close()

    return asyncio.run(at_work())
