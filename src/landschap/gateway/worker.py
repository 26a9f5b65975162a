# SPDX-License-Identifier: EUPL-1.2
"""Follows the access log of nginx: what ended how, what was refused, what must be counted.

    follow_access   reads the log and its rotated files, until stopped
    read_once       one round; True when something was read
    sweep           closes intents of which nothing was heard

Nothing is lost by a restart: the position is kept in the transaction that keeps the counts. A line
is told twice at most to the log, and the log is asked first what it holds already.
Source: house decisions 1 (outcome of ``intent``), 20 (refused token), 31 (refused certificates).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import structlog

from landschap.fsc.store import token_rows
from landschap.gateway import store
from landschap.gateway.access import Line, file_key, read_line, refuses_token
from landschap.gateway.outcomes import (
    closing_line,
    is_intent,
    is_unfinished,
    lost_line,
    still_open,
    unaccounted,
)
from landschap.gateway.store.unfinished import (
    drop_unfinished,
    note_unfinished,
    unfinished_before,
)
from landschap.logboek.faults import LogUnavailable, QueueFull
from landschap.logboek.records import Draft, Record
from landschap.logboek.store import LogWriter, by_transactions, open_intents
from landschap.platform.ids import new_span_id
from landschap.platform.siem.outbox import note

log = structlog.get_logger(__name__)

CURRENT = "access.json"
ROTATED = "access-*.json"
# A question may take long; what comes after the sweep corrects it.
PATIENCE = timedelta(minutes=15)
_ROUND_SECONDS = 1.0
_SWEEP_SECONDS = 60.0
_AGAIN_SECONDS = 5.0
_CHUNK_BYTES = 1_000_000
_SWEEP_AT_ONCE = 500
# At the very first start older questions are left alone: they ended under another version.
_FIRST_SWEEP = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDeps:
    """Where the files are, the pools of each room that is told, and our own Peer ID.

    ``read`` is how far each file was read, by its inode: a month of renamed files is not asked of
    the database every second.
    """

    folder: Path
    gateway: asyncpg.Pool
    fsc: asyncpg.Pool
    logboek: asyncpg.Pool
    writer: LogWriter
    controller: str
    read: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Whole lines of one file, and how far it is read with them."""

    key: str
    lines: tuple[bytes, ...]
    read_bytes: int


async def follow_access(deps: AccessDeps, stop: asyncio.Event) -> None:
    """Read and sweep until ``stop``; what the database or the log refuses now is tried again."""
    swept = 0.0
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        pause = _ROUND_SECONDS
        try:
            while await read_once(deps) and not stop.is_set():
                pass
            if loop.time() > swept + _SWEEP_SECONDS:
                swept = loop.time()
                await sweep(deps, datetime.now(UTC))
                await store.forget_old(deps.gateway, datetime.now(UTC))
        except (
            OSError,
            TimeoutError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            LogUnavailable,
            QueueFull,
        ) as error:
            log.warning("access log not followed", error=type(error).__name__)
            pause = _AGAIN_SECONDS
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def read_once(deps: AccessDeps) -> bool:
    """Read a piece of each file, the oldest first; True when there was anything."""
    found = False
    for file, inode in await asyncio.to_thread(_unread, deps):
        key = await asyncio.to_thread(_key_of, file)
        if not key:
            continue
        position = await store.read_position(deps.gateway, key)
        chunk = await asyncio.to_thread(_read, file, key, position)
        if chunk is None:
            deps.read[inode] = position
            continue
        found = True
        await _take(deps, chunk)
        deps.read[inode] = chunk.read_bytes
    return found


async def sweep(deps: AccessDeps, now: datetime, *, patience: timedelta = PATIENCE) -> int:
    """Close what is open for longer than ``patience``; how many. Only after all was read."""
    closed = await _sweep_intents(deps, now, patience) + await _sweep_unfinished(
        deps, now, patience
    )
    if closed:
        log.warning("questions of which the outcome was never heard", closed=closed)
        await note(deps.gateway, "outcome_lost", {"times": closed})
    return closed


async def _sweep_intents(deps: AccessDeps, now: datetime, patience: timedelta) -> int:
    """Those with recording ``intent`` of which nginx told nothing."""
    since = await store.swept_until(deps.gateway) or now - _FIRST_SWEEP
    until = now - patience
    services = [name for name, recording in await _recordings(deps) if recording == "intent"]
    closed = 0
    while until > since:
        found = await open_intents(deps.logboek, services, since, until, _SWEEP_AT_ONCE)
        intents = [each for each in found if is_intent(each)]
        if intents:
            await deps.writer.append([_lost(deps, each, now) for each in intents])
            closed += len(intents)
        if len(found) < _SWEEP_AT_ONCE:
            since = until
        else:
            since = max(found[-1].recorded_at, since + timedelta(milliseconds=1))
        await store.keep_swept(deps.gateway, since)
    return closed


async def _sweep_unfinished(deps: AccessDeps, now: datetime, patience: timedelta) -> int:
    """Those to other services that ended without a whole answer, and without a line."""
    closed = 0
    while waiting := await unfinished_before(deps.gateway, now - patience, _SWEEP_AT_ONCE):
        recorded = await by_transactions(deps.logboek, waiting)
        lost = [each for records in recorded.values() for each in unaccounted(records)]
        if lost:
            await deps.writer.append([_lost(deps, each, now) for each in lost])
            closed += len(lost)
        await drop_unfinished(deps.gateway, waiting)
    return closed


def _lost(deps: AccessDeps, intent: Record, now: datetime) -> Draft:
    return lost_line(intent, controller=deps.controller, span_id=new_span_id(), now=now)


async def _take(deps: AccessDeps, chunk: _Chunk) -> None:
    lines = [line for raw in chunk.lines if (line := read_line(raw)) is not None]
    if len(lines) < len(chunk.lines):
        log.warning("lines of the access log not read", lines=len(chunk.lines) - len(lines))
    recordings = await _recordings(deps)
    drafts = await _closings(deps, lines, {n.lower() for n, kind in recordings if kind == "intent"})
    if drafts:
        await deps.writer.append(drafts)
    others = {name.lower() for name, kind in recordings if kind != "intent"}
    await note_unfinished(
        deps.gateway,
        [
            (line.transaction_id, line.at)
            for line in lines
            if line.service in others and line.transaction_id is not None and is_unfinished(line)
        ],
    )
    for line in lines:
        if refuses_token(line):
            await _drop_token(deps, line)
    await store.keep_read(deps.gateway, chunk.key, chunk.read_bytes, lines, datetime.now(UTC))
    for event, times in store.events_in(lines).items():
        log.warning(
            "security event",
            kind=event.kind, door=event.door, reason=event.reason, serial=event.serial,
            times=times,
        )  # fmt: skip


async def _closings(deps: AccessDeps, lines: Sequence[Line], names: Collection[str]) -> list[Draft]:
    """The lines for intents of these services that ended, without those the log holds already."""
    ended: dict[UUID, list[Line]] = {}
    for line in lines:
        if line.service in names and line.transaction_id is not None:
            ended.setdefault(line.transaction_id, []).append(line)
    if not ended:
        return []
    recorded = await by_transactions(deps.logboek, list(ended))
    return [
        closing_line(
            intent, line, controller=deps.controller, span_id=new_span_id(), corrects=before
        )
        for transaction_id, told in ended.items()
        # A transaction id may come more than once: the first to begin is the first told of.
        for line, (intent, before) in zip(
            told, still_open(recorded.get(transaction_id, [])), strict=False
        )
    ]


async def _drop_token(deps: AccessDeps, line: Line) -> None:
    """The token we sent was refused: have another one. Source: house decision 20."""
    if line.transaction_id is None:
        return
    found = await by_transactions(deps.logboek, [line.transaction_id])
    hashes = {
        each.columns.grant_hash
        for each in found.get(line.transaction_id, [])
        if each.columns.grant_hash and not is_intent(each)
    }
    for grant_hash in sorted(hash_ for hash_ in hashes if hash_):
        async with deps.fsc.acquire() as connection, connection.transaction():
            now = datetime.now(UTC)
            if await token_rows.drop_refused_token(connection, grant_hash, line.at, now):
                log.info("token refused by its Inway", grant_hash=grant_hash, code=line.code)


async def _recordings(deps: AccessDeps) -> list[tuple[str, str]]:
    """The names of our services, and how each is recorded."""
    return [(each.name, each.recording) for each in await store.services(deps.gateway)]


def _unread(deps: AccessDeps) -> list[tuple[Path, int]]:
    """Rotated files by age, then the one that is written, with their inodes: those with more."""
    found = []
    for file in (*sorted(deps.folder.glob(ROTATED)), deps.folder / CURRENT):
        with contextlib.suppress(FileNotFoundError):
            seen = file.stat()
            if seen.st_size != deps.read.get(seen.st_ino, 0):
                found.append((file, seen.st_ino))
    return found


def _key_of(file: Path) -> str:
    """What the file is known by; empty while it has no whole line, or is gone."""
    with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
        first = opened.readline(_CHUNK_BYTES)
        return file_key(first) if first.endswith(b"\n") else ""
    return ""


def _read(file: Path, key: str, position: int) -> _Chunk | None:
    """The next whole lines; None when there are none. A line without end waits for its end."""
    with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
        if file_key(opened.readline(_CHUNK_BYTES)) != key:
            return None  # another file came in its place just now
        opened.seek(position)
        data = opened.read(_CHUNK_BYTES)
        end = data.rfind(b"\n") + 1
        if not end and len(data) == _CHUNK_BYTES:
            end = len(data)  # no line of ours is that long: pass over it
        if end:
            return _Chunk(key, tuple(data[:end].splitlines()), position + end)
    return None
