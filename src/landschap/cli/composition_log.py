# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is the processing log as a service of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from landschap.cli.composition import Composition


async def log_of(parts: Composition) -> ASGIApp:
    """The processing log, for applications of our own."""
    from landschap.logboek.api import log_app

    return log_app([])
