# SPDX-License-Identifier: EUPL-1.2
"""The whole database in one file, and back: pg_dump and pg_restore with our own addresses."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from landschap.platform.postgres import binaries
from landschap.platform.postgres.connections import DATABASE, administrator
from landschap.platform.postgres.migrations import make_roles
from landschap.platform.postgres.roles import ADMINISTRATOR, password_of
from landschap.platform.postgres.server import PORT, socket_folder
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble


async def dump(settings: Settings, target: Path) -> None:
    """Write all of the database to ``target``; the file is there whole or not at all.

    One consistent moment, also while everything runs. Raises Trouble.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
    except OSError as error:
        raise Trouble(
            f"{target} cannot be written: {error.strerror}", "name another file"
        ) from None
    try:
        await _run(settings, "pg_dump", "--format=custom", f"--file={draft}")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


async def load(settings: Settings, source: Path) -> None:
    """Fill an empty database from a file that `dump` made, in one transaction. Raises Trouble."""
    await _refuse_full(settings)
    await make_roles(settings)
    await _run(settings, "pg_restore", "--single-transaction", "--exit-on-error", source=source)


async def _refuse_full(settings: Settings) -> None:
    connection = await administrator(settings)
    try:
        full = await connection.fetchval("SELECT to_regclass('platform.migration') IS NOT NULL")
    finally:
        await connection.close()
    if full:
        raise Trouble(
            "the database is not empty, and a back-up is never put over one",
            f"stop landschap and move {settings.paths.data / 'postgres'} away"
            if settings.postgres.dsn is None
            else "name an empty database in postgres.dsn",
        )


async def _run(settings: Settings, tool: str, *options: str, source: Path | None = None) -> None:
    """Run one of PostgreSQL's tools; the password goes by the environment, never by option."""
    address, password = _address(settings)
    command = [_tool(settings, tool), "--no-password", *options, *address]
    if source is not None:
        command.append(str(source))
    environment = {**os.environ, "PGPASSWORD": password, "LC_ALL": "C.UTF-8"}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise Trouble(
            f"{command[0]} cannot be run: {error.strerror}",
            "set postgres.tools to the folder of PostgreSQL's own programs",
        ) from None
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        words = said.decode(errors="replace").strip().splitlines()
        raise Trouble(f"{tool} failed: {' | '.join(words[-3:])}", _remedy(" ".join(words)))


def _address(settings: Settings) -> tuple[list[str], str]:
    """Options that name the database, and the password."""
    if settings.postgres.dsn is None:
        where = [f"--host={socket_folder(settings)}", f"--port={PORT}"]
        who = [f"--username={ADMINISTRATOR}", f"--dbname={DATABASE}"]
        return [*where, *who], password_of(settings, ADMINISTRATOR)
    parts = urlsplit(settings.postgres.dsn)
    user = f"{parts.username}@" if parts.username else ""
    open_address = parts._replace(netloc=user + parts.netloc.rpartition("@")[2])
    return [f"--dbname={urlunsplit(open_address)}"], unquote(parts.password or "")


def _tool(settings: Settings, name: str) -> str:
    if settings.postgres.tools is not None:
        return str(settings.postgres.tools / name)
    return binaries.packaged().program(name)


def _remedy(words: str) -> str:
    if "No space left" in words:
        return "make room on that disk"
    if "not appear to be a valid archive" in words or "input file" in words:
        return "name a file that `landschap backup` made"
    if "version" in words:
        return "set postgres.tools to the programs of a newer PostgreSQL"
    return "see the message above; nothing was changed"
