# SPDX-License-Identifier: EUPL-1.2
"""The logical sources that answer in one process, following their files while it runs.

A text that is new or changed is read and checked, and its doors are opened, beside the one that
answers; only then it takes its place. A text that is wrong takes nothing: the former one goes on.
Questions that began on the former text end on it, with its doors.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry

from landschap.integration.access import SoapAccess
from landschap.integration.connectors.comparing import Side
from landschap.integration.connectors.opening import (
    EXAMPLES_SUFFIX,
    SUFFIX,
    close_doors,
    read_declaration,
    without_copy,
)
from landschap.integration.mistakes import DeclarationError
from landschap.integration.model import Declaration
from landschap.integration.rows import Connector
from landschap.platform.loops import forever, pause
from landschap.platform.part_figures import source_running, sources_refused
from landschap.platform.trouble import Trouble
from landschap.registers.models import Registers
from landschap.vocabulary.mistakes import Mistake

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
# So much longer than its time budget a question may need the doors that it began with.
_GRACE_SECONDS = 5.0
_MOST_FILES = 20_000
T = TypeVar("T")

Open = Callable[[Declaration], Mapping[str, Connector]]
"""Opens the doors of a declaration. Raises Trouble."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One text of a logical source that answers. ``made_of`` is the state of the other files that
    it is read from; ``digest`` is that of the text.
    """

    declaration: Declaration
    doors: Mapping[str, Connector]
    made_of: tuple[object, ...]
    digest: str
    since: datetime = field(default_factory=_now)


class Serving:
    """What answers now. `declarations`, `doors` and `sides` are always of now."""

    def __init__(
        self, folder: Path, registers: Registers, opens: Open, metrics: CollectorRegistry
    ) -> None:
        self._folder, self._registers, self._opens = folder, registers, opens
        self._running, self._refused = source_running(metrics), sources_refused(metrics)
        self._by_name: dict[str, Served] = {}
        self._files: dict[Path, str] = {}
        self._seen: object = None
        self._tried: object = None
        self._told: object = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def declarations(self) -> Mapping[str, Declaration]:
        """By name."""
        return _Now(lambda: self._by_name, lambda one: one.declaration)

    @property
    def doors(self) -> Mapping[str, Mapping[str, Connector]]:
        """The doors by the name of the logical source."""
        return _Now(lambda: self._by_name, lambda one: one.doors)

    @property
    def sides(self) -> Mapping[str, Side]:
        """Both, as something is compared with it."""
        return _Now(
            lambda: self._by_name, lambda one: Side(declaration=one.declaration, doors=one.doors)
        )

    def begin(self) -> None:
        """Serve what lies there now. Raises DeclarationError and Trouble: nothing may be wrong."""
        self._seen = self._tried = _state(self._folder)
        found, mistakes, files = self._read()
        if mistakes:
            raise DeclarationError(mistakes)
        opened: dict[str, Served] = {}
        for name, declaration in found.items():
            opened[name] = self._served(declaration, files)
        self._take(opened, files)

    async def follow(self, stop: asyncio.Event) -> None:
        """Look every few seconds, until asked to stop."""

        async def look() -> None:
            while not await pause(stop, LOOK_SECONDS):
                await self.look()

        await forever(look, stop, "logical sources")

    async def close(self) -> None:
        """Close every door, also of texts that answer no longer."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await close_doors(*(one.doors for one in self._by_name.values()))

    async def look(self) -> None:
        """Take over what changed, once it is the same in two looks: somebody may be writing."""
        state = await asyncio.to_thread(_state, self._folder)
        settled, self._seen = state == self._seen, state
        if not settled or state == self._tried:
            return
        self._tried = state
        found, mistakes, files = await asyncio.to_thread(self._read)
        await self._take_over(found, mistakes, files)

    async def _take_over(
        self, found: dict[str, Declaration], mistakes: list[Mistake], files: dict[Path, str]
    ) -> None:
        served: dict[str, Served] = {}
        wrong = {str(each) for each in mistakes}
        for name, declaration in found.items():
            former = self._by_name.get(name)
            try:
                made = await asyncio.to_thread(self._served, declaration, files, former)
            except Trouble as trouble:
                wrong.add(trouble.what)
                self._tried = None  # what is missing may lie elsewhere: it is tried again
                if former is not None:
                    served[name] = former
                continue
            served[name] = made
        kept = set(served)
        for name, former in self._by_name.items():
            # What is wrong now answers as it did; only a file that is gone ends it.
            if name not in kept and (there := self._unread(name, files)):
                served[name] = former
                files = {**files, **there}
        self._tell_wrong(wrong)
        self._take(served, files)

    def _unread(self, name: str, files: Mapping[Path, str]) -> dict[Path, str]:
        """The file of a source that is there, and out of which nothing could be read now."""
        return {
            path: known
            for path, known in self._files.items()
            if known == name and path not in files and path.exists()
        }

    def _tell_wrong(self, wrong: set[str]) -> None:
        if wrong and wrong != self._told:
            log.error("sources_not_taken_over", why=sorted(wrong)[:20])
        self._told = wrong
        self._refused.set(len(wrong))

    def _take(self, served: dict[str, Served], files: dict[Path, str]) -> None:
        """Let these answer from now on; the doors of those before are closed later."""
        before, self._by_name, self._files = self._by_name, served, files
        for name, one in {**before, **served}.items():
            now, former = served.get(name), before.get(name)
            if now is former:
                continue
            if former is not None:
                self._running.remove(name, former.declaration.version, former.digest)
                if now is None or now.doors is not former.doors:
                    self._close_later(former)
            if now is not None:
                labels = (name, now.declaration.version, now.digest)
                self._running.labels(*labels).set(now.since.timestamp())
            if before:
                log.info(
                    "source_taken_over", source=name, version=one.declaration.version,
                    digest=one.digest, answers=now is not None,
                )  # fmt: skip

    def _close_later(self, former: Served) -> None:
        async def later() -> None:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(former.declaration.budget_ms / 1_000 + _GRACE_SECONDS)
            await close_doors(former.doors)

        task = asyncio.create_task(later())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _served(
        self, declaration: Declaration, files: dict[Path, str], former: Served | None = None
    ) -> Served:
        """The text with its doors open; the same as before when nothing changed. Raises Trouble."""
        made_of = _made_of(declaration, self._folder)
        text = next(path for path, name in files.items() if name == declaration.name).read_bytes()
        digest = hashlib.sha256(text).hexdigest()[:12]
        if former and former.declaration == declaration and former.made_of == made_of:
            # A comment may be another one: the doors are as they were.
            return (
                former if former.digest == digest else replace(former, digest=digest, since=_now())
            )
        return Served(
            declaration=declaration,
            doors=self._opens(declaration),
            made_of=made_of,
            digest=digest,
        )

    def _read(self) -> tuple[dict[str, Declaration], list[Mistake], dict[Path, str]]:
        """All that is right by name, every mistake, and which file is which source."""
        found: dict[str, Declaration] = {}
        mistakes: list[Mistake] = []
        files: dict[Path, str] = {}
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path.name.endswith(EXAMPLES_SUFFIX):
                continue
            try:
                declaration = read_declaration(path, self._registers)
            except DeclarationError as error:
                mistakes += error.mistakes
                continue
            if declaration.name in found:
                message = f"{declaration.name} is declared in another file too"
                at = Mistake(file=str(path), line=1, key="logische_bron", message=message)
                mistakes.append(at)
                continue
            found[declaration.name], files[path] = declaration, declaration.name
        for each in without_copy(self._folder, {**self.declarations, **found}):
            name = each.key.partition(".")[0]
            mistakes.append(each)
            found.pop(name, None)
            files = {path: known for path, known in files.items() if known != name}
        return found, mistakes, files


def _state(folder: Path) -> object:
    """What the files of a folder are known by."""
    told: list[tuple[str, int, int]] = []
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):
            seen = path.stat()
            told.append((str(path), seen.st_mtime_ns, seen.st_size))
        if len(told) >= _MOST_FILES:
            break
    return tuple(told)


def _made_of(declaration: Declaration, folder: Path) -> tuple[object, ...]:
    """The state of templates and schemas; code lists are part of the declaration itself."""
    found: list[object] = []
    for source in declaration.sources.values():
        if isinstance(source.access, SoapAccess):
            template = folder / source.access.template
            with suppress(OSError):
                seen = template.stat()
                found.append((str(template), seen.st_mtime_ns, seen.st_size))
            if source.access.schema is not None:
                found.append(_state(folder / source.access.schema.folder))
    return tuple(found)


class _Now(Mapping[str, T]):
    """A view of what is served at the moment that is asked."""

    def __init__(
        self, served: Callable[[], Mapping[str, Served]], part: Callable[[Served], T]
    ) -> None:
        self._served, self._part = served, part

    def __getitem__(self, name: str) -> T:
        return self._part(self._served()[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._served())

    def __len__(self) -> int:
        return len(self._served())
