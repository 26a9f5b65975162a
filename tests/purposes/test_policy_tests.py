# SPDX-License-Identifier: EUPL-1.2
"""Policy tests beside the policies, who may see a field, and the page that shows how."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.purposes.registers import NOW, WEESP

from landschap.cli.policy import who_may_see
from landschap.purposes.files import parse_register
from landschap.purposes.reading import RegisterError
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.trying import parse_trials, try_out

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "policies.md"
LIST = "https://doelen.example/lijst"


def doel(name: str) -> str:
    return f"""
[[doel]]
uri = "https://doelen.example/id/{name}"
stelsel = "{LIST}"
versie = 1
naam = {{ nl = "{name}", en = "{name}" }}
omschrijving = {{ nl = "wat het is", en = "what it is" }}
status = "actief"
geldig_vanaf = 2026-01-01
"""


def activiteit(name: str, purpose: str) -> str:
    words = '{ nl = "Een zin.", en = "A sentence." }'
    return f"""
[[activiteit]]
uri = "https://weesp.example/activiteiten/{name}"
versie = 1
naam = {words}
wat = {words}
waarvoor = {words}
waarom_mag_dit = {words}
doel = "https://doelen.example/id/{purpose}"
grondslagen = ["pw-64"]
betrokkenen = ["inwoners"]
bewaartermijn = "P10Y"
"""


AROUND = f"""
[[stelsel]]
uri = "{LIST}"
titel = {{ nl = "lijst", en = "list" }}
uitgever = "{WEESP}"
rang = 1

[[grondslag]]
id = "pw-64"
code = "eu-gdpr:A6-1-e"
wet = "BWBR0015703"
wet_naam = "Participatiewet"
artikel = "64"
tekst = {{ nl = "plicht", en = "duty" }}

[[veldenset]]
id = "bijstand"
versie = 1
dienst = "inwoners"
velden = ["bsn", "naam", "postcode", "woonplaats"]
zoekvelden = ["bsn"]

[[veldenset]]
id = "onderzoek"
versie = 1
dienst = "inwoners"
velden = ["bsn", "naam", "geboortedatum", "postcode", "inkomen"]
zoekvelden = ["bsn", "postcode"]

[[groep]]
naam = "gemeenten"
leden = ["00000099000000003000"]
""" + "".join(
    [
        doel("bijstand"),
        doel("onderzoek"),
        activiteit("verstrekken", "bijstand"),
        activiteit("onderzoek", "onderzoek"),
    ]
)


def blocks() -> tuple[str, str]:
    """The register and the tests that stand on the page."""
    found = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    trials = [each for each in found if "[[toets]]" in each]
    return "\n".join(each for each in found if each not in trials), "\n".join(trials)


def snapshot() -> Snapshot:
    return Snapshot(parse_register({"om.toml": AROUND, "blz.toml": blocks()[0]}, WEESP))


def test_the_examples_on_the_page_are_a_register_and_its_tests_succeed() -> None:
    trials = parse_trials({"toetsen.toml": blocks()[1]})
    assert len(trials) == 3
    for trial in trials:
        assert try_out(trial, snapshot(), NOW).differences == ()


def test_every_key_of_a_policy_stands_on_the_page() -> None:
    reader = (PAGE.parents[2] / "src/landschap/purposes/reading_policies.py").read_text(
        encoding="utf-8"
    )
    inside = reader[reader.index("def policy_of(") : reader.index("def _obligation(")]
    keys = set(re.findall(r'table\.\w+\(\s*"([a-z_]+)"', inside)) | {"uren", "geldig_tot"}
    assert len(keys) > 18
    text = PAGE.read_text(encoding="utf-8")
    assert not {key for key in keys if not re.search(rf"\b{key}\b", text)}


def test_a_test_that_expects_something_else_tells_where() -> None:
    (first, *_) = parse_trials({"t.toml": blocks()[1]})
    wrong = replace(first, expected={"besluit": ("toestaan",), "reden": ("",)})
    assert try_out(wrong, snapshot(), NOW).differences == (
        "besluit: expected toestaan, found weigeren",
        "reden: expected (nothing), found case_missing",
    )


def test_all_that_is_wrong_with_tests_is_told_at_once() -> None:
    source = """
[[toets]]
naam = "x"
op = 2026-06-02
vraag = { doel = "d", organisatie = "o", dienst = "s", rol = ["a"] }
verwacht = { besluit = "toestan", reden = "case_mising" }
[[toetss]]
"""
    with pytest.raises(RegisterError) as raised:
        parse_trials({"t.toml": source})
    nearest = {each.nearest for each in raised.value.mistakes}
    assert {"rollen", "toestaan", "case_missing", "toets"} <= nearest
    assert len(raised.value.mistakes) == 5


def test_who_may_see_a_field_and_as_what() -> None:
    rows = who_may_see(snapshot(), "postcode", "", datetime.fromisoformat("2026-06-02T12:00+02:00"))
    assert [(row["policy"], row["as"]) for row in rows] == [
        ("bezwaar-en-beroep", "it is"),
        ("bijstand-andere-gemeenten", "it is"),
        ("onderzoek", "pc4"),
    ]
    assert rows[2]["needs"] == "toestemming"
    assert who_may_see(snapshot(), "postcode", "elders", NOW) == []
    early = datetime.fromisoformat("2025-12-31T12:00+01:00")
    assert who_may_see(snapshot(), "postcode", "", early) == []
