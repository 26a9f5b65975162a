# SPDX-License-Identifier: EUPL-1.2
"""``landschap retention`` as typed: rules, lists, four eyes, holds, being killed, and back-ups."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from openpyxl.workbook.workbook import Workbook
from tests.ports import free_port
from tests.registers.rig import NOW, WEESP
from tests.throwaway import Cluster, Database
from tests.typing_commands import Done, start

from landschap.cli import main
from landschap.platform.settings import load_settings
from landschap.registers import client, store
from landschap.registers.models import Registers

BY = ("--by", "Anna de Wit", "--role", "informatiebeheerder")
BAS = ("--by", "Bas Oud", "--role", "archivaris")
RULES = """
selectielijst = "Selectielijst gemeenten en intergemeentelijke organen 2020"

[[regel]]
id = "ingetrokken"
objecttype = "uitkering"
categorie = "17.1"
resultaat = "Beëindigd"
waardering = "vernietigen"
termijn = "P1Y"
begint = "einde"
"""


@dataclass(kw_only=True)
class Office:
    """One organisation with the demo's residents and benefits, and its prompt."""

    database: Database
    cluster: Cluster
    config: Path
    dsn: str
    pool: asyncpg.Pool
    capsys: pytest.CaptureFixture[str]

    async def type(self, *words: str, group: str = "retention") -> Done:
        """In this process: a new one costs a second, and nothing here needs it."""

        def at_the_prompt() -> int:
            with pytest.raises(SystemExit) as way_out:
                main([group, *words, "--config", str(self.config)])
            return int(way_out.value.code or 0)

        code = await asyncio.to_thread(at_the_prompt)
        told = self.capsys.readouterr()
        return Done(code=code, out=told.out, err=told.err)

    def rules(self, text: str, register: str = "uitkeringen") -> None:
        path = self.config.parent / "registers" / register / "bewaartermijnen.toml"
        path.write_text(text, encoding="utf-8")


@pytest.fixture
async def office(
    database: Database,
    cluster: Cluster,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    monkeypatch.setenv("LANDSCHAP__POSTGRES__DSN", cluster.dsn(database.name))
    config = database.settings.path
    shutil.copytree(WEESP / "registers", config.parent / "registers")
    registers = client.read_models(config.parent / "registers")
    pool = await database.pool("registers")
    await load(pool, registers)
    return Office(
        database=database, cluster=cluster, config=config, dsn=cluster.dsn(database.name),
        pool=pool, capsys=capsys,
    )  # fmt: skip


async def load(pool: asyncpg.Pool, registers: Registers) -> None:
    for name in ("inwoners", "uitkeringen"):
        register = registers.by_name[name]
        readings = client.read_extract(register, WEESP / "gegevens" / f"{name}.jsonl")
        async for _ in store.load(pool, register, readings):
            pass


async def test_rules_are_checked_with_line_and_the_name_that_was_meant(office: Office) -> None:
    office.rules(RULES.replace('begint = "einde"', 'begint = "veld"\nveld = "datumBeeindigd"'))
    done = await office.type("check", "uitkeringen")
    assert done.code == 1
    assert "bewaartermijnen.toml:12" in done.err
    assert "uitkeringen.uitkering has no 'datumBeeindigd'" in done.err
    office.rules(RULES.replace("termijn", "termein"))
    done = await office.type("check", "uitkeringen")
    assert "did you mean termijn?" in done.err
    office.rules(RULES)
    done = await office.type("check", "--json")
    assert done.code == 0, done.err
    told = {one["register"]: one for one in done.json}
    assert told["inwoners"]["zonderRegel"] == ["inwoners.inwoner"]
    assert told["uitkeringen"]["regels"][0]["regel"] == "ingetrokken"


async def test_a_selection_list_comes_from_csv_and_excel_with_a_report(office: Office) -> None:
    office.rules(RULES)
    folder = office.config.parent
    csv_file = folder / "lijst.csv"
    csv_file.write_text(
        "Nummer;Resultaat;Waardering;Bewaartermijn\n17.1;Beëindigd;V;1 jaar\n"
        "8.1;Verleend;V;10 jaar\n9;Kapot;V;ooit\n",
        encoding="utf-8",
    )
    done = await office.type("import", str(csv_file), "--json")
    assert done.code == 6, done.err
    assert done.json["rijen"] == 2
    assert done.json["nietGelezen"] == [
        {"rij": 4, "melding": "bewaartermijn 'ooit' is no term like P10Y or 10 jaar"}
    ]
    assert done.json["regels"][0]["oordeel"] == "gelijk"
    kept = (folder / "registers" / "selectielijst.csv").read_text()
    assert kept.splitlines()[1] == "17.1,Beëindigd,vernietigen,P1Y"
    book = Workbook()  # type: ignore[no-untyped-call]
    sheet = book.active
    for row in (["Nummer", "Waardering", "Bewaartermijn"], ["17.1", "vernietigen", "P7Y"]):
        sheet.append(row)
    book.save(folder / "lijst.xlsx")  # type: ignore[no-untyped-call]
    done = await office.type("import", str(folder / "lijst.xlsx"), "--json")
    assert done.code == 6
    assert done.json["regels"][0]["toelichting"] == (
        "the rule says vernietigen P1Y, the list vernietigen P7Y"
    )
    assert (await office.type("check", "uitkeringen")).code == 6
    (folder / "leeg.csv").write_text("a,b\n1,2\n")
    done = await office.type("import", str(folder / "leeg.csv"))
    assert (done.code, "no column for: nummer" in done.err) == (1, True)
    (folder / "geen.xlsx").write_text("x")
    done = await office.type("import", str(folder / "geen.xlsx"))
    assert (done.code, "is no Excel workbook" in done.err) == (1, True)


async def test_from_proposal_to_proof(office: Office) -> None:
    office.rules(RULES)
    proposed = await office.type("propose", "uitkeringen", *BY, "--json")
    assert proposed.code == 0, proposed.err
    given = proposed.json
    assert len(given["items"]) > 3
    assert {item["rule"] for item in given["items"]} == {"ingetrokken"}
    first = given["items"][0]
    assert first["dueOn"] <= NOW.date().isoformat()
    same = await office.type("approve", given["list"], *BY)
    assert (same.code, "vernietiging.zelfde-persoon" in same.err) == (1, True)
    early = await office.type("execute", given["list"], "--by", "Cor")
    assert (early.code, "vernietiging.niet-goedgekeurd" in early.err) == (1, True)
    out = await office.type(
        "exclude", given["list"], first["object"], "--reason", "zaak loopt", "--by", "Bas"
    )
    assert out.code == 0, out.err
    assert (await office.type("approve", given["list"], *BAS)).code == 0
    dry = await office.type("execute", given["list"], "--by", "Cor", "--dry-run", "--json")
    assert len(dry.json) == len(given["items"]) - 1
    held = given["items"][1]["object"]
    hold = await office.type(
        "hold", "uitkeringen", "--object", held, "--reason", "beroep", "--by", "Dirk", "--json"
    )
    assert hold.code == 0, hold.err
    done = await office.type("execute", given["list"], "--by", "Cor", "--json")
    assert done.code == 6, done.err
    assert [one["object"] for one in done.json["refused"]] == [held]
    lifted = await office.type("lift", hold.json["hold"], "--reason", "verlopen", "--by", "Dirk")
    assert lifted.code == 0
    done = await office.type("execute", given["list"], "--by", "Cor", "--json")
    assert (done.code, done.json) == (0, {"destroyed": 1, "refused": [], "withdrawn": []})
    shown = await office.type("show", given["list"], "--json")
    assert (shown.json["state"], shown.json["open"]) == ("uitgevoerd", 0)
    (row,) = (await office.type("lists", "uitkeringen", "--json")).json
    assert (row["items"], row["excluded"], row["done"]) == (
        len(given["items"]), 1, len(given["items"]) - 1,
    )  # fmt: skip
    proven = await office.type("verify", "--json")
    assert proven.json == {"statements": len(given["items"]) - 1, "findings": []}
    assert (await office.type("propose", "uitkeringen", *BY)).code == 0  # the excluded one


async def test_killed_in_the_middle_it_goes_on_and_destroys_each_once(office: Office) -> None:
    rows = await office.pool.fetch(
        "SELECT DISTINCT object_id FROM registers.assertion "
        "WHERE object_type = 'inwoners.inwoner' ORDER BY 1"
    )
    things = [f"inwoners/inwoners/{row['object_id']}" for row in rows]
    proposed = await office.type("erase", *things, *BY, "--json")
    assert proposed.code == 0, proposed.err
    list_id = proposed.json["list"]
    await office.type("approve", list_id, *BAS)
    # Somebody reads the last object: the program waits there, whatever its speed.
    last = rows[-1]["object_id"]
    blocker = await asyncpg.connect(office.dsn)
    async with blocker.transaction():
        await blocker.execute(
            "SELECT 1 FROM registers.assertion WHERE object_id = $1 FOR UPDATE", last
        )
        process = await start(
            office.config, office.dsn, "retention", "execute", list_id, "--by", "Cor"
        )
        while await records(office.pool) < len(things) - 1:
            assert process.returncode is None
            await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
    await blocker.close()
    journal = office.database.settings.paths.data / "vernietigd.jsonl"
    lines = journal.read_text().splitlines()
    # Cut off between the commit and the journal.
    journal.write_text("\n".join(lines[:-1]) + '\n{"verkl')
    done = await office.type("execute", list_id, "--by", "Cor", "--json")
    assert done.code == 0, done.err
    assert done.json["destroyed"] <= 1
    assert await records(office.pool) == len(things)
    stones = await office.pool.fetchval(
        "SELECT count(*) FROM registers.assertion WHERE soort = 'VERNIETIGING'"
    )
    assert stones == len(things)
    proven = await office.type("verify", "inwoners", "--json")
    assert proven.json["findings"] == []


async def test_without_a_journal_nothing_is_destroyed(office: Office) -> None:
    proposed = await office.type("erase", "inwoners/inwoners/W00033", *BY, "--json")
    await office.type("approve", proposed.json["list"], *BAS)
    journal = office.database.settings.paths.data / "vernietigd.jsonl"
    journal.mkdir(parents=True)
    done = await office.type("execute", proposed.json["list"], "--by", "Cor")
    assert done.code == 1
    assert "the journal in" in done.err
    assert await records(office.pool) == 0
    journal.rmdir()
    done = await office.type("execute", proposed.json["list"], "--by", "Cor")
    assert (done.code, await records(office.pool)) == (0, 1), done.err


async def records(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM registers.disposal_record"))


async def test_proof_tells_what_was_changed_behind_its_back(office: Office) -> None:
    proposed = await office.type("erase", "inwoners/inwoners/W00033", *BY, "--json")
    await office.type("approve", proposed.json["list"], *BAS)
    assert (await office.type("execute", proposed.json["list"], "--by", "Cor")).code == 0
    owner = await office.database.administrator()
    await owner.execute(
        "UPDATE registers.assertion SET inhoud = '{}' "
        "WHERE object_id = 'W00033' AND soort <> 'VERNIETIGING'"
    )
    await owner.execute(
        """UPDATE registers.assertion SET bron = '{"gewist": {}}' WHERE object_id = 'W00041'"""
    )
    await owner.close()
    proven = await office.type("verify", "inwoners")
    assert proven.code == 7
    assert "assertions still hold something" in proven.err
    assert "inwoners.inwoner/W00041: was erased without a statement" in proven.err


async def test_bulk_files_that_hold_what_is_destroyed_are_withdrawn_at_once(office: Office) -> None:
    registers = client.read_models(office.config.parent / "registers")
    bag = registers.by_name["bag"]
    readings = client.read_extract(bag, WEESP / "gegevens" / "bag")
    async for _ in store.load(office.pool, bag, readings):
        pass
    text = office.config.read_text(encoding="utf-8")
    text = text.replace("[addresses]\n", '[addresses]\nopen = "https://data.proefdorp.example"\n')
    listen = f'[listen]\nopen = "127.0.0.1:{free_port()}"\n'
    office.config.write_text(f"{text}\n{listen}", encoding="utf-8")
    data = load_settings(office.config).paths.data / "open" / "bag"
    published = await office.type("publish", group="open")
    assert published.code == 0, published.err
    building = await office.pool.fetchval(
        "SELECT min(object_id) FROM registers.assertion WHERE object_type = 'bag.pand'"
    )
    assert building in (data / "panden" / "huidig" / "panden.csv").read_text()
    proposed = await office.type("erase", f"bag/panden/{building}", *BY, "--json")
    number = proposed.json["list"]
    assert (await office.type("approve", number, *BAS)).code == 0
    done = await office.type("execute", number, "--by", "Cor")
    assert done.code == 0, done.err
    assert "bulk files of panden withdrawn" in done.out
    assert list((data / "panden").iterdir()) == []
    assert (data / "woonplaatsen" / "huidig").is_dir()
    assert (await office.type("publish", group="open")).code == 0
    assert building not in (data / "panden" / "huidig" / "panden.csv").read_text()


async def test_what_a_law_says_to_keep_is_erased_only_by_order_of_an_authority(
    office: Office,
) -> None:
    office.rules(
        RULES.replace('"uitkering"', '"inwoner"') + 'wettelijk = "Wet BRP art. 2.1"\n', "inwoners"
    )
    thing = "inwoners/inwoners/W00033"
    refused = await office.type("erase", thing, *BY)
    assert refused.code == 1
    assert "Wet BRP art. 2.1" in refused.err
    assert "wissen.wettelijke-plicht" in refused.err
    opened = await office.type(
        "erase", thing, *BY, "--authority", "Rb Amsterdam C/13/1", "--dry-run", "--json"
    )
    assert opened.code == 0, opened.err
    assert len(opened.json["items"]) == 1


async def test_a_person_is_found_and_held_by_a_number_that_is_asked_for_unseen(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "999990688"
    monkeypatch.setattr("click.prompt", lambda *_, **__: number)
    found = await office.type("erase", "--person", "bsn", "--in", "inwoners", *BY, "--json")
    assert found.code == 0, found.err
    assert [item["object"] for item in found.json["items"]] == ["inwoners/inwoners/W00033"]
    held = await office.type(
        "hold", "inwoners", "--person", "bsn", "--reason", "bezwaar", "--by", "D"
    )
    assert held.code == 0, held.err
    shown = await office.type("holds", "inwoners")
    assert "person" in shown.out
    assert number not in shown.out
    await office.type("approve", found.json["list"], *BAS)
    done = await office.type("execute", found.json["list"], "--by", "Cor")
    assert (done.code, "vernietiging.bewaarplicht" in done.err) == (6, True)
    wrong = await office.type("erase", "--person", "bsn", *BY)
    assert (wrong.code, "--person and --in" in wrong.err) == (2, True)


async def test_a_future_day_is_only_looked_at(office: Office) -> None:
    office.rules(RULES.replace("P1Y", "P60Y"))
    done = await office.type("propose", "uitkeringen", *BY, "--on", "2199-01-01")
    assert (done.code, "--dry-run only" in done.err) == (2, True)
    done = await office.type(
        "propose", "uitkeringen", *BY, "--on", "2199-01-01", "--dry-run", "--json"
    )
    assert done.json["list"] is None
    assert datetime.now(UTC).date().isoformat() < max(i["dueOn"] for i in done.json["items"])
