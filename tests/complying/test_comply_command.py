# SPDX-License-Identifier: EUPL-1.2
"""``landschap comply`` as typed: every law, every form, wrong words, and a list of one's own."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import tomllib
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader
from tests.complying.comply_rig import Organisation
from tests.logboek.log_rig import line, refused

from landschap.cli.backup import backup
from landschap.cli.comply import Period, comply
from landschap.cli.complying.asking import State
from landschap.cli.complying.controls import LAWS, law_of, text_of
from landschap.cli.complying.evidence import EVIDENCE
from landschap.platform.trouble import Trouble

OWN = """
title = "ENSIA 2026"
[[control]]
id = "weigeren"
article = "BIO2 5.15"
asked.nl = "Zonder recht geen antwoord."
asked.en = "No answer without a right."
evidence = "refusals_by_code"
ensia = "B.2"
[[control]]
id = "log"
article = "BIO2 8.15"
asked.nl = "De log is onveranderd."
asked.en = "The log is unchanged."
evidence = "log_intact"
ensia = "B.1"
"""


def period() -> str:
    today = datetime.now(UTC).date()
    return f"{today - timedelta(days=2)}..{today + timedelta(days=2)}"


async def type_comply(
    organisation: Organisation, *words: str, command: click.Command = comply
) -> Result:
    environment = {"LANDSCHAP__POSTGRES__DSN": organisation.settings.postgres.dsn}
    typed = [*words, "--config", str(organisation.settings.path)]
    return await asyncio.to_thread(
        CliRunner().invoke, command, typed, env=environment, catch_exceptions=False
    )


@pytest.mark.case("S-12")
async def test_a_report_per_law_with_a_query_behind_each_control_or_red(
    organisation: Organisation,
) -> None:
    await organisation.log([refused(), line()])
    for law in LAWS:
        result = await type_comply(organisation, law, "--period", period(), "--json")
        assert result.exit_code == 1
        told = json.loads(result.stdout)
        listed = tomllib.loads(text_of(law))["control"]
        assert [each["id"] for each in told["controls"]] == [each["id"] for each in listed]
        assert told["red"] == sum(each["red"] for each in told["controls"])
        for each in told["controls"]:
            assert each["evidence"] in EVIDENCE or each["state"] == "niet aangetoond"
            assert each["found"]
        states = {each["evidence"]: each["state"] for each in told["controls"]}
        assert states.get("log_intact", "aangetoond") == "aangetoond"
        assert states.get("backup_made", "niet aangetoond") == "niet aangetoond"
        assert "lawyer and auditor" in result.stderr
    before = await states_of(organisation)
    await organisation.register()
    await organisation.run("UPDATE logboek.record SET peer = 'x' WHERE pos = 1")
    after = await states_of(organisation)
    assert {each: after[each] for each in after if after[each] != before[each]} == {
        "log_intact": "voldoet niet",
        "activities_with_ground": "aangetoond",
        "activities_with_retention": "aangetoond",
        "activities_with_dpia": "voldoet niet",
        "held_back_reviewed": "aangetoond",
    }
    ahead = await type_comply(organisation, "bio2", "--period", "2199-Q1", "--json")
    assert {each["state"] for each in json.loads(ahead.stdout)["controls"]} == {"niet aangetoond"}


async def states_of(organisation: Organisation) -> dict[str, str]:
    """The state of each piece of evidence in the report on the AVG, as it is found now."""
    result = await type_comply(organisation, "avg", "--period", period(), "--json")
    return {each["evidence"]: each["state"] for each in json.loads(result.stdout)["controls"]}


async def test_an_own_list_is_told_per_ensia_question(
    organisation: Organisation, tmp_path: Path
) -> None:
    own = tmp_path / "ensia.toml"
    own.write_text(OWN)
    words = ("ensia", "--period", period(), "--controls", str(own))
    await organisation.log([refused(), line()])
    result = await type_comply(organisation, *words, "--csv")
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["ensia"], row["state"]) for row in rows] == [
        ("B.1", "aangetoond"),
        ("B.2", "aangetoond"),
    ]
    assert json.loads(rows[1]["facts"]) == {"records": 1, "refused": 1}
    await organisation.run("UPDATE logboek.record SET peer = 'x' WHERE pos = 1")
    result = await type_comply(organisation, *words)
    assert result.exit_code == 1
    assert "voldoet niet" in result.stdout
    assert result.stdout.endswith("1 of 2 controls are red\n")


async def test_our_list_can_be_printed_and_taken_as_ones_own(
    organisation: Organisation, tmp_path: Path
) -> None:
    result = await type_comply(organisation, "wdo", "--show-controls")
    assert result.exit_code == 0
    own = tmp_path / "own.toml"
    own.write_text(result.stdout)
    assert law_of("wdo", own, EVIDENCE) == law_of("wdo", None, EVIDENCE)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("log_intact", "log_whole", "control log: there is no evidence log_whole"),
        ('id = "log"', 'id = "weigeren"', "one id twice"),
        ('ensia = "B.1"', "most = -1", "at most 3660"),
        ('ensia = "B.1"', 'ensai = "B.1"', "ensai is unknown"),
        ('article = "BIO2 8.15"', "", "control log: without article"),
        ('asked.en = "The log is unchanged."', "", "nl and en"),
        ("[[control]]", "[[controle]]", "no controls"),
        ("title", "title = ", "can not be read"),
    ],
)
def test_a_wrong_list_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace(old, new))
    with pytest.raises(Trouble, match=told):
        law_of("ensia", own, EVIDENCE)


def test_what_no_query_shows_says_what_to_deliver() -> None:
    controls = [each for law in LAWS for each in law_of(law, None, EVIDENCE).controls]
    assert {bool(each.evidence) for each in controls} == {True, False}
    assert all(bool(each.evidence) != bool(each.deliver) for each in controls)


def test_every_piece_of_evidence_stands_in_a_list() -> None:
    used = {each.evidence for law in LAWS for each in law_of(law, None, EVIDENCE).controls}
    assert used - {""} == set(EVIDENCE)


def test_a_period_is_a_quarter_or_days_with_both_ends() -> None:
    since, until = Period().convert("2026-10-01..2026-12-31", None, None)
    assert (since, until) == Period().convert("2026-Q4", None, None)
    assert since.isoformat() == "2026-10-01T00:00:00+02:00"
    assert until.isoformat() == "2027-01-01T00:00:00+01:00"


@pytest.mark.parametrize(
    "wrong", ["2026", "2026-Q5", "2026-12-31..2026-10-01", "2026-10-01..", ".."]
)
async def test_a_wrong_period_says_how_it_is_written(
    organisation: Organisation, wrong: str
) -> None:
    result = await type_comply(organisation, "avg", "--period", wrong)
    assert result.exit_code == 2
    assert "2026-Q4" in result.stderr or "before it begins" in result.stderr


async def test_a_back_up_is_noted_when_it_is_made(
    organisation: Organisation, tmp_path: Path
) -> None:
    assert (await organisation.ask("backup_made", most=1)).state is State.MISSING
    file = tmp_path / "proefdorp.landschap"
    result = await type_comply(organisation, str(file), command=backup)
    assert result.exit_code == 0
    assert f"{file.stat().st_size:,} bytes" in result.stdout
    assert (await organisation.ask("backup_made", most=1)).state is State.SHOWN


async def test_what_was_found_is_handed_over_as_a_file(
    organisation: Organisation, tmp_path: Path
) -> None:
    await organisation.log([refused()])
    texts = {}
    for form in ("html", "ods", "pdf"):
        file = tmp_path / f"ensia.{form}"
        words = ("ensia", "--period", period(), "--format", form, "--output", str(file))
        result = await type_comply(organisation, *words)
        assert (result.exit_code, f"written: {file}" in result.stderr) == (1, True)
        content = file.read_bytes()
        if form == "pdf":
            texts[form] = "".join(e.extract_text() for e in PdfReader(io.BytesIO(content)).pages)
        elif form == "ods":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                texts[form] = archive.read("content.xml").decode()
        else:
            texts[form] = content.decode()
    for text in texts.values():
        flat = " ".join(text.split())
        assert "There is a recent back-up." in flat
        assert "refused by code: policy_none 1" in flat
        assert "your lawyer and auditor complete it" in flat
    both = await type_comply(organisation, "ensia", "--format", "pdf", "--json")
    assert both.exit_code == 2
