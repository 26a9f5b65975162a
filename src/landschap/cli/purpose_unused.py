# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose unused``: what is granted against what is used, and granting less."""

from __future__ import annotations

import asyncio
import difflib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from landschap.cli.config_option import json_option
from landschap.cli.days_option import Days
from landschap.cli.measuring import rooms_of
from landschap.cli.purpose import BASIS, FOLDER, of_organisation, purpose, read_folder
from landschap.cli.unused_words import tell, tell_proposal
from landschap.cli.verify import counting
from landschap.gateway.usage.report import Report
from landschap.gateway.usage.store import measured
from landschap.logboek.store import stretches
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.used.editing import edited
from landschap.purposes.used.shrinking import Shrunk, shrink
from landschap.purposes.writing import files_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day


@purpose.command("unused")
@click.option(
    "--period", type=Days(), default="90d", show_default=True, help="How far to look back."
)
@click.option(
    "--granted-for",
    "at_least",
    type=Days(least=0),
    help="Unused is only what was granted at least so long; default the period.",
)
@click.option("--diff", "as_diff", is_flag=True, help="Print only the proposal, as a difference.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the register as proposed into this new folder.",
)
@json_option
@of_organisation
def unused(
    settings: Settings, period: timedelta, at_least: timedelta | None, as_diff: bool,
    out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """See which permissions, fields, roles and contracts nobody used, and propose to grant less.

    Counted in the log: what permitted questions asked by name, and what they were given when they
    named no fields. The proposal ends unused policies and narrows field sets and roles; --diff
    shows it, --out writes it as a folder that `landschap apply` takes. Nothing is changed by this
    command itself.

    \b
    Examples:
      landschap purpose unused --period 90d
      landschap purpose unused --period 365d --diff
      landschap purpose unused --out kleiner && landschap apply kleiner --dry-run
    """
    if out is not None and out.exists() and any(out.iterdir()):
        raise Trouble(f"{out} is not empty", "name a new folder; nothing is written over")
    now = datetime.now(UTC)
    report = asyncio.run(
        _measured(settings, now - period, now, period if at_least is None else at_least)
    )
    shrunk = shrink(report.snapshot.register, report.policies, amsterdam_day(now))
    before, after, kept = _files(settings, report.snapshot, shrunk)
    if out is not None:
        _write(out, after, report.snapshot.version)
    difference = "".join(_difference(before, after))
    if as_json:
        told = report.as_json() | {"proposal": _proposal(shrunk, difference, kept)}
        click.echo(json.dumps(told, ensure_ascii=False))
    elif as_diff:
        click.echo(difference, nl=False)
    else:
        tell(report)
        tell_proposal(shrunk, kept, out)


async def _measured(
    settings: Settings, since: datetime, until: datetime, at_least: timedelta
) -> Report:
    async with rooms_of(settings) as rooms:
        with counting("Counting", len(stretches(since, until))) as advance:
            return await measured(rooms, since, until, at_least, advance)


def _files(
    settings: Settings, snapshot: Snapshot, shrunk: Shrunk
) -> tuple[Mapping[str, str], Mapping[str, str], bool]:
    """The files before and after, and whether these are the organisation's own, with comments."""
    folder = settings.path.parent / FOLDER
    if folder.is_dir():
        found = read_folder(folder, settings.organisation.oin.value)
        if Snapshot(found.register).version == snapshot.version:
            sources = {
                path.name: path.read_text(encoding="utf-8")
                for path in sorted(folder.glob("*.toml"))
            }
            after = edited(sources, shrunk)
            if after is not None:
                return sources, after, True
    return files_of(snapshot.register), files_of(shrunk.register), False


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        yield from difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True),
            f"a/{FOLDER}/{name}", f"b/{FOLDER}/{name}",
        )  # fmt: skip


def _write(out: Path, files: Mapping[str, str], version: str) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")
        (out / BASIS).write_text(f"{version}\n", encoding="utf-8")
    except OSError as error:
        raise Trouble(
            f"{out} can not be written: {error.strerror}", "name another folder"
        ) from None


def _proposal(shrunk: Shrunk, difference: str, kept: bool) -> dict[str, JsonValue]:
    return {
        "steps": [
            {
                "policy": each.policy.id if each.policy else None,
                "fieldSet": each.field_set.key if each.field_set else None,
                "why": each.why,
            }
            for each in shrunk.steps
        ],
        "difference": difference,
        "commentsKept": kept,
    }
