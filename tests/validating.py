# SPDX-License-Identifier: EUPL-1.2
"""Whether pages are HTML as the standard says, by html-validate."""

from __future__ import annotations

import asyncio
import json
import sysconfig
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "frontend" / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
RULES = {
    "root": True,
    "extends": ["html-validate:standard", "html-validate:a11y"],
}


async def faults_in(pages: Mapping[str, str], folder: Path) -> list[str]:
    """What is wrong with pages, by the name of each; ``folder`` is for this alone."""
    names = {}
    for number, (name, text) in enumerate(pages.items()):
        file = folder / f"{number}.html"
        file.write_text(text, encoding="utf-8")
        names[str(file)] = name
    (folder / ".htmlvalidate.json").write_text(json.dumps(RULES))
    node = Path(sysconfig.get_path("scripts")) / "node"
    process = await asyncio.create_subprocess_exec(
        str(node), str(PROGRAM), "--formatter", "json", *names,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, said = await asyncio.wait_for(process.communicate(), timeout=120)
    assert process.returncode in (0, 1), said.decode()
    return [
        f"{names[each['filePath']]}: {fault['ruleId']}: {fault['message']} ({fault['selector']})"
        for each in json.loads(told or b"[]")
        for fault in each["messages"]
    ]
