# SPDX-License-Identifier: EUPL-1.2
"""The supplier's building system answers as the BAG reads: valid on a day, known at a moment."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from landschap.cli.demo.landscape import DATA
from landschap.cli.demo.supplier import Buildings, System

KEY = {"X-Api-Key": "key"}
BUILDING = "0424100000002206"


@pytest.fixture
async def supplier() -> AsyncIterator[str]:
    with (DATA / "weesp" / "gegevens" / "bag" / "panden.csv").open(newline="") as stream:
        system = System(Buildings(list(csv.DictReader(stream))), "key")
    async with TestServer(system.app()) as server:
        yield str(server.make_url("")).rstrip("/")


async def _get(url: str, headers: dict[str, str] = KEY) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_answers_the_version_of_the_day(supplier: str) -> None:
    status, now = await _get(f"{supplier}/panden/{BUILDING}?geldigOp=2021-03-01")
    assert (status, now["oorspronkelijkBouwjaar"], now["status"]) == (200, 1920, "Pand in gebruik")
    status, _ = await _get(f"{supplier}/panden/{BUILDING}?geldigOp=2009-01-01")
    assert status == 404


async def test_a_year_that_means_unknown_is_no_year(supplier: str) -> None:
    status, then = await _get(f"{supplier}/panden/{BUILDING}?geldigOp=2010-12-01")
    assert (status, then["oorspronkelijkBouwjaar"]) == (200, None)


async def test_does_not_answer_what_was_not_known_yet(supplier: str) -> None:
    status, _ = await _get(
        f"{supplier}/panden/{BUILDING}?geldigOp=2021-03-01&beschikbaarOp=2010-01-01T00:00:00Z"
    )
    assert status == 404


async def test_leaves_out_of_several_what_does_not_exist(supplier: str) -> None:
    status, found = await _get(f"{supplier}/panden?identificatie={BUILDING},0000")
    assert status == 200
    assert isinstance(found["panden"], list)
    assert [pand["identificatie"] for pand in found["panden"]] == [BUILDING]


@pytest.mark.parametrize("query", ["geldigOp=2021-02-29", "beschikbaarOp=gisteren"])
async def test_says_what_is_wrong_with_a_date(supplier: str, query: str) -> None:
    status, problem = await _get(f"{supplier}/panden/{BUILDING}?{query}")
    assert status == 400
    assert "write it as" in str(problem["detail"])


async def test_answers_nobody_without_the_key_and_counts_who_asked(supplier: str) -> None:
    status, _ = await _get(f"{supplier}/panden/{BUILDING}", {"X-Api-Key": "wrong"})
    assert status == 401
    await _get(f"{supplier}/panden/{BUILDING}")
    _, health = await _get(f"{supplier}/health", {})
    assert health["asked"] == 1
