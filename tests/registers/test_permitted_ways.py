# SPDX-License-Identifier: EUPL-1.2
"""Ways around a permit: the feed, relations into other registers, reports, a key used again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest
from tests.registers.rig import annotated
from tests.registers.test_api import Asker, asker_of
from tests.registers.test_changing import WHY, Writer
from tests.registers.test_collections import BOTH, schema
from tests.registers.test_reports import WHY_NOT
from tests.throwaway import Database

from landschap.platform.http import AppShape, make_app
from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.api import Deps, routes
from landschap.registers.models import Register, Registers, parse_register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind

ALL = ("nummer", "naam", "waarde", "staatIn", "straat")


def money() -> Register:
    """Houses with a value in a group of its own, which stand in towns of another register."""
    schemas: Any = {
        "huis": schema(
            "Huis",
            "huizen",
            naam=annotated(**BOTH),
            waarde=annotated(**BOTH, **{"x-groep": "belasting"}),
            staatIn=annotated(**BOTH, **{"x-verwijst-naar": "elders.plaats"}),
        ),
        "straat": schema("Straat", "straten", straat=annotated(**BOTH)),
    }
    return parse_register({"naam": "proef", "klok": "eigen"}, schemas, "proef")


def elsewhere(*, is_open: bool) -> Register:
    """Towns: their name is open when the type is, what they owe is not."""
    told = schema(
        "Plaats",
        "plaatsen",
        naam=annotated(**BOTH, **{"x-open": is_open}),
        waarde=annotated(**BOTH),
    )
    told["x-open"] = is_open
    told["properties"]["nummer"]["x-open"] = is_open  # type: ignore[index]  # plain JSON
    schemas: Any = {"plaats": told}
    return parse_register({"naam": "elders", "klok": "eigen"}, schemas, "elders")


async def add(asker: Asker, register: Register, name: str, object_id: str, **groups: Any) -> None:
    kind = register.types[name]
    entries = [
        Entry(
            type=kind, object_id=object_id,
            draft=Draft(period=Period(date(2020, 1, 1), OPEN), kind=Kind.CHANGE, content=content,
                        group=group),
        )
        for group, content in groups.items()
    ]  # fmt: skip
    act = Act(register=register, transaction_id=uuid7(), entries=entries)
    assert isinstance(await store.write(asker.pool, act), Written)


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, money()):
        yield one


async def test_the_feed_tells_of_no_type_and_no_group_of_which_nothing_is_permitted(
    asker: Asker,
) -> None:
    await add(asker, asker.register, "huis", "h1", huis={"naam": "een"})
    await add(asker, asker.register, "straat", "s1", straat={"straat": "Oud"})
    await add(asker, asker.register, "huis", "h1", belasting={"waarde": "veel"})
    await add(asker, asker.register, "huis", "h2", belasting={"waarde": "weinig"})

    async def told(*fields: str) -> list[tuple[str, str, str]]:
        answer = await asker.send("GET", "/proef/v1/wijzigingen", fields=fields)
        items = answer.json()["items"]
        return [(one["collectie"], one["identificatie"], one["groep"]) for one in items]

    assert await told("naam") == [("huizen", "h1", "huis")]
    assert await told("straat") == [("straten", "s1", "straat")]
    assert await told("waarde") == [("huizen", "h1", "belasting"), ("huizen", "h2", "belasting")]
    assert await told("nummer") == []
    assert len(await told(*ALL)) == 4


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_permit_for_one_register_opens_of_another_what_is_open_to_all(
    database: Database, is_open: bool
) -> None:
    async for asker in asker_of(database, money()):
        towns = elsewhere(is_open=is_open)
        await add(asker, asker.register, "huis", "h1", huis={"naam": "een", "staatIn": "p1"})
        await add(asker, towns, "plaats", "p1", plaats={"naam": "Weesp", "waarde": "schuld-4711"})
        both = Registers({"proef": asker.register, "elders": towns})
        app = make_app(routes(deps_of(database, asker, both)), AppShape(title="r", version="1.0.0"))
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two names of one ASGI
        async with httpx.AsyncClient(transport=transport, base_url="http://dienst") as client:
            answer = await replace(asker, client=client).send(
                "GET", "/proef/v1/huizen/h1", {"expand": "staatIn"}, fields=ALL
            )
    assert "4711" not in answer.text
    if is_open:
        assert answer.json()["_uitgebreid"]["staatIn"] == {"nummer": "p1", "naam": "Weesp"}
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "fields_excess")
        assert "elders.plaats" in answer.json()["detail"]


def deps_of(database: Database, asker: Asker, registers: Registers) -> Deps:
    return Deps(
        registers=registers,
        pool=asker.pool,
        log=asker.log,
        controller=database.settings.organisation.oin,
        permit_key=asker.permit_key,
        pseudonym_key=asker.permit_key,
    )


async def test_a_report_is_decided_by_who_may_see_what_it_is_about(asker: Asker) -> None:
    await add(asker, asker.register, "huis", "h1", belasting={"waarde": "veel"})
    body = json.dumps({"kenmerken": ["waarde"], "toelichting": WHY_NOT}).encode()
    made = await asker.send("POST", "/proef/v1/huizen/h1/_terugmelding", body=body, fields=ALL)
    assert made.status_code == 201, made.text
    waiting = "/proef-bijhouden/v1/terugmeldingen"
    place = f"{waiting}/{made.json()['terugmelding']}/_besluit"
    decision = json.dumps({"gegrond": False, "reden": "gezien", "document": "zaak 1"}).encode()

    async def seen(*fields: str) -> list[Any]:
        answer = await asker.send("GET", waiting, service="proef-bijhouden", fields=fields)
        found: list[Any] = answer.json()["items"]
        return found

    async def decided(*fields: str) -> httpx.Response:
        return await asker.send(
            "POST", place, body=decision, service="proef-bijhouden", fields=fields
        )

    assert await seen("nummer", "naam") == []
    refused = await decided("nummer", "naam")
    assert (refused.status_code, refused.json()["code"]) == (403, "fields_excess")
    assert len(await seen("waarde")) == 1
    assert (await decided("waarde")).status_code == 200


async def test_who_held_it_is_told_to_who_sees_a_part_and_not_why_it_was_written(
    asker: Asker, database: Database
) -> None:
    await add(asker, asker.register, "huis", "h1", huis={"naam": "een"}, belasting={"waarde": "x"})
    over = {
        "overnames": [
            {"vanaf": "2022-03-24", "bronhouder": {"naam": "Weesp"}, "door": {"naam": "Amsterdam"}}
        ],
        "reden": "waarde was te hoog",
    }
    owner = await database.administrator()
    await owner.execute("ALTER TABLE registers.assertion DISABLE TRIGGER USER")
    await owner.execute("UPDATE registers.assertion SET bron = $1::jsonb", json.dumps(over))
    await owner.close()
    query = {"geldigOp": "2021-01-01", "historie": "true"}
    narrow = await asker.send("GET", "/proef/v1/huizen/h1", query, fields=("nummer", "naam"))
    assert narrow.json()["historie"]["bronhouder"] == {"naam": "Weesp"}
    told = await asker.send("GET", "/proef/v1/huizen/h1/registraties", fields=("nummer", "naam"))
    assert told.status_code == 200
    assert "te hoog" not in told.text


async def test_a_key_stands_for_one_request_about_one_object(asker: Asker) -> None:
    writer = Writer(asker)
    body = {**WHY, "geldigVan": "2020-01-01", "inhoud": {"naam": "een"}}

    async def register(to: str) -> httpx.Response:
        return await writer.do(
            "_registreer", {**body, "groep": "huis"}, to=to, permit={"fields": ALL},
            If_None_Match="*", Idempotency_Key="sleutel-1",
        )  # fmt: skip

    made = await register("h1")
    assert made.status_code == 201, made.text
    other = await register("h2")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert await writer.history("h2") == []
