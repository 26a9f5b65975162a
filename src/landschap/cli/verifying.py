# SPDX-License-Identifier: EUPL-1.2
"""How the worker verifies the log for the console: as the command does, witnesses included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from landschap.cli.testimony import Hearing, ask_witnesses, compared
from landschap.cli.verify import LOG_READER, Heard, trust_of
from landschap.logboek import store
from landschap.logboek.verify import verify
from landschap.platform import postgres
from landschap.vocabulary.times import as_utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from landschap.logboek.findings import Report
    from landschap.platform.settings import Settings
    from landschap.vocabulary.ijson import JsonValue

MOST_TOLD = 20
"""Findings that are told one by one; the others are counted."""


async def verified(settings: Settings, advance: Callable[[int], None]) -> dict[str, JsonValue]:
    """Verify the whole log as it is at one moment; what a page tells of it.

    Raises what the database raises: half a verification has no outcome.
    """
    trust = trust_of(settings)
    hearing = Hearing(asked=(), keeping=())
    if settings.witness.peers:
        hearing = await ask_witnesses(settings)
    pool = await postgres.pool(settings, "logboek", role=LOG_READER, size=2)
    try:
        dropped = await store.dropped_months(pool)
        async with store.snapshot(pool) as log:
            report = await verify(log, dropped=dropped, trust=trust, progress=advance)
            own = settings.organisation.oin.value
            heard = Heard(hearing=hearing)
            heard.testimonies = await compared(hearing, log, trust, own)
            report.witnessed_until = heard.vouched
    finally:
        await pool.close()
    return _told(report, heard)


def _told(report: Report, heard: Heard) -> dict[str, JsonValue]:
    signed = report.last_anchor
    return {
        "intact": report.intact and not heard.differs,
        "records": report.records,
        "batches": report.batches,
        "anchors": report.anchors,
        "lastAnchor": None if signed is None else as_utc_text(signed),
        "harms": report.harms,
        "findings": [each.sentence() for each in report.findings[:MOST_TOLD]],
        "unproven": list(report.unproven()),
        "witnesses": [each.body() for each in heard.testimonies],
    }
