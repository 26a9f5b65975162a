# SPDX-License-Identifier: EUPL-1.2
"""The embedded engine at work, in a process of its own.

Jobs on standard input, progress and results as JSON lines on standard output. A fault of the
engine, or memory that runs out, ends this process and one extract, and nothing else. It reads and
writes the folder of the job and the files it is given: no network, no extensions, no other files.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb

from landschap.integration.bulk.assembling import Leaving, gaps_told, records_of
from landschap.integration.bulk.compiling import Statement
from landschap.integration.bulk.extracts import Form, OutColumn, gap_key, gap_keys
from landschap.integration.bulk.values import Kind
from landschap.integration.connectors.bulk.writers import ParquetFile, writer_of

_MB = 1024 * 1024
# What Python and Arrow take beside the engine.
_BESIDE_MB = 1_536
_ROWS_AT_ONCE = 2_000
_GROUP = 100_000
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A distributed engine that speaks Spark Connect: at an address (``sc://host:port``), or Sail
    in our own process with so many workers.
    """

    address: str = ""
    workers: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the engine may take. ``seconds`` is for one job; with ``cluster`` the extract itself is
    put together there, and not by the embedded engine.
    """

    memory_mb: int = 2_048
    threads: int = 2
    disk_mb: int = 20_480
    seconds: int = 3_600
    cluster: Cluster | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What is written: the statement, and how its rows become a file.

    ``tables`` are the staged files by their names, for a ``cluster``.
    """

    statement: Statement
    leaving: Leaving
    columns: tuple[OutColumn, ...]
    form: Form
    file: Path
    geometry: str
    key: str
    cluster: Cluster | None = None
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """What the engine begins with: relations by name, and what it may touch.

    ``files`` are read beside those in ``folder``; ``out`` is the folder that is written to.
    """

    folder: Path
    limits: Limits
    views: Mapping[str, str]
    files: tuple[Path, ...] = ()
    out: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: queries whose rows are told, queries whose rows go to a file, an extract."""

    queries: Mapping[str, str] = field(default_factory=dict)
    to_files: Mapping[str, str] = field(default_factory=dict)
    writing: Writing | None = None


def main() -> None:
    """Do the jobs that stand on standard input, until there are no more."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    given = sys.stdin.buffer
    begin: Begin = pickle.load(given)  # noqa: S301  # by the process that started us
    limit = (begin.limits.memory_mb + _BESIDE_MB) * _MB
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    engine = opened(begin)
    with contextlib.suppress(EOFError):
        while True:
            job: Job = pickle.load(given)  # noqa: S301  # by the process that started us
            try:
                told: dict[str, Any] = {"done": _done(engine, begin.folder, job)}
            except (duckdb.Error, MemoryError, OSError) as error:
                # The class only: the text of a fault may hold values.
                told = {"failed": type(error).__name__}
            _tell(told)


def _end_with(owner: int) -> None:
    """End with who started us: one that is killed can not end a query that takes an hour."""
    while os.getppid() == owner:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _done(engine: duckdb.DuckDBPyConnection, folder: Path, job: Job) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: engine.execute(sql).fetchall() for name, sql in job.queries.items()
    }
    for name, sql in job.to_files.items():
        engine.execute(f"COPY ({sql}) TO {_text(str(folder / name))} (FORMAT parquet)")
    if job.writing is not None:
        told |= _written(engine, folder, job.writing)
    return told


def opened(begin: Begin) -> duckdb.DuckDBPyConnection:
    """The engine with its relations, locked."""
    engine = duckdb.connect()
    out = [begin.out] if begin.out is not None else []
    settings: Mapping[str, object] = {
        "memory_limit": f"{begin.limits.memory_mb}MB",
        "threads": begin.limits.threads,
        "temp_directory": str(begin.folder),
        "max_temp_directory_size": f"{begin.limits.disk_mb}MB",
        "allow_community_extensions": False,
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": False,
    }
    for name, value in settings.items():
        engine.execute(f"SET {name} = ?", [value])
    folders = ", ".join(_text(f"{each}/") for each in (begin.folder, *out))
    engine.execute(f"SET allowed_directories = [{folders}]")
    if begin.files:
        engine.execute(f"SET allowed_paths = [{', '.join(_text(str(f)) for f in begin.files)}]")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")
    for name, sql in begin.views.items():
        engine.execute(f"CREATE VIEW {name} AS {sql}")
    return engine


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _tell(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _written(engine: duckdb.DuckDBPyConnection, folder: Path, job: Writing) -> dict[str, Any]:
    """Write the file; gives its number of rows, digest, and the gaps by kind."""
    as_it_is = (
        job.form is Form.PARQUET
        and job.cluster is None
        and job.leaving.as_they_are
        and all(one.kind is not Kind.MIXED for one in job.statement.outputs)
    )
    size = _GROUP if as_it_is else _ROWS_AT_ONCE
    if job.cluster is None:
        reader = engine.sql(job.statement.sql).to_arrow_reader(size)
    else:
        reader = _on_cluster(job.cluster, folder, job)
    counted = _as_it_is(reader, job) if as_it_is else _by_record(reader, job)
    with job.file.open("rb") as made:
        digest = file_digest(made, "sha256").hexdigest()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    return {**counted, "sha256": digest, "bytes": job.file.stat().st_size, "peak_mb": peak}


def _on_cluster(cluster: Cluster, folder: Path, job: Writing) -> Any:
    """The rows of a statement in the Spark dialect, some at a time."""
    from landschap.integration.connectors.bulk import sail

    with sail.opened_session(cluster.address, workers=cluster.workers) as session:
        made = sail.rows_to_files(session, job.statement.sql, job.tables, folder)
    return sail.batches_of(made, _ROWS_AT_ONCE)


def _as_it_is(reader: Any, job: Writing) -> dict[str, Any]:
    """Rows of the engine straight to the file."""
    target = ParquetFile(job.file, job.columns)
    by_path = {one.path: one.name for one in job.statement.outputs}
    names = [by_path[each.path] for each in job.columns[:-1]]
    gaps: Counter[str] = Counter()
    rows = 0
    for batch in reader:
        target.write_as_it_is(batch, names)
        rows += batch.num_rows
        if job.statement.has_gaps:
            for one in batch.column("gap").value_counts().to_pylist():
                for gap in gaps_told(one["values"]) or ():
                    gaps[gap_key(gap)] += one["counts"]
        _tell({"rows": rows})
    target.close()
    return {"rows": rows, "gaps": gaps, "left_out": 0}


def _by_record(reader: Any, job: Writing) -> dict[str, Any]:
    """Rows of the engine by way of records."""
    target = writer_of(job.form, job.file, job.columns, geometry=job.geometry, key=job.key)
    gaps: Counter[str] = Counter()
    rows = left_out = 0
    for batch in reader:
        made = records_of(batch.to_pylist(), job.statement, job.leaving)
        target.write(made.records)
        for record in made.records:
            gaps.update(gap_keys(record))
        rows += len(made.records)
        left_out += made.left_out
        _tell({"rows": rows})
    target.close()
    return {"rows": rows, "gaps": gaps, "left_out": left_out}


if __name__ == "__main__":
    main()
