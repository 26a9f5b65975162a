# SPDX-License-Identifier: EUPL-1.2
"""What the log stores of a record is what was sealed, whatever stands in its columns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from tests.logboek.log_rig import ACTIVITY, permitted

from landschap.logboek.batches import ready
from landschap.logboek.faults import InvalidRecord, LogUnavailable
from landschap.logboek.forms import Ready
from landschap.logboek.records import Columns, leaf_of
from landschap.logboek.store import LogWriter, by_record, count_records
from landschap.logboek.store.closing import Closing

_TEXTS = ("peer", "source_delegator", "destination_delegator", "service", "grant_hash", "activity")
# Before the year from which PostgreSQL counts, to the microsecond, in another zone, far away.
_MOMENTS = (
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 11, 30, 12, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 11, 30, 13, 0, 0, 1, tzinfo=timezone(timedelta(hours=1))),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)

_WITHOUT_ZONE = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the fault


@pytest_asyncio.fixture
async def writer(database: Any) -> AsyncIterator[LogWriter]:
    made = LogWriter(database.settings, "test")
    await made.start()
    yield made
    await made.close()


async def test_every_column_is_stored_as_it_was_sealed(database: Any, writer: LogWriter) -> None:
    """All, none, each alone and each left out."""
    base = ready(permitted())
    full: dict[str, Any] = {
        "kind": 4, "transaction_id": UUID(int=2**128 - 1), "subject": bytes(range(16)),
        "key_id": 2**15 - 1, "activity": ACTIVITY, "service": "één dienst \U0001f512 met 100%",
        "peer": "", "source_delegator": "x" * 9000, "destination_delegator": "y", "grant_hash": "%b",
    }  # fmt: skip
    bare = dict.fromkeys(["transaction_id", "subject", "key_id", *_TEXTS]) | {"kind": 1}
    cases = [full, bare, *({**bare, name: full[name]} for name in bare)]
    cases += [{**full, name: bare[name]} for name in bare]
    wanted = [_with(base, **case) for case in cases]
    wanted += [ready(msgspec.structs.replace(permitted(), at=moment)) for moment in _MOMENTS]
    numbers = await writer.append(wanted)
    pool = await database.pool("logboek")
    for number, one in zip(numbers, wanted, strict=True):
        found = await by_record(pool, number)
        assert found is not None
        assert found.columns == msgspec.structs.replace(one.columns, record_id=number)
        assert found.payload == one.payload
        assert found.leaf == leaf_of(found.columns, found.salt, one.payload)


async def test_what_can_not_be_stored_fails_alone(database: Any, writer: LogWriter) -> None:
    base = ready(permitted())
    changes: list[dict[str, Any]] = [
        {"key_id": 2**15}, {"key_id": "1"}, {"kind": 2**15}, {"kind": 9}, {"trace_id": b"t" * 15},
        {"trace_id": b"t" * 17, "span_id": b"s" * 7}, {"subject": b"s" * 15}, {"service": "\ud800"},
        {"peer": "\x00"}, {"activity": 3}, {"at": "today"}, {"at": _WITHOUT_ZONE},
    ]  # fmt: skip
    appends = [writer.append([base])]
    for change in changes:
        appends += [writer.append([_with(base, **change)]), writer.append([base])]
    ended = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(each) for each in ended] == [list, *[InvalidRecord, list] * len(changes)]
    assert await count_records(await database.pool("logboek")) == len(changes) + 1


async def test_what_can_not_be_sealed_is_told_and_the_others_are_written(writer: LogWriter) -> None:
    faults = [OSError("no random bytes"), RuntimeError("not counted on")]

    def close(_: UUID, payload: bytes) -> bytes:
        if faults:
            raise faults.pop()
        return payload

    writer.closing = Closing(close=close, keys=())
    appends = [writer.append([permitted()]) for _ in range(4)]
    async with asyncio.timeout(40):
        ended = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(each) for each in ended] == [LogUnavailable, LogUnavailable, list, list]
    assert writer.healthy


async def test_a_log_with_other_columns_is_not_written(database: Any) -> None:
    """Two texts that change places: PostgreSQL would take the one for the other."""
    owner = await database.administrator()
    await owner.execute(
        "ALTER TYPE logboek.sealed RENAME ATTRIBUTE peer TO was_peer;"
        " ALTER TYPE logboek.sealed RENAME ATTRIBUTE service TO peer;"
        " ALTER TYPE logboek.sealed RENAME ATTRIBUTE was_peer TO service"
    )
    await owner.close()
    with pytest.raises(LogUnavailable, match="other columns of a record than this version writes"):
        await LogWriter(database.settings, "test").start()


def _with(base: Ready, **changes: Any) -> Ready:
    values = {name: getattr(base.columns, name) for name in Columns.__struct_fields__}
    return msgspec.structs.replace(base, columns=Columns(**(values | changes)))
