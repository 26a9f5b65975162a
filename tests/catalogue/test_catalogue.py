# SPDX-License-Identifier: EUPL-1.2
"""Gathering descriptions of APIs, and finding the one that is needed, as typed on a real database."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.catalogue.test_changes import base, written
from tests.catalogue.test_design_rules import OK, leave_out
from tests.catalogue.test_our_descriptions import OPENAPI
from tests.conftest import Database

from landschap.catalogue.describing import described, name_of, words_of
from landschap.catalogue.documents import read_document
from landschap.catalogue.store import search
from landschap.cli import roof

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database: Database) -> Run:
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}

    async def typed(*words: object) -> Result:
        arguments = ["catalogue", *map(str, words), "--config", str(database.settings.path)]
        return await asyncio.to_thread(CliRunner(env=env).invoke, roof, arguments)

    return typed


def told(done: Result) -> Any:
    return json.loads(done.stdout)


async def names(run: Run, *words: str) -> list[str]:
    done = await run("search", *words, "--json")
    return [each["name"] for each in told(done)]


# A subject of each document, in words of its operations or fields and not of its title.
SUBJECTS = {
    "bag-bevragen.yaml": "nummeraanduiding",
    "brk-bevragen.yaml": "kadastraal onroerende zaak",
    "brp-bewoning.yaml": "adresseerbaar object",
    "brp-ingeschreven-personen-1.3.yaml": "partnerhistorie",
    "brp-landelijke-tabellen.yaml": "tabelidentificatie",
    "brp-personen.yaml": "geslachtsnaam geboortedatum gemeente",
    "brp-verblijfplaatshistorie.yaml": "verblijfplaats datum",
    "don-api-register.json": "lifecycle sunset",
    "hr-bevragen.yaml": "vestigingen",
    "klantinteracties.yaml": "klantcontact",
    "mijn-taken.yaml": "taak",
    "objects.yaml": "geometry",
    "objecttypes.yaml": "jsonSchema",
    "omgevingswet-regels-bij-activiteiten.yaml": "juridische regels voor iedereen",
    "verwerkingenlogging-bewerken.yaml": "verwerkte objecten",
    "verwerkingsactiviteiten-register.yaml": "verwerkingsactiviteit",
    "woz-bevragen.yaml": "wozobjecten",
    "zgw-autorisaties.yaml": "applicaties",
    "zgw-besluiten.yaml": "ingangsdatum bestuursorgaan",
    "zgw-catalogi.yaml": "zaaktypen",
    "zgw-documenten.yaml": "enkelvoudiginformatieobjecten",
    "zgw-notificaties.yaml": "abonnement kanaal",
    "zgw-zaken.yaml": "zaakobjecten",
}


@pytest.mark.long
@pytest.mark.case("S-14")
async def test_each_public_description_is_found_by_title_owner_and_subject(
    run: Run, database: Database
) -> None:
    if not OPENAPI.is_dir():
        pytest.skip("the public descriptions are not here")
    done = await run("gather", OPENAPI, "--json")
    assert done.exit_code == 0, done.output
    rows = {Path(each["source"]).name: each for each in told(done)}
    assert set(rows) == set(SUBJECTS)
    assert len(rows) == 23
    assert {each["outcome"] for each in rows.values()} == {"new"}
    listed = {each["source"]: each for each in told(await run("list", "--json"))["apis"]}
    pool = await database.pool("catalogue")
    for file, row in rows.items():
        api = listed[row["source"]]
        title = re.findall(r"\w+", api["title"])
        owner = re.findall(r"\w+", api["organisation"])
        assert owner, file
        for words in (title, owner, SUBJECTS[file].split()):
            hits = await search(pool, " ".join(words), 30)
            assert api["name"] in [each.api.name for each in hits], (file, words)
    # The title comes before a word somewhere in a field.
    assert (await names(run, "bewoning"))[0] == "brp-bewoning"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "beschrijvingen"
    made.mkdir()
    (made / "parkeren.yaml").write_text(written(base()), encoding="utf-8")
    return made


async def test_the_same_text_is_kept_once_and_a_new_one_with_what_it_breaks(
    run: Run, folder: Path
) -> None:
    (first,) = told(await run("gather", folder, "--json"))
    assert (first["outcome"], first["name"], first["score"]) == ("new", "parkeervergunningen", 100)
    (same,) = told(await run("gather", folder, "--json"))
    assert same["outcome"] == "same"
    changed = base()
    leave_out("paths", "/vergunningen", "post")(changed)
    leave_out(*OK, "headers")(changed)
    (folder / "parkeren.yaml").write_text(written(changed), encoding="utf-8")
    (second,) = told(await run("gather", folder, "--json"))
    assert (second["outcome"], second["name"]) == ("changed", "parkeervergunningen")
    assert second["findings"] == 1
    assert sorted(second["breaking"]) == [
        "post /vergunningen is gone", "the header API-Version is gone",
    ]  # fmt: skip
    shown = told(await run("show", "parkeervergunningen", "--json"))
    assert [each["number"] for each in shown["texts"]] == [2, 1]
    assert [each["weight"] for each in shown["texts"][0]["changes"]] == ["breaking", "breaking"]
    assert shown["texts"][1]["changes"] == []
    table = await run("show", "parkeervergunningen")
    assert "breaking: post /vergunningen is gone" in table.output


async def test_what_can_not_be_read_is_told_and_the_rest_is_gathered(
    run: Run, folder: Path
) -> None:
    (folder / "kapot.yaml").write_text("openapi: [", encoding="utf-8")
    (folder / "lijst.json").write_text("[1]", encoding="utf-8")
    done = await run("gather", folder)
    assert done.exit_code == 1
    assert "new: parkeervergunningen" in done.stdout
    assert re.search(r"unreadable: .*kapot.yaml: syntax: ", done.stdout)
    found = told(await run("list", "--json"))
    assert [each["name"] for each in found["apis"]] == ["parkeervergunningen"]
    assert [Path(each["source"]).name for each in found["unreadable"]] == [
        "kapot.yaml", "lijst.json",
    ]  # fmt: skip
    (folder / "kapot.yaml").write_text(written(base()), encoding="utf-8")
    await run("gather", folder)
    found = told(await run("list", "--json"))
    # A second API of the same title has a name of its own.
    assert [each["name"] for each in found["apis"]] == [
        "parkeervergunningen", "parkeervergunningen-2",
    ]  # fmt: skip
    assert [Path(each["source"]).name for each in found["unreadable"]] == ["lijst.json"]


@pytest.mark.parametrize(
    ("words", "found_in"),
    [
        (["parkeervergunning"], ["title"]),
        (["parkeer"], ["title", "organisation", "operation", "field"]),
        (["Team"], ["organisation"]),
        (["aangevraagd"], None),
        (["kenteken"], ["field"]),
        (["ingangs", "datum"], None),
        (["kenteken", "vliegtuig"], None),
        (["'; DROP TABLE api; --"], None),
        (["!!!"], None),
    ],
)
async def test_words_are_found_where_they_stand(
    run: Run, folder: Path, words: list[str], found_in: list[str] | None
) -> None:
    await run("gather", folder)
    done = await run("search", *words, "--json")
    assert done.exit_code == (0 if found_in else 3), done.output
    hits = told(done)
    assert [each["foundIn"] for each in hits] == ([found_in] if found_in else [])


async def test_a_word_with_a_typing_error_gets_the_one_that_was_meant(
    run: Run, folder: Path
) -> None:
    await run("gather", folder)
    done = await run("search", "parkervergunningen")
    assert done.exit_code == 3
    assert "did you mean parkeervergunningen?" in done.stderr
    gone = await run("show", "parkeervergunning")
    assert gone.exit_code == 3
    assert "did you mean parkeervergunningen?" in gone.stderr


def test_an_empty_description_is_described_all_the_same() -> None:
    found = described(read_document(b"openapi: 3.1.0"))
    assert (found.title, found.organisation, found.operation_words) == ("", "", "")
    assert name_of("") == "api"
    assert name_of("Één BRP-API (v2)!") == "een-brp-api-v2"


def test_a_name_in_two_words_is_found_by_each() -> None:
    assert words_of("/ingeschrevenPersonen/{id}") == "ingeschrevenPersonen ingeschreven Personen id"
    assert len(words_of(*(f"woord{number}" for number in range(100_000)))) <= 200_000
