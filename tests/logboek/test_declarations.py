# SPDX-License-Identifier: EUPL-1.2
"""A declaration counts for one span at whichever lane, and only who comes second is refused."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import asyncpg
import msgspec
import pytest
from tests.logboek.log_rig import OTHER, PEER, permitted

from landschap.logboek import verify as proof
from landschap.logboek.declarations import UsedDeclaration, claims_of
from landschap.logboek.faults import LogUnavailable, Replayed, StaleDecision
from landschap.logboek.store import LogWriter, snapshot
from landschap.logboek.worker import Signer, forget_declarations, keep_anchoring
from landschap.platform.settings import Settings

A, B = b"span of a", b"span of b"
_INSERT = "INSERT INTO logboek.used_declaration VALUES ($1, $2, $3, $4)"


def used(number: int, span: bytes = A, *, by: str = PEER, seconds: float = 181) -> UsedDeclaration:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return UsedDeclaration(by, UUID(int=number), span, until)


@dataclass
class Asked:
    """One question: what it claims, and how it ended."""

    used: UsedDeclaration | None
    ended: asyncio.Future[Exception | None]

    @property
    def end(self) -> Exception | None:
        return self.ended.result()


@dataclass
class Lanes:
    """Lanes of one organisation, each as another decider."""

    database: Any
    writers: tuple[LogWriter, ...]
    epoch: int

    def hand_in(self, lane: int, claim: UsedDeclaration | None, epoch: int | None = None) -> Asked:
        ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        decided = self.epoch if epoch is None else epoch
        self.writers[lane].hand_in(permitted(), decided, ended.set_result, claim)
        return Asked(claim, ended)

    async def ask(self, lane: int, *claims: UsedDeclaration | None) -> list[Exception | None]:
        """Questions that come at once, and how each ended."""
        asked = [self.hand_in(lane, claim) for claim in claims]
        return [await each.ended for each in asked]

    async def held(self) -> dict[tuple[str, int], bytes]:
        pool = await self.database.pool("logboek")
        rows = await pool.fetch("SELECT issuer, jti, span FROM logboek.used_declaration")
        return {(row["issuer"], row["jti"].int): row["span"] for row in rows}

    async def records(self) -> int:
        """Verify the whole log; gives the number of records."""
        async with snapshot(await self.database.pool("logboek")) as log:
            report = await proof.verify(log)
        assert report.intact, [finding.sentence() for finding in report.findings]
        return report.records


@asynccontextmanager
async def opened(database: Any, settings: Settings | None = None) -> AsyncIterator[Lanes]:
    pool = await database.pool("logboek")
    epoch = await pool.fetchval("SELECT value FROM platform.epoch")
    own = settings or database.settings
    writers = tuple(LogWriter(own, f"decider-{n}", wait_seconds=20) for n in range(3))
    for writer in writers:
        await writer.start()
    yield Lanes(database, writers, epoch)
    for writer in writers:
        await writer.close()


@pytest.fixture
async def lanes(database: Any) -> AsyncIterator[Lanes]:
    async with opened(database) as made:
        yield made


def is_replay(end: Exception | None, span: bytes) -> bool:
    return isinstance(end, Replayed) and end.span == span


@pytest.mark.case("A6")
async def test_at_another_lane_another_span_is_a_replay_and_the_same_a_retry(lanes: Lanes) -> None:
    first = used(1)
    assert await lanes.ask(0, first) == [None]
    [replay] = await lanes.ask(1, msgspec.structs.replace(first, span=B))
    assert is_replay(replay, A)
    assert await lanes.ask(1, first) == [None]
    assert await lanes.ask(2, used(1, B, by=OTHER)) == [None]
    assert await lanes.records() == 3


async def test_in_the_middle_of_a_batch_only_the_replay_is_kept_out(lanes: Lanes) -> None:
    await lanes.ask(0, used(4))
    claims = [used(n, B) if n % 2 == 0 else None for n in range(9)]
    ends = await lanes.ask(1, *claims)
    assert is_replay(ends[4], A)
    assert ends[:4] + ends[5:] == [None] * 8
    assert await lanes.records() == 9
    assert await lanes.held() == {(PEER, n): A if n == 4 else B for n in range(0, 9, 2)}


@pytest.mark.parametrize("spans", [(A, B, A), (B, A, B), (B, B, A)])
async def test_two_spans_that_come_at_once_to_one_lane_are_told_apart(
    lanes: Lanes, spans: tuple[bytes, ...]
) -> None:
    ends = await lanes.ask(0, *(used(1, span) for span in spans))
    for span, end in zip(spans, ends, strict=True):
        assert end is None if span == spans[0] else is_replay(end, spans[0])
    # And when another lane has the second of them, that one may, however it came in.
    await lanes.ask(1, used(2, A))
    ends = await lanes.ask(0, *(used(2, span) for span in spans))
    for span, end in zip(spans, ends, strict=True):
        assert end is None if span == A else is_replay(end, A)


async def test_who_comes_while_another_lane_writes_waits_for_how_that_ends(lanes: Lanes) -> None:
    owner = await lanes.database.administrator()
    for number, commits in ((1, True), (2, False)):
        one = used(number)
        under_way = owner.transaction()
        await under_way.start()
        await owner.execute(_INSERT, one.issuer, one.jti, A, one.expires_at)
        asked = lanes.hand_in(0, used(number, B))
        await asyncio.sleep(0.2)
        assert not asked.ended.done()
        await (under_way.commit() if commits else under_way.rollback())
        end = await asyncio.wait_for(asked.ended, 5)
        assert is_replay(end, A) if commits else end is None
    await owner.close()
    assert await lanes.records() == 1


async def test_a_decision_of_an_older_world_uses_no_declaration(lanes: Lanes) -> None:
    pool = await lanes.database.pool("logboek")
    lanes.epoch = await pool.fetchval("SELECT platform.bump_epoch()")
    stale = lanes.hand_in(0, used(1), lanes.epoch - 1)
    fresh = lanes.hand_in(0, used(2))
    assert isinstance(await stale.ended, StaleDecision)
    assert await fresh.ended is None
    assert await lanes.held() == {(PEER, 2): A}
    assert await lanes.ask(1, used(1, B)) == [None]


async def test_a_lane_that_begins_anew_knows_what_was_used(lanes: Lanes) -> None:
    await lanes.ask(0, used(1))
    await lanes.writers[0].close()
    again = LogWriter(lanes.database.settings, "decider-0")
    await again.start()
    lanes.writers = (again, *lanes.writers[1:])
    [replay] = await lanes.ask(0, used(1, B))
    assert is_replay(replay, A)
    assert await lanes.ask(0, used(1)) == [None]


class Cable:
    """Between the lanes and the server: what the server says can be lost on the way."""

    def __init__(self, server: Path, folder: Path) -> None:
        self.server = server
        self.place = folder / ".s.PGSQL.5432"
        self.lose_answers = False
        self.lost = 0
        self._running: asyncio.Server

    async def __aenter__(self) -> Self:
        self._running = await asyncio.start_unix_server(self._join, self.place)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self.server)
        asking = asyncio.create_task(self._carry(reader, to_server, loses=False))
        await self._carry(from_server, writer, loses=True)
        asking.cancel()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, loses: bool
    ) -> None:
        while data := await reader.read(65536):
            if loses and self.lose_answers:
                self.lose_answers = False
                self.lost += 1
                break
            writer.write(data)
        writer.close()


async def test_what_was_written_before_its_answer_was_lost_is_no_replay_of_itself(
    database: Any, short_folder: Path
) -> None:
    folder = short_folder / "kabel"
    folder.mkdir()
    real = database.settings.postgres.dsn
    sockets = Path(real.partition("host=")[2].partition("&")[0])
    between = replace(database.settings.postgres, dsn=real.replace(str(sockets), str(folder)))
    settings = replace(database.settings, postgres=between)
    async with Cable(sockets / ".s.PGSQL.5432", folder) as cable, opened(database, settings) as on:
        assert await on.ask(0, used(1), None) == [None, None]
        cable.lose_answers = True
        assert await on.ask(0, used(2), None, used(3)) == [None, None, None]
        assert cable.lost == 1
        assert await on.records() == 5
        ends = await on.ask(1, used(2, B), used(3, B))
        assert [is_replay(end, A) for end in ends] == [True, True]


async def test_broken_connections_make_no_replays(lanes: Lanes) -> None:
    owner = await lanes.database.administrator()
    numbers = iter(range(10_000))

    async def ask(count: int) -> list[Exception | None]:
        return [(await lanes.ask(0, used(next(numbers))))[0] for _ in range(count)]

    async def cut() -> None:
        for _ in range(8):
            await asyncio.sleep(0.05)
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE usename = 'landschap_logboek' AND datname = current_database()"
            )

    cutting = asyncio.create_task(cut())
    ended = await asyncio.gather(*[ask(60) for _ in range(8)])
    await cutting
    await owner.close()
    assert ended == [[None] * 60] * 8
    # Those that rested in the pool were cut too, and tell it only when they are used.
    await (await lanes.database.pool("logboek")).expire_connections()
    assert await lanes.records() == 480


async def test_without_the_table_nothing_with_a_declaration_passes(lanes: Lanes) -> None:
    owner = await lanes.database.administrator()
    await owner.execute("REVOKE INSERT ON logboek.used_declaration FROM landschap_logboek")
    await owner.close()
    [refused] = await lanes.ask(0, used(1))
    assert isinstance(refused, LogUnavailable)
    assert await lanes.ask(0, None) == [None]
    assert await lanes.records() == 1


async def test_what_ended_is_forgotten_a_bounded_number_at_a_time(lanes: Lanes) -> None:
    pool = await lanes.database.pool("logboek")
    old = [used(n, seconds=-61) for n in range(25)]
    await lanes.ask(0, *old, used(100, seconds=-59), used(101))
    assert await pool.fetchval("SELECT logboek.forget_declarations(10)") == 10
    assert await forget_declarations(pool, at_once=4, times=2) == 8
    assert len(await lanes.held()) == 9
    assert await forget_declarations(pool, at_once=4) == 7
    assert await lanes.held() == {(PEER, 100): A, (PEER, 101): A}
    for wrong in (0, -1, None, 100_001):
        with pytest.raises(asyncpg.RaiseError):
            await pool.fetchval("SELECT logboek.forget_declarations($1)", wrong)


async def test_forgetting_does_not_wait_for_who_claims_and_keeps_what_is_kept_longer(
    lanes: Lanes,
) -> None:
    await lanes.ask(0, used(1, seconds=-100), used(2, seconds=-100))
    owner, pool = await lanes.database.administrator(), await lanes.database.pool("logboek")
    async with owner.transaction():
        await owner.execute("SELECT FROM logboek.used_declaration WHERE jti = $1 FOR UPDATE",
                            UUID(int=1))  # fmt: skip
        assert await asyncio.wait_for(forget_declarations(pool), 5) == 1
    await owner.close()
    # Signed anew under the same number, with a later end: kept until that end.
    assert await lanes.ask(1, used(1)) == [None]
    assert await forget_declarations(pool) == 0
    [replay] = await lanes.ask(2, used(1, B))
    assert is_replay(replay, A)


async def test_a_replay_that_lives_longer_keeps_the_declaration_as_long(lanes: Lanes) -> None:
    await lanes.ask(0, used(1, seconds=-100))
    [replay] = await lanes.ask(1, used(1, B))
    assert is_replay(replay, A)
    assert await forget_declarations(await lanes.database.pool("logboek")) == 0


async def test_lanes_that_claim_the_same_in_another_order_do_not_lock_each_other(
    lanes: Lanes,
) -> None:
    for turn, order in enumerate(permutations(range(3))):
        claims = [[used(10 * turn + n) for n in ns] for ns in (order, order[::-1], range(3))]
        ends = await asyncio.gather(*[lanes.ask(n, *each) for n, each in enumerate(claims)])
        assert ends == [[None] * 3] * 3


async def test_the_worker_forgets_in_its_round_also_when_it_can_not_anchor(lanes: Lanes) -> None:
    await lanes.ask(0, used(1, seconds=-100), used(2))
    pool, stop = await lanes.database.pool("logboek"), asyncio.Event()

    def nobody() -> Signer:
        raise OSError("the key is away")

    working = asyncio.create_task(keep_anchoring(pool, nobody, stop))
    async with asyncio.timeout(5):
        while len(await lanes.held()) > 1:  # noqa: ASYNC110 - the worker tells nobody
            await asyncio.sleep(0.01)
    stop.set()
    await working
    assert await lanes.held() == {(PEER, 2): A}


def test_each_declaration_is_claimed_once_as_long_as_the_longest_and_in_one_order() -> None:
    many = [used(n, seconds=s) for n, s in ((3, 10), (1, 20), (3, 30), (1, 5), (2, 1))]
    assert list(claims_of(many)) == [many[1], many[4], many[2]]
    assert list(claims_of(reversed(many))) == [many[1], many[4], many[2]]


@pytest.mark.case("A6")
@pytest.mark.parametrize("seed", range(12))
async def test_whatever_the_interleaving_each_declaration_passes_with_one_span_only(
    lanes: Lanes, seed: int
) -> None:
    chance = random.Random(seed)
    spans = (A, B, b"span of c")
    asked: list[Asked] = []
    for _ in range(240):
        claim = None
        if chance.random() < 0.8:
            claim = used(chance.randrange(12), chance.choice(spans), seconds=chance.randrange(200))
        asked.append(lanes.hand_in(chance.randrange(3), claim))
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.004)
    await asyncio.wait([each.ended for each in asked])
    held = await lanes.held()
    assert await lanes.records() == _judged(asked, held)


def _judged(asked: Sequence[Asked], held: dict[tuple[str, int], bytes]) -> int:
    """Each must have ended as the table says; gives how many passed."""
    for each in asked:
        if each.used is None:
            assert each.end is None
            continue
        span = held[each.used.issuer, each.used.jti.int]
        assert each.end is None if each.used.span == span else is_replay(each.end, span)
    return sum(each.end is None for each in asked)
