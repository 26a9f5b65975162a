# SPDX-License-Identifier: EUPL-1.2
"""The key of pseudonyms from generation to generation: rotated, read over, destroyed, lost."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.integration.source_rig import PEER, SUZANNE, lines_of, records_of
from tests.logboek.test_log_commands import run

from landschap.cli.composition import Composition
from landschap.cli.keys import keys
from landschap.logboek.ingest import Keys
from landschap.logboek.legal_holds import About
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.readers import pseudonyms_of
from landschap.logboek.records import Kind as RecordKind
from landschap.logboek.store import snapshot, uses_of
from landschap.logboek.store.legal_holds import lift_legal_hold, place_legal_hold
from landschap.logboek.verify import verify
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import LOST, living_keys, newest_pseudonym_key
from landschap.platform.trouble import Trouble
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, said_of, say

THEN = "geldigOp=2021-03-01&fields=uitkering.soort"
BODY = {"burgerservicenummer": SUZANNE}
PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
PEOPLE = ("A. de Wit", "B. Jansen")


async def asked(world: Any) -> int:
    """One question of a door as it starts now; gives the generation in its line."""
    asker = world.asker()
    answer = await asker.ask(BODY, query=THEN)
    assert answer.status_code == 200, answer.text
    (line,) = await lines_of(world, asker)
    number: int = line["landschap"]["key_id"]
    kind = line["ldv"]["attributes"]["dpl.core.data_subject_id_type"]
    assert kind == f"https://landschap.example/register/pseudoniem/bsn/{number}"
    return number


async def found(world: Any) -> list[int | None]:
    """The generations of the lines that the person finds, the newest first."""
    settings, now = world.database.settings, datetime.now(UTC)
    of = Keys(settings.organisation.oin.value, "x", living_keys(settings))
    pool = await world.database.pool("logboek", role="landschap_log_reader")
    begin = now - timedelta(days=1)
    records = await uses_of(pool, pseudonyms_of(of, "bsn", SUZANNE), begin, now, 25)
    return [each.columns.key_id for each in records]


async def told(world: Any, *words: str) -> tuple[int, str]:
    """`landschap keys`: how it ended, and what it said."""
    try:
        result = await run(world.database, keys, *words)
    except Trouble as trouble:
        return 1, f"{trouble} {trouble.remedy}"
    return result.exit_code, result.output


@pytest.mark.case("L33")
async def test_a_person_is_found_over_generations_until_one_is_destroyed(world: Any) -> None:
    settings = world.database.settings
    assert await asked(world) == 1
    assert (await told(world, "rotate", "pseudonym"))[0] == 0
    assert await asked(world) == 2
    assert (await told(world, "rotate", "pseudonym"))[0] == 0
    assert await asked(world) == 3
    assert await found(world) == [3, 2, 1]

    status, words = await told(world, "shred", "2", "--yes")
    assert status == 0, words
    assert "key 2 of pseudonyms is destroyed; 1 lines were written with key 2" in words
    for part in LOST.split("; "):
        assert part in words
    assert "back-ups and escrow" in words
    key = settings.paths.secrets / "pseudonym-2.key"
    assert not key.exists()
    key.write_text("ab" * 32)  # it comes back with a back-up
    assert f"{key}: destroy it again" in (await told(world, "list"))[1]
    assert (await told(world, "shred", "2", "--yes"))[0] == 0
    assert not key.exists()

    assert list(living_keys(settings)) == [1, 3]
    assert await found(world) == [3, 1]
    assert await asked(world) == 3
    # The line stands as it was written, and the log is whole: but of whom it is, nobody can tell.
    pool = await world.database.pool("logboek", role="landschap_log_reader")
    async with snapshot(pool) as log:
        report = await verify(log)
        held = [each.columns.key_id async for each in log.records()]
    assert report.intact
    assert sorted(each for each in held if each is not None) == [1, 2, 3, 3]
    _, listed = await told(world, "list", "--json")
    rows = {each["name"]: each for each in json.loads(listed)}
    assert rows["pseudonym 2"]["since"].startswith("destroyed ")
    assert rows["pseudonym 3"]["does"].endswith("are written with it")


async def test_what_was_said_of_a_person_before_counts_under_a_later_key(world: Any) -> None:
    settings, pool = world.database.settings, await world.database.pool("purposes")
    assert newest_pseudonym_key(settings)[0] == 3
    withdrawn = Statement(
        kind=Kind.CONSENT,
        subject=subject_pseudonym(
            secret_key(settings, "pseudonym"), settings.organisation.oin, "bsn", SUZANNE
        ),
        about=PURPOSE,
        receiver=PEER,
        holds=False,
        author="portaal",
    )
    await say(pool, withdrawn)
    world.persons = partial(said_of, pool)
    asker = world.asker()
    asker.beside = {"checks": ("toestemming",)}
    answer = await asker.ask(BODY, query=THEN)
    assert answer.json()["code"] == "consent_withdrawn"
    decision, line = await records_of(world, asker)
    assert decision.columns.kind == RecordKind.ADL
    # The refusal stands where the person finds it.
    assert (line.columns.key_id, (await found(world))[0]) == (3, 3)
    assert line.content()["landschap"]["outcome"] == "refused"  # type: ignore[call-overload,index]  # JSON
    world.persons = None


async def test_what_runs_writes_with_the_newest_key_and_knows_persons_by_the_first(
    world: Any,
) -> None:
    settings = world.database.settings
    async with AsyncExitStack() as stack:
        given = await Composition(settings=settings, stack=stack).own_service()
    assert given["line_key"]() == newest_pseudonym_key(settings)
    assert given["pseudonym_key"] == secret_key(settings, "pseudonym") != given["line_key"]()[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shred", "1", "--yes"), "also finds consents"),
        (("shred", "3", "--yes"), "written with now"),
        (("shred", "2", "--yes"), "destroyed already"),
        (("shred", "9", "--yes"), "there is no key 9"),
    ],
)
async def test_what_must_stay_is_not_destroyed(
    world: Any, words: tuple[str, ...], said: str
) -> None:
    status, told_ = await told(world, *words)
    assert status != 0
    assert said in told_
    assert list(living_keys(world.database.settings)) == [1, 3]


async def test_nothing_is_destroyed_while_a_hold_is_in_force_or_without_a_yes(world: Any) -> None:
    settings = world.database.settings
    assert (await told(world, "rotate", "pseudonym"))[0] == 0
    assert await asked(world) == 4
    officers = await world.database.pool("logboek", role="landschap_legal_hold")
    hold: UUID = await place_legal_hold(
        officers, About(activity="https://x.test/a"), PEOPLE, "beroep 2026-17"
    )
    status, words = await told(world, "shred", "3", "--yes")
    assert (status != 0, "1 holds are in force" in words) == (True, True)
    assert await lift_legal_hold(officers, hold, PEOPLE, "uitspraak gedaan")
    status, words = await told(world, "shred", "3")
    assert (status != 0, "Destroy it?" in words) == (True, True)
    assert list(living_keys(settings)) == [1, 3, 4]


async def test_a_key_that_is_lost_is_told_and_never_taken_for_a_destroyed_one(world: Any) -> None:
    settings = world.database.settings
    file = settings.paths.secrets / "pseudonym-3.key"
    kept = file.read_text()
    file.unlink()
    with pytest.raises(Trouble, match="key 3 of pseudonyms is lost") as caught:
        world.asker()
    assert LOST in str(caught.value)
    assert "keys shred 3 --lost" in caught.value.remedy
    assert (await told(world, "rotate", "pseudonym"))[0] != 0
    assert "is gone" in (await told(world, "shred", "3", "--yes"))[1]
    file.write_text(kept)
    assert "is there" in (await told(world, "shred", "3", "--lost", "--yes"))[1]
    file.unlink()
    status, words = await told(world, "shred", "3", "--lost", "--yes", "--json")
    assert status == 0, words
    assert json.loads(words)["destroyed"] == 3
    assert await found(world) == [4, 1]
    # The memory of it lost as well: nothing is guessed.
    memory = settings.paths.data / "pseudonym-keys.json"
    memory.write_text("{")
    with pytest.raises(Trouble, match="damaged"):
        living_keys(settings)
