# SPDX-License-Identifier: EUPL-1.2
"""`landschap log hold|review|lift|holds`: two people decide, everything else is refused in words."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.gateway.gateway_scene import ACTIVITY, WEESP, register
from tests.logboek.test_log_commands import run
from tests.throwaway import Database

from landschap.cli.log import log
from landschap.cli.log_hold import hold
from landschap.logboek.disclosure import GROUNDS, PostLift
from landschap.logboek.store.holds import holds
from landschap.platform.trouble import Trouble
from landschap.purposes.store import Signers, save_register
from landschap.vocabulary.times import amsterdam_day

SECRET = f"{ACTIVITY}-besloten"
TWO = ("--author", "A. de Wit", "--approver", "B. Jansen")
WHY = ("--reason", "onderzoek 2026-17")


def _in(days: int) -> str:
    return (amsterdam_day(datetime.now(UTC)) + timedelta(days=days)).isoformat()


@pytest.fixture
async def organisation(database: Database) -> Database:
    made = register(WEESP)
    secret = dataclasses.replace(made.activities[0], uri=SECRET, confidential=True)
    changed = dataclasses.replace(made, activities=(*made.activities, secret))
    signers = Signers(author="A. de Vries", approver="B. Jansen", reason="proef")
    await save_register(await database.pool("purposes"), changed, signers, based_on="")
    return database


async def _told(database: Database, *arguments: str) -> Any:
    result = await run(database, log, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def _put(database: Database, *more: str) -> str:
    given = ("--ground", "d", "--review", _in(90), *WHY, *TWO, *more)
    return str((await _told(database, "hold", SECRET, *given))["hold"])


async def test_a_hold_is_put_listed_reviewed_and_lifted(organisation: Database) -> None:
    assert await _told(organisation, "holds") == {"holds": [], "undecided": [SECRET]}
    assert SECRET in (await run(organisation, log, "holds")).stdout
    made = await _put(organisation)
    told = await _told(organisation, "holds")
    assert told["undecided"] == []
    [one] = told["holds"]
    assert one["hold"] == made
    assert one["ground"] == "UAVG art. 41 lid 1 onder d"
    assert (one["author"], one["approver"]) == (TWO[1], TWO[3])
    assert (one["reviewAt"], one["isOverdue"], one["days"]) == (_in(90), False, 0)
    table = (await run(organisation, log, "holds")).stdout
    assert made in table
    assert "in force" in table
    review = ("--reason", "loopt nog", "--review", _in(150), *TWO)
    assert await _told(organisation, "review", made, *review) == {"hold": made, "review": _in(150)}
    assert (await _told(organisation, "holds"))["holds"][0]["reviewAt"] == _in(150)
    lifted = await _told(
        organisation, "lift", made, "--reason", "klaar", "--after", "show_generic", *TWO
    )
    assert lifted == {"lifted": made, "after": "show_generic"}
    assert (await _told(organisation, "holds"))["holds"] == []
    [ended] = (await _told(organisation, "holds", "--all"))["holds"]
    assert (ended["liftReason"], ended["after"]) == ("klaar", "show_generic")
    again = await _put(organisation, "--after", "show")
    assert (await _told(organisation, "lift", again, *WHY, *TWO))["after"] == "show"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("hold", SECRET, "--ground", "d", "--review", "90", *WHY, "--author", "A", "--approver",
          " a "), "one person can not decide and approve"),
        (("hold", SECRET, "--ground", "d", "--review", "0", *WHY, *TWO), "within six months"),
        (("hold", SECRET, "--ground", "d", "--review", "190", *WHY, *TWO), "within six months"),
        (("hold", f"{SECRET}en", "--ground", "d", "--review", "90", *WHY, *TWO),
         "there never was an activity"),
        (("hold", SECRET, "--ground", "d", "--review", "90", "--reason", " ", *TWO),
         "a reason and both names are needed"),
        (("lift", "01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e", *WHY, *TWO), "is in force"),
        (("review", "01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e", "--review", "90", *WHY, *TWO),
         "is in force"),
    ],
)  # fmt: skip
async def test_what_can_not_be_decided_is_refused_in_words(
    organisation: Database, arguments: tuple[str, ...], words: str
) -> None:
    given = [_in(int(each)) if each.isdigit() else each for each in arguments]
    with pytest.raises(Trouble) as trouble:
        await run(organisation, log, *given)
    assert words in trouble.value.what
    assert trouble.value.remedy
    assert await holds(await organisation.pool("logboek")) == []


async def test_a_second_hold_and_the_number_of_a_person_are_refused(
    organisation: Database,
) -> None:
    given = ("hold", SECRET, "--ground", "d", "--review", _in(90), *TWO)
    told = await run(organisation, log, *given, "--reason", "melding over 999993653")
    assert told.exit_code == 2
    assert "999993653" not in told.output
    told = await run(organisation, log, *given, *WHY, "--ground", "z")
    assert told.exit_code == 2
    await _put(organisation)
    with pytest.raises(Trouble, match="in force already"):
        await _put(organisation)


async def test_a_hold_on_one_person_asks_for_the_number_and_keeps_none(
    organisation: Database,
) -> None:
    given = ("hold", SECRET, "--ground", "i", "--review", _in(90), "--person", "bsn", *WHY, *TWO)
    wrong = await run(organisation, log, *given, typed="999993654\n")
    assert wrong.exit_code == 2
    made = await run(organisation, log, *given, "--json", typed="999993653\n")
    assert made.exit_code == 0, made.output
    assert "999993653" not in made.stdout
    with pytest.raises(Trouble, match="for this person is in force already"):
        await run(organisation, log, *given, typed="999993653\n")
    told = await _told(organisation, "holds")
    assert [each["isOnePerson"] for each in told["holds"]] == [True]
    # The activity itself is undecided as before.
    assert told["undecided"] == [SECRET]
    assert "(one" in (await run(organisation, log, "holds")).stdout
    await _put(organisation)
    assert len((await _told(organisation, "holds"))["holds"]) == 2


async def test_a_case_is_held_by_its_number(organisation: Database) -> None:
    about = ("--ground", "d", "--review", _in(90), *WHY, *TWO)
    for wrong in (
        ("hold", *about),
        ("hold", SECRET, "--case", "Z-1", *about),
        ("hold", "--case", "Z-1", "--person", "bsn", *about),
        ("hold", "--case", "999993653", *about),
        ("hold", "--case", "z" * 201, *about),
        ("hold", "--case", " ", *about),
    ):
        assert (await run(organisation, log, *wrong)).exit_code == 2
    made = (await _told(organisation, "hold", "--case", " Z-2026-0017", *about))["hold"]
    with pytest.raises(Trouble, match="case z-2026-0017 is in force already"):
        await run(organisation, log, "hold", "--case", "z-2026-0017", *about)
    told = await _told(organisation, "holds")
    assert [(each["activity"], each["case"]) for each in told["holds"]] == [(None, "Z-2026-0017")]
    assert told["undecided"] == [SECRET]
    assert "case" in (await run(organisation, log, "holds")).stdout
    lifted = await _told(organisation, "lift", made, *WHY, *TWO)
    assert lifted == {"lifted": made, "after": "never"}


def test_the_help_names_every_ground_and_what_is_told_afterwards() -> None:
    told = hold.help or ""
    assert all(f"{letter}  " in told for letter in GROUNDS)
    after = next(each for each in hold.params if each.name == "after")
    assert after.default == PostLift.NEVER.value
