# SPDX-License-Identifier: EUPL-1.2
"""Organisations as their users set them up: files in a folder, `landschap serve`, commands."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from tests.fsc import fsc_rig as rig
from tests.fsc_running.places import (
    ADMIN_PORT,
    DIRECTORY,
    DOESBURG,
    FSC_PORT,
    OUTWAY_PORT,
    PLACES,
    WEESP,
    Network,
    Place,
)

from landschap.cli.demo.processes import Part, Processes
from landschap.fsc.client import own_peer
from landschap.fsc.own import OwnPeer
from landschap.platform import postgres
from landschap.platform.folders import write_private
from landschap.platform.identity import Issued, Validity, issue_organisation
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.identifiers import Oin

# Long enough for an Outway to use a token, short enough for a test to see one expire.
TOKEN_SECONDS = 20
AUTO_SIGN = ("serviceConnection", "delegatedServiceConnection")
# `ip` becomes the program it starts, so the process that the tests know is the organisation's own.
_INSIDE = "import os, sys; os.execvp('ip', ['ip', 'netns', 'exec', *sys.argv[1:]])"


@dataclass(kw_only=True)
class Organisation:
    """One organisation that runs."""

    place: Place
    network: Network
    folder: Path
    settings: Settings
    stack: AsyncExitStack
    own: OwnPeer = field(init=False)
    _pools: dict[str, asyncpg.Pool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.own = own_peer(self.settings)

    @property
    def config(self) -> Path:
        """Its settings file, for commands."""
        return self.settings.path

    @property
    def manager(self) -> str:
        """What peers call its Manager by."""
        return self.settings.addresses.manager

    @property
    def inway(self) -> str:
        """What peers call its Inway by."""
        return self.settings.addresses.inway

    @property
    def outway(self) -> str:
        """What its own applications call its Outway by; it has TLS as soon as it leaves loopback."""
        scheme = "http" if self.network.on_loopback else "https"
        return f"{scheme}://outway.{self.place.key}.test:{OUTWAY_PORT}"

    @property
    def part(self) -> Part:
        """`landschap serve`, inside the organisation's namespace when it has one."""
        serve: tuple[str, ...] = ("-m", "landschap", "serve", "--config", str(self.config))
        namespace = self.network.namespaces.get(self.place.key)
        if namespace is not None:
            serve = ("-c", _INSIDE, namespace, sys.executable, *serve)
        return Part(
            name=self.place.key,
            module=serve,
            ready=f"http://{self.network.at(self.place.number)}:{ADMIN_PORT}/health/ready",
        )

    async def pool(self, room: str) -> asyncpg.Pool:
        """A pool of its database, as the room's own role."""
        if room not in self._pools:
            made = await postgres.pool(self.settings, room, size=2)
            self.stack.callback(made.terminate)
            self._pools[room] = made
        return self._pools[room]

    def forget_pools(self) -> None:
        """Its database was killed: later questions need new connections."""
        for made in self._pools.values():
            made.terminate()
        self._pools.clear()


def write_organisation(
    place: Place, network: Network, folder: Path, anchor: Issued, stack: AsyncExitStack
) -> Organisation:
    """The folder of an organisation: identity, trust anchor, settings."""
    home = folder / place.key
    issued = issue_organisation(
        anchor,
        oin=Oin.parse(place.peer_id),
        name=place.name,
        hosts=[f"{part}.{place.key}.test" for part in ("manager", "inway", "outway")],
        validity=Validity.of_days(datetime.now(UTC), 30),
    )
    home.mkdir()
    (home / "organisation.crt").write_bytes(issued.certificate_pem)
    write_private(home / "organisation.key", issued.key_pem)
    (home / "anchor.crt").write_bytes(anchor.certificate_pem)
    (home / "organisation.toml").write_text(_settings(place, network), encoding="utf-8")
    settings = load_settings(home / "organisation.toml", {})
    return Organisation(place=place, network=network, folder=home, settings=settings, stack=stack)


def organisation_key(organisation: Organisation) -> tuple[Path, Path]:
    """The files with which an organisation proves itself: certificate and key."""
    return organisation.settings.identity.certificate, organisation.settings.identity.key


async def start(processes: Processes, organisations: Sequence[Organisation]) -> None:
    """Start them side by side. Raises NotReadyError."""
    await processes.start([each.part for each in organisations])


def tell_to_stop(processes: Processes, organisations: Sequence[Organisation]) -> None:
    """All at once; leaving the context of ``processes`` waits for each."""
    for each in organisations:
        with suppress(KeyError, ProcessLookupError):
            os.kill(processes.pid(each.place.key), signal.SIGTERM)


def _settings(place: Place, network: Network) -> str:
    listen = {"manager": FSC_PORT, "admin": ADMIN_PORT}
    lines = [
        "[organisation]",
        f'oin = "{place.peer_id}"',
        f'name = "{place.name}"',
        f'group_id = "{rig.GROUP}"',
        "fictitious = true",
        "[identity]",
        'certificate = "organisation.crt"',
        'key = "organisation.key"',
        'trust_anchors = ["anchor.crt"]',
        "[nginx]",
        "workers = 1",
        "[processes]",
        "deciders = 1",
        "[network]",
        "allow_private = true",
        "[network.hosts]",
        *(f'"{host}" = "{address}"' for host, address in network.hosts().items()),
        "[addresses]",
        f'manager = "https://manager.{place.key}.test:{FSC_PORT}"',
        f'inway = "https://inway.{place.key}.test:{FSC_PORT}"',
        "[listen]",
        *(f'{name} = "{network.at(place.number)}:{port}"' for name, port in listen.items()),
    ]
    if place.inway_number is not None:
        lines.append(f'inway = "{network.at(place.inway_number)}:{FSC_PORT}"')
    if place.outway_number is not None:
        lines.append(f'outway = "{network.at(place.outway_number)}:{OUTWAY_PORT}"')
    return "\n".join([*lines, *_role(place)]) + "\n"


def _role(place: Place) -> list[str]:
    if place.peer_id == DIRECTORY:
        return ["[roles]", "directory = true", "[fsc]", 'auto_sign = ["servicePublication"]']
    words = ", ".join(f'"{each}"' for each in AUTO_SIGN)
    return [
        "[directory]",
        f'peer_id = "{DIRECTORY}"',
        f'manager_address = "https://manager.{PLACES["gids"].key}.test:{FSC_PORT}"',
        "[fsc]",
        f"token_ttl_seconds = {TOKEN_SECONDS}",
        f"auto_sign = [{words}]",
        *_witness(place),
    ]


def _witness(place: Place) -> list[str]:
    """Weesp and Doesburg keep the ends of each other's log."""
    others = {WEESP: DOESBURG, DOESBURG: WEESP}
    if place.peer_id not in others:
        return []
    return ["[witness]", f'peers = ["{others[place.peer_id]}"]', "seconds_between = 2"]
