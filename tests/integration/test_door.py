# SPDX-License-Identifier: EUPL-1.2
"""The whole way: permit, plan, sources, merge, log, answer."""

from __future__ import annotations

from typing import Any

import pytest
from source_rig import SUZANNE


async def test_one_question_is_answered_from_four_sources(world: Any) -> None:
    answer = await world.asker().ask({"burgerservicenummer": SUZANNE}, query="geldigOp=2021-03-01")
    print(answer.text)
    assert answer.status_code == 200
