# SPDX-License-Identifier: EUPL-1.2
"""The same plan by a distributed engine, in the Spark dialect: Sail, or another Spark Connect.

Needs the extra ``sail``. The staged files must lie where every worker reads them.
Source: Spark Connect; Sail (pysail).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def opened_session(address: str = "", *, workers: int = 2) -> Iterator[Any]:
    """A session with the server at ``address`` (``sc://host:port``), or with one of our own.

    Our own listens on loopback, as a cluster of ``workers`` on this machine.
    Raises ModuleNotFoundError without the extra.
    """
    from pyspark.sql import SparkSession

    if address:
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


def rows_of(session: Any, sql: str, folders: Mapping[str, Path]) -> Sequence[Mapping[str, Any]]:
    """The rows of a statement over staged files, each ``<name>.parquet`` in its folder."""
    for name, folder in folders.items():
        file = str(folder / f"{name}.parquet")
        session.read.parquet(file).createOrReplaceTempView(name)
    found: list[Mapping[str, Any]] = session.sql(sql).toArrow().to_pylist()
    return found
