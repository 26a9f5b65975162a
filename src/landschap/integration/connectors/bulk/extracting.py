# SPDX-License-Identifier: EUPL-1.2
"""An extract from begin to end: gather, look at, write. What is gathered is removed afterwards.

Nothing that is written is seen until all of it is: the file gets its name when it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pickle
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import structlog
from pyarrow import lib as pa

from landschap.integration.bulk.assembling import Leaving
from landschap.integration.bulk.compiling import Statement, statement, subjects
from landschap.integration.bulk.dialects import DUCKDB, SPARK, Dialect
from landschap.integration.bulk.extracts import Form, OutColumn
from landschap.integration.bulk.relational import Relational, Step, relational
from landschap.integration.bulk.schedule import DRAFT_ENDING
from landschap.integration.connectors.bulk.engine import Begin, Cluster, Job, Limits, Writing
from landschap.integration.connectors.bulk.gathering import Gathered, Progress, gathered
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.rows import Connector, Moment

log = structlog.get_logger(__name__)
_AT_ONCE = 1_000
_LONGEST_LINE = 16 * 1024 * 1024
_TWICE = (
    "SELECT count(*) = 0 FROM "
    "(SELECT key FROM {} WHERE key <> '' GROUP BY key HAVING count(*) > 1) d"
)
_OURS = "extract-"
_SUBJECTS = "betrokkenen.parquet"
_BLOCKED = "uitgesloten.parquet"


class EngineFailed(Exception):
    """The engine ended without a result. The message says what is known, without data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders: where is worked, and where the file will stand (an absolute path)."""

    work: Path
    out: Path

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """A folder of our own to work in, that is gone afterwards.

        What others left that were ended on the way goes too: nobody holds a lock on it any more.
        """
        for each in (self.work, self.out):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in self.work.glob(f"{_OURS}*"):
            with contextlib.suppress(OSError), _locked(each):
                shutil.rmtree(each, ignore_errors=True)
        made = Path(tempfile.mkdtemp(dir=self.work, prefix="new-"))
        with _locked(made):
            # Only now others see it, and see that it is held.
            folder = made.rename(made.with_name(f"{_OURS}{made.name}"))
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder; the lock ends with us, however we end. Raises OSError when it is held."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was written: rows, digest, size, rows per gap, rows left out by a condition.

    ``peak_mb`` is how much memory the engine had at most.
    """

    rows: int
    sha256: str
    bytes: int
    gaps: Mapping[str, int]
    left_out: int
    peak_mb: int


class Extract:
    """One extract, between gathering and the end. Made by `opened_extract`."""

    def __init__(
        self, leaving: Leaving, found: Gathered, folder: Path, engine: Engine,
        cluster: Cluster | None = None,
    ) -> None:  # fmt: skip
        self.leaving, self.folder, self.found, self.engine = leaving, folder, found, engine
        self.cluster = cluster
        self.plan: Relational = relational(leaving.plan)
        self._leave_out = False

    async def look(self) -> int:
        """Find out what is needed to compile; gives the number of records there can be."""
        queries = {
            each.name: _TWICE.format(each.name)
            for each in self.found.tables.values()
            # Of others it would cost the memory of all their keys, for nothing.
            if each.failure is None and each.source in self.plan.matched
        }
        root = self.found.tables[self.plan.root.name].name
        queries["aantal"] = f"SELECT count(*) FROM {root} WHERE key <> ''"  # noqa: S608  # our name
        told = await self.engine.run(Job(queries=queries))
        unique = {name: bool(rows[0][0]) for name, rows in told.items() if name != "aantal"}
        self.found = self.found.with_unique(unique)
        return int(told["aantal"][0][0])

    def statement(self) -> Statement:
        """The whole extract as one statement, in the dialect of the engine that carries it out."""
        made = statement(
            self.plan, self.found.tables, self._dialect, self.found.codes, numbered=self._leave_out
        )
        if not self._leave_out:
            return made
        sql = f"SELECT * FROM ({made.sql}) x WHERE x.n NOT IN ({self._blocked(self._dialect)})"  # noqa: S608
        return Statement(sql=sql, outputs=made.outputs, has_gaps=made.has_gaps)

    async def subjects(self) -> AsyncIterator[Sequence[str]]:
        """The numbers of whom the records are about, each once, some at a time.

        Of rows that are left out nobody. Raises EngineFailed when their source failed.
        """
        pairs = self._pairs(DUCKDB)
        if not pairs:
            return
        kept = f" WHERE n NOT IN ({self._blocked(DUCKDB)})" if self._leave_out else ""
        sql = f"SELECT DISTINCT subject FROM ({pairs}) s{kept}"  # noqa: S608  # our own
        await self.engine.run(Job(to_files={_SUBJECTS: sql}))
        read = pq.ParquetFile(self.folder / _SUBJECTS)  # type: ignore[no-untyped-call]  # pyarrow
        for batch in read.iter_batches(_AT_ONCE):  # type: ignore[no-untyped-call]  # pyarrow
            yield batch.column(0).to_pylist()

    def leave_out(self, numbers: Sequence[str]) -> None:
        """Leave out every record that is about one of these."""
        told = pa.table({"subject": pa.array(numbers, pa.string())})
        pq.write_table(told, self.folder / _BLOCKED)  # type: ignore[no-untyped-call]  # pyarrow
        self._leave_out = bool(numbers)

    @property
    def _dialect(self) -> Dialect:
        return DUCKDB if self.cluster is None else SPARK

    @property
    def _tables(self) -> tuple[str, ...]:
        """The staged files that a cluster needs."""
        return (*self.found.views, *((_BLOCKED.removesuffix(".parquet"),) * self._leave_out))

    def _pairs(self, dialect: Dialect) -> str:
        """A query for the rows of the root and whom each is about; empty without a subject."""
        declaration = self.plan.declaration
        subject = declaration.subject
        if subject is None:
            return ""
        path = declaration.chain(subject.column.source)
        if any(self.found.tables[name].failure is not None for name in path):
            name = subject.column.source
            raise EngineFailed(f"the source {name}, that tells whose data it is, failed")
        steps = [Step(source=declaration.sources[n], link=declaration.links[n]) for n in path[1:]]
        return subjects(self.plan, self.found.tables, dialect, steps, subject.column.name)

    def _blocked(self, dialect: Dialect) -> str:
        """A query for the rows of the root that are left out."""
        table = f"read_parquet('{self.folder / _BLOCKED}')"
        if dialect is SPARK:
            table = _BLOCKED.removesuffix(".parquet")
        numbers = f"SELECT subject FROM {table}"  # noqa: S608  # our own
        return f"SELECT n FROM ({self._pairs(dialect)}) b WHERE subject IN ({numbers})"  # noqa: S608

    async def write(
        self,
        columns: Sequence[OutColumn],
        form: Form,
        file: Path,
        *,
        geometry: str = "",
        progress: Callable[[int], None] = lambda _rows: None,
    ) -> Result:
        """Write the file. Raises EngineFailed and OSError, and then there is none."""
        async with self.written(columns, form, file, geometry=geometry, progress=progress) as (
            _,
            result,
        ):
            return result

    @contextlib.asynccontextmanager
    async def written(
        self,
        columns: Sequence[OutColumn],
        form: Form,
        file: Path,
        *,
        geometry: str = "",
        progress: Callable[[int], None] = lambda _rows: None,
    ) -> AsyncIterator[tuple[Path, Result]]:
        """The file under another name, to be looked at; it gets its own name afterwards.

        Raises EngineFailed and OSError; then, or when who looks raises, there is no file.
        """
        partly = draft_of(file)
        writing = Writing(
            statement=self.statement(), leaving=self.leaving, columns=tuple(columns), form=form,
            file=partly, geometry=geometry, key=self.plan.declaration.key,
            cluster=self.cluster, tables=self._tables,
        )  # fmt: skip
        try:
            partly.touch(mode=0o600)
            told = await self.engine.run(Job(writing=writing), progress)
            await self._unchanged()
            yield partly, Result(
                rows=told["rows"], sha256=told["sha256"], bytes=told["bytes"], gaps=told["gaps"],
                left_out=told["left_out"], peak_mb=told["peak_mb"],
            )  # fmt: skip
            partly.replace(file)
        except BaseException:
            partly.unlink(missing_ok=True)
            raise

    async def _unchanged(self) -> None:
        """Whose rows they are was looked up and recorded before: another file has others."""
        if changed := await asyncio.to_thread(self.found.changed):
            raise EngineFailed(f"{changed[0]} became another file while it was read")


def draft_of(file: Path) -> Path:
    """Where a file stands until it is whole."""
    return file.with_name(f".{file.name}{DRAFT_ENDING}")


class Engine:
    """The embedded engine in its own process, for one extract."""

    def __init__(self, begin: Begin) -> None:
        self._begin, self._limits = begin, begin.limits
        self._process: asyncio.subprocess.Process | None = None
        self._saying: asyncio.Task[str] | None = None

    async def _running(self) -> asyncio.subprocess.Process:
        """The process, started when there is something to do."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "landschap.integration.connectors.bulk.engine",
                stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LONGEST_LINE,
            )  # fmt: skip
            assert self._process.stderr is not None  # noqa: S101  # as asked
            self._saying = asyncio.create_task(_end_of(self._process.stderr))
            await _send(self._process, self._begin)
        return self._process

    async def run(
        self, job: Job, progress: Callable[[int], None] = lambda _rows: None
    ) -> dict[str, Any]:
        """Do a job. Raises EngineFailed."""
        process = await self._running()
        source = process.stdout
        assert source is not None  # noqa: S101  # as asked
        try:
            async with asyncio.timeout(self._limits.seconds):
                await _send(process, job)
                async for line in source:
                    told: dict[str, Any] = json.loads(line)
                    if "done" in told:
                        done: dict[str, Any] = told["done"]
                        return done
                    if "failed" in told:
                        raise EngineFailed(_why(0, str(told["failed"]), self._limits))
                    progress(told["rows"])
                code = await process.wait()
                said = await self._saying if self._saying else ""
        except TimeoutError:
            raise EngineFailed(f"the engine took over {self._limits.seconds} seconds") from None
        log.error("engine_failed", code=code, said=said)
        raise EngineFailed(_why(code, said, self._limits))

    async def end(self) -> None:
        """End it, whatever it is doing."""
        if self._saying is not None:
            self._saying.cancel()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def _send(process: asyncio.subprocess.Process, what: Begin | Job) -> None:
    target = process.stdin
    assert target is not None  # noqa: S101  # as asked
    # Who is gone says why when its answer is read.
    with contextlib.suppress(ConnectionError):
        target.write(pickle.dumps(what))
        await target.drain()


async def _end_of(stream: asyncio.StreamReader) -> str:
    """The kind of the last error; its text could hold data."""
    last = b""
    while part := await stream.read(65_536):
        last = (last + part)[-65_536:]
    lines = [line for line in last.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].partition(":")[0][:200] if lines else ""


def _why(code: int, said: str, limits: Limits) -> str:
    if "OutOfMemory" in said or "MemoryError" in said:
        return f"the engine needs more than {limits.memory_mb} MB of memory ({said})"
    if code < 0:
        return f"the engine was ended by signal {-code}"
    return f"the engine failed ({said or f'exit status {code}'})"


@contextlib.asynccontextmanager
async def opened_extract(
    leaving: Leaving,
    moment: Moment,
    around: Surroundings,
    doors: Mapping[str, Connector],
    *,
    places: Places,
    limits: Limits,
    progress: Progress = lambda _source, _rows: None,
) -> AsyncIterator[Extract]:
    """Gather the sources, so that they can be written. Raises NoBegin, EngineFailed and OSError."""
    with places.opened() as folder:
        found = await gathered(
            leaving.plan, moment, around, doors, folder, progress=progress,
            # A cluster reads what was staged alone: types and keys are the same for every engine.
            direct_files=limits.cluster is None,
        )  # fmt: skip
        begin = Begin(
            folder=folder,
            limits=limits,
            views=found.views,
            files=tuple(found.files),
            out=places.out,
        )
        engine = Engine(begin)
        try:
            yield Extract(leaving, found, folder, engine, limits.cluster)
        finally:
            await engine.end()
