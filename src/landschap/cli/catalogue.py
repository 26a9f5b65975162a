# SPDX-License-Identifier: EUPL-1.2
"""``landschap catalogue``: the APIs of others and of ourselves, gathered and searched."""

from __future__ import annotations

import difflib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import asyncpg
import click

from landschap.catalogue import store
from landschap.catalogue.worker import tell_followers
from landschap.cli.catalogue_gathering import gather as gather_one
from landschap.cli.catalogue_gathering import sources_at
from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import InvalidValue, Oin

_NOT_FOUND = 3
_FAILED = 1
of_organisation = read_from_config("settings", load_settings)


@click.group()
def catalogue() -> None:
    """Gather descriptions of APIs, and find the one that has what you need.

    \b
    Examples:
      landschap catalogue gather ../openapi https://api.example.nl/v1/openapi.json
      landschap catalogue search "wie woont op een adres"
    """


@catalogue.command("gather")
@click.argument("places", metavar="FILE|FOLDER|URL...", nargs=-1, required=True)
@json_option
@of_organisation
def gather(settings: Settings, places: tuple[str, ...], as_json: bool) -> None:
    """Read descriptions of APIs (OpenAPI 3.0, 3.1), and keep every text that was not seen before.

    Each is checked against the design rules, and compared with the text before: what breaks who
    calls it is told. What can not be read is kept with its reason and ends with 1; the others
    are gathered all the same. A new text of what you published is published as well, unless it
    lacks something; who follows an API is told.

    \b
    Examples:
      landschap catalogue gather ../openapi
      landschap catalogue gather https://api.example.nl/v1/openapi.json --json
    """
    sources = [each for place in places for each in sources_at(place)]

    async def work(pool: asyncpg.Pool) -> list[dict[str, Any]]:
        # A progress bar only where somebody looks.
        with click.progressbar(sources, label="Gathering", file=sys.stderr) as shown:
            read = [await gather_one(pool, source) for source in shown]
        told = await tell_followers(pool, settings)
        return [
            {**each, "notices": [one for one in told if one["name"] == each.get("name")]}
            for each in read
        ]

    told = run_with_pool(settings, "catalogue", work)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for each in (one for one in told if one["outcome"] != "same"):
            click.echo(f"{each['outcome']}: {each.get('name') or each['source']}{_more(each)}")
            for one in each["notices"]:
                click.echo(f"  {one['address']}: {'told' if one['told'] else one['why']}")
        counts = Counter(str(each["outcome"]) for each in told)
        click.echo(", ".join(f"{number} {name}" for name, number in sorted(counts.items())))
    if any(each["outcome"] == "unreadable" for each in told):
        click.get_current_context().exit(_FAILED)


@catalogue.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@json_option
@of_organisation
def search(settings: Settings, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find APIs by title, organisation, operation, term or field.

    All words must occur: by their Dutch stem, as written, or as the beginning of a word. Ends
    with 3 when nothing is found, and then names the nearest word.

    \b
    Examples:
      landschap catalogue search bewoning adres
      landschap catalogue search burgerservicenummer --json
    """
    question = " ".join(words)

    async def work(pool: asyncpg.Pool) -> tuple[Sequence[store.Hit], Sequence[str]]:
        found = await store.search(pool, question, limit)
        return found, [] if found else await store.nearest(pool)

    found, known = run_with_pool(settings, "catalogue", work)
    if as_json:
        rows = [{**_row(each.api), "foundIn": list(each.found_in)} for each in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
    elif found:
        table = table_of("API", "Title", "Organisation", "Version", "Score", "Found in")
        for each in found:
            api = each.api
            table.add_row(api.name, api.title, api.organisation, api.version, str(api.score),
                          ", ".join(each.found_in))  # fmt: skip
        answer.print(table)
    if not found:
        near = [m for w in words for m in difflib.get_close_matches(w.lower(), known, n=1)]
        hint = f"; did you mean {' '.join(near)}?" if near else ""
        click.echo(f"Nothing holds all of these words{hint}", err=True)
        click.get_current_context().exit(_NOT_FOUND)


@catalogue.command("list")
@json_option
@of_organisation
def list_apis(settings: Settings, as_json: bool) -> None:
    """List the APIs that were gathered, and the sources that could not be read.

    \b
    Examples:
      landschap catalogue list
      landschap catalogue list --json
    """

    async def work(
        pool: asyncpg.Pool,
    ) -> tuple[Sequence[store.Api], Sequence[tuple[str, str]]]:
        return await store.apis(pool), await store.unreadable(pool)

    found, wrong = run_with_pool(settings, "catalogue", work)
    if as_json:
        told = {
            "apis": [_row(each) for each in found],
            "unreadable": [{"source": source, "why": why} for source, why in wrong],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = table_of("API", "Title", "Organisation", "Version", "Texts", "Score", "Findings")
    for each in found:
        table.add_row(each.name, each.title, each.organisation, each.version, str(each.number),
                      str(each.score), str(each.findings))  # fmt: skip
    answer.print(table)
    for source, why in wrong:
        click.echo(f"not read: {source}: {why}", err=True)


@catalogue.command("show")
@click.argument("name")
@json_option
@of_organisation
def show(settings: Settings, name: str, as_json: bool) -> None:
    """Show one API and every text that was seen of it, with what changed and what that breaks.

    \b
    Examples:
      landschap catalogue show brp-api-personen
      landschap catalogue show brp-api-personen --json
    """

    async def work(
        pool: asyncpg.Pool,
    ) -> tuple[store.Api | None, Sequence[store.Text], Sequence[str]]:
        names = [each.name for each in await store.apis(pool)]
        return await store.api_named(pool, name), await store.texts(pool, name), names

    api, seen, names = run_with_pool(settings, "catalogue", work)
    if api is None:
        not_there(name, names)
    if as_json:
        told = {
            **_row(api),
            "texts": [
                {"number": each.number, "seenAt": each.seen_at.isoformat(), "digest": each.digest,
                 "version": each.version, "score": each.score, "findings": each.findings,
                 "changes": each.changes}
                for each in seen
            ],
        }  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{api.title} {api.version} ({api.name})")
    for line in (api.organisation, api.summary, api.source):
        if line:
            click.echo(f"  {line}")
    click.echo(f"  score {api.score} of 100, {api.findings} findings (`landschap api check`)")
    for each in seen:
        click.echo(
            f"\nText {each.number}, version {each.version}, seen {each.seen_at:%Y-%m-%d %H:%M},"
            f" score {each.score}, {each.findings} findings"
        )
        for change in each.changes:
            if isinstance(change, dict):
                click.echo(f"  {change['weight']}: {change['message']}")


@catalogue.command("offer")
@click.argument("name")
@click.option(
    "--to",
    "audience",
    multiple=True,
    metavar="everyone|group|OIN",
    help="Who may see it, beside your own organisation; without it nobody else.",
)
@click.option("--service", default="", help="The service of yours that answers it.")
@json_option
@of_organisation
def offer(
    settings: Settings, name: str, audience: tuple[str, ...], service: str, as_json: bool
) -> None:  # fmt: skip
    """Say to whom an API is shown: on pages, in counts and for programs.

    What was gathered is shown to your own employees only, until you say otherwise. Each time
    replaces what was said before. A service of your own is published first (`catalogue publish`).

    \b
    Examples:
      landschap catalogue offer parkeren --to everyone
      landschap catalogue offer uitkeringen --to 00000099000000003000
      landschap catalogue offer uitkeringen
    """
    given = store.Offer(audience=tuple(dict.fromkeys(map(audience_of, audience))), service=service)

    async def work(pool: asyncpg.Pool) -> tuple[bool, Sequence[str]]:
        if given.service and given.audience and not await store.publication(pool, name):
            raise Trouble(
                f"{name} is a service of yours that is not published",
                f"landschap catalogue publish {name} --service {given.service}",
            )
        if await store.offer(pool, name, given):
            return True, ()
        return False, [each.name for each in await store.apis(pool)]

    is_known, names = run_with_pool(settings, "catalogue", work)
    if not is_known:
        not_there(name, names)
    told = {"name": name, "audience": given.audience, "service": given.service}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        who = ", ".join(given.audience) or "nobody but your own organisation"
        click.echo(f"{name} is shown to {who}")


def audience_of(given: str) -> str:
    """One audience. Raises click.BadParameter."""
    if given in {store.EVERYONE, store.GROUP}:
        return given
    try:
        return Oin.parse(given).value
    except InvalidValue as error:
        words = f"{given!r} is not everyone, group or the OIN of a peer: {error}"
        raise click.BadParameter(words, param_hint="--to") from None


def not_there(name: str, names: Sequence[str]) -> NoReturn:
    """There is no such API; the nearest is named."""
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    click.echo(f"There is no API {name}{hint}", err=True)
    raise click.exceptions.Exit(_NOT_FOUND)


def _row(api: store.Api) -> dict[str, object]:
    return {
        "name": api.name,
        "title": api.title,
        "version": api.version,
        "organisation": api.organisation,
        "summary": api.summary,
        "source": api.source,
        "texts": api.number,
        "score": api.score,
        "findings": api.findings,
        "seenAt": api.seen_at.isoformat(),
    }


def _more(each: dict[str, Any]) -> str:
    if each["outcome"] == "unreadable":
        return f": {each['why']}"
    broken, missing = each.get("breaking"), each.get("missing")
    words = ""
    if isinstance(broken, list) and broken:
        words = f", {len(broken)} changes break who calls it"
    if isinstance(missing, list) and missing:
        words += f"; not published anew, it lacks {', '.join(missing)}"
    return f", score {each['score']}, {each['findings']} findings{words}"
