# SPDX-License-Identifier: EUPL-1.2
"""Shared lists of purposes, taken in edition by edition, and one's own that lead to them."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rdflib import DCTERMS, OWL, RDF, SKOS, Graph, Literal, Namespace, URIRef
from tests.conftest import Database

import landschap.cli.demo
from landschap.cli.purpose import apply
from landschap.cli.purpose_commands import purpose
from landschap.platform.trouble import Trouble
from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.files import parse_register
from landschap.purposes.importing.skos import UnreadableListError, read_list
from landschap.purposes.model import Register, Validity
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.mistakes import Mistake

DEMO = Path(landschap.cli.demo.__file__).parent / "data" / "weesp" / "doelbinding"
OWNER = "00000099000000001000"
WEESP = "00000099000000002000"
PUBLISHER = "00000099000000009000"
SCHEMA = Namespace("https://schema.org/")
LIST = "https://doelen.landschap.example/id/stelsel/landelijk"
BENEFIT = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
OWN = "https://register.weesp.example/doelen/bijzondere-bijstand"
ALONE = "https://register.weesp.example/doelen/buurtfeest"
TWO = ("--author", "J. de Vries", "--approver", "A. Bakker", "--reason", "proef")
OURS = f"""
[[stelsel]]
uri = "https://register.weesp.example/id/stelsel/eigen"
titel = {{ nl = "Doelen van Weesp", en = "Purposes of Weesp" }}
uitgever = "{OWNER}"
rang = 2

[[doel]]
uri = "{OWN}"
stelsel = "https://register.weesp.example/id/stelsel/eigen"
versie = 1
valt_onder = "{BENEFIT}"
naam = {{ nl = "Bijzondere bijstand", en = "Special assistance" }}
omschrijving = {{ nl = "Nagaan of iemand dit krijgt.", en = "Finding out whether someone gets it." }}
status = "actief"
geldig_vanaf = 2026-01-01

[[doel]]
uri = "{ALONE}"
stelsel = "https://register.weesp.example/id/stelsel/eigen"
versie = 1
naam = {{ nl = "Buurtfeest houden", en = "Holding a street party" }}
omschrijving = {{ nl = "Helpen bij een feest.", en = "Helping with a party." }}
status = "actief"
geldig_vanaf = 2026-01-01
"""
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database: Database) -> Run:
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}

    async def typed(*words: object) -> Result:
        command = {"apply": apply, "purpose": purpose}[str(words[0])]
        arguments = [*map(str, words[1:]), "--config", str(database.settings.path)]
        return await asyncio.to_thread(CliRunner(env=env).invoke, command, arguments)

    return typed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The register of the demo, its purposes published elsewhere instead of written in a file."""
    made = tmp_path / "doelbinding"
    shutil.copytree(DEMO, made, ignore=shutil.ignore_patterns("toetsen"))
    (made / "doelen.toml").unlink()
    shutil.copy(DEMO / "doelen.toml", tmp_path / "doelen.toml")
    beside = made / "medewerkers.toml"
    whole = beside.read_text(encoding="utf-8")
    of_list = "".join(re.findall(r"(?ms)^\[\[doel\]\].*?(?=^\[\[|\Z)", whole))
    beside.write_text(whole.replace(of_list, ""), encoding="utf-8")
    with (tmp_path / "doelen.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{of_list}")
    return made


def listed(tmp_path: Path) -> Register:
    source = (tmp_path / "doelen.toml").read_text(encoding="utf-8")
    found = parse_register({"doelen.toml": source}, WEESP)
    return replace(found, schemes=tuple(replace(e, publisher=PUBLISHER) for e in found.schemes))


def published(register: Register, edition: str, to: Path) -> Path:
    """The purposes as their publisher publishes them: a graph, written by a library of others."""
    graph = Graph()
    for scheme in register.schemes:
        about = URIRef(scheme.uri)
        graph.add((about, RDF.type, SKOS.ConceptScheme))
        graph.add((about, DCTERMS.title, Literal(scheme.title.nl, "nl")))
        graph.add((about, DCTERMS.title, Literal(scheme.title.en, "en")))
        graph.add((about, DCTERMS.publisher, URIRef(f"https://oin.example/{scheme.publisher}")))
        graph.add((about, OWL.versionInfo, Literal(edition)))
    for each in register.purposes:
        about = URIRef(each.uri)
        graph.add((about, RDF.type, SKOS.Concept))
        graph.add((about, SKOS.inScheme, URIRef(each.scheme)))
        graph.add((about, OWL.versionInfo, Literal(each.version)))
        graph.add((about, SCHEMA.startDate, Literal(each.valid.since)))
        if each.valid.until:
            graph.add((about, SCHEMA.endDate, Literal(each.valid.until)))
        for name, text in ((SKOS.prefLabel, each.label), (SKOS.definition, each.definition)):
            graph.add((about, name, Literal(text.nl, "nl")))
            graph.add((about, name, Literal(text.en, "en")))
        if each.broader:
            graph.add((about, SKOS.broader, URIRef(each.broader)))
        for match in each.broad_match:
            dpv = match.replace("dpv:", "https://w3id.org/dpv#")
            graph.add((about, SKOS.broadMatch, URIRef(dpv)))
    graph.serialize(to, format="turtle", encoding="utf-8")
    return to


@pytest.mark.case("S-31")
async def test_purposes_come_from_a_list_and_our_own_lead_to_it(
    run: Run, folder: Path, tmp_path: Path, database: Database
) -> None:
    national = listed(tmp_path)
    file = published(national, "2026.1", tmp_path / "landelijk.ttl")
    taken = await run("purpose", "import-list", file, "--into", folder, "--json")
    assert taken.exit_code == 0, taken.output
    told = json.loads(taken.output)
    assert (told["edition"], told["file"]) == ("2026.1", "lijst-landelijk.toml")
    assert sorted(told["added"]) == sorted(each.uri for each in national.purposes)
    (folder / "eigen.toml").write_text(OURS, encoding="utf-8")
    put = await run("apply", folder, *TWO)
    assert put.exit_code == 0, put.output
    assert "leads to no purpose of a shared list" in put.output

    shown = await run("purpose", "list", "--json")
    rows = {each["uri"]: each for each in json.loads(shown.output)}
    assert (rows[BENEFIT]["local"], rows[BENEFIT]["list"]) == (False, LIST)
    assert (rows[OWN]["local"], rows[OWN]["shared"]) == (True, BENEFIT)
    assert (rows[ALONE]["local"], rows[ALONE]["shared"]) == (True, "")
    lists = json.loads((await run("purpose", "lists", "--json")).output)
    assert [(each["version"], each["local"]) for each in lists] == [("2026.1", False), ("", True)]

    # What was written by hand and what came with the list are the same purposes.
    snapshot, _ = await current_snapshot(await database.pool("purposes"))
    held = {each for each in snapshot.register.purposes if each.scheme == LIST}
    assert held == set(national.purposes)
    # A permission for the national purpose holds for the own one under it, and no other way round.
    question = Question(
        purpose=OWN, organisation="00000099000000003000", service="woon-en-uitkeringssituatie",
        legal_bases=("eu-gdpr:A6-1-e",), require_bound=False,
    )  # fmt: skip
    now = datetime.now(UTC)
    found = decide(question, snapshot, now)
    assert found.allow, found.steps
    assert decide(replace(question, purpose=ALONE), snapshot, now).code == "policy_none"


async def test_a_next_edition_adds_versions_and_rewrites_none(
    run: Run, folder: Path, tmp_path: Path, database: Database
) -> None:
    national = listed(tmp_path)
    first = published(national, "2026.1", tmp_path / "een.ttl")
    assert (await run("purpose", "import-list", first, "--into", folder)).exit_code == 0
    assert (await run("apply", folder, *TWO)).exit_code == 0
    before = (folder / "lijst-landelijk.toml").read_bytes()

    def reads(version: int) -> Register:
        changed = tuple(
            replace(
                each,
                version=version,
                definition=replace(each.definition, nl="Iets anders."),
                valid=Validity(since=date(2025 + version, 1, 1)),
            )
            if each.uri == BENEFIT
            else each
            for each in national.purposes
            if not each.uri.endswith("inzage-geven")
        )
        return replace(national, purposes=changed)

    wrong = published(reads(1), "2027.1", tmp_path / "fout.ttl")
    refused = await run("purpose", "import-list", wrong, "--into", folder)
    assert isinstance(refused.exception, Trouble)
    assert f"{BENEFIT}: version 1 reads otherwise than version 1" in str(refused.exception)
    assert (folder / "lijst-landelijk.toml").read_bytes() == before

    right = published(reads(2), "2027.1", tmp_path / "goed.ttl")
    tried = await run("purpose", "import-list", right, "--into", folder, "--dry-run", "--json")
    assert tried.exit_code == 0, tried.exception
    assert json.loads(tried.output)["renewed"] == [BENEFIT]
    assert (folder / "lijst-landelijk.toml").read_bytes() == before
    taken = await run("purpose", "import-list", right, "--into", folder)
    assert f"new version: {BENEFIT}" in taken.output
    assert "no longer listed, kept as it was: " in taken.output
    put = await run("apply", folder, *TWO)
    assert put.exit_code == 0, put.output
    snapshot, _ = await current_snapshot(await database.pool("purposes"))
    versions = [each.version for each in snapshot.register.purposes if each.uri == BENEFIT]
    assert sorted(versions) == [1, 2]


async def test_a_publisher_ends_a_purpose_under_the_same_version(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    national = listed(tmp_path)
    first = published(national, "2026.1", tmp_path / "een.ttl")
    assert (await run("purpose", "import-list", first, "--into", folder)).exit_code == 0
    ending = Validity(since=date(2026, 1, 1), until=date(2026, 12, 31))
    ended = tuple(
        replace(each, valid=ending) if each.uri == BENEFIT else each for each in national.purposes
    )
    second = published(replace(national, purposes=ended), "2026.2", tmp_path / "twee.ttl")
    taken = await run("purpose", "import-list", second, "--into", folder, "--json")
    assert taken.exit_code == 0, taken.exception
    assert "geldig_tot = 2026-12-31" in (folder / "lijst-landelijk.toml").read_text("utf-8")


async def test_a_list_stands_in_one_file(run: Run, folder: Path, tmp_path: Path) -> None:
    file = published(listed(tmp_path), "2026.1", tmp_path / "landelijk.ttl")
    shutil.copy(tmp_path / "doelen.toml", folder / "doelen.toml")
    refused = await run("purpose", "import-list", file, "--into", folder)
    assert "doelen.toml holds this list already" in str(refused.exception)
    assert not (folder / "lijst-landelijk.toml").exists()


async def test_a_list_never_takes_the_file_of_another(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    first = listed(tmp_path)
    file = published(first, "2026.1", tmp_path / "een.ttl")
    assert (await run("purpose", "import-list", file, "--into", folder)).exit_code == 0
    before = (folder / "lijst-landelijk.toml").read_bytes()
    other = "https://elders.example/id/landelijk"
    moved = replace(
        first,
        schemes=tuple(replace(each, uri=other) for each in first.schemes),
        purposes=tuple(
            replace(each, scheme=other, uri=each.uri.replace("landschap", "elders"), broader="")
            for each in first.purposes
        ),
    )
    refused = await run(
        "purpose", "import-list", published(moved, "1", tmp_path / "twee.ttl"), "--into", folder
    )
    assert "lijst-landelijk.toml holds another list" in str(refused.exception)
    assert (folder / "lijst-landelijk.toml").read_bytes() == before


HEAD = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix schema: <https://schema.org/> .
<https://l.example/lijst> a skos:ConceptScheme ; dcterms:title "Lijst"@nl ;
  dcterms:publisher "00000099000000001000" ; owl:versionInfo "1" .
"""
ONE = """<https://l.example/a> a skos:Concept ; skos:inScheme <https://l.example/lijst> ;
  skos:prefLabel "A"@nl ; skos:definition "Wat A is."@nl ; schema:startDate "2026-01-01" """


def test_a_dutch_list_is_read_and_says_what_lacks_in_english() -> None:
    found = read_list(f"{HEAD}{ONE}.")
    assert [each.uri for each in found.purposes] == ["https://l.example/a"]
    assert found.untranslated == ("https://l.example/a", "https://l.example/lijst")
    assert found.scheme.publisher == "00000099000000001000"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dit is geen turtle", "it is no Turtle"),
        ("", "it holds 0 lists"),
        (HEAD, "it holds 0 purposes"),
        (f"{HEAD}{ONE}; owl:versionInfo 'drie' .", "'drie' is no number"),
        (f"{HEAD}{ONE}; schema:endDate '2025-01-01' .", "is not after the start"),
        (
            f"{HEAD}{ONE}; skos:broader <https://l.example/b> .",
            "broader https://l.example/b is not",
        ),
        (f"{HEAD}{ONE}.".replace('"2026-01-01"', '"morgen"'), "'morgen' is no date"),
        (f"{HEAD}{ONE}.".replace("00000099000000001000", "VNG"), "'VNG' ends in no OIN"),
        (f"{HEAD}{ONE}.".replace('skos:prefLabel "A"@nl ;', ""), "skos:prefLabel lacks in Dutch"),
        (" " * 5_000_001, "longer than 5,000,000 characters"),
    ],
)
def test_what_is_no_list_is_refused_with_why(text: str, said: str) -> None:
    with pytest.raises(UnreadableListError, match=said):
        read_list(text)


def test_a_purpose_of_the_only_list_needs_to_lead_nowhere() -> None:
    """Where there is no shared list, nobody is warned of what can not be mended."""
    warned: list[Mistake] = []
    parse_register({"eigen.toml": OURS.replace(f'valt_onder = "{BENEFIT}"\n', "")}, OWNER, warned)
    assert warned == []
