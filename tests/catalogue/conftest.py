# SPDX-License-Identifier: EUPL-1.2
"""One served catalogue per module; the browser is that of the portal's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.catalogue.pages_rig import Catalogue, served_catalogue
from tests.portal.conftest import browser
from tests.throwaway import Database

__all__ = ["browser"]


@pytest.fixture(scope="module")
async def catalogue(module_database: Database) -> AsyncIterator[Catalogue]:
    """A catalogue served on loopback, empty, with the demo's register of purposes."""
    async with served_catalogue(module_database) as made:
        yield made
