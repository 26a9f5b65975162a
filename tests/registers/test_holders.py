# SPDX-License-Identifier: EUPL-1.2
"""A register that goes to another holder: packed, proven by a reader without us, taken over."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.registers.rig import FULL, ROOT, WEESP
from tests.throwaway import Cluster, Database, organisation
from tests.typing_commands import Done
from tools import read_transfer

from landschap.cli import main
from landschap.logboek.store import LogWriter
from landschap.registers import client, store
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.questions import AsOf
from landschap.registers.timeline import Clock, answers
from landschap.vocabulary.times import parse_moment

WEESP_OIN, AMSTERDAM_OIN = "00000099000000001000", "00000099000000002000"
DAY = "2022-03-24"
READER = ROOT / "tools" / "read_transfer.py"
BY = ("--by", "Anna de Wit")


@dataclass(kw_only=True)
class Town:
    """One municipality with its own database, models and prompt."""

    config: Path
    dsn: str
    pool: asyncpg.Pool
    database: Database
    registers: Registers
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    @property
    def bag(self) -> Register:
        return self.registers.by_name["bag"]

    async def type(self, *words: str) -> Done:
        self.monkeypatch.setenv("LANDSCHAP__POSTGRES__DSN", self.dsn)

        def at_the_prompt() -> int:
            with pytest.raises(SystemExit) as way_out:
                main([*words, "--config", str(self.config)])
            return int(way_out.value.code or 0)

        code = await asyncio.to_thread(at_the_prompt)
        told = self.capsys.readouterr()
        return Done(code=code, out=told.out, err=told.err)

    async def load(self, path: Path) -> None:
        await store.prepare(self.pool, self.bag)
        async for _ in store.load(self.pool, self.bag, client.read_extract(self.bag, path)):
            pass


@pytest.fixture
async def towns(
    cluster: Cluster,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Weesp, which holds the addresses, and Amsterdam, which holds none yet and keeps its own."""
    made = [
        await town(cluster, tmp_path / name, oin, clock, capsys, monkeypatch)
        for name, oin, clock in (
            ("weesp", WEESP_OIN, "bron"),
            ("amsterdam", AMSTERDAM_OIN, "eigen"),
        )
    ]
    yield made
    for one in made:
        one.database.close()
        await cluster.run(f"DROP DATABASE {one.database.name} WITH (FORCE)")


async def town(
    cluster: Cluster,
    folder: Path,
    oin: str,
    clock: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Town:
    database = await cluster.fresh(folder)
    config = folder / "organisation.toml"
    if oin != WEESP_OIN:
        organisation(folder, cluster.anchor, oin=oin, name="Gemeente Amsterdam")
    shutil.copytree(WEESP / "registers" / "bag", folder / "registers" / "bag")
    head = folder / "registers" / "bag" / "register.toml"
    head.write_text(head.read_text().replace('klok = "bron"', f'klok = "{clock}"'))
    return Town(
        config=config,
        dsn=cluster.dsn(database.name),
        pool=await database.pool("registers"),
        database=database,
        registers=client.read_models(folder / "registers"),
        capsys=capsys,
        monkeypatch=monkeypatch,
    )


def read(*words: str) -> subprocess.CompletedProcess[str]:
    """The reader as an archive runs it: Python without our packages, in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(READER), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
async def packed(towns: list[Town], tmp_path: Path) -> tuple[Town, Path]:
    weesp, _ = towns
    await weesp.load(WEESP / "gegevens" / "bag")
    target = tmp_path / "pakket"
    done = await weesp.type("register", "transfer", "bag", "--to", str(target), *BY, "--json")
    assert done.code == 0, done.err
    assert done.json["types"]["woonplaats"]["lines"] == 3
    return weesp, target


async def equal_answers(pool: asyncpg.Pool, bag: Register, package: Path, asked: int) -> int:
    """How many random (valid, known) questions the reader answered as we do; all of them."""
    chance = random.Random(20220324)
    manifest = read_transfer.proven(package)
    now, told = datetime.now(UTC), 0
    for kind in bag.types.values():
        lines: dict[str, list[Any]] = {}
        with (package / manifest["typen"][kind.name]["bestand"]).open() as file:
            for line in map(json.loads, file):
                lines.setdefault(line["object"], []).append(line)
        for object_id in chance.sample(sorted(lines), min(asked, len(lines))):
            groups = await store.history_of(pool, kind, object_id)
            for day, moment in questions(chance, lines[object_id]):
                known = await store.known_at(pool, bag, now, moment)
                ours = {
                    group: [dict(a.assertion.content or {}) for a in answers(line, day, known)]
                    for group, line in groups.items()
                    if any(known.includes(a) and a.period.covers(day) for a in line)
                }
                said = read_transfer.main(
                    str(package), kind.name, object_id, day.isoformat(), moment.isoformat()
                )
                assert said == ours, (object_id, day, moment)
                told += 1
    return told


def questions(chance: random.Random, lines: list[Any]) -> Iterator[tuple[date, datetime]]:
    """Days and moments at, just before and just after the borders of an object."""
    for _ in range(3):
        line, other = chance.choice(lines), chance.choice(lines)
        begin = date.fromisoformat(line["geldigVan"] or "1900-01-01")
        day = begin + timedelta(days=chance.choice([-1, 0, 1, 400]))
        moment = parse_moment(other["bekendOp"]) + timedelta(microseconds=chance.choice([-1, 0, 1]))
        yield day, moment


async def test_a_reader_without_our_software_proves_and_answers_as_we_do(
    packed: tuple[Town, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    weesp, package = packed
    assert len(READER.read_text().splitlines()) <= 100
    done = read(str(package))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["archiefvormer"]["oin"] == WEESP_OIN
    one = read(str(package), "woonplaats", "1012", "2016-01-02", "2016-01-03T00:00:00+01:00")
    assert json.loads(one.stdout)["woonplaats"][0]["status"] == "Woonplaats aangewezen"
    one = read(str(package), "woonplaats", "1012", "2016-01-02", "2016-01-06T00:00:00+01:00")
    assert json.loads(one.stdout)["woonplaats"][0]["status"] == "Woonplaats ingetrokken"
    # Proven once above; proving it for every question would only cost time.
    manifest = read_transfer.proven(package)
    monkeypatch.setattr(read_transfer, "proven", lambda _: manifest)
    assert await equal_answers(weesp.pool, weesp.bag, package, 12) > 100


async def test_metadata_is_mdto_with_checksums_value_limits_and_events(
    packed: tuple[Town, Path],
) -> None:
    _, package = packed
    names = {"m": "https://www.nationaalarchief.nl/mdto"}
    root = ET.parse(package / "metagegevens" / "pand.mdto.xml").getroot()  # noqa: S314 - our own
    thing = root.find("m:informatieobject", names)
    assert thing is not None
    tags = [child.tag.partition("}")[2] for child in thing]
    order = ["identificatie", "naam", "aggregatieniveau", "omschrijving", "dekkingInTijd", "taal",
             "event", "waardering", "isOnderdeelVan", "heeftRepresentatie", "archiefvormer",
             "beperkingGebruik"]  # fmt: skip
    assert [tag for tag in order if tag in tags] == list(dict.fromkeys(tags))
    assert {"dekkingInTijd", "event", "waardering", "beperkingGebruik"} <= set(tags)
    root = ET.parse(package / "metagegevens" / "pand.bestand.mdto.xml").getroot()  # noqa: S314
    manifest = json.loads((package / "manifest.json").read_text())
    said = root.findtext("m:bestand/m:checksum/m:checksumWaarde", namespaces=names)
    assert said == manifest["bestanden"]["gegevens/pand.jsonl"]["sha256"]


@pytest.mark.parametrize(
    "tamper",
    ["a byte of data", "a file more", "the manifest", "the signature", "another signer"],
)
async def test_a_tampered_package_is_refused_by_reader_and_successor(
    packed: tuple[Town, Path], towns: list[Town], tamper: str, cluster: Cluster, tmp_path: Path
) -> None:
    _, package = packed
    _, amsterdam = towns
    data = package / "gegevens" / "pand.jsonl"
    manifest = package / "manifest.json"
    if tamper == "a byte of data":
        data.write_text(data.read_text().replace("Pand in gebruik", "Pand in gebrauk", 1))
    elif tamper == "a file more":
        (package / "gegevens" / "extra.jsonl").write_text("{}\n")
    elif tamper == "the manifest":
        manifest.write_text(manifest.read_text().replace(WEESP_OIN, AMSTERDAM_OIN))
    elif tamper == "the signature":
        jws = package / "manifest.jws"
        head, body, mark = jws.read_text().split(".")
        jws.write_text(f"{head}.{body}.{mark[::-1]}")
    else:
        other = organisation(tmp_path / "other", cluster.anchor, oin=AMSTERDAM_OIN, name="A")
        shutil.copy(other.identity.certificate, package / "certificaat.pem")
    if tamper != "a file more":
        assert read(str(package)).returncode != 0
    words = ("register", "take-over", str(package), "--from", DAY, *BY)
    done = await amsterdam.type(*words)
    assert done.code == 1
    assert "nothing was taken over" in done.err
    assert await amsterdam.pool.fetchval("SELECT count(*) FROM registers.assertion") == 0


async def test_a_package_that_can_not_be_written_leaves_nothing(
    towns: list[Town], tmp_path: Path
) -> None:
    weesp, _ = towns
    await weesp.load(WEESP / "gegevens" / "bag")
    (tmp_path / "vol").write_text("a file where a folder should be made")
    done = await weesp.type("register", "transfer", "bag", "--to", str(tmp_path / "vol" / "x"), *BY)
    assert (done.code, "can not be written" in done.err) == (1, True)
    done = await weesp.type("register", "transfer", "bag", "--to", str(tmp_path / "vol"), *BY)
    assert (done.code, "something already" in done.err or "exists" in done.err) == (1, True)
    hold = await weesp.type(
        "retention", "hold", "bag", "--object", "bag/woonplaatsen/1012", "--reason", "beroep", *BY
    )
    assert hold.code == 0, hold.err
    done = await weesp.type("register", "transfer", "bag", "--to", str(tmp_path / "nieuw"), *BY)
    assert (done.code, "vernietiging.bewaarplicht" in done.err) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["amsterdam", "vol", "weesp"]


async def test_a_disk_that_fills_leaves_nothing_of_a_package(
    towns: list[Town], tmp_path: Path
) -> None:
    weesp, _ = towns
    await weesp.load(WEESP / "gegevens" / "bag")
    target = tmp_path / "pakket"
    words = ("register", "transfer", "bag", "--to", str(target), *BY, "--config", str(weesp.config))
    # No file larger than 16 kB: the same error of writing as on a full disk, in the middle.
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", 'ulimit -f 16; exec "$@"', "bash", sys.executable, "-m", "landschap", *words,
        env=os.environ | {"LANDSCHAP__POSTGRES__DSN": weesp.dsn},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, told = await process.communicate()
    assert process.returncode == 1
    assert "File too large" in told.decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["amsterdam", "weesp"]


async def test_for_an_archive_goes_what_is_kept_for_ever_and_past_its_term_and_not_held(
    towns: list[Town], tmp_path: Path
) -> None:
    weesp, _ = towns
    await weesp.load(WEESP / "gegevens" / "bag")
    rules = weesp.config.parent / "registers" / "bag" / "bewaartermijnen.toml"
    rules.write_text(
        """[[regel]]
id = "ingetrokken"
objecttype = "woonplaats"
categorie = "1.1"
waardering = "blijvend bewaren"
termijn = "P1Y"
begint = "waarde"
veld = "status"
waarden = ["Woonplaats ingetrokken"]
"""
    )
    words = ("register", "transfer", "bag", "--due", *BY, "--json", "--to")
    done = await weesp.type(*words, str(tmp_path / "depot"))
    assert done.code == 0, done.err
    assert list(done.json["types"]) == ["woonplaats"]
    assert done.json["types"]["woonplaats"]["objects"] == 1
    metadata = (tmp_path / "depot" / "metagegevens" / "woonplaats.mdto.xml").read_text()
    assert "<begripLabel>Blijvend te bewaren</begripLabel>" in metadata
    assert "<termijnLooptijd>P1Y</termijnLooptijd>" in metadata
    await weesp.type(
        "retention", "hold", "bag", "--object", "bag/woonplaatsen/1012", "--reason", "beroep", *BY
    )
    done = await weesp.type(*words, str(tmp_path / "later"), "--dry-run")
    assert (done.code, done.json) == (0, {})


async def answer(
    town: Town, kind: ObjectType, object_id: str, day: str, moment: str | None, clock: Clock
) -> list[dict[str, Any]]:
    known = await store.known_at(
        town.pool, town.bag, datetime.now(UTC), parse_moment(moment) if moment else None,
        clock=clock,
    )  # fmt: skip
    question = AsOf(type=kind, wanted=[object_id], valid_on=date.fromisoformat(day), known=known)
    found = await store.as_of(town.pool, question)
    return [{**one.content, "historie": one.history.as_json(question)} for one in found]


async def test_weesp_goes_to_amsterdam_with_its_history_and_stays_readable(
    packed: tuple[Town, Path], towns: list[Town]
) -> None:
    weesp, package = packed
    _, amsterdam = towns
    log = LogWriter(weesp.database.settings, "probe")
    await log.start()
    await log.close()
    words = ("register", "take-over", str(package), "--from", DAY, *BY, "--json")
    dry = await amsterdam.type(*words, "--dry-run")
    assert (dry.code, dry.json["added"]) == (0, 0), dry.err
    done = await amsterdam.type(*words)
    assert done.code == 0, done.err
    assert done.json["added"] == await weesp.pool.fetchval(
        "SELECT count(*) FROM registers.assertion"
    )
    again = await amsterdam.type(*words)
    assert (again.json["added"], again.json["passedOver"]) == (0, done.json["added"])
    assert await store.differences(amsterdam.pool, amsterdam.bag) == 0
    await same_history(weesp, amsterdam)

    kind = amsterdam.bag.types["woonplaats"]
    for day, holder in (("2016-01-02", WEESP_OIN), (DAY, AMSTERDAM_OIN)):
        (one,) = await answer(amsterdam, kind, "1012", day, None, Clock.OWN)
        assert one["historie"]["bronhouder"]["oin"] == holder
    then = await answer(amsterdam, kind, "1012", "2016-01-02", "2016-01-03T00:00", Clock.SOURCE)
    assert then[0]["status"] == "Woonplaats aangewezen"
    # On our own clock nothing was known before the taking over.
    assert await answer(amsterdam, kind, "1012", "2016-01-02", "2016-01-03T00:00", Clock.OWN) == []


async def same_history(weesp: Town, amsterdam: Town) -> None:
    """Every assertion with the same days, moments of the source and content, in one order."""
    compared = 0
    for kind in weesp.bag.types.values():
        before, after = [await said(town.pool, kind) for town in (weesp, amsterdam)]
        assert after == before
        compared += len(before)
    assert compared > 300


async def said(pool: asyncpg.Pool, kind: ObjectType) -> list[tuple[Any, ...]]:
    found = await pool.fetch(
        """SELECT object_id, groep, seq, valid_from, valid_to, valid_from_source,
                  source_registered_at, soort, inhoud
           FROM registers.assertion WHERE object_type = $1
           ORDER BY object_id, groep, source_registered_at, seq""",
        kind.key,
    )
    return [tuple(row)[:2] + tuple(row)[3:] for row in found]


async def test_a_closed_register_names_its_successor_and_is_written_no_more(
    packed: tuple[Town, Path],
) -> None:
    weesp, _ = packed
    words = (
        "register", "close", "bag", "--successor", AMSTERDAM_OIN, "--successor-name", "Amsterdam",
        "--from", DAY, "--reason", "Stb. 2021, 501", *BY,
    )  # fmt: skip
    wrong = await weesp.type(*words, "--address", "ftp://x")
    assert (wrong.code, "https://" in wrong.err) == (2, True)
    address = "https://registers.amsterdam.example/bag/v1"
    done = await weesp.type(*words, "--address", address)
    assert done.code == 0, done.err
    twice = await weesp.type(*words, "--address", address)
    assert (twice.code, "closed already" in twice.err) == (1, True)
    rows = await weesp.pool.fetchval("SELECT count(*) FROM registers.assertion")
    load = await weesp.type("register", "load", "bag", str(WEESP / "gegevens" / "bag"))
    assert (load.code, "held by Amsterdam" in load.err) == (1, True), load.err
    with pytest.raises(asyncpg.PostgresError, match="another organisation"):
        await weesp.pool.execute(
            """INSERT INTO registers.assertion (object_type, object_id, groep, seq, volgnummer,
                   valid_from, registered_at, source_registered_at, soort, bron, model_version,
                   transaction_id)
               VALUES ('bag.pand', 'x', 'pand', 1, 1, '2020-01-01', now(), now(), 'WIJZIGING', '{}',
                   '1', gen_random_uuid())"""
        )
    assert await weesp.pool.fetchval("SELECT count(*) FROM registers.assertion") == rows
    shown = await weesp.type("register", "show", "bag/woonplaatsen/1012", "--json")
    assert shown.code == 0, shown.err
    assert (await weesp.type("verify")).code == 0
    assert (await weesp.type("contract", "list")).code == 0


async def test_what_weesp_destroyed_stays_destroyed_in_amsterdam(
    towns: list[Town], tmp_path: Path
) -> None:
    weesp, amsterdam = towns
    await weesp.load(WEESP / "gegevens" / "bag")
    given = await weesp.type(
        "retention", "erase", "bag/woonplaatsen/1012", "--role", "p", *BY,
        "--ground", "onrechtmatig-bewaard", "--json",
    )  # fmt: skip
    assert given.code == 0, given.err
    await weesp.type("retention", "approve", given.json["list"], "--by", "Bas", "--role", "a")
    done = await weesp.type("retention", "execute", given.json["list"], "--by", "Cor")
    assert done.code == 0, done.err
    package = tmp_path / "pakket"
    done = await weesp.type("register", "transfer", "bag", "--to", str(package), *BY)
    assert done.code == 0, done.err
    assert "Vernietiging" in (package / "metagegevens" / "register.mdto.xml").read_text()
    for _ in range(2):
        taken = await amsterdam.type(
            "register", "take-over", str(package), "--from", DAY, *BY, "--json"
        )
        assert (taken.code, taken.json["destroyed"]) == (0, 1), taken.err
    gone = await store.destroyed_of(amsterdam.pool, [("bag.woonplaats", "1012")])
    assert [one["grond"] for one in gone.values()] == ["onrechtmatig-bewaard"]
    proven = await amsterdam.type("retention", "verify", "bag")
    assert proven.code == 0, proven.err


async def test_an_object_of_our_own_is_not_taken_over_from_another(
    packed: tuple[Town, Path], towns: list[Town]
) -> None:
    _, package = packed
    _, amsterdam = towns
    await amsterdam.load(WEESP / "gegevens" / "bag")
    done = await amsterdam.type("register", "take-over", str(package), "--from", DAY, *BY)
    assert done.code == 1
    assert "overname.past-niet" in done.err


@pytest.mark.long
async def test_all_of_weesp_goes_to_amsterdam(towns: list[Town], tmp_path: Path) -> None:
    if not FULL.is_dir():
        pytest.skip(f"the public BAG extract is not here ({FULL.name})")
    weesp, amsterdam = towns
    await weesp.load(FULL)
    package = tmp_path / "pakket"
    done = await weesp.type("register", "transfer", "bag", "--to", str(package), *BY, "--json")
    assert done.code == 0, done.err
    done = await amsterdam.type("register", "take-over", str(package), "--from", DAY, *BY, "--json")
    assert done.code == 0, done.err
    await same_history(weesp, amsterdam)
    assert await store.differences(amsterdam.pool, amsterdam.bag) == 0
