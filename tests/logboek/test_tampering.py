# SPDX-License-Identifier: EUPL-1.2
"""What the owner of the database can do to the log, and what verification says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import asyncpg
import pytest
from tests.logboek.helping_rig import Here
from tests.logboek.log_rig import line, permitted, refused
from tests.logboek.old_months import write_month
from tests.logboek.rewriting_rig import rewrite

from landschap.logboek import sections
from landschap.logboek.findings import Harm, Report
from landschap.logboek.records import leaf_of
from landschap.logboek.sections import verify_together
from landschap.logboek.store import LogWriter, dropped_months, snapshot
from landschap.logboek.store.rows import SELECTED, record_of
from landschap.logboek.trust import trust_in
from landschap.logboek.verify import verify
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.identity import read_certificates
from landschap.platform.keys import organisation_key, own_certificate


@pytest.fixture(autouse=True)
def small_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "MOST_RECORDS", 10)


class Written(NamedTuple):
    """A log of two lanes with an anchor over it, and its owner."""

    database: Any
    owner: asyncpg.Connection
    signer: Signer

    async def report(self) -> Report:
        pool = await self.database.pool("logboek", role="landschap_log_reader")
        trusted = read_certificates(self.database.settings.identity.trust_anchors[0])
        dropped = await dropped_months(pool)
        trust = trust_in(trusted)
        async with snapshot(pool) as log:
            report = await verify(log, dropped=dropped, trust=trust)
        # Whatever was done to it: helpers that look at two batches at a time say the same.
        async with snapshot(pool) as log:
            here = Here(self.database.settings, await log.exported())
            together = await verify_together(log, here, dropped=dropped, trust=trust)
        await here.close()
        assert together == report
        return report

    async def anchor(self) -> None:
        assert await anchor_now(await self.database.pool("logboek"), self.signer) is not None

    async def one_record(self, lane: str = "a-0", batch: int = 2, pos: int = 3) -> Any:
        return await self.owner.fetchrow(
            "SELECT * FROM logboek.record WHERE lane = $1 AND batch = $2 AND pos = $3",
            *(lane, batch, pos),
        )


@pytest.fixture
async def written(database: Any) -> AsyncIterator[Written]:
    """Two lanes, four batches of five each, one anchor after the third batch."""
    settings = database.settings
    key: Any = organisation_key(settings)
    signer = Signer(settings.organisation.oin.value, key, own_certificate(settings))
    owner = await database.administrator()
    made = Written(database, owner, signer)
    writers = [LogWriter(settings, name) for name in ("a-0", "b-0")]
    for writer in writers:
        await writer.start()
    for number in range(4):
        for writer in writers:
            await writer.append([permitted(), line(), refused(), line(), permitted()])
        if number == 2:
            await made.anchor()
    for writer in writers:
        await writer.close()
    yield made
    await owner.close()


async def test_an_untouched_log_is_intact_and_says_what_is_not_proved(written: Written) -> None:
    report = await written.report()
    assert report.intact
    assert (report.lanes, report.batches, report.records, report.anchors) == (2, 8, 40, 1)
    assert report.unanchored == 2
    told = " ".join(report.unproven())
    assert "2 batches were written after the last anchor" in told
    assert "another organisation keeps" in told


@pytest.mark.case("L53")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payload", b'{"adl":{}}'), ("subject", b"s" * 16), ("subject", None), ("peer", "x"),
        ("at", "+1 hour"), ("kind", 2), ("activity", None), ("grant_hash", "x"),
        ("service", None), ("salt", b"s" * 16), ("trace_id", b"t" * 16), ("key_id", 9),
    ],
)  # fmt: skip
async def test_a_changed_column_names_the_record(
    written: Written, column: str, value: object
) -> None:
    row = await written.one_record()
    if value == "+1 hour":
        changed = await written.owner.execute(
            "UPDATE logboek.record SET at = at + interval '1 hour' WHERE record_id = $1",
            row["record_id"],
        )
    else:
        changed = await written.owner.execute(
            f"UPDATE logboek.record SET {column} = $2 WHERE record_id = $1 "
            f"AND {column} IS DISTINCT FROM $2",
            *(row["record_id"], value),
        )
    report = await written.report()
    assert changed == "UPDATE 1"
    [found] = report.findings
    assert found.harm is Harm.RECORD_CHANGED
    assert (found.lane, found.batch, found.position) == ("a-0", 2, 3)
    assert found.record_id == row["record_id"]


async def test_a_removed_record_names_batch_and_position(written: Written) -> None:
    row = await written.one_record()
    await written.owner.execute("DELETE FROM logboek.record WHERE record_id = $1", row["record_id"])
    [found] = (await written.report()).findings
    assert found.harm is Harm.RECORD_REMOVED
    assert (found.lane, found.batch, found.position) == ("a-0", 2, 3)


async def test_two_records_that_change_places_are_both_named(written: Written) -> None:
    await written.owner.execute(
        "UPDATE logboek.record SET pos = CASE pos WHEN 1 THEN 3 ELSE 1 END "
        "WHERE lane = 'a-0' AND batch = 2 AND pos IN (1, 3)"
    )
    report = await written.report()
    assert {found.harm for found in report.findings} == {Harm.RECORDS_REORDERED}
    assert {found.position for found in report.findings} == {1, 3}


async def test_two_records_that_change_content_are_both_named(written: Written) -> None:
    one, other = await written.one_record(pos=0), await written.one_record(pos=4)
    for target, source in ((one, other), (other, one)):
        await written.owner.execute(
            "UPDATE logboek.record SET payload = $2, leaf = $3, salt = $4 WHERE record_id = $1",
            *(target["record_id"], source["payload"], source["leaf"], source["salt"]),
        )
    report = await written.report()
    assert [found.harm for found in report.findings] == [Harm.RECORD_CHANGED] * 2
    assert {found.position for found in report.findings} == {0, 4}


async def test_a_record_changed_with_its_leaf_names_the_batch(written: Written) -> None:
    row = await written.one_record()
    sql = f"SELECT {SELECTED} FROM logboek.record WHERE record_id = $1"
    record = record_of(await written.owner.fetchrow(sql, row["record_id"]))
    await written.owner.execute(
        "UPDATE logboek.record SET payload = $2, leaf = $3 WHERE record_id = $1",
        *(record.record_id, b"{}", leaf_of(record.columns, record.salt, b"{}")),
    )
    [found] = (await written.report()).findings
    assert found.harm is Harm.BATCH_CHANGED
    assert (found.lane, found.batch) == ("a-0", 2)


async def test_an_inserted_record_is_named(written: Written) -> None:
    row = await written.one_record(pos=4)
    last = "1" if str(row["record_id"]).endswith("0") else "0"
    await written.owner.execute(
        "INSERT INTO logboek.record SELECT (r #>> '{}')::uuid, kind, at, trace_id, span_id, "
        "transaction_id, subject, key_id, peer, source_delegator, destination_delegator, service, "
        "grant_hash, activity, lane, batch, 5, salt, leaf, payload FROM logboek.record, "
        "to_jsonb($2::text) AS r WHERE record_id = $1",
        *(row["record_id"], str(row["record_id"])[:-1] + last),
    )
    report = await written.report()
    assert Harm.RECORD_INSERTED in {found.harm for found in report.findings}
    assert {(found.lane, found.batch) for found in report.findings} == {("a-0", 2)}


async def test_a_removed_batch_is_named_with_its_records(written: Written) -> None:
    await written.owner.execute("DELETE FROM logboek.batch WHERE lane = 'a-0' AND no = 2")
    report = await written.report()
    harms = [found.harm for found in report.findings]
    assert harms.count(Harm.BATCH_REMOVED) == 1
    assert harms.count(Harm.RECORD_INSERTED) == 5
    assert report.findings[0].batch == 2


async def test_emptied_batches_of_a_month_that_was_not_dropped_are_named(written: Written) -> None:
    await written.owner.execute("DELETE FROM logboek.record WHERE lane = 'b-0' AND batch = 3")
    [found] = (await written.report()).findings
    assert found.harm is Harm.BATCH_EMPTIED
    assert (found.lane, found.batch) == ("b-0", 3)


@pytest.mark.parametrize("column", ["root", "prev", "head"])
async def test_a_rewritten_hash_of_a_batch_is_named(written: Written, column: str) -> None:
    await written.owner.execute(
        f"UPDATE logboek.batch SET {column} = $1 WHERE lane = 'a-0' AND no = 2", b"x" * 32
    )
    report = await written.report()
    assert {(found.lane, found.batch) for found in report.findings} == {("a-0", 2)}
    assert Harm.HEAD_REWRITTEN in {found.harm for found in report.findings}


async def test_a_batch_rewritten_with_its_head_breaks_the_chain(written: Written) -> None:
    await rewrite(written.owner, "a-0", first=2, last=2)
    report = await written.report()
    broken = [found for found in report.findings if found.harm is Harm.CHAIN_BROKEN]
    assert [(found.lane, found.batch) for found in broken] == [("a-0", 3)]


async def test_a_lane_rewritten_to_its_end_contradicts_the_anchor(written: Written) -> None:
    await rewrite(written.owner, "a-0", first=2, last=4)
    report = await written.report()
    assert [found.harm for found in report.findings] == [Harm.ANCHOR_CONTRADICTS]
    assert (report.findings[0].lane, report.findings[0].batch) == ("a-0", 3)


async def test_a_lane_rewritten_after_the_last_anchor_does_not_show_and_that_is_said(
    written: Written,
) -> None:
    await rewrite(written.owner, "a-0", first=4, last=4)
    report = await written.report()
    assert report.intact
    assert any("written after the last anchor" in sentence for sentence in report.unproven())


async def test_a_cut_end_is_revealed_by_the_anchor(written: Written) -> None:
    for table, column in (("record", "batch"), ("batch", "no")):
        await written.owner.execute(
            f"DELETE FROM logboek.{table} WHERE lane = 'b-0' AND {column} >= 3"
        )
    [found] = (await written.report()).findings
    assert found.harm is Harm.TAIL_CUT
    assert (found.lane, found.batch) == ("b-0", 3)
    assert "signed batch 3" in found.detail


async def test_a_whole_lane_that_went_is_revealed_by_the_anchor(written: Written) -> None:
    for table in ("record", "batch"):
        await written.owner.execute(f"DELETE FROM logboek.{table} WHERE lane = 'b-0'")
    [found] = (await written.report()).findings
    assert found.harm is Harm.TAIL_CUT
    assert (found.lane, found.batch) == ("b-0", 1)


async def test_a_removed_anchor_is_missed_by_the_next_one(written: Written) -> None:
    await written.anchor()
    await written.owner.execute(
        "DELETE FROM logboek.anchor WHERE anchor_id = "
        "(SELECT anchor_id FROM logboek.anchor ORDER BY anchor_id LIMIT 1)"
    )
    [found] = (await written.report()).findings
    assert found.harm is Harm.ANCHOR_REMOVED


async def test_an_anchor_that_was_touched_is_invalid(written: Written) -> None:
    await written.owner.execute("UPDATE logboek.anchor SET at = at - interval '1 day'")
    [found] = (await written.report()).findings
    assert found.harm is Harm.ANCHOR_INVALID


@pytest.mark.case("L54")
async def test_after_a_lawful_drop_the_rest_is_still_proved(written: Written) -> None:
    owner = written.owner
    # Over five years ago.
    await write_month(owner, "2019-03", [permitted(), line(), refused()])
    before = await written.report()
    assert before.intact
    assert before.records == 43
    keeper = await written.database.pool("logboek", role="landschap_keeper")
    assert await keeper.fetchval("SELECT logboek.drop_month('2019-03-01')") == 3
    after = await written.report()
    assert after.intact
    assert (after.records, after.batches_dropped, after.months_dropped) == (40, 1, ("2019-03",))
    assert any("2019-03" in sentence for sentence in after.unproven())


async def test_a_month_within_its_term_is_not_dropped(written: Written) -> None:
    keeper = await written.database.pool("logboek", role="landschap_keeper")
    with pytest.raises(asyncpg.RaiseError, match="within its term"):
        await keeper.fetchval("SELECT logboek.drop_month(current_date)")
    assert (await written.report()).records == 40


async def test_the_anchor_of_a_stranger_is_not_believed(written: Written) -> None:
    from landschap.platform.identity import Validity, issue_organisation, make_anchor
    from landschap.vocabulary.identifiers import Oin

    own = own_certificate(written.database.settings)
    validity = Validity(not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc)
    stranger = issue_organisation(
        make_anchor("Vreemd", validity),
        oin=Oin.parse(written.signer.organisation),
        name="Gemeente Proefdorp",
        hosts=["manager.proefdorp.test"],
        validity=validity,
    )
    forger = Signer(written.signer.organisation, stranger.key, stranger.certificate)
    assert await anchor_now(await written.database.pool("logboek"), forger) is not None
    [found] = (await written.report()).findings
    assert found.harm is Harm.ANCHOR_UNTRUSTED
