# SPDX-License-Identifier: EUPL-1.2
"""What a door records of a decision is enough to take it again: the same outcome, always."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    BASIS,
    FIELD_SET,
    FIELDS,
    LEVEL,
    PARKING,
    RETIRED,
    Scene,
    register,
    scene_of,
)
from tests.gateway.test_outway import EMPLOYEES, KEYS, by_user, user_token

from landschap.gateway.asked import Asked
from landschap.gateway.doors import Verdict, walk
from landschap.logboek.records import Draft
from landschap.purposes.bound import PROPERTY, Bound, read_bound
from landschap.purposes.model import Register
from landschap.purposes.replay import Replay, replay, was_decided
from landschap.purposes.snapshot import Snapshot

# The scene is only read; making its certificates anew for each example would take minutes.
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ASKED = st.none() | st.lists(
    st.sampled_from((*FIELDS, "adres", "uitkering", "schoenmaat")), min_size=1, unique=True
)
PURPOSES = st.sampled_from((ASSISTANCE, PARKING, RETIRED, "https://doelen.example/id/onbekend"))
PREFERRED = st.sampled_from(("", "handling=lenient", "handling=strict"))


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    return dataclasses.replace(scene_of(group_anchor, weesp, doesburg), employees=EMPLOYEES)


def target_of(fields: list[str] | None) -> str:
    return "/v1/_zoek" if fields is None else f"/v1/_zoek?fields={','.join(fields)}"


def again(scene: Scene, verdict: Verdict, owner: Register) -> Replay | None:
    """The decision in a record, taken again with nothing but the record, register and contract."""
    assert isinstance(verdict.draft, Draft)
    adl: Any = verdict.draft.payload["adl"]
    bound = read_bound(scene.properties)
    assert bound is None or isinstance(bound, Bound)
    return replay(
        adl["body"]["adl.core.request"],
        adl["body"]["adl.core.response"],
        bound=bound,
        snapshot=Snapshot(owner),
        at=verdict.draft.at,
        marked={},
        require_bound=True,
    )


def decided(verdict: Verdict) -> bool:
    assert isinstance(verdict.draft, Draft)
    body: Any = verdict.draft.payload["adl"]
    return was_decided(body["body"]["adl.core.request"], body["body"]["adl.core.response"])


@MANY
@given(
    fields=ASKED,
    purpose=PURPOSES,
    prefer=PREFERRED,
    bases=st.sampled_from(((BASIS,), (BASIS, "eu-gdpr:A6-1-a"), ("eu-gdpr:A6-1-c",))),
    loa=st.sampled_from(("none", LEVEL)),
    role=st.sampled_from(("", "consulent", "archivaris")),
    roles=st.sampled_from(((), ("consulent",))),
    bounded=st.booleans(),
)
def test_a_decision_at_the_inway_is_the_same_when_taken_again(
    scene: Scene, fields: list[str] | None, purpose: str, prefer: str, bounded: bool, **said: Any
) -> None:
    roles = said.pop("roles")
    bases = said.pop("bases")
    scene.weesp_register = register(scene.weesp.peer_id.value)
    scene.weesp_register = dataclasses.replace(
        scene.weesp_register,
        policies=tuple(
            dataclasses.replace(each, roles=roles, min_loa=LEVEL if roles else "")
            for each in scene.weesp_register.policies
        ),
    )
    bound = Bound.of(purposes=(ASSISTANCE, RETIRED), legal_bases=(BASIS,), field_set=FIELD_SET)
    scene.properties = {PROPERTY: bound.as_property()} if bounded else {}
    scene.memory.replays.__init__()  # type: ignore[misc]  # each example is a question of its own
    declaration = scene.declaration(purpose=purpose, legal_bases=bases, **said)
    asked = scene.incoming(purpose_declaration=declaration, doelbinding="", prefer=prefer)
    verdict = scene.ask_inway(Asked("POST", target_of(fields), asked.headers))
    found = again(scene, verdict, scene.weesp_register)
    assert found is not None, verdict.code
    assert found.differences == ()
    assert found.decision.allow is (verdict.code == "")
    assert found.decision.code == verdict.code
    assert found.decision.question.lenient is (prefer == "handling=lenient")


@MANY
@given(
    fields=ASKED,
    purpose=PURPOSES,
    prefer=PREFERRED,
    roles=st.lists(st.sampled_from(("consulent", "archivaris"))),
    case=st.sampled_from(("", "Z-2026-1")),
)
def test_a_decision_at_the_outway_is_the_same_when_taken_again(
    scene: Scene, fields: list[str] | None, purpose: str, prefer: str, roles: list[str], case: str
) -> None:
    token = user_token(scene, roles=roles)
    asked = by_user(scene, token, doelbinding=purpose, prefer=prefer, zaak=case)
    asked = Asked("POST", target_of(fields), asked.headers)
    verdict = walk("outway", asked, scene.holdings("outway", user_keys=KEYS), scene.fresh())
    assert isinstance(verdict, Verdict)
    found = again(scene, verdict, scene.doesburg_register)
    assert found is not None, verdict.code
    assert found.differences == ()
    assert (found.decision.allow, found.decision.code) == (verdict.code == "", verdict.code)


def test_what_was_refused_before_it_was_decided_is_not_decided_now(scene: Scene) -> None:
    for headers, target in (
        ({"fsc_authorization": ""}, "/v1/_zoek"),
        ({"purpose_declaration": "", "doelbinding": ""}, "/v1/_zoek"),
        ({}, "/v1/_zoek?fields=a,,b"),
    ):
        asked = scene.incoming(**headers)
        verdict = scene.ask_inway(Asked("POST", target, asked.headers))
        assert verdict.code
        assert not decided(verdict), verdict.code
        assert again(scene, verdict, scene.weesp_register) is None
