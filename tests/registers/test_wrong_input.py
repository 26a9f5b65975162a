# SPDX-License-Identifier: EUPL-1.2
"""Wrong input at the API and at the prompt: each is told clearly, and nothing is half done."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.registers.loading_rig import at_the_prompt, many, permits
from tests.registers.rig import annotated
from tests.registers.test_api import Asker, asker_of
from tests.registers.test_changing import WHY
from tests.registers.test_collections import BOTH, schema
from tests.throwaway import Cluster, Database

from landschap.registers.models import Register, parse_register

FIELDS = ("nummer", "naam", "hoogte", "vlak")
SQUARE = [[[4.9, 52.3], [4.91, 52.3], [4.91, 52.31], [4.9, 52.3]]]


def blocks() -> Register:
    """A register ``proef`` of blocks with a height and a place."""
    schemas: Any = {
        "blok": schema(
            "Blok",
            "blokken",
            naam=annotated(**BOTH),
            hoogte=annotated(**BOTH, type="integer", minimum=1),
            vlak=annotated(
                **BOTH, type=["object", "null"], **{"x-geometrie": "vlak", "x-crs": 28992}
            ),
        )
    }
    return parse_register({"naam": "proef", "klok": "eigen"}, schemas, "proef")


@pytest.fixture(scope="module")
async def asker(module_database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(module_database, blocks()):
        yield one


QUERIES = [
    ("geldigOp=2021-02-29", "geldigOp", "not a full, existing date"),
    ("geldigOp=29-02-2020", "geldigOp", "YYYY-MM-DD"),
    ("beschikbaarOp=2020-01-01T25:00:00Z", "beschikbaarOp", "not an existing moment"),
    ("geldigOp=2020-01-01T00:00:00Z&beschikbaarOp=2020-01-01", "geldigOp", "date"),
    ("beschikbaarOp=2999-01-01T00:00:00Z", "beschikbaarOp", "known later"),
    ("geldigVan=2021-01-01&geldigTot=2020-01-01", "geldigTot", "after geldigVan"),
    ("fields=naaam", "fields", "did you mean naam"),
    ("sort=hogte", "sort", "one of"),
    ("limit=1001", "limit", "1 to 1000"),
    ("limit=0", "limit", "1 to 1000"),
    ("limit=-1", "limit", "1 to 1000"),
    ("bbox=4.9,52.3,4.8", "bbox", "four numbers"),
    ("bbox=4.9,52.4,4.8,52.3", "bbox", "least corner first"),
    ("bbox=52.3,4.9,inf,5", "bbox", "four numbers"),
    ("expand=ligtAan", "expand", "no relation ligtAan"),
]


@pytest.mark.parametrize(("query", "name", "told"), QUERIES, ids=[each[0] for each in QUERIES])
async def test_a_wrong_question_is_told_by_parameter(
    asker: Asker, query: str, name: str, told: str
) -> None:
    pairs = dict(each.split("=") for each in query.split("&"))
    answer = await asker.send("GET", "/proef/v1/blokken", pairs, fields=FIELDS)
    assert answer.status_code == 400, answer.text
    faults = {each["location"]["name"]: each["detail"] for each in answer.json()["errors"]}
    assert told in faults[name]


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("/proef/v1/blokken/b%00", {}),
        ("/proef/v1/blokken", {"naam": "a\0"}),
        ("/proef/v1/blokken/b1", {"fields": "naam\0"}),
    ],
)
async def test_an_address_with_a_null_character_is_refused_and_asks_nothing(
    asker: Asker, address: str, query: dict[str, str]
) -> None:
    answer = await asker.send("GET", address, query, fields=FIELDS, searchable=("naam",))
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid"), answer.text
    assert "null character" in answer.json()["title"]


async def test_a_search_key_with_a_null_character_is_refused_by_its_place(asker: Asker) -> None:
    answer = await asker.send(
        *("POST", "/proef/v1/blokken/_zoek"), body=b'{"naam": "a\\u0000"}', fields=FIELDS,
        searchable=("naam",),
    )  # fmt: skip
    assert answer.status_code == 400, answer.text
    assert "null character" in answer.text


BODIES: list[tuple[dict[str, Any], str, str]] = [
    ({"geldigVan": "2021-02-29", "inhoud": {"naam": "a"}}, "/geldigVan", "date"),
    ({"geldigVan": "2021-02-01", "inhoud": {"naaam": "a"}}, "/inhoud", "naaam"),
    ({"geldigVan": "2021-02-01", "inhoud": {"hoogte": 0}}, "/inhoud/hoogte", "1"),
    ({"geldigVan": "2021-02-01", "inhoud": {"hoogte": "9"}}, "/inhoud/hoogte", "integer"),
    ({"geldigVan": "2021-02-01", "inhoud": {"vlak": {"type": "Vlak"}}}, "/inhoud/vlak", "Polygon"),
    ({"geldigVan": "2021-02-01", "inhoud": {"vlak": {"type": "Polygon", "coordinates": [[1]]}}},
     "/inhoud/vlak", "two numbers"),
    ({"geldigVan": "2021-02-01", "inhoud": {"vlak": {"type": "Polygon", "coordinates": [[
        [4.9, 52.3], [4.91, 52.31], [4.91, 52.3], [4.9, 52.31], [4.9, 52.3]]]}}},
     "/inhoud/vlak", "self-intersection"),
    ({"geldigVan": "2021-02-01", "inhoud": {"vlak": {"type": "Polygon", "coordinates": SQUARE}},
      "geldigTot": "2020-01-01"}, "", "geldigTot"),
    ({"geldigVan": "2021-02-01", "inhoud": {"naam": "a\0"}}, "", "null character"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "place", "told"), BODIES, ids=[each[2] for each in BODIES])
async def test_what_is_wrong_in_a_registration_is_told_by_place_and_nothing_is_written(
    asker: Asker, body: dict[str, Any], place: str, told: str
) -> None:
    answer = await asker.send(
        "POST",
        "/proef-bijhouden/v1/blokken/b1/_registreer",
        body=json.dumps({**WHY, **body}).encode(),
        headers={"If-None-Match": "*"},
        service="proef-bijhouden",
        fields=FIELDS,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "inhoud.ongeldig"), answer.text
    faults = answer.json()["errors"]
    places = [each["location"]["pointer"] for each in faults]
    assert any(each.startswith(place) for each in places), places
    assert told in json.dumps(faults)
    assert await asker.pool.fetchval("SELECT count(*) FROM registers.assertion") == 0


async def test_a_period_that_ends_before_it_begins_is_not_inserted(asker: Asker) -> None:
    body = {**WHY, "geldigVan": "2021-01-01", "geldigTot": "2021-01-01", "inhoud": {"naam": "a"}}
    answer = await asker.send(
        "POST", "/proef-bijhouden/v1/blokken/b1/_voegin", body=json.dumps(body).encode(),
        headers={"If-None-Match": "*"}, service="proef-bijhouden", fields=FIELDS,
    )  # fmt: skip
    assert answer.status_code == 400
    assert [each["location"]["pointer"] for each in answer.json()["errors"]] == ["/geldigTot"]


FILES = [
    ("a date", "v1,2020-02-30,Kap,aanvraag,1\n", "INGANG"),
    ("a number", "v1,2020-01-01,Kap,aanvraag,veel\n", "M2"),
    ("a code", "v1,2020-01-01,Kap,vraag,1\n", "soort"),
    (
        "the same object twice",
        "v1,2020-01-01,Kap,aanvraag,1\nv1,2020-01-01,Bouw,aanvraag,2\n",
        "line 2",
    ),
]


@pytest.mark.parametrize(("rows", "told"), [each[1:] for each in FILES], ids=[e[0] for e in FILES])
async def test_a_wrong_row_of_a_delivery_is_told_by_column_and_nothing_is_loaded(
    cluster: Cluster, tmp_path: Path, rows: str, told: str
) -> None:
    config, database = await permits(cluster, tmp_path)
    file = many(tmp_path / "in.csv", 0)
    file.write_text("NR,INGANG,NAAM,SOORT,M2\n" + rows + "v9,2020-01-01,Goed,besluit,1\n")
    words = ["load", "vergunningen", str(file), "--mapping", str(file.with_suffix(".toml"))]
    done = await asyncio.to_thread(at_the_prompt, [*words, "--config", str(config)])
    assert done.code == 1
    assert "nothing was loaded" in done.err
    assert told in done.err
    pool = await database.pool("registers")
    assert await pool.fetchval("SELECT count(*) FROM registers.assertion") == 0
    database.close()


async def test_no_room_for_what_was_read_is_told_and_nothing_is_loaded(
    cluster: Cluster, tmp_path: Path
) -> None:
    config, database = await permits(cluster, tmp_path)
    file = many(tmp_path / "in.csv", 20_000, name="Kap van een boom " * 30)
    words = ["load", "vergunningen", str(file), "--mapping", str(file.with_suffix(".toml"))]

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from landschap.cli import main; main()", "register", *words,
         "--config", str(config)],
        capture_output=True, text=True, preexec_fn=small_files,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no room for what was read" in done.stderr, done.stderr
    assert "SQLITE_TMPDIR" in done.stderr
    pool = await database.pool("registers")
    assert await pool.fetchval("SELECT count(*) FROM registers.assertion") == 0
    database.close()


async def test_a_database_that_is_away_is_told_before_all_is_read(
    cluster: Cluster, tmp_path: Path
) -> None:
    config, database = await permits(cluster, tmp_path)
    database.close()
    dsn = str(database.settings.postgres.dsn)
    text = config.read_text().replace(dsn, dsn.replace("host=", "host=/nergens"))
    config.write_text(text)
    file = many(tmp_path / "in.csv", 1)
    words = ["load", "vergunningen", str(file), "--mapping", str(file.with_suffix(".toml"))]
    done = await asyncio.to_thread(at_the_prompt, [*words, "--config", str(config)])
    assert done.code == 1
    assert "cannot be reached" in done.err
    assert "Reading" not in done.err
