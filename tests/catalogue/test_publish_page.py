# SPDX-License-Identifier: EUPL-1.2
"""Publishing by page: checked while it is written, nothing typed is lost, by the way of the command."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
import yaml
from aiohttp import web
from tests.catalogue.pages_rig import Catalogue, described, page, served_catalogue
from tests.catalogue.test_api_page import SERVICE
from tests.portal.visiting import Seen, Visitor
from tests.throwaway import Database

from landschap.catalogue import store
from landschap.catalogue.client import NotFetched, fetch_for
from landschap.catalogue.peers.worker import GatherDeps, gather_addresses
from landschap.catalogue.worker import take, tell_followers
from landschap.fsc import store as contracts
from landschap.fsc.client import HostMap
from landschap.fsc.field_sets import told_by
from landschap.gateway.services import Service, read_service
from landschap.gateway.store import apply_services
from landschap.platform.ids import uuid7
from landschap.platform.settings import Settings

START = "/catalogus/publiceren"
WHOLE = {
    "omschrijving": "De bomen van de gemeente.",
    "contact_naam": "Team Groen",
    "contact_mail": "groen@example.org",
    "contact_url": "https://example.org/groen",
    "licentie": "http://creativecommons.org/publicdomain/zero/1.0/deed.nl",
    "thema": "ENVI",
    "adres": "https://api.example.org/bomen/v1",
    "wie": "everyone",
}


def shaped(settings: Settings) -> Settings:
    """An organisation that harvesters can reach."""
    contact = {"telephone": "14 0294", "email": "data@example.org"}
    return replace(settings, organisation=replace(settings.organisation, contact=contact))


@pytest.fixture(scope="module")
async def open_catalogue(module_database: Database) -> AsyncIterator[Catalogue]:
    """An empty catalogue in which an officer publishes."""
    async with served_catalogue(module_database, shaped) as made:
        yield made


async def officer(catalogue: Catalogue) -> Visitor:
    """Who may publish."""
    return await catalogue.employee("beheerder")


def bare(title: str, version: str = "1.0.0", paths: Any = None) -> bytes:
    """A description that leaves open what harvesters ask."""
    document = described(title, version)
    document["info"] = {"title": title, "version": version}
    document.pop("servers", None)
    if paths is not None:
        document["paths"] = paths
    return ("# met uitleg\n" + yaml.safe_dump(document, sort_keys=False)).encode()


async def uploaded(visitor: Visitor, raw: bytes, **more: str) -> Seen:
    """Send a file by the form."""
    token = visitor.token(await visitor.get(START))
    form = aiohttp.FormData()
    form.add_field("bestand", io.BytesIO(raw), filename="api.yaml", content_type="application/yaml")
    for name, value in {"token": token, "adres": "", "vervangt": "", **more}.items():
        form.add_field(name, value)
    return await visitor._ask("POST", urljoin(visitor.portal, START), form)


async def filled(visitor: Visitor, address: str, step: str, form: Mapping[str, str]) -> Seen:
    """Fill in the form beside a draft, and press a button."""
    token = visitor.token(await visitor.get(address))
    return await visitor.post(address, {"token": token, "stap": step, **form})


async def test_a_file_is_checked_filled_in_published_and_ended(open_catalogue: Catalogue) -> None:
    visitor, pool = await officer(open_catalogue), await open_catalogue.database.pool("catalogue")
    raw = bare("Bomen")
    address = (await uploaded(visitor, raw)).location
    shown = await page(visitor, address)
    for words in ("info.description", "info.contact.name", "Dit is een nieuwe API", "Er ontbreekt"):
        assert words in shown, words
    # What lacks leads to the field in which it is given.
    leads = re.findall(r'<li><a [^>]*href="#([a-z_]+)">([^<]+)</a>', shown)
    assert ("contact_mail", "Contact: e-mail") in leads
    assert {field for field, _ in leads} == set(WHOLE) - {"wie"}
    for field, _ in leads:
        assert shown.count(f'id="{field}"') == 1, field
    # What the rules find stands at its line of the file as it came, with how to mend it.
    line = 1 + raw.decode().splitlines().index("info:")
    assert re.search(rf"Regel {line}, code [\w:-]*contact", shown), line
    # What lacks something is not published, and what was typed is there all the same.
    refused = await filled(visitor, address, "publiceer", {"omschrijving": "De bomen."})
    assert (refused.status, "De bomen.</textarea>" in refused.text) == (400, True)
    assert "De bomen.</textarea>" in await page(visitor, address)
    wrong = await filled(visitor, address, "bewaar", {**WHOLE, "einde": "31-02-2028"})
    assert (wrong.status, 'value="31-02-2028"' in wrong.text) == (400, True)
    assert "Team Groen" in await page(visitor, address)
    done = await filled(visitor, address, "publiceer", {**WHOLE, "toegang": "open"})
    assert urlsplit(done.location).path == "/catalogus/bomen"
    seen = json.loads(await page(open_catalogue.visitor(), "/catalogus/bomen.json"))
    assert seen["criteria"]["access"] == "open"
    assert "groen@example.org" in await page(open_catalogue.visitor(), "/catalogus/bomen")
    assert "api.example.org/bomen" in await page(open_catalogue.visitor(), "/catalogus/dcat.ttl")
    # Sent twice it is published once, and leads to where it is.
    again = await filled_over(visitor, address)
    assert urlsplit(again.location).path == "/catalogus/bomen"
    assert len(await store.texts(pool, "bomen")) == 1
    # A day on which it ends: the same text with that day, told to who follows it.
    await store.follow(pool, "bomen", "http://127.0.0.1:9/nergens")
    token = visitor.token(await visitor.get(START))
    begun = await visitor.post(START, {"token": token, "adres": "", "vervangt": "bomen"})
    kept = await page(visitor, begun.location)
    assert "Team Groen" in kept
    ends = {**WHOLE, "toegang": "open", "verouderd": "01-01-2020", "einde": "31-12-2099"}
    assert (await filled(visitor, begun.location, "publiceer", ends)).status == 303
    assert "De laatste dag is" in await page(open_catalogue.visitor(), "/catalogus/bomen")
    assert [each.name for each in await store.waiting(pool)] == ["bomen"]
    told = await tell_followers(pool, open_catalogue.deps.settings)
    assert [each["told"] for each in told] == [False]
    # What is read again from its source keeps what was filled in beside it.
    api = await store.api_named(pool, "bomen")
    assert api is not None
    assert (await take(pool, api.source, raw)).outcome == "same"


async def filled_over(visitor: Visitor, address: str) -> Seen:
    """Press the button of a page that was still open."""
    token = visitor.token(await visitor.get(START))
    return await visitor.post(address, {"token": token, "stap": "publiceer", **WHOLE})


async def test_what_breaks_is_marked_before_it_is_published(open_catalogue: Catalogue) -> None:
    visitor = await officer(open_catalogue)
    first = (await uploaded(visitor, bare("Putten"))).location
    assert (await filled(visitor, first, "publiceer", WHOLE)).status == 303
    fewer = bare(
        "Putten", "1.1.0", {"/anders": {"get": {"responses": {"200": {"description": "x"}}}}}
    )
    second = await uploaded(visitor, fewer, vervangt="putten")
    shown = await page(visitor, second.location)
    assert "Dit breekt wie de API nu gebruikt" in shown
    assert ">Breekt</span>" in shown
    thrown = await filled(visitor, second.location, "weg", WHOLE)
    assert urlsplit(thrown.location).path == START
    assert "1.1.0" not in await page(visitor, "/catalogus/putten")


async def test_a_service_of_ours_is_listed_in_the_directory_once(
    open_catalogue: Catalogue,
) -> None:
    service = read_service(SERVICE)
    assert isinstance(service, Service)
    gateway = await open_catalogue.database.pool("gateway")
    await apply_services(gateway, [service], datetime.now(UTC))
    both = await open_catalogue.employee("uitgever")
    address = (await uploaded(both, bare("Woonsituatie"))).location
    given = {**WHOLE, "dienst": "bestaat-niet"}
    assert (await filled(both, address, "publiceer", given)).status == 400
    given = {**WHOLE, "dienst": service.name}
    assert (await filled(both, address, "publiceer", given)).status == 303
    # The one publishes, and only who signs contracts asks the directory.
    alone = await officer(open_catalogue)
    assert "Vermeld woon-en" not in await page(alone, START)
    shown = await page(both, START)
    form = dict(re.findall(r'name="(token|nummer|dienst)" value="([^"]*)"', shown))
    assert form["dienst"] == service.name
    theirs = {**form, "token": alone.token(await alone.get(START))}
    assert (await alone.post(f"{START}/gids", theirs)).status == 403
    for _ in range(2):
        assert (await both.post(f"{START}/gids", form)).status == 303
    pool = await open_catalogue.database.pool("fsc")
    [listing] = await contracts.contracts(pool, grant_types=["GRANT_TYPE_SERVICE_PUBLICATION"])
    [(_, grant)] = listing.contract.publications
    assert grant.service.name == service.name
    # It tells the field sets of the service, as the command does.
    assert "bijstand-bij-verhuizing" in {each.id for each in told_by(grant.properties)}
    # The directory of the Group has not signed yet.
    assert ">Gevraagd aan de gids</span>" in await page(both, START)
    assert "Vermeld woon-en" not in await page(both, START)


async def test_only_who_may_and_only_what_can_be_read(open_catalogue: Catalogue) -> None:
    visitor = await officer(open_catalogue)
    colleague = await open_catalogue.employee("burgerzaken")
    assert (await colleague.get(START)).status == 403
    for raw, words in (
        (b"\xff\xfe", "not UTF-8"),
        (b"- lijst", "is an object"),
        (b"", "Kies een bestand"),
    ):
        refused = await uploaded(visitor, raw)
        assert (refused.status, words in refused.text) == (400, True), words
    large = await uploaded(visitor, b"#" * 5_000_001)
    assert (large.status, "groter dan 5 MB" in large.text) == (400, True)
    assert (await uploaded(visitor, b"x: 1", vervangt="bestaat-niet")).status == 400
    # A draft that somebody guesses at is not there.
    missing = f"{START}/01a22d28-7fe0-71d0-a8c6-842362867602"
    assert (await visitor.get(missing)).status == 404


async def test_an_address_leads_nowhere_inside(open_catalogue: Catalogue) -> None:
    """No request leaves for our own network, whatever an address is called."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path == "/weg":
            raise web.HTTPFound("/api.yaml")
        return web.Response(body=bare("Ver"))

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        closed = HostMap({}, allow_private=False)
        for host in ("127.0.0.1", "localhost", "x.localhost", "[::1]", "0.0.0.0", "127.1"):
            with pytest.raises(NotFetched):
                await fetch_for(f"http://{host}:{port}/api.yaml", closed, 5_000_000, plain=True)
        for address in (
            "ftp://example.org/x",
            "file:///etc/passwd",
            "https://u:p@example.org/",
            "x",
        ):
            with pytest.raises(NotFetched):
                await fetch_for(address, closed, 5_000_000, plain=True)
        assert asked == []
        # What the settings name may be anywhere; it is not followed elsewhere, nor read for ever.
        known = HostMap({"api.test": "127.0.0.1"}, allow_private=False)
        at = f"http://api.test:{port}"
        assert await fetch_for(f"{at}/api.yaml", known, 5_000_000, plain=True) == bare("Ver")
        for path, limit in (("/weg", 5_000_000), ("/api.yaml", 10)):
            with pytest.raises(NotFetched):
                await fetch_for(f"{at}{path}", known, limit, plain=True)
        with pytest.raises(NotFetched):
            await fetch_for(f"{at}/api.yaml", known, 5_000_000)
    finally:
        await runner.cleanup()
    visitor = await officer(open_catalogue)
    token = visitor.token(await visitor.get(START))
    refused = await visitor.post(
        START, {"token": token, "adres": "https://127.0.0.1/x", "vervangt": ""}
    )
    assert (refused.status, 'value="https://127.0.0.1/x"' in refused.text) == (400, True)


async def test_an_address_that_was_typed_leads_no_further_when_it_is_gathered_again(
    open_catalogue: Catalogue,
) -> None:
    """Where a name leads may change after it was typed; an operator's own address may be inside."""
    pool = await open_catalogue.database.pool("catalogue")
    typed, named = "https://127.0.0.1:9/getypt.yaml", "https://127.0.0.1:9/genoemd.yaml"
    for source in (typed, named):
        await take(pool, source, bare(source))
    filled = store.Filled(
        state="published", beside={}, audience=(), service="", made_by="Beheerder (beheerder)"
    )
    await store.keep_draft(pool, uuid7(), typed, bare(typed), filled)
    deps = GatherDeps(
        pool=pool, agreed=pool, me="", outway="", key=str,
        hosts=HostMap({}, allow_private=False),
    )  # fmt: skip
    why = {each.source: each.why for each in await gather_addresses(deps)}
    assert "not at a public address" in why[typed]
    assert why[named]
    assert "not at a public address" not in why[named]
