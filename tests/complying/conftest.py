# SPDX-License-Identifier: EUPL-1.2
"""The organisation of which evidence is asked."""

from __future__ import annotations

import pytest
from tests.complying.comply_rig import Organisation
from tests.throwaway import Database


@pytest.fixture
def organisation(database: Database) -> Organisation:
    """One to which nothing has happened yet."""
    return Organisation(database=database, settings=database.settings)
