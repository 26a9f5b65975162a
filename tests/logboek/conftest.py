# SPDX-License-Identifier: EUPL-1.2
"""A writer on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from landschap.logboek.store import LogWriter


@pytest.fixture(params=[1, 2], ids=["one lane", "two lanes"])
async def writer(database: Any, request: pytest.FixtureRequest) -> AsyncIterator[LogWriter]:
    """A log writer on lane proef-0 of a fresh database, alone and with a second lane.

    It waits longer than the doors do: what a busy machine takes is not what is tested with it.
    """
    made = LogWriter(database.settings, "proef-0", wait_seconds=40, lanes=request.param)
    await made.start()
    yield made
    await made.close()
