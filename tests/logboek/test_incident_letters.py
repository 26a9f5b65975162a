# SPDX-License-Identifier: EUPL-1.2
"""The letter list of a breach: asked by one, released by another, with the very same list."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from tests.gateway.gateway_scene import ACTIVITY, register
from tests.gateway.replay_rig import SIGNERS
from tests.logboek.log_rig import OWN, PEER
from tests.registers.rig import WEESP
from tests.registers.test_command import run as run_register
from tests.throwaway import Cluster, Database, organisation

from landschap.cli.composition import pseudonym_keys
from landschap.cli.incident import incident
from landschap.console.council.store import letters as store
from landschap.logboek.incidents import COLUMNS
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.logboek.records import Kind, Record
from landschap.logboek.store import latest
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.purposes.store import save_register

SIEBRAND, SUZANNE, NOBODY = "999990688", "999993653", "999990482"
WHY = ("--reason", "gestolen certificaat van november")
ASKER, OTHER = ("--by", "A. de Wit"), ("--by", "B. Jansen")
UNDER = ("--activity", ACTIVITY)


@dataclass(frozen=True)
class Desk:
    """An organisation with a register of residents, and the list of a scope."""

    settings: Settings
    made: Database
    scope: Path

    async def incident(self, *words: str) -> tuple[int, str]:
        """Exit code and words of ``landschap incident letters ...``."""
        line = ["letters", *words, "--config", str(self.settings.path)]
        told = await asyncio.to_thread(CliRunner().invoke, incident, line)
        if isinstance(told.exception, Trouble):
            return 1, str(told.exception)
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        return told.exit_code, told.stdout

    async def ask(self) -> str:
        code, words = await self.incident(
            "ask", str(self.scope), "--collection", "inwoners/inwoners", *WHY, *ASKER, "--json"
        )
        assert code == 0, words
        return str(json.loads(words)["request"])

    def row(self, number: str, service: str, fields: str) -> list[str]:
        key = pseudonym_keys(self.settings)[1]
        subject = subject_pseudonym(key, self.settings.organisation.oin, "bsn", number)
        moment = "2026-11-02T11:00:00Z"
        return [OWN, PEER, "", service, as_subject_id(subject), "1", "adres", fields, "1",
                moment, moment]  # fmt: skip

    async def lines(self) -> list[Record]:
        pool, since = await self.made.pool("logboek"), datetime.now(UTC) - timedelta(hours=1)
        return await latest(pool, since=since, limit=50, kind=Kind.LINE)


@pytest.fixture
async def desk(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Desk]:
    made = await cluster.fresh(tmp_path / "organisation")
    folder = tmp_path / "weesp"
    organisation(folder, cluster.anchor, more=f'\n[postgres]\ndsn = "{cluster.dsn(made.name)}"\n')
    shutil.copytree(made.settings.paths.secrets, folder / "secrets")
    shutil.copytree(WEESP / "registers", folder / "registers")
    config = folder / "organisation.toml"
    await save_register(await made.pool("purposes"), register(OWN), SIGNERS, based_on="")
    residents = str(WEESP / "gegevens" / "inwoners.jsonl")
    assert await run_register(config, "load", "inwoners", residents) == 0
    found = Desk(load_settings(config, {}), made, tmp_path / "list.csv")
    with found.scope.open("w", newline="") as file:
        csv.writer(file).writerows([
            COLUMNS,
            found.row(SIEBRAND, "inwoners", "adres.straat naam"),
            found.row(SIEBRAND, "uitkeringen", "uitkering.soort"),
            found.row(SUZANNE, "inwoners", "naam"),
            found.row(NOBODY, "inwoners", "naam"),
        ])  # fmt: skip
    yield found
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


async def test_another_person_releases_the_list_and_each_person_has_a_line(
    desk: Desk, tmp_path: Path
) -> None:
    request, target = await desk.ask(), tmp_path / "letters.csv"
    assert await desk.lines() == []
    code, words = await desk.incident(
        "release", request, str(desk.scope), *UNDER, *OTHER, "--to", str(target), "--json"
    )
    assert code == 0, words
    # Suzanne left since; she was concerned all the same.
    assert json.loads(words) == {"letters": 2, "unknown": 1}
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [(row["number"], row["kind"], row["services"], row["fields"]) for row in rows] == [
        (SIEBRAND, "bsn", "inwoners uitkeringen", "adres.straat naam uitkering.soort"),
        (SUZANNE, "bsn", "inwoners", "naam"),
    ]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    lines = await desk.lines()
    own = desk.settings.organisation.oin
    key = pseudonym_keys(desk.settings)[1]
    assert {each.columns.subject for each in lines} == {
        subject_pseudonym(key, own, "bsn", each) for each in (SIEBRAND, SUZANNE)
    }
    assert all(each.columns.activity == ACTIVITY for each in lines)
    code, words = await desk.incident("list", "--json")
    [told] = json.loads(words)
    assert (told["by"], told["releasedBy"]) == ("A. de Wit", "B. Jansen")
    assert (told["persons"], told["letters"]) == (3, 2)
    assert SIEBRAND not in words
    again = await desk.incident(
        "release", request, str(desk.scope), *UNDER, *OTHER, "--to", str(tmp_path / "twice.csv")
    )
    assert again[0] != 0
    assert not (tmp_path / "twice.csv").exists()


async def test_nobody_is_looked_up_unless_everything_is_right(desk: Desk, tmp_path: Path) -> None:
    request, target = await desk.ask(), tmp_path / "letters.csv"
    changed = tmp_path / "changed.csv"
    changed.write_text(desk.scope.read_text().replace("naam", "adres.straat"))
    to: tuple[Any, ...] = ("--to", str(target))
    for given, words in (
        ((request, str(desk.scope), *UNDER, "--by", " a. de WIT "), "can not release it"),
        ((request, str(changed), *UNDER, *OTHER), "not the list that was asked for"),
        ((request, str(desk.scope), "--activity", "https://geen.example", *OTHER), "no processing"),
        ((str(UUID(int=7)), str(desk.scope), *UNDER, *OTHER), "no such request"),
    ):
        code, told = await desk.incident("release", *given, *to)
        assert code != 0
        assert words in told
    assert not target.exists()
    assert await desk.lines() == []
    pool = await desk.made.pool("console")
    done = await store.release_letters(
        pool, UUID(request), released_by="A. DE WIT", found=1, letters=bytes(32)
    )
    assert not done, "the database refuses it as well"
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("number\n1\n")
    for file, collection in ((wrong, "inwoners/inwoners"), (desk.scope, "bag/panden")):
        code, _ = await desk.incident("ask", str(file), "--collection", collection, *WHY, *ASKER)
        assert code != 0
