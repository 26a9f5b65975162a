# SPDX-License-Identifier: EUPL-1.2
"""The pages on loading and exporting are true: every line in them is typed, one page after the other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.walking import Shell, blocks_of, says
from tests.registers.loading_rig import permits
from tests.throwaway import Cluster

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
PAGES = ("load-a-register.md", "export-a-register.md")
SECONDS = 180


@pytest.fixture
async def home(cluster: Cluster, tmp_path: Path) -> Path:
    config, _ = await permits(cluster, tmp_path)
    return config.parent


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    opened = Shell.open(home, SECONDS)
    yield opened
    opened.close()


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv here, which the page uses")
@pytest.mark.long
def test_who_types_both_pages_sees_what_they_promise(shell: Shell) -> None:
    count = 0
    for name in PAGES:
        for block in blocks_of((HOW_TO / name).read_text(encoding="utf-8")):
            output = shell.run(block.typed)
            count += 1
            if block.says is not None:
                assert says(output, block.says), f"{name}, line {block.line}:\n{output}"
    assert count > 10
