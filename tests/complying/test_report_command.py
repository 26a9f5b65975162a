# SPDX-License-Identifier: EUPL-1.2
"""The quarterly report as typed: what it tells, what it keeps to itself, and that it is kept."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from click.testing import Result
from pypdf import PdfReader
from tests.complying.comply_rig import Organisation
from tests.complying.council_rig import BREACHES, OUTAGE, QUARTER, happened, within
from tests.complying.test_comply_command import type_comply
from tests.logboek.log_rig import OTHER, PEER

from landschap.cli.incident import incident
from landschap.cli.report import report
from landschap.console.council.figures import few, quarter_before, told
from landschap.console.council.store.outages import outages_between, seen
from landschap.platform.trouble import Trouble


async def type_report(organisation: Organisation, *words: str) -> Result:
    return await type_comply(organisation, *words, command=report)


async def test_a_quarter_is_told_kept_and_handed_over(
    organisation: Organisation, tmp_path: Path
) -> None:
    await happened(organisation)
    first = await type_report(organisation, "quarter", QUARTER, "--json")
    assert first.exit_code == 0, first.output
    made = json.loads(first.stdout)
    assert (made["quarter"], made["version"]) == (QUARTER, 1)
    numbers = made["report"]["numbers"]
    assert {name: numbers[name] for name in numbers if not name.startswith("unused")} == {
        "corrections_asked": numbers["corrections_asked"], "corrections_open": 12,
        "corrections_overdue": 11, "corrections_oldest_days": 40,
        "access_asked": numbers["access_asked"], "access_open": 11, "access_overdue": 11,
        "consents_given": 12, "consents_withdrawn": None,
        "incidents": sum(map(within, BREACHES)), "incidents_told_late": int(within(BREACHES[1])), "emergencies": 0, "emergencies_unjudged": 0,
        "held_back": 0, "held_back_oldest_days": 0,
        "disclosure_holds": 1, "disclosure_holds_oldest_days": 0, "disclosure_holds_unreviewed": 0,
        "retention_holds": 1, "retention_holds_oldest_days": 100,
        "verifications": 2, "chain_breaks": 1,
        # In the first half hour of a quarter only a part of the outage lies in it.
        "outages": 1 if within(OUTAGE) else numbers["outages"],
        "outage_minutes": 28 if within(OUTAGE) else numbers["outage_minutes"],
    }  # fmt: skip
    refusals = {each["code"]: each["times"] for each in made["report"]["refusals"]}
    assert refusals == {"case_missing": 11, "policy_none": None}
    given = {each["party"]: each for each in made["report"]["receivers"]}
    assert (given[PEER]["uses"], given[PEER]["subjects"]) == (12, 12)
    assert (given[OTHER]["uses"], given[OTHER]["subjects"]) == (None, None)
    assert given[PEER]["laws"] == ["Participatiewet 7"]
    assert "POL-1" not in made["report"]["unused"]  # not granted the whole quarter
    assert not made["report"]["is_whole"]
    await _is_handed_over(organisation, tmp_path, made["sha256"])
    await _is_kept(organisation, first.stdout)


async def _is_handed_over(organisation: Organisation, folder: Path, digest: str) -> None:
    for form in ("html", "csv", "ods", "pdf"):
        file = folder / f"bericht.{form}"
        words = ("quarter", QUARTER, "--format", form, "--output", str(file))
        done = await type_report(organisation, *words)
        assert done.exit_code == 0, done.output
        content = file.read_bytes()
        if form == "pdf":
            (page,) = PdfReader(io.BytesIO(content)).pages
            text = page.extract_text()
        elif form == "ods":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                text = archive.read("content.xml").decode()
        else:
            text = content.decode("utf-8-sig")
        assert "Er hoort een zaak bij" in text, form
        assert "minder dan 10" in text, form
        assert (digest in text) == (form in ("html", "pdf")), form
    english = await type_report(organisation, "quarter", QUARTER, "--language", "en")
    assert "A case belongs to it, and it is missing" in english.stdout
    assert "fewer than 10" in english.stdout


async def _is_kept(organisation: Organisation, first: str) -> None:
    """Another version stands beside it; the first stays what it was, also for the database."""
    second = await type_report(organisation, "quarter", QUARTER, "--new", "--json")
    assert json.loads(second.stdout)["version"] == 2
    again = await type_report(organisation, "quarter", QUARTER, "--version", "1", "--json")
    assert again.stdout == first
    pool = await organisation.database.pool("console")
    text = await pool.fetchval("SELECT content FROM quarter_report WHERE version = 1")
    assert hashlib.sha256(text.encode()).hexdigest() == json.loads(first)["sha256"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("UPDATE quarter_report SET content = '{}' WHERE version = 1")
    with pytest.raises(asyncpg.CheckViolationError):
        await organisation.run("UPDATE console.quarter_report SET content = '{}'")
    listed = json.loads((await type_report(organisation, "list", "--json")).stdout)
    assert [(each["quarter"], each["version"]) for each in listed] == [(QUARTER, 2), (QUARTER, 1)]
    missing = await type_report(organisation, "quarter", QUARTER, "--version", "9")
    assert missing.exit_code == 3
    assert "no version 9" in missing.stderr


async def test_a_quarter_that_is_none_or_ahead_is_refused(organisation: Organisation) -> None:
    wrong = await type_report(organisation, "quarter", "2026-Q5")
    assert (wrong.exit_code, "2026-Q4" in wrong.stderr) == (2, True)
    with pytest.raises(Trouble, match="has not begun"):
        await type_report(organisation, "quarter", "9000-Q1")


async def test_a_breach_is_noted_with_what_was_done_about_it(organisation: Organisation) -> None:
    async def typed(*words: str) -> Result:
        return await type_comply(organisation, *words, command=incident)

    made = await typed("note", "--found", "2026-11-01T09:30", "een brief te veel", "--json")
    number = json.loads(made.stdout)["incident"]
    (found,) = json.loads((await typed("list", "--json")).stdout)
    assert found["late"]
    assert found["authorityBefore"] == "2026-11-04T08:30:00Z"
    words = (number, "autoriteit", "--at", "2026-11-04T09:00", "gemeld met formulier")
    assert (await typed("step", *words)).exit_code == 0
    assert (await typed("step", *words)).exit_code == 3
    (found,) = json.loads((await typed("list", "--json")).stdout)
    assert (found["authority"], found["late"]) == ("2026-11-04T08:00:00Z", False)
    closed = await typed("step", number, "afgesloten", "sjabloon hersteld, gebeld")
    assert closed.exit_code == 0
    assert (await typed("list")).stdout == "No data breach is open.\n"
    assert number in (await typed("list", "--all")).stdout
    named = await typed("note", "--found", "2026-11-01T09:30", "over 999993653 ging een brief")
    assert (named.exit_code, "number of a person" in named.stderr) == (2, True)
    ahead = await typed("note", "--found", "9000-11-01T09:30", "een brief te veel")
    assert (ahead.exit_code, "still ahead" in ahead.stderr) == (2, True)


async def test_a_silence_of_more_than_three_minutes_is_an_outage(
    organisation: Organisation,
) -> None:
    pool = await organisation.database.pool("console")
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    assert await outages_between(pool, begin, begin + timedelta(hours=1)) is None
    for minute in (0, 1, 2, 5, 9, 10):
        await seen(pool, begin + timedelta(minutes=minute))
    found = await outages_between(pool, begin, begin + timedelta(minutes=11))
    assert found is not None
    assert (found.count, found.length) == (1, timedelta(minutes=4))
    # What lies before the period, or after it, counts for as far as it lies in it.
    part = await outages_between(pool, begin + timedelta(minutes=7), begin + timedelta(minutes=30))
    assert part is not None
    assert (part.count, part.length) == (2, timedelta(minutes=2 + 20))


def test_small_numbers_of_persons_are_not_told_and_others_are() -> None:
    assert [few(each) for each in (0, 1, 9, 10)] == [0, None, None, 10]
    assert told({"consents_given": 9, "incidents": 9}) == {"consents_given": None, "incidents": 9}
    with pytest.raises(KeyError, match="verzonnen"):
        told({"verzonnen": 1})
    assert quarter_before("2026-Q1") == "2025-Q4"
