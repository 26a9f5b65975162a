# SPDX-License-Identifier: EUPL-1.2
"""Collections over HTTP: pages, filters, order, expansion, batches, changes, whole histories."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
from tests.registers.rig import annotated
from tests.registers.test_api import Asker, asker_of
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import Register, parse_register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.schemas import DIALECT
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import DOUBT_PREFIX, Kind

D = date.fromisoformat
BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
FIELDS = ("nummer", "naam", "soort", "ligtAan", "straat")


def schema(title: str, collection: str, **members: object) -> dict[str, object]:
    return {
        "$schema": DIALECT, "title": title, "x-titel-en": title, "type": "object",
        "additionalProperties": False, "required": [], "x-collectie": collection,
        "x-identificatie": "nummer", "x-versie": "1.0.0",
        "properties": {"nummer": annotated(pattern="^[a-z0-9]+$"), **members},
    }  # fmt: skip


def places() -> Register:
    """A register ``proef`` of houses, which lie along streets."""
    schemas: Any = {
        "huis": schema(
            "Huis",
            "huizen",
            naam=annotated(**BOTH, **{"x-zoekbaar": True}),
            soort=annotated(**BOTH, **{"x-zoekbaar": True}),
            ligtAan=annotated(**BOTH, **{"x-verwijst-naar": "straat"}),
        ),
        "straat": schema("Straat", "straten", straat=annotated(**BOTH)),
    }
    return parse_register({"naam": "proef", "klok": "eigen"}, schemas, "proef")


class Houses:
    """Asks about houses, and writes them."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def get(self, path: str, query: dict[str, str] | None = None) -> httpx.Response:
        return await self.asker.send("GET", f"/proef/v1/{path}", query, fields=FIELDS)

    async def follow(self, answer: httpx.Response) -> httpx.Response | None:
        """The next page by its Link header, None on the last one."""
        if "Link" not in answer.headers:
            return None
        address, _, rel = answer.headers["Link"].partition("; ")
        assert rel == 'rel="next"'
        url = httpx.URL(address.strip("<>"))
        return await self.asker.send("GET", url.path, dict(url.params), fields=FIELDS)

    async def post(self, path: str, body: bytes) -> httpx.Response:
        return await self.asker.send("POST", f"/proef/v1/{path}", body=body, fields=FIELDS)

    async def write(self, *entries: tuple[str, str, str, dict[str, Any] | None]) -> None:
        """Entries (type, id, begin, content); `huis!` writes doubt about a house."""
        register = self.asker.register
        made = []
        for name, object_id, begin, content in entries:
            kind = register.types[name.rstrip("!")]
            group = f"{DOUBT_PREFIX}{kind.name}" if name.endswith("!") else kind.name
            draft = Draft(
                period=Period(D(begin), OPEN), kind=Kind.CHANGE, content=content, group=group
            )
            made.append(Entry(type=kind, object_id=object_id, draft=draft))
        act = Act(register=register, transaction_id=uuid7(), entries=made)
        assert isinstance(await store.write(self.asker.pool, act), Written)

    async def fill(self, count: int, *, first: int = 0) -> None:
        """Houses `h00000`, `h00001`, ... of kinds `a` and `b` in turn."""
        for start in range(first, first + count, 2000):
            numbers = range(start, min(start + 2000, first + count))
            await self.write(
                *(
                    ("huis", f"h{n:05}", "2020-01-01", {"naam": f"n{-n % 7}", "soort": "ab"[n % 2]})
                    for n in numbers
                )
            )


@pytest.fixture
async def houses(database: Database) -> AsyncIterator[Houses]:
    async for asker in asker_of(database, places()):
        yield Houses(asker)


def ids(answer: httpx.Response | None) -> list[str]:
    assert answer is not None
    assert answer.status_code == 200, answer.text
    return [item["nummer"] for item in answer.json()["items"]]


@pytest.mark.case("api-24", "history-32")
async def test_pages_go_on_over_the_same_knowledge_while_rows_are_added(houses: Houses) -> None:
    await houses.fill(10_000)
    answer: httpx.Response | None = await houses.get("huizen", {"limit": "1000"})
    seen = ids(answer)
    written = 0
    while answer is not None:
        # Before, between and after what was there, and one that was there goes.
        await houses.fill(1, first=20_000 + written)
        await houses.write(
            ("huis", f"a{written}", "2020-01-01", {"naam": "nieuw"}),
            ("huis", f"h{9999 - written:05}", "2020-01-01", None),
        )
        written += 1
        answer = await houses.follow(answer)
        seen += ids(answer) if answer is not None else []
    assert seen == [f"h{n:05}" for n in range(10_000)]
    assert len(ids(await houses.get("huizen", {"limit": "1000"}))) == 1000


@pytest.mark.case("api-25")
async def test_only_the_last_page_has_no_next(houses: Houses) -> None:
    await houses.fill(5)
    first = await houses.get("huizen", {"limit": "3"})
    assert ids(first) == ["h00000", "h00001", "h00002"]
    last = await houses.follow(first)
    assert ids(last) == ["h00003", "h00004"]
    assert last is not None
    assert "Link" not in last.headers
    exact = await houses.get("huizen", {"limit": "5"})
    assert "Link" not in exact.headers
    for query in ({"page": "0"}, {"limit": "0"}, {"limit": "1001"}, {"limit": "x"}):
        refused = await houses.get("huizen", query)
        assert refused.status_code == 400, query


async def test_filters_orders_and_counts(houses: Houses) -> None:
    await houses.fill(9)
    await houses.write(("huis", "leeg", "2020-01-01", {"soort": "a"}))
    assert ids(await houses.get("huizen", {"soort": "b"})) == [
        "h00001",
        "h00003",
        "h00005",
        "h00007",
    ]
    assert ids(await houses.get("huizen", {"sort": "-nummer", "limit": "2"})) == ["leeg", "h00008"]
    down = await houses.get("huizen", {"sort": "-nummer", "limit": "8"})
    assert ids(await houses.follow(down)) == ["h00001", "h00000"]
    by_name = await houses.get("huizen", {"sort": "naam", "limit": "4"})
    assert ids(by_name) == ["h00000", "h00007", "h00006", "h00005"]
    rest = await houses.follow(by_name)
    assert ids(rest) == ["h00004", "h00003", "h00002", "h00001"]
    assert ids(await houses.follow(rest or by_name)) == ["h00008", "leeg"]
    counted = await houses.get("huizen", {"telling": "true", "limit": "1", "soort": "b"})
    assert (counted.json()["totaal"], len(counted.json()["items"])) == (4, 1)
    misspelt = await houses.get("huizen", {"soorten": "a"})
    assert (misspelt.status_code, misspelt.json()["code"]) == (400, "query_unknown")
    assert "soort" in misspelt.json()["detail"]
    unsorted = await houses.get("huizen", {"sort": "ligtAan"})
    assert (unsorted.status_code, unsorted.json()["code"]) == (400, "parameter.ongeldig")


async def test_pages_in_order_of_a_value_come_to_an_end_where_it_is_uncertain(
    database: Database,
) -> None:
    unsure: Any = schema("Huis", "huizen", soort=annotated(**BOTH, **{"x-zoekbaar": True}))
    unsure["x-onvolledige-datums"] = True
    register = parse_register({"naam": "proef", "klok": "eigen"}, {"huis": unsure}, "proef")
    async for asker in asker_of(database, register):
        houses = Houses(asker)
        kind = register.types["huis"]
        made = [
            Entry(
                type=kind,
                object_id=object_id,
                draft=Draft(
                    period=Period(D(begin), OPEN), kind=Kind.CHANGE, content={"soort": "a"},
                    group="huis", begin_source=source,
                ),
            )
            for object_id, begin, source in (
                ("h1", "2019-01-01", None),
                ("h1", "2020-01-01", IncompleteDate(2020, 0, 0)),
                ("h2", "2019-01-01", None),
            )
        ]  # fmt: skip
        act = Act(register=register, transaction_id=uuid7(), entries=made)
        assert isinstance(await store.write(asker.pool, act), Written)
        answer: httpx.Response | None = await houses.get(
            "huizen", {"sort": "soort", "limit": "1", "geldigOp": "2020-06-01"}
        )
        pages: list[list[str]] = []
        while answer is not None and len(pages) < 5:
            pages.append(ids(answer))
            answer = await houses.follow(answer)
        # Both values that the first house may have, and then the second house.
        assert pages == [["h1", "h1"], ["h2"]]


async def test_a_list_of_an_earlier_day_and_knowledge(houses: Houses) -> None:
    await houses.write(("huis", "a1", "2020-01-01", {"soort": "a"}))
    early = (await houses.get("huizen/a1", {"historie": "true"})).json()["historie"]
    await houses.write(
        ("huis", "a1", "2021-01-01", {"soort": "b"}), ("huis", "a2", "2020-01-01", {"soort": "a"})
    )
    assert ids(await houses.get("huizen", {"soort": "a"})) == ["a2"]
    assert ids(await houses.get("huizen", {"soort": "a", "geldigOp": "2020-06-01"})) == ["a1", "a2"]
    then = {"soort": "a", "beschikbaarOp": early["beschikbaarOp"]}
    assert ids(await houses.get("huizen", then)) == ["a1"]


async def test_persons_are_not_listed(database: Database) -> None:
    register = parse_register(
        {"naam": "proef", "klok": "eigen"},
        {"huis": schema("Persoon", "huizen", naam=annotated(**{"x-persoonsgegeven": "gewoon"}))},  # type: ignore[dict-item]
        "proef",
    )
    async for asker in asker_of(database, register):
        refused = await Houses(asker).get("huizen")
        assert (refused.status_code, refused.json()["code"]) == (403, "lijst_van_personen")
        assert "_zoek" in refused.json()["detail"]


@pytest.mark.case("history-33")
async def test_expansion_is_of_the_same_day_and_knowledge(houses: Houses) -> None:
    await houses.write(
        ("straat", "s1", "2020-01-01", {"straat": "Oud"}),
        ("huis", "h1", "2019-01-01", {"naam": "x", "ligtAan": "s1"}),
    )
    known = (await houses.get("huizen/h1", {"historie": "true"})).json()["historie"]
    await houses.write(
        ("straat", "s1", "2021-01-01", {"straat": "Nieuw"}),
        ("straat", "s1", "2020-01-01", {"straat": "Hersteld"}),
    )

    async def along(**query: str) -> Any:
        answer = await houses.get("huizen/h1", {"expand": "ligtAan", **query})
        assert answer.status_code == 200, answer.text
        return answer.json()["_uitgebreid"]["ligtAan"]

    assert (await along(geldigOp="2020-06-01"))["straat"] == "Hersteld"
    then = await along(geldigOp="2020-06-01", beschikbaarOp=known["beschikbaarOp"])
    assert then["straat"] == "Oud"
    before = await along(geldigOp="2019-06-01")
    assert before == {"href": "/proef/v1/straten/s1", "geenVersie": True}
    listed = await houses.get("huizen", {"expand": "ligtAan"})
    assert listed.json()["items"][0]["_uitgebreid"]["ligtAan"]["nummer"] == "s1"
    # What is followed need not be asked for as a field too.
    narrow = await houses.get("huizen/h1", {"expand": "ligtAan", "fields": "naam"})
    assert narrow.status_code == 200, narrow.text
    assert set(narrow.json()) == {"naam", "_uitgebreid"}
    unknown = await houses.get("huizen/h1", {"expand": "ligtaan"})
    assert unknown.status_code == 400
    assert "ligtAan" in unknown.json()["detail"]
    deep = await houses.get("huizen/h1", {"expand": "ligtAan.a.b"})
    assert deep.status_code == 400
    hidden = await houses.asker.send(
        "GET", "/proef/v1/huizen/h1", {"expand": "ligtAan"}, fields=("naam",)
    )
    assert (hidden.status_code, hidden.json()["code"]) == (403, "fields_excess")


@pytest.mark.case("history-29")
async def test_the_stretches_of_an_object_within_a_period(houses: Houses) -> None:
    await houses.write(
        ("huis", "h1", "2010-08-18", {"naam": "een"}),
        ("huis", "h1", "2016-05-26", {"naam": "twee"}),
    )

    async def names(**query: str) -> list[str]:
        answer = await houses.get("huizen/h1/voorkomens", query)
        assert answer.status_code == 200, answer.text
        return [item["naam"] for item in answer.json()["items"]]

    assert await names() == ["twee", "een"]
    assert await names(geldigTot="2010-08-18") == []
    assert await names(geldigTot="2010-08-19") == ["een"]
    assert await names(geldigVan="2016-05-25") == ["twee", "een"]
    assert await names(geldigVan="2016-05-26") == ["twee"]
    empty = await houses.get(
        "huizen/h1/voorkomens", {"geldigVan": "2020-01-01", "geldigTot": "2020-01-01"}
    )
    assert (empty.status_code, empty.json()["code"]) == (400, "tijd.periode-leeg")
    history = (await houses.get("huizen/h1/voorkomens")).json()["items"][1]["historie"]
    assert (history["beginGeldigheid"], history["eindGeldigheid"]) == ("2010-08-18", "2016-05-26")
    never = await houses.get("huizen/h9/voorkomens")
    assert (never.status_code, never.json()["code"]) == (404, "niet-gevonden")


@pytest.mark.case("history-38")
async def test_doubt_about_a_begin_marks_the_end_before_it(houses: Houses) -> None:
    await houses.write(
        ("huis", "h1", "2010-01-01", {"naam": "een"}),
        ("huis", "h1", "2016-01-01", {"naam": "twee"}),
        ("huis!", "h1", "2016-01-01", {"kenmerken": ["beginGeldigheid"]}),
    )
    in_doubt = (await houses.get("huizen/h1", {"historie": "true"})).json()["historie"]
    second, first = (await houses.get("huizen/h1/voorkomens")).json()["items"]
    assert second["historie"]["inOnderzoek"] == ["beginGeldigheid"]
    assert first["historie"]["inOnderzoek"] == ["eindGeldigheid"]
    await houses.write(("huis!", "h1", "2016-01-01", None))
    ended = (await houses.get("huizen/h1/voorkomens")).json()["items"]
    assert [item["historie"]["inOnderzoek"] for item in ended] == [[], []]
    then = {"beschikbaarOp": in_doubt["beschikbaarOp"]}
    again = (await houses.get("huizen/h1/voorkomens", then)).json()["items"]
    assert again[1]["historie"]["inOnderzoek"] == ["eindGeldigheid"]


async def test_everything_that_was_registered_in_order(houses: Houses) -> None:
    await houses.write(("huis", "h1", "2020-01-01", {"naam": "een", "soort": "a"}))
    await houses.write(("huis", "h1", "2020-01-01", {"naam": "twee", "soort": "a"}))
    await houses.write(("huis", "h1", "2020-01-01", None))
    answer = await houses.get("huizen/h1/registraties", {"fields": "naam"})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item.get("inhoud") for item in items] == [{"naam": "een"}, {"naam": "twee"}, None]
    numbers = [item["volgnummer"] for item in items]
    assert numbers == sorted(numbers)
    assert items[2]["ingetrokken"] is True


async def test_a_batch_keeps_the_order_with_nothing_for_what_is_not_there(
    houses: Houses,
) -> None:
    await houses.fill(60)
    keys = [f"h{n % 80:05}" for n in range(100)]
    body = json.dumps({"requests": [{"key": key} for key in keys]})
    answer = await houses.post("huizen/_batch", body.encode())
    assert answer.status_code == 200, answer.text
    told = [one and one["nummer"] for one in answer.json()["results"]]
    assert told == [key if int(key[1:]) < 60 else None for key in keys]
    one_more = body.replace("[", '[{"key": "x"}, ', 1)
    refused = await houses.post("huizen/_batch", one_more.encode())
    assert (refused.status_code, refused.json()["code"]) == (400, "request-limit-exceeded")
    wrong = await houses.post(
        "huizen/_batch", b'{"requests": [{"key": 1}, {"sleutel": "x"}, {"key": "h\\u0000"}]}'
    )
    assert wrong.status_code == 400
    pointers = [error["location"]["pointer"] for error in wrong.json()["errors"]]
    assert pointers == ["/requests/0", "/requests/1", "/requests/2"]
    read = await houses.get("huizen/_batch")
    assert read.status_code == 405
    assert set(read.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


async def test_the_feed_tells_which_objects_to_ask_again(houses: Houses) -> None:
    await houses.write(("huis", "h1", "2020-01-01", {"naam": "een"}))
    await houses.write(
        ("straat", "s1", "2020-01-01", {"straat": "Oud"}),
        ("huis", "h1", "2020-01-01", {"naam": "twee"}),
    )
    first = await houses.get("wijzigingen", {"limit": "2"})
    told = [(item["collectie"], item["identificatie"]) for item in first.json()["items"]]
    assert told == [("huizen", "h1"), ("straten", "s1")]
    assert "een" not in first.text
    second = await houses.follow(first)
    assert second is not None
    assert [item["identificatie"] for item in second.json()["items"]] == ["h1"]
    third = await houses.follow(second)
    assert third is not None
    assert third.json() == {"items": []}
    refused = await houses.get("wijzigingen", {"vanaf": "-1"})
    assert refused.status_code == 400


async def test_who_has_the_answer_already_gets_no_body(houses: Houses) -> None:
    await houses.write(("huis", "h1", "2020-01-01", {"naam": "een"}))
    first = await houses.get("huizen/h1")
    known = {"If-None-Match": first.headers["ETag"]}
    same = await houses.asker.send("GET", "/proef/v1/huizen/h1", headers=known, fields=FIELDS)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["ETag"] == first.headers["ETag"]
    await houses.write(("huis", "h1", "2020-01-01", {"naam": "twee"}))
    other = await houses.asker.send("GET", "/proef/v1/huizen/h1", headers=known, fields=FIELDS)
    assert other.status_code == 200


@pytest.mark.case("api-20")
async def test_json_goes_in_and_comes_out(houses: Houses) -> None:
    await houses.write(("huis", "h1", "2020-01-01", {"naam": "een"}))

    async def asked(method: str, path: str, **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await houses.asker.send(
            method, f"/proef/v1/huizen/{path}", headers=named, body=b"{}", fields=FIELDS
        )
        return answer.status_code, answer.json().get("code", "")

    assert await asked("POST", "_batch", Content_Type="text/csv") == (415, "media_type")
    assert await asked("POST", "_batch", Content_Type="") == (415, "media_type")
    assert await asked("GET", "h1", Accept="text/xml") == (406, "not_acceptable")
    assert await asked("GET", "h1", Accept="application/json;q=0") == (406, "not_acceptable")
    for accept in ("application/json; charset=utf-8", "text/html, */*;q=0.1", "APPLICATION/JSON"):
        assert (await asked("GET", "h1", Accept=accept))[0] == 200
