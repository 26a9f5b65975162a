# SPDX-License-Identifier: EUPL-1.2
"""Board and council are told numbers, and no number that is about a few persons."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.logboek.log_rig import ACTIVITY, OTHER, PEER, line
from tests.logboek.test_log_commands import run

from landschap.cli.log import log
from landschap.logboek.accounts import Reached, last_quarter, quarter_of, suppressed
from landschap.logboek.payloads import Outcome
from landschap.logboek.store import LogWriter
from landschap.vocabulary.identifiers import InvalidValue


def quarter_now() -> str:
    now = datetime.now(UTC)
    return next(
        name
        for number in (1, 2, 3, 4)
        for name in [f"{now.year}-Q{number}"]
        if quarter_of(name)[0] <= now < quarter_of(name)[1]
    )


def somebody(name: str) -> bytes:
    """The pseudonym of somebody of whom nobody knows who it is."""
    return hashlib.sha256(name.encode()).digest()[:16]


async def write_uses(writer: LogWriter) -> None:
    """Twelve persons to one organisation, seven to another; four of those seven twice."""
    many = [somebody(f"many-{number}") for number in range(12)]
    few = [somebody(f"few-{number}") for number in range(7)]
    for subject in many:
        await writer.append([line(subject=subject)])
    for subject in few + few[:4]:
        await writer.append([line(subject=subject, peer=OTHER)])
    await writer.append([line(subject=somebody("no"), outcome=Outcome.REFUSED)])


@pytest.mark.case("L56")
async def test_a_cell_of_seven_persons_is_suppressed_in_every_form(
    database: Any, writer: LogWriter
) -> None:
    await write_uses(writer)
    arguments = ("account", "--quarter", quarter_now())
    told = json.loads((await run(database, log, *arguments, "--json")).stdout)
    cells = {each["party"]: each for each in told["cells"]}
    assert set(cells) == {PEER, OTHER}
    assert cells[PEER] == {
        "activity": ACTIVITY, "direction": "incoming", "party": PEER,
        "uses": 12, "subjects": 12, "suppressed": False,
    }  # fmt: skip
    assert cells[OTHER] == cells[PEER] | {
        "party": OTHER, "uses": None, "subjects": None, "suppressed": True
    }  # fmt: skip
    assert "10 persons" in told["definitions"]["suppressed"]
    sheet = (await run(database, log, *arguments, "--csv")).stdout
    rows = {row["party"]: row for row in csv.DictReader(io.StringIO(sheet))}
    assert (rows[PEER]["subjects"], rows[OTHER]["subjects"], rows[OTHER]["uses"]) == ("12", "", "")
    text = (await run(database, log, *arguments)).stdout
    assert [each.count("suppressed") for each in text.splitlines() if OTHER in each] == [2]


async def test_a_new_key_of_pseudonyms_lifts_no_small_cell_over_the_limit(
    database: Any, writer: LogWriter
) -> None:
    for key_id in (1, 2):
        for number in range(7):
            subject = somebody(f"few-{number}-{key_id}")
            await writer.append([line(subject=subject, key_id=key_id)])
    result = await run(database, log, "account", "--quarter", quarter_now(), "--json")
    assert [each["suppressed"] for each in json.loads(result.stdout)["cells"]] == [True]


async def test_a_quarter_without_uses_says_so(database: Any, writer: LogWriter) -> None:
    await write_uses(writer)
    result = await run(database, log, "account", "--quarter", "2001-Q1")
    assert (result.exit_code, result.stdout) == (
        0, "The log holds no use of a person's data in 2001-Q1.\n"
    )  # fmt: skip
    for wrong in ("2026-Q5", "2026", "0000-Q1"):
        result = await run(database, log, "account", "--quarter", wrong)
        assert result.exit_code == 2
        assert "2026-Q4" in result.stderr


@pytest.mark.parametrize("subjects", [None, 0, 1, 9, 10, 11])
def test_ten_persons_is_the_least_that_is_told(subjects: int | None) -> None:
    cell = Reached(activity="a", direction="own", party="", uses=40, subjects=subjects)
    told = suppressed(cell)
    assert told == cell if subjects in (10, 11) else told.uses is told.subjects is None


def test_quarters_begin_and_end_at_midnight_in_the_netherlands() -> None:
    assert quarter_of("2026-Q4") == (
        datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    )  # fmt: skip
    assert last_quarter(datetime(2026, 12, 31, 23, tzinfo=UTC)) == "2026-Q4"
    assert last_quarter(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == "2026-Q3"
    with pytest.raises(InvalidValue):
        quarter_of("2026-q4")
