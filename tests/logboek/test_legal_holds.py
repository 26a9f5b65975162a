# SPDX-License-Identifier: EUPL-1.2
"""What is held stays past its term; two people place and lift a hold; the rest of the log goes."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs
from tests.gateway.gateway_scene import ACTIVITY, WEESP, register
from tests.logboek.log_rig import line, permitted
from tests.logboek.old_months import write_month
from tests.throwaway import Database

from landschap.cli.composition import pseudonym_keys
from landschap.cli.log import log
from landschap.cli.log_destroying import disposal, keep_destroying, take_away
from landschap.logboek.legal_holds import EndedMonth, judged
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import LogWriter
from landschap.logboek.store import legal_holds as store
from landschap.platform.logboek_settings import LogboekSettings
from landschap.platform.trouble import Trouble
from landschap.purposes.store import Signers, save_register

LONG = f"{ACTIVITY}-lang"
PERSON, OTHER = "999993653", "999990019"
MARCH, APRIL, MAY = date(2019, 3, 1), date(2019, 4, 1), date(2019, 5, 1)
TWO = ("--author", "A. de Wit", "--approver", "B. Jansen")
WHY = ("--reason", "beroep 2026-17")
_WAITED_FOR = """
SELECT count(*) FROM pg_locks WHERE NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_SIGNED = """
INSERT INTO logboek.anchor (anchor_id, at, jws, certificate)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || substr(replace(gen_random_uuid()::text, '-', ''), 13))::uuid, at, 'x', 'x'
FROM (SELECT now() - interval '1 day' * $1 - interval '1 second' AS at) AS made
"""
_EVENTS = "SELECT facts FROM platform.siem_event WHERE kind = 'log_clock_doubted'"


@pytest.fixture
async def old(database: Database) -> Database:
    """A log with lines of 2019: in March about one person, in April about another, in May under
    an activity with a long term.
    """
    made = register(WEESP)
    short = dataclasses.replace(made.activities[0], log_retention="P5Y")
    long = dataclasses.replace(short, uri=LONG, log_retention="P20Y")
    changed = dataclasses.replace(made, activities=(short, long))
    signers = Signers(author="A. de Vries", approver="B. Jansen", reason="proef")
    await save_register(await database.pool("purposes"), changed, signers, based_on="")
    owner = await database.administrator()
    for month, number, activity in (
        ("2019-03", PERSON, ACTIVITY), ("2019-04", OTHER, ACTIVITY), ("2019-05", OTHER, LONG),
    ):  # fmt: skip
        at = datetime.fromisoformat(f"{month}-10T12:00:00+00:00")
        about = line(
            subject=pseudonym(database, number), activity=activity, started_at=at, ended_at=at
        )
        await write_month(owner, month, [permitted(at=at), about])
    await owner.close()
    return database


def pseudonym(database: Database, number: str) -> bytes:
    settings = database.settings
    return subject_pseudonym(pseudonym_keys(settings)[1], settings.organisation.oin, "bsn", number)


async def run(database: Database, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Exit code and words of ``landschap log ...``."""
    told = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}
    line = [*arguments, "--config", str(database.settings.path)]
    made = await asyncio.to_thread(CliRunner().invoke, log, line, env=told, input=f"{typed}\n")
    if isinstance(made.exception, Trouble):
        return 1, str(made.exception)
    assert made.exception is None or isinstance(made.exception, SystemExit), made.exception
    return made.exit_code, made.stdout


async def told(database: Database, *arguments: str, typed: str = "") -> Any:
    code, words = await run(database, *arguments, "--json", typed=typed)
    assert code == 0, words
    return json.loads(words)


async def states(database: Database, *more: str) -> dict[str, str]:
    """What becomes of each month."""
    return {each["month"]: each["state"] for each in await told(database, "destroy", *more)}


async def drop(database: Database, month: date) -> int:
    return await store.drop_month(await database.pool("logboek", role=store.KEEPER), month)


async def test_what_nothing_keeps_goes_and_what_has_a_longer_term_stays(old: Database) -> None:
    expected = {"2019-03": "due", "2019-04": "due", "2019-05": "within its term"}
    assert await states(old) == expected
    assert await states(old) == expected, "listing destroys nothing"
    gone = await told(old, "destroy", "--execute")
    assert {each["month"]: each.get("records") for each in gone} == {
        "2019-03": 2, "2019-04": 2, "2019-05": None
    }  # fmt: skip
    assert await states(old) == {"2019-05": "within its term"}


async def test_a_hold_on_a_person_keeps_that_months_until_two_people_lift_it(old: Database) -> None:
    made = (await told(old, "legal-hold", "place", "--person", "bsn", *WHY, *TWO, typed=PERSON))[
        "hold"
    ]
    with pytest.raises(asyncpg.RaiseError, match=f"held by {made}"):
        await drop(old, MARCH)
    [march, *_] = await told(old, "destroy", "--execute")
    assert (march["state"], march["holds"]) == ("held", [made])
    assert await states(old) == {"2019-03": "held", "2019-05": "within its term"}
    [shown] = await told(old, "legal-hold", "list")
    assert (shown["ground"], shown["author"], shown["approver"]) == (
        "legal_hold", "A. de Wit", "B. Jansen"
    )  # fmt: skip
    assert PERSON not in json.dumps(shown)
    alone = ("--author", "A. de Wit", "--approver", "a. de wit ")
    code, words = await run(old, "legal-hold", "lift", made, *WHY, *alone)
    assert code != 0
    assert "one person can not decide" in words
    assert (await states(old))["2019-03"] == "held"
    await told(old, "legal-hold", "lift", made, "--reason", "uitspraak gedaan", *TWO)
    assert await told(old, "legal-hold", "list") == []
    [ended] = await told(old, "legal-hold", "list", "--all")
    assert (ended["endReason"], ended["endedBy"]) == ("uitspraak gedaan", "A. de Wit")
    assert (await run(old, "legal-hold", "lift", made, *WHY, *TWO))[0] != 0
    assert (await states(old, "--execute"))["2019-03"] == "destroyed"


@pytest.mark.parametrize(
    ("narrowed", "held"),
    [
        (("--activity", ACTIVITY), {"2019-03", "2019-04"}),
        (("--activity", LONG), set()),
        (("--since", "2019-04-01T00:00"), {"2019-04"}),
        (("--until", "2019-04-01T00:00"), {"2019-03"}),
        (("--since", "2019-03-11T00:00", "--until", "2019-04-01T00:00"), set()),
        (("--activity", ACTIVITY, "--since", "2019-04-01T00:00"), {"2019-04"}),
    ],
)
async def test_a_hold_keeps_what_fits_all_it_says(
    old: Database, narrowed: tuple[str, ...], held: set[str]
) -> None:
    await told(old, "legal-hold", "place", *narrowed, *WHY, *TWO)
    months = await states(old, "--execute")
    assert {each for each in months if each != "2019-05" and months[each] == "held"} == held
    assert {each for each in months if months[each] == "destroyed"} == {"2019-03", "2019-04"} - held


@pytest.mark.parametrize(
    "given",
    [
        (*WHY, *TWO),
        ("--activity", ACTIVITY, *WHY, "--author", "A. de Wit", "--approver", "A. de Wit"),
        ("--activity", ACTIVITY, "--reason", f"over {PERSON}", *TWO),
        ("--activity", ACTIVITY, "--reason", "-", *TWO),
        ("--since", "2020-01-01T00:00", "--until", "2019-01-01T00:00", *WHY, *TWO),
    ],
)
async def test_a_hold_that_is_not_whole_is_refused(old: Database, given: tuple[str, ...]) -> None:
    code, words = await run(old, "legal-hold", "place", *given)
    assert code != 0, words
    assert await told(old, "legal-hold", "list", "--all") == []


async def test_services_hold_for_a_request_and_can_end_no_legal_hold(old: Database) -> None:
    services, request = await old.pool("logboek"), uuid4()
    await store.hold_for_request(services, request, [pseudonym(old, OTHER)], "inzage", "F. Groen")
    with pytest.raises(asyncpg.RaiseError, match=f"held by {request}"):
        await drop(old, APRIL)
    made = (await told(old, "legal-hold", "place", "--activity", ACTIVITY, *WHY, *TWO))["hold"]
    assert not await store.end_hold_for_request(services, made, "klaar", "F. Groen")
    for statement in (
        "INSERT INTO logboek.legal_hold_end (hold_id, reason, ended_by) VALUES ($1, 'weg', 'x')",
        "DELETE FROM logboek.legal_hold WHERE hold_id = $1",
        "UPDATE logboek.legal_hold SET activity = 'x' WHERE hold_id = $1",
    ):
        for role in ("landschap_logboek", "landschap_log_reader", store.KEEPER):
            pool = await old.pool("logboek", role=role)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement, request)
    officers = await old.pool("logboek", role=store.OFFICERS)
    with pytest.raises(asyncpg.CheckViolationError):
        await officers.execute(
            "INSERT INTO logboek.legal_hold_end (hold_id, reason, ended_by) VALUES ($1, 'weg', 'x')",
            made,
        )
    assert await store.end_hold_for_request(services, request, "beantwoord", "F. Groen")
    assert not await store.end_hold_for_request(services, request, "beantwoord", "F. Groen")
    with pytest.raises(asyncpg.RaiseError, match=f"held by {made}"):
        await drop(old, APRIL)


async def test_a_hold_that_is_being_placed_is_waited_for(old: Database) -> None:
    officers = await old.pool("logboek", role=store.OFFICERS)
    async with officers.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            store._PLACE, uuid4(), None, ACTIVITY, None, None, "raadsonderzoek", "A", "B"
        )
        dropping = asyncio.create_task(drop(old, MARCH))
        done, _ = await asyncio.wait([dropping], timeout=1)
        assert not done
        await transaction.commit()
    with pytest.raises(asyncpg.RaiseError, match="held by"):
        await dropping


async def test_each_month_is_destroyed_by_one_of_those_who_do_so_at_once(old: Database) -> None:
    async def destroy() -> list[tuple[date, int | None]]:
        async with disposal(old.settings) as by:
            return list((await take_away(by, [MARCH, APRIL])).items())

    many = await asyncio.gather(*(destroy() for _ in range(3)))
    assert sorted(each for done in many for each in done) == [(MARCH, 2), (APRIL, 2)]


async def test_who_destroys_is_told_of_what_was_held_meanwhile(old: Database) -> None:
    officers = await old.pool("logboek", role=store.OFFICERS)
    async with officers.acquire() as connection:
        placing = connection.transaction()
        await placing.start()
        await connection.execute(
            store._PLACE, uuid4(), None, ACTIVITY, None, None, "raadsonderzoek", "A", "B"
        )
        destroying = asyncio.create_task(run(old, "destroy", "--execute", "--json"))
        await _is_waited_for(old)
        await placing.commit()
    code, words = await asyncio.wait_for(destroying, 40)
    assert code == 6
    became = {each["month"]: each["state"] for each in json.loads(words)}
    assert became == {"2019-03": "held", "2019-04": "held", "2019-05": "within its term"}


async def test_a_month_that_goes_keeps_nobody_from_writing_while_the_log_is_read(
    old: Database,
) -> None:
    readers = await old.pool("logboek", role=store.READER)
    writer = LogWriter(old.settings, "schrijver-0", wait_seconds=20)
    await writer.start()
    async with readers.acquire() as connection:
        reading = connection.transaction()
        await reading.start()
        await connection.fetchval("SELECT record_id FROM logboek.record LIMIT 1")
        dropping = asyncio.create_task(drop(old, MARCH))
        await _is_waited_for(old)
        assert await writer.append([permitted()])
        assert not dropping.done()
        await reading.rollback()
    assert await asyncio.wait_for(dropping, 40) == 2
    await writer.close()


async def _is_waited_for(database: Database) -> None:
    """Wait until somebody waits for a table of the log."""
    watching = await database.pool("logboek")
    async with asyncio.timeout(40):
        while not await watching.fetchval(_WAITED_FOR):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.02)


def test_an_activity_without_a_known_term_keeps_the_month() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ended = datetime(2024, 4, 1, tzinfo=UTC)
    month = EndedMonth(month=MAY, ends=ended, activities=("a", "b"), holds=())
    assert not judged(month, {"a": ended}).is_due(now)
    assert judged(month, {"a": ended, "b": now}).is_due(now)
    assert not judged(month, {"a": ended, "b": datetime(2030, 1, 1, tzinfo=UTC)}).is_due(now)


async def test_the_worker_takes_away_each_day_what_nothing_keeps(old: Database) -> None:
    """Not what is held or has a longer term, and nothing at all when it is done by hand."""
    placed = await told(old, "legal-hold", "place", "--person", "bsn", *WHY, *TWO, typed=OTHER)
    by_hand = dataclasses.replace(old.settings, logboek=LogboekSettings(destroy="by_hand"))
    await keep_destroying(by_hand, asyncio.Event(), calm=0, between=0.1)
    assert await states(old) == {"2019-03": "due", "2019-04": "held", "2019-05": "held"}
    for rest in ([APRIL, MAY], [MAY]):
        stop = asyncio.Event()
        working = asyncio.create_task(keep_destroying(old.settings, stop, calm=0, between=0.1))
        await _left(old, rest)
        stop.set()
        await asyncio.wait_for(working, 40)
        if rest == [APRIL, MAY]:
            await told(old, "legal-hold", "lift", placed["hold"], *WHY, *TWO)
    assert await states(old) == {"2019-05": "within its term"}


async def test_nothing_is_destroyed_by_a_clock_that_stands_ahead(old: Database) -> None:
    """The log was signed long ago and hardly since: by that clock everything is past its term."""
    owner = await old.administrator()
    await owner.execute(
        "INSERT INTO platform.siem_receiver (name, confirmed_seq) VALUES ('otlp', 0)"
    )

    async def signed(*days_ago: int) -> None:
        for days in days_ago:
            await owner.execute(_SIGNED, days)

    await signed(400, 300)
    assert (await states(old))["2019-03"] == "due"
    code, words = await run(old, "destroy", "--execute")
    assert (code, "may stand ahead" in words) == (1, True)
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await drop(old, MARCH)
    stop = asyncio.Event()
    with capture_logs() as logged:
        working = asyncio.create_task(keep_destroying(old.settings, stop, calm=0, between=0.1))
        async with asyncio.timeout(40):
            while not (seen := await owner.fetch(_EVENTS)):  # noqa: ASYNC110 - of another task
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(working, 40)
    assert seen[0]["facts"] == '{"code": "clock_ahead", "times": 2}'
    assert any("may stand ahead" in each["event"] for each in logged)
    assert set(await states(old)) == {"2019-03", "2019-04", "2019-05"}
    # Days of the future count for nothing, nor do many signatures of one day.
    await signed(-1, -2, -3, 0, 0, 0, 0, 1, 2, 3, 4, 5)
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await drop(old, MARCH)
    assert (await states(old, "--execute", "--clock-is-right"))["2019-03"] == "destroyed"
    await owner.execute("SET ROLE landschap_owner; SELECT logboek.make_month('2019-03-01')")
    await owner.execute("RESET ROLE; DELETE FROM logboek.dropped_month")
    await signed(30)
    assert await drop(old, MARCH) == 0, "in use on seven days: the clock is right"
    await owner.close()


async def _left(database: Database, months: list[date]) -> None:
    """Wait until these are the months of which the term of the log is over."""
    reader = await database.pool("logboek", role=store.READER)
    async with asyncio.timeout(40):
        while True:
            if [each.month for each in await store.ended_months(reader)] == months:
                return
            await asyncio.sleep(0.05)
