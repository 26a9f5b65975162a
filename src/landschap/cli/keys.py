# SPDX-License-Identifier: EUPL-1.2
"""`landschap keys`: which keys there are, where they live; rotating the one that rotates here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from landschap.cli.config_option import config_option

if TYPE_CHECKING:
    from landschap.platform.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key: what it does, where it is, since when."""

    name: str
    does: str
    place: str
    since: str


@click.group()
def keys() -> None:
    """Show the organisation's keys, and rotate the permit key.

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
@click.argument("name", type=click.Choice(["permit"]))
@config_option
def rotate(name: str, config: Path) -> None:
    """Make a new key NAME; running parts take it over, and no question fails.

    The former permit key opens permits for five minutes more. Certificates and their keys are
    rotated by replacing their files.

    \b
    Examples:
      landschap keys rotate permit --config weesp/organisation.toml
    """
    from landschap.platform.keys import FORMER_PERMIT_SECONDS, rotate_permit_key
    from landschap.platform.settings import load_settings

    rotate_permit_key(load_settings(config))
    minutes = int(FORMER_PERMIT_SECONDS / 60)
    click.echo(f"the {name} key is new; the former one opens permits for {minutes} minutes more")


def inventory(settings: Settings) -> list[Row]:
    """Every key of the organisation. A place is shown, a key never."""
    identity, secrets = settings.identity, settings.paths.secrets
    signing = "contracts, tokens, declarations, anchors"
    kept = identity.pkcs11
    files = [
        ("tls", "TLS at every door" if kept else f"TLS at every door, {signing}", identity.key),
        ("permit", "what the door allowed, for our own services", secrets / "permit.key"),
        ("pseudonym", "pseudonyms of persons and case references", secrets / "pseudonym.key"),
        ("session", "sessions of residents", secrets / "session.key"),
    ]
    rows = [
        Row(name=name, does=does, place=str(path), since=_since(path)) for name, does, path in files
    ]
    if kept is not None:
        place = f"key '{kept.key}' in token '{kept.token}' ({kept.module})"
        rows.insert(1, Row(name="signing", does=signing, place=place, since="in the token"))
    return rows


def _since(path: Path) -> str:
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return ""
    return f"since {written:%Y-%m-%d %H:%M} UTC"
