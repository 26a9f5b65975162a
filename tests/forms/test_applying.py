# SPDX-License-Identifier: EUPL-1.2
"""The form where the doors are away: nothing that was typed is lost, nothing untrue is told."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.forms.forms_rig import NOWHERE, Served, served_form
from tests.portal.portal_rig import ANOTHER
from tests.portal.visiting import Seen, Visitor
from tests.portal.visits import without
from tests.throwaway import Database

from landschap.forms.fetched import Fetched, Outcome, Value
from landschap.forms.pages.drafts import person_of, sealed_of, unsealed
from landschap.forms.pages.once import Once
from landschap.forms.pages.receipts import Receipt, keep_receipt, receipts_of
from landschap.platform.ids import uuid7

FORM = "/formulier/aanvraag"
TYPED = {
    "naam": "Anna Wesseling", "straat": "Breedstraat", "huisnummer": "7", "huisletter": "",
    "postcode": "1382 VE", "woonplaats": "Weesp", "oppervlakte": "", "soortWerk": "dakkapel",
    "omschrijving": "Een <dakkapel> & meer", "begintOp": "",
}  # fmt: skip


@pytest.fixture(scope="module")
async def form(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """The form, with no Outway to ask."""
    async with served_form(module_database, tmp_path_factory.mktemp("form"), NOWHERE) as made:
        yield made


async def applicant(form: Served, sub: str = "burger-2") -> Visitor:
    visitor = Visitor(portal=form.address)
    await visitor.log_in(sub, "/formulier/inloggen")
    return visitor


def typed() -> dict[str, str]:
    begins = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    return {**TYPED, "begintOp": begins}


def hidden(page: Seen) -> dict[str, str]:
    """What goes along with the form of a page; the button to log out stands above it."""
    main = page.text[page.text.index("<main") :]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', main)
    return {name: html.unescape(value) for name, value in found}


async def test_who_is_not_logged_in_reads_what_it_is_for_and_goes_to_the_forms_own_log_in(
    form: Served,
) -> None:
    visitor = Visitor(portal=form.address)
    page = await visitor.get("/formulier")
    assert (page.status, page.title) == (200, "Omgevingsvergunning aanvragen")
    assert "Omgevingswet, artikel 5.8" in page.text
    away = await visitor.get(FORM)
    assert away.location.endswith("/formulier/inloggen?terug=%2Fformulier%2Faanvraag")
    asked = (await visitor.get("/formulier/inloggen")).location
    assert "client_id=omgevingsformulier" in asked
    assert "acr_values=" in asked
    assert "LoA%2Fsubstantial" in asked
    assert "code_challenge_method=S256" in asked


@pytest.mark.parametrize("sub", ["zwak", "onderneming"])
async def test_who_is_not_known_surely_enough_or_no_person_is_not_let_in(
    form: Served, sub: str
) -> None:
    visitor = Visitor(portal=form.address)
    refused = await visitor.log_in(sub, "/formulier/inloggen")
    assert refused.status == 403
    assert (await visitor.get(FORM)).status == 303


async def test_where_nobody_answers_the_fields_are_empty_and_the_page_says_so(
    form: Served,
) -> None:
    visitor = await applicant(form)
    choice = await visitor.get(FORM)
    assert choice.title == "Zullen wij uw gegevens invullen?"
    assert "Wij mogen dit omdat de wet dit regelt" in choice.text
    filled = await visitor.post(FORM, {**hidden(choice), "stap": "ophalen"})
    assert (filled.status, filled.title) == (200, "Uw aanvraag")
    assert "Wij kunnen uw gegevens nu niet ophalen" in filled.text
    assert 'name="straat" autocomplete="off" maxlength="80" value=""' in filled.text
    # Trying again keeps what was typed meanwhile.
    again = await visitor.post(FORM, {**hidden(filled), "straat": "Slijkstraat", "stap": "ophalen"})
    assert 'value="Slijkstraat"' in again.text
    english = await visitor.post(f"/en{FORM}", {**hidden(choice), "stap": "ophalen"})
    assert "We can not fetch your data now" in english.text


async def test_what_is_wrong_stands_by_its_field_and_all_that_was_typed_is_still_there(
    form: Served,
) -> None:
    visitor = await applicant(form)
    page = await visitor.post(FORM, {**hidden(await visitor.get(FORM)), "stap": "zonder"})
    wrong = {**typed(), "postcode": "niet", "soortWerk": "", "begintOp": "1-1-2020"}
    told = await visitor.post(FORM, {**hidden(page), **wrong, "stap": "nakijken"})
    assert told.status == 400
    assert "<title>Fout: Uw aanvraag" in told.text
    for field in ("postcode", "soortWerk", "begintOp"):
        assert f'href="#{field}"' in told.text
        assert f'id="{field}-fout"' in told.text
        assert f'id="{field}"' in told.text
    for value in ("niet", "Breedstraat", "Een &lt;dakkapel&gt; &amp; meer", "1-1-2020"):
        assert value in told.text


async def test_what_can_not_be_registered_is_told_and_can_be_sent_again(form: Served) -> None:
    visitor = await applicant(form)
    page = await visitor.post(FORM, {**hidden(await visitor.get(FORM)), "stap": "zonder"})
    looked_over = await visitor.post(FORM, {**hidden(page), **typed(), "stap": "nakijken"})
    assert looked_over.title == "Klopt uw aanvraag?"
    assert "Een &lt;dakkapel&gt; &amp; meer" in looked_over.text
    sent = await visitor.post(FORM, {**hidden(looked_over), "stap": "verstuur"})
    assert (sent.status, sent.title) == (503, "Versturen lukte nog niet")
    assert "twee keer versturen geeft één aanvraag" in sent.text
    before, after = hidden(looked_over), hidden(sent)
    assert {k: v for k, v in after.items() if k != "opgehaald"} == {
        k: v for k, v in before.items() if k != "opgehaald"
    }
    changed = await visitor.post(FORM, {**after, "stap": "wijzig"})
    assert 'value="Breedstraat"' in changed.text
    # Nothing is received, so there is no receipt.
    assert "OV-" not in sent.text


async def left_behind(form: Served) -> tuple[Visitor, dict[str, str]]:
    """A browser in which a session ended while somebody filled in the form; and what was sent."""
    visitor = await applicant(form)
    page = await visitor.post(FORM, {**hidden(await visitor.get(FORM)), "stap": "zonder"})
    sent = {**hidden(page), **typed(), "stap": "nakijken"}
    connection = await form.database.administrator()
    await connection.execute("DELETE FROM forms.session")
    away = await visitor.post(FORM, sent)
    assert away.status == 303
    assert "/formulier/sessie-voorbij" in away.location
    kept = await connection.fetchval("SELECT sealed FROM forms.draft")
    await connection.close()
    assert b"Breedstraat" not in kept
    return visitor, sent


async def test_what_was_typed_when_the_session_was_over_is_there_after_logging_in_again(
    form: Served,
) -> None:
    visitor, sent = await left_behind(form)
    await visitor.log_in("burger-2", "/formulier/inloggen")
    back = await visitor.get(FORM)
    assert "Wat u typte, is bewaard." in back.text
    assert 'value="Breedstraat"' in back.text
    assert hidden(back)["aanvraag"] == sent["aanvraag"]
    assert (await visitor.get(FORM)).title == "Zullen wij uw gegevens invullen?"


async def test_what_was_typed_is_there_again_after_a_fault_of_ours(form: Served) -> None:
    visitor = await applicant(form)
    page = await visitor.post(FORM, {**hidden(await visitor.get(FORM)), "stap": "zonder"})
    sent = {**hidden(page), **typed(), "stap": "verstuur"}
    async with without(form, "forms", "UPDATE", "forms.session"):
        told = await visitor.post(FORM, sent)
        foreign = await visitor.post(FORM, {**sent, "token": "x"})
    assert told.status == foreign.status == 500
    assert "Wat u typte, is bewaard." in told.text
    assert "Wat u typte, is bewaard." not in foreign.text
    back = await visitor.get(FORM)
    assert 'value="Breedstraat"' in back.text
    assert hidden(back)["aanvraag"] == sent["aanvraag"]
    assert (await visitor.get(FORM)).title == "Zullen wij uw gegevens invullen?"


async def test_somebody_else_who_uses_this_browser_gets_nothing_of_what_was_typed(
    form: Served,
) -> None:
    visitor, _ = await left_behind(form)
    await visitor.log_in("burger-1", "/formulier/inloggen")
    page = await visitor.get(FORM)
    assert page.title == "Zullen wij uw gegevens invullen?"
    assert "Breedstraat" not in page.text


async def test_a_form_of_another_site_sends_nothing(form: Served) -> None:
    visitor = await applicant(form)
    page = await visitor.get(FORM)
    for wrong in ({"token": "x"}, {"naam": "\0"}):
        refused = await visitor.post(FORM, {**hidden(page), **typed(), **wrong, "stap": "verstuur"})
        assert (refused.status, refused.title) == (403, "Er is niets verstuurd")


async def test_a_receipt_is_shown_to_who_got_it_only_and_also_after_another_log_in(
    form: Served,
) -> None:
    number = "OV-0123456789ABCDEF"
    receipt = Receipt(number=number, at="2026-11-30T12:00:00Z", values=typed())
    await keep_receipt(form.deps, ANOTHER, receipt)
    anna = await applicant(form)
    assert f'href="/formulier/ontvangen/{number}"' in (await anna.get(FORM)).text
    page = await anna.get(f"/formulier/ontvangen/{number}")
    assert (page.status, page.title) == (200, "Uw aanvraag is ontvangen")
    for words in (number, "30 november 2026", "Dakkapel", "Breedstraat", "acht weken"):
        assert words in page.text
    assert ANOTHER not in page.text
    suzanne = await applicant(form, "burger-1")
    refused = await suzanne.get(f"/formulier/ontvangen/{number}")
    assert (refused.status, refused.title) == (404, "Deze pagina bestaat niet (meer)")
    assert number not in (await suzanne.get(FORM)).text
    assert (await Visitor(portal=form.address).get(f"/formulier/ontvangen/{number}")).status == 303


async def test_receipts_are_kept_sealed_the_first_under_a_number_and_until_their_day(
    form: Served,
) -> None:
    deps, person = form.deps, "999990433"
    sent = [
        Receipt(number=f"OV-{each:016X}", at="2026-11-30T12:00:00Z", values=typed())
        for each in range(6)
    ]
    await asyncio.gather(*(keep_receipt(deps, person, each) for each in sent))
    await keep_receipt(deps, person, Receipt(number=sent[0].number, at="2027-01-01T00:00:00Z"))
    kept = {each.number: each for each in await receipts_of(deps, person)}
    assert kept == {each.number: each for each in sent}
    assert await receipts_of(deps, "999990196") != list(kept.values())
    rows = await deps.pool.fetch("SELECT * FROM receipt")
    assert not any(
        part in bytes(row["sealed"]) + bytes(row["person"])
        for row in rows
        for part in (b"Breedstraat", person.encode())
    )
    connection = await form.database.administrator()
    await connection.execute("UPDATE forms.receipt SET kept_at = kept_at - interval '181 days'")
    await connection.close()
    assert await receipts_of(deps, person) == []
    # The next that is kept wipes those that are past their term.
    last = Receipt(number="OV-FFFFFFFFFFFFFFFF", at="2026-11-30T12:00:00Z")
    await keep_receipt(deps, person, last)
    assert await receipts_of(deps, person) == [last]
    assert await deps.pool.fetchval("SELECT count(*) FROM receipt") == 1


async def test_what_was_fetched_goes_along_sealed_and_only_with_its_own_form(
    form: Served,
) -> None:
    deps, mine, other = form.deps, uuid7(), uuid7()
    values = {"straat": Value("Geheimestraat", "straten", "Gemeente Weesp")}
    fetched = Fetched(outcome=Outcome.FETCHED, values=values, at="2026-11-30T12:00:00Z")
    text = sealed_of(deps, ANOTHER, mine, fetched)
    assert unsealed(deps, ANOTHER, mine, text) == fetched
    nothing = Fetched(outcome=Outcome.WITHOUT)
    for bsn, which, given in (
        (ANOTHER, other, text), ("999993653", mine, text), (ANOTHER, mine, "é"),
        (ANOTHER, mine, text[:-8]), (ANOTHER, mine, "A" * 20_000), (ANOTHER, mine, ""),
    ):  # fmt: skip
        assert unsealed(deps, bsn, which, given) == nothing
    assert ANOTHER not in person_of(deps, ANOTHER)
    visitor = await applicant(form)
    begun = {**hidden(await visitor.get(FORM)), "aanvraag": str(mine), "opgehaald": text}
    shown = await visitor.post(FORM, {**begun, "straat": "Geheimestraat", "stap": "wijzig"})
    assert "Opgehaald uit: Adressen en gebouwen (BAG). Dit houdt Gemeente Weesp bij." in shown.text
    changed = await visitor.post(FORM, {**begun, "straat": "Anders", "stap": "wijzig"})
    assert "U wijzigde dit. In Adressen en gebouwen (BAG)" in changed.text


async def test_a_double_click_asks_once_and_a_fault_is_asked_anew() -> None:
    once, asked = Once(), []
    going = asyncio.Event()

    async def ask(outcome: Outcome) -> Fetched:
        asked.append(outcome)
        await going.wait()
        return Fetched(outcome=outcome)

    clicks = [asyncio.create_task(once.of("a", lambda: ask(Outcome.FETCHED))) for _ in range(3)]
    clicks[0].cancel()
    going.set()
    told = await asyncio.gather(*clicks, return_exceptions=True)
    assert [type(each).__name__ for each in told[:1]] == ["CancelledError"]
    assert told[1] == told[2] == Fetched(outcome=Outcome.FETCHED)
    await once.of("a", lambda: ask(Outcome.FETCHED))
    assert asked == [Outcome.FETCHED]
    for _ in range(2):
        await once.of("b", lambda: ask(Outcome.AWAY))
    assert asked == [Outcome.FETCHED, Outcome.AWAY, Outcome.AWAY]
