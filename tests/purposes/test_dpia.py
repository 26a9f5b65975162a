# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose dpia``: what is known stands there, what is not is asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

from click.testing import CliRunner
from tests.conftest import Database
from tests.purposes.registers import ACTIVITY, DOESBURG, text, weesp

from landschap.cli.purpose_commands import purpose
from landschap.purposes.dpia import Contracted, annex
from landschap.purposes.public import entry_of
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import Signers, save_register

ASKED = "**Nog in te vullen:**"


def made(**changes: object) -> str:
    one = weesp()
    activities = tuple(
        replace(each, **changes) if each.uri == ACTIVITY else each  # type: ignore[arg-type]
        for each in one.activities
    )
    snapshot = Snapshot(replace(one, activities=activities))
    contract = Contracted(
        peer=f"Doesburg ({DOESBURG})", service="situatie", purposes=(), until=date(2027, 1, 1)
    )
    return annex(
        snapshot, entry_of(snapshot, snapshot.activities[ACTIVITY]), [contract],
        organisation="Weesp", today=date(2026, 11, 29),
    )  # fmt: skip


def test_what_is_known_is_filled_in_and_the_rest_is_asked() -> None:
    bare = made()
    for words in (
        "Participatiewet, artikel 64", "Betrokkenen: inwoners", "10 jaar", DOESBURG,
        "tot 2027-01-01", "5 van 6 velden", "raadplegen", f"{ASKED} verwerkers?",
        f"{ASKED} bestuursorgaan?",
    ):  # fmt: skip
        assert words in bare, words
    told = made(processors=("Leverancier BV",), public_body="Raad", special_data=("gezondheid",))
    assert "Verwerkers: Leverancier BV" in told
    assert f"{ASKED} bestuursorgaan?" not in told
    assert "AVG art. 9" in told
    assert "AVG art. 9" not in bare


def test_words_of_the_register_are_no_markup() -> None:
    told = made(what=text("Wij <b>kijken</b>\n# naar [alles](x)"))
    assert "<b>" not in told.replace("\\<", "")
    assert "\n# naar" not in told
    assert "\\[alles\\]" in told


async def test_an_officer_writes_it_to_a_file(database: Database, tmp_path: Path) -> None:
    two = Signers(author="A. Een", approver="B. Twee")
    await save_register(await database.pool("purposes"), weesp(), two, based_on="")
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}
    config = ["--config", str(database.settings.path)]
    out = tmp_path / "bijlage.md"

    async def typed(name: str, path: Path) -> tuple[int, str]:
        words = ["dpia", name, "--out", str(path), *config]
        done = await asyncio.to_thread(CliRunner(env=env).invoke, purpose, words)
        return done.exit_code, f"{done.output}{done.exception}"

    code, told = await typed("verstrekken", out)
    assert code == 0, told
    assert "things to fill in" in told
    assert "Er is geen contract" in out.read_text()
    code, told = await typed("verstreken", tmp_path / "b.md")
    assert (code, "did you mean verstrekken?" in told) == (3, True)
    code, told = await typed("verstrekken", out)
    assert "exists already" in told
