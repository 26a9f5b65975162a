# SPDX-License-Identifier: EUPL-1.2
"""``landschap register export`` and back: four forms, a manifest, a register that is moved."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow.parquet as pq
import pytest
from tests.registers.loading_rig import at_the_prompt
from tests.registers.rig import WEESP
from tests.throwaway import Cluster, Database, organisation
from tests.typing_commands import Done


class Bag:
    """The demo's BAG in a home of its own."""

    def __init__(self, config: Path, database: Database) -> None:
        self.config, self.database = config, database

    async def register(self, *words: str) -> Done:
        return await asyncio.to_thread(at_the_prompt, [*words, "--config", str(self.config)])

    async def said(self) -> list[tuple[Any, ...]]:
        """Everything the register says, without what is ours: numbers and moments."""
        pool = await self.database.pool("registers")
        rows = await pool.fetch(
            """SELECT object_type, object_id, groep, seq, valid_from, valid_to, valid_from_source,
                      source_registered_at, soort, inhoud, bron
               FROM registers.assertion ORDER BY 1, 2, 3, 4"""
        )
        return [tuple(row) for row in rows]


async def bag_in(cluster: Cluster, folder: Path) -> Bag:
    made = await cluster.fresh(folder / "organisation")
    home = folder / "home"
    organisation(home, cluster.anchor, more=f'\n[postgres]\ndsn = "{cluster.dsn(made.name)}"\n')
    (home / "secrets").symlink_to(made.settings.paths.secrets)
    shutil.copytree(WEESP / "registers", home / "registers")
    return Bag(home / "organisation.toml", made)


@pytest.fixture
async def bag(cluster: Cluster, tmp_path: Path) -> Bag:
    made = await bag_in(cluster, tmp_path)
    assert (await made.register("load", "bag", str(WEESP / "gegevens" / "bag"))).code == 0
    return made


async def test_every_form_has_a_manifest_and_can_be_read_back(bag: Bag, tmp_path: Path) -> None:
    counts = set()
    for form in ("jsonl", "csv", "geojson", "parquet"):
        out = tmp_path / f"panden.{form}"
        words = (
            "--form",
            form,
            "--out",
            str(out),
            "--geldig-op",
            "2015-06-01",
            "--purpose",
            "beheer",
        )
        done = await bag.register("export", "bag/panden", *words)
        assert done.code == 0, done.err
        told = json.loads((tmp_path / f"{out.name}.manifest.json").read_text())
        assert told["sha256"] == sha256(out.read_bytes()).hexdigest()
        assert (told["formaat"], told["doel"], told["geldigOp"]) == (form, "beheer", "2015-06-01")
        counts.add(told["aantal"])
        back = await bag.register("verify", "bag", "--export", str(out))
        assert (back.code, f"{told['aantal']} rows, equal to the register" in back.out) == (0, True)
    with (tmp_path / "panden.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    table: list[dict[str, Any]] = pq.read_table(tmp_path / "panden.parquet").to_pylist()  # type: ignore[no-untyped-call]
    assert [row["identificatie"] for row in table] == [row["identificatie"] for row in rows]
    assert counts == {len(rows)}
    assert not list(tmp_path.glob("*.part"))


async def test_what_was_touched_is_found(bag: Bag, tmp_path: Path) -> None:
    out = tmp_path / "panden.csv"
    assert (
        await bag.register("export", "bag/panden", "--form", "csv", "--out", str(out))
    ).code == 0
    whole = out.read_bytes()
    out.write_bytes(whole[:-10])
    cut = await bag.register("verify", "bag", "--export", str(out))
    assert (cut.code, "changed after it was written" in cut.err) == (7, True)
    out.write_bytes(whole)
    connection = await asyncpg.connect(bag.database.settings.postgres.dsn)
    await connection.execute("ALTER TABLE registers.assertion DISABLE TRIGGER USER")
    await connection.execute(
        """UPDATE registers.assertion SET inhoud = inhoud || '{"status": "Pand gesloopt"}'
           WHERE object_type = 'bag.pand'"""
    )
    await connection.close()
    touched = await bag.register("verify", "bag", "--export", str(out), "--json")
    assert (touched.code, touched.json["differs"]) == (
        7, "the register now says something else in some rows",
    )  # fmt: skip
    other = await bag.register("verify", "bag", "--export", str(tmp_path / "nergens.csv"))
    assert (other.code, "no export with a manifest" in other.err) == (1, True)


async def test_a_register_is_moved_with_both_axes(
    bag: Bag, cluster: Cluster, tmp_path: Path
) -> None:
    names = [path.stem for path in (WEESP / "gegevens" / "bag").glob("*.csv")]
    moved = tmp_path / "verhuizing"
    moved.mkdir()
    for name in names:
        words = ("--rows", "registraties", "--out", str(moved / f"{name}.jsonl"))
        done = await bag.register("export", f"bag/{name}", *words)
        assert done.code == 0, done.err
    there = await bag_in(cluster, tmp_path / "daar")
    done = await there.register("load", "bag", str(moved), "--json")
    assert done.code == 0, done.err
    assert await there.said() == await bag.said()
    cut = moved / "panden.jsonl"
    cut.write_text("".join(cut.read_text().splitlines(keepends=True)[1:]))
    refused = await there.register("load", "bag", str(moved))
    assert (refused.code, "seal" in refused.err) == (1, True)


# Days that something holds on, and moments of knowledge: before and after corrections.
ASKED = (
    ("2012-01-01", "2012-06-01T00:00:00+02:00"),
    ("2012-01-01", "2021-10-15T00:00:00+02:00"),
    ("2015-06-01", "2015-06-02T00:00:00+02:00"),
    ("2021-10-14", "2021-10-15T00:00:00+02:00"),
)
# What is of the place where it was registered, and not of what it says.
OF_THE_PLACE = ("volgnummer", "beschikbaarOp", "corrigeert")


async def answers(bag: Bag, folder: Path) -> dict[tuple[str, ...], str]:
    """By collection, day and moment, or as all stretches: the digest of what is answered."""
    folder.mkdir()
    told: dict[tuple[str, ...], str] = {}
    for name in (path.stem for path in (WEESP / "gegevens" / "bag").glob("*.csv")):
        for day, moment in ASKED:
            out = folder / f"{name}-{day}-{moment[:10]}.csv"
            words = ("--form", "csv", "--geldig-op", day, "--beschikbaar-op", moment)
            done = await bag.register("export", f"bag/{name}", *words, "--out", str(out))
            assert done.code == 0, done.err
            told[name, day, moment] = sha256(out.read_bytes()).hexdigest()
        out = folder / f"{name}.jsonl"
        words = ("--rows", "voorkomens", "--form", "jsonl", "--out", str(out))
        assert (await bag.register("export", f"bag/{name}", *words)).code == 0
        told[name, "voorkomens"] = sha256(without_place(out)).hexdigest()
    return told


def without_place(path: Path) -> bytes:
    """The lines of an export without the numbers of the install, and without its seal."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:-1]]
    for row in rows:
        for name in OF_THE_PLACE:
            row["historie"].pop(name, None)
    return json.dumps(rows, sort_keys=True).encode()


@pytest.mark.case("S-11")
async def test_an_empty_install_that_took_a_full_export_gives_equal_answers(
    bag: Bag, cluster: Cluster, tmp_path: Path
) -> None:
    moved = tmp_path / "verhuizing"
    moved.mkdir()
    for path in (WEESP / "gegevens" / "bag").glob("*.csv"):
        words = ("--rows", "registraties", "--out", str(moved / f"{path.stem}.jsonl"))
        assert (await bag.register("export", f"bag/{path.stem}", *words)).code == 0
    # The schema travels as the files it is: JSON Schema, beside the lines.
    shutil.copytree(bag.config.parent / "registers" / "bag", moved / "model")
    there = await bag_in(cluster, tmp_path / "daar")
    shutil.rmtree(there.config.parent / "registers")
    shutil.copytree(moved / "model", there.config.parent / "registers" / "bag")
    shutil.rmtree(moved / "model")
    assert await there.said() == []
    loaded = await there.register("load", "bag", str(moved), "--json")
    assert loaded.code == 0, loaded.err
    here, elsewhere = await answers(bag, tmp_path / "a"), await answers(there, tmp_path / "b")
    assert here == elsewhere
    # They are answers about something: what is known differs by day and by moment.
    assert len({here["panden", *pair] for pair in ASKED}) == len(ASKED)


async def test_all_stretches_of_all_days(bag: Bag, tmp_path: Path) -> None:
    out = tmp_path / "woonplaatsen.csv"
    words = ("--rows", "voorkomens", "--form", "csv", "--out", str(out))
    assert (await bag.register("export", "bag/woonplaatsen", *words)).code == 0
    with out.open(newline="") as text:
        rows = [
            (r["identificatie"], r["status"], r["beginGeldigheid"]) for r in csv.DictReader(text)
        ]
    assert ("1012", "Woonplaats ingetrokken", "2016-01-01") in rows
    assert (await bag.register("verify", "bag", "--export", str(out))).code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--form", "geojson"), "have no geometry"),
        (("--form", "parquet"), "--out"),
        (("--form", "csv", "--rows", "registraties"), "JSON lines"),
    ],
)
async def test_what_can_not_be_written_says_what_to_do(
    bag: Bag, words: tuple[str, ...], told: str
) -> None:
    done = await bag.register("export", "bag/nummeraanduidingen", *words)
    assert (done.code, done.out, told in done.err) == (1, "", True), done.err
