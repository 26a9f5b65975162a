# SPDX-License-Identifier: EUPL-1.2
"""Logical sources in the console: their state, their file, mapping by form, trying, four eyes."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from tests.console.console_rig import BIJSTAND, BUILDINGS, CASE, Console
from tests.console.test_proposing import deeds_of, form_of, send
from tests.portal.visiting import Seen, Visitor

from landschap.cli.source_commands import source
from landschap.console.pages.source_asking import Asking, may_ask
from landschap.console.sources import MAX_CHARACTERS, version_of
from landschap.console.sources.store import decide as decide_in_store
from landschap.console.sources.store import proposal, propose
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.vocabulary.problems import ProblemError

HERE = "/console/bronnen"
NAME = "woon-en-uitkeringssituatie"
ONE, EDIT = f"{HERE}/{NAME}", f"{HERE}/{NAME}/wijzig"
PROPOSALS = f"{HERE}/voorstellen"
WHY = "De straatcode is nodig voor de brief"


def file_of(console: Console) -> Path:
    assert console.deps.sources is not None
    return console.deps.sources.folder / f"{NAME}.yaml"


@pytest.fixture
async def visitor(console: Console) -> AsyncIterator[Visitor]:
    """Somebody who works on sources; the file is put back after."""
    file = file_of(console)
    before = file.read_text()
    yield await console.visit("beheerder")
    file.write_text(before)


async def posted(visitor: Visitor, doing: str, **changes: list[str]) -> Seen:
    """Press a button of the page of writing, with changes of what stands in the form."""
    form = form_of(await visitor.get(EDIT)) | {"doe": [doing]} | changes
    return await send(visitor, EDIT, form)


def text_in(page: Seen) -> str:
    found = re.search(r'<textarea[^>]*name="tekst"[^>]*>\n?(.*?)</textarea>', page.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


async def test_the_list_tells_of_every_source_whether_it_can_be_asked(visitor: Visitor) -> None:
    assert f'href="{HERE}"' in (await visitor.get("/console")).text
    page = await visitor.get(HERE)
    assert page.status == 200
    assert "Woon- en uitkeringssituatie opvragen" in page.text
    assert "register inwoners.inwoner" in page.text
    assert "van onszelf" in page.text
    # A REST source without a connection is told with why, and the others stand there all the same.
    assert "niet in orde" in page.text
    english = await visitor.get(f"/en{HERE}")
    assert "not in order" in english.text
    assert "van onszelf" not in english.text


async def test_one_source_tells_columns_fields_and_its_file(visitor: Visitor) -> None:
    page = await visitor.get(ONE)
    assert page.status == 200
    for words in (
        "postcode", "bedragPerMaand", "volgt uit andere velden", "geheel_getal", "panden.status",
        "Deze bron zegt zelf niet welke kolommen zij heeft", "De leverancier is er niet",
    ):  # fmt: skip
        assert words in page.text, words
    lines = re.findall(r'<li value="(\d+)" id="regel-\1"', page.text)
    assert len(lines) == 142 or len(lines) > 100


async def test_a_file_with_a_mistake_is_told_beside_its_line_in_the_language_of_the_page(
    console: Console, visitor: Visitor
) -> None:
    file = file_of(console)
    file.write_text(file.read_text().replace("[adressen.postcode]", "[adressen.postkode]"))
    line = next(
        n for n, each in enumerate(file.read_text().splitlines(), start=1) if "postkode" in each
    )
    page = await visitor.get(ONE)
    told = "bag.nummeraanduiding heeft geen kolom &#39;postkode&#39;; bedoelde u postcode?"
    beside = page.text[page.text.index(f'id="regel-{line}"') :]
    assert told in beside[: beside.index("</li>")]
    assert f'href="#regel-{line}"' in page.text
    assert "1 fout. Het bestand wordt niet gebruikt." in (await visitor.get(HERE)).text
    english = (await visitor.get(f"/en{ONE}")).text
    assert "does not exist; did you mean postcode?" in english


async def test_a_text_is_checked_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    wrong = text_in(await visitor.get(EDIT)).replace("wortel:", "wortl:")
    page = await posted(visitor, "controleer", tekst=[wrong], veld=["adres.iets"], reden=["later"])
    assert page.status == 200
    assert "het woord &#39;wortl&#39; bestaat hier niet; bedoelde u wortel?" in page.text
    assert text_in(page) == wrong
    assert 'value="adres.iets"' in page.text
    assert 'name="reden" value="later"' in page.text
    # What is wrong can not be tried, compared or proposed.
    for doing in ("proef", "verschil", "voorstel"):
        refused = await posted(visitor, doing, tekst=[wrong], voorbeeld=["1"])
        assert refused.status == 400
        assert "Los die eerst op" in refused.text
        assert text_in(refused) == wrong
    right = text_in(await visitor.get(EDIT))
    for text in ("", "x" * (MAX_CHARACTERS + 1), right + "\n" * MAX_CHARACTERS):
        assert (await posted(visitor, "voorstel", tekst=[text], reden=[WHY])).status == 400


async def test_a_field_is_mapped_by_form_and_the_file_is_the_result(
    console: Console, visitor: Visitor
) -> None:
    before = file_of(console).read_text()
    fetched = await posted(visitor, "haal", welk=["adres.postcode"])
    form = form_of(fetched)
    assert form["veld"] == ["adres.postcode"]
    assert "<option selected>adressen.postcode</option>" in fetched.text
    assert fetched.text.count("<option selected>tekst</option>") == 1
    page = await posted(
        visitor, "veld", veld=["straatcode"], lijst=[""], wint=["eerste_gevulde"],
        kolom=["straten.identificatie", ""], zet_om=["deel", ""], met=["1, 4", ""],
    )  # fmt: skip
    assert page.status == 200, page.text
    made = text_in(page)
    assert "  straatcode: {uit: [straten.identificatie], zet_om: [{deel: [1, 4]}]}" in made
    assert [line for line in made.splitlines() if "straatcode" not in line] == before.splitlines()
    assert "Het veld staat in het bestand" in page.text
    changed = page.text[page.text.index("Dit veranderde") :].partition("</section>")[0]
    assert re.findall(r"<ins>.*straatcode", changed)
    assert "<del>" not in changed
    assert file_of(console).read_text() == before
    gone = await posted(visitor, "weg", tekst=[made], veld=["straatcode"])
    assert text_in(gone).splitlines() == before.splitlines()
    # What the form can not make is told at its own field, and stays there.
    bad = await posted(visitor, "veld", veld=["Straat Code"], kolom=[""], zet_om=["deel"],
                       met=["vier"], wint=["nieuwste"])  # fmt: skip
    assert bad.status == 400
    for words in ("Begin met een kleine letter", "Kies ten minste een kolom", 'value="vier"'):
        assert words in bad.text, words
    derived = await posted(visitor, "haal", welk=["meerderjarig"])
    assert "Dit kan alleen als tekst worden gewijzigd" in derived.text


async def test_an_example_is_run_only_with_a_purpose_and_recorded_before_it_is_shown(
    console: Console,
) -> None:
    visitor = await console.visit("beheerder")
    text = f"{text_in(await visitor.get(EDIT))}# erbij\n"
    first = await posted(visitor, "proef", tekst=[text], voorbeeld=["2"], reden=["later"])
    assert (first.status, "Kies eerst een doel en zaak" in first.text) == (400, True)
    # Nobody is sent away with what was typed.
    assert (text_in(first), 'value="later"' in first.text) == (text, True)
    away = await visitor.get(f"{ONE}/proef?voorbeeld=1")
    assert (away.status, "/console/doel" in away.location) == (303, True)
    await console.choose(visitor, BUILDINGS)
    page = await visitor.get(f"{ONE}/proef?voorbeeld=1")
    assert page.status == 200, page.text
    for words in ("zoals verwacht", "<svg", "1384CA", "Het plan", "Herkomst", "ronde 1",
                  "geweigerd (", CASE):  # fmt: skip
        assert words in page.text, words
    record = (await looks_of(console))[-1]
    assert record["resource"] == {"type": "logical source", "id": NAME}
    assert record["subject"]["id"] == "beheerder"
    told = record["context"]
    assert (told["purpose"], told["case"]) == (BUILDINGS, CASE)
    assert told["text"] == version_of(file_of(console).read_text())
    assert (await visitor.get(f"{ONE}/proef?voorbeeld=99")).status == 404


async def test_the_real_sources_are_asked_under_a_purpose_with_a_line_of_the_person(
    console: Console,
) -> None:
    real = f"{ONE}/proef?voorbeeld=1&bronnen=echt"
    stranger = await console.visit("beheerder", BUILDINGS)
    refused = await stranger.get(real)
    assert (refused.status, "Dude Papelaan" in refused.text) == (403, False)
    visitor = await console.visit("bronnen")
    assert "Woon- en uitkeringssituatie opvragen" in (await visitor.get("/console/doel")).text
    await console.choose(visitor, BIJSTAND)
    offered = await visitor.get(f"{ONE}/proef?voorbeeld=3")
    assert "voorbeeld=3&amp;bronnen=echt" in offered.text
    for words in ("woning.oppervlakte", "pand.status", "ingekort"):
        assert words in offered.text, words
    before = len(await lines_about(console))
    page = await visitor.get(real)
    assert page.status == 200, page.text
    for words in ("Gevraagd aan de echte bronnen", "niet alle bronnen antwoordden", "1384CA"):
        assert words in page.text, words
    # Nothing that the purpose does not permit; and the person has a line more.
    assert "oppervlakte</code>" not in page.text
    assert len(await lines_about(console)) == before + 1
    connection = await console.database.administrator()
    await connection.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        unrecorded = await visitor.get(real)
    finally:
        await connection.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
        await connection.close()
    assert (unrecorded.status, "1384CA" in unrecorded.text) == (503, False)


async def test_in_production_no_real_source_is_asked_from_a_page(console: Console) -> None:
    settings = console.deps.settings
    real = replace(settings.organisation, environment="production")
    deps = replace(console.deps, settings=replace(settings, organisation=real))
    assert may_ask(console.deps)
    assert not may_ask(deps)
    nobody: Any = None
    with pytest.raises(ProblemError, match="only asked in a test"):
        await Asking(deps).ask(nobody, nobody, nobody)


async def lines_about(console: Console) -> list[Any]:
    """The lines of the person of the first example."""
    registers = console.deps.registers
    who = subject_pseudonym(registers.pseudonym_key, registers.controller, "bsn", "999993653")
    pool = await console.database.pool("logboek")
    return list(await pool.fetch("SELECT 1 FROM logboek.record WHERE subject = $1", who))


async def test_a_file_is_read_as_a_form_sends_it_and_never_half(
    console: Console, visitor: Visitor
) -> None:
    file, right = file_of(console), file_of(console).read_text()
    file.write_bytes(right.replace("\n", "\r\n").encode())
    assert "Hiermee verandert er niets" in (await posted(visitor, "voorstel", reden=[WHY])).text
    address = await proposed(visitor, console)
    found = await proposal(console.deps.pool, int(address.rpartition("/")[2]))
    assert found is not None
    # What the operator's command takes for the file of now.
    assert found.based_on == version_of(file.read_text())
    file.write_text(f"{right}# {'x' * 400_000}\n")
    assert "at most 400000 are read" in (await visitor.get(f"/en{ONE}")).text


async def test_without_a_record_nothing_is_run(console: Console) -> None:
    visitor = await console.visit("beheerder", BUILDINGS)
    connection = await console.database.administrator()
    await connection.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        page = await visitor.get(f"{ONE}/proef?voorbeeld=1")
    finally:
        await connection.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
        await connection.close()
    assert page.status == 503
    assert "1384CA" not in page.text


@pytest.mark.long
async def test_a_text_that_is_being_written_is_tried_and_comes_back_whole(
    console: Console,
) -> None:
    visitor = await console.visit("beheerder", BUILDINGS)
    text = text_in(await visitor.get(EDIT)).replace("zet_om: [getal]", "zet_om: [tekst]")
    page = await posted(visitor, "proef", tekst=[text], voorbeeld=["1"], reden=["later"])
    assert page.status == 200
    assert "niet zoals verwacht" in page.text
    back = {name: html.unescape(value) for name, value in re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)}  # fmt: skip
    again = await send(
        visitor, EDIT, {name: [value] for name, value in back.items()} | {"doe": ["controleer"]}
    )
    assert text_in(again).splitlines() == text.splitlines()
    assert 'value="later"' in again.text


async def proposed(visitor: Visitor, console: Console, **more: list[str]) -> str:
    """Propose a field more; gives the address of the proposal."""
    text = file_of(console).read_text() + "  straatcode: {uit: [straten.identificatie]}\n"
    seen = await posted(visitor, "verschil", tekst=[text])
    assert "straatcode" in seen.text[seen.text.index("ls-diff") :]
    sent = await posted(visitor, "voorstel", tekst=[text], reden=[WHY], **more)
    assert sent.status == 303, sent.text
    return sent.location


async def decided(visitor: Visitor, address: str, decision: str, words: str = "") -> Seen:
    token = visitor.token(await visitor.get(address))
    return await visitor.post(address, {"token": token, "besluit": decision, "woorden": words})


async def test_a_change_needs_another_person_and_never_writes_the_file(
    console: Console, visitor: Visitor
) -> None:
    before = file_of(console).read_text()
    assert (await posted(visitor, "voorstel", reden=[WHY])).status == 400  # nothing changed
    no_reason = await posted(visitor, "voorstel", tekst=[f"{before}# x\n"], reden=["x"])
    assert "Schrijf op waarom" in no_reason.text
    person = await posted(visitor, "voorstel", tekst=[f"{before}# x\n"], reden=["om 999993653"])
    assert "nummer van een persoon" in person.text
    address = await proposed(visitor, console)
    own = await visitor.get(address)
    assert "Keur goed" not in own.text
    assert (await decided(visitor, address, "goedkeuren")).status == 403
    other = await console.visit("bronnen")
    page = await other.get(address)
    for words in (WHY, "J. van Dijk", "Keur goed", "straatcode"):
        assert words in page.text, words
    assert (await decided(other, address, "afwijzen")).status == 400
    for decision in ("goedkeuren", "afwijzen"):
        named = await decided(other, address, decision, "zie 999993653")
        assert (named.status, "nummer van een persoon" in named.text) == (400, True)
        assert ">zie 999993653</textarea>" in named.text
    assert (await decided(other, address, "goedkeuren", "gezien")).status == 303
    assert file_of(console).read_text() == before
    assert "landschap source take" in (await other.get(address)).text
    deed = (await looks_of(console, "bron-goedkeuren"))[-1]
    assert deed["context"]["author"] == "beheerder"
    assert (await decided(other, address, "goedkeuren")).status == 403
    file_of(console).write_text(f"{before}  straatcode: {{uit: [straten.identificatie]}}\n")
    assert "Overgenomen" in (await other.get(PROPOSALS)).text


@pytest.mark.long
async def test_what_was_written_on_an_older_file_is_not_approved(
    console: Console, visitor: Visitor
) -> None:
    address = await proposed(visitor, console)
    file_of(console).write_text(f"# later\n{file_of(console).read_text()}")
    other = await console.visit("bronnen")
    page = await other.get(address)
    assert "intussen veranderd" in page.text
    assert "Keur goed" not in page.text
    assert (await decided(other, address, "goedkeuren")).status == 409
    number = address.rpartition("/")[2]
    assert "straatcode" in text_in(await visitor.get(f"{EDIT}?voorstel={number}"))
    assert (await decided(visitor, address, "intrekken")).status == 303
    assert "Ingetrokken" in (await other.get(address)).text


async def test_the_database_itself_wants_another_person(console: Console) -> None:
    pool = console.deps.pool
    number = await propose(
        pool, ("Anna", "Anna A."), file="x", body="a: b", reason="omdat", based_on="sha256-0"
    )
    with pytest.raises(ProblemError, match="another person"):
        await decide_in_store(pool, number, "approved", ("ANNA", "Anna A."), "")
    await decide_in_store(pool, number, "rejected", ("bert", "Bert B."), "nee")
    with pytest.raises(ProblemError, match="decided"):
        await decide_in_store(pool, number, "approved", ("bert", "Bert B."), "")
    found = await proposal(pool, number)
    assert found is not None
    assert found.outcome == "rejected"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("UPDATE source_proposal SET body = 'c: d'")


async def test_a_new_source_begins_with_a_text_and_gets_a_name_of_its_own(
    console: Console, visitor: Visitor
) -> None:
    path = f"{HERE}/nieuw/wijzig"
    page = await visitor.get(path)
    assert "register &#39;naam-van-het-register&#39; bestaat niet" in page.text
    text = (
        text_in(page).replace("naam-van-het-register", "bag").replace("naam-van-het-type", "pand")
    )
    form = form_of(page) | {"doe": ["voorstel"], "tekst": [text], "reden": [WHY]}
    for name in ("", NAME, "../uit", "nieuw", "voorstellen"):
        assert (await send(visitor, path, form | {"bestand": [name]})).status == 400
    sent = await send(visitor, path, form | {"bestand": ["panden"]})
    assert sent.status == 303, sent.text
    assert "(nieuw)" in (await visitor.get(sent.location)).text
    assert not file_of(console).with_name("panden.yaml").exists()


async def test_what_somebody_types_opens_no_file_and_no_secret(
    console: Console, visitor: Visitor
) -> None:
    secret = file_of(console).with_name("geheim.csv")
    secret.write_text("staatsgeheim,identificatie\n1,2\n")
    text = file_of(console).read_text()
    access = text[text.index("    soort: rest\n") : text.index("    timeout_ms: 800\n")]
    file = f"""    soort: bestand
    pad: {secret}
    vorm: csv
    csv: {{scheiding: ",", aanhaling: '"', codering: utf-8}}
    sleutels: [identificatie]
"""
    page = await posted(visitor, "controleer", tekst=[text.replace(access, file)])
    assert "Het bestand klopt" in page.text
    assert "staatsgeheim" not in page.text
    # In the file that lies there, which two people agreed on, it is a source as any other.
    file_of(console).write_text(text.replace(access, file))
    assert "staatsgeheim" in (await visitor.get(ONE)).text
    assert "panden.staatsgeheim" in (await visitor.get(EDIT)).text
    secret.unlink()


async def test_only_who_works_on_sources_and_only_from_a_page_of_this_session(
    console: Console, visitor: Visitor
) -> None:
    stranger = await console.visit("burgerzaken")
    for path in (HERE, ONE, EDIT, f"{ONE}/proef?voorbeeld=1", PROPOSALS, f"{PROPOSALS}/1"):
        assert (await stranger.get(path)).status == 403, path
    form = form_of(await visitor.get(EDIT)) | {"doe": ["controleer"], "token": ["x"]}
    assert (await send(visitor, EDIT, form)).status == 403
    # No page sends a null character, which no database keeps: in one of several values too.
    form = form_of(await visitor.get(EDIT)) | {"doe": ["controleer"]}
    for name in ("tekst", "reden", "kolom"):
        assert (await send(visitor, EDIT, form | {name: ["a\0b", "a"]})).status == 403, name
        assert (await send(visitor, EDIT, form | {name: ["a", "a\0b"]})).status == 403, name
    # A decision too: of a form from elsewhere nothing is looked up, and who has no session goes to log in.
    said = {"token": "x", "besluit": "goedkeuren", "woorden": ""}
    assert (await visitor.post(f"{PROPOSALS}/abc", said)).status == 403
    nobody = Visitor(portal=console.address)
    for sent in (await nobody.get(PROPOSALS), await nobody.post(f"{PROPOSALS}/abc", said)):
        assert (sent.status, "/console/inloggen" in sent.location) == (303, True)
    for path in (f"{HERE}/..%2F..%2Fetc", f"{HERE}/bestaat-niet", f"{PROPOSALS}/abc"):
        assert (await visitor.get(path)).status == 404, path


async def looks_of(console: Console, action: str = "proefvraag") -> list[Any]:
    """What the log has of one action in the console, the latest last."""
    told = [each.get("adl.core.request", each) for each in await deeds_of(console)]
    return [each for each in told if each["action"]["name"] == action]


@pytest.mark.long
async def test_an_operator_takes_over_what_two_people_agreed_on(
    console: Console, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDSCHAP__POSTGRES__DSN", console.database.settings.postgres.dsn or "")
    file = file_of(console)
    before = file.read_text()
    address = await proposed(visitor, console)
    number = address.rpartition("/")[2]

    async def run(*words: str) -> Result:
        line = [*words, "--config", str(console.database.settings.path)]
        return await asyncio.to_thread(CliRunner().invoke, source, line)

    waiting = await run("take", number)
    assert waiting.exit_code == 4
    assert file.read_text() == before
    await decided(await console.visit("bronnen"), address, "goedkeuren")
    told = await run("proposals", "--json")
    (own,) = [each for each in json.loads(told.stdout) if each["number"] == int(number)]
    assert (own["state"], own["decider"]) == ("approved", "S. Roos")
    shown = await run("take", number, "--dry-run")
    assert "+  straatcode: {uit: [straten.identificatie]}" in shown.stdout
    assert file.read_text() == before
    file.write_text(f"# later\n{before}")
    assert (await run("take", number)).exit_code == 4
    file.write_text(before)
    done = await run("take", number)
    assert done.exit_code == 0, done.output
    assert file.read_text() == before + "  straatcode: {uit: [straten.identificatie]}\n"
    assert "is this text already" in (await run("take", number)).stdout
    assert (await run("take", "999999")).exit_code == 3


async def test_a_source_and_its_link_are_put_in_the_file_by_form(
    console: Console, visitor: Visitor
) -> None:
    before = file_of(console).read_text()
    made = await posted(
        visitor, "bron", bron_naam=["vergunningen"], bron_soort=["bestand"],
        bron_waar=["vergunningen.csv"], bron_wat=["csv"], bron_sleutels=["adres, nummer"],
        bron_houder=["Gemeente Weesp"],
    )  # fmt: skip
    assert "De bron staat in het bestand" in made.text, made.text
    text = text_in(made)
    assert (
        "  vergunningen: {soort: bestand, pad: vergunningen.csv, vorm: csv, sleutels: [adres, nummer]"
        in text
    )
    linked = await posted(
        visitor, "koppel", tekst=[text], koppel_van=["adressen.identificatie"],
        koppel_naar=["vergunningen.adres"], koppel_aantal=["veel"],
    )  # fmt: skip
    assert "De koppeling staat in het bestand" in linked.text
    text = text_in(linked)
    lines = [line for line in text.splitlines() if "vergunningen" not in line]
    assert lines == before.splitlines()
    assert "Er staan fouten in dit bestand" not in linked.text
    # It is in the form again, with its link, and goes out as it came.
    fetched = form_of(await posted(visitor, "bron_haal", tekst=[text], welke_bron=["vergunningen"]))
    assert fetched["bron_sleutels"] == ["adres, nummer"]
    assert fetched["koppel_naar"] == ["vergunningen.adres"]
    again = await posted(visitor, "bron", **{**fetched, "tekst": [text], "doe": ["bron"]})
    assert text_in(again) == text
    gone = await posted(
        visitor, "koppel_weg", **{**fetched, "tekst": [text], "doe": ["koppel_weg"]}
    )
    left = await posted(visitor, "bron_weg", tekst=[text_in(gone)], bron_naam=["vergunningen"])
    assert text_in(left).splitlines() == before.splitlines()
    assert file_of(console).read_text() == before


async def test_what_is_wrong_in_the_form_of_a_source_is_told_at_its_field(visitor: Visitor) -> None:
    bad = await posted(visitor, "bron", bron_naam=["De Bron"], bron_soort=["bestand"],
                       bron_waar=[""], bron_wat=["pdf"], bron_sleutels=[""], bron_houder=[""])  # fmt: skip
    assert bad.status == 400
    for words in ("zoals vergunningen", "Vul dit in", "Een van: csv", "ten minste een kolom"):
        assert words in bad.text, words
    wrong = await posted(visitor, "koppel", koppel_van=["adressen"], koppel_naar=["panden.id"],
                         koppel_splits=["|"], koppel_aantal=["een"])  # fmt: skip
    assert wrong.status == 400
    for words in ("Schrijf bron.kolom", "Kies: meer rijen"):
        assert words in wrong.text, words
    nobody = await posted(visitor, "koppel_weg", koppel_naar=["nergens.id"])
    assert "Dit kan alleen als tekst worden gewijzigd" in nobody.text
