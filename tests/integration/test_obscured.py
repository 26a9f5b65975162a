# SPDX-License-Identifier: EUPL-1.2
"""What leaves a logical source under obligations: pseudonyms, years, counts that point at nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.other_rig import door
from tests.integration.source_rig import Asker, lines_of

from landschap.integration.declaration import parse_declaration
from landschap.purposes.duties import Obligation

DECLARED = """\
logische_bron: bewoning
versie: 1.0.0
sleutel: adres
betrokkene: {uit: mensen.bsn, soort: bsn}
bronnen:
  adressen:
    {soort: bestand, pad: adressen.jsonl, vorm: jsonl, sleutels: [id], bronhouder: Proefdorp}
  mensen:
    {soort: bestand, pad: mensen.jsonl, vorm: jsonl, sleutels: [adres], bronhouder: Proefdorp}
wortel: {bron: adressen, op: id}
koppelingen:
  - {naam: mensen, van: adressen.id, naar: mensen.adres, aantal: veel}
velden:
  adres: {uit: [adressen.id]}
  bewoners:
    lijst: mensen
    volgorde: bsn
    velden:
      persoon: {uit: [mensen.bsn]}
      geboren: {uit: [mensen.geboren], zet_om: [datum]}
  aantal: {afgeleid: {regel: aantal, uit: bewoners}}
"""
NUMBERS = ("999990019", "999993653")
FIELDS = ("adres", "bewoners.persoon", "bewoners.geboren", "aantal")
DUTIES = (
    Obligation(kind="pseudonimiseren", path="bewoners.persoon"),
    Obligation(kind="geboortejaar", path="bewoners.geboren"),
    Obligation(kind="kleine-aantallen", path="aantal", value="3"),
)


@pytest.fixture
def asker(world: Any, tmp_path: Path) -> Asker:
    """The door to who lives where: two at a1, three at a2, nobody at a3."""
    people = [
        {"adres": "a1", "bsn": number, "geboren": f"19{place}0-05-04"}
        for place, number in enumerate(NUMBERS, start=6)
    ]
    people += [{"adres": "a2", "bsn": NUMBERS[0], "geboren": "1960-05-04"} for _ in range(3)]
    (tmp_path / "mensen.jsonl").write_text("\n".join(map(json.dumps, people)))
    (tmp_path / "adressen.jsonl").write_text('{"id": "a1"}\n{"id": "a2"}\n{"id": "a3"}\n')
    declaration = parse_declaration(DECLARED, "bewoning.yaml")
    doors = {
        name: door(replace(declaration, sources={"bron": source}), tmp_path)
        for name, source in declaration.sources.items()
    }
    made: Asker = world.asker(declaration, **doors)
    made.service = "bewoning"
    made.beside = {"obligations": DUTIES}
    return made


async def told(asker: Asker, address: str = "a1", receiver: str = "") -> dict[str, Any]:
    """The record that a receiver gets of one address."""
    asker.delegator = receiver
    answer = await asker.ask({"adres": address}, permitted=FIELDS, searchable=["adres"])
    assert answer.status_code == 200, answer.text
    for number in NUMBERS:
        assert number not in answer.text
    (record,) = answer.json()["resultaten"]
    found: dict[str, Any] = record
    return found


@pytest.mark.case("S-41")
async def test_a_person_has_one_name_for_a_receiver_another_for_the_next_and_few_are_not_counted(
    world: Any, asker: Asker
) -> None:
    here = await told(asker)
    assert await told(asker) == here
    # The last question again, for another receiver: nobody joins what both have.
    other = await told(asker, receiver="00000099000000009000")
    names = [each["persoon"] for each in here["bewoners"]]
    elsewhere = [each["persoon"] for each in other["bewoners"]]
    assert len({*names, *elsewhere}) == 4
    assert [each["geboren"] for each in here["bewoners"]] == ["1960", "1970"]
    assert [here["aantal"], other["aantal"]] == ["<3", "<3"]
    assert [(await told(asker, place))["aantal"] for place in ("a2", "a3")] == [3, 0]
    # Our own log knows of whom it was told, under the pseudonym of the log: another one again.
    await told(asker)
    subjects = {
        line["ldv"]["attributes"].get("dpl.core.data_subject_id")
        for line in await lines_of(world, asker)
    }
    subjects -= {None}  # the line of the question as a whole
    assert len(subjects) == 2
    assert not subjects & {*names, *elsewhere}


async def test_the_name_of_a_person_can_not_be_made_without_the_key(
    world: Any, asker: Asker
) -> None:
    """Whoever knows every number and everything we publish, but not the key, finds nobody."""
    before = await told(asker)
    file = world.database.settings.paths.secrets / "pseudonym.key"
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text().strip() not in json.dumps(before)
