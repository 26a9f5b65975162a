# SPDX-License-Identifier: EUPL-1.2
"""The journal of an application: lines that are durable on its own disk, delivered when it can be.

A folder with files of JSON lines, one file per act: written under another name, synchronised, then
renamed to ``*.jsonl``. So any program in any language can keep one. What was delivered is removed;
what the log refuses is put aside with the reason. The same line twice counts once, so nothing is
lost or doubled by a cut at whatever moment.
Source: Logboek Dataverwerkingen, "Gedrag van de applicatie" (durable in the own journal is enough
to go on).
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

LINES_PER_REQUEST = 500
LINES_PER_ROUND = 100_000
REFUSED = "geweigerd"
_MAX_FILE_BYTES = 3_000_000
_TIMEOUT = aiohttp.ClientTimeout(total=60)
_REFUSALS = (409, 422)


class LogAway(Exception):
    """The log does not take lines now; all that was not confirmed is still in the journal."""


@dataclass(slots=True)
class Delivered:
    """What became of the journal: lines that were new, known already, and files put aside."""

    created: int = 0
    duplicates: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A line in the journal: when its act began, where it stands, what it says."""

    started: int
    file: Path
    line: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the journal, with its lines; it is removed as a whole."""

    size: int
    lines: tuple[_Kept, ...]

    @property
    def started(self) -> int:
        """When its first act began."""
        return min(each.started for each in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where the log is, who we are there, and whom to trust."""

    address: str
    key: str = field(repr=False)
    tls: ssl.SSLContext | None = None


async def deliver(
    folder: Path, log: Log, advance: Callable[[int], None] = lambda _: None
) -> Delivered:
    """Deliver what is in the journal, the oldest act first. Raises LogAway.

    At most 100,000 lines at once. ``advance`` is told how many files were settled.
    """
    told = Delivered()
    kept = await asyncio.to_thread(_read, folder, told)
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        for part in _parts(kept):
            await _deliver_part(session, log, part, told)
            advance(len({each.file for each in part}))
    return told


def _parts(files: Sequence[_File]) -> Iterator[list[_Kept]]:
    """Whole files together, as many as fit in a request; the oldest line first."""
    part: list[_Kept] = []
    size = 0
    for file in files:
        if part and (
            len(part) + len(file.lines) > LINES_PER_REQUEST or size + file.size > _MAX_FILE_BYTES
        ):
            yield sorted(part, key=lambda each: each.started)
            part, size = [], 0
        part += file.lines
        size += file.size
    if part:
        yield sorted(part, key=lambda each: each.started)


async def _deliver_part(
    session: aiohttp.ClientSession, log: Log, part: Sequence[_Kept], told: Delivered
) -> None:
    """Deliver these; a file with a line that is refused is put aside, and the others again."""
    while part:
        status, answer = await _post(session, log, [each.line for each in part])
        if status in (200, 201):
            for each in answer["lines"]:
                if each["result"] == "created":
                    told.created += 1
                else:
                    told.duplicates += 1
            await asyncio.to_thread(_remove, {each.file for each in part})
            return
        places = [each["line"] for each in answer.get("errors", []) if "line" in each]
        if status not in _REFUSALS or not places:
            raise LogAway(f"the log answers {status}: {answer.get('detail', 'no reason given')}")
        wrong = {part[place].file for place in places}
        await asyncio.to_thread(_put_aside, wrong, answer)
        told.refused += sorted(each.name for each in wrong)
        part = [each for each in part if each.file not in wrong]


async def _post(
    session: aiohttp.ClientSession, log: Log, lines: Sequence[dict[str, Any]]
) -> tuple[int, dict[str, Any]]:
    try:
        async with session.post(
            f"{log.address}/logboek/v1/regels",
            json=lines,
            headers={"X-Api-Key": log.key},
            allow_redirects=False,
            ssl=log.tls or True,
        ) as answer:
            body = await answer.json(content_type=None)
            return answer.status, body if isinstance(body, dict) else {}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise LogAway(f"the log is not reached: {type(error).__name__}") from None


def _read(folder: Path, told: Delivered) -> list[_File]:
    """The files of the journal by the moment their act began; what can not be read goes aside."""
    kept: list[_File] = []
    count = 0
    for file in sorted(folder.glob("*.jsonl")):
        if count >= LINES_PER_ROUND:
            break
        try:
            kept.append(_file(file))
            count += len(kept[-1].lines)
        except (ValueError, TypeError, KeyError):
            _put_aside({file}, {"detail": "not a file of JSON lines, or too large"})
            told.refused.append(file.name)
    return sorted(kept, key=lambda each: each.started)


def _file(file: Path) -> _File:
    size = file.stat().st_size
    if size > _MAX_FILE_BYTES:
        raise ValueError(file.name)
    read = [json.loads(text) for text in file.read_bytes().splitlines() if text.strip()]
    if not 0 < len(read) <= LINES_PER_REQUEST:
        raise ValueError(file.name)
    return _File(size, tuple(_Kept(int(each["start_time"]), file, each) for each in read))


def waiting(folder: Path) -> int:
    """How many files wait in the journal."""
    return sum(1 for _ in folder.glob("*.jsonl"))


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _put_aside(files: Iterable[Path], why: dict[str, Any]) -> None:
    for file in files:
        aside = file.parent / REFUSED
        aside.mkdir(mode=0o700, exist_ok=True)
        (aside / f"{file.name}.reason.json").write_text(json.dumps(why, indent=1))
        file.rename(aside / file.name)
