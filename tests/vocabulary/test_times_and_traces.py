# SPDX-License-Identifier: EUPL-1.2
"""Days, moments and trace contexts are read as the standards say."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import amsterdam_day, as_utc_text, parse_day, parse_moment
from landschap.vocabulary.tracing import parse_traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize("text", ["2021-02-29", "1983-05-00", "1983-05", "20210101", "2021-W01-1"])
def test_refuses_a_day_that_is_not_full_or_does_not_exist(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse_day(text)


def test_reads_a_day() -> None:
    assert parse_day("2021-02-28") == date(2021, 2, 28)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2021-10-31T02:30:00", "2021-10-31T00:30:00Z"),  # the first of the repeated hour
        ("2021-10-31T02:30:00+01:00", "2021-10-31T01:30:00Z"),
        ("2020-01-01T12:30", "2020-01-01T11:30:00Z"),
        ("2020-01-01T12:30:00.1234567Z", "2020-01-01T12:30:00.123456Z"),
    ],
)  # fmt: skip
def test_reads_a_moment_to_utc(text: str, utc: str) -> None:
    assert as_utc_text(parse_moment(text)) == utc


@pytest.mark.parametrize(
    "text", ["2021-03-28T02:30:00", "2021-01-01", "2021-01-01T25:00:00Z", "now"]
)
def test_refuses_a_moment_that_does_not_exist(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse_moment(text)


def test_a_day_begins_at_midnight_in_the_netherlands() -> None:
    assert amsterdam_day(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == date(2026, 7, 2)


@pytest.mark.parametrize(
    "header",
    [
        None, "", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", f"00-{TRACE[1:]}-{SPAN}-01",
    ],
)  # fmt: skip
def test_a_malformed_traceparent_counts_as_absent(header: str | None) -> None:
    assert parse_traceparent(header, "a=b") is None


def test_a_later_version_keeps_its_trace_and_is_sent_on_as_version_00() -> None:
    context = parse_traceparent(f"01-{TRACE}-{SPAN}-00-more", "a=b")
    assert context is not None
    assert context.header() == f"00-{TRACE}-{SPAN}-00"
    assert context.child(b"\x01" * 8).header() == f"00-{TRACE}-{'01' * 8}-00"
    assert context.tracestate == "a=b"
