# SPDX-License-Identifier: EUPL-1.2
"""``landschap register``: what the operator sees, and the way out of each mistake."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
from tests.registers.rig import WEESP
from tests.throwaway import Cluster, organisation

from landschap.cli import main


@pytest.fixture
async def config(cluster: Cluster, tmp_path: Path) -> Path:
    """An organisation.toml beside the demo's models, on a fresh database."""
    made = await cluster.fresh(tmp_path / "organisation")
    dsn = cluster.dsn(made.name)
    folder = tmp_path / "weesp"
    organisation(folder, cluster.anchor, more=f'\n[postgres]\ndsn = "{dsn}"\n')
    shutil.copytree(made.settings.paths.secrets, folder / "secrets")
    shutil.copytree(WEESP / "registers", folder / "registers")
    return folder / "organisation.toml"


async def run(config: Path, *words: str) -> int:
    """The exit code of a command; the loop of the test can not be entered twice."""

    def at_the_prompt(arguments: Sequence[str]) -> int:
        with pytest.raises(SystemExit) as way_out:
            main(arguments)
        code = way_out.value.code
        assert isinstance(code, int)
        return code

    given = ["register", *words, "--config", str(config)]
    return await asyncio.to_thread(at_the_prompt, given)


async def test_loads_lists_and_shows_on_two_axes(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(WEESP / "gegevens" / "bag")
    assert await run(config, "load", "bag", folder, "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert await run(config, "load", "bag", folder, "--json") == 0
    second = json.loads(capsys.readouterr().out)
    assert first["passedOver"] == 0
    assert first["added"] > 300
    assert (second["added"], second["passedOver"]) == (0, first["added"])
    assert await run(config, "list", "--json") == 0
    rows = {row["type"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["woonplaats"]["assertions"] == 3
    assert rows["inwoner"]["assertions"] == 0
    assert rows["woonplaats"]["lastAdded"] is not None
    assert rows["ligplaats"] == {
        "register": "bag", "type": "ligplaats", "objects": 0, "assertions": 0, "lastAdded": None,
    }  # fmt: skip
    thing = ("show", "bag/woonplaatsen/1012", "--geldig-op", "2016-01-02", "--json")
    assert await run(config, *thing, "--beschikbaar-op", "2016-01-03T00:00") == 0
    (before,) = json.loads(capsys.readouterr().out)
    assert await run(config, *thing, "--beschikbaar-op", "2016-01-06T00:00") == 0
    (after,) = json.loads(capsys.readouterr().out)
    assert (before["status"], after["status"]) == (
        "Woonplaats aangewezen",
        "Woonplaats ingetrokken",
    )
    assert await run(config, "show", "bag/woonplaatsen/1012") == 0
    assert "2016-01-01" in capsys.readouterr().out


async def test_counts_and_rate_are_told_in_words(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "load", "inwoners", str(WEESP / "gegevens" / "inwoners.jsonl")) == 0
    out = capsys.readouterr().out
    assert "82 assertions added to inwoners" in out
    assert "per second" in out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ("load", "bomen", "x"),
            1,
            "bag, inwoners, omgevingsvergunningen, postadressen, uitkeringen",
        ),
        (("load", "bag", "nergens"), 1, "nergens: does not exist"),
        (("load", "bga", "x"), 1, "there is no register bga; did you mean bag"),
        (("show", "bag/bomen/1"), 1, "bag/panden"),
        (("show", "bag/woonplatsen/1"), 1, "did you mean bag/woonplaatsen"),
        (("show", "bag/woonplaatsen/9999"), 3, "Nothing held"),
        (("show", "bag/woonplaatsen/1012", "--geldig-op", "gisteren"), 2, "YYYY-MM-DD"),
        (("show", "bag/woonplaatsen/1012", "--beschikbaar-op", "2999-01-01T00:00"), 2, "future"),
        (("show", "inwoners/inwoners/W00001"), 1, "with a purpose"),
        (("history", "inwoners/inwoners/W00001"), 1, "with a purpose"),
        (("history", "bag/woonplaatsen/9999"), 3, "never registered"),
        (("diff", "bag/woonplaatsen/1012", "--from", "eergisteren"), 2, "--from"),
        (("diff", "bag/woonplaatsen/9999", "--from", "2021-01-02T00:00"), 3, "never registered"),
        (
            (
                "diff",
                "bag/woonplaatsen/1012",
                "--from",
                "2021-01-02T00:00",
                "--to",
                "2021-01-01T00:00",
            ),
            2,
            "lies after --to",
        ),
        (("export", "bag/bomen"), 1, "bag/panden"),
        (("export", "inwoners/inwoners"), 1, "with a purpose"),
        (("export", "bag/panden", "--geldig-op", "2021-02-29"), 2, "--geldig-op"),
        (("export", "bag/panden", "--out", "/nergens/x.csv"), 1, "could not be written"),
        (("verify", "bomen"), 1, "bag, inwoners, omgevingsvergunningen, postadressen, uitkeringen"),
    ],
)
async def test_every_mistake_gets_an_exit_code_and_a_way_out(
    config: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str], code: int, told: str
) -> None:
    assert await run(config, *words) == code
    caught = capsys.readouterr()
    assert told in caught.err
    assert caught.out == ""


async def test_a_wrong_row_stops_the_load_before_anything_is_written(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (WEESP / "gegevens" / "bag" / "woonplaatsen.csv").read_text()
    bad = tmp_path / "woonplaatsen.csv"
    bad.write_text(good.replace("2016-01-05T16:17:28.000", "2016-01-05T25:17:28.000"))
    assert await run(config, "load", "bag", str(bad)) == 1
    told = capsys.readouterr().err
    assert "woonplaatsen.csv, line 2, eindRegistratie" in told
    assert "nothing was loaded" in told
    assert await run(config, "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["assertions"] for row in rows} == {0}


async def test_the_history_of_an_object_is_drawn_told_and_compared(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "load", "bag", str(WEESP / "gegevens" / "bag")) == 0
    capsys.readouterr()
    assert await run(config, "history", "bag/woonplaatsen/1012", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [line["volgnummer"] for line in told] == sorted(line["volgnummer"] for line in told)
    assert await run(config, "history", "bag/woonplaatsen/1012") == 0
    drawn = capsys.readouterr().out
    assert "A" in drawn
    assert f"^ {told[0]['beginGeldigheid']}" in drawn
    between = ("--from", "2016-01-03T00:00", "--to", "2016-01-06T00:00")
    assert await run(config, "diff", "bag/woonplaatsen/1012", *between, "--json") == 0
    (changed,) = json.loads(capsys.readouterr().out)
    assert changed["beginGeldigheid"] == "2016-01-01"
    assert changed["eerst"] == {"status": "Woonplaats aangewezen"}
    assert changed["nu"] == {"status": "Woonplaats ingetrokken"}
    assert await run(config, "diff", "bag/woonplaatsen/1012", *between[:2], "--to", between[1]) == 0
    assert "Nothing changed" in capsys.readouterr().out


async def test_a_collection_goes_out_whole_in_both_forms(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "load", "bag", str(WEESP / "gegevens" / "bag")) == 0
    capsys.readouterr()
    then = ("--geldig-op", "2015-06-01")
    assert await run(config, "export", "bag/panden", *then) == 0
    caught = capsys.readouterr()
    *lines, seal = [json.loads(line) for line in caught.out.splitlines()]
    assert seal["_slot"]["aantal"] == len(lines)
    assert f"{len(lines)} rows of panden" in caught.err
    ids = [line["identificatie"] for line in lines]
    assert ids == sorted(set(ids))
    out = tmp_path / "panden.csv"
    assert await run(config, "export", "bag/panden", *then, "--form", "csv", "--out", str(out)) == 0
    with out.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["identificatie"] for row in rows] == ids
    assert [row["status"] for row in rows] == [line["status"] for line in lines]
    assert not list(tmp_path.glob("*.part"))


async def test_a_timeline_that_was_touched_is_found(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "load", "bag", str(WEESP / "gegevens" / "bag")) == 0
    assert await run(config, "verify", "bag") == 0
    capsys.readouterr()
    (dsn,) = re.findall(r'dsn = "([^"]+)"', config.read_text())
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        'UPDATE registers.projection SET inhoud = inhoud || \'{"status": "x"}\' '
        "WHERE object_id = (SELECT min(object_id) FROM registers.projection)"
    )
    await connection.close()
    assert await run(config, "verify", "bag", "--json") == 7
    assert json.loads(capsys.readouterr().out)["differences"] > 0
