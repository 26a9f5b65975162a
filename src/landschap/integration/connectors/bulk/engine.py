# SPDX-License-Identifier: EUPL-1.2
"""The embedded engine at work, in a process of its own.

One job on standard input, progress as JSON lines on standard output. A fault of the engine, or
memory that runs out, ends this process and one extract, and nothing else. It reads and writes the
folder of the job and the files it is given: no network, no extensions, no other files.
"""

from __future__ import annotations

import json
import pickle
import resource
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the engine may take. ``seconds`` is for one job."""

    memory_mb: int = 2_048
    threads: int = 2
    disk_mb: int = 20_480
    seconds: int = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What is written: the statement, and how its rows become a file."""

    statement: Statement
    leaving: Leaving
    columns: tuple[OutColumn, ...]
    form: Form
    file: Path
    geometry: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: relations by name, then a file to write, or queries of which the rows are told.

    ``files`` are read beside those in ``folder``.
    """

    folder: Path
    limits: Limits
    views: Mapping[str, str]
    files: tuple[Path, ...] = ()
    queries: Mapping[str, str] = field(default_factory=dict)
    to_files: Mapping[str, str] = field(default_factory=dict)
    writing: Writing | None = None


def main() -> None:
    """Do the job that stands on standard input."""
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301  # by the process that started us
    limit = (job.limits.memory_mb + _BESIDE_MB) * _MB
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    engine = opened(job)
    told: dict[str, Any] = {}
    for name, sql in job.queries.items():
        told[name] = engine.execute(sql).fetchall()
    for name, sql in job.to_files.items():
        file = str(job.folder / name).replace("'", "''")
        engine.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")
    if job.writing is not None:
        told |= _written(engine, job.writing)
    _tell({"done": told})


def opened(job: Job) -> duckdb.DuckDBPyConnection:
    """The engine with the relations of a job, locked."""
    engine = duckdb.connect()
    out = [job.writing.file.parent] if job.writing is not None else []
    settings: Mapping[str, object] = {
        "memory_limit": f"{job.limits.memory_mb}MB",
        "threads": job.limits.threads,
        "temp_directory": str(job.folder),
        "max_temp_directory_size": f"{job.limits.disk_mb}MB",
        "allow_community_extensions": False,
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": False,
    }
    for name, value in settings.items():
        engine.execute(f"SET {name} = ?", [value])
    folders = ", ".join(_text(f"{each}/") for each in (job.folder, *out))
    engine.execute(f"SET allowed_directories = [{folders}]")
    if job.files:
        engine.execute(f"SET allowed_paths = [{', '.join(_text(str(f)) for f in job.files)}]")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")
    for name, sql in job.views.items():
        engine.execute(f"CREATE VIEW {name} AS {sql}")
    return engine


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _tell(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _written(engine: duckdb.DuckDBPyConnection, job: Writing) -> dict[str, Any]:
    """Write the file; gives its number of rows, digest, and the gaps by kind."""
    as_it_is = (
        job.form is Form.PARQUET
        and job.leaving.as_they_are
        and all(one.kind is not Kind.MIXED for one in job.statement.outputs)
    )
    size = _GROUP if as_it_is else _ROWS_AT_ONCE
    reader = engine.sql(job.statement.sql).to_arrow_reader(size)
    counted = _as_it_is(reader, job) if as_it_is else _by_record(reader, job)
    with job.file.open("rb") as made:
        digest = file_digest(made, "sha256").hexdigest()
    return {**counted, "sha256": digest, "bytes": job.file.stat().st_size}


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
