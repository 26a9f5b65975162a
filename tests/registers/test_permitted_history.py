# SPDX-License-Identifier: EUPL-1.2
"""History is permitted apart from today's data: other days, other knowledge, what was corrected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from tests.registers.rig import annotated, made_up
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.throwaway import Database

from landschap.registers.models import Dialect
from landschap.vocabulary.times import amsterdam_day

YESTERDAY = "2026-01-01T00:00:00Z"
MATERIAL = ("materieel",)


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


@pytest.mark.case("history-39")
async def test_what_was_known_before_needs_its_own_permission(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    earlier = await asker.get("a1", {"beschikbaarOp": YESTERDAY}, history=MATERIAL)
    assert (earlier.status_code, earlier.json()["code"]) == (403, "geschiedenis.niet-toegestaan")
    assert "formeel" in earlier.json()["missing"]
    all_of_it = await asker.get("a1/registraties", history=MATERIAL)
    assert (all_of_it.status_code, all_of_it.json()["code"]) == (
        403, "geschiedenis.niet-toegestaan",
    )  # fmt: skip
    today = datetime.now(UTC)
    answer = await asker.get("a1", {"geldigOp": "2021-05-06", "historie": "true"}, history=MATERIAL)
    assert answer.status_code == 200
    assert "corrigeert" not in answer.json()["historie"]
    (line,) = await asker.lines()
    assert line["landschap"]["valid_on"] == "2021-05-06"
    assert datetime.fromisoformat(line["landschap"]["known_at"]) >= today
    opened = await asker.get("a1", {"historie": "true"})
    assert opened.json()["historie"]["corrigeert"] is None
    assert (await asker.get("a1/registraties")).status_code == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("a1", {"geldigOp": "2021-05-06"}),
        ("a1/voorkomens", {}),
        ("a1/voorkomens", {"geldigVan": "2020-01-01"}),
    ],
)
async def test_another_day_needs_its_own_permission(
    asker: Asker, path: str, query: dict[str, str]
) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    refused = await asker.get(path, query, history=())
    assert (refused.status_code, refused.json()["code"]) == (403, "geschiedenis.niet-toegestaan")
    assert "Jansen" not in refused.text
    assert (await asker.get(path, query, history=MATERIAL)).status_code == 200


async def test_today_needs_no_permission_for_history(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    day = amsterdam_day(datetime.now(UTC)).isoformat()
    assert (await asker.get("a1", history=())).status_code == 200
    named = await asker.get("a1", {"geldigOp": day}, history=())
    assert named.json()["naam"] == "Jansen"


@pytest.mark.case("history-28")
@pytest.mark.parametrize(("dialect", "status"), [(Dialect.STANDARD, 400), (Dialect.DSO, 403)])
@pytest.mark.parametrize("parameter", ["geldigOp", "beschikbaarOp"])
async def test_a_time_parameter_without_that_axis_is_refused_and_never_ignored(
    database: Database, dialect: Dialect, status: int, parameter: str
) -> None:
    still = made_up(dialect=dialect, naam=annotated())
    value = {"geldigOp": "2021-05-06", "beschikbaarOp": YESTERDAY}[parameter]
    async for asker in asker_of(database, still):
        answer = await asker.get("a1", {parameter: value}, fields=("naam",))
    assert answer.status_code == status
    assert answer.json()["code"] == "tijd.niet-ondersteund"
    assert answer.json()["type"].endswith("TijdreizenNietOndersteund")
