# SPDX-License-Identifier: EUPL-1.2
"""A provider publishes which field sets it knows; an asker names one, exactly, in its proposal."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Group, Manager, until

import landschap.cli.demo
from landschap.fsc import store
from landschap.gateway.services import read_service
from landschap.gateway.store import apply_services
from landschap.platform import postgres

DATA = Path(landschap.cli.demo.__file__).parent / "data"
PROVIDER = "00000099000000002000"
ASKER = "00000099000000003000"
SERVICE = "woon-en-uitkeringssituatie"
PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"


@pytest.fixture
async def group(cluster: Any, tmp_path: Path) -> AsyncIterator[Group]:
    """A directory and two municipalities with the registers of the demo."""
    made: list[Any] = []

    async def fresh(folder: Path) -> Any:
        made.append(await cluster.fresh(folder))
        return made[-1]

    async with AsyncExitStack() as stack:
        whole = Group(authority=rig.Authority(), folder=tmp_path, fresh=fresh, stack=stack)
        await whole.add(rig.DIRECTORY)
        await whole.add(PROVIDER)
        await whole.add(ASKER)
        yield whole
    for database in made:
        database.close()
        await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


async def run(manager: Manager, *words: str) -> Any:
    """Run ``landschap WORDS --json`` as this organisation; gives what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "landschap", *words, "--json", "--config", str(_toml(manager)),
        env=os.environ | {"LANDSCHAP__POSTGRES__DSN": str(manager.settings.postgres.dsn)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def _toml(manager: Manager) -> Path:
    settings = manager.settings
    identity, directory = settings.identity, settings.directory
    assert directory is not None
    path = settings.path.with_name("peer.toml")
    hosts = "\n".join(f'"{host}" = "{address}"' for host, address in settings.network.hosts.items())
    path.write_text(f"""
[organisation]
oin = "{manager.own.peer_id}"
name = "{manager.own.name}"
group_id = "{rig.GROUP}"
fictitious = true
[identity]
certificate = "{identity.certificate}"
key = "{identity.key}"
trust_anchors = ["{identity.trust_anchors[0]}"]
[addresses]
manager = "{manager.address}"
[directory]
peer_id = "{directory.peer_id}"
manager_address = "{directory.manager_address}"
[network.hosts]
{hosts}
""")
    return path


async def apply_register(manager: Manager, name: str) -> None:
    """The register of the demo, from a copy: applying leaves a note in its folder."""
    folder = manager.folder / "doelbinding"
    shutil.copytree(DATA / name / "doelbinding", folder)
    await run(
        manager, "apply", str(folder), "--author", "A. de Wit",
        "--approver", "B. Jansen", "--reason", "inrichting",
    )  # fmt: skip


async def offer(manager: Manager) -> None:
    """The service as the demo declares it."""
    text = (DATA / "weesp" / "services" / f"{SERVICE}.toml").read_text()
    service = read_service(text)
    assert not isinstance(service, list), service
    pool = await postgres.pool(manager.settings, "gateway", size=1)
    await apply_services(pool, [service], datetime.now(UTC))
    await pool.close()


async def test_an_asker_bounds_its_connection_to_a_field_set_the_directory_lists(
    group: Group,
) -> None:
    giving, asking = group.managers[PROVIDER], group.managers[ASKER]
    await apply_register(giving, "weesp")
    await apply_register(asking, "doesburg")
    await offer(giving)
    published = await run(giving, "contract", "publish", "--service", SERVICE, "--yes")
    (told,) = published["grants"][0]["properties"]["processing.field_sets"]
    assert (told["id"], told["version"]) == ("bijstand-bij-verhuizing", "1")
    async with giving.working(), group.managers[rig.DIRECTORY].working():

        async def valid() -> bool:
            found = await store.contracts(giving.pool)
            return any(each.state(datetime.now(UTC)) == "valid" for each in found)

        await until(valid)
        proposed = await run(
            asking, "contract", "propose", "--peer", PROVIDER, "--service", SERVICE,
            "--purpose", "recht-op-bijstand-vaststellen", "--legal-basis", "eu-gdpr:A6-1-e",
            "--field-set", "bijstand-bij-verhuizing", "--yes",
        )  # fmt: skip
    bound = proposed["grants"][0]["properties"]["processing.purpose_limitation"]
    assert bound == {
        "v": 1,
        "purposes": [PURPOSE],
        "legal_bases": ["eu-gdpr:A6-1-e"],
        "actions": ["raadplegen"],
        "onward": False,
        "field_set": told,
    }
    english, dutch = proposed["sentences"]["en"], proposed["sentences"]["nl"]
    assert proposed["words"] == english
    assert "for purpose Determining the right to social assistance (raadplegen)" in english
    assert "at most the fields of bijstand-bij-verhuizing@1" in english
    assert "voor doel Recht op bijstand vaststellen (raadplegen)" in dutch
