# SPDX-License-Identifier: EUPL-1.2
"""Asking registers over HTTP: permits, times, fields, lines, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx
import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.throwaway import Database

from landschap.logboek.store import LogWriter, by_transaction
from landschap.platform.http import AppShape, make_app
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import LivingKeys
from landschap.purposes.model import HISTORY
from landschap.purposes.permit import HEADER, Permit, seal
from landschap.purposes.persons.store import said_of
from landschap.registers import store
from landschap.registers.api import Deps, routes
from landschap.registers.models import Register, Registers
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind

SUZANNE = "123456782"  # made up, passes the eleven-test
PEER = "00000099000000002000"
PEOPLE = made_up(
    naam=annotated(**{"x-zoekbaar": True, "x-persoonsgegeven": "gewoon",
                      "x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}),
    burgerservicenummer=annotated(**{"x-zoekbaar": True, "x-persoonsgegeven": "identificerend",
                                     "x-onderwerp": "bsn"}),
)  # fmt: skip
FIELDS = ("nummer", "naam", "burgerservicenummer")


@dataclass
class Asker:
    """Asks the registers of one organisation with a fresh permit per question."""

    client: httpx.AsyncClient
    permit_key: bytes
    pool: asyncpg.Pool
    log_pool: asyncpg.Pool
    log: LogWriter
    register: Register
    transaction: Any = None

    async def get(
        self, object_id: str, query: dict[str, str] | None = None, **permit: Any
    ) -> httpx.Response:
        return await self.send("GET", f"/proef/v1/personen/{object_id}", query, **permit)

    async def search(
        self, body: bytes, query: dict[str, str] | None = None, **permit: Any
    ) -> httpx.Response:
        return await self.send("POST", "/proef/v1/personen/_zoek", query, body=body, **permit)

    async def send(
        self, method: str, path: str, query: dict[str, str] | None = None, *, body: bytes = b"",
        headers: dict[str, str] | None = None, **permit: Any,
    ) -> httpx.Response:  # fmt: skip
        target = path + (f"?{urlencode(query)}" if query else "")
        self.transaction = uuid7()
        given = Permit(
            transaction_id=self.transaction, service=permit.pop("service", "proef"),
            method=method, target=target, peer=permit.pop("peer", PEER), purpose="https://doelen.example/a", policy="p", snapshot="sha256-x",
            activity="https://activiteiten.example/b", activity_version=1,
            fields=permit.pop("fields", FIELDS),
            searchable=permit.pop("searchable", ("burgerservicenummer",)),
            history=permit.pop("history", HISTORY),
            expires_at=datetime.now(UTC) + timedelta(seconds=30), **permit,
        )  # fmt: skip
        sealed = {HEADER: seal(given, self.permit_key), **(headers or {})}
        if method == "POST":
            sealed.setdefault("Content-Type", "application/json")
        return await self.client.request(method, target, content=body, headers=sealed)

    async def write(self, object_id: str, begin: str, name: str | None) -> Written:
        content = None if name is None else {"naam": name, "burgerservicenummer": SUZANNE}
        draft = Draft(
            period=Period(datetime.fromisoformat(begin).date(), OPEN),
            kind=Kind.CHANGE, content=content, group="persoon",
        )  # fmt: skip
        entry = Entry(type=kind_of(self.register), object_id=object_id, draft=draft)
        done = await store.write(
            self.pool, Act(register=self.register, transaction_id=uuid7(), entries=[entry])
        )
        assert isinstance(done, Written)
        return done

    async def lines(self) -> list[dict[str, Any]]:
        return [one.content() for one in await by_transaction(self.log_pool, self.transaction)]


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


async def asker_of(database: Database, register: Register) -> AsyncIterator[Asker]:
    settings = database.settings
    log = LogWriter(settings, "web")
    await log.start()
    deps = Deps(
        registers=Registers({"proef": register}),
        pool=await database.pool("registers"),
        log=log,
        controller=settings.organisation.oin,
        permit_key=secret_key(settings, "permit"),
        pseudonym_key=secret_key(settings, "pseudonym"),
        line_key=LivingKeys(settings).newest,
        persons=partial(said_of, await database.pool("purposes")),
    )
    app = make_app(routes(deps), AppShape(title="registers", version="1.0.0"))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two names of one ASGI
    async with httpx.AsyncClient(transport=transport, base_url="http://dienst") as client:
        yield Asker(
            client=client, permit_key=deps.permit_key, pool=await database.pool("registers"),
            log_pool=await database.pool("logboek"), log=log, register=register,
        )  # fmt: skip
    await log.close()


async def test_without_a_permit_nothing_is_told(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    answer = await asker.client.get("/proef/v1/personen/a1")
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_missing")
    assert "Jansen" not in answer.text


async def test_a_permit_for_another_question_opens_nothing(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    answer = await asker.get("a1")
    assert answer.status_code == 200
    header = answer.request.headers[HEADER]
    other = await asker.client.get("/proef/v1/personen/a2", headers={HEADER: header})
    assert (other.status_code, other.json()["code"]) == (403, "permit_mismatch")


async def test_one_object_is_answered_with_a_line_that_holds_no_value(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    answer = await asker.get("a1")
    assert answer.status_code == 200
    assert answer.json() == {"nummer": "a1", "naam": "Jansen", "burgerservicenummer": SUZANNE}
    (line,) = await asker.lines()
    assert "Jansen" not in str(line)
    assert SUZANNE not in str(line)
    assert line["ldv"]["attributes"]["dpl.core.data_subject_id"]
    assert "delegator_oin" not in line["landschap"]


async def test_a_question_for_another_leaves_a_line_that_names_both(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    answer = await asker.get("a1", delegator="00000099000000004000")
    assert answer.status_code == 200
    (line,) = await asker.lines()
    assert (line["landschap"]["peer_oin"], line["landschap"]["delegator_oin"]) == (
        PEER, "00000099000000004000",
    )  # fmt: skip


async def test_a_search_by_number_answers_per_object_and_records_the_person_even_for_nothing(
    asker: Asker,
) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    body = f'{{"burgerservicenummer": "{SUZANNE}"}}'.encode()
    answer = await asker.search(body, {"geldigOp": "2020-06-01"})
    assert [one["naam"] for one in answer.json()["items"]] == ["Jansen"]
    (line,) = await asker.lines()
    nothing = await asker.search(body, {"geldigOp": "2019-06-01"})
    assert nothing.json() == {"items": []}
    (empty,) = await asker.lines()
    subject = "dpl.core.data_subject_id"
    assert empty["ldv"]["attributes"][subject] == line["ldv"]["attributes"][subject]


async def test_without_a_line_there_is_no_answer(database: Database, asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    await asker.log.close()
    answer = await asker.get("a1")
    assert answer.status_code == 503
    assert "Jansen" not in answer.text


async def test_a_key_outside_the_permit_is_refused_and_that_is_recorded(asker: Asker) -> None:
    answer = await asker.search(b'{"naam": "Jansen"}')
    assert (answer.status_code, answer.json()["code"]) == (403, "search_not_permitted")
    assert len(await asker.lines()) == 1
    unknown = await asker.search(b'{"burgerservicenumer": "x"}')
    assert unknown.status_code == 400
    assert "burgerservicenummer" in unknown.json()["detail"]
    invalid = await asker.search(b'{"burgerservicenummer": "123456789"}')
    assert invalid.status_code == 400
    assert "123456789" not in invalid.text


async def test_only_permitted_fields_leave(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    answer = await asker.get("a1", fields=("naam",))
    assert answer.json() == {"naam": "Jansen"}
    asked = {"fields": "naam,burgerservicenummer"}
    refused = await asker.get("a1", asked, fields=("naam",))
    assert (refused.status_code, refused.json()["code"]) == (403, "fields_excess")
    lenient = await asker.get("a1", asked, fields=("naam",), headers={"Prefer": "handling=lenient"})
    assert lenient.json() == {"naam": "Jansen", "_weggelaten": ["burgerservicenummer"]}
    assert lenient.headers["Preference-Applied"] == "handling=lenient"
    unknown = await asker.get("a1", {"fields": "nam"})
    assert unknown.status_code == 400
    assert "naam" in unknown.json()["detail"]


@pytest.mark.case("history-17", "history-20")
async def test_an_object_without_a_version_is_told_apart_from_one_that_never_was(
    asker: Asker,
) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    early = datetime.now(UTC)
    await asker.write("a1", "2020-01-01", None)
    gone = await asker.get("a1")
    assert (gone.status_code, gone.json()["code"]) == (404, "tijd.geen-versie")
    assert gone.json()["type"].endswith("BestaatNiet")
    then = await asker.get("a1", {"beschikbaarOp": early.isoformat()})
    assert (then.status_code, then.json()["naam"]) == (200, "Jansen")
    never = await asker.get("a9")
    assert (never.status_code, never.json()["code"]) == (404, "niet-gevonden")


@pytest.mark.case("history-24", "history-C36")
@pytest.mark.parametrize("day", ["2021-02-29", "1983-05-00", "1983-05", "20210228"])
async def test_refuses_a_day_that_is_no_full_date(asker: Asker, day: str) -> None:
    answer = await asker.get("a1", {"geldigOp": day})
    assert (answer.status_code, answer.json()["code"]) == (400, "tijd.datum-ongeldig")
    assert answer.json()["errors"][0]["location"] == {"name": "geldigOp"}


@pytest.mark.case("history-25")
async def test_knowledge_of_the_future_is_refused_validity_in_the_future_is_not(
    asker: Asker,
) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    ahead = datetime.now(UTC) + timedelta(seconds=1)
    answer = await asker.get("a1", {"beschikbaarOp": ahead.isoformat()})
    assert (answer.status_code, answer.json()["code"]) == (400, "tijd.toekomst")
    assert answer.json()["type"].endswith("ToekomstNietOndersteund")
    later = await asker.get("a1", {"geldigOp": f"{datetime.now(UTC).year + 1}-01-01"})
    assert later.json()["naam"] == "Jansen"


@pytest.mark.case("history-26", "history-27", "history-C52")
@pytest.mark.parametrize(
    ("text", "prefer", "moment"),
    [
        ("2021-10-31T02:30:00", "", "2021-10-31T00:30:00Z"),
        ("2021-10-31T02:30:00", "handling=strict", None),
        ("2021-10-31T02:30:00+01:00", "handling=strict", "2021-10-31T01:30:00Z"),
        ("2021-03-28T02:30:00", "", None),
        ("2020-01-01T12:30", "handling=strict", "2020-01-01T11:30:00Z"),
        ("2020-01-01T12:30:00", "", "2020-01-01T11:30:00Z"),
    ],
)
async def test_a_moment_without_offset_is_dutch_time(
    asker: Asker, text: str, prefer: str, moment: str | None
) -> None:
    answer = await asker.search(
        f'{{"burgerservicenummer": "{SUZANNE}"}}'.encode(),
        {"beschikbaarOp": text},
        headers={"Prefer": prefer} if prefer else {},
    )
    if moment is None:
        assert (answer.status_code, answer.json()["code"]) == (400, "tijd.tijdstip-ongeldig")
    else:
        location = httpx.URL(answer.headers["Content-Location"])
        assert location.params["beschikbaarOp"] == moment


async def test_a_time_parameter_that_is_not_offered_is_refused_by_name(
    database: Database, asker: Asker
) -> None:
    force = await asker.get("a1", {"inWerkingOp": "2020-01-01"})
    assert (force.status_code, force.json()["code"]) == (400, "tijd.niet-ondersteund")
    assert force.json()["type"].endswith("InWerkingTredingNietOndersteund")
    fixed = made_up(naam=annotated(), jaar=annotated(type="integer"))
    async for other in asker_of(database, fixed):
        answer = await other.get("a1", {"geldigOp": "2020-01-01"})
        assert (answer.status_code, answer.json()["code"]) == (400, "tijd.niet-ondersteund")
        assert answer.json()["type"].endswith("TijdreizenNietOndersteund")


@pytest.mark.case("history-30", "history-C51")
@pytest.mark.parametrize(
    "query",
    [
        {"huidig": "true", "geldigOp": "2020-01-01"},
        {"geldigOp": "2020-01-01", "geldigVan": "2019-01-01", "geldigTot": "2020-01-01"},
    ],
)
async def test_times_that_contradict_each_other_are_refused(
    asker: Asker, query: dict[str, str]
) -> None:
    answer = await asker.get("a1", query)
    assert (answer.status_code, answer.json()["code"]) == (400, "tijd.combinatie")


async def test_an_empty_period_is_refused(asker: Asker) -> None:
    answer = await asker.get("a1", {"geldigVan": "2020-01-01", "geldigTot": "2020-01-01"})
    assert (answer.status_code, answer.json()["code"]) == (400, "tijd.periode-leeg")


async def test_everything_that_is_wrong_is_told_at_once(asker: Asker) -> None:
    query = {
        "geldigOp": "x",
        "beschikbaarOp": "y",
        "klok": "z",
        "volgnummer": "-1",
        "historie": "a",
    }
    answer = await asker.get("a1", query)
    names = {error["location"]["name"] for error in answer.json()["errors"]}
    assert names == set(query)


@pytest.mark.case("history-31")
async def test_following_content_location_after_ten_writes_gives_the_identical_answer(
    asker: Asker,
) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    first = await asker.get("a1", {"geldigOp": "2020-06-01"})
    assert first.json()["historie"]["beginGeldigheid"] == "2020-01-01"
    for number in range(10):
        await asker.write("a1", "2020-01-01", f"naam {number}")
    location = httpx.URL(first.headers["Content-Location"])
    again = await asker.get("a1", dict(location.params))
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    now = await asker.get("a1", {"geldigOp": "2020-06-01"})
    assert now.headers["ETag"] != first.headers["ETag"]


async def test_the_history_of_an_answer_tells_both_times(asker: Asker) -> None:
    done = await asker.write("a1", "2020-01-01", "Jansen")
    await asker.write("a1", "2021-01-01", "de Vries")
    answer = await asker.get("a1", {"geldigOp": "2020-06-01", "historie": "true"})
    history = answer.json()["historie"]
    assert history["geldigOp"] == "2020-06-01"
    assert history["klok"] == "eigen"
    assert (history["beginGeldigheid"], history["eindGeldigheid"]) == ("2020-01-01", "2021-01-01")
    assert history["volgnummer"] == done.last_number
    assert history["inOnderzoek"] == []
    assert "historie" not in (await asker.get("a1")).json()


async def test_no_other_method_or_collection_is_offered(asker: Asker) -> None:
    assert (await asker.send("PUT", "/proef/v1/personen/a1")).status_code == 405
    assert (await asker.send("GET", "/proef/v1/dieren/a1")).status_code == 404
    unknown = await asker.get("a1", {"geldigop": "2020-01-01"})
    assert unknown.status_code == 400
    assert "geldigOp" in unknown.json()["detail"]
