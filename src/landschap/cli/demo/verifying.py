# SPDX-License-Identifier: EUPL-1.2
"""The demo's logs: both hold together, and a copy in which one record was changed does not."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import Landscape
from landschap.cli.demo.observing import figures_of, tamper
from landschap.cli.demo.report import Seen, demand


async def logs_verify(scene: Landscape) -> Seen:
    """Records, batches, lanes and anchors of both logs fit together."""
    seen: Seen = {}
    for member in (scene.weesp, scene.doesburg):
        outcome = await landschap(scene.settings_file(member), "verify", may_fail=True)
        seen[member.key] = {"exit": outcome.code, **figures_of(outcome.answer)}
        demand(outcome.code == 0, f"the log of {member.name} does not verify", seen)
    return seen


async def tampered_copy_fails(scene: Landscape) -> Seen:
    """One changed record in a copy of the log is found, and named."""
    config = scene.settings_file(scene.weesp)
    copy = scene.folder / "logs" / "kopie.jsonl"
    await export_log(config, copy)
    whole = await landschap(config, "verify", "--file", str(copy), may_fail=True)
    changed = tamper(copy)
    outcome = await landschap(config, "verify", "--file", str(copy), may_fail=True)
    found = json.dumps(outcome.answer)
    seen: Seen = {"untouched": whole.code, "exit": outcome.code, "changed": changed,
                  "named": changed in found}  # fmt: skip
    demand(whole.code == 0, "the untouched copy does not verify", seen)
    demand(outcome.code == 7 and changed in found, "the change is not pinpointed", seen)
    return seen


async def export_log(config: Path, target: Path) -> None:
    """Copy a member's log to a file. Raises RuntimeError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "landschap", "log", "export", str(target), "--config", str(config),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    if await process.wait() != 0:
        raise RuntimeError("the log could not be exported")
