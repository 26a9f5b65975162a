# SPDX-License-Identifier: EUPL-1.2
"""The pages on retention, open data and notices are true: the blocks of theirs are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.walking import Shell, blocks_of, says
from tests.registers.loading_rig import permits
from tests.throwaway import Cluster

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
SECONDS = 240


def type_page(home: Path, name: str) -> int:
    """Type every block of a page; how many there were."""
    shell = Shell.open(home, SECONDS)
    try:
        page = (HOW_TO / name).read_text(encoding="utf-8")
        blocks = [each for each in blocks_of(page) if each.how != "skip"]
        for block in blocks:
            output = shell.run(block.typed)
            if block.says is not None:
                assert says(output, block.says), f"{name}, line {block.line}:\n{output}"
    finally:
        shell.close()
    return len(blocks)


@pytest.fixture
async def home(cluster: Cluster, tmp_path: Path) -> Path:
    config, _ = await permits(cluster, tmp_path)
    return config.parent


@pytest.mark.long
def test_who_types_the_page_on_retention_sees_what_it_promises(home: Path) -> None:
    assert type_page(home, "retention.md") == 6


@pytest.mark.long
def test_who_types_the_page_on_open_data_sees_what_it_promises(home: Path) -> None:
    assert type_page(home, "open-data.md") == 5


@pytest.mark.long
def test_who_types_the_page_on_notices_sees_what_it_promises(home: Path) -> None:
    assert type_page(home, "notifications.md") == 2
