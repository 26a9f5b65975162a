# SPDX-License-Identifier: EUPL-1.2
"""The sources of a plan as tables: read in parallel, each as soon as its keys are there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import structlog
from pyarrow import lib as pa

from landschap.integration.access import FileAccess, FileForm, RestAccess
from landschap.integration.bulk.converting import CODES_IN_LINE
from landschap.integration.bulk.relational import Table
from landschap.integration.connectors.bulk.scanning import Scan, asked, reads_whole, scanned
from landschap.integration.connectors.bulk.staging import Stage, direct, view_of
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.connectors.places import Stamp
from landschap.integration.model import Axes
from landschap.integration.plan import Ask, Plan
from landschap.integration.rows import Connector, Moment, Reason, SourceFailed, key_text

log = structlog.get_logger(__name__)
# More keys than these are not asked one by one: such a source has to be read whole.
MOST_KEYS = 2_000_000
_PAGES_AT_ONCE = 8
_LEAST_PAGE = 50

Progress = Callable[[str, int], None]
"""Is told the name of a source, and how many rows of it there are by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Every source as a table, and as a relation of the embedded engine.

    ``files`` are those that the engine reads where they stand, as they were then; ``codes`` names
    the tables of long code lists.
    """

    tables: Mapping[str, Table]
    views: Mapping[str, str]
    files: Mapping[Path, Stamp]
    codes: Mapping[str, str]

    def changed(self) -> list[str]:
        """The names of files that are others by now. Raises OSError for one that is gone."""
        return [file.name for file, then in self.files.items() if Stamp.of(file) != then]

    def with_unique(self, unique: Mapping[str, bool]) -> Gathered:
        """The same, now that it is known of which tables no key stands twice."""
        tables = {
            name: replace(each, unique=unique.get(each.name, False))
            for name, each in self.tables.items()
        }
        return replace(self, tables=tables)


class NoBegin(Exception):
    """The root of a logical source that can not be read whole. Carries why."""

    def __init__(self, source: str, reason: Reason | None) -> None:
        super().__init__(source)
        self.source, self.reason = source, reason


async def gathered(
    plan: Plan,
    moment: Moment,
    around: Surroundings,
    doors: Mapping[str, Connector],
    folder: Path,
    *,
    progress: Progress = lambda _source, _rows: None,
    direct_files: bool = True,
) -> Gathered:
    """Read all sources of a plan. ``direct_files``: Parquet may be read where it stands.

    Raises NoBegin when there is no root; another source that fails becomes a gap.
    """
    if not reads_whole(plan.root.source):
        raise NoBegin(plan.root.source.name, None)
    run = _Gathering(plan, moment, around, doors, folder, progress, direct_files)
    return await run.run()


@dataclass(slots=True)
class _Gathering:
    plan: Plan
    moment: Moment
    around: Surroundings
    doors: Mapping[str, Connector]
    folder: Path
    progress: Progress
    direct_files: bool
    states: dict[str, Any] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    files: dict[Path, Stamp] = field(default_factory=dict)

    async def run(self) -> Gathered:
        tasks: dict[str, asyncio.Task[Table]] = {}
        async with asyncio.TaskGroup() as group:
            for place, ask in enumerate(self.plan.asks):
                parent = tasks[ask.link.origin.source] if ask.link else None
                tasks[ask.source.name] = group.create_task(self._table(ask, f"t{place}", parent))
        tables = {name: task.result() for name, task in tasks.items()}
        root = tables[self.plan.root.source.name]
        if root.failure is not None:
            raise NoBegin(root.source, root.failure)
        for ask in self.plan.asks:
            # What leans on a source that failed was never asked.
            if ask.link and tables[ask.link.origin.source].failure is not None:
                name = ask.source.name
                tables[name] = replace(tables[name], failure=Reason.DEPENDS)
        return Gathered(
            tables=tables,
            views=self.views,
            files=self.files,
            codes=code_tables(self.plan, self.folder, self.views),
        )

    async def _table(self, ask: Ask, name: str, parent: asyncio.Task[Table] | None) -> Table:
        source = ask.source
        if self.moment.beyond(source.axes):
            return Table(source=source.name, name=name, failure=Reason.NO_TIME_TRAVEL)
        try:
            if found := await self._direct(ask, name):
                return found
            if reads_whole(source):
                return await self._whole(ask, name)
            assert parent is not None  # noqa: S101  # the root is read whole
            return await self._by_key(ask, name, await parent)
        except SourceFailed as failed:
            log.warning("source_of_extract_failed", source=source.name, reason=failed.reason.value)
            return Table(source=source.name, name=name, failure=failed.reason)
        except Exception as error:  # one broken door must not take the others with it
            log.exception(
                "source_of_extract_broken", source=source.name, error=type(error).__name__
            )
            return Table(source=source.name, name=name, failure=Reason.BROKEN)

    async def _direct(self, ask: Ask, name: str) -> Table | None:
        access = ask.source.access
        if not (self.direct_files and isinstance(access, FileAccess) and access.store is None):
            return None
        splits = any(self._leads(ask).values())
        if access.form is not FileForm.PARQUET or ask.source.axes is not Axes.NONE or splits:
            return None
        if access.period.begin:
            return None
        file = (self.around.folder / access.path).resolve()
        try:
            stamp = await asyncio.to_thread(Stamp.of, file)
            found = await asyncio.to_thread(
                direct, file, ask.source.name, by=ask.by, columns=self._columns(ask), name=name
            )
        except (OSError, pa.ArrowInvalid):
            raise SourceFailed(Reason.UNREADABLE) from None
        if found is None:
            return None
        table, self.views[name] = found
        self.files[file] = stamp
        self.progress(ask.source.name, table.rows)
        return table

    def _columns(self, ask: Ask) -> tuple[str, ...]:
        return tuple(dict.fromkeys((ask.by, *ask.columns)))

    def _leads(self, ask: Ask) -> dict[str, str]:
        below = self.plan.below(ask.source.name)
        return {each.link.origin.name: each.link.splits for each in below if each.link}

    def _stage(self, ask: Ask, name: str) -> Stage:
        file = self.folder / f"{name}.parquet"
        self.views[name] = view_of(file)
        return Stage(
            file, ask.source.name, by=ask.by, columns=self._columns(ask), leads=self._leads(ask)
        )

    def _scan(self, ask: Ask) -> Scan:
        return Scan(source=ask.source, by=ask.by, columns=self._columns(ask), moment=self.moment)

    async def _whole(self, ask: Ask, name: str) -> Table:
        with self._stage(ask, name) as stage:
            async for rows in scanned(self._scan(ask), self.around, self.states):
                await asyncio.to_thread(stage.add, rows)
                self.progress(ask.source.name, stage.rows)
        self.progress(ask.source.name, stage.rows)
        return stage.table(name)

    async def _by_key(self, ask: Ask, name: str, parent: Table) -> Table:
        assert ask.link is not None  # noqa: S101  # the root is read whole
        if parent.failure is not None:
            raise SourceFailed(Reason.DEPENDS)
        keys = await asyncio.to_thread(self._keys, parent, ask.link.origin.name)
        door, scan = self.doors[ask.source.name], self._scan(ask)
        with self._stage(ask, name) as stage:
            for page in _pages(keys, _page_of(ask)):
                await asyncio.to_thread(stage.add, await asked(scan, door, page))
                self.progress(ask.source.name, stage.rows)
        return stage.table(name)

    def _keys(self, parent: Table, column: str) -> list[str]:
        """The keys that all rows of the parent lead to, each once. Raises SourceFailed."""
        held = parent.columns[column]
        if held.native:
            access = self.plan.declaration.sources[parent.source].access
            assert isinstance(access, FileAccess)  # noqa: S101  # only files are read where they stand
            file, wanted = self.around.folder / access.path, column
        else:
            file, wanted = self.folder / f"{parent.name}.parquet", f"o{held.place}"
        found: set[str] = set()
        for batch in pq.ParquetFile(file).iter_batches(columns=[wanted]):  # type: ignore[no-untyped-call]  # pyarrow
            for value in batch.column(0).to_pylist():
                found.update(value if isinstance(value, list) else [key_text(value)])
            if len(found) > MOST_KEYS:
                raise SourceFailed(Reason.TOO_LARGE)
        return sorted(found - {""})


def code_tables(plan: Plan, folder: Path, views: dict[str, str]) -> dict[str, str]:
    """Long code lists as tables, by the place of their step; their relations are added to views."""
    named: dict[str, str] = {}
    fields = [*plan.fields, *(each for part in plan.lists for each in part.fields)]
    for each in fields:
        for place, step in enumerate(each.conversions):
            codes = step.codes or {}
            if len(codes) <= CODES_IN_LINE:
                continue
            name = f"codes{len(named)}"
            file = folder / f"{name}.parquet"
            told = pa.table({"code": list(codes), "waarde": list(codes.values())})
            pq.write_table(told, file)  # type: ignore[no-untyped-call]  # pyarrow
            views[name] = view_of(file)
            named |= {f"{each.path}/{number}/{place}": name for number in range(len(each.columns))}
    return named


def _page_of(ask: Ask) -> int:
    access = ask.source.access
    size = access.batch if isinstance(access, RestAccess) else 1
    return max(_LEAST_PAGE, size * _PAGES_AT_ONCE)


def _pages(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[begin : begin + size] for begin in range(0, len(keys), size))
