# SPDX-License-Identifier: EUPL-1.2
"""``landschap service`` and ``landschap application``: what the doors offer, and to whom."""

from __future__ import annotations

import difflib
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import click
import msgspec

from landschap.cli.config_option import config_option, json_option
from landschap.cli.contract import publish
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.fsc.thumbprints import thumbprint_of
from landschap.gateway import store
from landschap.gateway.holding.fitting import misfits
from landschap.gateway.plan import HTTP2_UPSTREAM
from landschap.gateway.services import Service, read_service
from landschap.gateway.world import why_blocked
from landschap.platform import nginx
from landschap.platform.identity import read_certificates
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.times import as_utc_text

SERVICES_FOLDER = "services"
_NOT_FOUND = 3
_Result = TypeVar("_Result")


@click.group()
def service() -> None:
    """Declare what the Inway offers, and see what peers publish.

    \b
    Examples:
      landschap service apply
      landschap service publish --service bijstand
      landschap service list --published
    """


service.add_command(publish)


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

    \b
    Examples:
      landschap service apply
      landschap service apply weesp/services --prune --json
    """
    settings = load_settings(config)
    wanted = read_all_services(folder or settings.path.parent / SERVICES_FOLDER)
    now = datetime.now(UTC)
    _refuse_blocked(settings, wanted)
    refuse_uncarried(settings, wanted)
    changed = _run(settings, lambda pool: store.apply_services(pool, wanted, now, prune=prune))
    if as_json:
        click.echo(json.dumps({name: list(getattr(changed, name)) for name in changed.__slots__}))
        return
    for word in ("added", "changed", "removed", "unchanged"):
        for name in getattr(changed, word):
            click.echo(f"{word:<10} {name}")


@service.command("list")
@click.option("--published", is_flag=True, help="What the directory lists, of all peers.")
@click.option("--peer", default="", metavar="PEER-ID", help="With --published: of this peer.")
@click.option("--name", default="", help="With --published: with this in the name.")
@json_option
@config_option
def list_services(config: Path, published: bool, peer: str, name: str, as_json: bool) -> None:
    """List the services that our Inway offers now, or those that the directory lists.

    \b
    Examples:
      landschap service list
      landschap service list --published --name bijstand
      landschap service list --published --peer 00000099000000002000 --json
    """
    if published:
        _list_published(load_settings(config), peer, name, as_json=as_json)
        return
    if peer or name:
        raise click.UsageError(
            "--peer and --name choose among what the directory lists; add --published"
        )
    found = _run(load_settings(config), store.services)
    if as_json:
        click.echo(msgspec.json.encode({"services": found}).decode())
        return
    table = table_of("Service", "Upstream", "Recording", "Methods")
    for each in found:
        table.add_row(
            each.name, each.upstream + each.base, each.recording, ", ".join(sorted(each.methods))
        )
    answer.print(table)


def _list_published(settings: Settings, peer: str, name: str, *, as_json: bool) -> None:
    from landschap.cli.published import published

    found = published(settings, peer=peer, name=name)
    if as_json:
        told = {"services": [each.body() for each in found]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = table_of("Service", "Peer", "Name", "On behalf of", whole="Peer")
    for each in found:
        table.add_row(each.name, each.provider, each.provider_name, each.delegator or "-")
    answer.print(table)


@service.command("show")
@click.argument("name")
@json_option
@config_option
@click.pass_context
def show_service(ctx: click.Context, config: Path, name: str, as_json: bool) -> None:
    """Show how one service is declared.

    \b
    Examples:
      landschap service show bijstand
      landschap service show bijstand --json
    """
    found = _run(load_settings(config), store.services)
    shown = next((each for each in found if each.name == name), None)
    if shown is None:
        near = difflib.get_close_matches(name, [each.name for each in found], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        click.echo(f"{name} is no service here{hint}", err=True)
        ctx.exit(_NOT_FOUND)
    elif as_json:
        click.echo(msgspec.json.encode(shown).decode())
    else:
        table = table_of("Setting", "Value")
        for key, value in msgspec.to_builtins(shown).items():
            table.add_row(key, _words(value))
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
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The client certificate it will use, of the internal CA; it then gets no key.",
)
@json_option
@config_option
def add_application(config: Path, name: str, certificate: Path | None, as_json: bool) -> None:
    """Admit an application; its key is printed once and kept nowhere.

    \b
    Examples:
      landschap application add zaaksysteem
      landschap application add zaaksysteem --certificate zaaksysteem.crt
    """
    now = datetime.now(UTC)
    thumbprint = thumbprint_of(read_certificates(certificate)[0]) if certificate else None
    key = _run(
        load_settings(config),
        lambda pool: store.add_application(pool, name, now, certificate_thumbprint=thumbprint),
    )
    if as_json:
        click.echo(json.dumps({"name": name, "key": key or None, "certificate": thumbprint}))
        return
    if thumbprint:
        click.echo(f"{name} may use the Outway with the certificate {thumbprint}", err=True)
        return
    click.echo(key)
    click.echo(
        f"This is the key of {name}, for the header X-Api-Key. It is not shown again.", err=True
    )


@application.command("list")
@json_option
@config_option
def list_applications(config: Path, as_json: bool) -> None:
    """List the applications, revoked ones too.

    \b
    Examples:
      landschap application list
      landschap application list --json
    """
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
    table = table_of("Application", "Proves itself by", "Added", "Revoked")
    for row in rows:
        table.add_row(row["name"], row["proof"], row["addedAt"], row["revokedAt"] or "-")
    answer.print(table)


@application.command("revoke")
@click.argument("name")
@json_option
@config_option
@click.pass_context
def revoke_application(ctx: click.Context, config: Path, name: str, as_json: bool) -> None:
    """End an application's use of the Outway, at once.

    \b
    Examples:
      landschap application revoke zaaksysteem
      landschap application revoke zaaksysteem --json
    """
    now = datetime.now(UTC)
    done = _run(load_settings(config), lambda pool: store.revoke_application(pool, name, now))
    if as_json:
        click.echo(json.dumps({"name": name, "revoked": done}))
    else:
        words = "can no longer use the Outway" if done else "is no application in use here"
        click.echo(f"{name} {words}", err=not done)
    if not done:
        ctx.exit(_NOT_FOUND)


def read_all_services(folder: Path) -> list[Service]:
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


def _refuse_blocked(settings: Settings, wanted: list[Service]) -> None:
    """Refuse a declaration that the register contradicts: nobody would write its lines."""
    owner = settings.organisation.oin.value

    async def read(pool: asyncpg.Pool) -> Snapshot:
        return (await current_snapshot(pool, owner=owner))[0]

    reasons = reasons_against(settings, wanted, run_with_pool(settings, "purposes", read))
    if reasons:
        raise click.ClickException("nothing was changed:\n  " + "\n  ".join(reasons))


def reasons_against(settings: Settings, wanted: Iterable[Service], snapshot: Snapshot) -> list[str]:
    """Why services can not be offered under this register, or with the files that there are."""
    reasons = []
    for each in wanted:
        if why := why_blocked(each, snapshot):
            reasons.append(why)
        if each.hold is not None:
            reasons += misfits(each.name, each.hold, snapshot)
            reasons += _unusable_files(settings, each)
    return reasons


def _unusable_files(settings: Settings, service: Service) -> list[str]:
    """What of the files by which we prove ourselves to a held service can not be used."""
    from landschap.gateway.holding.api.upstream import Surroundings, Upstream

    around = Surroundings(
        folder=settings.path.parent, secrets=settings.paths.secrets, hosts={}, longest=1.0
    )
    try:
        Upstream(service, around)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or "is no certificate or key that fits"
        place = getattr(error, "filename", None) or "a file"
        return [f"{service.name}: [access] {place}: {words}"]
    return []


def refuse_uncarried(settings: Settings, wanted: Iterable[Service]) -> None:
    """Refuse a protocol that the nginx of this organisation does not speak."""
    named = [each.name for each in wanted if each.protocol == "http/2"]
    if not named or nginx.program(settings).version >= HTTP2_UPSTREAM:
        return
    raise Trouble(
        f"nothing was changed: {', '.join(named)} speaks HTTP/2, which this nginx can not",
        "leave nginx.path out to use the packaged nginx, or install 1.29.4 or newer",
    )


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {each}" for key, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _run(settings: Settings, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    return run_with_pool(settings, "gateway", work)
