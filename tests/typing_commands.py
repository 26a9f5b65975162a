# SPDX-License-Identifier: EUPL-1.2
"""Typing ``landschap`` commands as a script does: its own process, nobody at the keyboard."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it answered, read."""
        return json.loads(self.out)


async def start(config: Path, dsn: str | None, *words: str) -> asyncio.subprocess.Process:
    """Start ``landschap WORDS`` on an organisation and its database; the caller sees it end."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "landschap", *words, "--config", str(config),
        env=os.environ | {"LANDSCHAP__POSTGRES__DSN": dsn or ""},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def typed(config: Path, dsn: str | None, *words: str) -> Done:
    """Run ``landschap WORDS`` to its end."""
    process = await start(config, dsn, *words)
    out, err = await process.communicate()
    return Done(code=process.returncode or 0, out=out.decode(), err=err.decode())
