# SPDX-License-Identifier: EUPL-1.2
"""``landschap policy`` and ``landschap statement``, as an officer types them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.conftest import Database
from tests.purposes.registers import DOESBURG
from tests.purposes.test_apply import TWO, folder

from landschap.cli.policy import policy
from landschap.cli.purpose import apply
from landschap.cli.statement import statement
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform.keys import secret_key
from landschap.platform.trouble import Trouble
from landschap.purposes.persons.store import KnownCases, marked, said_of

__all__ = ["folder"]

ASSISTANCE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
ACTIVITY = "https://register.weesp.example/activiteiten/gegevens-verstrekken-voor-bijstand"
SUZANNE = "123456782"  # made up, passes the eleven-test
Type = Callable[..., Awaitable[Result]]
GROUPS = {"apply": apply, "policy": policy, "statement": statement}


@pytest.fixture
def typed(database: Database) -> Type:
    """Runs one command against the test's database, in a thread of its own."""
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}

    async def run(*words: object, given: str = "") -> Result:
        arguments = [*map(str, words[1:]), "--config", str(database.settings.path)]
        runner, command = CliRunner(env=env), GROUPS[str(words[0])]
        return await asyncio.to_thread(runner.invoke, command, arguments, input=given)

    return run


def trial(service: str, expected: str) -> str:
    return f"""
[[toets]]
naam = "een vreemde"
vraag = {{ doel = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen", \
organisatie = "00000099000000009000", dienst = "{service}" }}
verwacht = {expected}
"""


async def test_policies_are_tried_by_the_files_and_a_difference_is_explained(
    typed: Type, folder: Path
) -> None:
    none = await typed("policy", "test", folder)
    assert isinstance(none.exception, Trouble)
    tests = folder / "toetsen"
    tests.mkdir()
    service = "woon-en-uitkeringssituatie"
    refused = '{ besluit = "weigeren", reden = "policy_none" }'
    (tests / "vreemd.toml").write_text(trial(service, refused))
    done = await typed("policy", "test", folder)
    assert (done.exit_code, done.output.strip()) == (0, "1 of 1 tests as expected")
    (tests / "anders.toml").write_text(trial(service, '{ besluit = "toestaan" }'))
    differs = await typed("policy", "test", folder)
    assert differs.exit_code == 1
    assert "besluit: expected toestaan, found weigeren" in differs.output
    assert "R7 fail" in differs.output
    assert "1 of 2" in differs.output
    told = json.loads((await typed("policy", "test", folder, "--json")).output)
    assert [each["passed"] for each in told["tests"]] == [False, True]
    (tests / "kapot.toml").write_text("[[toetss]]\n")
    broken = await typed("policy", "test", folder)
    assert "did you mean toets?" in str(broken.exception)


async def test_who_may_see_a_field_in_force(typed: Type, folder: Path) -> None:
    assert (await typed("apply", folder, *TWO)).exit_code == 0
    done = await typed("policy", "who-may", "adres.straat", "--json")
    rows = json.loads(done.output)
    assert "bijstand-andere-gemeenten" in {row["policy"] for row in rows}
    assert {row["field"] for row in rows} == {"adres.straat"}
    near = await typed("policy", "who-may", "adres.strat")
    assert near.exit_code == 3
    assert "did you mean adres.straat?" in near.output
    service = await typed("policy", "who-may", "adres.straat", "--service", "woon-en-uitkering")
    assert service.exit_code == 3
    assert (
        "no service woon-en-uitkering; did you mean woon-en-uitkeringssituatie?" in service.output
    )


async def test_statements_are_written_down_and_no_number_of_a_person_is_kept(
    typed: Type, folder: Path, database: Database
) -> None:
    assert (await typed("apply", folder, *TWO)).exit_code == 0
    pool = await database.pool("purposes")
    consent = ("statement", "consent", ASSISTANCE, "--receiver", DOESBURG, "--author", "portaal")
    done = await typed(*consent, "--given", "--json", given=f"{SUZANNE}\n")
    assert set(json.loads(done.output)) == {"receipt", "saidAt", "epoch"}
    await typed(*consent, "--withdrawn", given=SUZANNE)
    for kind in ("restriction", "objection"):
        done = await typed("statement", kind, ACTIVITY, "--author", "fg", given=SUZANNE)
        assert done.exit_code == 0, done.output
    await typed("statement", "objection", ACTIVITY, "--ended", "--author", "fg", given=SUZANNE)
    settings = database.settings
    key = secret_key(settings, "pseudonym")
    somebody = subject_pseudonym(key, settings.organisation.oin, "bsn", SUZANNE)
    found = (await said_of(pool, [somebody]))[somebody]
    states = {(each.kind.value, each.holds) for each in found}
    assert states == {("toestemming", False), ("beperking", True), ("bezwaar", False)}
    assert await marked(pool) == {ACTIVITY: frozenset({"beperking"})}
    wrong = await typed(*consent, "--given", given="geen nummer")
    assert isinstance(wrong.exception, Trouble)
    assert SUZANNE not in str(await pool.fetch("SELECT * FROM standing"))


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("restriction", f"{ACTIVITY}n", "--author", "fg"), ACTIVITY),
        (("objection", f"{ACTIVITY}n", "--ended", "--author", "fg"), ACTIVITY),
        (("consent", f"{ASSISTANCE}n", "--receiver", DOESBURG, "--withdrawn", "--author", "p"),
         ASSISTANCE),
        (("approval", f"{ASSISTANCE}n", "--for", "j.devries", "--by", "a.bakker"), ASSISTANCE),
    ],
)  # fmt: skip
async def test_what_is_said_about_something_unknown_is_refused_with_the_nearest(
    typed: Type, folder: Path, database: Database, words: tuple[str, ...], near: str
) -> None:
    assert (await typed("apply", folder, *TWO)).exit_code == 0
    done = await typed("statement", *words, given=SUZANNE)
    assert isinstance(done.exception, Trouble), done.output
    assert "nothing was written down" in str(done.exception)
    assert f"did you mean {near}?" in str(done.exception)
    pool = await database.pool("purposes")
    assert await pool.fetchval("SELECT count(*) FROM standing") == 0
    assert await pool.fetchval("SELECT count(*) FROM approval") == 0


async def test_a_consent_for_an_equal_purpose_is_kept_as_the_one_that_is_decided_on(
    typed: Type, folder: Path, database: Database
) -> None:
    elsewhere = "https://elders.example/id/bijstand"
    path = folder / "doelen.toml"
    text = path.read_text(encoding="utf-8")
    line = f'uri = "{ASSISTANCE}"\n'
    path.write_text(text.replace(line, f'{line}gelijk_aan = ["{elsewhere}"]\n'), "utf-8")
    assert (await typed("apply", folder, *TWO)).exit_code == 0
    done = await typed(
        "statement", "consent", elsewhere, "--receiver", DOESBURG, "--given", "--author", "portaal",
        given=SUZANNE,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    pool = await database.pool("purposes")
    assert await pool.fetchval("SELECT about FROM standing") == ASSISTANCE


async def test_a_case_and_an_approval(typed: Type, folder: Path, database: Database) -> None:
    assert (await typed("apply", folder, *TWO)).exit_code == 0
    case = ("statement", "case", "Z-1", "--author", "zaaksysteem")
    assert (await typed(*case, "--open")).exit_code == 0
    assert await KnownCases().read(await database.pool("purposes")) == frozenset({"Z-1"})
    approval = ("statement", "approval", ASSISTANCE, "--case", "Z-1", "--for", "j.devries")
    assert (await typed(*approval, "--by", "a.bakker")).exit_code == 0
    same = await typed(*approval, "--by", "j.devries")
    assert "another person" in str(same.exception)
