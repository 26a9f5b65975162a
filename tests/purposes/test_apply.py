# SPDX-License-Identifier: EUPL-1.2
"""``landschap apply`` and ``landschap purpose``, as an officer types them, on a real database."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.conftest import Database

import landschap.cli.demo
from landschap.cli.purpose import BASIS, apply
from landschap.cli.purpose_commands import purpose
from landschap.platform.trouble import Trouble
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.problems import ProblemError

DEMO = Path(landschap.cli.demo.__file__).parent / "data" / "weesp" / "doelbinding"
TWO = ("--author", "J. de Vries", "--approver", "A. Bakker", "--reason", "proef")
Type = Callable[..., Awaitable[Result]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "doelbinding"
    shutil.copytree(DEMO, made, ignore=shutil.ignore_patterns("toetsen"))
    return made


@pytest.fixture
def landschap_command(database: Database) -> Type:
    """Runs one command against the test's database, in a thread of its own."""
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}

    async def run(*words: object) -> Result:
        command = {"apply": apply, "purpose": purpose}[str(words[0])]
        arguments = [*map(str, words[1:]), "--config", str(database.settings.path)]
        return await asyncio.to_thread(CliRunner(env=env).invoke, command, arguments)

    return run


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "register.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


async def test_apply_puts_the_folder_in_force_and_remembers_its_basis(
    landschap_command: Type, folder: Path, database: Database
) -> None:
    done = await landschap_command("apply", folder, *TWO)
    assert done.exit_code == 0, done.output
    assert "added: policy bijstand-andere-gemeenten" in done.output
    snapshot, _ = await current_snapshot(await database.pool("purposes"))
    assert (folder / BASIS).read_text().strip() == snapshot.version
    again = await landschap_command("apply", folder, *TWO)
    assert "nothing to change" in again.output


async def test_a_dry_run_shows_the_difference_and_changes_nothing(
    landschap_command: Type, folder: Path, database: Database
) -> None:
    await landschap_command("apply", folder, *TWO)
    pool = await database.pool("purposes")
    before = await current_snapshot(pool)
    change(folder, '  "pand.bouwjaar",\n]', "]")
    shown = await landschap_command("apply", folder, "--dry-run")
    assert "changed: field set bijstand-bij-verhuizing@1" in shown.output
    assert "needs a new version" in shown.output
    told = json.loads((await landschap_command("apply", folder, "--dry-run", "--json")).stdout)
    assert told["applied"] is False
    assert [(c["kind"], c["change"]) for c in told["changes"]] == [("field set", "changed")]
    after = await current_snapshot(pool)
    assert (after[0].version, after[1]) == (before[0].version, before[1])


async def test_apply_refuses_one_person_a_reused_version_and_an_older_basis(
    landschap_command: Type, folder: Path
) -> None:
    async def code(*words: object) -> str:
        done = await landschap_command(*words)
        assert isinstance(done.exception, ProblemError), done.output
        return done.exception.refusal.code

    assert await code("apply", folder, "--author", "X", "--approver", "x") == "register_one_person"
    await landschap_command("apply", folder, *TWO)
    change(folder, '  "pand.bouwjaar",\n]', "]")
    assert await code("apply", folder, *TWO) == "register_version_reused"
    (folder / BASIS).unlink()
    assert await code("apply", folder, *TWO) == "register_newer"


async def test_apply_tells_everything_that_is_wrong_and_applies_nothing(
    landschap_command: Type, folder: Path, database: Database
) -> None:
    change(folder, 'werking = "toestaan"', 'werking = "toestan"\nverder = []')
    done = await landschap_command("apply", folder, *TWO)
    assert isinstance(done.exception, Trouble)
    told = str(done.exception)
    assert "2 things are wrong" in told
    assert "did you mean toestaan?" in told
    assert "uses onward in a policy are not supported" in told
    snapshot, _ = await current_snapshot(await database.pool("purposes"))
    assert not snapshot.purposes


async def test_a_purpose_is_shown_with_its_activities_fields_and_who_may(
    landschap_command: Type, folder: Path
) -> None:
    await landschap_command("apply", folder, *TWO)
    shown = (await landschap_command("purpose", "show", "recht-op-bijstand-vaststellen")).output
    for part in ("Participatiewet, artikel 64", "gemeenten-met-bijstandsvraag", "pand.bouwjaar"):
        assert part in shown
    assert "woning.oppervlakte" not in shown
    rows = json.loads((await landschap_command("purpose", "list", "--json")).stdout)
    assert {row["uri"].rpartition("/")[2]: row["policies"] for row in rows} == {
        "werk-en-inkomen": 0,
        "recht-op-bijstand-vaststellen": 3,
        "parkeervergunning-verlenen": 0,
        "inzage-geven": 5,
        "adressen-en-gebouwen-bijhouden": 1,
        "gegevens-van-inwoners-bijhouden": 3,
        "gemeentelijke-belastingen-heffen": 1,
        "omgevingsvergunning-verlenen": 2,
    }
    told = json.loads((await landschap_command("purpose", "history", "--json")).stdout)
    assert [(t["author"], t["approver"], t["reason"]) for t in told] == [
        ("J. de Vries", "A. Bakker", "proef")
    ]
    missing = await landschap_command("purpose", "show", "niets")
    assert missing.exit_code == 3
    assert "werk-en-inkomen" in missing.output
    near = await landschap_command("purpose", "show", "recht-op-bijstand")
    assert near.exit_code == 3
    assert "did you mean recht-op-bijstand-vaststellen?" in near.output
