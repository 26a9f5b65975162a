# SPDX-License-Identifier: EUPL-1.2
"""A log that was damaged in the database: our verification and the independent one say the same.

What neither can see alone (a tail cut off with its anchors, a chain written anew with the key) both
see with what a witness keeps.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from tests.logboek.helping_rig import Here
from tests.logboek.log_rig import OTHER, PEER, line, permitted, refused
from tests.logboek.rewriting_rig import rewrite
from tests.logboek.test_independent_verifier import place_of, tool
from tests.logboek.test_kept_forms import filled_form

from landschap.cli.log_copy import write_copy
from landschap.cli.testimony import Asked, Hearing, compared
from landschap.logboek import sections
from landschap.logboek.anchors import Anchor, read_anchor
from landschap.logboek.sections import verify_together
from landschap.logboek.store import LogWriter, snapshot
from landschap.logboek.verify import verify
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.keys import organisation_key, own_certificate
from landschap.vocabulary.identifiers import PeerId

_TABLES = ("record", "batch", "form", "anchor")
_LANES, _BATCHES = ("a-0", "b-0"), 4
# Any record; one that is kept by a form.
_RECORD = "(SELECT record_id FROM logboek.record ORDER BY record_id OFFSET {} LIMIT 1)"
_FORMED = (
    "(SELECT record_id FROM logboek.record WHERE form IS NOT NULL "
    "ORDER BY record_id OFFSET {} LIMIT 1)"
)


class Kept(NamedTuple):
    """A log with its owner, and what a witness keeps of it."""

    database: Any
    owner: asyncpg.Connection
    signer: Signer
    anchors: list[Anchor]

    async def restore(self) -> None:
        """As it was written."""
        for table in _TABLES:
            await self.owner.execute(
                f"DELETE FROM logboek.{table}; "
                f"INSERT INTO logboek.{table} SELECT * FROM bewaard.{table}"
            )

    async def judged(self, folder: Path) -> Verdict:
        """What both say, alone and with the witness."""
        pool = await self.database.pool("logboek")
        own = self.signer.organisation
        kept = [(each, read_anchor(each)) for each in self.anchors]
        hearing = Hearing(
            asked=[Asked(peer_id=PeerId.parse(PEER), name="Doesburg", given=kept)], keeping=[]
        )
        async with snapshot(pool) as log:
            report = await verify(log)
            here = Here(self.database.settings, await log.exported())
            assert await verify_together(log, here) == report
            await here.close()
            (testimony,) = await compared(hearing, log, None, own)
        copy, words = folder / "log.jsonl", folder / "kept.txt"
        await write_copy(pool, own, copy, lambda _: None)
        words.write_text("\n".join(each.jws for each in self.anchors))
        alone, witnessed = tool.verify(copy), tool.verify(copy, words)
        return Verdict(
            ours=Counter(place_of(dict(each.body())) for each in report.findings),
            theirs=Counter(place_of(each) for each in alone.findings),
            ours_witnessed=bool(report.findings or testimony.differences),
            theirs_witnessed=bool(witnessed.findings),
        )


class Verdict(NamedTuple):
    """The places that each names, and whether either finds anything with a witness beside it."""

    ours: Counter[Any]
    theirs: Counter[Any]
    ours_witnessed: bool
    theirs_witnessed: bool


@pytest.fixture(autouse=True)
def small_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small a log has many, as a large one."""
    monkeypatch.setattr(sections, "MOST_RECORDS", 10)


Damage = Callable[[Kept, random.Random], Awaitable[None]]


@pytest.fixture(scope="module")
async def kept(module_database: Any) -> AsyncIterator[Kept]:
    """Two lanes of four batches, half of the records by forms; anchors after the second and last.

    Module-wide, with a copy of its tables to go back to.
    """
    settings = module_database.settings
    key: Any = organisation_key(settings)
    signer = Signer(settings.organisation.oin.value, key, own_certificate(settings))
    pool = await module_database.pool("logboek")
    writers = [LogWriter(settings, name) for name in _LANES]
    for writer in writers:
        await writer.start()
    for number in range(_BATCHES):
        for writer in writers:
            formed = [filled_form(PEER), filled_form(OTHER), filled_form(PEER)]
            await writer.append([*formed, permitted(), line(), refused()])
        if number in {1, _BATCHES - 1}:
            assert await anchor_now(pool, signer) is not None
    for writer in writers:
        await writer.close()
    async with snapshot(pool) as log:
        anchors = [each async for each in log.anchors()]
    owner = await module_database.administrator()
    await owner.execute("CREATE SCHEMA bewaard")
    for table in _TABLES:
        await owner.execute(f"CREATE TABLE bewaard.{table} AS TABLE logboek.{table}")
    yield Kept(module_database, owner, signer, anchors)
    await owner.close()


def _sql(statement: str) -> Damage:
    """A statement about one record; it must touch one row at least."""

    async def damage(log: Kept, dice: random.Random) -> None:
        record = (_FORMED if "form" in statement else _RECORD).format(dice.randrange(24))
        done = await log.owner.execute(statement.replace("$RECORD", record))
        assert done.split()[-1] != "0", statement

    return damage


async def _change_column(log: Kept, dice: random.Random) -> None:
    changes = (
        "subject = '\\x0102030405060708090a0b0c0d0e0f10'", "peer = 'x'", "kind = 3 - kind % 2",
        "at = at + interval '1 hour'", "salt = leaf", "activity = 'x'", "key_id = 9",
        "service = NULL", "grant_hash = 'x'", "trace_id = salt", "source_delegator = 'x'",
    )  # fmt: skip
    await _sql(f"UPDATE logboek.record SET {dice.choice(changes)} WHERE record_id = $RECORD")(
        log, dice
    )


async def _remove_batch(log: Kept, dice: random.Random) -> None:
    lane, number = dice.choice(_LANES), dice.randrange(1, _BATCHES + 1)
    for table, column in (("batch", "no"), ("record", "batch"))[: dice.choice([1, 2])]:
        await log.owner.execute(
            f"DELETE FROM logboek.{table} WHERE lane = $1 AND {column} = $2", lane, number
        )


async def _change_batch(log: Kept, dice: random.Random) -> None:
    change = dice.choice(["root = prev", "prev = head", "head = root", "size = size + 1"])
    await log.owner.execute(
        f"UPDATE logboek.batch SET {change} WHERE lane = $1 AND no = $2",
        *(dice.choice(_LANES), dice.randrange(2, _BATCHES + 1)),
    )


async def _insert_record(log: Kept, dice: random.Random) -> None:
    names = (
        "kind, at, trace_id, span_id, transaction_id, subject, key_id, peer, source_delegator, "
        "destination_delegator, service, grant_hash, activity, lane, batch, salt, leaf, payload, "
        "form"
    )
    await log.owner.execute(
        f"INSERT INTO logboek.record (record_id, pos, {names}) SELECT "
        "overlay(record_id::text placing $1 from 33)::uuid, pos + $2, "
        f"{names} FROM logboek.record WHERE record_id = {_RECORD.format(dice.randrange(24))}",
        *(f"{dice.randrange(2**16):04x}", dice.choice([0, 1, 6])),
    )


async def _swap(log: Kept, dice: random.Random) -> None:
    """Two records of a batch change places, or content."""
    lane, number = dice.choice(_LANES), dice.randrange(1, _BATCHES + 1)
    one, other = dice.sample(range(6), 2)
    columns = dice.choice([("pos",), ("payload", "form"), ("payload", "form", "leaf", "salt")])
    told = ", ".join(f"{name} = b.{name}" for name in columns)
    await log.owner.execute(
        f"UPDATE logboek.record AS a SET {told} FROM logboek.record AS b "
        "WHERE a.lane = $1 AND b.lane = $1 AND a.batch = $2 AND b.batch = $2 "
        "AND (a.pos, b.pos) IN (($3, $4), ($4, $3))",
        *(lane, number, one, other),
    )


async def _cut_tail(log: Kept, dice: random.Random) -> None:
    """With the anchor that shows it: the log itself tells nothing any more."""
    lane, left = dice.choice(_LANES), dice.randrange(2, _BATCHES)
    for table, column in (("record", "batch"), ("batch", "no")):
        await log.owner.execute(
            f"DELETE FROM logboek.{table} WHERE lane = $1 AND {column} > $2", lane, left
        )
    await log.owner.execute(
        "DELETE FROM logboek.anchor WHERE anchor_id = (SELECT max(anchor_id::text)::uuid "
        "FROM logboek.anchor)"
    )


async def _rewrite_whole(log: Kept, dice: random.Random) -> None:
    """Everything anew, with the key of the organisation: every hash and signature fits."""
    await rewrite(log.owner, dice.choice(_LANES), first=1, last=_BATCHES)
    await log.owner.execute("DELETE FROM logboek.anchor")
    assert await anchor_now(await log.database.pool("logboek"), log.signer) is not None


_RECORD_IS = "WHERE record_id = $RECORD"
KINDS: dict[str, Damage] = {
    "a column changes": _change_column,
    "a payload changes": _sql(f"UPDATE logboek.record SET payload = payload || ' ' {_RECORD_IS}"),
    "a value in the hole of a form changes": _sql(
        "UPDATE logboek.record SET payload = set_byte(payload, 3, 65) "
        f"{_RECORD_IS} AND form IS NOT NULL"
    ),
    "a text is added that no hole uses": _sql(
        f"UPDATE logboek.record SET payload = payload || 'x' {_RECORD_IS} AND form IS NOT NULL"
    ),
    "a record gets another form": _sql(
        f"UPDATE logboek.record SET form = 3 - form {_RECORD_IS} AND form IS NOT NULL"
    ),
    "a form changes": _sql("UPDATE logboek.form SET text = text || ' ' WHERE no = 1"),
    "a form goes": _sql("DELETE FROM logboek.form WHERE no = 2 AND lane = 'a-0'"),
    "a record goes": _sql(f"DELETE FROM logboek.record {_RECORD_IS}"),
    "a batch goes": _remove_batch,
    "an anchor goes": _sql(
        "DELETE FROM logboek.anchor WHERE anchor_id = "
        "(SELECT min(anchor_id::text)::uuid FROM logboek.anchor)"
    ),
    "an anchor changes": _sql("UPDATE logboek.anchor SET at = at - interval '1 day'"),
    "a record comes in": _insert_record,
    "records change places": _swap,
    "a batch changes": _change_batch,
    "the tail is cut": _cut_tail,
    "all is written anew": _rewrite_whole,
}
ALONE_UNSEEN = {"the tail is cut", "all is written anew"}


@pytest.mark.parametrize("kind", KINDS)
async def test_both_say_the_same_of_every_kind_of_damage(
    kept: Kept, kind: str, tmp_path: Path
) -> None:
    try:
        await KINDS[kind](kept, random.Random(kind))
        found = await kept.judged(tmp_path)
    finally:
        await kept.restore()
    assert found.ours == found.theirs
    assert bool(found.ours) == (kind not in ALONE_UNSEEN)
    assert found.ours_witnessed
    assert found.theirs_witnessed


async def test_both_find_nothing_in_what_was_restored(kept: Kept, tmp_path: Path) -> None:
    found = await kept.judged(tmp_path)
    assert not found.ours
    assert not found.theirs
    assert (found.ours_witnessed, found.theirs_witnessed) == (False, False)


@pytest.mark.long
async def test_both_say_the_same_of_fifty_databases_damaged_at_random(
    kept: Kept, tmp_path: Path
) -> None:
    seen = Counter[str]()
    for seed in range(50):
        dice = random.Random(seed)
        kinds = dice.sample(sorted(KINDS), dice.choice([1, 1, 2, 3]))
        try:
            for kind in kinds:
                try:
                    await KINDS[kind](kept, dice)
                except AssertionError:  # what it is about went by the damage before it
                    continue
                seen[kind] += 1
            found = await kept.judged(tmp_path)
        finally:
            await kept.restore()
        assert found.ours == found.theirs, (seed, kinds)
        assert found.ours_witnessed, (seed, kinds)
        assert found.theirs_witnessed, (seed, kinds)
    assert set(seen) == set(KINDS)
