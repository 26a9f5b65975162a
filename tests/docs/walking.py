# SPDX-License-Identifier: EUPL-1.2
"""A page of the manual that is typed along: its blocks, a shell that runs them, what they must say.

A ``sh`` block is typed; a ``text`` block right after it is what must come back, as a pattern: three
dots stand for anything within a line, and alone on a line for any lines. A comment before a block
says how it is run: ``again`` (until it says so, as a reader would) or ``skip``.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.platform.serving import alive, command_of, descendants

_BLOCK = re.compile(
    r"(?:<!-- landschap-test: (?P<how>\w+) -->\n)?"
    r"```sh\n(?P<typed>.*?)```\n(?:```text\n(?P<says>.*?)```\n)?",
    re.DOTALL,
)
_END = "end-of-block"
_SHELL = f"""
set -E
trap 'failed=1' ERR
block() {{ failed=0; {{ . "$1"; }} < /dev/null 2>&1; printf '\\n{_END} %d %s\\n' "$failed" "$(jobs -p | tr '\\n' ' ')"; }}
"""


@dataclass(frozen=True, kw_only=True)
class Block:
    """What is typed at once, how, and what must come back (None: nothing is promised)."""

    line: int
    typed: str
    says: str | None
    how: str = ""


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    return [
        Block(
            line=page[: found.start("typed")].count("\n") + 1,
            typed=found["typed"],
            says=found["says"],
            how=found["how"] or "",
        )
        for found in _BLOCK.finditer(page)
    ]


def says(output: str, pattern: str) -> bool:
    """True when the output says, from its first line to its last, what the pattern says."""
    parts = []
    for line in pattern.splitlines():
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("...")) + r"\n")
    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in lines)) is not None


@dataclass
class Shell:
    """One bash that stays, as the reader's terminal does; and the processes it started."""

    folder: Path
    deadline: float
    process: subprocess.Popen[bytes]
    jobs: set[int] = field(default_factory=set)
    started: set[int] = field(default_factory=set)
    count: int = 0

    @classmethod
    def open(cls, folder: Path, seconds: float) -> Self:
        """In an empty folder, with the program of this environment on the path."""
        bin_folder = str(Path(sys.executable).parent)
        environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        environment.pop("COLUMNS", None)
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        shell = cls(folder, time.monotonic() + seconds, process)
        shell._write(_SHELL)
        return shell

    def run(self, typed: str) -> str:
        """Type one block; gives what it said. Fails when a command of it failed."""
        self.count += 1
        file = self.folder.parent / f"block-{self.count}.sh"
        file.write_text(typed, encoding="utf-8")
        self._write(f'block "{file}"\n')
        output, failed, jobs = self._read()
        self.jobs |= set(map(int, jobs.split()))
        self._look()
        assert failed == "0", f"a command failed in:\n{typed}\nIt said:\n{output}\n{self.logs()}"
        return output

    def left(self) -> dict[int, str]:
        """The processes started here that still live."""
        return {pid: command_of(pid) for pid in self.started if alive(pid)}

    def close(self) -> None:
        """End what still runs, by its id, and the shell: the jobs in their own way, then the rest."""
        self._look()
        for number, chosen in ((signal.SIGTERM, self.jobs), (signal.SIGKILL, self.started)):
            for pid in chosen & self.left().keys():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            limit = time.monotonic() + 30
            while self.left() and time.monotonic() < limit:
                time.sleep(0.1)
        self.process.kill()
        self.process.communicate()

    def _look(self) -> None:
        """Remember what the jobs started in their turn."""
        for job in self.jobs:
            self.started |= {job, *descendants(job)}

    def logs(self) -> str:
        """The ends of the logs that were written beside the organisations."""
        return "\n".join(self._logs())

    def _logs(self) -> Iterator[str]:
        for file in sorted(self.folder.glob("*.log")):
            yield f"{file.name}:\n{file.read_text(encoding='utf-8', errors='replace')[-2_000:]}"

    def _write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def _read(self) -> tuple[str, str, str]:
        assert self.process.stdout is not None
        found = b""
        end = re.compile(rb"\n" + _END.encode() + rb" (\d) ([\d ]*)\n\Z")
        while not (match := end.search(found)):
            rest = self.deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(rest, 0))
            assert ready, f"took too long; it said:\n{found.decode()}\n{self.logs()}"
            found += os.read(self.process.stdout.fileno(), 65_536)
        return found[: match.start()].decode(), match[1].decode(), match[2].decode()
