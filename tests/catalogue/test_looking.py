# SPDX-License-Identifier: EUPL-1.2
"""What a look finds and counts is what one gets who goes through every API one by one."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import yaml
from tests.catalogue.test_changes import base
from tests.conftest import Database

from landschap.catalogue import store
from landschap.catalogue.describing import described
from landschap.catalogue.documents import read_document
from landschap.catalogue.facets import FACETS, ORGANISATION, PERSONAL, PHASE, Picked
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.pages.listed import facts_of
from landschap.catalogue.particulars import particulars_of
from landschap.catalogue.phases import is_unfinished
from landschap.catalogue.store import OwnFacts, Shown
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.times import amsterdam_day

OWNER = "00000099000000001000"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
VERSIONS = ("1.0.0", "0.9.1", "v0.1", "0", "v0", "1.2.3-beta.1", "10.0", "1-rc", "v2.0.0", "a0.1",
            "2.0.0.0-x", "00.1", "")  # fmt: skip
SUBJECTS = ("bomen", "boom en park", "parkeren", "Ärzte", "zaken", "élan")


@pytest.fixture(scope="module")
async def many(module_database: Database) -> asyncpg.Pool:
    """More APIs than are ranked, with every version that is odd."""
    pool = await module_database.pool("catalogue")
    chance = random.Random(3)
    for number in range(90):
        await _keep(pool, number, chance)
    return pool


async def _keep(pool: asyncpg.Pool, number: int, chance: random.Random) -> None:
    said: dict[str, Any] = {
        "title": f"{chance.choice(SUBJECTS)} {number % 7}",
        "version": VERSIONS[number % len(VERSIONS)],
        "contact": {"name": f"Gemeente {chance.choice(SUBJECTS)}"},
        "x-gebruik": {"toegang": chance.choice(["open", "contract", "aangemeld"])}
        | chance.choice([{}, {"betrokkenen": ["inwoners"]}, {"doelen": ["https://d.example/a"]}]),
    } | chance.choice([{}, {"x-deprecated": "2026-01-01"}, {"x-sunset": "2027-01-01"}])
    document = base()
    document["info"] = said
    raw = yaml.safe_dump(document | {"tags": [{"name": chance.choice(SUBJECTS)}]}).encode()
    read = read_document(raw)
    name = await store.keep(pool, f"/{number}.yaml", raw, described(read), (88, 3), [], "new")
    await store.keep_particulars(pool, f"/{number}.yaml", particulars_of(read))
    await store.offer(pool, name, store.Offer(audience=("everyone",) if number % 3 else ()))


async def look(
    pool: asyncpg.Pool, words: str, picked: Picked, viewer: Sequence[str] | None,
    first: int = 0, size: int = 200,
) -> store.Answer:  # fmt: skip
    own: list[OwnFacts] = []
    return await store.find(pool, store.Question(
        viewer=viewer, words=words, picked=picked, first=first, size=size,
        today=amsterdam_day(NOW), owner=OWNER, own=own,
    ))  # fmt: skip


def facts(api: Shown) -> dict[str, str]:
    return dict(facts_of(api, OwnServices({}, Snapshot(Register(owner=OWNER))), NOW).values)


def fits(api: Shown, picked: Picked, but: str = "") -> bool:
    told = facts(api)
    return all(told[facet] in values for facet, values in picked.items() if facet != but)


@pytest.mark.parametrize(
    ("picked", "viewer"),
    [
        ({}, ("everyone",)),
        ({PHASE: frozenset({"concept"})}, None),
        (
            {PHASE: frozenset({"actief", "uitfaserend"}), PERSONAL: frozenset({"ja", "onbekend"})},
            ("everyone",),
        ),
        ({ORGANISATION: frozenset({"Gemeente bomen"}), "toegang": frozenset({"open"})}, None),
        ({ORGANISATION: frozenset({"Gemeente die er niet is"})}, None),
    ],
)
@pytest.mark.parametrize("words", ["", "park", "gemeente élan", "vergunning", "niets99"])
async def test_a_look_finds_and_counts_what_going_through_all_of_them_does(
    many: asyncpg.Pool, words: str, picked: Picked, viewer: Sequence[str] | None
) -> None:
    everything = await store.shown(many, viewer)
    if words:
        held = {each.api.name for each in await store.search(many, words, limit=200)}
        everything = [each for each in everything if each.name in held]
    found = await look(many, words, picked, viewer)
    wanted = [each for each in everything if fits(each, picked)]
    assert sorted(each.name for each in found.rows) == sorted(each.name for each in wanted)
    assert found.total == len(wanted)
    for facet in FACETS:
        counts = Counter(facts(each)[facet] for each in everything if fits(each, picked, facet))
        for value in picked.get(facet, ()):
            counts.setdefault(value, 0)
        assert dict(found.counts[facet]) == dict(counts), facet


@pytest.mark.parametrize("words", ["", "park", "vergunning"])
async def test_pages_one_after_the_other_are_the_whole_in_its_order(
    many: asyncpg.Pool, words: str
) -> None:
    whole = [each.api for each in (await look(many, words, {}, None)).rows]
    sizes = (7, 20, 60)
    for size in sizes:
        starts = range(0, len(whole) + size, size)
        pages = await asyncio.gather(*(look(many, words, {}, None, at, size) for at in starts))
        assert [each.api for page in pages for each in page.rows] == whole, size
    assert len(whole) == len(set(whole))
    if words == "vergunning":
        assert len(whole) == 90  # each describes permits: more than are ranked


async def test_without_words_the_titles_stand_in_order_and_with_words_those_in_a_title_go_first(
    many: asyncpg.Pool,
) -> None:
    listed = [each.title.lower() for each in (await look(many, "", {}, None)).rows]
    assert listed == sorted(listed)
    found = (await look(many, "bomen", {}, None)).rows
    in_title = ["title" in each.found_in for each in found]
    assert in_title == sorted(in_title, reverse=True)
    assert True in in_title
    assert False in in_title


async def test_a_version_that_is_not_finished_is_that_in_the_database_too(
    many: asyncpg.Pool,
) -> None:
    rows = await many.fetch("SELECT DISTINCT version, unfinished FROM present")
    told = {row["version"]: row["unfinished"] for row in rows}
    assert told == {version: is_unfinished(version) for version in VERSIONS}


async def test_a_word_with_a_number_is_named_in_the_reason_however_it_is_written(
    module_database: Database,
) -> None:
    pool = await module_database.pool("catalogue")
    document = base()
    document["info"]["title"] = "Getallen"
    document["components"] = {"schemas": {"Getal": {"type": "object", "properties": {
        name: {"type": "string"} for name in ("Code2556", "mijnCode2556", "code_2557", "code25")
    }}}}  # fmt: skip
    raw = yaml.safe_dump(document).encode()
    await store.keep(pool, "/g.yaml", raw, described(read_document(raw)), (88, 3), [], "new")
    await store.keep_particulars(pool, "/g.yaml", particulars_of(read_document(raw)))
    number = next(each.api for each in await store.shown(pool, None) if each.title == "Getallen")

    async def named(question: str) -> set[str]:
        told = (await store.reasons(pool, [number], question)).get(number, ())
        return {each.rpartition(".")[2] for each in told}

    assert await named("code2556") == {"Code2556", "mijnCode2556"}
    assert await named("CODE2556") == {"Code2556", "mijnCode2556"}
    assert await named("code25") == {"code25", "Code2556"}  # the first two of three
    assert await named("code_2557") == {"code_2557"}
