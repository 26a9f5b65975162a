# SPDX-License-Identifier: EUPL-1.2
"""The short way to one object answers what the long way answers, and nothing when it may not."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_api import SUZANNE, Asker, asker_of
from tests.throwaway import Database

from landschap.logboek.faults import LogUnavailable
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.platform.ids import uuid7
from landschap.platform.pseudonym_keys import living_keys, rotate_pseudonym_key
from landschap.registers import store
from landschap.registers.api import single
from landschap.registers.models import parse_register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.schemas import DIALECT
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind

BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
PEOPLE = made_up(
    naam=annotated(**{"x-persoonsgegeven": "gewoon", **BOTH}),
    burgerservicenummer=annotated(**{"x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn"}),
    straat=annotated(**{"x-persoonsgegeven": "gewoon", "x-groep": "adres", **BOTH}),
    huisnummer=annotated(**{"x-persoonsgegeven": "gewoon", "x-groep": "adres", **BOTH}),
)  # fmt: skip
FIELDS = ("nummer", "naam", "burgerservicenummer", "straat", "huisnummer")
# The same question, with a header that the short way leaves to the long one.
AT_LENGTH = {"Accept": "application/json;q=1"}
_MOMENT = re.compile(r"beschikbaarOp=[^&]*")
_ANY_MOMENT = re.compile(r"[0-9-]{10}T[0-9:.]+Z")
_NEW = ("trace_id", "span_id", "start_time", "end_time")


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


@pytest.fixture
def at_length(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that were answered at length."""
    seen: list[str] = []
    real = single.one

    async def one(desk: Any, kind: Any, object_id: str, request: Any) -> Any:
        seen.append(object_id)
        return await real(desk, kind, object_id, request)

    monkeypatch.setattr(single, "one", one)
    return seen


async def _write(asker: Asker, object_id: str, group: str, period: Period, content: Any) -> None:
    draft = Draft(period=period, kind=Kind.CHANGE, content=content, group=group)
    kind = kind_of(asker.register)
    entry = Entry(type=kind, object_id=object_id, draft=draft)
    act = Act(register=asker.register, transaction_id=uuid7(), entries=[entry])
    assert isinstance(await store.write(asker.pool, act), Written)


async def _history(asker: Asker, rng: random.Random, object_id: str) -> None:
    for step in range(rng.randrange(2, 9)):
        group = rng.choice(["persoon", "adres"]) if step else "persoon"
        begin = date(2010, 1, 1) + timedelta(days=rng.randrange(5000))
        end = rng.choice([OPEN, begin + timedelta(days=rng.randrange(1, 2000))])
        content: Any = {"straat": f"Weg {step}", "huisnummer": str(step)}
        if group == "persoon":
            content = {"naam": f"Naam {step} é", "burgerservicenummer": SUZANNE}
        if step and rng.random() < 0.2:
            content = None
        await _write(asker, object_id, group, Period(begin, end), content)


async def _both(
    asker: Asker, object_id: str, query: dict[str, str] | None, **permit: Any
) -> tuple[httpx.Response, list[Any], httpx.Response, list[Any]]:
    path = f"/proef/v1/personen/{object_id}"
    permit.setdefault("fields", FIELDS)
    short = await asker.send("GET", path, query, **permit)
    short_lines = await asker.lines()
    long = await asker.send("GET", path, query, headers=AT_LENGTH, **permit)
    return short, short_lines, long, await asker.lines()


def _told(answer: httpx.Response, *, same_moment: bool) -> object:
    """All of an answer; of one about now without the moment, and what holds that in it."""
    headers = sorted((name, value) for name, value in answer.headers.multi_items())
    content = answer.text
    if not same_moment:
        headers = [(name, _MOMENT.sub("", value)) for name, value in headers]
        if _ANY_MOMENT.search(content):
            headers = [pair for pair in headers if pair[0] != "etag"]
            content = _ANY_MOMENT.sub("", content)
    return answer.status_code, headers, content


def _lasting(lines: list[Any]) -> list[Any]:
    for line in lines:
        for name in _NEW:
            line["ldv"].pop(name)
        line["landschap"].pop("fsc_transaction_id")
        line["landschap"].pop("known_at")
    return lines


async def test_random_questions_are_answered_as_at_length(
    asker: Asker, at_length: list[str]
) -> None:
    rng = random.Random(20261129)
    ids = [f"a{number}" for number in range(8)]
    for object_id in ids:
        await _history(asker, rng, object_id)
    acts = await asker.pool.fetch("SELECT registered_at FROM registers.act")
    answered = 0
    for number in range(110):
        query = None
        if number % 3:
            day = date(2010, 1, 1) + timedelta(days=rng.randrange(6000))
            moment = rng.choice(acts)["registered_at"] + timedelta(microseconds=rng.choice([0, 1]))
            query = {"geldigOp": day.isoformat(), "beschikbaarOp": moment.isoformat()}
        permit: dict[str, Any] = {}
        if rng.random() < 0.4:
            permit["fields"] = rng.choice([("naam",), ("straat", "nummer"), ("nummer",)])
        if rng.random() < 0.2:
            permit["delegator"] = "00000099000000004000"
        object_id = rng.choice(ids)
        at_length.clear()
        short, short_lines, long, long_lines = await _both(asker, object_id, query, **permit)
        answered += at_length == [object_id]
        assert _told(short, same_moment=query is not None) == _told(
            long, same_moment=query is not None
        )
        assert _lasting(short_lines) == _lasting(long_lines)
    assert answered > 30


async def test_a_trace_is_written_as_at_length(asker: Asker, at_length: list[str]) -> None:
    await _write(asker, "a1", "persoon", Period(date(2020, 1, 1)),
                 {"naam": "Jansen", "burgerservicenummer": SUZANNE})  # fmt: skip
    trace = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    told = []
    for headers in (trace, {**trace, **AT_LENGTH}):
        answer = await asker.send("GET", "/proef/v1/personen/a1", fields=FIELDS, headers=headers)
        assert answer.status_code == 200
        (line,) = await asker.lines()
        assert (line["ldv"]["trace_id"], line["ldv"]["parent_span_id"]) == ("ab" * 16, "cd" * 8)
        told += _lasting([line])
    assert told[0] == told[1]
    assert at_length == ["a1"]


UNUSUAL: list[tuple[Any, dict[str, str], dict[str, Any]]] = [
    ({"fields": "naam"}, {}, {}),
    ({"geldigOp": "2021-01-01"}, {}, {}),
    ({"historie": "true"}, {}, {}),
    ({"naam": "x"}, {}, {}),
    ({"geldigOp": "2021-13-01", "beschikbaarOp": "2021-01-01T00:00:00Z"}, {}, {}),
    ({"geldigOp": "2021-01-01", "beschikbaarOp": "2999-01-01T00:00:00Z"}, {}, {}),
    ({"geldigOp": "2021-01-01", "beschikbaarOp": "2026-01-01T00:00:00Z"}, {}, {"history": ()}),
    (None, {"Prefer": "handling=lenient"}, {}),
    (None, {"If-None-Match": "*"}, {}),
    (None, {"Accept": "text/html"}, {}),
    (None, {}, {"fields": ("onbekend",)}),
    (None, {}, {"service": "ander"}),
    (None, {"Permit": "v1.x.y"}, {}),
]


async def test_what_is_not_usual_is_left_to_the_long_way(asker: Asker) -> None:
    await _write(asker, "a1", "persoon", Period(date(2020, 1, 1)),
                 {"naam": "Jansen", "burgerservicenummer": SUZANNE})  # fmt: skip
    path = "/proef/v1/personen/a1"
    for query, headers, more in UNUSUAL:
        permit = {"fields": FIELDS, **more}
        answer = await asker.send("GET", path, query, headers=headers, **permit)
        long = await asker.send("GET", path, query, headers={**AT_LENGTH, **headers}, **permit)
        assert _told(answer, same_moment=False) == _told(long, same_moment=False), query


async def test_no_line_no_answer(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    await _write(asker, "a1", "persoon", Period(date(2020, 1, 1)),
                 {"naam": "Jansen", "burgerservicenummer": SUZANNE})  # fmt: skip
    await asker.log.close()
    answer = await asker.send("GET", "/proef/v1/personen/a1", fields=FIELDS)
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    assert "Jansen" not in answer.text
    with pytest.raises(LogUnavailable):
        await asker.log.append([])


async def test_who_asks_at_the_same_time_gets_his_own(asker: Asker, at_length: list[str]) -> None:
    for number in range(12):
        await _write(asker, f"a{number}", "persoon", Period(date(2020, 1, 1)),
                     {"naam": f"N{number}", "burgerservicenummer": SUZANNE})  # fmt: skip

    async def ask(number: int) -> None:
        answer = await asker.send("GET", f"/proef/v1/personen/a{number}", fields=FIELDS)
        if number < 12:
            assert answer.json()["naam"] == f"N{number}"
        else:
            assert answer.status_code == 404

    await asyncio.gather(*(ask(rng) for rng in [*range(14), *range(12)]))
    assert sorted(at_length) == ["a12", "a13"]


async def test_what_is_written_is_answered_at_once(asker: Asker) -> None:
    """While somebody writes, who asks sees all that was committed before, and never half."""
    seen: list[int] = []
    done = asyncio.Event()

    async def read() -> None:
        while not done.is_set():
            before = len(written)
            answer = await asker.send("GET", "/proef/v1/personen/a1", fields=FIELDS)
            if before:
                assert answer.status_code == 200
                seen.append(int(answer.json()["naam"]))
                assert seen[-1] >= written[before - 1]

    written: list[int] = []
    readers = [asyncio.create_task(read()) for _ in range(4)]
    for number in range(25):
        await _write(asker, "a1", "persoon", Period(date(2020, 1, 1)),
                     {"naam": str(number), "burgerservicenummer": SUZANNE})  # fmt: skip
        written.append(number)
    done.set()
    await asyncio.gather(*readers)
    assert seen


_HOUSE = {
    "$schema": DIALECT, "title": "Pand", "x-titel-en": "Building", "type": "object",
    "additionalProperties": False, "required": [], "x-collectie": "panden",
    "x-identificatie": "nummer", "x-versie": "1.0.0",
    "properties": {
        "nummer": annotated(pattern="^[a-z0-9]+$"),
        "eigenaar": annotated(**{"x-verwijst-naar": "persoon", **BOTH}),
        "vorige": annotated(**{"x-verwijst-naar": "pand", **BOTH}),
    },
}  # fmt: skip
HOUSES = parse_register(
    {"naam": "proef", "klok": "eigen", "dialect": "standaard"},
    {"persoon": kind_of(PEOPLE).schema, "pand": _HOUSE},  # type: ignore[dict-item]  # plain JSON
    "proef",
)


@pytest.fixture
async def houses(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, HOUSES):
        yield one


async def test_what_is_pointed_at_comes_along_as_at_length(
    houses: Asker, at_length: list[str]
) -> None:
    person, building = HOUSES.types["persoon"], HOUSES.types["pand"]
    told: list[tuple[Any, str, dict[str, Any]]] = [
        (person, "p1", {"naam": "Jansen", "burgerservicenummer": SUZANNE}),
        (building, "b1", {"eigenaar": "p1", "vorige": "b2"}),
        (building, "b2", {"eigenaar": "p9"}),
        (building, "b3", {"vorige": "b1"}),
    ]
    for kind, object_id, content in told:
        (group,) = [each for each in kind.groups if each == kind.name]
        draft = Draft(
            period=Period(date(2020, 1, 1)), kind=Kind.CHANGE, content=content, group=group
        )
        entry = Entry(type=kind, object_id=object_id, draft=draft)
        act = Act(register=HOUSES, transaction_id=uuid7(), entries=[entry])
        assert isinstance(await store.write(houses.pool, act), Written)
    # Which object, what is followed, whether that goes the short way.
    asked = [
        ("b1", "eigenaar", True), ("b1", "vorige", True), ("b3", "vorige", True),
        ("b2", "eigenaar", False), ("b2", "vorige", False), ("b3", "eigenaar", False),
        ("b1", "eigenaar,vorige", False), ("b1", "vorige.eigenaar", False), ("b1", "x", False),
    ]  # fmt: skip
    for object_id, path, is_short in asked:
        for fields in (("nummer", "eigenaar", "vorige", "naam"), ("nummer", "vorige")):
            results = []
            at_length.clear()
            for headers in ({}, AT_LENGTH):
                answer = await houses.send(
                    "GET", f"/proef/v1/panden/{object_id}", {"expand": path},
                    headers=headers, fields=fields,
                )  # fmt: skip
                results.append((_told(answer, same_moment=False), _lasting(await houses.lines())))
            assert results[0] == results[1], (object_id, path)
            usual = is_short and path in fields
            assert at_length == [object_id] * (1 if usual else 2), (object_id, path, fields)


async def test_lines_of_both_ways_are_written_with_the_newest_key(
    database: Database, at_length: list[str]
) -> None:
    number = rotate_pseudonym_key(database.settings)
    key, oin = living_keys(database.settings)[number], database.settings.organisation.oin
    async for asker in asker_of(database, PEOPLE):
        await asker.write("a1", "2020-01-01", "Jansen")
        for headers, ways in ((None, []), (AT_LENGTH, ["a1"])):
            assert (await asker.get("a1", headers=headers)).status_code == 200
            assert at_length == ways
            (line,) = await asker.lines()
            told = line["ldv"]["attributes"]
            assert line["landschap"]["key_id"] == number == 2
            assert told["dpl.core.data_subject_id_type"].endswith("/bsn/2")
            assert told["dpl.core.data_subject_id"] == as_subject_id(
                subject_pseudonym(key, oin, "bsn", SUZANNE)
            )
