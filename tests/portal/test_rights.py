# SPDX-License-Identifier: EUPL-1.2
"""Rights and receipts: what can be asked and why not, asking once, following, and who may see."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from tests.portal.portal_rig import Portal
from tests.portal.visiting import Seen, Visitor
from tests.portal.visits import as_person, logged_in

from landschap.gateway.saying.store.requests import (
    State,
    end_request,
    extend_request,
    requests_of,
)
from landschap.gateway.saying.store.sealing import unseal_person
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import said_of
from landschap.purposes.rights import Right
from landschap.vocabulary.problems import ProblemError

NUMBER = "999990822"


def subject(portal: Portal, bsn: str = NUMBER) -> bytes:
    deps = portal.deps
    return subject_pseudonym(deps.pseudonym_keys[1], deps.settings.organisation.oin, "bsn", bsn)


def form(visitor: Visitor, page: Seen, **more: str) -> dict[str, str]:
    person = re.search(r'name="voor" value="([^"]+)"', page.text)
    assert person is not None
    return {"token": visitor.token(page), "voor": unescape(person[1]), **more}


async def ask(portal: Portal, right: str, bsn: str = NUMBER, **more: str) -> tuple[Visitor, str]:
    """Ask by form, as a person does; gives the address of the request."""
    visitor = await as_person(portal, bsn)
    page = await visitor.get(f"/rechten/{right}")
    (first, *_) = re.findall(r'name="waarvoor" id="waarvoor[^"]*" value="([^"]+)"', page.text)
    given = form(visitor, page, waarvoor=unescape(first), **more)
    check = await visitor.post(f"/rechten/{right}", {**given, "stap": "nakijken"})
    assert (check.status, check.title) == (200, "Klopt uw verzoek?")
    sent = await visitor.post(f"/rechten/{right}", {**given, "stap": "verstuur"})
    assert sent.status == 303, sent.text
    return visitor, sent.location


async def test_every_right_says_whether_it_is_possible_and_by_which_article(
    portal: Portal,
) -> None:
    visitor = await as_person(portal, NUMBER)
    page = await visitor.get("/rechten")
    for words in ("Uw gegevens opvragen", "Bezwaar maken", "AVG artikel 17 lid 3 onder b"):
        assert words in page.text
    assert "Look per purpose" in (await visitor.get("/en/rechten")).text
    # Portability stands nowhere open here: there is no contract and no consent.
    assert "/rechten/overdracht" not in page.text
    closed = await visitor.get("/rechten/overdracht")
    assert "Er is nu niets waarbij dit kan" in closed.text


async def test_an_objection_is_asked_once_stops_the_use_meanwhile_and_is_followed(
    portal: Portal,
) -> None:
    # A browser counts a line end as one character, and sends it as two: nothing of it is lost.
    more = {"uitleg": "\r\n".join("a" * 400) + " tot en met dit", "meteen": "ja"}
    visitor, address = await ask(portal, "bezwaar", **more)
    control, pools = portal.deps.control, portal.deps.purposes_pool
    assert control is not None
    (request,) = await requests_of(control.rooms.gateway, subject(portal))
    person = unseal_person(request.asked.sealed, control.seal_keys())
    assert person is not None
    assert person.bsn == NUMBER
    assert person.reason == more["uitleg"].replace("\r", "")
    assert NUMBER.encode() not in request.asked.sealed

    async def standing() -> set[tuple[Kind, bool]]:
        found = await said_of(pools, [subject(portal)])
        return {(each.kind, each.holds) for each in found.get(subject(portal), ())}

    assert await standing() == {(Kind.RESTRICTION, True)}
    assert (await ask(portal, "bezwaar", **more))[1] == address
    page = await visitor.get(address)
    assert "Uw verzoek is ontvangen" in page.text
    await extend_request(control.rooms.gateway, request, "fg", "wij zoeken het uit")
    page = await visitor.get(address)
    assert "wij zoeken het uit" in page.text
    (request,) = await requests_of(control.rooms.gateway, subject(portal))
    assert request.state is State.EXTENDED
    with pytest.raises(ProblemError, match="request_decided"):
        await extend_request(control.rooms.gateway, request, "fg", "nog eens")
    gateway = control.rooms.gateway
    await end_request(gateway, pools, request, State.GRANTED, "fg", "u heeft gelijk")
    assert await standing() == {(Kind.RESTRICTION, False), (Kind.OBJECTION, True)}
    with pytest.raises(ProblemError, match="request_decided"):
        await end_request(gateway, pools, request, State.REFUSED, "fg2", "toch niet")
    page = await visitor.get(address)
    assert "U kreeg gelijk" in page.text
    assert "u heeft gelijk" in page.text


async def test_a_restriction_that_is_taken_back_lets_the_use_go_on(portal: Portal) -> None:
    bsn = "999990950"
    visitor, address = await ask(portal, "beperking", bsn, uitleg="het klopt niet", meteen="ja")
    pools, who = portal.deps.purposes_pool, subject(portal, bsn)
    assert all(each.holds for each in (await said_of(pools, [who]))[who])
    page = await visitor.get(address)
    taken = await visitor.post(address, {"token": visitor.token(page)})
    assert taken.status == 303
    assert not any(each.holds for each in (await said_of(pools, [who]))[who])
    assert "Ingetrokken" in (await visitor.get(address)).text


async def test_who_asks_to_stop_at_once_afterwards_is_not_answered_with_the_first_request(
    portal: Portal,
) -> None:
    bsn = "999992727"
    pools, who = portal.deps.purposes_pool, subject(portal, bsn)
    control = portal.deps.control
    assert control is not None
    _, first = await ask(portal, "bezwaar", bsn, uitleg="mijn situatie")
    assert who not in await said_of(pools, [who])
    more = {"uitleg": "mijn situatie", "meteen": "ja"}
    visitor, address = await ask(portal, "bezwaar", bsn, **more)
    assert address != first
    assert all(each.holds for each in (await said_of(pools, [who]))[who])
    # Asked again it is the same one, with or without stopping.
    assert (await ask(portal, "bezwaar", bsn, **more))[1] == address
    assert (await ask(portal, "bezwaar", bsn, uitleg="mijn situatie"))[1] in (first, address)
    page = await visitor.get(address)
    assert (await visitor.post(address, {"token": visitor.token(page)})).status == 303
    assert not any(each.holds for each in (await said_of(pools, [who]))[who])
    asked = await requests_of(control.rooms.gateway, who)
    assert [each.state for each in asked] == [State.WITHDRAWN, State.WITHDRAWN]


async def test_asking_for_ones_data_is_a_request_to_this_organisation(portal: Portal) -> None:
    bsn = "999991905"
    _, address = await ask(portal, "inzage", bsn)
    control = portal.deps.control
    assert control is not None
    (request,) = await requests_of(control.rooms.gateway, subject(portal, bsn))
    assert address.endswith(str(request.number))
    assert (request.asked.right, request.asked.about) == (Right.ACCESS, "")


async def test_nobody_else_sees_a_request_or_a_receipt_nor_takes_it_back(portal: Portal) -> None:
    bsn = "999992922"
    owner, address = await ask(portal, "bezwaar", bsn, uitleg="mijn situatie")
    path = "/" + address.partition("://")[2].partition("/")[2]
    number = path.rpartition("/")[2]
    receipt = f"/toestemmingen/bewijs/{number}"
    assert f'href="{receipt}"' in (await owner.get(path)).text
    assert (await owner.get(receipt)).status == 200
    other = await logged_in(portal, "burger-2")
    token = other.token(await other.get("/rechten"))
    assert [(await other.get(each)).status for each in (path, receipt)] == [404, 404]
    assert (await other.post(path, {"token": token})).status == 404
    acting = await logged_in(portal, "gemachtigde")
    chosen = await acting.get("/namens")
    await acting.post("/namens", {"token": acting.token(chosen), "mandaat": "M-2026-17"})
    for each in (path, receipt, "/rechten", "/rechten/bezwaar"):
        assert (await acting.get(each)).status == 403, each
    nobody = Visitor(portal=portal.address)
    for each in (path, receipt, "/rechten", "/rechten/bezwaar", f"/en{path}"):
        assert (await nobody.get(each)).status in (302, 303), each
    control = portal.deps.control
    assert control is not None
    (request,) = await requests_of(control.rooms.gateway, subject(portal, bsn))
    assert request.is_open


async def test_what_was_typed_waits_for_the_same_person(portal: Portal) -> None:
    visitor = await as_person(portal, "999993483")
    page = await visitor.get("/rechten/bezwaar")
    typed = {"waarvoor": "", "uitleg": "dit typte ik net", "meteen": "ja"}
    given = form(visitor, page, **typed, stap="nakijken")
    await portal.deps.portal_pool.execute("DELETE FROM portal.session")
    assert (await visitor.post("/rechten/bezwaar", given)).status == 303
    again = await as_person(portal, "999993483")
    for host, kept in again.cookies.items():
        kept |= {"__Host-concept": visitor.cookies[host]["__Host-concept"]}
    page = await again.get("/rechten/bezwaar")
    assert "Wat u typte, is bewaard" in page.text
    assert "dit typte ik net" in page.text
    # What must stop at once must still.
    assert 'id="meteen" value="ja" checked' in page.text


async def test_a_wrong_form_is_shown_with_what_to_do_and_nothing_is_sent(portal: Portal) -> None:
    bsn = "999990688"
    visitor = await as_person(portal, bsn)
    page = await visitor.get("/rechten/bezwaar")
    wrong = await visitor.post("/rechten/bezwaar", form(visitor, page, stap="verstuur"))
    assert wrong.status == 400
    assert "Kies waar het over gaat" in wrong.text
    foreign = {**form(visitor, page, stap="verstuur"), "token": "x"}
    assert (await visitor.post("/rechten/bezwaar", foreign)).status == 403
    for path in ("/rechten/verbetering", "/rechten/x", "/rechten/verzoek/x"):
        assert (await visitor.get(path)).status == 404, path
    control = portal.deps.control
    assert control is not None
    assert await requests_of(control.rooms.gateway, subject(portal, bsn)) == []


async def test_anybody_checks_a_receipt_by_number_or_text_and_sees_nothing_of_the_person(
    portal: Portal,
) -> None:
    bsn = "999993665"
    owner, address = await ask(portal, "bezwaar", bsn, uitleg="mijn situatie")
    number = address.rpartition("/")[2]
    kept = (await owner.get(f"/toestemmingen/bewijs/{number}")).text
    (proof,) = re.findall(r'"bewijs": ?"([^"]+)"', kept)
    nobody = Visitor(portal=portal.address)
    page = await nobody.get(f"/bewijs/{number}")
    assert "Dit bewijs is echt" in page.text
    assert bsn not in page.text
    assert subject(portal, bsn).hex() not in page.text
    assert "Dit bewijs is echt" in (await nobody.post("/bewijs", {"bewijs": proof})).text
    head, body, signature = proof.split(".")
    changed = ".".join((head, body, ("A" if signature[0] != "A" else "B") + signature[1:]))
    assert "is veranderd" in (await nobody.post("/bewijs", {"bewijs": changed})).text
    assert (await nobody.post("/bewijs", {"bewijs": "geen"})).status == 400
    absent = await nobody.get("/bewijs/00000000-0000-7000-8000-000000000000")
    assert (absent.status, "Wij gaven geen bewijs" in absent.text) == (404, True)


def test_a_request_tells_nothing_when_it_is_printed(portal: Portal) -> None:
    control = portal.deps.control
    assert control is not None
    assert "seal_keys" not in repr(replace(control))
