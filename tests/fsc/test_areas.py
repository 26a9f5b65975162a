# SPDX-License-Identifier: EUPL-1.2
"""Regulated Areas: membership by contract, looked at when a contract comes in and for each token.

The province administers the area; Weesp offers in it, Doesburg asks.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import (
    Group,
    Manager,
    ask,
    asking,
    place,
    publishing,
    sign_here,
    stored,
    submit,
)

from landschap.fsc.areas import Area, area_of
from landschap.fsc.client import Memberships, MembershipUnknown
from landschap.fsc.contracts import read_contract
from landschap.fsc.grants import GrantType, MemberRole
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.proposals import MembershipAsked
from landschap.fsc.sentences import Names, all_words_of
from landschap.fsc.states import Kind, State
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue, Refusal

AREA = Area(administrator=PeerId(rig.PROVINCE), name="jeugdzorg")
IN_AREA = AREA.as_properties()
STRANGER = "ERROR_CODE_PEER_NOT_MEMBER_OF_REGULATED_AREA"


def joining(member: str, area: str = "jeugdzorg", role: str = "MEMBER") -> dict[str, Any]:
    """A membership of the province's area."""
    return rig.content(
        {
            "data": {
                "type": "GRANT_TYPE_PEER_REGISTRATION",
                "member": {"peer_id": member, "role": role},
                "membership_administrator": {
                    "peer_id": rig.PROVINCE,
                    "regulated_area_name": area,
                },
            }
        }
    )


@pytest.fixture
def administrator(group: Group) -> Manager:
    return group.managers[rig.PROVINCE]


async def join(administrator: Manager, member: OwnPeer, area: str = "jeugdzorg") -> dict[str, Any]:
    """The peer becomes a member; gives the contract."""
    tree = joining(member.peer_id.value, area)
    assert (await submit(administrator, member, tree)).status == 201
    assert (await stored(administrator, tree)).state(datetime.now(UTC)) is State.PROPOSED
    await sign_here(administrator, tree)
    return tree


async def acquainted(provider: Manager, administrator: Manager) -> None:
    """The provider knows where the administrator is: it announced itself."""
    answer = await ask(provider, administrator.own, "PUT", "/v1/announce")
    assert answer.status == 200


# Contracts.


@pytest.mark.parametrize("profile", list(Profile))
def test_a_membership_is_a_contract_of_member_and_administrator(profile: Profile) -> None:
    tree = joining(rig.DOESBURG)
    if profile is Profile.FSC_1_1:
        del tree["fsc_version"]
    contract = read_contract(tree, profile)
    assert not isinstance(contract, Refusal), contract
    (hashed,) = contract.grants
    assert hashed.hash.value.startswith("$1$6$")
    assert hashed.grant.type is GrantType.REGISTRATION
    assert [each.value for each in contract.participants] == [rig.DOESBURG, rig.PROVINCE]
    names = Names(peers=rig.NAMES, purposes={})
    words = all_words_of(contract, names)
    assert words["en"].startswith(
        "Gemeente Doesburg is a member of the Regulated Area jeugdzorg by Provincie Proefland"
    )
    assert words["nl"].startswith("Gemeente Doesburg is lid van het gereguleerde gebied jeugdzorg")


@pytest.mark.parametrize(
    ("grants", "code"),
    [
        ([joining("a")["grants"][0], joining("b")["grants"][0]], "COMBINATION_NOT_ALLOWED"),
        (
            [joining(rig.DOESBURG)["grants"][0], asking_grant := rig.connection_grant(
                rig.DOESBURG, rig.WEESP, "a" * 64)],
            "COMBINATION_NOT_ALLOWED",
        ),
        (
            [asking_grant, rig.connection_grant(
                rig.DOESBURG, rig.WEESP, "a" * 64, properties=IN_AREA)],
            "COMBINATION_NOT_ALLOWED",
        ),
        (
            [
                rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64, properties=IN_AREA),
                rig.connection_grant(
                    rig.DOESBURG, rig.WEESP, "a" * 64,
                    properties=IN_AREA | {"regulated_area_name": "wmo"},
                ),
            ],
            "COMBINATION_NOT_ALLOWED",
        ),
        (
            [rig.connection_grant(
                rig.DOESBURG, rig.WEESP, "a" * 64, properties={"regulated_area_name": "x"})],
            "CONTRACT_INVALID",
        ),
        (
            [rig.connection_grant(
                rig.DOESBURG, rig.WEESP, "a" * 64,
                properties=IN_AREA | {"regulated_area_name": "a/b"})],
            "CONTRACT_INVALID",
        ),
        (joining(rig.DOESBURG, role="LID")["grants"], "CONTRACT_INVALID"),
        (joining(rig.DOESBURG, area="a b")["grants"], "CONTRACT_INVALID"),
    ],
)  # fmt: skip
def test_memberships_and_areas_are_not_mixed_nor_half_named(grants: list[Any], code: str) -> None:
    read = read_contract(rig.content(*grants), Profile.FSC_2)
    assert isinstance(read, Refusal)
    assert code in read.code


def test_two_grants_in_the_same_area_go_together() -> None:
    both = [
        rig.connection_grant(rig.DOESBURG, rig.WEESP, key * 64, properties=IN_AREA)
        for key in ("a", "b")
    ]
    assert len(rig.contract(rig.content(*both)).grants) == 2
    assert area_of(IN_AREA) == AREA
    assert area_of({}) is None
    with pytest.raises(InvalidValue):
        area_of({"regulated_area_name": "jeugdzorg"})


def test_a_membership_can_be_proposed() -> None:
    asked = MembershipAsked(
        member=PeerId(rig.DOESBURG), role=MemberRole.MEMBER, administrator=PeerId(rig.PROVINCE),
        area="jeugdzorg",
    )  # fmt: skip
    from tests.fsc.test_agreements import read, terms

    from landschap.fsc.proposals import proposed_content

    (hashed,) = read(proposed_content(terms(), asked)).grants
    assert hashed.grant.type is GrantType.REGISTRATION


# The list of members.


async def test_the_administrator_lists_members_while_their_contract_is_valid(
    administrator: Manager, doesburg: OwnPeer, weesp: Manager
) -> None:
    area = "lijst"
    path = f"/v1/regulated-areas/{area}/members"
    none = await ask(administrator, doesburg, "GET", path)
    assert none.json == {"members": [], "pagination": {"next_cursor": ""}}
    tree = await join(administrator, doesburg, area)
    await join(administrator, weesp.own, area)
    listed = await ask(administrator, doesburg, "GET", path)
    assert [each["peer"]["id"] for each in listed.json["members"]] == [rig.WEESP, rig.DOESBURG]
    assert listed.json["members"][0]["peer"] == {
        "id": rig.WEESP,
        "role": "MEMBER",
        "validated_by": {"membership_administrator_peer_id": rig.PROVINCE},
    }
    first = await ask(
        administrator, doesburg, "GET", f"{path}?limit=1&sort_order=SORT_ORDER_ASCENDING"
    )
    cursor = first.json["pagination"]["next_cursor"]
    second = await ask(
        administrator, doesburg, "GET",
        f"{path}?limit=1&sort_order=SORT_ORDER_ASCENDING&cursor={cursor}",
    )  # fmt: skip
    seen = [each.json["members"][0]["peer"]["id"] for each in (first, second)]
    assert seen == [rig.DOESBURG, rig.WEESP]
    assert second.json["pagination"]["next_cursor"] == ""
    only = await ask(administrator, doesburg, "GET", f"{path}?peer_id={rig.WEESP},vreemd")
    assert [each["peer"]["id"] for each in only.json["members"]] == [rig.WEESP]
    await sign_here(administrator, tree, Kind.REVOKE)
    left = await ask(administrator, doesburg, "GET", path)
    assert [each["peer"]["id"] for each in left.json["members"]] == [rig.WEESP]


async def test_a_malformed_area_or_page_is_400(administrator: Manager, doesburg: OwnPeer) -> None:
    for path in ("a%20b/members", "x/members?limit=0", "x/members?cursor=!"):
        answer = await ask(administrator, doesburg, "GET", f"/v1/regulated-areas/{path}")
        assert answer.status == 400, path


# The checks.


async def test_a_connection_in_an_area_is_for_members_and_so_is_each_token(
    administrator: Manager, weesp: Manager, doesburg: OwnPeer
) -> None:
    await acquainted(weesp, administrator)
    tree = asking(doesburg, properties=IN_AREA)
    refused = await submit(weesp, doesburg, tree)
    assert (refused.status, refused.code) == (422, STRANGER)
    assert rig.PROVINCE in refused.json["owner"]
    membership = await join(administrator, doesburg)
    assert (await submit(weesp, doesburg, tree)).status == 201
    await sign_here(weesp, tree)
    form = {
        "grant_type": "client_credentials",
        "scope": rig.contract(tree).grants[0].hash.value,
        "client_id": rig.DOESBURG,
    }
    assert (await ask(weesp, doesburg, "POST", "/v1/token", form=form)).status == 200
    await sign_here(administrator, membership, Kind.REVOKE)
    # What was true a moment ago is believed for a minute at most; this Manager starts anew.
    forget(weesp)
    answer = await ask(weesp, doesburg, "POST", "/v1/token", form=form)
    assert (answer.status, answer.json) == (
        400,
        {
            "error": "unauthorized_client",
            "error_description": "Peer is not a member of the Regulated Area",
        },
    )


def forget(manager: Manager) -> None:
    """As if a minute passed."""
    for deps in manager.served:
        deps.memberships._until.clear()


async def test_for_whom_is_asked_must_be_a_member_too(
    administrator: Manager, weesp: Manager, group: Group
) -> None:
    outway = rig.own_peer(group.authority, rig.DIRECTORY)
    await acquainted(weesp, administrator)
    await join(administrator, outway)
    tree = rig.content(
        rig.connection_grant(
            rig.DIRECTORY, rig.WEESP, outway.certificate.key_thumbprint, delegator=rig.TUSSEN,
            properties=IN_AREA | rig.agreement("connection"),
        )
    )  # fmt: skip
    refused = await submit(weesp, outway, tree)
    assert (refused.status, refused.code) == (422, STRANGER)
    assert rig.TUSSEN in refused.json["message"]


async def test_a_directory_lists_nothing_of_a_stranger_in_an_area(
    administrator: Manager, gids: Manager, doesburg: OwnPeer
) -> None:
    await acquainted(gids, administrator)
    properties = Area(administrator=PeerId(rig.PROVINCE), name="gidsgebied").as_properties()
    tree = publishing(service="in-het-gebied", properties=properties)
    refused = await submit(gids, doesburg, tree)
    assert (refused.status, refused.code) == (422, STRANGER)
    await join(administrator, doesburg, "gidsgebied")
    assert (await submit(gids, doesburg, tree)).status == 201
    assert (await stored(gids, tree)).state(datetime.now(UTC)) is State.VALID


async def test_a_reject_or_revoke_needs_no_membership(weesp: Manager, doesburg: OwnPeer) -> None:
    elsewhere = Area(administrator=PeerId(rig.TUSSEN), name="x").as_properties()
    tree = asking(doesburg, properties=elsewhere)
    assert (await place(weesp, doesburg, tree, Kind.REJECT)).status == 201


async def test_an_administrator_that_can_not_be_asked_is_no_yes_and_no_final_no(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    elsewhere = Area(administrator=PeerId(rig.TUSSEN), name="x").as_properties()
    answer = await submit(weesp, doesburg, asking(doesburg, properties=elsewhere))
    assert (answer.status, answer.code) == (503, STRANGER)


async def test_a_yes_is_kept_for_a_minute_and_a_no_never(
    administrator: Manager, weesp: Manager, doesburg: OwnPeer
) -> None:
    await acquainted(weesp, administrator)
    area = Area(administrator=PeerId(rig.PROVINCE), name="minuut")
    known = Memberships(pool=weesp.pool, client=weesp.client, own=lambda: weesp.own)
    peers = (PeerId(rig.DOESBURG), PeerId(rig.DOESBURG))
    assert await known.strangers(area, peers) == (PeerId(rig.DOESBURG),)
    membership = await join(administrator, doesburg, "minuut")
    assert await known.strangers(area, peers) == ()
    await sign_here(administrator, membership, Kind.REVOKE)
    assert await known.strangers(area, peers) == ()
    known._until = {key: asyncio.get_running_loop().time() - 1 for key in known._until}
    assert await known.strangers(area, peers) == (PeerId(rig.DOESBURG),)
    nobody = Area(administrator=PeerId("vreemd"), name="minuut")
    with pytest.raises(MembershipUnknown):
        await known.strangers(nobody, peers)
    own = Memberships(
        pool=administrator.pool, client=administrator.client, own=lambda: administrator.own
    )
    assert await own.strangers(area, peers) == (PeerId(rig.DOESBURG),)
