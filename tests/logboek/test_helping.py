# SPDX-License-Identifier: EUPL-1.2
"""Processes that help to verify say what one process says, and their end costs time alone."""

from __future__ import annotations

from typing import Any

import pytest
from tests.logboek.log_rig import line
from tests.logboek.test_kept_forms import _form, _moment

from landschap.logboek import sections
from landschap.logboek.findings import Harm, Report
from landschap.logboek.sections import Section, verify_together
from landschap.logboek.store import LogWriter, helping, snapshot
from landschap.logboek.verify import verify

_ROLE = "landschap_log_reader"


async def _together(
    database: Any, kill: bool = False
) -> tuple[Report, list[bytes | None], list[int]]:
    """The report, what the processes said of each section, and the progress."""
    seen: list[bytes | None] = []
    told: list[int] = []
    pool = await database.pool("logboek", role=_ROLE)
    async with snapshot(pool) as log:
        name = await log.exported()
        async with helping.helpers(database.settings, _ROLE, name, 1) as helpers:
            look = helpers.look

            async def noted(section: Section) -> bytes | None:
                seen.append(await look(section))
                if kill and len(seen) == 1:
                    for process in helpers._executor._processes.values():
                        process.kill()
                return seen[-1]

            helpers.look = noted  # type: ignore[method-assign]
            report = await verify_together(log, helpers, progress=told.append)
        assert report == await verify(log)
    return report, seen, told


async def test_processes_that_help_find_what_one_finds(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "MOST_RECORDS", 10)
    form = _form()
    writer = LogWriter(database.settings, "hulp-0")
    await writer.start()
    for _ in range(8):
        ready = [form.fill(_moment()) for _ in range(3)]
        await writer.append([line(), *(each for each in ready if each is not None), line()])
    await writer.close()

    # Two batches a section: all were found whole by a process, and progress came after each.
    report, seen, told = await _together(database)
    assert report.intact
    assert report.records == 40
    assert seen == [b"\x01\x01"] * 4
    assert told == [10, 20, 30, 40, 40]

    # A process that is killed leaves the rest to the verification itself.
    report, seen, _ = await _together(database, kill=True)
    assert (report.intact, report.records) == (True, 40)
    assert seen[0] == b"\x01\x01"
    assert seen[-1] is None

    owner = await database.administrator()
    changed = await owner.fetchval(
        "UPDATE logboek.record SET payload = '1' || payload "
        "WHERE batch = 4 AND pos = 2 AND form IS NOT NULL RETURNING record_id"
    )
    await owner.close()
    report, seen, _ = await _together(database)
    assert [(one.harm, one.record_id) for one in report.findings] == [
        (Harm.RECORD_CHANGED, changed)
    ]
    assert seen == [b"\x01\x01", None, b"\x01\x01", b"\x01\x01"]
