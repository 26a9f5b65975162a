# SPDX-License-Identifier: EUPL-1.2
"""``landschap source compare``: how a copy differs from its source, and who still reads it."""

from __future__ import annotations

import asyncio
import difflib
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypedDict, Unpack

import click

from landschap.cli.config_option import config_option, json_option
from landschap.cli.days_option import Days
from landschap.cli.measuring import rooms_of
from landschap.cli.source import source
from landschap.cli.source_compare_log import (
    Looked,
    Reading,
    readers_of,
    require_activity,
    write_lines,
)
from landschap.integration.connectors.opening import (
    SNAPSHOTS_FOLDER,
    SOURCES_FOLDER,
    Surroundings,
    client_session,
    close_doors,
    open_doors,
    read_declarations,
)
from landschap.integration.drift import Difference, FieldDrift, common_fields
from landschap.integration.mistakes import DeclarationError
from landschap.integration.model import Declaration
from landschap.integration.rows import Moment, SourceFailed
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.registers.client import MODELS_FOLDER, read_models
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day, as_utc_text

if TYPE_CHECKING:
    from landschap.integration.connectors.comparing import Compared, Side

_DRIFTS = 1


class Show(StrEnum):
    """How much of what differs is shown."""

    COUNTS = "counts"
    KEYS = "keys"
    VALUES = "values"


class _Given(TypedDict):
    keys: TextIO | None
    most: int
    activity: str
    show: str
    period: timedelta
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is compared, of whom, and how much of it may be shown."""

    copy: Declaration
    source: Declaration
    keys: tuple[str, ...] | None
    most: int
    activity: str
    period: timedelta
    show: Show
    progress: bool


@dataclass(slots=True)
class _Seen:
    """What came of it."""

    fields: dict[str, FieldDrift]
    keys: int = 0
    more: bool = False
    readers: list[Reading] = field(default_factory=list)

    def add(self, one: Compared) -> None:
        self.keys += 1
        for each in one.differences:
            self.fields[each.field].see(each)

    @property
    def drifts(self) -> bool:
        return any(each.drifts for each in self.fields.values())


@source.command("compare")
@config_option
@click.argument("copy")
@click.argument("original", metavar="SOURCE")
@click.option("--keys", type=click.File(encoding="utf-8"), help="The keys to compare, one a line.")
@click.option(
    "--most", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True,
    help="Compare no more keys than this.",
)  # fmt: skip
@click.option(
    "--activity", default="", help="The processing activity under which persons are read."
)
@click.option(
    "--show", type=click.Choice([each.value for each in Show]), default="counts", show_default=True,
    help="Show of each field also some keys that differ, or what both say there.",
)  # fmt: skip
@click.option(
    "--period", type=Days(), default="90d", show_default=True, help="Who read it for so long."
)
@json_option
def compare_(config: Path, copy: str, original: str, **given: Unpack[_Given]) -> None:
    """Compare the logical source COPY with SOURCE, field by field, and see who still reads COPY.

    Both are logical sources with fields of the same names. The same keys are asked of both; without
    --keys all keys of the copy, when it is a file or a database. What differs is counted per field;
    --show gives some keys as well, or what both say: of persons, only if you may see it. About
    persons, --activity is needed, and each of them gets a line in the log before anything is shown.
    Exit code 1: the copy differs.

    \b
    Examples:
      landschap source compare vergunningen-kopie vergunningen
      landschap source compare inwoners-kopie inwoners --activity ACTIVITY --show keys
      landschap source compare inwoners-kopie inwoners --keys nummers.txt --json
    """
    settings = load_settings(config)
    declared = _declared(settings)
    asked = _Asked(
        copy=_one_of(declared, copy), source=_one_of(declared, original),
        keys=_lines(given["keys"]), most=given["most"], activity=given["activity"],
        period=given["period"], show=Show(given["show"]), progress=sys.stderr.isatty(),
    )  # fmt: skip
    _check(asked)
    seen = asyncio.run(_compared(settings, asked))
    if given["as_json"]:
        click.echo(json.dumps(_body(asked, seen), indent=2, ensure_ascii=False))
    else:
        for line in _told(asked, seen):
            click.echo(line)
    if seen.drifts:
        sys.exit(_DRIFTS)


def _declared(settings: Settings) -> Mapping[str, Declaration]:
    try:
        return read_declarations(settings.path.parent / SOURCES_FOLDER)
    except DeclarationError as error:
        first = error.mistakes[0]
        raise Trouble(str(first), "`landschap source check` names every mistake") from None


def _one_of(declared: Mapping[str, Declaration], name: str) -> Declaration:
    found = declared.get(name)
    if found is None:
        near = difflib.get_close_matches(name, declared, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise Trouble(f"there is no logical source {name}{hint}", "`landschap source list`")
    return found


def _lines(keys: TextIO | None) -> tuple[str, ...] | None:
    if keys is None:
        return None
    return tuple(dict.fromkeys(line.strip() for line in keys if line.strip()))


def _check(asked: _Asked) -> None:
    """Raises Trouble for what can not be compared, or may not without more."""
    if not common_fields(asked.copy, asked.source):
        why = f"{asked.copy.name} and {asked.source.name} have no field in common"
        raise Trouble(why, "give what is the same the same name in both declarations")
    about = asked.source.subject or asked.copy.subject
    if about and not asked.activity:
        raise Trouble(
            f"{(asked.source if asked.source.subject else asked.copy).name} is about persons",
            "name the processing activity this is part of: --activity",
        )


async def _compared(settings: Settings, asked: _Asked) -> _Seen:
    from landschap.integration.connectors.comparing import compare
    from landschap.integration.connectors.fanout import Occasion

    now = datetime.now(UTC)
    moment = Moment(valid_on=amsterdam_day(now), known_at=now, today=True, now=True)
    seen = _Seen({path: FieldDrift() for path in common_fields(asked.copy, asked.source)})
    async with rooms_of(settings) as rooms, _sides(settings, asked) as (copy, original):
        if asked.activity:
            await require_activity(rooms, asked.activity, now)
        keys = asked.keys if asked.keys is not None else await _all_keys(copy, asked.most)
        seen.more = len(keys) > asked.most
        keys = keys[: asked.most]
        subjects: set[tuple[str, str]] = set()
        async with aclosing(compare(copy, original, keys, Occasion(moment=moment))) as found:  # type: ignore[type-var]  # an async generator
            async for one in found:
                seen.add(one)
                subjects.update(one.subjects)
                if asked.progress and seen.keys % 100 == 0:
                    click.echo(f"\r{seen.keys} of {len(keys)} compared", nl=False, err=True)
        if asked.progress:
            click.echo(err=True)
        for kind in sorted({kind for kind, _ in subjects}):
            line = Looked(kind=kind, activity=asked.activity, name=asked.source.title)
            numbers = sorted(number for each, number in subjects if each == kind)
            await write_lines(settings, line, numbers, now)
        seen.readers = await readers_of(rooms, asked.copy.name, now - asked.period, now)
    return seen


@asynccontextmanager
async def _sides(settings: Settings, asked: _Asked) -> AsyncIterator[tuple[Side, Side]]:
    """Both logical sources with their doors open."""
    from landschap.integration.connectors.comparing import Side
    from landschap.platform import postgres

    folder, hosts = settings.path.parent, settings.network.hosts or {}
    async with AsyncExitStack() as stack:
        pool = await postgres.pool(settings, "registers", size=4)
        stack.push_async_callback(pool.close)
        around = Surroundings(
            pool=pool,
            registers=read_models(folder / MODELS_FOLDER),
            session=await stack.enter_async_context(client_session(hosts)),
            hosts=hosts,
            secrets=settings.paths.secrets,
            folder=folder / SOURCES_FOLDER,
            snapshots=settings.paths.data / SNAPSHOTS_FOLDER,
        )
        sides = []
        for declaration in (asked.copy, asked.source):
            try:
                doors = open_doors(declaration, around)
            except (OSError, ValueError) as error:
                why = f"a source of {declaration.name} can not be opened: {error}"
                raise Trouble(why, "`landschap source status` says what to do") from None
            stack.push_async_callback(close_doors, doors)
            sides.append(Side(declaration=declaration, doors=doors))
        yield sides[0], sides[1]


async def _all_keys(copy: Side, most: int) -> tuple[str, ...]:
    from landschap.integration.connectors.comparing import Listing

    root = copy.declaration.root
    door = copy.doors[root.source]
    if not isinstance(door, Listing):
        raise Trouble(
            f"{root.source} can not tell which keys there are",
            "give a file of keys, one a line: --keys",
        )
    try:
        return tuple(await door.every_key(root.name, most + 1))
    except SourceFailed as failed:
        why = f"{root.source} does not tell its keys ({failed.reason})"
        raise Trouble(why, "`landschap source status` says what is wrong") from None


def _body(asked: _Asked, seen: _Seen) -> dict[str, JsonValue]:
    return {
        "copy": asked.copy.name,
        "source": asked.source.name,
        "keys": seen.keys,
        "more": seen.more,
        "fields": [
            {
                "field": path,
                **{outcome.value: count for outcome, count in one.counts.items()},
                "examples": [_example(asked, each) for each in _shown(asked, one)],
            }
            for path, one in seen.fields.items()
        ],
        "only_in": {
            "copy": [path for path in asked.copy.fields if path not in asked.source.fields],
            "source": [path for path in asked.source.fields if path not in asked.copy.fields],
        },
        "readers": [
            {
                "who": each.who,
                "purpose": each.purpose,
                "questions": each.questions,
                "last": as_utc_text(each.last),
            }
            for each in seen.readers
        ],
    }


def _shown(asked: _Asked, one: FieldDrift) -> list[Difference]:
    """The examples that are shown: none when that was not asked for."""
    return [] if asked.show is Show.COUNTS else one.examples


def _example(asked: _Asked, one: Difference) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {"key": one.key, "outcome": one.outcome.value}
    if asked.show is Show.VALUES:
        found |= {"copy": list(one.copy), "source": list(one.source)}
    return found


def _told(asked: _Asked, seen: _Seen) -> Iterator[str]:
    more = f"; there are more, --most {asked.most} compares no others" if seen.more else ""
    yield f"{asked.copy.name} beside {asked.source.name}: {seen.keys} keys{more}"
    heads = ("equal", "differs", "copy only", "source only", "unknown")
    yield f"  {'field':<32}{''.join(f'{head:>13}' for head in heads)}"
    for path, one in seen.fields.items():
        yield f"  {path:<32}{''.join(f'{count:>13}' for count in one.counts.values())}"
        for each in _shown(asked, one):
            both = f": {list(each.copy)!r} beside {list(each.source)!r}"
            told = both if asked.show is Show.VALUES else ""
            yield f"      {each.key}  {each.outcome}{told}"
    yield f"who asked {asked.copy.name} in the last {asked.period.days} days"
    for reader in seen.readers:
        last = as_utc_text(reader.last)
        yield f"  {reader.who}  {reader.purpose}  {reader.questions} questions, last {last}"
    if not seen.readers:
        yield "  nobody; the copy can go once its fields are equal, or the difference is understood"
