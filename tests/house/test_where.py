# SPDX-License-Identifier: EUPL-1.2
"""The list of where data lies names every table that there is, and tells classes as models do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.house.test_tables import _TABLES
from tests.throwaway import Database

from landschap.cli.where import in_dutch, places_page, read_places, where
from landschap.console.places import CLASSES, MODEL, Held, places_of

ROOT = Path(__file__).parents[2]
_ROOMS = ("logboek", "purposes", "fsc", "registers", "gateway", "portal", "console", "packages",
          "forms", "platform", "catalogue")  # fmt: skip


async def test_every_table_stands_in_exactly_one_place(database: Database) -> None:
    connection = await database.administrator()
    try:
        there = {row["name"] for row in await connection.fetch(_TABLES, list(_ROOMS))}
    finally:
        await connection.close()
    named = [table for each in read_places() for table in each.tables]
    assert len(named) == len(set(named))
    # A table that is not here yet is a place where data lies without anybody knowing.
    assert there - {"platform.migration"} - set(named) == set()
    assert set(named) - there == set()


def test_every_place_says_what_it_is_what_it_holds_and_until_when() -> None:
    for each in read_places():
        assert sum(bool(part) for part in (each.tables, each.files, each.cache)) == 1, each.where
        assert set(each.kinds) <= {*CLASSES, MODEL}, each.where
        assert each.until, each.where


def test_every_place_is_told_in_dutch_too() -> None:
    """The page of the console is in Dutch first: src/landschap/cli/where_nl.toml."""
    told = {words for each in read_places() for words in (each.where, each.until)}
    assert set(in_dutch()) == told
    assert all(in_dutch().values())


def test_what_models_hold_lies_where_models_lie() -> None:
    places = read_places()
    named = {each.where for each in places_of("bijzonder", places, [])}
    # What a person hands in can say anything.
    assert named == {"files that persons handed in with a report, sealed"}
    found = places_of("bijzonder", places, [Held(path="a.b.c", kind="bijzonder")])
    assert {"history of registers"} < {each.where for each in found}
    everything = {each.where for each in places_of("", places, [])}
    assert "number of the newest change" not in everything
    assert {"sessions of residents, sealed", "history of registers"} < everything


def test_the_page_is_what_the_list_says() -> None:
    page = ROOT / "docs" / "reference" / "where-data-lies.md"
    assert page.read_text(encoding="utf-8") == places_page()


@pytest.mark.parametrize("kind", ["", *CLASSES])
def test_the_command_tells_fields_of_the_models(database: Database, kind: str) -> None:
    folder = database.settings.path.parent / "registers" / "proef"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "register.toml").write_text(
        'naam = "proef"\ntitel = "Proef"\ntitle = "Trial"\nklok = "eigen"\n'
    )
    (folder / "kind.schema.json").write_text(json.dumps({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Kind",
        "x-titel-en": "Child", "type": "object", "additionalProperties": False,
        "required": [], "x-collectie": "kinderen", "x-identificatie": "nummer",
        "x-versie": "1.0.0",
        "properties": {
            "nummer": {"title": "Nummer", "x-titel-en": "Number", "type": "string",
                       "pattern": "^[0-9]+$", "x-persoonsgegeven": "identificerend"},
            "zorg": {"title": "Zorg", "x-titel-en": "Care", "type": "string",
                     "x-persoonsgegeven": "bijzonder"},
        },
    }))  # fmt: skip
    arguments = [*([kind] if kind else []), "--json", "-c", str(database.settings.path)]
    result = CliRunner().invoke(where, arguments, catch_exceptions=False)
    told = json.loads(result.output)
    expected = {"identificerend": ["nummer"], "bijzonder": ["zorg"], "": ["nummer", "zorg"]}
    assert [each["path"].rpartition(".")[2] for each in told["fields"]] == expected.get(kind, [])
    named = {each["where"] for each in told["places"]}
    assert ("history of registers" in named) == (kind in ("", "identificerend", "bijzonder"))
