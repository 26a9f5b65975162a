# SPDX-License-Identifier: EUPL-1.2
"""An organisation as its operator has it: settings in a file, and the command line on them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Group, Manager
from tests.typing_commands import Done, start, typed

PROVIDER = "00000099000000002000"
ASKER = "00000099000000003000"
PROVIDER_NAME = "Gemeente Gevend"
ASKER_NAME = "Gemeente Vragend"
# Peers that have something wrong with them, each its own number and name.
WRONG = {
    "00000099000000051000": "groep.test",
    "00000099000000052000": "naam.test",
    "00000099000000053000": "anker.test",
    "00000099000000054000": "klok.test",
    "00000099000000055000": "bijna.test",
    "00000099000000056000": "vreemd.test",
    "00000099000000057000": "oud.test",
    "00000099000000058000": "dicht.test",
}
rig.HOSTS.update(WRONG)
BY_HOST = {host.removesuffix(".test"): peer_id for peer_id, host in WRONG.items()}


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who types commands for the organisation of a served Manager."""

    manager: Manager
    settings: Path

    async def run(self, *words: str) -> Done:
        """Run ``landschap WORDS`` with nobody at the keyboard."""
        return await typed(self.settings, self.manager.settings.postgres.dsn, *words)

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start ``landschap WORDS``; the caller sees it end."""
        return await start(self.settings, self.manager.settings.postgres.dsn, *words)


async def operator(group: Group, peer_id: str, name: str, **changes: Any) -> Operator:
    """A new peer of the Group with somebody at its command line; ``toml`` is added settings."""
    toml = changes.pop("toml", "")
    manager = await group.add(peer_id, *changes.pop("words", ()), name=name, **changes)
    return Operator(manager=manager, settings=write_settings(manager, toml))


def write_settings(manager: Manager, more: str = "", **changes: Any) -> Path:
    """The settings of a served Manager as a file. Changes: group_id, directory, hosts."""
    own, settings = manager.own, manager.settings
    hosts = changes.get("hosts") or settings.network.hosts
    directory = changes.get("directory") or settings.directory
    assert directory is not None
    lines = [
        "[organisation]",
        f'oin = "{own.peer_id}"',
        f'name = "{own.name}"',
        f'group_id = "{changes.get("group_id", rig.GROUP)}"',
        "fictitious = true",
        "[identity]",
        f'certificate = "{settings.identity.certificate}"',
        f'key = "{settings.identity.key}"',
        f'trust_anchors = ["{settings.identity.trust_anchors[0]}"]',
        *([f'crl = "{changes["crl"]}"'] if "crl" in changes else []),
        "[addresses]",
        f'manager = "{own.manager_address}"',
        f'inway = "{own.inway_address}"',
        "[directory]",
        f'peer_id = "{directory.peer_id}"',
        f'manager_address = "{directory.manager_address}"',
        "[network.hosts]",
        *(f'"{host}" = "{address}"' for host, address in hosts.items()),
        "[paths]",
        f'secrets = "{settings.paths.secrets}"',
        f'run = "{manager.folder / "run"}"',
        "[witness]",
        f"peers = {json.dumps([each.value for each in settings.witness.peers])}",
    ]
    path = manager.folder / "organisation.toml"
    path.write_text("\n".join(lines) + "\n" + more, encoding="utf-8")
    return path
