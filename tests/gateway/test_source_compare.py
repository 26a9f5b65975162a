# SPDX-License-Identifier: EUPL-1.2
"""``landschap source compare``: drift of a copy, persons in the log first, and who still reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.conftest import Database
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import ACTIVITY, ASSISTANCE, DOESBURG, WEESP, register, scene_of
from tests.gateway.replay_rig import SERVICE, Door, open_door

from landschap.cli.source_commands import source
from landschap.logboek.records import Kind

pytestmark = pytest.mark.long
# Official fictitious persons.
SUZANNE, BRAM = "999993653", "999990019"
DECLARED = """\
logische_bron: {name}
versie: 1.0.0
titel: Uitkeringen
sleutel: bsn
tijdbudget_ms: 50000
betrokkene: {{uit: rijen.bsn, soort: bsn}}
bronnen:
  rijen:
    soort: bestand
    pad: {name}.csv
    vorm: csv
    csv: {{scheiding: ";", aanhaling: '"', codering: utf-8}}
    sleutels: [bsn]
    timeout_ms: 40000
    bronhouder: A
wortel: {{bron: rijen, op: bsn}}
velden:
  bsn: {{uit: [rijen.bsn]}}
  soort: {{uit: [rijen.soort]}}
{more}"""


@pytest.fixture
async def door(
    database: Database, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Door]:  # fmt: skip
    """A copy that was asked twice by Doesburg, and its source."""
    folder = database.settings.path.parent
    (folder / "bronnen").mkdir()
    (folder / "registers").mkdir()
    write(folder, SERVICE, f"{SUZANNE};bijstand\n{BRAM};bijstand\n", "  oud: {uit: [rijen.bsn]}\n")
    write(folder, "bron", f"{SUZANNE};bijstand\n{BRAM};geen\n", "")
    scene = scene_of(group_anchor, weesp, doesburg)
    found = await open_door(database, scene, monkeypatch, register(WEESP))
    for _ in range(2):
        await found.ask("uitkering.soort")
    yield found
    await found.writer.close()


def write(folder: Path, name: str, rows: str, more: str) -> None:
    (folder / "bronnen" / f"{name}.csv").write_text(f"bsn;soort\n{rows}")
    (folder / "bronnen" / f"{name}.yaml").write_text(DECLARED.format(name=name, more=more))


async def run(door: Door, *words: str) -> Result:
    settings = door.database.settings
    env = {"LANDSCHAP__POSTGRES__DSN": settings.postgres.dsn}
    line = ["compare", *words, "--config", str(settings.path)]
    async with asyncio.timeout(120):
        return await asyncio.to_thread(CliRunner(env=env).invoke, source, line)


async def lines(door: Door) -> list[Any]:
    owner = await door.database.administrator()
    found = await owner.fetch("SELECT record_id FROM logboek.record WHERE kind = $1", Kind.LINE)
    await owner.close()
    return list(found)


async def test_drift_is_counted_readers_are_told_and_persons_have_a_line_first(door: Door) -> None:
    refused = await run(door, SERVICE, "bron")
    assert "bron is about persons" in str(refused.exception)
    unknown = await run(door, SERVICE, "bron", "--activity", "https://weesp.example/geen")
    assert "there is no processing activity" in str(unknown.exception)
    assert await lines(door) == []
    done = await run(door, SERVICE, "bron", "--activity", ACTIVITY, "--json")
    assert done.exit_code == 1, (done.stderr, done.exception)
    told = json.loads(done.stdout)
    assert (told["keys"], told["more"]) == (2, False)
    kind = next(one for one in told["fields"] if one["field"] == "soort")
    assert (kind["equal"], kind["different"], kind["examples"]) == (1, 1, [])
    assert told["only_in"] == {"copy": ["oud"], "source": []}
    (reader,) = told["readers"]
    assert (reader["who"], reader["purpose"], reader["questions"]) == (DOESBURG, ASSISTANCE, 2)
    assert SUZANNE not in done.stdout
    assert BRAM not in done.stdout
    assert len(await lines(door)) == 2


async def test_keys_and_values_are_shown_when_asked_for(door: Door, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(f"{BRAM}\n\n{BRAM}\n")
    more = ("--activity", ACTIVITY, "--keys", str(tmp_path / "keys.txt"))
    done = await run(door, SERVICE, "bron", *more, "--show", "values")
    assert f"{BRAM}  different: ['bijstand'] beside ['geen']" in done.stdout
    assert f"{SERVICE} beside bron: 1 keys" in done.stdout
    assert f"{DOESBURG}  {ASSISTANCE}  2 questions" in done.stdout
    keys = await run(door, SERVICE, "bron", *more, "--show", "keys")
    assert f"{BRAM}  different\n" in keys.stdout
    equal = await run(door, "bron", "bron", "--activity", ACTIVITY, "--most", "1")
    assert equal.exit_code == 0
    assert "there are more, --most 1 compares no others" in equal.stdout
    assert "nobody; the copy can go" in equal.stdout


async def test_a_copy_that_alone_says_whose_it_is_has_lines_too(door: Door) -> None:
    file = door.database.settings.path.parent / "bronnen" / "bron.yaml"
    text = file.read_text()
    file.write_text(text.replace("betrokkene: {uit: rijen.bsn, soort: bsn}\n", ""))
    refused = await run(door, SERVICE, "bron")
    assert f"{SERVICE} is about persons" in str(refused.exception)
    done = await run(door, SERVICE, "bron", "--activity", ACTIVITY)
    assert done.exit_code == 1, (done.stderr, done.exception)
    assert len(await lines(door)) == 2


async def test_a_name_that_is_none_gets_the_nearest(door: Door) -> None:
    wrong = await run(door, "uitkering", "bron")
    assert "there is no logical source uitkering; did you mean uitkeringen?" in str(wrong.exception)
