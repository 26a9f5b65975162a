# SPDX-License-Identifier: EUPL-1.2
"""``landschap catalogue publish, follow, notify``: offering to harvesters, telling of changes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import click

from landschap.catalogue import store
from landschap.catalogue.client import NotTold, ask_to_tell
from landschap.catalogue.notices import is_deliverable
from landschap.catalogue.publishing import Given, Lack
from landschap.catalogue.worker import publish as publish_text
from landschap.catalogue.worker import tell_followers
from landschap.cli.catalogue import audience_of, catalogue, not_there, of_organisation
from landschap.cli.config_option import json_option
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.registers.open.client import publisher_of
from landschap.registers.open.terms import THEMES

_FAILED = 1
_TOOI = "https://identifier.overheid.nl/tooi/id/"


@catalogue.command("publish")
@click.argument("name")
@click.option(
    "--to",
    "audience",
    multiple=True,
    metavar="everyone|group|OIN",
    help="Who may see it, beside your own organisation; everyone when not given.",
)
@click.option("--service", default="", help="The service of yours that answers it.")
@click.option("--licence", default="", metavar="URI", help="When the description names none.")
@click.option(
    "--theme",
    "themes",
    multiple=True,
    type=click.Choice(THEMES, case_sensitive=False),
    help="EU data theme, when the description names none.",
)
@click.option("--endpoint", default="", metavar="URL", help="When the description names no server.")
@click.option("--check", "only_check", is_flag=True, help="Say what is missing; publish nothing.")
@json_option
@of_organisation
def publish(
    settings: Settings, name: str, audience: tuple[str, ...], service: str, only_check: bool,
    as_json: bool, **beside: Any,
) -> None:  # fmt: skip
    """Publish an API of yours: show it, and offer it to harvesters as DCAT-AP-NL.

    Only with a title, description, licence, theme, contact (name, email, url) and address: what
    is missing is named, nothing is published then, and it ends with 1. What the description says
    goes before what is given here. A later text that is gathered is published by itself.

    \b
    Examples:
      landschap catalogue publish adressen --theme GOVE --service adressen
      landschap catalogue publish adressen --check --json
    """
    to = tuple(dict.fromkeys(map(audience_of, audience or (store.EVERYONE,))))
    given = Given(**beside)

    async def work(pool: asyncpg.Pool) -> list[Lack]:
        shown_to = store.Offer(audience=to, service=service)
        try:
            return await publish_text(pool, settings, name, given, shown_to, only_check=only_check)
        except LookupError:
            not_there(name, [each.name for each in await store.apis(pool)])

    lacks = run_with_pool(settings, "catalogue", work)
    _tell_publication(settings, name, to, lacks, only_check=only_check, as_json=as_json)
    if lacks:
        raise click.exceptions.Exit(_FAILED)


@catalogue.command("follow")
@click.argument("name")
@click.option("--at", "address", metavar="URL", help="Where changes are told: https.")
@click.option("--stop", is_flag=True, help="Tell this address no longer.")
@json_option
@of_organisation
def follow(settings: Settings, name: str, address: str | None, stop: bool, as_json: bool) -> None:
    """Tell an address of each new text of an API, as a CloudEvent; without --at list who is told.

    The address is asked first whether it wants to be told (OPTIONS with WebHook-Request-Origin).
    Feeds need no subscription: /catalogus/NAME/wijzigingen.atom on the address of your pages.

    \b
    Examples:
      landschap catalogue follow parkeren --at https://bouw.example.nl/haken/catalogus
      landschap catalogue follow parkeren --at https://bouw.example.nl/haken/catalogus --stop
      landschap catalogue follow parkeren --json
    """
    if address is not None and not is_deliverable(address):
        words = f"{address!r} is not an https address (http only within this machine)"
        raise click.BadParameter(words, param_hint="--at")
    if stop and address is None:
        raise click.BadParameter("say which address: --at URL", param_hint="--stop")
    origin = urlsplit(settings.addresses.web or settings.addresses.manager).hostname or ""

    async def work(pool: asyncpg.Pool) -> list[str]:
        if await store.api_named(pool, name) is None:
            not_there(name, [each.name for each in await store.apis(pool)])
        if address is not None:
            if not stop:
                await ask_to_tell(address, origin)
            await store.follow(pool, name, address, is_on=not stop)
        return list(await store.followers(pool, name))

    try:
        told = run_with_pool(settings, "catalogue", work)
    except NotTold as error:
        raise Trouble(str(error), "let it answer OPTIONS as a CloudEvents webhook does") from None
    if as_json:
        click.echo(json.dumps({"name": name, "followers": told}))
    else:
        click.echo("\n".join(told) or f"nobody is told of changes of {name}")


@catalogue.command("notify")
@json_option
@of_organisation
def notify(settings: Settings, as_json: bool) -> None:
    """Bring the notices that were not taken yet; `gather` does so by itself.

    A notice is tried for three days. Ends with 1 when one was not taken.

    \b
    Examples:
      landschap catalogue notify
      landschap catalogue notify --json
    """

    async def work(pool: asyncpg.Pool) -> list[dict[str, object]]:
        return list(await tell_followers(pool, settings))

    done = run_with_pool(settings, "catalogue", work)
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False))
    for each in () if as_json else done:
        how = "told" if each["told"] else f"not told ({each['why']})"
        click.echo(f"{each['name']}, text {each['text']}: {each['address']} {how}")
    if any(not each["told"] for each in done):
        raise click.exceptions.Exit(_FAILED)


def _tell_publication(
    settings: Settings, name: str, to: tuple[str, ...], lacks: list[Lack], *,
    only_check: bool, as_json: bool,
) -> None:  # fmt: skip
    is_done = not lacks and not only_check
    if as_json:
        missing = [{"property": each.name, "mend": each.mend} for each in lacks]
        told = {"name": name, "published": is_done, "missing": missing, "audience": to}
        click.echo(json.dumps(told, ensure_ascii=False))
    elif lacks:
        click.echo(f"{name} cannot be published; missing:", err=True)
        for each in lacks:
            click.echo(f"  {each.name}: {each.mend}", err=True)
    elif only_check:
        click.echo(f"{name} can be published")
    else:
        click.echo(f"{name} is published, and shown to {', '.join(to)}")
    if is_done and not publisher_of(settings).uri.startswith(_TOOI):
        words = "the national register takes it only from a publisher with a TOOI URI"
        click.echo(f"note: {words} (settings: open.publisher)", err=True)
