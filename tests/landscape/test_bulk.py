# SPDX-License-Identifier: EUPL-1.2
"""All residents at once, from Weesp through both doors to Doesburg: lines first, no half truth."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from tests.registers.test_exporting import bsns

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.opening import Opened
from landschap.cli.demo.processes import Processes
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Kind
from landschap.platform import postgres
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import newest_pseudonym_key
from landschap.platform.settings import Settings, load_settings
from landschap.purposes.needs import Kind as Said
from landschap.purposes.persons.store import Statement, say

SERVICE = "inwoners-bulk"
PURPOSE = "https://doelen.landschap.example/id/gemeentelijke-belastingen-heffen"
ACTIVITY = "https://register.weesp.example/activiteiten/inwoners-leveren-voor-belastingen"
FIELDS = "inwonernummer,burgerservicenummer,naam.geslachtsnaam,nummeraanduiding"
# Pieces are of 500 residents: more than three of them.
MORE = 1600
AGREED_SECONDS = 30.0
_STOP = """
CREATE FUNCTION logboek.refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.subject = '\\x{subject}'::bytea THEN
        RAISE insufficient_privilege;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_one BEFORE INSERT ON logboek.record
    FOR EACH ROW EXECUTE FUNCTION logboek.refuse_one();
"""
_GO_ON = "DROP TRIGGER refuse_one ON logboek.record; DROP FUNCTION logboek.refuse_one();"


@dataclass(frozen=True, kw_only=True)
class Got:
    """What came of one question: all of it, or as far as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    broken_off: bool

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines that came whole."""
        return [
            json.loads(each) for each in self.body.splitlines(keepends=True) if each[-1:] == b"\n"
        ]

    @property
    def residents(self) -> list[dict[str, Any]]:
        """Every line but the seal."""
        return [each for each in self.lines if "_slot" not in each]

    @property
    def problem(self) -> dict[str, Any]:
        """The refusal."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True, kw_only=True)
class Taxes:
    """Doesburg's program that fetches the residents of Weesp, and what Weesp kept of it."""

    outway: str
    key: str
    grant: str
    other_grant: str
    weesp: Settings
    residents: list[dict[str, Any]]

    async def ask(
        self, path: str, *, method: str = "GET", purpose: str = PURPOSE, grant: str = ""
    ) -> Got:
        """One question through Doesburg's Outway."""
        headers = {"X-Api-Key": self.key, "Fsc-Grant-Hash": grant or self.grant}
        if purpose:
            headers["Doelbinding"] = purpose
        body, broken_off = b"", False
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            session.request(method, f"http://{self.outway}{path}", headers=headers) as answer,
        ):
            try:
                async for piece in answer.content.iter_any():
                    body += piece
            except aiohttp.ClientPayloadError:
                broken_off = True
            return Got(
                status=answer.status,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=body,
                broken_off=broken_off,
            )

    async def all(self, **more: str) -> Got:
        """Every resident, as lines."""
        return await self.ask(f"/{SERVICE}/v1/inwoners?formaat=jsonl&fields={FIELDS}", **more)

    async def delivery(self, got: Got) -> dict[str, Any]:
        """How a delivery ended, by the address that came with it."""
        place = got.headers["link"].partition(">")[0].strip("<")
        told = await self.ask(place)
        assert told.status == 200, told.body
        return told.problem

    async def recorded(self, got: Got) -> set[bytes]:
        """Of whom Weesp's log has a line in the transaction of this answer."""
        pool = await postgres.pool(self.weesp, "logboek")
        try:
            rows = await pool.fetch(
                "SELECT subject FROM logboek.record WHERE transaction_id = $1 AND kind = $2"
                " AND subject IS NOT NULL",
                UUID(got.headers["fsc-transaction-id"]), int(Kind.LINE),
            )  # fmt: skip
        finally:
            await pool.close()
        return {row["subject"] for row in rows}

    def pseudonym(self, bsn: str) -> bytes:
        """What stands for a person in Weesp's log."""
        return subject_pseudonym(
            newest_pseudonym_key(self.weesp)[1], self.weesp.organisation.oin, "bsn", bsn
        )

    def stated(self, bsn: str) -> bytes:
        """What stands for a person among statements in Weesp."""
        key = secret_key(self.weesp, "pseudonym")
        return subject_pseudonym(key, self.weesp.organisation.oin, "bsn", bsn)

    @asynccontextmanager
    async def no_line_about(self, bsn: str) -> AsyncIterator[None]:
        """While the log takes no line about this person."""
        owner = await postgres.administrator(self.weesp)
        try:
            await owner.execute(_STOP.format(subject=self.pseudonym(bsn).hex()))
            yield
        finally:
            await owner.execute(_GO_ON)
            await owner.close()


@pytest.fixture(scope="module")
async def taxes(
    running: tuple[Opened, Processes], tmp_path_factory: pytest.TempPathFactory
) -> Taxes:
    """More residents at Weesp, and a contract for all of them with Doesburg."""
    opened, _ = running
    scene = opened.landscape
    weesp, doesburg = scene.settings_file(scene.weesp), scene.settings_file(scene.doesburg)
    more = _residents()
    path = tmp_path_factory.mktemp("more") / "inwoners.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in more), encoding="utf-8")
    await landschap(weesp, "register", "load", "inwoners", str(path))
    await landschap(weesp, "contract", "publish", "--service", SERVICE, "--yes")
    await _until(lambda: _contract(weesp, SERVICE, "GRANT_TYPE_SERVICE_PUBLICATION", "valid"))
    await landschap(
        doesburg, "contract", "propose", "--peer", str(scene.weesp.oin), "--service", SERVICE,
        "--purpose", PURPOSE, "--legal-basis", "eu-gdpr:A6-1-e",
        "--field-set", "inwoners-voor-belastingen", "--action", "verstrekken", "--yes",
    )  # fmt: skip
    connection = "GRANT_TYPE_SERVICE_CONNECTION"
    asked = await _until(lambda: _contract(weesp, SERVICE, connection, "proposed"))
    await landschap(weesp, "contract", "accept", asked["contentHash"], "--yes")
    found = await _until(lambda: _ready(doesburg, asked["contentHash"]))
    return Taxes(
        outway=scene.doesburg.outway,
        key=opened.application.api_key,
        grant=found["grants"][0]["grantHash"],
        other_grant=opened.grant_hash,
        weesp=load_settings(weesp, {}),
        residents=more,
    )


def _residents() -> list[dict[str, Any]]:
    return [
        {
            "object": f"W{number:05}",
            "kenmerk": f"W{number:05}/1",
            "soort": "REGISTRATIE",
            "geldigVan": "2019-01-01",
            "geldigTot": None,
            "tijdstipRegistratie": "2019-01-02T10:00:00+01:00",
            "inhoud": {
                "burgerservicenummer": bsn,
                "naam": {"geslachtsnaam": f"Verzonnen {number}"},
                "geboortedatum": "1980-01-01",
                "nummeraanduiding": "0457200000206518",
            },
            "corrigeert": None,
            "bron": {"document": "verzonnen"},
        }
        for number, bsn in enumerate(bsns(MORE), start=50_000)
    ]


async def _contract(config: Path, service: str, kind: str, state: str) -> Any:
    found = (await landschap(config, "contract", "list")).answer["contracts"]
    fitting = (
        each
        for each in found
        if each["state"] == state
        and any(g["type"] == kind and service in json.dumps(g) for g in each["grants"])
    )
    return next(fitting, None)


async def _ready(config: Path, content_hash: str) -> Any:
    found = (await landschap(config, "contract", "show", content_hash)).answer
    is_ready = found["state"] == "valid" and all(each.get("ready") for each in found["grants"])
    return found if is_ready else None


async def _until(look: Callable[[], Awaitable[Any]]) -> Any:
    deadline = time.monotonic() + AGREED_SECONDS
    while time.monotonic() < deadline:
        if found := await look():
            return found
        await asyncio.sleep(0.2)
    raise TimeoutError


@pytest.mark.long
async def test_every_resident_is_delivered_once_sealed_and_with_a_line(taxes: Taxes) -> None:
    got = await taxes.all()
    assert got.status == 200, got.body
    *lines, seal = got.body.splitlines(keepends=True)
    assert json.loads(seal) == {
        "_slot": {"aantal": len(lines), "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    }
    numbers = [each["inwonernummer"] for each in got.residents]
    assert len(set(numbers)) == len(numbers) >= MORE
    assert {each["object"] for each in taxes.residents} <= set(numbers)
    assert not any("geboortedatum" in each for each in got.residents)
    told = await taxes.delivery(got)
    assert (told["status"], told["aantal"]) == ("volledig", len(lines))
    assert told["sha256"] == hashlib.sha256(got.body).hexdigest()
    everybody = {taxes.pseudonym(each["burgerservicenummer"]) for each in got.residents}
    assert await taxes.recorded(got) == everybody


async def test_of_a_piece_without_lines_nothing_is_sent_and_the_rest_breaks_off(
    taxes: Taxes,
) -> None:
    whole = [each["inwonernummer"] for each in (await taxes.all()).residents]
    in_third = whole[1300]
    bsn = next(
        each["inhoud"]["burgerservicenummer"]
        for each in taxes.residents
        if each["object"] == in_third
    )
    async with taxes.no_line_about(bsn):
        got = await taxes.all()
    assert (got.status, got.broken_off) == (200, True)
    came = [each["inwonernummer"] for each in got.residents]
    assert came == whole[:1000]
    assert not any("_slot" in each for each in got.lines)
    told = await taxes.delivery(got)
    assert (told["status"], told["aantal"]) == ("afgebroken", 1000)
    recorded = await taxes.recorded(got)
    assert {taxes.pseudonym(each["burgerservicenummer"]) for each in got.residents} == recorded
    again = await taxes.all()
    assert [each["inwonernummer"] for each in again.residents] == whole


async def test_of_the_first_piece_without_lines_there_is_no_first_byte(taxes: Taxes) -> None:
    first = (await taxes.all()).residents[0]
    async with taxes.no_line_about(first["burgerservicenummer"]):
        got = await taxes.all()
    assert (got.status, got.problem["code"]) == (503, "log_unavailable")
    assert first["burgerservicenummer"] not in got.body.decode()


async def test_who_may_not_be_used_is_left_out_from_the_next_delivery_on(taxes: Taxes) -> None:
    whole = [each["inwonernummer"] for each in (await taxes.all()).residents]
    left_out = taxes.residents[700]
    pool = await postgres.pool(taxes.weesp, "purposes")
    said = Statement(
        kind=Said.RESTRICTION,
        subject=taxes.stated(left_out["inhoud"]["burgerservicenummer"]),
        about=ACTIVITY, holds=True, author="portaal",
    )  # fmt: skip
    try:
        await say(pool, said)
        got = await taxes.all()
        assert got.status == 200, got.body
        assert [each["inwonernummer"] for each in got.residents] == [
            number for number in whole if number != left_out["object"]
        ]
        assert left_out["inhoud"]["burgerservicenummer"] not in got.body.decode()
        told = await taxes.delivery(got)
        assert (told["aantal"], told["weggelaten"]) == (len(whole) - 1, 1)
        # That it was asked for and not delivered is recorded too.
        assert taxes.pseudonym(left_out["inhoud"]["burgerservicenummer"]) in await taxes.recorded(
            got
        )
        await say(pool, replace(said, holds=False))
        again = await taxes.all()
        assert [each["inwonernummer"] for each in again.residents] == whole
        assert "weggelaten" not in await taxes.delivery(again)
    finally:
        await say(pool, replace(said, holds=False))
        await pool.close()


async def test_a_permit_to_ask_does_not_open_all_of_it(taxes: Taxes) -> None:
    closed = f"/{SERVICE}/v1/inwoners?formaat=csv&fields=geboortedatum"
    for got, status, code in (
        (await taxes.all(purpose=""), 400, "purpose_missing"),
        (await taxes.all(grant=taxes.other_grant), 403, "contract_purpose"),
        (await taxes.all(method="POST"), 405, "ERROR_CODE_METHOD_UNSUPPORTED"),
        (await taxes.ask(closed), 403, "fields_excess"),
        # Nor does what opens all of it open the questions.
        (await taxes.ask("/inwoners/v1/inwoners?formaat=jsonl"), 403, "permit_mismatch"),
    ):
        assert (got.status, got.problem.get("code")) == (status, code), got.body
        assert b"Verzonnen" not in got.body
