# SPDX-License-Identifier: EUPL-1.2
"""The organisation of a test that seals its log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from tests.throwaway import Database

from landschap.logboek.store import LogWriter
from landschap.platform.log_keys import make_log_key
from landschap.platform.logboek_settings import LogboekSettings


def sealed(database: Database) -> Database:
    """The same organisation and database, with a sealed log from now on; the test closes it."""
    with database.settings.path.open("a", encoding="utf-8") as file:
        file.write("\n[logboek]\nsealed = true\n")
    settings = replace(database.settings, logboek=LogboekSettings(sealed=True))
    make_log_key(settings)
    return Database(name=database.name, settings=settings)


def without_keys(database: Database) -> Database:
    """The same log as who has no key of it sees it; the test closes it."""
    folder = database.settings.path.parent / "elsewhere"
    paths = replace(database.settings.paths, data=folder, secrets=folder)
    settings = replace(database.settings, paths=paths, logboek=LogboekSettings())
    folder.mkdir(exist_ok=True)
    kept = folder / "postgres"
    if not kept.exists():
        kept.symlink_to(database.settings.paths.secrets / "postgres")
    return Database(name=database.name, settings=settings)


@asynccontextmanager
async def written_by(database: Database, lane: str = "dicht-0") -> AsyncIterator[LogWriter]:
    """A writer with the settings as they are now."""
    writer = LogWriter(database.settings, lane)
    await writer.start()
    yield writer
    await writer.close()
