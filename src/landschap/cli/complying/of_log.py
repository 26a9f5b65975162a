# SPDX-License-Identifier: EUPL-1.2
"""Evidence from the log: that it is intact, signed, and that code decided."""

from __future__ import annotations

from datetime import timedelta

from landschap.cli.complying.asking import Asked, Facts, Found, failed, missing, shown
from landschap.cli.verify import LOG_READER, counting
from landschap.console.officers.overview import overview_of
from landschap.logboek.store.decided import count_decisions, decisions_between
from landschap.vocabulary.times import as_utc_text


async def log_intact(asked: Asked, _most: timedelta) -> Found:
    """The log was verified just now, from the database, and nothing was found."""
    report = asked.report
    if report is None:
        return missing("the log was not verified")
    facts: Facts = {"records": report.records, "batches": report.batches, "harms": report.harms}
    if not report.intact:
        return failed(f"{report.harms} harms; `landschap verify` names them", **facts)
    if not report.records and not report.batches_dropped:
        return missing("nothing was ever recorded", **facts)
    return shown(f"verified now: {report.records:,} records are intact", **facts)


async def log_anchored(asked: Asked, most: timedelta) -> Found:
    """The last signed anchor is at most ``most`` older than the verification, or covers all."""
    report = asked.report
    if report is None or report.last_anchor is None:
        return missing("no anchor was ever signed")
    at = as_utc_text(report.last_anchor)
    facts: Facts = {"anchors": report.anchors, "lastAnchor": at, "unanchored": report.unanchored}
    if report.strangers_not_checked:
        return missing("no trust anchors are set: anyone's certificate would do", **facts)
    if not report.intact:
        return failed("the log is not what was written; see the verification", **facts)
    if report.unanchored and asked.now - report.last_anchor > most:
        return failed(f"{report.unanchored} batches wait for an anchor since {at}", **facts)
    return shown(f"{report.anchors:,} signed anchors, the last of {at}", **facts)


async def refusals_by_code(asked: Asked, _most: timedelta) -> Found:
    """Decisions were recorded in the period; those refused are counted by their codes."""
    pool = await asked.pool("logboek", role=LOG_READER)
    total, refused = await count_decisions(pool, asked.since, asked.until), 0
    codes: dict[str, int] = {}
    done = 0
    with counting("Reading decisions", total) as advance:
        async for page in decisions_between(pool, asked.since, asked.until):
            seen = overview_of(page)
            refused += seen.total
            for code, times in seen.codes:
                codes[code] = codes.get(code, 0) + times
            done += len(page)
            advance(done)
    if not total:
        return missing("no decision was recorded in the period")
    most_first = sorted(codes.items(), key=lambda each: (-each[1], each[0]))
    told = ", ".join(f"{code} {times:,}" for code, times in most_first[:5]) or "none"
    facts: Facts = {"records": total, "refused": refused}
    return shown(f"{total:,} records of decisions; refused by code: {told}", **facts)
