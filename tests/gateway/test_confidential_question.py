# SPDX-License-Identifier: EUPL-1.2
"""A question that says its processing is confidential falls under a confidential activity, or ends."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ACTIVITY,
    WEESP,
    Scene,
    hash_of,
    headers_of,
    register,
    scene_of,
)

from landschap.gateway.asked import Asked
from landschap.gateway.doors import Verdict
from landschap.logboek.records import Draft, Kind
from landschap.purposes.permit import Permit, open_permit
from landschap.purposes.replay import question_of
from landschap.purposes.vetoes import judge

SECRET = f"{ACTIVITY}-besloten"
CODE = "confidential_variant_missing"
TARGET = "/v1/_zoek?fields=uitkering.soort"


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    return scene_of(group_anchor, weesp, doesburg)


def with_variant(scene: Scene) -> None:
    """The register gets a second policy for the same use, under a confidential activity."""
    made = register(WEESP)
    policy = made.policies[0]
    secret = dataclasses.replace(made.activities[0], uri=SECRET, confidential=True)
    variant = dataclasses.replace(policy, id="POL-9", activity=SECRET)
    scene.weesp_register = dataclasses.replace(
        made,
        activities=(*made.activities, secret),
        policies=(*made.policies, variant),
    )


def asks(scene: Scene, said: str, **headers: str) -> Asked:
    return Asked("POST", TARGET, scene.incoming(vertrouwelijkheid=said, **headers).headers)


def refused(verdict: Verdict) -> dict[str, Any]:
    headers = headers_of(verdict.answer)
    assert headers[":status"] == "403"
    assert "x-fsc-service" not in headers
    return {**json.loads(headers["x-fsc-body"]), "http": int(headers["x-fsc-status"])}


def permit_of(scene: Scene, verdict: Verdict) -> Permit:
    found = open_permit(
        headers_of(verdict.answer)["permit"], b"p" * 32, now=scene.now, method="POST",
        target=TARGET, service="uitkeringen",
    )  # fmt: skip
    assert isinstance(found, Permit), found
    return found


@pytest.mark.case("L47")
@pytest.mark.parametrize("said", ["vertrouwelijk", "Vertrouwelijk"])
def test_without_confidential_variant_it_ends_and_no_normal_line_is_written(
    scene: Scene, said: str
) -> None:
    verdict = scene.ask_inway(asks(scene, said))
    told = refused(verdict)
    assert (told["http"], told["code"]) == (403, CODE)
    assert verdict.code == CODE
    draft = verdict.draft
    assert isinstance(draft, Draft)
    # The record of a refusal: no transaction passed, no line, no processing activity.
    assert (draft.kind, draft.activity, draft.subject) == (Kind.ADL, None, None)
    # Without the word the same question is answered.
    assert headers_of(scene.ask_inway(asks(scene, "normaal")).answer)[":status"] == "200"


def test_with_a_confidential_variant_that_one_decides(scene: Scene) -> None:
    with_variant(scene)
    plain = permit_of(scene, scene.ask_inway(asks(scene, "")))
    assert (plain.policy, plain.activity) == ("POL-1@3", ACTIVITY)
    verdict = scene.ask_inway(asks(scene, "vertrouwelijk"))
    secret = permit_of(scene, verdict)
    assert (secret.policy, secret.activity) == ("POL-9@3", SECRET)


def test_a_decision_of_then_can_be_taken_again(scene: Scene) -> None:
    with_variant(scene)
    verdict = scene.ask_inway(asks(scene, "vertrouwelijk"))
    assert isinstance(verdict.draft, Draft)
    adl: Any = verdict.draft.payload["adl"]
    request = adl["body"]["adl.core.request"]
    world = scene.world("inway")
    bound = world.incoming[hash_of("uitkeringen")].bound
    question = question_of(request, bound, WEESP)
    assert question is not None
    assert judge(question, world.snapshot, scene.now, None).policy == "POL-9@3"


def test_a_service_for_no_purpose_has_no_confidential_variant(scene: Scene) -> None:
    opened = scene.incoming(
        fsc_authorization=f"Bearer {scene.token('pand-open')}", purpose_declaration="",
        doelbinding="", vertrouwelijkheid="vertrouwelijk",
    )  # fmt: skip
    verdict = scene.ask_inway(Asked("GET", "/1", opened.headers))
    assert refused(verdict)["code"] == CODE


SAID = {
    "verwerkingid": "48086bf2-11b7-4603-9526-67d7c3bb6587",
    "verwerkingsactiviteitid": "5F0BEF4C-f66f-4311-84a5-19e8bf359eaf",
    "verwerkingsactiviteiturl": "https://afnemer.example/activiteiten/1",
    "bewaartermijn": "P10Y",
}


def consumer_in(verdict: Verdict) -> Any:
    assert isinstance(verdict.draft, Draft)
    adl: Any = verdict.draft.payload["adl"]
    return adl["body"]["adl.core.request"]["context"].get("consumer")


def test_what_a_peer_says_of_its_own_side_is_recorded_and_changes_nothing(scene: Scene) -> None:
    plain = scene.ask_inway(asks(scene, ""))
    assert consumer_in(plain) is None
    said = scene.ask_inway(asks(scene, "", **SAID, oin="00000099000000009000"))
    assert consumer_in(said) == {
        "processing": SAID["verwerkingid"],
        "activity_id": SAID["verwerkingsactiviteitid"],
        "activity": SAID["verwerkingsactiviteiturl"],
        "term": SAID["bewaartermijn"],
    }
    ours, theirs = permit_of(scene, plain), permit_of(scene, said)
    assert (ours.activity, ours.purpose, ours.peer) == (
        theirs.activity, theirs.purpose, theirs.peer,
    )  # fmt: skip
    # Also of a question that is refused.
    assert consumer_in(scene.ask_inway(asks(scene, "vertrouwelijk", **SAID)))


@pytest.mark.parametrize("name", sorted(SAID))
@pytest.mark.parametrize("text", ["999993653", "https://x.example/999993653", "x" * 600, "'"])
def test_what_is_malformed_or_names_a_person_is_not_taken(
    scene: Scene, name: str, text: str
) -> None:
    verdict = scene.ask_inway(asks(scene, "", **{name: text}))
    assert headers_of(verdict.answer)[":status"] == "200"
    assert not consumer_in(verdict)


@pytest.mark.parametrize("said", ["opgeheven", "geheim", "normaal, vertrouwelijk"])
def test_another_word_is_no_question(scene: Scene, said: str) -> None:
    told = refused(scene.ask_inway(asks(scene, said)))
    assert (told["http"], told["code"]) == (400, "request_invalid")
