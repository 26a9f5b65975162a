# SPDX-License-Identifier: EUPL-1.2
"""Writing in a register over HTTP: operations, conditions, keys, and everything that is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.registers.rig import annotated, made_up
from tests.registers.test_api import SUZANNE, Asker, asker_of
from tests.registers.test_collections import places
from tests.throwaway import Database

from landschap.logboek.store import by_transaction

WHY = {"reden": "Melding van een inwoner", "document": "zaak 2026-001"}
FIELDS = ("nummer", "naam", "soort", "ligtAan", "straat", "burgerservicenummer")


class Writer:
    """Writes houses as a permitted organisation."""

    def __init__(self, asker: Asker, collection: str = "huizen") -> None:
        self.asker = asker
        self.collection = collection

    async def do(
        self,
        operation: str,
        body: object,
        *,
        seen: int | None = None,
        to: str = "h1",
        permit: dict[str, Any] | None = None,
        **headers: str,
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if seen is not None:
            named["If-Match"] = f'"{seen}"'
        given = {"service": "proef-bijhouden", "fields": FIELDS, **(permit or {})}
        return await self.asker.send(
            "POST",
            f"/proef-bijhouden/v1/{self.collection}/{to}/{operation}",
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers=named,
            **given,
        )

    async def number(self, operation: str, body: object, seen: int) -> int:
        answer = await self.do(operation, body, seen=seen)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["volgnummer"])

    async def history(self, to: str = "h1") -> list[tuple[str, str | None, str]]:
        answer = await self.asker.send("GET", f"/proef/v1/huizen/{to}/voorkomens", fields=FIELDS)
        return [
            (item["historie"]["beginGeldigheid"], item["historie"]["eindGeldigheid"], item["naam"])
            for item in answer.json().get("items", ())
        ]


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    async for asker in asker_of(database, places()):
        yield Writer(asker)


async def test_every_operation_does_what_its_name_says(writer: Writer) -> None:
    last = await writer.number(
        "_registreer", {**WHY, "geldigVan": "2020-01-01", "inhoud": {"naam": "een"}}, 0
    )
    last = await writer.number(
        "_wijzig", {**WHY, "geldigVan": "2022-01-01", "inhoud": {"naam": "twee"}}, last
    )
    assert await writer.history() == [
        ("2022-01-01", None, "twee"),
        ("2020-01-01", "2022-01-01", "een"),
    ]
    last = await writer.number(
        "_corrigeer", {**WHY, "dag": "2020-06-01", "inhoud": {"naam": "eerst"}}, last
    )
    last = await writer.number(
        "_verschuif", {**WHY, "dag": "2023-01-01", "geldigVan": "2021-01-01"}, last
    )
    insertion = {"geldigVan": "2020-03-01", "geldigTot": "2020-04-01", "inhoud": {"naam": "even"}}
    last = await writer.number("_voegin", {**WHY, **insertion}, last)
    assert await writer.history() == [
        ("2022-01-01", None, "twee"),
        ("2021-01-01", "2022-01-01", "twee"),
        ("2020-04-01", "2021-01-01", "eerst"),
        ("2020-03-01", "2020-04-01", "even"),
        ("2020-01-01", "2020-03-01", "eerst"),
    ]
    last = await writer.number("_trekin", {**WHY, "dag": "2020-03-15"}, last)
    last = await writer.number("_beeindig", {**WHY, "geldigVan": "2024-01-01"}, last)
    last = await writer.number(
        "_onderzoek", {**WHY, "geldigVan": "2022-01-01", "kenmerken": ["naam"]}, last
    )
    answer = await writer.asker.send(
        "GET", "/proef/v1/huizen/h1", {"geldigOp": "2023-01-01"}, fields=FIELDS
    )
    assert answer.json()["historie"]["inOnderzoek"] == ["naam"]
    await writer.number("_onderzoek", {**WHY, "geldigVan": "2022-01-01", "kenmerken": []}, last)
    told = await writer.asker.send("GET", "/proef/v1/huizen/h1/registraties", fields=FIELDS)
    assert {item["bron"]["reden"] for item in told.json()["items"]} == {WHY["reden"]}


@pytest.mark.case("api-28")
async def test_a_writer_says_which_state_it_saw(writer: Writer) -> None:
    body = {**WHY, "geldigVan": "2020-01-01", "inhoud": {"naam": "een"}}
    missing = await writer.do("_registreer", body)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    new = await writer.do("_registreer", body, If_None_Match="*")
    assert new.status_code == 201, new.text
    assert new.headers["Location"] == "/proef/v1/huizen/h1"
    again = await writer.do("_registreer", body, If_None_Match="*")
    assert (again.status_code, again.json()["code"]) == (412, "geschiedenis.gewijzigd")
    change = {**WHY, "geldigVan": "2021-01-01", "inhoud": {"naam": "twee"}}
    stale = await writer.do("_wijzig", change, seen=new.json()["volgnummer"] - 1)
    assert stale.status_code == 412
    assert stale.json()["volgnummer"] == new.json()["volgnummer"]
    assert await writer.history() == [("2020-01-01", None, "een")]
    assert (await writer.do("_wijzig", change, If_Match="W/x")).status_code == 428


@pytest.mark.case("api-27")
async def test_the_same_key_is_done_once_and_told_again(writer: Writer) -> None:
    body = {**WHY, "geldigVan": "2020-01-01", "inhoud": {"naam": "een"}}
    both = await asyncio.gather(
        *(
            writer.do("_registreer", body, If_None_Match="*", Idempotency_Key="sleutel-1")
            for _ in range(2)
        )
    )
    assert [one.status_code for one in both] == [201, 201], [one.text for one in both]
    assert both[0].content == both[1].content
    told = await writer.asker.send("GET", "/proef/v1/huizen/h1/registraties", fields=FIELDS)
    assert len(told.json()["items"]) == 1
    later = await writer.do("_registreer", body, seen=0, Idempotency_Key="sleutel-1")
    assert (later.status_code, later.content) == (201, both[0].content)
    other = {**body, "inhoud": {"naam": "anders"}}
    reused = await writer.do("_registreer", other, seen=0, Idempotency_Key="sleutel-1")
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
    assert await writer.history() == [("2020-01-01", None, "een")]
    # Another organisation that picks the same key is another writer.
    elsewhere = await writer.do(
        "_registreer", body, to="h2", If_None_Match="*", Idempotency_Key="sleutel-1",
        permit={"peer": "00000099000000003000"},
    )  # fmt: skip
    assert elsewhere.status_code == 201


@pytest.mark.case("api-19", "api-23")
async def test_everything_that_is_wrong_comes_back_together(writer: Writer) -> None:
    body = {
        "reden": "x",
        "geldigVan": "2020-01-01T00:00:00Z",
        "inhoud": {"naam": 1, "soorten": "a"},
        "meer": True,
    }
    answer = await writer.do("_registreer", body, If_None_Match="*", to="H1")
    assert (answer.status_code, answer.json()["code"]) == (400, "inhoud.ongeldig")
    told = {error["location"]["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert {"/reden", "/geldigVan", "/inhoud/naam"} <= set(told)
    words = json.dumps(answer.json()["errors"])
    for part in ("document", "meer", "soorten", "identification"):
        assert part in words, part
    for broken in (b"", b"[]", b'{"reden": 1', b'{"a": 1, "a": 2}'):
        assert (await writer.do("_wijzig", broken, seen=0)).status_code == 400
    upside = {**WHY, "geldigVan": "2021-01-01", "geldigTot": "2020-01-01", "inhoud": {}}
    assert "after geldigVan" in (await writer.do("_voegin", upside, seen=0)).text
    doubt = {**WHY, "geldigVan": "2021-01-01", "kenmerken": ["nam"]}
    assert "/kenmerken/0" in (await writer.do("_onderzoek", doubt, seen=0)).text


async def test_a_permit_to_read_opens_nothing_here_and_closed_fields_stay_closed(
    writer: Writer,
) -> None:
    body = {**WHY, "geldigVan": "2020-01-01", "inhoud": {"naam": "een", "soort": "a"}}
    reading = await writer.do("_registreer", body, seen=0, permit={"service": "proef"})
    assert (reading.status_code, reading.json()["code"]) == (403, "permit_mismatch")
    closed = await writer.do("_registreer", body, seen=0, permit={"fields": ("naam",)})
    assert (closed.status_code, closed.json()["code"]) == (403, "fields_excess")
    assert "soort" in closed.json()["detail"]
    assert await writer.history() == []


async def test_what_conflicts_with_later_days_asks_for_a_decision(writer: Writer) -> None:
    last = await writer.number(
        "_registreer", {**WHY, "geldigVan": "2020-01-01", "inhoud": {"naam": "een"}}, 0
    )
    change = {**WHY, "geldigVan": "2019-01-01", "inhoud": {"naam": "nul"}}
    conflict = await writer.do("_wijzig", change, seen=last)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "geschiedenis.overlap")
    await writer.number("_wijzig", {**change, "latereDagen": "laat-staan"}, last)
    assert await writer.history() == [
        ("2020-01-01", None, "een"),
        ("2019-01-01", "2020-01-01", "nul"),
    ]


async def test_sixteen_writers_at_once_lose_clearly_and_lose_nothing(writer: Writer) -> None:
    last = await writer.number(
        "_registreer", {**WHY, "geldigVan": "2020-01-01", "inhoud": {"naam": "een"}}, 0
    )
    answers = await asyncio.gather(
        *(
            writer.do(
                "_corrigeer", {**WHY, "dag": "2021-01-01", "inhoud": {"naam": f"n{n}"}}, seen=last
            )
            for n in range(16)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 15
    (winner,) = (answer for answer in answers if answer.status_code == 201)
    told = await writer.asker.send("GET", "/proef/v1/huizen/h1/registraties", fields=FIELDS)
    assert [item["volgnummer"] for item in told.json()["items"]] == [
        last,
        winner.json()["volgnummer"],
    ]


async def test_the_line_names_the_person_as_it_was_and_as_it_will_be(asker: Asker) -> None:
    other = "999993653"  # fictitious
    writer = Writer(asker, "personen")
    await asker.write("a1", "2020-01-01", "Jansen")
    content = {"naam": "Pietersen", "burgerservicenummer": other}
    answer = await writer.do(
        "_corrigeer", {**WHY, "dag": "2021-01-01", "inhoud": content}, seen=1, to="a1"
    )
    assert answer.status_code == 201, answer.text
    lines: list[Any] = [
        one.content() for one in await by_transaction(asker.log_pool, asker.transaction)
    ]
    subjects = {line["ldv"]["attributes"].get("dpl.core.data_subject_id") for line in lines} - {
        None
    }
    assert len(subjects) == 2
    assert {line["ldv"]["name"] for line in lines} == {"personen bijwerken"}
    text = json.dumps(lines)
    assert not any(part in text for part in ("Pietersen", other, SUZANNE))


async def test_a_number_that_can_be_nobodys_is_told_and_null_is_about_nobody(
    database: Database,
) -> None:
    number = {"type": ["string", "null"], "pattern": "^[0-9]{9}$", "x-onderwerp": "bsn"}
    applied = made_up(
        naam=annotated(),
        burgerservicenummer=annotated(**number, **{"x-persoonsgegeven": "identificerend"}),
    )
    async for asker in asker_of(database, applied):
        writer = Writer(asker, "personen")
        body = {**WHY, "geldigVan": "2021-01-01"}
        content: dict[str, object] = {"naam": "Jansen", "burgerservicenummer": "123456789"}
        answer = await writer.do("_registreer", {**body, "inhoud": content}, seen=0, to="a1")
        assert (answer.status_code, answer.json()["code"]) == (400, "inhoud.ongeldig")
        (fault,) = answer.json()["errors"]
        assert fault["location"]["pointer"] == "/inhoud/burgerservicenummer"
        assert "eleven-test" in fault["detail"]
        assert "123456789" not in answer.text
        content = {"naam": "Boomkap BV", "burgerservicenummer": None}
        answer = await writer.do("_registreer", {**body, "inhoud": content}, seen=0, to="a1")
        assert answer.status_code == 201, answer.text
        told = await asker.get("a1")
        assert (told.status_code, told.json()["naam"]) == (200, "Boomkap BV")
        (line,) = await asker.lines()
        assert "dpl.core.data_subject_id" not in line["ldv"]["attributes"]


async def test_without_a_line_nothing_is_written(asker: Asker) -> None:
    writer = Writer(asker, "personen")
    await asker.write("a1", "2020-01-01", "Jansen")
    await asker.log.close()
    content = {"naam": "Pietersen", "burgerservicenummer": SUZANNE}
    answer = await writer.do(
        "_corrigeer", {**WHY, "dag": "2021-01-01", "inhoud": content}, seen=1, to="a1"
    )
    assert answer.status_code == 503
    rows = await asker.pool.fetchval("SELECT count(*) FROM registers.assertion")
    assert rows == 1


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    from tests.registers.test_api import PEOPLE

    async for one in asker_of(database, PEOPLE):
        yield one


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("_wijzig", {"geldigVan": "2022-01-01", "inhoud": {"naam": "twee"}}),
        ("_corrigeer", {"dag": "2020-06-01", "inhoud": {"naam": "twee"}}),
        ("_trekin", {"dag": "2020-06-01"}),
        ("_beeindig", {"geldigVan": "2022-01-01"}),
    ],
)
async def test_who_may_write_a_part_of_a_group_can_not_empty_the_rest_of_it(
    writer: Writer, operation: str, more: dict[str, Any]
) -> None:
    whole = {"naam": "een", "soort": "woning"}
    last = await writer.number(
        "_registreer", {**WHY, "geldigVan": "2020-01-01", "inhoud": whole}, 0
    )
    refused = await writer.asker.send(
        "POST", f"/proef-bijhouden/v1/huizen/h1/{operation}",
        body=json.dumps({**WHY, **more}).encode(), headers={"If-Match": f'"{last}"'},
        service="proef-bijhouden", fields=("nummer", "naam"),
    )  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (403, "fields_excess")
    assert "soort" in refused.json()["detail"]
    kept = await writer.asker.send("GET", "/proef/v1/huizen/h1", fields=FIELDS)
    assert kept.json()["soort"] == "woning"
