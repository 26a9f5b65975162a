# SPDX-License-Identifier: EUPL-1.2
"""The same plan by a distributed engine, in the Spark dialect: Sail, or another Spark Connect.

Needs the extra ``sail``. The staged files must lie where every worker reads them.
Source: Spark Connect; Sail (pysail).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_MADE = "verspreid"
_REACH_SECONDS = 10.0


class ClusterFailed(OSError):
    """The distributed engine did not do it. Holds the class of its fault only."""


@contextmanager
def opened_session(address: str = "", *, workers: int = 2) -> Iterator[Any]:
    """A session with the server at ``address`` (``sc://host:port``), or with one of our own.

    Our own listens on loopback, as a cluster of ``workers`` on this machine.
    Raises ModuleNotFoundError without the extra, and OSError for a server that is not there.
    """
    from pyspark.sql import SparkSession

    if address:
        _reached(address)
        session = SparkSession.builder.remote(address).getOrCreate()
        try:
            yield session
        finally:
            session.stop()
        return
    from pysail.spark import SparkConnectServer

    os.environ["SAIL_MODE"] = "local-cluster"
    os.environ["SAIL_CLUSTER__WORKER_INITIAL_COUNT"] = str(workers)
    server = SparkConnectServer()
    server.start()
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
    try:
        yield session
    finally:
        session.stop()
        server.stop()


def _reached(address: str) -> None:
    """Raises OSError when nothing listens there: a client of Spark would try for minutes."""
    host, _, port = address.removeprefix("sc://").partition(":")
    with socket.create_connection((host, int(port)), timeout=_REACH_SECONDS):
        pass


def rows_of(session: Any, sql: str, folders: Mapping[str, Path]) -> Sequence[Mapping[str, Any]]:
    """The rows of a statement over staged files, each ``<name>.parquet`` in its folder."""
    for name, folder in folders.items():
        file = str(folder / f"{name}.parquet")
        session.read.parquet(file).createOrReplaceTempView(name)
    found: list[Mapping[str, Any]] = session.sql(sql).toArrow().to_pylist()
    return found


def rows_to_files(session: Any, sql: str, names: Iterable[str], folder: Path) -> Path:
    """Write the rows of a statement over the staged files of a folder into a folder below it.

    The engine writes them itself, so that they never have to fit in our memory. Raises
    ClusterFailed.
    """
    from pyspark.errors import PySparkException

    made = folder / _MADE
    try:
        for name in names:
            session.read.parquet(str(folder / f"{name}.parquet")).createOrReplaceTempView(name)
        session.sql(sql).write.mode("overwrite").parquet(str(made))
    except PySparkException as error:
        # Its words may hold values.
        raise ClusterFailed(type(error).__name__) from None
    return made


def batches_of(folder: Path, size: int) -> Iterator[Any]:
    """Those rows, at most so many at a time."""
    for file in sorted(folder.rglob("*.parquet")):
        read = pq.ParquetFile(file)  # type: ignore[no-untyped-call]  # pyarrow
        yield from read.iter_batches(size)  # type: ignore[no-untyped-call]  # pyarrow
