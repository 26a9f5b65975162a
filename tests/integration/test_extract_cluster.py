# SPDX-License-Identifier: EUPL-1.2
"""An extract by a distributed engine: row for row what the embedded engine makes."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.integration.bulk_rig import plain
from tests.integration.extract_rig import CHECK, MONITOR, NAME, Village, opened_village
from tests.integration.spark_rig import running_spark
from tests.integration.test_extract import LIMITS, lines

from landschap.cli import source_extract
from landschap.cli.composition_extracts import Asked
from landschap.integration.bulk.extracts import Form
from landschap.integration.connectors.bulk.engine import Cluster, Limits
from landschap.integration.connectors.bulk.office import Delivered, Told
from landschap.platform.trouble import Trouble


@pytest.fixture(scope="module")
async def village(module_database: Any) -> AsyncIterator[Village]:
    """A small municipality."""
    async with opened_village(module_database) as made:
        yield made


async def by(village: Village, folder: Path, purpose: str, cluster: Cluster | None) -> Delivered:
    """One extract by an engine."""
    asked = Asked(name=NAME, purpose=purpose, form=Form.LINES, folder=folder)
    threads = 2 if cluster else LIMITS.threads
    limits = Limits(memory_mb=512, threads=threads, seconds=240, cluster=cluster)
    return await village.room.deliver(asked, limits, Told())


async def compare(village: Village, folder: Path, cluster: Cluster) -> None:
    """Both engines, under obligations and without."""
    for number, purpose in enumerate((CHECK, MONITOR)):
        embedded = await by(village, folder / f"een-{number}", purpose, None)
        spread = await by(village, folder / f"twee-{number}", purpose, cluster)
        assert plain(lines(spread.file)) == plain(lines(embedded.file))
        assert spread.result.rows == embedded.result.rows == 40
        assert spread.result.gaps == embedded.result.gaps
    assert list((village.room.work).glob("extract-*")) == []


@pytest.mark.long
async def test_sail_makes_the_same_extract(village: Village, tmp_path: Path) -> None:
    if importlib.util.find_spec("pysail") is None or importlib.util.find_spec("pyspark") is None:
        pytest.skip("the extra `sail` (pysail, pyspark-client) is not installed")
    await compare(village, tmp_path, Cluster(workers=2))


@pytest.mark.long
async def test_spark_makes_the_same_extract(village: Village, tmp_path: Path) -> None:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("the extra `sail` (pyspark-client) is not installed")
    with running_spark(tmp_path) as address:
        await compare(village, tmp_path, Cluster(address=address))


@pytest.mark.long
async def test_a_cluster_that_is_not_there_is_told_and_leaves_no_file(
    village: Village, tmp_path: Path
) -> None:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("the extra `sail` (pyspark-client) is not installed")
    with pytest.raises(Trouble, match="no extract"):
        await by(village, tmp_path, CHECK, Cluster(address="sc://127.0.0.1:1"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cluster", "sc://a:1"), "needs --engine sail"),
        (("--engine", "sail", "--cluster", "http://a"), "must be sc://HOST:PORT"),
        (("--engine", "sail"), "pip install 'landschap[sail]'"),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_read(
    words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(source_extract, "find_spec", lambda _name: None)
    given = ["x", "--purpose", "https://doelen.example/id/x", "--out", str(tmp_path), *words]
    done = CliRunner().invoke(source_extract.extract, given)
    assert done.exit_code != 0
    said = done.exception
    assert told in f"{done.output} {said}"
