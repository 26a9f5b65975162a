# SPDX-License-Identifier: EUPL-1.2
"""A resident's page asks other organisations live: two that run, one of them slow, one down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import DOESBURG, WEESP
from tests.gateway.insight_rig import (
    DEAD,
    Asking,
    asking,
)
from tests.gateway.pair_rig import Pair
from tests.registers.notice_rig import until

from landschap.logboek.records import Record


@pytest.fixture(scope="module")
async def rig(whole_pair: Pair, group_anchor: Anchor) -> AsyncIterator[Asking]:
    """Everything runs; Weesp was asked once, so that the token is there."""
    async with asking(whole_pair, group_anchor) as made:

        async def told() -> bool:
            body = await document(made, await made.session("999990627"))
            return [each["oin"] for each in body["geenAntwoord"]] == [DEAD]

        await until(told, 60)
        yield made


async def document(rig: Asking, session: dict[str, str], query: str = "") -> dict[str, Any]:
    answer = await rig.portal.get(f"/gebruik.json{query}", headers=session)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


def own(record: Record) -> dict[str, Any]:
    found = record.content()["landschap"]
    assert isinstance(found, dict)
    return found


async def test_uses_of_both_stand_in_one_list_with_who_wrote_them_down(rig: Asking) -> None:
    here = await rig.write(DOESBURG, ago=timedelta(hours=2))
    there = await rig.write(WEESP, ago=timedelta(hours=1))
    body = await document(rig, await rig.session())
    told = {each["id"]: each["opgeschrevenDoor"][0]["oin"] for each in body["gebruik"]}
    assert (told[str(here)], told[str(there)]) == (DOESBURG, WEESP)
    ids = [each["id"] for each in body["gebruik"]]
    assert ids == sorted(ids, reverse=True)
