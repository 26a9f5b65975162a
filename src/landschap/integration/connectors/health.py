# SPDX-License-Identifier: EUPL-1.2
"""Whether each source of a declaration can be asked now, without asking about anybody.

A database tells its columns, a file is taken in, a service must answer at its address; what the
declaration needs and the source does not have is named, with the nearest name.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from landschap.integration.access import RestAccess, SoapAccess
from landschap.integration.connectors.database import (
    DatabaseConnector,
    InvalidAddress,
)
from landschap.integration.connectors.file import FileConnector
from landschap.integration.connectors.file_rows import UnreadableFile
from landschap.integration.connectors.opening import Surroundings, open_door, placed, tls_of
from landschap.integration.model import Declaration, Source
from landschap.integration.plan import make_plan
from landschap.integration.rows import SourceFailed

LIMIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one source is. ``detail`` says what was seen, or what is wrong and what to do."""

    source: str
    kind: str
    well: bool
    detail: str
    milliseconds: float


class _Unwell(Exception):
    """Something is wrong; the message says what."""


async def look_at(declaration: Declaration, around: Surroundings) -> list[Health]:
    """Every source of a declaration, asked at the same time. Never raises for a source."""
    needed = _needed(declaration)
    looks = [
        _look(source, needed.get(name, ()), around) for name, source in declaration.sources.items()
    ]
    return list(await asyncio.gather(*looks))


def _needed(declaration: Declaration) -> dict[str, tuple[str, ...]]:
    """The columns that any question can ask, by source."""
    plan = make_plan(declaration, list(declaration.fields))
    return {ask.source.name: tuple(ask.columns) for ask in plan.asks}


async def _look(source: Source, columns: Collection[str], around: Surroundings) -> Health:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            detail, well = await _seen(source, columns, around), True
    except _Unwell as error:
        detail, well = str(error), False
    except TimeoutError:
        detail, well = f"gives no answer within {LIMIT_SECONDS:.0f} seconds", False
    return Health(
        source=source.name,
        kind=source.access.words,
        well=well,
        detail=detail,
        milliseconds=round((loop.time() - begun) * 1000, 1),
    )


async def _seen(source: Source, columns: Collection[str], around: Surroundings) -> str:
    try:
        door = open_door(source, around)
    except InvalidAddress as error:
        raise _Unwell(f"the address in {_secret_of(source)} {error}") from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else "a file of tls: "
        raise _Unwell(f"{where}{error.strerror}") from None
    except ValueError as error:
        raise _Unwell(str(error)) from None
    if isinstance(door, DatabaseConnector):
        return await _database(door, source, columns)
    if isinstance(door, FileConnector):
        return await _file(door, columns)
    access = source.access
    if isinstance(access, RestAccess | SoapAccess):
        return await _service(access, around)
    return await _register(around)


async def _database(door: DatabaseConnector, source: Source, columns: Collection[str]) -> str:
    try:
        there = await door.columns()
    except SourceFailed as failed:
        words = {
            "onbereikbaar": f"can not be reached with the address in {_secret_of(source)}",
            "onleesbaar": f"{source.access.words} does not exist, or we may not read it",
        }
        raise _Unwell(words.get(failed.reason, failed.reason)) from None
    finally:
        await door.close()
    _compare(columns, there)
    return f"{len(there)} columns, {len(columns)} of them used"


async def _file(door: FileConnector, columns: Collection[str]) -> str:
    try:
        seen = await door.look()
    except UnreadableFile as error:
        raise _Unwell(str(error)) from None
    except OSError as error:
        raise _Unwell(f"no snapshot can be made: {error.strerror}") from None
    if seen.columns:
        # A dotted column is one of that name, or a path into what a column holds.
        top = [each if each in seen.columns else each.partition(".")[0] for each in columns]
        _compare(top, seen.columns)
    return f"{seen.rows} rows, written {seen.stamp.written}"


async def _service(access: RestAccess | SoapAccess, around: Surroundings) -> str:
    """Any answer of the server will do: a question about somebody is not asked for a check."""
    assert around.session is not None  # noqa: S101  # its door was opened
    parts = urlsplit(placed(access.url, around.hosts))
    address = f"{parts.scheme}://{parts.netloc}/"
    try:
        tls = tls_of(access.tls, around.secrets)
        async with around.session.head(address, allow_redirects=False, ssl=tls) as answer:
            return f"answers at {parts.netloc} (HTTP {answer.status})"
    except aiohttp.ClientConnectorCertificateError as error:
        why = getattr(error.certificate_error, "verify_message", "") or "it is not trusted"
        raise _Unwell(f"the certificate of {parts.netloc} can not be used: {why}") from None
    except (aiohttp.ClientError, OSError) as error:
        why = type(error).__name__
        raise _Unwell(f"nothing answers at {parts.netloc} ({why}); is it running?") from None


async def _register(around: Surroundings) -> str:
    assert around.pool is not None  # noqa: S101  # its door was opened
    await around.pool.fetchval("SELECT 1")
    return "our own"


def _compare(columns: Collection[str], there: Collection[str]) -> None:
    names = sorted(there)
    missing = sorted(set(columns) - set(names))
    if not missing:
        return
    near = difflib.get_close_matches(missing[0], names, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(names[:20])}"
    raise _Unwell(f"has no column {missing[0]}{hint}")


def _secret_of(source: Source) -> str:
    return str(getattr(source.access, "secret_file", ""))
