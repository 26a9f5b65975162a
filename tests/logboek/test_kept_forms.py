# SPDX-License-Identifier: EUPL-1.2
"""What is the same in every record of a kind stands in the log once, and is proved all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.logboek.log_rig import OTHER, PEER, permitted

from landschap.logboek.forms import Form, Moment, Ready, form_of
from landschap.logboek.records import Draft, encode
from landschap.logboek.store import LogWriter, by_record, snapshot
from landschap.logboek.verify import verify
from landschap.platform.ids import new_span_id, new_trace_id, uuid7


def _draft(moment: Moment, peer: str = PEER) -> Draft:
    draft = permitted(
        peer=peer, transaction_id=moment.transaction_id, trace_id=moment.trace_id, at=moment.at
    )
    adl = dict(draft.payload["adl"])  # type: ignore[arg-type]  # the draft has it
    adl["span_id"] = moment.span_id.hex()
    payload = {**draft.payload, "adl": adl}
    return msgspec.structs.replace(draft, span_id=moment.span_id, payload=payload)


def _form(peer: str = PEER) -> Form:
    return form_of(lambda moment: _draft(moment, peer), has_parent=False, has_declaration=False)


def _moment() -> Moment:
    return Moment(
        at=datetime.now(UTC),
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        parent_span_id=None,
        transaction_id=uuid7(),
    )


def _filled(form: Form, moment: Moment | None = None) -> Ready:
    made = form.fill(moment or _moment())
    assert made is not None
    return made


def filled_form(peer: str = PEER) -> Ready:
    """A record of one form, of now."""
    return _filled(_form(peer))


async def _report(database: Any) -> Any:
    async with snapshot(await database.pool("logboek", role="landschap_log_reader")) as log:
        return await verify(log)


async def _written(database: Any, writer: LogWriter) -> list[UUID]:
    """A batch of five: two forms, and one record that has none."""
    mine, other = _form(), _form(OTHER)
    return await writer.append(
        [_filled(mine), _filled(other), permitted(), _filled(mine), _filled(_form())]
    )


async def test_a_record_of_a_form_reads_as_the_whole_draft(
    database: Any, writer: LogWriter
) -> None:
    moments = [_moment() for _ in range(3)]
    made = await writer.append([_filled(_form(), moment) for moment in moments])
    pool = await database.pool("logboek", role="landschap_log_reader")
    for record_id, moment in zip(made, moments, strict=True):
        record = await by_record(pool, record_id)
        assert record is not None
        assert record.payload == encode(_draft(moment))
    # Put together by the database alone, for who reads the log without our programs.
    rows = await pool.fetch(
        "SELECT r.record_id, logboek.whole(f.text, r.payload) AS text FROM logboek.record AS r "
        "LEFT JOIN logboek.form AS f ON f.lane = r.lane AND f.no = r.form ORDER BY 1"
    )
    assert [row["text"].encode() for row in rows] == [encode(_draft(each)) for each in moments]


async def test_each_form_stands_in_a_lane_once(database: Any, writer: LogWriter) -> None:
    await _written(database, writer)
    await _written(database, writer)
    await writer.close()
    again = LogWriter(database.settings, "proef-0")
    await again.start()
    await again.append([_filled(_form())])
    await again.close()
    pool = await database.pool("logboek")
    rows = await pool.fetch("SELECT no, month FROM logboek.form WHERE lane = 'proef-0' ORDER BY no")
    assert [row["no"] for row in rows] == [1, 2, 3]  # the last one by who took the lane over
    assert {row["month"] for row in rows} == {datetime.now(UTC).date().replace(day=1)}
    kept = await pool.fetch("SELECT form, octet_length(payload) AS size FROM logboek.record")
    assert len(kept) == 11
    assert all((row["form"] is None) == (row["size"] > 300) for row in kept)
    report = await _report(database)
    assert report.intact
    assert report.records == 11


@pytest.mark.parametrize(
    ("harm", "changed"),
    [
        ("UPDATE logboek.form SET text = text || '\\x20' WHERE no = 1", 3),
        ("UPDATE logboek.form SET text = '' WHERE no = 2", 1),
        ("DELETE FROM logboek.form WHERE no = 2", 1),
        ("UPDATE logboek.record SET form = 2 WHERE form = 1", 3),
        ("UPDATE logboek.record SET form = NULL WHERE form = 2", 1),
        ("UPDATE logboek.record SET form = 1 WHERE form IS NULL", 1),
        ("UPDATE logboek.record SET payload = '\\x0a' WHERE form = 2", 1),
        # Behind the last line feed: the identifier of a declaration, for which there is no hole.
        ("UPDATE logboek.record SET payload = payload || '\\x78' WHERE form = 2", 1),
        ("UPDATE logboek.record SET payload = payload || '\\x0a' WHERE form = 2", 1),
    ],
)
async def test_a_changed_form_names_every_record_of_it(
    database: Any, writer: LogWriter, harm: str, changed: int
) -> None:
    # Forms of one batch are numbered in no certain order; here the first is written before.
    await writer.append([_filled(_form())])
    await writer.append([_filled(_form()), _filled(_form(OTHER)), permitted(), _filled(_form())])
    assert (await _report(database)).intact
    owner = await database.administrator()
    await owner.execute(harm)
    await owner.close()
    found = (await _report(database)).findings
    assert [each.harm.name for each in found] == ["RECORD_CHANGED"] * changed


async def test_forms_go_with_the_records_of_their_month(database: Any, writer: LogWriter) -> None:
    await _written(database, writer)
    owner = await database.administrator()
    await owner.execute(
        "SET ROLE landschap_owner; SELECT logboek.make_month('2019-03-01'); RESET ROLE"
    )
    await owner.execute(
        "INSERT INTO logboek.form (lane, no, month, text) VALUES ('oud-0', 1, '2019-03-01', 'x')"
    )
    keeper = await database.pool("logboek", role="landschap_keeper")
    await keeper.fetchval("SELECT logboek.drop_month('2019-03-01')")
    left = await owner.fetch("SELECT lane FROM logboek.form")
    await owner.close()
    assert [row["lane"] for row in left] == ["proef-0", "proef-0"]
    assert (await _report(database)).intact
