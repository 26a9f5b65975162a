# SPDX-License-Identifier: EUPL-1.2
"""A delegation rests on an agreement that is named in the contract and still holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Manager, ask, asking, place, sign_here, submit

from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.delegation import Agreement, Role, Side, delegations_of, first_refusal
from landschap.fsc.grants import Connection, GrantType, Publication
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.proposals import ConnectionAsked, PublicationAsked, Terms, proposed_content
from landschap.fsc.sentences import Names, all_words_of, words_of
from landschap.fsc.states import Kind
from landschap.purposes.bound import PROPERTY, Bound
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue, Refusal

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
THUMB = "ab" * 32
DPA = Agreement(role=Role.PROCESSOR, reference="VWO-2026-17", until=date(2027, 6, 1))
JOINT = Agreement(role=Role.JOINT_CONTROLLER, reference="Regeling 4", until=date(2028, 1, 1))
PURPOSE = "https://doelen.example/id/bijstand"


def terms(profile: Profile = Profile.FSC_2) -> Terms:
    return Terms(
        profile=profile,
        group_id=rig.GROUP,
        iv=UUID(int=7),
        created_at=NOW,
        not_before=NOW,
        not_after=NOW.replace(year=2027),
    )


def read(content: Any, profile: Profile = Profile.FSC_2) -> Contract:
    contract = read_contract(content, profile)
    assert not isinstance(contract, Refusal), contract
    return contract


def both(**properties: Any) -> ConnectionAsked:
    """Dienst Tussen asks for Doesburg what Weesp offers for the province."""
    told: dict[str, Any] = {
        Side.CONNECTION.agreement_property: DPA.as_property(),
        Side.PUBLICATION.agreement_property: JOINT.as_property(),
    }
    return ConnectionAsked(
        outway=PeerId(rig.TUSSEN),
        key_thumbprint=THUMB,
        provider=PeerId(rig.WEESP),
        service="bijstand",
        delegator=PeerId(rig.DOESBURG),
        service_delegator=PeerId(rig.PROVINCE),
        properties=told | properties,
    )


@pytest.mark.parametrize("profile", list(Profile))
def test_both_delegations_stand_in_one_grant_with_their_agreements(profile: Profile) -> None:
    ((_, grant),) = read(proposed_content(terms(profile), both()), profile).connections
    assert grant.type is GrantType.DELEGATED_CONNECTION
    asks, offers = delegations_of(grant)
    assert (asks.side, asks.delegator.value, asks.delegatee.value, asks.agreement) == (
        Side.CONNECTION, rig.DOESBURG, rig.TUSSEN, DPA,
    )  # fmt: skip
    assert (offers.side, offers.delegator.value, offers.delegatee.value, offers.agreement) == (
        Side.PUBLICATION, rig.PROVINCE, rig.WEESP, JOINT,
    )  # fmt: skip
    assert first_refusal([asks, offers], NOW) is None


@pytest.mark.parametrize("profile", list(Profile))
def test_all_four_types_of_grant_can_be_proposed(profile: Profile) -> None:
    def made(asked: ConnectionAsked | PublicationAsked) -> GrantType:
        return read(proposed_content(terms(profile), asked), profile).grants[0].grant.type

    plain: dict[str, Any] = {
        "outway": PeerId(rig.DOESBURG), "key_thumbprint": THUMB, "provider": PeerId(rig.WEESP),
        "service": "bijstand",
    }  # fmt: skip
    listed: dict[str, Any] = {
        "provider": PeerId(rig.WEESP), "service": "bijstand", "directory": PeerId(rig.DIRECTORY),
    }  # fmt: skip
    delegator = PeerId(rig.PROVINCE)
    assert made(ConnectionAsked(**plain)) is GrantType.CONNECTION
    assert made(ConnectionAsked(**plain, service_delegator=delegator)) is GrantType.CONNECTION
    assert made(ConnectionAsked(**plain, delegator=delegator)) is GrantType.DELEGATED_CONNECTION
    assert made(PublicationAsked(**listed)) is GrantType.PUBLICATION
    assert made(PublicationAsked(**listed, delegator=delegator)) is GrantType.DELEGATED_PUBLICATION


def test_a_publication_for_another_names_its_agreement_too() -> None:
    told: dict[str, Any] = {Side.PUBLICATION.agreement_property: DPA.as_property()}
    asked = PublicationAsked(
        provider=PeerId(rig.WEESP),
        service="bijstand",
        directory=PeerId(rig.DIRECTORY),
        delegator=PeerId(rig.PROVINCE),
        properties=told,
    )
    ((_, grant),) = read(proposed_content(terms(), asked)).publications
    assert isinstance(grant, Publication)
    (found,) = delegations_of(grant)
    assert (found.agreement, found.state_at(NOW)) == (DPA, "holds")


def test_an_agreement_holds_until_the_first_moment_of_its_last_day_here() -> None:
    ((_, grant),) = read(proposed_content(terms(), both())).connections
    asks, _ = delegations_of(grant)
    # Midnight of 1 June 2027 in the Netherlands is 22 o'clock of 31 May by world time.
    assert asks.refusal_at(datetime(2027, 5, 31, 21, 59, 59, tzinfo=UTC)) is None
    refusal = asks.refusal_at(datetime(2027, 5, 31, 22, tzinfo=UTC))
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("delegation_agreement_ended", 403)
    assert "VWO-2026-17" in refusal.detail
    assert rig.DOESBURG in refusal.owner
    assert rig.TUSSEN in refusal.owner


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, "missing"),
        ("VWO-2026-17", "invalid"),
        (DPA.as_property() | {"v": 2}, "invalid"),
        (DPA.as_property() | {"v": True}, "invalid"),
        (DPA.as_property() | {"role": "verwerker"}, "invalid"),
        (DPA.as_property() | {"until": "2027-02-29"}, "invalid"),
        (DPA.as_property() | {"until": 20270601}, "invalid"),
        (DPA.as_property() | {"reference": ""}, "invalid"),
        (DPA.as_property() | {"reference": 'x" until 2099'}, "invalid"),
        (DPA.as_property() | {"reference": "x\x1b[2J"}, "invalid"),
        (DPA.as_property() | {"reference": "x" * 201}, "invalid"),
        (DPA.as_property() | {"extra": 1}, "invalid"),
        ({"v": 1}, "invalid"),
    ],
)
def test_what_is_no_agreement_carries_no_questions(value: Any, state: str) -> None:
    properties = {} if value is None else {Side.CONNECTION.agreement_property: value}
    grant = rig.connection_grant(
        rig.TUSSEN, rig.WEESP, THUMB, delegator=rig.DOESBURG, properties=properties
    )
    ((_, connection),) = read(rig.content(grant)).connections
    refusal = first_refusal(delegations_of(connection), NOW)
    assert refusal is not None
    assert refusal.code == f"delegation_agreement_{state}"
    assert refusal.missing.startswith("property delegation.connection.agreement")


def test_a_grant_without_delegation_needs_no_agreement() -> None:
    ((_, grant),) = read(
        rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, THUMB))
    ).connections
    assert isinstance(grant, Connection)
    assert delegations_of(grant) == ()
    assert first_refusal((), NOW) is None


def test_an_agreement_is_read_from_what_a_person_types() -> None:
    told = Agreement.of(role="processor", reference="VWO-2026-17", until="2027-06-01")
    assert told == DPA
    for wrong in ({"role": "x"}, {"reference": " x"}, {"until": "morgen"}):
        with pytest.raises(InvalidValue):
            Agreement.of(**({"role": "processor", "reference": "x", "until": "2027-01-01"} | wrong))


def test_the_sentence_says_that_it_may_go_onward_before_anyone_signs() -> None:
    names = Names(peers=rig.NAMES, purposes={}, english={})
    told = {}
    for onward in (False, True):
        bound = Bound.of(purposes=(PURPOSE,), legal_bases=("eu-gdpr:A6-1-e",), onward=onward)
        told[onward] = all_words_of(
            read(proposed_content(terms(), both(**{PROPERTY: bound.as_property()}))), names
        )
    assert told[True]["nl"] == told[False]["nl"] + (
        " Gemeente Weesp mag om te antwoorden een derde organisatie bevragen, ook voor een ander "
        "doel dat volgens een vastgelegde toets verenigbaar is."
    )
    assert told[True]["en"] == told[False]["en"] + (
        " Gemeente Weesp may ask a third organisation to answer, also for another purpose that a "
        "recorded test found compatible."
    )


def test_the_sentence_says_for_whom_under_which_agreement_in_both_languages() -> None:
    bound = Bound.of(purposes=(PURPOSE,), legal_bases=("eu-gdpr:A6-1-e",))
    contract = read(proposed_content(terms(), both(**{PROPERTY: bound.as_property()})))
    names = Names(
        peers=rig.NAMES,
        purposes={PURPOSE: "Recht op bijstand vaststellen"},
        english={PURPOSE: "Decide on social assistance"},
    )
    assert all_words_of(contract, names) == {
        "en": (
            "Dienst Tussen may, on behalf of Gemeente Doesburg (as processor, agreement "
            '"VWO-2026-17" until 2027-06-01), ask service bijstand of Gemeente Weesp, offered on '
            'behalf of Provincie Proefland (as joint controller, agreement "Regeling 4" until '
            "2028-01-01), for purpose Decide on social assistance (raadplegen) until 2027-11-24."
        ),
        "nl": (
            "Dienst Tussen mag, namens Gemeente Doesburg (als verwerker, overeenkomst "
            '"VWO-2026-17" tot 2027-06-01), dienst bijstand van Gemeente Weesp, aangeboden namens '
            "Provincie Proefland (als gezamenlijk verwerkingsverantwoordelijke, overeenkomst "
            '"Regeling 4" tot 2028-01-01), bevragen voor doel Recht op bijstand vaststellen '
            "(raadplegen) tot 2027-11-24."
        ),
    }


def test_words_of_a_peer_do_not_move_the_cursor() -> None:
    bound = Bound.of(purposes=("https://x\x1b[2J",), legal_bases=("eu-gdpr:A6-1-e",))
    contract = read(proposed_content(terms(), both(**{PROPERTY: bound.as_property()})))
    assert "\x1b" not in words_of(contract, Names(peers={}, purposes={}))


async def token_error(weesp: Manager, outway: OwnPeer, tree: Any) -> str:
    """Why there is no token for the first grant of a contract."""
    form = {
        "grant_type": "client_credentials",
        "scope": rig.contract(tree).grants[0].hash.value,
        "client_id": outway.peer_id.value,
    }
    answer = await ask(weesp, outway, "POST", "/v1/token", form=form)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    return str(answer.json["error_description"])


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({}, "delegation_agreement_missing"),
        (rig.agreement("publication"), "delegation_agreement_missing"),
        (rig.agreement("connection"), "delegation_agreement_missing"),
        (
            rig.agreement("connection", "publication", until="2026-01-01"),
            "delegation_agreement_ended",
        ),
        (rig.agreement("connection", "publication", role="x"), "delegation_agreement_invalid"),
    ],
)
async def test_a_delegation_without_agreement_gets_no_token_and_says_who_can_add_it(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer, properties: Any, code: str
) -> None:
    tree = asking(
        doesburg, delegator=rig.PROVINCE, service_delegator=rig.PROVINCE, properties=properties
    )
    assert (await submit(weesp, doesburg, tree)).status == 201
    assert (await place(weesp, province, tree, Kind.ACCEPT)).status == 201
    await sign_here(weesp, tree)
    words = await token_error(weesp, doesburg, tree)
    assert words.startswith(f"{code}: ")
    assert f"who can add it: {rig.PROVINCE} and " in words
