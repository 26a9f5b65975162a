# SPDX-License-Identifier: EUPL-1.2
"""The page on packages is true: every line in it is typed, and says what the page promises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.docs.walking import Shell, blocks_of, says
from tests.packages.package_rig import MAKER, TAKER, set_up, town
from tests.throwaway import Cluster

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "packages.md"
SECONDS = 300


@pytest.fixture
async def home(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Path]:
    """A folder with two municipalities, of which one set something up."""
    home = tmp_path / "home"
    made = []
    for key, oin, name in (
        ("weesp", MAKER, "Gemeente Weesp"),
        ("heidedorp", TAKER, "Gemeente Heidedorp"),
    ):
        one = await town(cluster, home / key, oin, name)
        with one.config.open("a", encoding="utf-8") as settings:
            settings.write(f'\n[postgres]\ndsn = "{one.database.settings.postgres.dsn}"\n')
        made.append(one)
    set_up(made[0])
    yield home
    for one in made:
        one.database.close()
        await cluster.run(f"DROP DATABASE {one.database.name} WITH (FORCE)")


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    opened = Shell.open(home, SECONDS)
    yield opened
    opened.close()


@pytest.mark.long
def test_who_types_the_page_sees_what_it_promises(shell: Shell) -> None:
    blocks = blocks_of(PAGE.read_text(encoding="utf-8"))
    for block in blocks:
        output = shell.run(block.typed)
        if block.says is not None:
            assert says(output, block.says), f"line {block.line}:\n{output}"
    assert len(blocks) > 10
