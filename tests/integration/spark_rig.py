# SPDX-License-Identifier: EUPL-1.2
"""Spark itself, as a Spark Connect server on this machine, from an environment of its own.

`make spark` makes that environment; without it, or without Java, a test is skipped with the reason.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.ports import free_port

ENVIRONMENT = Path(__file__).parents[2] / ".spark"
_READY_SECONDS = 120.0


@contextmanager
def running_spark(folder: Path) -> Iterator[str]:
    """The address of a server with two cores; ended at the end."""
    homes = sorted(ENVIRONMENT.glob("lib/python*/site-packages/pyspark"))
    if not homes:
        pytest.skip("Spark is not installed; `make spark` does")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    port = free_port()
    command = [
        str(homes[0] / "bin" / "spark-submit"), "--master", "local[2]",
        "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
        "--conf", f"spark.connect.grpc.binding.port={port}",
        "--conf", "spark.connect.grpc.binding.address=127.0.0.1",
        "--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1",
        "--conf", "spark.ui.enabled=false", "--conf", "spark.sql.shuffle.partitions=2",
        "--conf", f"spark.sql.warehouse.dir={folder / 'warehouse'}",
        "spark-internal",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "SPARK_LOCAL_DIRS": str(folder / "spark"),
        "SPARK_HOME": str(homes[0]),
    }
    with (folder / "spark.log").open("wb") as told:
        process = subprocess.Popen(
            command, stdout=told, stderr=told, cwd=folder, env=environment, start_new_session=True
        )
    try:
        _wait(process, port, folder / "spark.log")
        yield f"sc://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=40)


def _wait(process: subprocess.Popen[bytes], port: int, told: Path) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Spark is not ready:\n{told.read_text()[-3_000:]}")
