# SPDX-License-Identifier: EUPL-1.2
"""Consents: what there is to choose, saying it once, and that the next question obeys."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import asyncpg
import pytest
from tests.portal.portal_rig import DOESBURG, PURPOSE, SUPPLY, Portal
from tests.portal.visiting import Seen, Visitor
from tests.portal.visits import as_person, logged_in, served_elsewhere, without

from landschap.gateway.saying.question import HOLDS, OVERTAKEN, Standing, ToldChoice, Words
from landschap.gateway.saying.statement import Said
from landschap.gateway.saying.store import Whose, keep_heard, obey
from landschap.gateway.saying.store.sent import forget_places, keep_places, places
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.portal.pages.looks import subjects_of
from landschap.purposes.choosing import choices_of
from landschap.purposes.needs import CONSENT, Kind, against
from landschap.purposes.persons.store import Consent, consents_of, said_of
from landschap.purposes.store import Signers, current_snapshot, save_register

_SIGNERS = Signers(author="Anna", approver="Bert")
PAGE = "/toestemmingen"
NUMBER = "999990822"


@pytest.fixture
async def asks(portal: Portal) -> AsyncIterator[None]:
    """Supplying Doesburg needs the consent of the person while the test runs."""
    await need(portal.deps.purposes_pool, CONSENT)
    yield
    await need(portal.deps.purposes_pool)


async def need(pool: asyncpg.Pool, *needs: str) -> None:
    """Two people put in force what the policy on supplying needs."""
    snapshot, _ = await current_snapshot(pool)
    policies = tuple(
        replace(each, needs=needs, version=each.version + 1) if each.activity == SUPPLY else each
        for each in snapshot.register.policies
    )
    assert policies != snapshot.register.policies
    changed = replace(snapshot.register, policies=policies)
    await save_register(pool, changed, _SIGNERS, based_on=snapshot.version)


async def _said(portal: Portal, number: str) -> tuple[int, str]:
    """How often something was said, and what stands against a question now."""
    deps = portal.deps
    known = type("Known", (), {"whose": number, "kind": "bsn"})()
    subjects = subjects_of(deps, known)
    history = await consents_of(deps.purposes_pool, subjects)
    found = await said_of(deps.purposes_pool, subjects)
    standing = [each for every in found.values() for each in every]
    code = against([CONSENT], standing, purpose=PURPOSE, receiver=DOESBURG, activity=SUPPLY)
    return len(history), code


def _form(visitor: Visitor, page: Seen, deed: str) -> dict[str, str]:
    key = re.search(r'name="waarvoor" value="([^"]+)"', page.text)
    assert key is not None
    return {"token": visitor.token(page), "waarvoor": unescape(key[1]), "keuze": deed}


async def test_a_person_gives_and_withdraws_and_the_next_question_obeys(
    portal: Portal, asks: None
) -> None:
    visitor = await as_person(portal, NUMBER)
    page = await visitor.get(PAGE)
    assert (page.status, page.title) == (200, "Toestemmingen")
    assert "U koos nog niet" in page.text
    assert "Gemeente Doesburg" in page.text
    assert await _said(portal, NUMBER) == (0, "consent_missing")
    given = _form(visitor, page, "geef")
    for _ in range(2):  # a double click, or the back button
        assert (await visitor.post(PAGE, given)).status == 303
    assert await _said(portal, NUMBER) == (1, "")
    page = await visitor.get(PAGE)
    assert "U vindt het goed" in page.text
    assert (await visitor.post(PAGE, _form(visitor, page, "trek-in"))).status == 303
    assert await _said(portal, NUMBER) == (2, "consent_withdrawn")
    page = await visitor.get(PAGE)
    assert "U trok het in" in page.text
    assert page.text.count("Bewijs ") == 2
    uses = (await visitor.get("/gebruik.json")).text
    # Looking and choosing are uses of one's own data, and stand there too.
    assert uses.count('"toestemmingen"') >= 5


async def test_after_a_rotation_a_person_is_known_by_the_first_key_and_no_other(
    portal: Portal, asks: None
) -> None:
    """Two pseudonyms of one person in one table would outlive the destruction of a key."""
    keys = {**portal.deps.pseudonym_keys, 2: bytes(range(32))}
    deps = replace(portal.deps, pseudonym_keys=keys)
    async with served_elsewhere(portal, deps) as address:
        visitor = await as_person(replace(portal, address=address), "999990950")
        page = await visitor.get(PAGE)
        assert (await visitor.post(PAGE, _form(visitor, page, "geef"))).status == 303
        page = await visitor.get(PAGE)
    assert "U vindt het goed" in page.text
    assert page.text.count("Bewijs ") == 1
    assert await _said(portal, "999990950") == (1, "")
    by_the_second = subject_pseudonym(
        keys[2], portal.deps.settings.organisation.oin, "bsn", "999990950"
    )
    assert await consents_of(portal.deps.purposes_pool, [by_the_second]) == []


async def test_what_was_said_in_two_windows_at_once_is_one_choice(
    portal: Portal, asks: None
) -> None:
    now = datetime.now(UTC)
    said = [
        Consent(receipt=uuid4(), about=PURPOSE, receiver=DOESBURG, holds=holds, at=now)
        for holds in (True, True, False, False, True)
    ]
    snapshot, _ = await current_snapshot(portal.deps.purposes_pool)
    (choice,) = choices_of(snapshot, said, now)
    assert [each.holds for each in choice.said] == [True, False, True]
    assert choice.said[-1].receipt == said[0].receipt


async def test_where_the_ground_is_law_there_is_no_switch_and_why(portal: Portal) -> None:
    visitor = await as_person(portal, NUMBER)
    page = await visitor.get(PAGE)
    assert "<form" not in page.text.partition("<main")[2].partition("</main")[0]
    assert "Hier kiest u niet, de wet doet dat" in page.text
    assert "Participatiewet" in page.text
    english = await visitor.get(f"/en{PAGE}")
    assert "Here you do not choose, the law does" in english.text


async def test_nobody_chooses_for_another_nor_with_a_form_of_another(
    portal: Portal, asks: None
) -> None:
    visitor, other = await as_person(portal, NUMBER), await logged_in(portal, "burger-2")
    page = await visitor.get(PAGE)
    before = await _said(portal, NUMBER)
    foreign = _form(other, await other.get(PAGE), "geef")
    assert (await visitor.post(PAGE, foreign)).status == 403
    acting = await logged_in(portal, "gemachtigde")
    chosen = await acting.get("/namens")
    await acting.post("/namens", {"token": acting.token(chosen), "mandaat": "M-2026-17"})
    assert (await acting.get(PAGE)).status == 403
    given = {**_form(visitor, page, "geef"), "token": acting.token(await acting.get("/namens"))}
    assert (await acting.post(PAGE, given)).status == 403
    nobody = Visitor(portal=portal.address)
    assert (await nobody.get(PAGE)).status in (302, 303)
    assert (await nobody.post(PAGE, given)).status in (302, 303)
    assert await _said(portal, NUMBER) == before


async def test_a_choice_that_is_none_changes_nothing(portal: Portal, asks: None) -> None:
    visitor = await as_person(portal, NUMBER)
    form = _form(visitor, await visitor.get(PAGE), "geef")
    before = await _said(portal, NUMBER)
    for wrong in ({"waarvoor": "x y"}, {"keuze": "alles"}):
        assert (await visitor.post(PAGE, {**form, **wrong})).status == 409
    assert await _said(portal, NUMBER) == before


async def test_what_can_not_be_recorded_is_not_done(portal: Portal, asks: None) -> None:
    visitor = await as_person(portal, NUMBER)
    form = _form(visitor, await visitor.get(PAGE), "geef")
    before = await _said(portal, NUMBER)
    async with without(portal, "logboek", "INSERT", "logboek.batch"):
        assert (await visitor.post(PAGE, form)).status == 503
    assert await _said(portal, NUMBER) == before


async def test_a_choice_that_is_said_again_counts_from_the_last_time(
    portal: Portal, asks: None
) -> None:
    """A consent that was said between two withdrawals, and comes after both, changes nothing."""
    number = "999990433"
    visitor = await as_person(portal, number)
    page = await visitor.get(PAGE)
    assert (await visitor.post(PAGE, _form(visitor, page, "geef"))).status == 303
    page = await visitor.get(PAGE)
    withdrawn = _form(visitor, page, "trek-in")
    assert (await visitor.post(PAGE, withdrawn)).status == 303
    between = datetime.now(UTC)
    assert (await visitor.post(PAGE, withdrawn)).status == 303
    assert await _said(portal, number) == (2, "consent_withdrawn")
    assert await _brought(portal, number, between, holds=True) == OVERTAKEN
    # A withdrawal from before that comes late takes nothing of it back.
    assert await _brought(portal, number, between - timedelta(hours=1), holds=False) == HOLDS
    assert await _brought(portal, number, between, holds=True) == OVERTAKEN
    assert await _said(portal, number) == (2, "consent_withdrawn")
    assert await _brought(portal, number, datetime.now(UTC), holds=True) == HOLDS
    assert await _said(portal, number) == (3, "")


async def _brought(portal: Portal, number: str, said_at: datetime, *, holds: bool) -> str:
    """What a statement does that Doesburg brings."""
    control = portal.deps.control
    assert control is not None
    oin = portal.deps.settings.organisation.oin.value
    said = Said(
        issuer=DOESBURG, audience=oin, subject=number, level="x", authenticated_at=said_at,
        said_at=said_at, jti=uuid4(), kind=Kind.CONSENT, about=PURPOSE, holds=holds,
        receiver=DOESBURG,
    )  # fmt: skip
    known = type("Known", (), {"whose": number, "kind": "bsn"})()
    whose = Whose(subject=subjects_of(portal.deps, known)[0], key_id=1, sealed=b"x")
    snapshot, _ = await current_snapshot(portal.deps.purposes_pool)
    done = await obey(control.rooms, snapshot, said, whose, datetime.now(UTC))
    await keep_heard(control.rooms.gateway, said, said.jti.bytes * 2, whose, done, "bewijs")
    return done.outcome


async def test_what_an_organisation_no_longer_tells_is_not_kept(portal: Portal) -> None:
    control = portal.deps.control
    assert control is not None
    pool, words = control.rooms.gateway, Words(nl="Proef", en="Trial")
    peers = ("00000099000000002001", "00000099000000002002")

    def told(*names: str) -> Standing:
        return Standing(
            keuzes=tuple(
                ToldChoice(doel=each, naam=words, uitleg=words, ontvanger=DOESBURG)
                for each in names
            )
        )

    async def kept() -> list[list[str]]:
        found = await places(pool)
        return [[each.doel for each in found[peer].choices] for peer in peers if peer in found]

    for peer in peers:
        await keep_places(pool, peer, told("een", "twee"))
    await keep_places(pool, peers[0], told("twee"))
    assert [sorted(each) for each in await kept()] == [["twee"], ["een", "twee"]]
    later = datetime.now(UTC) + timedelta(days=91)
    await forget_places(pool, peers, later)
    await forget_places(pool, peers[:1], datetime.now(UTC))
    assert len(await kept()) == 2
    await forget_places(pool, peers[:1], later)
    assert await kept() == [["twee"]]
    await keep_places(pool, peers[0], told())
    assert await kept() == []
