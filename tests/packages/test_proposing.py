# SPDX-License-Identifier: EUPL-1.2
"""One person proposes and another decides: each in an act of his own, on what was proposed."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from tests.packages.package_rig import MAKER, TWO, Town

from landschap.packages import store

AUTHOR = ("--author", "A. de Wit", "--reason", "proef")
OTHER = ("--approver", "B. Jansen")
POLICY = "bijstand-andere-gemeenten"
REGISTER = "doelbinding/register.toml"


@pytest.fixture
async def package(maker: Town, tmp_path: Path) -> Path:
    return await maker.pack(tmp_path / "1.0.0.pakket")


async def proposed(town: Town, *words: object) -> int:
    done = await town.run("apply", *words, *AUTHOR, "--json")
    assert done.code == 0, done.err
    assert done.json["applied"] is False
    number = done.json["proposal"]
    assert isinstance(number, int)
    return number


def taking(town: Town, package: Path) -> tuple[object, ...]:
    return (package, "--from", MAKER, "--values", town.folder / "waarden.toml")


async def test_a_register_waits_until_another_person_approves_it(maker: Town) -> None:
    number = await proposed(maker)
    assert (await maker.purposes()).policies == ()
    (waits,) = (await maker.run("approve", "--json")).json
    assert (waits["number"], waits["author"], waits["reason"]) == (number, "A. de Wit", "proef")
    shown = await maker.run("approve", number, "--dry-run")
    assert f"added: policy {POLICY}" in shown.out
    assert (await maker.purposes()).policies == ()
    done = await maker.run("approve", number, *OTHER)
    assert done.code == 0, done.err
    assert POLICY in {each.id for each in (await maker.purposes()).policies}
    told = (await maker.run("purpose", "history", "--json")).json
    assert (told[0]["author"], told[0]["approver"], told[0]["reason"]) == (
        "A. de Wit", "B. Jansen", "proef",
    )  # fmt: skip
    assert (await maker.run("approve", "--json")).json == []
    again = await maker.run("approve", number, *OTHER)
    assert again.code == 3
    assert "there wait: none" in again.err


async def test_what_was_proposed_counts_and_not_what_the_files_say_later(maker: Town) -> None:
    number = await proposed(maker)
    maker.change(REGISTER, f'id = "{POLICY}"', 'id = "iets-anders"')
    assert (await maker.run("approve", number, *OTHER)).code == 0
    names = {each.id for each in (await maker.purposes()).policies}
    assert POLICY in names
    assert "iets-anders" not in names


@pytest.mark.parametrize("approver", ["", "  ", "a. DE wit "])
async def test_the_author_does_not_decide(maker: Town, approver: str) -> None:
    number = await proposed(maker)
    done = await maker.run("approve", number, "--approver", approver)
    assert "another person decides on it" in done.err
    done = await maker.run("approve", number, "--approver", approver, "--reject")
    assert "another person decides on it" in done.err
    assert (await maker.purposes()).policies == ()


async def test_a_rejected_one_no_longer_waits(maker: Town) -> None:
    number = await proposed(maker)
    done = await maker.run("approve", number, *OTHER, "--reject", "--reason", "te ruim")
    assert f"proposal {number} of A. de Wit is rejected" in done.out
    assert (await maker.run("approve", number, *OTHER)).code == 3
    assert (await maker.purposes()).policies == ()


async def test_what_came_in_force_since_makes_it_stale(maker: Town, package: Path) -> None:
    del package  # made before the files changed
    number = await proposed(maker)
    maker.change(REGISTER, "Een gemeente die over bijstand beslist, mag", "Wie beslist, mag")
    assert (await maker.run("apply", *TWO)).code == 0
    stale = await maker.run("approve", number, *OTHER)
    assert "was made on (none)" in stale.err
    policy = next(each for each in (await maker.purposes()).policies if each.id == POLICY)
    assert policy.explanation.nl.startswith("Wie beslist")


async def test_what_would_be_refused_is_not_proposed(maker: Town) -> None:
    assert (await maker.run("apply", *TWO)).code == 0
    maker.change(REGISTER, "Een gemeente die over bijstand beslist, mag", "Wie beslist, mag")
    done = await maker.run("apply", *AUTHOR)
    assert "changed without a higher version: policy bijstand-andere-gemeenten" in done.err
    maker.change(REGISTER, f'id = "{POLICY}"\nversie = 1', f'id = "{POLICY}"\nversie = 2')
    older = await maker.run("apply", *AUTHOR, "--based-on", "sha256-ander")
    assert "the files are based on sha256-ander" in older.err
    assert (await maker.run("approve", "--json")).json == []
    assert await proposed(maker) == 1


async def test_a_package_waits_with_its_values_and_choices(taker: Town, package: Path) -> None:
    before = taker.files()
    number = await proposed(taker, *taking(taker, package))
    assert taker.files() == before
    assert await taker.taken() == []
    package.unlink()
    (taker.folder / "waarden.toml").unlink()
    shown = await taker.run("approve", number, "--dry-run")
    assert f"added: policy {POLICY}" in shown.out
    assert await taker.taken() == []
    done = await taker.run("approve", number, *OTHER)
    assert done.code == 0, done.err
    assert await taker.taken() == ["bijstand-bij-verhuizing 1.0.0"]
    source = (taker.folder / "bronnen" / "woon-en-uitkeringssituatie.yaml").read_text()
    assert "http://gebouwen.heidedorp.test:9000/panden" in source
    (told,) = (await taker.run("package", "list", "--json")).json
    assert (told["author"], told["approver"]) == ("A. de Wit", "B. Jansen")
    assert (await taker.run("approve", "--json")).json == []


async def test_two_can_not_decide_on_one(maker: Town) -> None:
    number = await proposed(maker)
    pool = await maker.database.pool("packages")
    await store.decide(pool, number, approved=False, person="C. Smit", reason="")
    with pytest.raises(asyncpg.UniqueViolationError):
        await store.decide(pool, number, approved=True, person="B. Jansen", reason="")
