# SPDX-License-Identifier: EUPL-1.2
"""Who received what was wrong, as far as the person may be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import structlog

from landschap.gateway.correcting.disclosing import told_since
from landschap.gateway.correcting.store import TooManyLines, lines_about
from landschap.logboek.store.holds import disclosure
from landschap.portal.pages.context import PortalDeps
from landschap.purposes.store import confidential_activities
from landschap.registers.store.receivers import Told

log = structlog.get_logger(__name__)


async def receivers_shown(
    deps: PortalDeps, subjects: Sequence[bytes], told: Sequence[Told] | None
) -> list[Told] | None:
    """Those that stand in a use that may be told; None too when that can not be known now."""
    if not told:
        return None if told is None else []
    try:
        confidential = await confidential_activities(deps.purposes_pool)
        disclosed = await disclosure(deps.log_pool, confidential, subjects)
        lines = [] if disclosed.is_whole else await lines_about(deps.log_pool, subjects)
    except (
        OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, TooManyLines,
    ) as error:  # fmt: skip
        log.warning("receivers can not be told", error=type(error).__name__)
        return None
    if disclosed.is_whole:
        return list(told)
    found = []
    for each in told:
        since = told_since(lines, disclosed, each.receiver.peer, each.receiver.since)
        if since is not None:
            found.append(replace(each, receiver=replace(each.receiver, since=since)))
    return found
