# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose list``, ``lists`` and ``import-list``: shared and own lists of purposes."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from landschap.cli.config_option import json_option
from landschap.cli.purpose import FOLDER, of_organisation, purpose, resting_on
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.files import parse_register
from landschap.purposes.importing.editions import Edition, UnlawfulEditionError, edition_over
from landschap.purposes.importing.skos import MAX_CHARACTERS, UnreadableListError, read_list
from landschap.purposes.lists import is_local, shared_purpose
from landschap.purposes.model import Register
from landschap.purposes.reading import RegisterError
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.ijson import JsonValue

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIR = click.Path(file_okay=False, path_type=Path)
_SHOWN = 20


@purpose.command("list")
@json_option
@of_organisation
def list_purposes(settings: Settings, as_json: bool) -> None:
    """List the purposes in force, whose they are, and how much rests on each.

    One of our own is marked so, with the purpose of a shared list that it leads to: by that one
    other organisations know it.

    \b
    Examples:
      landschap purpose list
      landschap purpose list --json
    """
    snapshot, _ = run_with_pool(settings, "purposes", current_snapshot)
    rows = _purpose_rows(snapshot)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of(
        "Purpose", "Name", "Version", "Status", "Whose", "Leads to", "Activities", "Policies"
    )
    for row in rows:
        first = [str(row[key]) for key in ("uri", "name", "version", "status")]
        last = [str(row[key]) for key in ("activities", "policies")]
        table.add_row(*first, *_whose(row), *last)
    answer.print(table)


def _whose(row: dict[str, JsonValue]) -> tuple[str, str]:
    if not row["local"]:
        return "shared", ""
    return "our own", str(row["shared"]) or "nothing: only we know it"


@purpose.command("lists")
@json_option
@of_organisation
def lists(settings: Settings, as_json: bool) -> None:
    """List the lists of purposes in force: whose, which edition, how many purposes.

    \b
    Examples:
      landschap purpose lists
      landschap purpose lists --json
    """
    snapshot, _ = run_with_pool(settings, "purposes", current_snapshot)
    rows = _list_rows(snapshot)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("List", "Title", "Edition", "Publisher", "Rank", "Purposes")
    for row in rows:
        whose = f"{row['publisher']}{' (ourselves)' if row['local'] else ''}"
        cells = (row["uri"], row["title"], row["version"], whose, row["rank"], row["purposes"])
        table.add_row(*(str(each) for each in cells))
    answer.print(table)


@purpose.command("import-list")
@click.argument("file", type=_FILE)
@click.option("--into", type=_DIR, help=f"The folder of the register; default {FOLDER}.")
@click.option("--rank", type=click.IntRange(1, 1000), default=1, show_default=True,
              help="Between lists that call purposes equal, the lowest is decided on.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only check, and show what would change.")
@json_option
@of_organisation
def import_list(
    settings: Settings, file: Path, into: Path | None, rank: int, dry_run: bool, as_json: bool
) -> None:
    """Take in a published list of purposes, or a next edition of it: FILE, SKOS in Turtle.

    It becomes a file of the register, `lijst-NAME.toml`; `landschap apply` puts it in force.
    Earlier versions of its purposes stay, because decisions rest on them. An edition in which a
    purpose reads otherwise under the same version is refused.

    \b
    Examples:
      landschap purpose import-list landelijk-2027.ttl --dry-run
      landschap purpose import-list landelijk-2027.ttl
    """
    folder = into or settings.path.parent / FOLDER
    owner = settings.organisation.oin.value
    try:
        published = read_list(_text_of(file), rank=rank)
        target = folder / f"lijst-{_name_of(published.scheme.uri)}.toml"
        sources = {path.name: _text_of(path) for path in sorted(folder.glob("*.toml"))}
        before = sources.pop(target.name, "")
        _only_there(sources, published.scheme.uri)
        known = _read({target.name: before}, owner) if before else Register(owner=owner)
        _same_list(known, published.scheme.uri, target)
        edition = edition_over(published, known)
    except UnreadableListError as error:
        raise Trouble(f"{file} was not taken in:\n{error}", "ask its publisher") from None
    except UnlawfulEditionError as error:
        raise Trouble(
            f"{file} was not taken in, it rewrites what was published before:\n{error}",
            "ask its publisher for an edition that gives these a new version",
        ) from None
    text = edition.text(file.name)
    _read({target.name: text}, owner)
    if not dry_run:
        _write(target, text)
    _tell(edition, target, dry_run=dry_run, as_json=as_json)
    try:
        parse_register({**sources, target.name: text}, owner)
    except RegisterError as error:
        click.echo(f"`landschap apply` would still refuse the register:\n{error}", err=True)


def _read(sources: dict[str, str], owner: str) -> Register:
    try:
        return parse_register(sources, owner)
    except RegisterError as error:
        raise Trouble(f"the list does not hold:\n{error}", "ask its publisher") from None


def _same_list(known: Register, scheme: str, target: Path) -> None:
    """Two lists whose addresses end alike would take each other's file."""
    if any(each.uri != scheme for each in known.schemes):
        raise Trouble(
            f"{target.name} holds another list: {known.schemes[0].uri}",
            "give that file another name that does not begin with lijst-, and import again",
        )


def _text_of(file: Path) -> str:
    try:
        if file.stat().st_size > 4 * MAX_CHARACTERS:
            raise Trouble(f"{file} is larger than any list of purposes", "name another file")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{file} can not be read: {error}", "make it readable, as UTF-8") from None


def _name_of(uri: str) -> str:
    last = uri.rstrip("/#").rpartition("/")[2].rpartition("#")[2]
    return re.sub(r"[^a-z0-9]+", "-", last.casefold()).strip("-") or "doelen"


def _only_there(sources: dict[str, str], scheme: str) -> None:
    """The list stands in its own file only: two places would disagree at the next edition."""
    quoted = re.compile(rf"(?m)^\s*(?:uri|stelsel)\s*=\s*[\"']{re.escape(scheme)}[\"']")
    for name, source in sources.items():
        if quoted.search(source):
            raise Trouble(
                f"{name} holds this list already",
                f"take the [[stelsel]] and every [[doel]] of {scheme} out of it; they come with "
                "the list",
            )


def _write(target: Path, text: str) -> None:
    beside = target.with_suffix(".nieuw")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        raise Trouble(f"{target} can not be written: {error.strerror}", "make room there") from None


def _tell(edition: Edition, target: Path, *, dry_run: bool, as_json: bool) -> None:
    published = edition.published
    scheme = published.scheme
    if as_json:
        told = {
            "list": scheme.uri,
            "edition": scheme.version,
            "file": target.name,
            "written": not dry_run,
            "purposes": len(published.purposes),
            "added": list(edition.added),
            "renewed": list(edition.renewed),
            "noLongerListed": list(edition.absent),
            "untranslated": list(published.untranslated),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{scheme.title.nl}, {scheme.version}: {len(published.purposes)} purposes")
    notes = {
        "new": edition.added,
        "new version": edition.renewed,
        "no longer listed, kept as it was": edition.absent,
        "no English text, the Dutch stands there": published.untranslated,
    }
    for words, uris in notes.items():
        for uri in uris[:_SHOWN]:
            click.echo(f"{words}: {uri}")
        if len(uris) > _SHOWN:
            click.echo(f"{words}: {len(uris) - _SHOWN} more")
    if dry_run:
        click.echo("nothing was written")
    else:
        click.echo(f"{target.name} is written; `landschap apply --dry-run` shows what it changes")


def _purpose_rows(snapshot: Snapshot) -> list[dict[str, JsonValue]]:
    rows: list[dict[str, JsonValue]] = []
    for uri, known in sorted(snapshot.purposes.items()):
        activities, policies = resting_on(snapshot, uri)
        active = known.is_active(datetime.now(UTC))
        rows.append(
            {
                "uri": uri,
                "name": known.purpose.label.nl,
                "version": known.purpose.version,
                "status": known.purpose.status.value if active else "niet van kracht",
                "list": known.purpose.scheme,
                "local": is_local(known.purpose, snapshot.register),
                "shared": shared_purpose(known.purpose, snapshot),
                "activities": len(activities),
                "policies": len(policies),
            }
        )
    return rows


def _list_rows(snapshot: Snapshot) -> list[dict[str, JsonValue]]:
    register = snapshot.register
    count = Counter(known.purpose.scheme for known in snapshot.purposes.values())
    return [
        {
            "uri": each.uri,
            "title": each.title.nl,
            "version": each.version,
            "publisher": each.publisher,
            "local": each.publisher == register.owner,
            "rank": each.rank,
            "purposes": count[each.uri],
        }
        for each in sorted(register.schemes, key=lambda one: (one.rank, one.uri))
    ]
