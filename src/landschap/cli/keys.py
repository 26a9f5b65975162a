# SPDX-License-Identifier: EUPL-1.2
"""`landschap keys`: which there are and where they live; rotating and destroying our own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from landschap.cli.config_option import config_option

if TYPE_CHECKING:
    import asyncpg

    from landschap.logboek.store.keyed import Keyed
    from landschap.platform.log_keys import KeptKey
    from landschap.platform.pseudonym_keys import Generation
    from landschap.platform.settings import Settings


_FIRST = "persons among statements, holds and cases"
_REQUESTS = "requests of persons, copies, statements on their way"
_EVIDENCE = "files that persons handed in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key: what it does, where it is, since when."""

    name: str
    does: str
    place: str
    since: str


@click.group()
def keys() -> None:
    """Show the organisation's keys; rotate those made here, destroy an old one.

    How each key is rotated, and what breaks: docs/how-to/rotate-keys.md.
    """


@keys.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_keys(config: Path, as_json: bool) -> None:
    """Show which keys there are, where they live and since when.

    \b
    Examples:
      landschap keys list
      landschap keys list --json --config weesp/organisation.toml
    """
    from landschap.platform.settings import load_settings

    rows = inventory(load_settings(config))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row.name:<12} {row.does}")
        click.echo(f"{'':<12} {row.place}, {row.since or 'not there'}")


@keys.command("rotate")
@click.argument("name", type=click.Choice(["permit", "pseudonym", "log", "request", "evidence"]))
@config_option
def rotate(name: str, config: Path) -> None:
    """Make a new key NAME; no question fails.

    Running parts take a permit key over; the former one opens permits for five minutes more. A key
    of pseudonyms is one more generation: within two seconds lines are written with it, and persons
    are found with all that are not destroyed. A key of the log, when that is sealed, needs a
    restart of `landschap serve`: then records are sealed with it, and the former ones open what
    they sealed. A key of requests or of evidence needs no restart: what is kept from then on
    is sealed with the new one. Certificates and their keys are rotated by replacing their files.

    \b
    Examples:
      landschap keys rotate permit --config weesp/organisation.toml
      landschap keys rotate pseudonym --config weesp/organisation.toml
      landschap keys rotate log --config weesp/organisation.toml
      landschap keys rotate request --config weesp/organisation.toml
    """
    from landschap.platform.keys import FORMER_PERMIT_SECONDS, rotate_permit_key
    from landschap.platform.pseudonym_keys import rotate_pseudonym_key
    from landschap.platform.seal_keys import SEAL_NAMES, rotate_seal_key
    from landschap.platform.settings import load_settings

    if name == "log":
        _rotate_log(load_settings(config))
        return
    for sealing in (each for each in SEAL_NAMES if each == name):
        number = rotate_seal_key(load_settings(config), sealing)
        click.echo(f"the {name} key is new; what {number} former ones sealed, they still open.")
        click.echo("Keep them all in your back-up: without a key nobody reads what it sealed.")
        return
    if name == "pseudonym":
        number = rotate_pseudonym_key(load_settings(config))
        click.echo(f"key {number} of pseudonyms is made; within two seconds lines are written with")
        click.echo("it. Keep a copy in escrow, apart from the back-up of the database.")
        click.echo("A legal hold on one person knows the former keys alone: place it again.")
        return
    rotate_permit_key(load_settings(config))
    minutes = int(FORMER_PERMIT_SECONDS / 60)
    click.echo(f"the {name} key is new; the former one opens permits for {minutes} minutes more")


def _rotate_log(settings: Settings) -> None:
    from landschap.platform.log_keys import rotate_log_key

    number = rotate_log_key(settings)
    if not settings.logboek.sealed:
        click.echo("the log is open: nothing is sealed until [logboek] sealed = true", err=True)
    click.echo(f"key {number} of the log is made; restart `landschap serve`: then records are")
    click.echo("sealed with it, and the former keys still open theirs. Keep a copy in escrow,")
    click.echo("apart from the database: without a key nobody reads what it sealed.")


@keys.command("shred")
@click.argument("number", type=click.IntRange(1, 9_999))
@click.option(
    "--of",
    "of",
    type=click.Choice(["pseudonym", "log"]),
    default="pseudonym",
    show_default=True,
    help="Which key: one of pseudonyms, or one that seals the log.",
)
@click.option("--lost", is_flag=True, help="Give up a key of which the file is gone for good.")
@click.option("--yes", is_flag=True, help="Do not ask: it can not be undone.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def shred(number: int, of: str, lost: bool, yes: bool, config: Path, as_json: bool) -> None:
    """Destroy key NUMBER of the pseudonyms: its lines are anonymous from then on.

    When the last line of a generation has reached its term, or earlier. Not while a legal hold is
    in force, and never the newest. Running parts forget it within two seconds. Of the log: when
    the last record that it sealed is gone after its term, and never the newest. A destroyed key of
    which the file came back is destroyed again. Copies in back-ups and escrow are yours to destroy.

    \b
    Examples:
      landschap keys shred 2 --config weesp/organisation.toml
      landschap keys shred 2 --lost --yes --config weesp/organisation.toml
      landschap keys shred 1 --of log --config weesp/organisation.toml
    """
    from landschap.platform.settings import load_settings

    settings = load_settings(config)
    if of == "log":
        from landschap.cli.log_keys import shred_key_of_log

        shred_key_of_log(settings, number, lost=lost, yes=yes, as_json=as_json)
        return
    _shred_pseudonym(settings, number, lost=lost, yes=yes, as_json=as_json)


def _shred_pseudonym(
    settings: Settings, number: int, *, lost: bool, yes: bool, as_json: bool
) -> None:
    from landschap.cli.verify import LOG_READER
    from landschap.cli.with_pool import run_with_pool
    from landschap.platform.pseudonym_keys import LOST, check_shreddable, shred_pseudonym_key

    check_shreddable(settings, number, lost=lost)
    found = run_with_pool(settings, "logboek", partial(_of_key, number), role=LOG_READER)
    told = f"{found.lines:,} lines were written with key {number} of pseudonyms{found.span()}"
    if not yes:
        click.echo(told, err=True)
        click.confirm("Nobody finds them by person any more. Destroy it?", abort=True, err=True)
    shred_pseudonym_key(settings, number, datetime.now(UTC), lost=lost)
    if as_json:
        click.echo(json.dumps({"destroyed": number, "lines": found.lines, "proved": LOST}))
        return
    click.echo(f"key {number} of pseudonyms is destroyed; {told}")
    for part in LOST.split("; "):
        click.echo(part)
    click.echo("running parts forget it within two seconds of their next use of it;")
    click.echo("not reached: copies in back-ups and escrow")


async def _of_key(number: int, pool: asyncpg.Pool) -> Keyed:
    """What was written with a key. Raises Trouble while it must stay."""
    from landschap.logboek.store.keyed import keyed_with
    from landschap.logboek.store.legal_holds import legal_holds
    from landschap.platform.trouble import Trouble

    holds = await legal_holds(pool)
    if holds:
        raise Trouble(
            f"{len(holds)} holds are in force: without the key nobody finds lines by person",
            "wait until they end: `landschap log legal-hold list`",
        )
    return await keyed_with(pool, number)


def inventory(settings: Settings) -> list[Row]:
    """Every key of the organisation. A place is shown, a key never."""
    from landschap.platform.log_keys import kept_keys
    from landschap.platform.pseudonym_keys import generations
    from landschap.platform.seal_keys import SEAL_NAMES, former_seal_keys

    identity, secrets, every = settings.identity, settings.paths.secrets, generations(settings)
    is_shared = any(each.is_shared for each in every)
    signing = "contracts, tokens, declarations, anchors"
    kept = identity.pkcs11
    files = [
        ("tls", "TLS at every door" if kept else f"TLS at every door, {signing}", identity.key),
        ("permit", "what the door allowed, for our own services", secrets / "permit.key"),
        ("pseudonym", f"{_FIRST}, lines" if is_shared else _FIRST, secrets / "pseudonym.key"),
        ("session", "sessions of residents", secrets / "session.key"),
        ("request", f"{_REQUESTS}: seals and opens", secrets / "request.key"),
        ("evidence", f"{_EVIDENCE}: seals and opens", secrets / "evidence.key"),
    ]
    for named, does in zip(SEAL_NAMES, (_REQUESTS, _EVIDENCE), strict=True):
        former = former_seal_keys(settings, named).items()
        files += [(f"{named} ({each})", f"{does}: opens", path) for each, path in former]
    rows = [
        Row(name=name, does=does, place=str(path), since=_since(path)) for name, does, path in files
    ]
    of_lines = [each for each in every if not each.is_shared]
    rows += [_generation(each, newest=each is every[-1]) for each in of_lines]
    sealing = kept_keys(settings)
    rows += [_of_log(each, newest=each is sealing[-1]) for each in sealing]
    if kept is not None:
        place = f"key '{kept.key}' in token '{kept.token}' ({kept.module})"
        rows.insert(1, Row(name="signing", does=signing, place=place, since="in the token"))
    return rows


def _generation(each: Generation, *, newest: bool) -> Row:
    name, does = (
        f"pseudonym {each.number}",
        "persons in lines, "
        + ("which are written with it" if newest else "which are found with it"),
    )
    if each.destroyed_at is not None:
        gone = f"destroyed {each.destroyed_at:%Y-%m-%d %H:%M} UTC"
        return Row(
            name=name, does="nothing: its lines are anonymous", place=_left(each.path), since=gone
        )
    return Row(name=name, does=does, place=str(each.path), since=_since(each.path))


def _of_log(each: KeptKey, *, newest: bool) -> Row:
    name = f"log {each.number}"
    if each.destroyed_at is not None:
        gone = f"destroyed {each.destroyed_at:%Y-%m-%d %H:%M} UTC"
        return Row(
            name=name, does="nothing: it opens no record", place=_left(each.path), since=gone
        )
    does = "what records of the log say, " + (
        "which are sealed with it" if newest else "which it opens"
    )
    named = f"{does}; named {each.key_id.hex()} in them"
    return Row(name=name, does=named, place=str(each.path), since=_since(each.path))


def _left(path: Path) -> str:
    """Where a destroyed key is: its file may have come back from a back-up."""
    return f"{path}: destroy it again" if path.exists() else "nowhere"


def _since(path: Path) -> str:
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return ""
    return f"since {written:%Y-%m-%d %H:%M} UTC"
