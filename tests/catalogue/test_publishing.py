# SPDX-License-Identifier: EUPL-1.2
"""Publishing an API: what is missing is named, what is published can be harvested, changes are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result
from tests.catalogue.test_changes import base, read, written
from tests.catalogue.test_design_rules import OK, leave_out, put
from tests.portal.portal_rig import free_socket
from tests.throwaway import Database

from landschap.catalogue import store
from landschap.catalogue.notices import is_deliverable
from landschap.catalogue.publishing import Given, lacks_of, publication_of
from landschap.cli import roof

LICENCE = "http://creativecommons.org/publicdomain/zero/1.0/deed.nl"
NAME = "parkeervergunningen"


def whole() -> Any:
    """A description that can be published as it stands."""
    document = base()
    document["info"]["license"] = {"name": "CC0 1.0", "url": LICENCE}
    document["info"]["x-gebruik"] = {"thema": ["TRAN"], "toegang": "open"}
    return document


@pytest.fixture
def told_of(database: Database) -> Database:
    """An organisation that says where its pages are and how it is reached."""
    path = database.settings.path
    text = path.read_text(encoding="utf-8")
    text = text.replace("[addresses]", '[addresses]\nweb = "http://weesp.localhost:8080"')
    text = text.replace("[organisation]", '[organisation]\ncontact = {email = "a@weesp.example"}')
    path.write_text(text, encoding="utf-8")
    return database


async def typed(database: Database, *words: object) -> Result:
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}
    arguments = ["catalogue", *map(str, words), "--config", str(database.settings.path)]
    return await asyncio.to_thread(CliRunner(env=env).invoke, roof, arguments)


async def gathered(database: Database, file: Path, document: Any) -> Any:
    """Write a description and gather it; gives what is told of it."""
    text = document if isinstance(document, str) else written(document)
    file.write_text(text, encoding="utf-8")
    (row,) = json.loads((await typed(database, "gather", file, "--json")).stdout)
    return row


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        (lambda _: None, []),
        (leave_out("info", "license"), ["licence"]),
        (put("info", "license", "url", "CC0"), ["licence"]),
        (put("info", "license", "url", "javascript:alert(1)"), ["licence"]),
        (leave_out("info", "x-gebruik"), ["theme"]),
        (put("info", "x-gebruik", "thema", ["PARK"]), ["theme"]),
        (leave_out("info", "contact"), ["contact: name", "contact: email", "contact: url"]),
        (put("info", "contact", "email", "a>b"), ["contact: email"]),
        (leave_out("servers"), ["endpoint"]),
        (put("servers", 0, "url", "/v1"), ["endpoint"]),
        (put("servers", 0, "url", "https://api.example/a|b^c"), ["endpoint"]),
        (put("servers", 0, "url", "https://api.example/\x07"), ["endpoint"]),
        (put("info", "contact", "url", "https://"), ["contact: url"]),
        (put("info", "title", ""), ["title"]),
    ],
)
def test_what_harvesters_need_and_is_not_there_is_named(change: Any, lacks: list[str]) -> None:
    document = whole()
    change(document)
    found = lacks_of(publication_of(read(document), Given()))
    assert [each.name for each in found] == lacks


def test_what_is_given_fills_in_and_never_replaces_what_the_description_says() -> None:
    given = Given(
        licence="https://licentie.example", themes=("gove",), endpoint="https://b.example"
    )
    said = publication_of(read(whole()), given)
    assert (said.licence, list(said.themes)) == (LICENCE, ["TRAN"])
    bare = whole()
    for key in ("license", "x-gebruik"):
        del bare["info"][key]
    del bare["servers"]
    filled = publication_of(read(bare), given)
    assert (filled.licence, list(filled.themes)) == ("https://licentie.example", ["GOVE"])
    assert filled.endpoint == "https://b.example"


@pytest.mark.case("api-35")
async def test_a_service_without_licence_theme_or_contact_is_not_published_and_the_property_is_named(
    told_of: Database, tmp_path: Path
) -> None:
    pool = await told_of.pool("catalogue")
    file, words = tmp_path / "parkeren.yaml", ("--service", "parkeren")
    for key, name in (("license", "licence"), ("x-gebruik", "theme"), ("contact", "contact: name")):
        document = whole()
        del document["info"][key]
        await gathered(told_of, file, document)
        refused = await typed(told_of, "publish", NAME, *words)
        assert refused.exit_code == 1
        assert f"  {name}: info." in refused.stderr
        told = json.loads((await typed(told_of, "publish", NAME, *words, "--json")).stdout)
        assert told["published"] is False
        assert name in [each["property"] for each in told["missing"]]
        # Nor by showing it: nothing of it is there for others.
        shown = await typed(told_of, "offer", NAME, "--to", "everyone", *words)
        assert "not published" in str(shown.exception)
        assert await store.publication(pool, NAME) is None
        assert await store.shown(pool, (store.EVERYONE,)) == []
    await gathered(told_of, file, whole())
    assert (await typed(told_of, "publish", NAME, "--check")).exit_code == 0
    assert await store.publication(pool, NAME) is None
    done = await typed(told_of, "publish", NAME, *words, "--json")
    assert json.loads(done.stdout)["published"] is True, done.output
    assert list(await store.harvestable(pool)) == [NAME]
    # The service it is answered by, and who may see it, are changed without saying it all again.
    assert (await typed(told_of, "offer", NAME, "--to", "group", *words)).exit_code == 0
    assert await store.harvestable(pool) == {}
    document = whole()
    del document["info"]["contact"]["email"]
    row = await gathered(told_of, file, document)
    assert row["missing"] == ["contact: email (info.contact.email)"]
    kept = await store.publication(pool, NAME)
    assert kept is not None
    assert kept.said.contact_email == "team@parkeren.example"


async def test_who_publishes_has_a_contact_and_an_address_too(
    database: Database, tmp_path: Path
) -> None:
    await gathered(database, tmp_path / "p.yaml", whole())
    done = await typed(database, "publish", NAME)
    assert done.exit_code == 1
    assert "organisation.contact" in done.stderr
    assert "addresses.web" in done.stderr
    wrong = await typed(database, "publish", "parkeervergunning")
    assert wrong.exit_code == 3
    assert f"did you mean {NAME}?" in wrong.stderr


@dataclass
class Follower:
    """Somebody who is told: answers as it is set to, and keeps what it was told."""

    address: str
    status: int = 204
    allows: str = "weesp.localhost"
    told: list[Any] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(headers={"WebHook-Allowed-Origin": self.allows})
        assert request.content_type == "application/cloudevents+json"
        self.told.append(await request.json())
        return web.Response(status=self.status)


@pytest.fixture
async def follower() -> AsyncIterator[Follower]:
    socket = free_socket()
    one = Follower(address=f"http://127.0.0.1:{socket.getsockname()[1]}/haak")
    app = web.Application()
    app.router.add_route("*", "/haak", one.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, socket).start()
    yield one
    await runner.cleanup()


@pytest.mark.case("api-37")
async def test_only_another_text_is_judged_again_and_then_followers_are_told_what_it_breaks(
    told_of: Database, tmp_path: Path, follower: Follower
) -> None:
    file, pool = tmp_path / "parkeren.yaml", await told_of.pool("catalogue")
    await gathered(told_of, file, whole())
    done = await typed(told_of, "follow", NAME, "--at", follower.address, "--json")
    assert json.loads(done.stdout)["followers"] == [follower.address]

    async def results() -> list[tuple[int, int, int]]:
        return [(each.number, each.score, each.findings) for each in await store.texts(pool, NAME)]

    # The same text, and the same meaning written in another way.
    for same in (whole(), "# anders\n" + json.dumps(whole(), sort_keys=True, indent=1)):
        row = await gathered(told_of, file, same)
        assert (row["outcome"], row["notices"]) == ("same", [])
        assert await results() == [(1, 100, 0)]
    assert follower.told == []
    changed = whole()
    leave_out("paths", "/vergunningen", "post")(changed)
    leave_out(*OK, "headers")(changed)
    row = await gathered(told_of, file, changed)
    assert await results() == [(2, 88, 1), (1, 100, 0)]
    shown = json.loads((await typed(told_of, "show", NAME, "--json")).stdout)["texts"][0]
    breaks = [each["message"] for each in shown["changes"] if each["weight"] == "breaking"]
    assert sorted(breaks) == ["post /vergunningen is gone", "the header API-Version is gone"]
    (notice,) = row["notices"]
    assert (notice["address"], notice["told"]) == (follower.address, True)
    (event,) = follower.told
    assert event["source"] == "urn:nld:oin:00000099000000001000:systeem:catalogus"
    assert event["dataref"] == f"http://weesp.localhost:8080/catalogus/{NAME}.json"
    assert sorted(event["data"]["breaking"]) == sorted(breaks)
    assert (await gathered(told_of, file, changed))["outcome"] == "same"
    assert len(follower.told) == 1


async def test_what_is_not_taken_comes_again_in_order_and_ends_when_nobody_wants_it(
    told_of: Database, tmp_path: Path, follower: Follower
) -> None:
    file, document = tmp_path / "p.yaml", whole()
    await gathered(told_of, file, document)
    await typed(told_of, "follow", NAME, "--at", follower.address)
    follower.status = 503
    for version in ("1.0.1", "1.0.2"):
        document["info"]["version"] = version
        await gathered(told_of, file, document)
    versions = [each["data"]["version"] for each in follower.told]
    assert versions == ["1.0.1", "1.0.1"]
    assert (await typed(told_of, "notify")).exit_code == 1
    follower.told.clear()
    follower.status = 204
    assert (await typed(told_of, "notify")).exit_code == 0
    assert [each["data"]["version"] for each in follower.told] == ["1.0.1", "1.0.2"]
    follower.status = 410
    document["info"]["version"] = "1.0.3"
    await gathered(told_of, file, document)
    assert json.loads((await typed(told_of, "follow", NAME, "--json")).stdout)["followers"] == []
    assert json.loads((await typed(told_of, "notify", "--json")).stdout) == []


async def test_who_does_not_say_that_it_wants_to_be_told_is_not(
    told_of: Database, tmp_path: Path, follower: Follower
) -> None:
    await gathered(told_of, tmp_path / "p.yaml", whole())
    follower.allows = "elders.example"
    done = await typed(told_of, "follow", NAME, "--at", follower.address)
    assert "does not say that it wants to be told" in str(done.exception)
    assert "nobody" in (await typed(told_of, "follow", NAME)).stdout


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://bouw.example/haak", True), ("http://127.0.0.1:9/x", True),
        ("http://a.localhost/x", True), ("http://bouw.example/haak", False),
        ("https://u:w@bouw.example/", False), ("ftp://bouw.example/", False), ("https://", False),
        ("http://127.0.0.1.bouw.example/", False), ("https://[x/", False), ("https://a b/", False),
    ],
)  # fmt: skip
def test_only_a_plain_https_address_is_told(address: str, expected: bool) -> None:
    assert is_deliverable(address) is expected
