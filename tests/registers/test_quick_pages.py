# SPDX-License-Identifier: EUPL-1.2
"""The first page in one go is the page that is found step by step."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_api import Asker, asker_of
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.answering import http_date
from landschap.registers.api import collections
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry
from landschap.registers.timeline import Kind

BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
PERMITS = made_up(
    soort=annotated(**{"x-zoekbaar": True, **BOTH}),
    houder=annotated(**{"x-zoekbaar": True, **BOTH}),
)
FIELDS = ("nummer", "soort", "houder")
# The same question, with a header that the shortcut leaves to the handler.
AT_LENGTH = {"Accept": "application/json;q=1"}
_VARIES = re.compile(r"(beschikbaarOp|cursor)=[^&>]*")


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PERMITS):
        yield one


async def _fill(asker: Asker, rng: random.Random) -> None:
    kind, entries = kind_of(PERMITS), []
    for number in range(60):
        for _ in range(rng.randrange(1, 5)):
            begin = date(2015, 1, 1) + timedelta(days=rng.randrange(5000))
            end = rng.choice([OPEN, begin + timedelta(days=rng.randrange(1, 4000))])
            content: Any = {"soort": rng.choice("abé"), "houder": rng.choice(["x", "y'z"])}
            draft = Draft(
                period=Period(begin, end), kind=Kind.CHANGE, group="persoon",
                content=None if rng.random() < 0.2 else content,
            )  # fmt: skip
            entries.append(Entry(type=kind, object_id=f"v{number:03d}", draft=draft))
    await store.write(asker.pool, Act(register=PERMITS, transaction_id=uuid7(), entries=entries))


def _told(answer: httpx.Response) -> object:
    headers = sorted((name, _VARIES.sub("", value)) for name, value in answer.headers.items())
    return answer.status_code, headers, answer.content


QUESTIONS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({}, {}),
    ({"limit": "7"}, {}),
    ({"limit": "1000"}, {}),
    ({"soort": "a"}, {}),
    ({"soort": "é", "limit": "3"}, {}),
    ({"soort": "a", "houder": "y'z"}, {}),
    ({"soort": "' OR true --"}, {}),
    ({"limit": "5"}, {"fields": ("soort",)}),
    ({"houder": "x", "limit": "2"}, {"fields": ("nummer", "houder")}),
    ({"houder": "x"}, {"fields": ("nummer",)}),
]
# What is not a usual page.
OTHERS: list[dict[str, str]] = [
    {"sort": "-nummer", "limit": "4"},
    {"sort": "soort"},
    {"telling": "true", "limit": "2"},
    {"fields": "soort"},
]


async def test_a_page_in_one_go_is_the_page_step_by_step(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _fill(asker, random.Random(7))
    path, stepped, handled = "/proef/v1/personen", [], []
    real, real_page = collections.answer_page, collections.page

    async def answer_page(*given: Any) -> Any:
        stepped.append(given)
        return await real(*given)

    async def page(*given: Any) -> Any:
        handled.append(given)
        return await real_page(*given)

    async def none(*_: Any) -> None:
        return None

    monkeypatch.setattr(collections, "page", page)

    monkeypatch.setattr(collections, "answer_page", answer_page)
    for query, permit in QUESTIONS:
        given = {"fields": FIELDS, **permit}
        shortest = await asker.send("GET", path, query, **given)
        # What the permit does not hold is refused at length.
        assert bool(handled) == (shortest.status_code != 200)
        quick = await asker.send("GET", path, query, headers=AT_LENGTH, **given)
        assert handled
        assert not stepped
        assert _told(shortest) == _told(quick), query
        handled.clear()
        with monkeypatch.context() as patch:
            patch.setattr(collections, "first_page", none)
            long = await asker.send("GET", path, query, headers=AT_LENGTH, **given)
        assert _told(quick) == _told(long), query
        handled.clear()
        assert len(stepped) == (quick.status_code == 200)
        stepped.clear()
    for query in OTHERS:
        assert (await asker.send("GET", path, query, fields=FIELDS)).status_code == 200
    assert len(stepped) == len(OTHERS)


async def test_the_pages_after_the_first_go_on_where_it_ended(asker: Asker) -> None:
    await _fill(asker, random.Random(11))
    path = "/proef/v1/personen"
    whole = (await asker.send("GET", path, {"limit": "1000"}, fields=FIELDS)).json()["items"]
    answer = await asker.send("GET", path, {"limit": "7"}, fields=FIELDS)
    found = answer.json()["items"]
    while link := answer.links.get("next"):
        query = dict(httpx.URL(link["url"]).params)
        answer = await asker.send("GET", path, query, fields=FIELDS)
        found += answer.json()["items"]
    assert found == whole
    assert len(whole) > 20


UNUSUAL: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("soort=a&soort=b", {}, {}),
    ("soort=a&onbekend=1", {}, {}),
    ("soort=", {}, {}),
    ("limit=0", {}, {}),
    ("limit=x", {}, {}),
    ("limit=1001", {}, {}),
    ("soort=%FF", {}, {}),
    ("soort=a+b&limit=2", {}, {}),
    ("cursor=x", {}, {}),
    ("geldigOp=2019-13-01", {}, {}),
    ("expand=houder", {}, {}),
    ("", {"Accept": "text/html"}, {}),
    ("", {"Prefer": "handling=lenient"}, {}),
    ("", {"Permit": "v1.x.y"}, {}),
    ("", {}, {"fields": ("onbekend",)}),
    ("", {}, {"service": "ander"}),
    ("soort=a", {}, {"fields": ("nummer",)}),
]


async def test_what_is_not_usual_is_answered_as_by_the_handler(asker: Asker) -> None:
    await _fill(asker, random.Random(13))
    for query, headers, permit in UNUSUAL:
        target = f"/proef/v1/personen?{query}" if query else "/proef/v1/personen"
        given = {"fields": FIELDS, **permit}
        answers = [
            _told(await asker.send("GET", target, headers=each, **given))
            for each in (headers, {**AT_LENGTH, **headers})
        ]
        assert answers[0] == answers[1], (query, headers)


async def test_what_is_written_is_in_the_next_page(asker: Asker) -> None:
    """Number and moment are those of the latest assertion, also when its content is the same."""
    kind, tags, moments = kind_of(PERMITS), set(), []
    for _ in range(3):
        draft = Draft(period=Period(date(2020, 1, 1), OPEN), kind=Kind.CHANGE, group="persoon",
                      content={"soort": "a", "houder": "x"})  # fmt: skip
        entry = Entry(type=kind, object_id="v1", draft=draft)
        act = Act(register=PERMITS, transaction_id=uuid7(), entries=[entry])
        await store.write(asker.pool, act)
        answer = await asker.send("GET", "/proef/v1/personen", fields=FIELDS)
        tags.add(answer.headers["ETag"])
        moments.append(answer.headers["Last-Modified"])
        stored = await asker.pool.fetchval("SELECT max(registered_at) FROM registers.act")
        assert moments[-1] == http_date(int(stored.timestamp()))
    assert len(tags) == 3
