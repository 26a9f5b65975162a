# SPDX-License-Identifier: EUPL-1.2
"""``landschap package``: what a package holds and asks, and which are in force."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.packaging.reading import opened_package
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.packages.manifest import Described, Manifest
from landschap.packages.parameters import KINDS
from landschap.packages.store import history
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.times import as_utc_text

of_organisation = read_from_config("settings", load_settings)


@click.group()
def package() -> None:
    """See what a package holds and asks, and which packages are in force.

    \b
    Examples:
      landschap package show bijstand-1.0.0.pakket
      landschap package values bijstand-1.0.0.pakket > waarden.toml
      landschap package list
    """


@package.command("show")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@of_organisation
def show_package(settings: Settings, file: Path, as_json: bool) -> None:
    """Verify a package, and show who signed it and what is in it.

    \b
    Examples:
      landschap package show bijstand-1.0.0.pakket
      landschap package show bijstand-1.0.0.pakket --json
    """
    opened = opened_package(settings, file)
    manifest = opened.manifest
    if as_json:
        body = {"digest": opened.digest, "manifest": msgspec.to_builtins(manifest)}
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    click.echo(f"{manifest.name} {manifest.version}: {manifest.title}")
    click.echo(f"signed by {opened.signer.name} ({opened.signer.peer_id})")
    click.echo(f"sha256 {opened.digest}; needs landschap {manifest.program}")
    _tell_parts(manifest)
    for name, each in manifest.parameters.items():
        click.echo(f"parameter {name}: {each.meaning} ({KINDS[each.kind][1]})")


def _tell_parts(manifest: Manifest) -> None:
    table = table_of("What", "Name", "Version")
    for each in manifest.parts:
        table.add_row(each.kind, each.name, each.version)
    answer.print(table)


@package.command("values")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@of_organisation
def write_values(settings: Settings, file: Path) -> None:
    """Print a file of values to fill in: every parameter of a package, with what it means.

    \b
    Examples:
      landschap package values bijstand-1.0.0.pakket > waarden.toml
    """
    for name, each in opened_package(settings, file).manifest.parameters.items():
        click.echo(f"# {each.meaning} ({KINDS[each.kind][1]})")
        click.echo(f"{name} = {_empty(each)}")


def _empty(described: Described) -> str:
    return "[]" if described.kind == "oins" else '""'


@package.command("list")
@json_option
@of_organisation
def list_packages(settings: Settings, as_json: bool) -> None:
    """List the packages that were taken in, by whom and of whom; the newest first.

    \b
    Examples:
      landschap package list
      landschap package list --json
    """
    found = run_with_pool(settings, "packages", history)
    rows = [
        {
            "name": each.name,
            "version": each.version,
            "appliedAt": as_utc_text(each.applied_at) if each.applied_at else None,
            "signer": each.signer,
            "signerName": each.signer_name,
            "author": each.author,
            "approver": each.approver,
            "reason": each.reason,
            "digest": each.digest,
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("Package", "Version", "In force since", "Signed by", "Author", "Approver")
    for row in rows:
        table.add_row(
            *(str(row[key] or "") for key in
              ("name", "version", "appliedAt", "signerName", "author", "approver"))
        )  # fmt: skip
    answer.print(table)
