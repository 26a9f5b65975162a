# SPDX-License-Identifier: EUPL-1.2
"""A writer on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from landschap.logboek.store import LogWriter


@pytest.fixture
async def writer(database: Any) -> AsyncIterator[LogWriter]:
    """A log writer on lane proef-0 of a fresh database."""
    made = LogWriter(database.settings, "proef-0")
    await made.start()
    yield made
    await made.close()
