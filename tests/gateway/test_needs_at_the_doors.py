# SPDX-License-Identifier: EUPL-1.2
"""What a policy needs beside the purpose, at both doors: also when a question comes again."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import Scene, headers_of, scene_of

from landschap.gateway.doors import Holdings, Verdict, walk
from landschap.gateway.world import World
from landschap.purposes.duties import Obligation
from landschap.purposes.model import Effect, Register
from landschap.purposes.permit import Permit, open_permit


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    return scene_of(group_anchor, weesp, doesburg)


def with_policies(register: Register, **changes: Any) -> Register:
    policies = tuple(
        dataclasses.replace(each, **changes) if each.effect is Effect.PERMIT else each
        for each in register.policies
    )
    return dataclasses.replace(register, policies=policies)


def outway(scene: Scene, world: World, case: str) -> str:
    """The code of the answer at Doesburg's Outway; empty when it goes out."""
    headers = {"zaak": case} if case else {}
    found = walk("outway", scene.outgoing(**headers), scene.holdings("outway", world=world),
                 scene.fresh())  # fmt: skip
    assert isinstance(found, Verdict), found
    return found.code


@pytest.mark.case("A25")
def test_at_the_outway_a_case_must_be_named_and_open(scene: Scene) -> None:
    # A machine asks: it has neither role nor level.
    scene.doesburg_register = with_policies(
        scene.doesburg_register, needs=("zaak",), roles=(), min_loa=""
    )
    world = scene.world("outway")
    assert outway(scene, world, "") == "case_missing"
    assert outway(scene, world, "Z-1") == "", "cases are not known here"
    knowing = msgspec.structs.replace(world, cases=frozenset({"Z-2"}))
    assert outway(scene, knowing, "Z-1") == "case_missing"
    assert outway(scene, knowing, "Z-2") == ""


def test_at_the_inway_the_declaration_names_a_case_each_time(scene: Scene) -> None:
    scene.weesp_register = with_policies(scene.weesp_register, needs=("zaak",))
    holdings = scene.holdings("inway")
    codes = [ask(scene, holdings, place, case="verwijzing").code for place in range(3)]
    assert codes == ["", "", ""], "the third from memory"
    assert ask(scene, holdings, 4).code == "case_missing"


def ask(scene: Scene, holdings: Holdings, place: int, **claims: Any) -> Verdict:
    """A question with a declaration of its own, at Weesp's Inway."""
    jti = scene.claims().jti
    own = type(jti)(int=jti.int + place)
    asked = scene.incoming(purpose_declaration=scene.declaration(jti=own, **claims))
    found = walk("inway", asked, holdings, scene.fresh())
    assert isinstance(found, Verdict), found
    return found


def permit_in(scene: Scene, verdict: Verdict) -> Permit:
    target = scene.world("inway").services["uitkeringen"].service.base + scene.incoming().target
    opened = open_permit(
        headers_of(verdict.answer)["permit"], b"p" * 32,
        now=scene.now, method="POST", target=target, service="uitkeringen",
    )  # fmt: skip
    assert isinstance(opened, Permit), opened
    return opened


def test_what_the_service_must_do_travels_in_the_permit_also_from_memory(scene: Scene) -> None:
    duties = (Obligation(kind="melden"),)
    scene.weesp_register = with_policies(
        scene.weesp_register, needs=("toestemming",), obligations=duties
    )
    holdings = scene.holdings("inway")
    activity = permit_in(scene, ask(scene, holdings, 0)).activity
    marked = msgspec.structs.replace(
        scene.world("inway"), marked={activity: frozenset({"bezwaar"})}
    )
    for world, checks in (
        (scene.world("inway"), ("toestemming",)),
        (marked, ("toestemming", "bezwaar")),
    ):
        holdings = scene.holdings("inway", world=world)
        for place in range(10 * len(checks), 10 * len(checks) + 3):
            permit = permit_in(scene, ask(scene, holdings, place))
            assert (permit.checks, permit.obligations) == (checks, duties)


def test_a_service_that_reads_no_permit_is_closed_under_duties(scene: Scene) -> None:
    scene.weesp_register = with_policies(scene.weesp_register, needs=("toestemming",))
    scene.services = tuple(
        dataclasses.replace(each, permit=False) if each.name == "uitkeringen" else each
        for each in scene.services
    )
    assert scene.ask_inway().code == "obligation_unsupported"
