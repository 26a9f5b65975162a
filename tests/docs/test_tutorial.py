# SPDX-License-Identifier: EUPL-1.2
"""The tutorial is true: every line in it is typed, in order, and says what the page promises."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.walking import Block, Shell, blocks_of, says

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "two-organisations.md"
# The page's addresses, and those of this run: a reader may be at work on the same machine.
NETWORK, OURS = "127.0.31.", f"127.0.{200 + os.getpid() % 50}."
WHOLE_SECONDS = 300
AGAIN_SECONDS = 30


@pytest.fixture
def shell() -> Iterator[Shell]:
    """A terminal in an empty folder, on a short path."""
    folder = Path(tempfile.mkdtemp(prefix="ls-walk-"))
    folder.chmod(0o755)
    (folder / "twee-gemeenten").mkdir()
    opened = Shell.open(folder / "twee-gemeenten", WHOLE_SECONDS)
    yield opened
    opened.close()
    shutil.rmtree(folder, ignore_errors=True)


# In CI its absence is a failure: `make test` installs it there.
@pytest.mark.skipif(
    shutil.which("curl") is None and os.environ.get("CI") != "true",
    reason="no curl here, with which the tutorial asks; as root: apt-get install curl",
)
@pytest.mark.long
def test_who_types_the_tutorial_sees_what_it_promises_and_leaves_nothing_running(
    shell: Shell,
) -> None:
    for block in blocks_of(PAGE.read_text(encoding="utf-8").replace(NETWORK, OURS)):
        if block.how != "skip":
            typed_along(shell, block)
    assert len(shell.started) > len(["gids", "zeedorp", "bosdorp", "the calendar"])
    assert not shell.left()


def typed_along(shell: Shell, block: Block) -> None:
    """Type one block; fails when it does not say what the page promises."""
    began = time.monotonic()
    output = shell.run(block.typed)
    if block.says is None:
        return
    while block.how == "again" and not says(output, block.says):
        assert time.monotonic() < began + AGAIN_SECONDS, _differs(shell, block, output)
        time.sleep(0.5)
        output = shell.run(block.typed)
    assert says(output, block.says), _differs(shell, block, output)


def _differs(shell: Shell, block: Block, output: str) -> str:
    return (
        f"line {block.line} of {PAGE.name} promises:\n{block.says}\n"
        f"but this came:\n{output}\n{shell.logs()}"
    )


def test_a_page_promises_no_more_than_one_block_can_keep() -> None:
    blocks = blocks_of(PAGE.read_text(encoding="utf-8"))
    assert [block.how for block in blocks].count("skip") == 1, "only the way in is not typed"
    assert all(block.says for block in blocks if block.how == "again")
    assert sum(block.says is not None for block in blocks) > len(blocks) // 2


@pytest.mark.parametrize(
    ("output", "pattern", "expected"),
    [
        ("state: valid\n", "state: valid\n", True),
        ("state: proposed\n", "state: valid\n", False),
        ("one\ntwo\nthree\n", "...\nthree\n", True),
        ("one\ntwo\nthree\n", "...\ntwo\n", False),
        ("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}", "HTTP/1.1 200 ...\n...\n{}\n", True),
        ("one\n", "one\n...\ntwo\n", False),
        ("a.b\n", "a+b\n", False),
    ],
)
def test_a_pattern_is_read_from_the_first_line_to_the_last(
    output: str, pattern: str, expected: bool
) -> None:
    assert says(output, pattern) is expected
