# SPDX-License-Identifier: EUPL-1.2
"""Which columns a source has, asked of the source itself and never about anybody.

A database and a register know them, a file is read, of a SOAP service the declaration says them.
A REST service tells nothing by itself: of that one only what the declaration uses is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landschap.integration.access import RegisterAccess, SoapAccess
from landschap.integration.connectors.database import DatabaseConnector
from landschap.integration.connectors.file import FileConnector
from landschap.integration.connectors.file_rows import UnreadableFile
from landschap.integration.connectors.health import LIMIT_SECONDS
from landschap.integration.connectors.opening import Surroundings, open_door
from landschap.integration.fitting import column_names
from landschap.integration.model import Declaration, Source
from landschap.integration.plan import make_plan
from landschap.integration.rows import SourceFailed

MAX_COLUMNS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of one source with their kinds, as far as the source tells (else empty).

    ``by_source`` is False when only what the declaration uses is known.
    """

    kinds: Mapping[str, str]
    by_source: bool = True

    @property
    def names(self) -> Sequence[str]:
        """Their names in order."""
        return sorted(self.kinds)


async def discovered(
    declaration: Declaration, around: Surroundings, trusted: Declaration | None = None
) -> dict[str, Columns]:
    """The columns of every source, looked for at the same time. Never raises for a source.

    With ``trusted`` no file, database or secret is opened for a source that does not stand in that
    declaration just so: what somebody only types opens nothing.
    """
    used = _used(declaration)
    looks = [
        _look(source, used.get(name, ()), around, opens=_is_in(source, trusted or declaration))
        for name, source in declaration.sources.items()
    ]
    found = await asyncio.gather(*looks)
    return dict(zip(declaration.sources, found, strict=True))


def _used(declaration: Declaration) -> dict[str, tuple[str, ...]]:
    plan = make_plan(declaration, list(declaration.fields))
    return {ask.source.name: tuple(ask.columns) for ask in plan.asks}


def _is_in(source: Source, declaration: Declaration) -> bool:
    return declaration.sources.get(source.name) == source


async def _look(
    source: Source, used: Sequence[str], around: Surroundings, *, opens: bool
) -> Columns:
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            found = await _seen(source, around, opens=opens)
    except (TimeoutError, OSError, ValueError, SourceFailed, UnreadableFile):
        found = {}  # why it can not be asked is what its state says
    if not found:
        return Columns(kinds=dict.fromkeys(used, ""), by_source=False)
    return Columns(kinds=dict(sorted(found.items())[:MAX_COLUMNS]))


async def _seen(source: Source, around: Surroundings, *, opens: bool) -> dict[str, str]:
    access = source.access
    if isinstance(access, RegisterAccess):
        register = around.registers.by_name.get(access.register)
        kind = register.types.get(access.object_type) if register else None
        return dict.fromkeys(column_names(kind), "") if kind else {}
    if isinstance(access, SoapAccess):
        return dict.fromkeys(access.columns, "")
    if not opens:
        return {}
    door = open_door(source, around)
    if isinstance(door, DatabaseConnector):
        try:
            return await door.columns()
        finally:
            await door.close()
    if isinstance(door, FileConnector):
        return dict.fromkeys((await door.look()).columns, "")
    return {}
