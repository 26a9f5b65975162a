# SPDX-License-Identifier: EUPL-1.2
"""Contracts in the console: what asks a person is decided there, and who decided is told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.console.console_rig import Console
from tests.console.test_proposing import deeds_of
from tests.fsc import fsc_rig as rig
from tests.portal.visiting import Seen, Visitor

from landschap.cli.accepting import _AGAIN
from landschap.fsc import store
from landschap.fsc.autosign import GRANT_TYPE_WORDS, AutoSign, Way, grant_types, way_of
from landschap.fsc.client import own_peer
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind, State
from landschap.platform.fsc_settings import SignSettings
from landschap.vocabulary.problems import Refusal

LIST = "/console/contracten"
ASKER = "00000099000000003000"
OUTSIDE = {
    "delegation.connection.external_contract_reference": {
        "reference": "2026/17",
        "delegator_id": "00000099000000077000",
        "delegator_name": "Gemeente Muiden",
    }
}


async def received(
    console: Console, auto: frozenset[Any] = frozenset(), **changes: Any
) -> Contract:
    """A contract that another peer proposed and accepted; ``auto`` grant types go by themselves."""
    own = own_peer(console.database.settings)
    grant = rig.connection_grant(ASKER, own.peer_id.value, "a" * 64, **changes)
    read = read_contract(rig.content(grant, group_id=own.group_id), Profile.FSC_2)
    assert not isinstance(read, Refusal)
    asker = rig.own_peer(rig.Authority(), ASKER, name="Gemeente Doesburg")
    now = datetime.now(UTC)
    brought = store.Received(
        contract=read,
        signature=asker.sign(read, Kind.ACCEPT, now),
        certificate=ChainedCertificate(leaf=asker.certificate),
        sender=store.Peer(
            peer_id=asker.peer_id, name=asker.name, manager_address="https://doesburg.test:8443",
            announced_at=None, seen_at=now,
        ),
    )  # fmt: skip
    service = read.grants[0].grant.service.name  # type: ignore[union-attr]  # a connection
    policy = AutoSign(own=own.peer_id, grant_types=auto, offered=frozenset({service}))
    pool = await console.database.pool("fsc")
    async with pool.acquire() as connection, connection.transaction():
        await store.receive(connection, own, brought, policy)
    return read


def path_of(contract: Contract) -> str:
    return f"{LIST}/{contract.hash.value[5:29]}"


async def decide(visitor: Visitor, path: str, **form: str) -> Seen:
    token = visitor.token(await visitor.get(path))
    return await visitor.post(path, {"token": token, **form})


async def state(console: Console, contract: Contract) -> State:
    stored = await store.contract(await console.database.pool("fsc"), contract.hash.value)
    assert stored is not None
    return stored.state(datetime.now(UTC))


@pytest.mark.case("S-54")
async def test_what_is_set_to_ask_me_waits_here_and_every_decision_says_who(
    console: Console,
) -> None:
    # Each kind that can go by itself can be set to ask a person instead.
    for word, kind in GRANT_TYPE_WORDS.items():
        key = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in word)
        for way, is_auto in (("auto", True), ("manual", False)):
            ways = SignSettings(**{key: way}).ways()
            assert (kind in grant_types((), is_directory=True, ways=ways)) is is_auto
    officer = await console.visit("contract")
    by_rule = frozenset(GRANT_TYPE_WORDS.values())
    went = await received(console, by_rule)
    asked = await received(console)
    assert re.search(r"[1-9]\d* wacht(en)? op u", (await officer.get("/console")).text)
    page = (await officer.get(LIST)).text
    waiting = page[page.index('id="wacht"') : page.index('id="wie"')]
    assert path_of(asked) in waiting
    assert path_of(went) not in waiting
    assert 'fsc.sign.service_connection = "manual"' in page
    # Nobody decided on the one, a setting on the other.
    assert "nog niets besloten" in (await officer.get(path_of(asked))).text
    assert "Vanzelf, door de instelling fsc.sign" in (await officer.get(path_of(went))).text
    assert await state(console, asked) is State.PROPOSED
    assert (
        await decide(officer, path_of(asked), besluit="accepteren", reden="akkoord")
    ).status == 303
    assert await state(console, asked) is State.VALID
    shown = (await officer.get(path_of(asked))).text
    assert "Door C. Tract (contract)" in shown
    assert "akkoord" in shown
    pool = await console.database.pool("fsc")
    [by_person] = await store.decisions(pool, asked.hash)
    assert (by_person.way, by_person.decided_by) == (Way.MANUAL, "C. Tract (contract)")
    [by_setting] = await store.decisions(pool, went.hash)
    assert (by_setting.way, by_setting.decided_by) == (Way.AUTO, "fsc.sign")
    assert (_AGAIN.way, _AGAIN.decided_by) == (Way.AUTO, "fsc.accept_again")
    deed = (await deeds_of(console))[-1]
    assert (deed["subject"]["id"], deed["action"]["name"]) == ("contract", "contract-accept")


async def test_a_contract_is_rejected_with_a_reason_and_revoked_with_one(console: Console) -> None:
    officer = await console.visit("contract")
    contract = await received(console)
    assert (await decide(officer, path_of(contract), besluit="afwijzen")).status == 400
    sent = await decide(officer, path_of(contract), besluit="afwijzen", reden="Wij kennen dit niet")
    assert sent.status == 303
    assert await state(console, contract) is State.REJECTED
    assert "Wij kennen dit niet" in (await officer.get(path_of(contract))).text
    late = await decide(officer, path_of(contract), besluit="accepteren")
    assert (late.status, late.title) == (409, "Dit contract is voorbij")
    other = await received(console)
    await decide(officer, path_of(other), besluit="accepteren")
    twice = await decide(officer, path_of(other), besluit="accepteren")
    assert (twice.status, twice.title) == (409, "Dit is al besloten")
    assert (
        await decide(officer, path_of(other), besluit="intrekken", reden="Voorbij")
    ).status == 303
    assert await state(console, other) is State.REVOKED


async def test_what_stands_outside_must_be_looked_at_first(console: Console) -> None:
    officer = await console.visit("contract")
    contract = await received(console, properties=OUTSIDE)
    page = (await officer.get(path_of(contract))).text
    assert "Ga dit eerst na" in page
    assert "Gemeente Muiden" in page
    assert (await decide(officer, path_of(contract), besluit="accepteren")).status == 400
    done = await decide(officer, path_of(contract), besluit="accepteren", nagegaan="ja")
    assert done.status == 303


async def test_only_officers_of_contracts_see_and_decide(console: Console) -> None:
    contract = await received(console)
    for sub in ("fg", "burgerzaken"):
        visitor = await console.visit(sub)
        for path in (LIST, path_of(contract)):
            assert (await visitor.get(path)).status == 403
        token = visitor.token(await visitor.get("/console"))
        form = {"token": token, "besluit": "accepteren"}
        assert (await visitor.post(path_of(contract), form)).status == 403
    assert await state(console, contract) is State.PROPOSED


@pytest.mark.parametrize("begin", ["x", "a" * 16, "%24", "a" * 300])
async def test_what_is_no_contract_is_told(console: Console, begin: str) -> None:
    officer = await console.visit("contract")
    assert (await officer.get(f"{LIST}/{begin}")).status == 404


def test_the_most_careful_way_of_any_grant_is_that_of_the_contract(console: Console) -> None:
    own = own_peer(console.database.settings)
    grants = [
        rig.connection_grant(ASKER, own.peer_id.value, "a" * 64),
        rig.connection_grant(ASKER, own.peer_id.value, "b" * 64),
    ]
    read = read_contract(rig.content(*grants, group_id=own.group_id), Profile.FSC_2)
    assert not isinstance(read, Refusal)
    service = read.grants[0].grant.service.name  # type: ignore[union-attr]  # a connection
    auto = AutoSign(
        own=own.peer_id,
        grant_types=frozenset(GRANT_TYPE_WORDS.values()),
        offered=frozenset({service}),
    )
    assert way_of(read, auto) is Way.AUTO
    assert way_of(read, replace(auto, offered=frozenset())) is Way.MANUAL
