# SPDX-License-Identifier: EUPL-1.2
"""The demo gives the same commands that an operator types, and reads their JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND_SECONDS = 120


class CommandFailedError(RuntimeError):
    """A command ended with another exit code than the demo can go on with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command answered: exit code, the JSON on stdout, the words on stderr."""

    code: int
    answer: Any
    words: str


async def landschap(config: Path, *arguments: str, may_fail: bool = False) -> Outcome:
    """Run ``landschap ARGUMENTS --json --config CONFIG``.

    Raises CommandFailedError with the command's own words unless ``may_fail``.
    """
    line = [*arguments, "--json", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "landschap",
        *line,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CommandFailedError(f"landschap {' '.join(arguments)}: no answer in time") from None
    code = process.returncode or 0
    if code != 0 and not may_fail:
        words = err.decode(errors="replace").strip() or out.decode(errors="replace").strip()
        raise CommandFailedError(f"landschap {' '.join(arguments)} (exit {code}): {words}")
    text = out.decode(errors="replace").strip()
    return Outcome(
        code=code, answer=json.loads(text) if text else None, words=err.decode(errors="replace")
    )
