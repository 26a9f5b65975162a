# SPDX-License-Identifier: EUPL-1.2
"""Keys of applications, made once and kept where the demo keeps its secrets."""

from __future__ import annotations

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import Landscape, Member


async def key_of(landscape: Landscape, member: Member, name: str) -> str:
    """The key of an application of a member, admitted when it was not yet."""
    from landschap.platform.folders import write_private

    kept = landscape.folder / member.key / "secrets" / f"{name}.key"
    if kept.exists():
        return kept.read_text().strip()
    made = await landschap(landscape.settings_file(member), "application", "add", name)
    key = str(made.answer["key"])
    write_private(kept, key.encode())
    return key
