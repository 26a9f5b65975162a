# SPDX-License-Identifier: EUPL-1.2
"""A delivery from contents alone is, byte for byte, the one in which every object is worked out."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.registers.test_exporting import bsns
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.bulk import Seal
from landschap.registers.models import Register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import exporting
from landschap.registers.timeline import DOUBT_PREFIX, Kind
from landschap.vocabulary.ijson import InvalidJson, JsonValue, canonical

BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
THINGS = made_up(
    soort=annotated(**{"x-zoekbaar": True, **BOTH}),
    aantal=annotated(type="integer", **BOTH),
    maat=annotated(type="number", **BOTH),
    actief=annotated(type="boolean", **BOTH),
    leeg=annotated(type=["string", "null"], **BOTH),
    namen=annotated(type="array", items={"type": "string"}, **BOTH),
)
FIELDS = ("nummer", "soort", "aantal", "maat", "actief", "leeg", "namen")
VALUES: Mapping[str, list[JsonValue]] = {
    "soort": ["a", "b'", 'é"\\\n\x7f\u2028😀', "=som()", ""],
    "aantal": [0, -1, 2**53 - 1],
    "maat": [0.1, 1.10, 100, 1.5e10, -0.0, 3.0],
    "actief": [True, False],
    "leeg": [None, "x"],
    "namen": [[], ["é", 'a"b'], ["|"]],
}


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, THINGS):
        yield one


@pytest.fixture
async def people(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


async def _write(asker: Asker, entries: list[store.Entry]) -> None:
    act = store.Act(register=asker.register, transaction_id=uuid7(), entries=entries)
    assert isinstance(await store.write(asker.pool, act), store.Written)


def _entry(register: Register, object_id: str, content: Any, period: Period, group: str) -> Any:
    draft = Draft(period=period, kind=Kind.CHANGE, content=content, group=group)
    return store.Entry(type=kind_of(register), object_id=object_id, draft=draft)


def _history(rng: random.Random, object_id: str) -> list[store.Entry]:
    made = []
    for _ in range(rng.randrange(1, 4)):
        begin = date(2015, 1, 1) + timedelta(days=rng.randrange(5000))
        end = rng.choice([OPEN, begin + timedelta(days=rng.randrange(1, 4000))])
        content: Any = {
            name: rng.choice(values)
            for name, values in VALUES.items()
            if name == "soort" or rng.random() < 0.7
        }
        if rng.random() < 0.2:
            content = None
        made.append(_entry(THINGS, object_id, content, Period(begin, end), "persoon"))
    if rng.random() < 0.2:
        doubt = {"kenmerken": ["soort"]}
        period = Period(date(2015, 1, 1), OPEN)
        made.append(_entry(THINGS, object_id, doubt, period, f"{DOUBT_PREFIX}persoon"))
    return made


async def _delivered(asker: Asker, path: str, query: dict[str, str], **permit: Any) -> Any:
    """What goes out, the manifest with its digests, and the lines; without what is ever new."""
    answer = await asker.send("GET", path, query, **permit)
    lines = await asker.lines()
    for line in lines:
        for name in ("trace_id", "span_id", "parent_span_id", "start_time", "end_time"):
            line["ldv"].pop(name, None)
        line["landschap"] |= {"fsc_transaction_id": "", "known_at": ""}
    whole = await asker.pool.fetchval(
        "SELECT manifest - 'beschikbaarOp' FROM registers.delivery_end ORDER BY ended_at DESC LIMIT 1"
    )
    return answer.status_code, answer.content, whole, sorted(map(str, lines))


class Ways:
    """Asks for the same delivery both ways."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.short = 0
        real = exporting._contents_after

        async def counted(*given: Any) -> Any:
            self.short += 1
            return await real(*given)

        monkeypatch.setattr(exporting, "_contents_after", counted)

    async def both(self, asker: Asker, path: str, query: dict[str, str], **permit: Any) -> Any:
        """The delivery, when both ways gave the same."""
        short = await _delivered(asker, path, query, **permit)
        with self._patch.context() as patch:
            patch.setattr(exporting, "_contents_say_all", lambda _: False)
            long = await _delivered(asker, path, query, **permit)
        assert short == long, (query, permit)
        return short


async def test_random_histories_are_delivered_as_each_object_alone(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(20261130)
    await _write(asker, [e for n in range(700) for e in _history(rng, f"t{n:04}")])
    ways = Ways(monkeypatch)
    queries: list[dict[str, str]] = [
        {}, {"soort": "a"}, {"soort": 'é"\\\n\x7f\u2028😀'}, {"soort": "' OR true --"},
        {"fields": "soort,namen"},
    ]  # fmt: skip
    for query in queries:
        for form in ("jsonl", "csv"):
            for fields in (FIELDS, ("nummer", "leeg", "aantal"), ("soort",)):
                if set(query) & {"fields", "soort"} and "soort" not in fields:
                    continue
                before = ways.short
                given = {**query, "formaat": form}
                if "fields" in query:
                    given["fields"] = ",".join({*query["fields"].split(",")} & {*fields})
                told = await ways.both(asker, "/proef/v1/personen", given, fields=fields)
                assert told[0] == 200
                assert ways.short > before
                if form == "jsonl":
                    # The order of a jsonb, also of a part of it.
                    for row in map(json.loads, told[1].splitlines()[:-1]):
                        assert [*row][1:] == sorted([*row][1:], key=lambda n: (len(n), n))
    # History goes the long way.
    before = ways.short
    for query in ({"historie": "true"}, {"geldigOp": "2019-06-01"}, {"uitvoer": "voorkomens"}):
        given = {**query, "formaat": "csv"}
        answer = await asker.send("GET", "/proef/v1/personen", given, fields=FIELDS)
        assert answer.status_code == 200
    assert ways.short == before


async def test_persons_are_delivered_with_a_line_each_both_ways(
    people: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = bsns(30)
    period = Period(date(2020, 1, 1), OPEN)
    await _write(people, [
        _entry(PEOPLE, f"p{n:03}", {"naam": f"n{n}", "burgerservicenummer": numbers[n // 2]},
               period, "persoon")
        for n in range(60)
    ])  # fmt: skip
    ways = Ways(monkeypatch)
    for fields in (("nummer", "naam", "burgerservicenummer"), ("naam",)):
        told = await ways.both(
            people, "/proef-bulk/v1/personen", {"formaat": "jsonl"},
            service="proef-bulk", fields=fields,
        )  # fmt: skip
        assert (told[0], len(told[3])) == (200, 31)
        assert (b"burgerservicenummer" in told[1]) == (len(fields) == 3)
    assert ways.short == 2


async def test_what_is_written_between_two_pages_is_not_delivered(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    period = Period(date(2020, 1, 1), OPEN)
    await _write(asker, [_entry(THINGS, f"t{n:04}", {"soort": rng.choice("ab")}, period, "persoon")
                         for n in range(1200)])  # fmt: skip
    before = await asker.send("GET", "/proef/v1/personen", {"formaat": "csv"}, fields=FIELDS)
    real = exporting._contents_after

    async def then_write(pool: Any, wanted: Any, last: str) -> Any:
        told = await real(pool, wanted, last)
        changed = _entry(THINGS, "t1100", {"soort": "nieuw"}, period, "persoon")
        await _write(
            asker, [changed, _entry(THINGS, f"u{last}", {"soort": "a"}, period, "persoon")]
        )
        return told

    monkeypatch.setattr(exporting, "_contents_after", then_write)
    answer = await asker.send("GET", "/proef/v1/personen", {"formaat": "csv"}, fields=FIELDS)
    assert answer.content == before.content
    assert len(answer.text.splitlines()) == 1201


def test_the_digest_of_rows_is_that_of_their_canonical_form() -> None:
    rows: list[dict[str, JsonValue]] = [
        {"b": 1, "a": chr(number) + "x"} for number in range(0x300) if not 0xD800 <= number < 0xE000
    ]
    rows += [
        {"z": None, "a": True, "B": -0}, {"a": [], "b": ["\u2028", 1, [None]]}, {"a": 1e21}, {},
        {"a": 0.1, "b": {"y": 1, "x": 2}}, {"é": 1, "a": 2}, {"a": {"\ufb33": 1, "😀": 2}},
        {"\ufb33": 1, "😀": 2}, {"a": 2**53 - 1, "b": -(2**53) + 1}, {"a": [1.0, 2]},
    ]  # fmt: skip
    for row in rows:
        seal, by_hand = Seal(), Seal()
        seal.add_rows([row])
        by_hand._content.update(canonical(row))
        assert seal.content_digest == by_hand.content_digest, row
    with pytest.raises(InvalidJson):
        Seal().add_rows([{"a": 2**53}])
