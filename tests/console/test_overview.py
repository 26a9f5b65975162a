# SPDX-License-Identifier: EUPL-1.2
"""What is off these days: counted from the log, and shown with a table beside each chart."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tests.console.console_rig import Console

from landschap.console.officers.overview import overview_of
from landschap.logboek.drafts import refused_draft
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.records import Draft, Record, columns_of, encode
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.vocabulary.ijson import JsonValue

MONDAY = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)


def refused(code: str, at: datetime, *, allowed: bool = False) -> Draft:
    """A decision of that moment."""
    response: dict[str, JsonValue] = {"decision": allowed, "context": {"code": code}}
    entry = AdlEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        at=at,
        body={"adl.core.request": {}, "adl.core.response": response},
    )
    return refused_draft(entry, service="proef")


def sealed(draft: Draft) -> Record:
    """The draft as the log gives it back."""
    return Record(columns_of(draft, uuid7()), "web-0", 1, 0, b"", b"", encode(draft))


def test_refusals_are_counted_by_code_and_hour_and_nothing_else_is() -> None:
    drafts = [
        refused("case_missing", MONDAY),
        refused("purpose_missing", SUNDAY_NIGHT),
        refused("case_missing", MONDAY),
        refused("", MONDAY, allowed=True),
    ]
    found = overview_of(sealed(each) for each in drafts)
    assert found.codes == (("case_missing", 2), ("purpose_missing", 1))
    assert (found.total, found.no_purpose, found.outside) == (3, 1, 1)
    # In the Netherlands it is an hour later, in winter.
    assert (found.hours[10], found.hours[23], sum(found.hours)) == (2, 1, 3)
    bars = found.bars(100)
    assert (bars[10], bars[23], bars[0]) == (100, 50, 0)
    assert found.since == SUNDAY_NIGHT


def test_without_refusals_there_is_nothing_to_count() -> None:
    found = overview_of([])
    assert (found.codes, found.total, found.since, found.peaks) == ((), 0, None, ())
    assert found.bars(100) == [0] * 24


def test_an_hour_outside_office_hours_with_ten_refusals_is_a_peak() -> None:
    friday = datetime(2026, 11, 27, 18, 5, tzinfo=UTC)  # 19.05 in the Netherlands
    moments = {SUNDAY_NIGHT: 10, SUNDAY_NIGHT - timedelta(hours=1): 9, friday: 12, MONDAY: 30}
    drafts = [
        refused("case_missing", at + timedelta(seconds=number))
        for at, count in moments.items()
        for number in range(count)
    ]
    found = overview_of(sealed(each) for each in drafts)
    assert found.peaks == (
        (datetime(2026, 11, 29, 22, tzinfo=UTC), 10),
        (datetime(2026, 11, 27, 18, tzinfo=UTC), 12),
    )
    assert found.outside == 31
    summer = datetime(2026, 7, 1, 16, 59, 30, tzinfo=UTC)  # a Wednesday, 18.59 in the Netherlands
    spread = [refused("case_missing", summer + timedelta(seconds=6 * n)) for n in range(14)]
    (peak,) = overview_of(sealed(each) for each in [*spread, spread[-1]]).peaks
    assert peak == (datetime(2026, 7, 1, 17, tzinfo=UTC), 10)


async def test_the_page_counts_what_the_log_holds(console: Console) -> None:
    log = console.deps.registers.log
    await log.append([refused("proefcode_a", datetime.now(UTC)) for _ in range(3)])
    officer = await console.visit("fg")
    page = (await officer.get("/console/logboek")).text
    row = re.search(r"proefcode_a</code></th><td[^>]*>([0-9]+)</td>", page)
    assert row is not None
    assert row[1] == "3"
    assert 'role="img"' in page
    assert "Eindigt binnen 60 dagen" in page


async def test_the_page_names_a_peak(console: Console) -> None:
    log, now = console.deps.registers.log, datetime.now(UTC)
    night = now.replace(hour=1, minute=30, second=0, microsecond=0)
    if night > now:
        night -= timedelta(days=1)
    await log.append([refused("proefcode_b", night) for _ in range(11)])
    page = (await (await console.visit("fg")).get("/console/logboek")).text
    table = page[page.index("Pieken buiten kantoortijd") :]
    assert "Uren met 10 weigeringen of meer" in table
    assert re.search(r"(2|3)[.]00 uur</time></th><td[^>]*>11</td>", table) is not None
