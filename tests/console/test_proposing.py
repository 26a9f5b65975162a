# SPDX-License-Identifier: EUPL-1.2
"""Changes of the register from the console: proposed by one, approved by another, in force at once."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from tests.console.console_rig import BIJSTAND, Console
from tests.portal.visiting import Seen, Visitor

from landschap.purposes import store
from landschap.purposes.files import parse_register
from landschap.purposes.proposals import entries_of, text_of, with_proposal
from landschap.purposes.proposals import store as proposals
from landschap.purposes.proposals.store import Person
from landschap.purposes.public import id_of
from landschap.purposes.reading import RegisterError
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import Signers
from landschap.purposes.writing import files_of
from landschap.vocabulary.problems import ProblemError

POLICY = "consulent-ziet-uitkering"
FORM = f"/console/verwerkingen/wijzig/beleidsregel/{POLICY}"
LIST = "/console/verwerkingen/voorstellen"
BENEFITS = "/console/register/uitkeringen/uitkeringen"
ACTIVITY = "https://register.weesp.example/activiteiten/aanvraag-bijstand-behandelen"
WHY = "De consulent heeft de uitkering niet meer nodig"


def form_of(page: Seen) -> dict[str, list[str]]:
    """Every field of the form as it stands on the page."""
    found: dict[str, list[str]] = {}
    text = page.text[page.text.index("<main") :]
    for tag in re.findall(r"<input[^>]*>", text):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        is_box = 'type="checkbox"' in tag
        if name and (not is_box or "checked" in tag):
            found.setdefault(name[1], []).append(html.unescape(value[1] if value else ""))
    for name, content in re.findall(
        r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.DOTALL
    ):
        found[name] = [html.unescape(content)]
    for name, content in re.findall(
        r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', content)
        found[name] = [html.unescape(chosen[1])] if chosen else [""]
    return found


async def send(visitor: Visitor, path: str, form: dict[str, list[str]]) -> Seen:
    pairs = [(name, value) for name, values in form.items() for value in values]
    return await visitor.post(path, pairs)  # type: ignore[arg-type]  # aiohttp takes pairs


async def proposed(visitor: Visitor, path: str = FORM, **changes: Sequence[str]) -> str:
    """Propose a change by form; gives the address of the proposal."""
    form = form_of(await visitor.get(path)) | {"reden": [WHY]}
    sent = await send(visitor, path, form | {name: list(each) for name, each in changes.items()})
    assert sent.status == 303, sent.text
    return sent.location


async def decide(visitor: Visitor, address: str, decision: str, words: str = "") -> Seen:
    token = visitor.token(await visitor.get(address))
    form = {"token": token, "besluit": decision, "woorden": words}
    return await visitor.post(address, form)


async def end(console: Console, before: str) -> None:
    """Put the register of before in force again."""
    pool = console.deps.purposes
    old = await store.snapshot_by_version(pool, before)
    now, _ = await store.current_snapshot(pool)
    assert old is not None
    # Versions only go up: the policies of before, with a number above that of now.
    changed = {each.id: each.version for each in now.register.policies}
    from dataclasses import replace

    policies = tuple(
        each if each == next((e for e in now.register.policies if e.id == each.id), None)
        else replace(each, version=changed.get(each.id, 0) + 1)
        for each in old.register.policies
    )  # fmt: skip
    register = replace(now.register, policies=policies)
    await store.save_register(
        pool, register, Signers(author="Anna", approver="Bert"), based_on=now.version
    )


@pytest.mark.case("S-06")
async def test_an_officer_changes_a_policy_and_the_next_look_obeys(console: Console) -> None:
    consultant = await console.visit("consulent", BIJSTAND)
    before = (await console.deps.snapshot.newest()).version
    assert (await consultant.get(BENEFITS)).status == 200
    author, other = await console.visit("fg"), await console.visit("fg2")
    address = await proposed(author, rollen=["iemand-anders"])
    # A proposal does nothing yet.
    assert (await consultant.get(BENEFITS)).status == 200
    page = (await other.get(address)).text
    for words in (WHY, "F. Groen", "inkomensconsulent", "iemand-anders", "Keur goed"):
        assert words in page, words
    assert (await decide(other, address, "goedkeuren", "gezien")).status == 303
    refused = await consultant.get(BENEFITS)
    assert refused.status == 403
    assert "role_not_allowed" in refused.text
    last = (await store.adoptions(console.deps.purposes))[0]
    assert (last.author, last.approver) == ("F. Groen (fg)", "G. Rood (fg2)")
    assert last.reason == f"{WHY} (gezien)"
    told = (await other.get("/console/verwerkingen/versies")).text
    assert "F. Groen (fg), G. Rood (fg2)" in told
    assert "Van kracht" in (await author.get(address)).text
    deeds = await deeds_of(console)
    assert {"beleid-goedkeuren"} <= {each["action"]["name"] for each in deeds}
    mine = [each for each in deeds if each["resource"]["id"] == POLICY][-1]
    assert mine["subject"]["id"] == "fg2"
    assert (mine["context"]["author"], mine["context"]["reason"]) == ("fg", WHY)
    await end(console, before)
    assert (await consultant.get(BENEFITS)).status == 200


async def deeds_of(console: Console) -> list[dict[str, Any]]:
    """What was done in the console that is no look, as the log has it."""
    connection = await console.database.administrator()
    try:
        rows = await connection.fetch(
            "SELECT transaction_id FROM logboek.record WHERE service = 'console' ORDER BY lane, batch, pos"
        )
    finally:
        await connection.close()
    from tests.console.test_emergency import decision

    return [await decision(console, row["transaction_id"]) for row in rows]


@pytest.mark.case("A60")
async def test_who_proposes_does_not_approve_whatever_is_called(console: Console) -> None:
    author = await console.visit("fg")
    address = await proposed(author, uitleg_nl=["Anders gezegd."])
    assert "Een ander keurt het goed" in (await author.get(address)).text
    refused = await decide(author, address, "goedkeuren")
    assert (refused.status, refused.title) == (403, "U kunt uw eigen voorstel niet goedkeuren")
    pool, number = console.deps.purposes, int(address.rpartition("/")[2])
    for name in ("fg", "FG"):
        with pytest.raises(ProblemError, match="another person"):
            await proposals.approve(pool, number, Person(account=name, name="x"), "")
    version = (await console.deps.snapshot.newest()).version
    for name in ("fg", "Fg"):
        with pytest.raises(asyncpg.CheckViolationError):
            await pool.execute(
                "INSERT INTO proposal_outcome (number, outcome, decider, decider_name, words,"
                " version) VALUES ($1, 'approved', $2, 'x', '', $3)",
                number, name, version,
            )  # fmt: skip
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO adoption (number, version, adopted_at, author, approver, reason)"
            " VALUES (9999, $1, now(), 'fg', 'FG', '')",
            version,
        )
    assert (await decide(author, address, "intrekken")).status == 303


async def test_a_proposal_on_an_older_register_is_not_put_in_force_but_can_be_proposed_again(
    console: Console,
) -> None:
    before = (await console.deps.snapshot.newest()).version
    author, other = await console.visit("fg"), await console.visit("fg2")
    first = await proposed(author, uitleg_nl=["Eerste."])
    second = await proposed(author, "/console/verwerkingen/wijzig/beleidsregel/consulent-ziet-inwoner",
                            uitleg_nl=["Tweede."])  # fmt: skip
    third = await proposed(author, uitleg_nl=["Derde."])
    assert (await decide(other, first, "goedkeuren")).status == 303
    for address, words in (
        (second, "is niet veranderd"),
        (third, "Kijk goed naar beide verschillen"),
    ):
        page = (await other.get(address)).text
        assert "Het register is intussen veranderd" in page
        assert words in page
        assert "Eerste." in page  # what changed in between
        assert "Keur goed" not in page
    refused = await decide(other, second, "goedkeuren")
    assert refused.status == 409
    assert "register_newer" in refused.text
    again = await decide(other, second, "opnieuw")
    assert again.status == 303
    # Who proposes it again is its author now.
    assert (await decide(other, again.location, "goedkeuren")).status == 403
    assert (await decide(author, again.location, "goedkeuren")).status == 303
    now = await console.deps.snapshot.newest()
    [policy] = entries_of(now.register, "policies", "consulent-ziet-inwoner")
    assert policy.explanation.nl == "Tweede."
    # The third has a version number that is used now: to be written anew.
    stale = await decide(other, third, "opnieuw")
    if stale.status == 303:
        reused = await decide(author, stale.location, "goedkeuren")
        assert reused.status == 422
        assert "register_version_reused" in reused.text
    await end(console, before)


async def test_a_decision_is_taken_once_and_a_rejection_has_its_words(console: Console) -> None:
    author, other = await console.visit("fg"), await console.visit("fg2")
    address = await proposed(author, uitleg_nl=["Nog anders."])
    assert (await decide(author, address, "afwijzen", "nee")).status == 403
    assert (await decide(other, address, "intrekken")).status == 403
    assert (await decide(other, address, "afwijzen")).status == 400
    assert (await decide(other, address, "afwijzen", "Niet nodig")).status == 303
    page = (await author.get(address)).text
    assert "Afgewezen" in page
    assert "Niet nodig" in page
    for decision in ("goedkeuren", "afwijzen"):
        assert (await decide(other, address, decision, "toch")).status == 409
    assert (await decide(other, address, "opnieuw")).status == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"geldig_vanaf": ["gisteren"]}, "geldig_vanaf"),
        ({"geldig_vanaf": [""]}, "geldig_vanaf"),
        ({"geldig_tot": ["31-02-2027"]}, "geldig_tot"),
        ({"doel": ["https://doelen.example/bestaat-niet"]}, "doel"),
        ({"handelingen": ["lezen"]}, "handelingen"),
        ({"veldenset": ["bestaat-niet@1"]}, "veldenset"),
        ({"organisaties": [""]}, "organisaties"),
        ({"grondslagen": ["eu-gdpr:A6-1-z"]}, "grondslagen"),
        ({"uitleg_nl": [""]}, "uitleg_nl"),
        ({"werking": ["misschien"]}, "werking"),
        ({"reden": ["x"]}, "reden"),
        ({"uitleg_en": ["as asked by 999993653"]}, "uitleg_en"),
        ({"rollen": ["consulent", "999993653"]}, "rollen"),
        ({}, "tekst"),
    ],
)
async def test_what_can_not_be_is_told_at_its_field_and_input_is_kept(
    console: Console, changes: dict[str, list[str]], field: str
) -> None:
    author = await console.visit("fg")
    form = form_of(await author.get(FORM)) | {"reden": ["De reden blijft staan"]} | changes
    page = await send(author, FORM, form)
    assert page.status == 400
    assert f'id="{field}-fout"' in page.text
    if field != "reden":
        assert "De reden blijft staan" in page.text


async def test_no_number_of_a_person_is_kept_with_a_proposal_or_a_decision(
    console: Console,
) -> None:
    author, other = await console.visit("fg"), await console.visit("fg2")
    form = form_of(await author.get(FORM)) | {"reden": ["melding over 999993653"]}
    page = await send(author, FORM, form | {"uitleg_nl": ["Anders."]})
    assert (page.status, 'id="reden-fout"' in page.text) == (400, True)
    address = await proposed(author, uitleg_nl=["Weer anders."])
    for visitor, decision in ((other, "goedkeuren"), (other, "afwijzen"), (author, "intrekken")):
        page = await decide(visitor, address, decision, "zoals 999993653 vroeg")
        assert page.status == 400
        assert "Haal dat weg" in page.text
        # To be mended, not typed again; who wrote it has no such field.
        assert ("zoals 999993653 vroeg" in page.text) is (visitor is other)
    assert (await decide(author, address, "intrekken", "niet meer nodig")).status == 303


async def test_the_period_of_a_policy_is_changed_by_form(console: Console) -> None:
    before = (await console.deps.snapshot.newest()).version
    author, other = await console.visit("fg"), await console.visit("fg2")
    consultant = await console.visit("consulent", BIJSTAND)
    address = await proposed(author, geldig_tot=["1-6-2026"])
    await decide(other, address, "goedkeuren")
    assert (await consultant.get(BENEFITS)).status == 403
    page = (await consultant.get(f"/console/verwerkingen/{id_of(ACTIVITY)}")).text
    assert "1 juni 2026" in page
    await end(console, before)


async def test_an_activity_is_changed_as_text_with_all_its_versions(console: Console) -> None:
    author, other = await console.visit("fg"), await console.visit("fg2")
    path = f"/console/verwerkingen/wijzig/activiteit/{id_of(ACTIVITY)}"
    form = form_of(await author.get(path)) | {"reden": [WHY]}
    text = form["tekst"][0]
    assert text.startswith("[[activiteit]]")
    wrong = await send(author, path, form | {"tekst": [text.replace("P10Y", "tien jaar", 1)]})
    assert wrong.status == 400
    assert "bewaartermijn" in wrong.text
    changed = text.replace("versie = 1", "versie = 2").replace(
        "Aanvraag bijstand", "Verzoek om bijstand", 1
    )
    two = await send(author, path, form | {"tekst": [changed + text]})
    assert two.status == 400
    # As long as a text may be, whatever its characters take in a form, and one more.
    full = changed + "# " + "\u20ac" * (60_000 - len(changed) - 2)
    assert (await send(author, path, form | {"tekst": [full + "\u20ac"]})).status == 400
    sent = await send(author, path, form | {"tekst": [full]})
    assert sent.status == 303, sent.text
    assert (await decide(other, sent.location, "goedkeuren")).status == 303
    assert "Verzoek om bijstand" in (await other.get("/console/verwerkingen")).text


async def test_a_new_policy_begins_as_a_copy_and_is_in_force_when_approved(
    console: Console,
) -> None:
    author, other = await console.visit("fg"), await console.visit("fg2")
    path = f"/console/verwerkingen/wijzig/beleidsregel/nieuw?als={POLICY}"
    form = form_of(await author.get(path)) | {"reden": ["Ook de klantmanager"]}
    text = form["tekst"][0]
    assert 'id = "nieuw"' in text
    assert "versie = 1" in text
    for wrong in (text, text.replace('"nieuw"', f'"{POLICY}"', 1), "x"):
        page = await send(author, path, form | {"tekst": [wrong]})
        assert page.status == 400
        assert 'id="tekst-fout"' in page.text
    made = text.replace('"nieuw"', '"klantmanager-ziet-uitkering"', 1)
    made = made.replace('"inkomensconsulent"', '"groenbeheer"', 1)
    sent = await send(author, path, form | {"tekst": [made]})
    assert sent.status == 303, sent.text
    assert "nieuw" in (await other.get(sent.location)).text
    gardener = await console.visit("groen")
    assert (await console.choose(gardener, BIJSTAND)).status == 400
    await decide(other, sent.location, "goedkeuren")
    assert (await console.choose(gardener, BIJSTAND)).status == 303
    assert (await gardener.get(BENEFITS)).status == 200
    end_of = "/console/verwerkingen/wijzig/beleidsregel/klantmanager-ziet-uitkering"
    await decide(other, await proposed(author, end_of, geldig_tot=["1-6-2026"]), "goedkeuren")
    assert (await gardener.get(BENEFITS)).status == 403


async def test_only_officers_of_the_register_propose_see_and_decide(console: Console) -> None:
    author = await console.visit("fg")
    address = await proposed(author, uitleg_nl=["Voor een ander."])
    visitor = await console.visit("consulent")
    for path in (FORM, LIST, address):
        assert (await visitor.get(path)).status == 403
    token = visitor.token(await visitor.get("/console"))
    for path in (FORM, address):
        form = {"token": token, "besluit": "goedkeuren", "reden": WHY}
        assert (await visitor.post(path, form)).status == 403
    assert "wijzig" not in (await visitor.get(f"/console/verwerkingen/{id_of(ACTIVITY)}")).text
    await decide(author, address, "intrekken")


async def test_what_is_in_force_after_a_proposal_reads_back_from_its_files(
    console: Console,
) -> None:
    before = (await console.deps.snapshot.newest()).version
    author, other = await console.visit("fg"), await console.visit("fg2")
    address = await proposed(author, rollen=["inkomensconsulent\nklantmanager"])
    await decide(other, address, "goedkeuren")
    snapshot = await console.deps.snapshot.newest()
    files = files_of(snapshot.register)
    assert '"klantmanager"' in files["beleid.toml"]
    assert Snapshot(parse_register(files, snapshot.owner)).version == snapshot.version
    # Files that were written on the register of before are refused now.
    old = await store.snapshot_by_version(console.deps.purposes, before)
    assert old is not None
    with pytest.raises(ProblemError, match="in force"):
        await store.save_register(
            console.deps.purposes, old.register, Signers(author="A", approver="B"), based_on=before
        )
    await end(console, before)


def test_a_proposal_changes_nothing_beside_what_it_names(console: Console) -> None:
    register = console.deps.snapshot().register
    text = text_of(register, "policies", POLICY)
    assert with_proposal(register, "policies", POLICY, text) == register
    other = text_of(register, "policies", "burgerzaken-houdt-bij")
    for wrong in (other, "", text + text_of(register, "purposes", BIJSTAND), text + "x = ["):
        with pytest.raises(RegisterError):
            with_proposal(register, "policies", POLICY, wrong)
    with pytest.raises(RegisterError):
        with_proposal(register, "policies", POLICY, text + other.replace("houdt-bij", "nieuw"))


async def test_what_was_proposed_and_decided_can_not_be_changed(console: Console) -> None:
    for table, column in (("proposal", "reason"), ("proposal_outcome", "words")):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await console.deps.purposes.execute(statement)
