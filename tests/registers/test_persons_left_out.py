# SPDX-License-Identifier: EUPL-1.2
"""One person who may not be used is left out of what is told of many; the others are told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from tests.registers.disposal_rig import Destroyer
from tests.registers.notice_rig import Telling, party, until
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.registers.test_exporting import bsns
from tests.registers.test_permitted_rows import codes
from tests.throwaway import Database

from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, said_of, say
from landschap.registers import store
from landschap.registers.models import Register, Registers
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import notices
from landschap.registers.subscriptions import Filters, Subscription
from landschap.registers.timeline import Kind as Act
from landschap.registers.worker import Checked, Untold

ACTIVITY = "https://activiteiten.example/b"
NUMBERS = dict(zip(("p1", "p2", "p3"), bsns(3), strict=True))
CHECKS = ("beperking", "bezwaar")
FEED = "/proef/v1/wijzigingen"


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        for object_id, number in NUMBERS.items():
            await write(one.pool, PEOPLE, object_id, number)
        yield one


@pytest.fixture
async def purposes(database: Database) -> asyncpg.Pool:
    return await database.pool("purposes")


async def write(
    pool: asyncpg.Pool, register: Register, object_id: str, number: str, **more: str
) -> None:
    """Register a person under a number."""
    draft = Draft(
        period=Period(date(2020, 1, 1)), kind=Act.CHANGE, group="persoon",
        content={"naam": f"Naam {object_id}", "burgerservicenummer": number, **more},
    )  # fmt: skip
    entry = store.Entry(type=kind_of(register), object_id=object_id, draft=draft)
    act = store.Act(register=register, transaction_id=uuid7(), entries=[entry])
    assert isinstance(await store.write(pool, act), store.Written)


def stands_against(
    database: Database, object_id: str, kind: Kind = Kind.RESTRICTION, *, holds: bool = True
) -> Statement:
    """A statement about the person of this object."""
    return Statement(
        kind=kind, subject=pseudonym(database, "bsn", NUMBERS[object_id]), about=ACTIVITY,
        holds=holds, author="portaal",
    )  # fmt: skip


def pseudonym(database: Database, kind: str, number: str) -> bytes:
    settings = database.settings
    key = secret_key(settings, "pseudonym")
    return subject_pseudonym(key, settings.organisation.oin, kind, number)


async def fed(asker: Asker, **permit: Any) -> list[str]:
    """Of which objects the feed tells."""
    answer = await asker.send("GET", FEED, **permit)
    assert answer.status_code == 200, answer.text
    return [each["identificatie"] for each in answer.json()["items"]]


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Kind.RESTRICTION, "processing_restricted"), (Kind.OBJECTION, "objection_upheld")],
)
async def test_the_feed_tells_of_all_but_who_may_not_be_used(
    asker: Asker, purposes: asyncpg.Pool, database: Database, kind: Kind, code: str
) -> None:
    assert await fed(asker, checks=CHECKS) == ["p1", "p2", "p3"]
    await say(purposes, stands_against(database, "p2", kind))
    assert await fed(asker, checks=CHECKS) == ["p1", "p3"]
    assert await codes(asker) == [code]
    # Who had another number before is meant by both.
    await write(asker.pool, PEOPLE, "p2", NUMBERS["p3"])
    assert await fed(asker, checks=CHECKS) == ["p1", "p3"]
    await say(purposes, stands_against(database, "p2", kind, holds=False))
    assert await fed(asker, checks=CHECKS) == ["p1", "p2", "p3", "p2"]


async def test_the_feed_goes_on_past_what_it_does_not_tell(
    asker: Asker, purposes: asyncpg.Pool, database: Database
) -> None:
    await say(purposes, stands_against(database, "p1"))
    answer = await asker.send("GET", FEED, {"limit": "1"}, checks=CHECKS)
    assert answer.json()["items"] == []
    assert answer.headers["Link"] == f'<{FEED}?vanaf=1&limit=1>; rel="next"'


async def test_that_somebody_was_destroyed_is_told_to_who_received_it(
    asker: Asker, purposes: asyncpg.Pool, database: Database
) -> None:
    await say(purposes, stands_against(database, "p1"))
    destroyer = await Destroyer.of(database, PEOPLE)
    await destroyer.destroy("p2")
    # Its first registration is told as a tombstone too.
    assert await fed(asker, checks=CHECKS) == ["p2", "p3", "p2"]


async def test_where_nobody_can_be_looked_up_the_feed_is_closed(database: Database) -> None:
    nameless = made_up(naam=annotated(**{"x-persoonsgegeven": "gewoon"}))
    async for asker in asker_of(database, nameless):
        answer = await asker.send("GET", FEED, checks=CHECKS, fields=("naam",))
        assert answer.status_code == 200  # it tells of nobody
        draft = Draft(
            period=Period(date(2020, 1, 1)), kind=Act.CHANGE, group="persoon", content={"naam": "x"}
        )
        entry = store.Entry(type=kind_of(nameless), object_id="p1", draft=draft)
        act = store.Act(register=nameless, transaction_id=uuid7(), entries=[entry])
        assert isinstance(await store.write(asker.pool, act), store.Written)
        answer = await asker.send("GET", FEED, checks=CHECKS, fields=("naam",))
        assert (answer.status_code, answer.json()["code"]) == (403, "obligation_unsupported")


class Told:
    """Subscriptions to persons, and who of them is told of."""

    def __init__(self, database: Database, telling: Telling, purposes: asyncpg.Pool) -> None:
        self.telling, self.purposes = telling, purposes
        self.checks: tuple[str, ...] = CHECKS

        async def checked(_: Subscription) -> Checked:
            return Checked(checks=self.checks, activity=ACTIVITY)

        self.untold = Untold(
            pool=telling.pool,
            registers=Registers({"proef": telling.register}),
            checked=checked,
            persons=partial(said_of, purposes),
            pseudonym=partial(pseudonym, database),
        )

    async def all_sent(self, own: UUID) -> bool:
        """True when nothing waits any more."""
        behind = (await notices.backlogs(self.telling.pool))[own]
        return behind.unread + behind.waiting == 0

    async def subjects(self, own: UUID) -> list[str]:
        """Of which objects the subscriber was told, once everything was sent."""
        async with party() as reader:
            deps = self.telling.deps(reader, untold=self.untold.untold, why_not=self.untold.why_not)
            async with self.telling.workers(deps):
                await until(lambda: self.all_sent(own))
            return sorted(each["subject"].partition("/")[2] for each in reader.taken)


async def test_a_subscriber_hears_of_all_but_who_may_not_be_used(
    asker: Asker, purposes: asyncpg.Pool, database: Database
) -> None:
    async with aiohttp.ClientSession() as session:
        telling = Telling(database=database, pool=asker.pool, register=PEOPLE, session=session)
        told = Told(database, telling, purposes)
        about = Filters(type_keys=("proef.persoon",))
        own = await telling.subscribe(filters=about)
        await say(purposes, stands_against(database, "p2"))
        assert await told.subjects(own) == ["p1", "p3"]
        # What was not told is not kept to be told: it can be replayed when it may be told again.
        await say(purposes, stands_against(database, "p2", holds=False))
        assert await told.subjects(own) == []
        assert await notices.replay(telling.pool, own, 0)
        assert await told.subjects(own) == ["p1", "p2", "p3"]
        bundled = await telling.subscribe(filters=about, bundled=True)
        await say(purposes, stands_against(database, "p3", Kind.OBJECTION))
        assert await told.subjects(bundled) == ["p1", "p2"]


async def test_a_subscriber_is_asked_for_with_checks_and_obeyed_later(
    asker: Asker, purposes: asyncpg.Pool, database: Database
) -> None:
    await say(purposes, stands_against(database, "p2"))
    answer = await asker.send(
        "POST", "/proef/v1/abonnementen", checks=CHECKS,
        body=b'{"bestemming": {"soort": "fsc", "dienst": "meldingen"}}',
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "aangevraagd"


async def test_where_nobody_can_be_looked_up_no_notice_is_sent_and_none_is_lost(
    database: Database, purposes: asyncpg.Pool
) -> None:
    nameless = made_up(naam=annotated(**{"x-persoonsgegeven": "gewoon"}))
    async with aiohttp.ClientSession() as session:
        pool = await database.pool("registers")
        telling = Telling(database=database, pool=pool, register=nameless, session=session)
        told = Told(database, telling, purposes)
        own = await telling.subscribe(filters=Filters(type_keys=("proef.persoon",)))
        assert "do not say whom they are of" in await told.untold.why_not(
            await telling.subscription(own)
        )
        told.checks = ()
        assert await told.untold.why_not(await telling.subscription(own)) == ""
