# SPDX-License-Identifier: EUPL-1.2
"""``landschap register receivers``: on a real register, log and register of purposes."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.gateway_scene import ACTIVITY, register
from tests.gateway.replay_rig import SIGNERS
from tests.logboek.log_rig import OWN, PEER, entry
from tests.registers.rig import WEESP
from tests.registers.test_command import run
from tests.throwaway import Cluster, Database, organisation

from landschap.logboek.drafts import line_draft
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import LogWriter, uses_of
from landschap.platform.keys import secret_key
from landschap.platform.settings import Settings, load_settings
from landschap.purposes.store import save_register
from landschap.vocabulary.identifiers import Oin

RESIDENT, NUMBER = "W00033", "999990688"
THING = f"inwoners/inwoners/{RESIDENT}"
LOOK = ("--activity", ACTIVITY, "--case", "Z-2026-7")
CORRECTION = {
    "object": RESIDENT, "kenmerk": f"{RESIDENT}/9", "soort": "CORRECTIE",
    "geldigVan": "2020-01-01", "geldigTot": None,
    "tijdstipRegistratie": "2020-03-01T12:00:00+01:00",
    "inhoud": {
        "burgerservicenummer": NUMBER, "naam": {"voornamen": "Siebrand", "geslachtsnaam": "Zaal"},
        "geboortedatum": "1985-03-18", "nummeraanduiding": "0457200000206518",
    },
    "bron": {"document": "akte"},
}  # fmt: skip


@dataclass(kw_only=True)
class Scene:
    """An organisation whose register was read by a peer, before and after a correction."""

    config: Path
    settings: Settings
    made: Database
    writer: LogWriter

    @property
    def pseudonym(self) -> bytes:
        key = secret_key(self.settings, "pseudonym")
        return subject_pseudonym(key, Oin.parse(OWN), "bsn", NUMBER)

    async def is_read(self, *names: str) -> None:
        now = datetime.now(UTC)
        line = entry(
            subject=self.pseudonym, data_groups=names, valid_on=date(2024, 1, 1), known_at=now,
            started_at=now, ended_at=now, purpose="https://doelen.test/bijstand",
        )  # fmt: skip
        await self.writer.append([line_draft(line, now=now, service="inwoners")])

    async def corrected(self) -> None:
        file = self.config.parent / "inwoners.jsonl"
        file.write_text(json.dumps(CORRECTION), encoding="utf-8")
        assert await run(self.config, "load", "inwoners", str(file)) == 0

    async def looks(self) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        pool = await self.made.pool("logboek")
        hour = timedelta(hours=1)
        lines = await uses_of(pool, [self.pseudonym], now - hour, now + hour, 50)
        contents: list[Any] = [each.content() for each in lines]
        return [each["landschap"] for each in contents if each["landschap"]["direction"] == "own"]


@pytest.fixture
async def scene(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Scene]:
    made = await cluster.fresh(tmp_path / "organisation")
    folder = tmp_path / "weesp"
    organisation(folder, cluster.anchor, more=f'\n[postgres]\ndsn = "{cluster.dsn(made.name)}"\n')
    shutil.copytree(made.settings.paths.secrets, folder / "secrets")
    shutil.copytree(WEESP / "registers", folder / "registers")
    config = folder / "organisation.toml"
    settings = load_settings(config, {})
    await save_register(await made.pool("purposes"), register(OWN), SIGNERS, based_on="")
    assert await run(config, "load", "inwoners", str(WEESP / "gegevens" / "inwoners.jsonl")) == 0
    writer = LogWriter(made.settings, "proef")
    await writer.start()
    yield Scene(config=config, settings=settings, made=made, writer=writer)
    await writer.close()
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


async def test_who_received_the_old_value_is_told_and_the_look_stands_in_the_log(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    await scene.is_read("burgerservicenummer", "geboortedatum")
    await scene.is_read("naam")
    capsys.readouterr()
    assert await run(scene.config, "receivers", THING, "geboortedatum", *LOOK) == 0
    assert "Nobody received" in capsys.readouterr().out
    await scene.corrected()
    await scene.is_read("geboortedatum")
    capsys.readouterr()
    assert await run(scene.config, "receivers", THING, "geboortedatum", *LOOK, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    (receiver,) = told["receivers"]
    assert (receiver["organisation"], receiver["certain"], receiver["times"]) == (PEER, True, 1)
    assert receiver["purpose"] == "https://doelen.test/bijstand"
    assert receiver["since"] == receiver["last"]
    assert told["logSince"]
    assert "1985" not in json.dumps(told)
    assert await run(scene.config, "receivers", THING, "naam", *LOOK) == 0
    assert "Nobody received" in capsys.readouterr().out
    assert await run(scene.config, "receivers", THING, "geboortedatum", *LOOK) == 0
    assert "yes" in capsys.readouterr().out
    looks = await scene.looks()
    assert [(each["processing_id"], each["data_groups"]) for each in looks] == [
        ("Z-2026-7", ["gebruik"])
    ] * 4


async def test_nobody_looks_without_a_known_activity_and_a_wrong_word_says_what_to_write(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    await scene.is_read("geboortedatum")
    await scene.corrected()
    for words, said in (
        ((THING, "geboortedatum", "--activity", f"{ACTIVITY}/x", "--case", "Z"), "no processing"),
        ((THING, "geboortedatm", *LOOK), "geboortedatum"),
        ((THING, "meerderjarig", *LOOK), "keeps no meerderjarig"),
        (("bag/panden/0457100000000001", "oorspronkelijkBouwjaar", *LOOK), "about nobody"),
    ):
        capsys.readouterr()
        assert await run(scene.config, "receivers", *words) == 1
        shown = capsys.readouterr()
        assert said in " ".join((shown.err + shown.out).split())
        assert PEER not in shown.out
    unknown = f"{THING}0"
    assert await run(scene.config, "receivers", unknown, "geboortedatum", *LOOK) == 3
    assert await scene.looks() == []
