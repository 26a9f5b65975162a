# SPDX-License-Identifier: EUPL-1.2
"""A question that is decided and not carried out: the same decision, and nothing else happens."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    DOESBURG,
    PARKING,
    SERVICES,
    TARGET,
    Scene,
    headers_of,
    scene_of,
)
from tests.gateway.pair_rig import Pair

from landschap.gateway.asked import Asked, explained_by
from landschap.gateway.doors import Verdict, walk
from landschap.logboek.records import Draft, Kind
from landschap.purposes.model import Register
from landschap.purposes.replay import replay

EXPLAIN = {"prefer": "explain"}


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    return scene_of(group_anchor, weesp, doesburg)


def said(verdict: Verdict) -> dict[str, Any]:
    headers = headers_of(verdict.answer)
    assert (headers["x-fsc-status"], headers["x-fsc-deny"]) == ("200", "explained")
    assert "permit" not in headers
    assert "x-fsc-service" not in headers
    body: dict[str, Any] = json.loads(headers["x-fsc-body"])
    return body


def refused(verdict: Verdict) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(headers_of(verdict.answer)["x-fsc-body"])
    return body


def adl_of(verdict: Verdict) -> Any:
    assert isinstance(verdict.draft, Draft)
    return verdict.draft.payload["adl"]


def at(scene: Scene, door: str, asked: Asked) -> Verdict:
    """A walk by a decider that has seen nothing before."""
    from landschap.gateway.memory import Memory

    scene.memory = Memory()
    found = walk(door, asked, scene.holdings(door), scene.fresh())
    assert isinstance(found, Verdict), found
    return found


def questions(scene: Scene, door: str, **more: str) -> dict[str, Asked]:
    """One that is permitted, and some that are refused, each for another reason."""
    make = scene.incoming if door == "inway" else scene.outgoing
    asked = make(**more)
    other = {"doelbinding": PARKING}
    if door == "inway":
        other["purpose-declaration"] = scene.declaration(purpose=PARKING)
    target = TARGET.replace("uitkering.norm", "woning.m2")
    return {
        "permitted": asked,
        "fields_excess": Asked(asked.method, target, asked.headers),
        "contract_purpose": make(**{**more, **other}),
        "lenient": Asked(
            asked.method, target, {**asked.headers, "prefer": _and(more, "handling=lenient")}
        ),
    }


def _and(more: dict[str, str], preference: str) -> str:
    return ", ".join([*more.values(), preference])


def without_roles(register: Register) -> Register:
    policies = tuple(dataclasses.replace(each, roles=()) for each in register.policies)
    return dataclasses.replace(register, policies=policies)


@pytest.mark.parametrize("door", ["inway", "outway"])
def test_what_is_explained_is_what_would_happen(scene: Scene, door: str) -> None:
    scene.doesburg_register = without_roles(scene.doesburg_register)
    real, explained = questions(scene, door), questions(scene, door, **EXPLAIN)
    codes = set()
    for name, asked in real.items():
        happened, told = at(scene, door, asked), at(scene, door, explained[name])
        body = said(told)
        assert (told.code, body["executed"]) == (happened.code, False)
        assert body["decision"] is (happened.code == "")
        adl, real_adl = adl_of(told), adl_of(happened)
        for part in ("adl.core.request", "adl.core.response"):
            kept = {**real_adl["body"][part]}
            if part == "adl.core.request" and "context" in kept:
                # Signed anew for each question, and at the Outway only when it leaves.
                names = ("declaration", "declaration_jti")
                kept["context"] = {k: v for k, v in kept["context"].items() if k not in names}
                mine = {
                    **adl["body"][part],
                    "context": {
                        k: v for k, v in adl["body"][part]["context"].items() if k not in names
                    },
                }
                assert mine == kept
            else:
                assert adl["body"][part] == kept
        assert adl["event_name"] == "adl.access_evaluation"
        assert adl["attributes"]["landschap.explain"] is True
        assert "landschap.explain" not in real_adl["attributes"]
        if happened.code:
            assert refused(happened)["detail"] == body["detail"]
        codes.add(happened.code)
    assert codes == {"", "fields_excess", "contract_purpose"}


def test_the_record_is_a_decision_without_transaction_and_decides_again(scene: Scene) -> None:
    verdict = at(scene, "inway", scene.incoming(**EXPLAIN))
    assert isinstance(verdict.draft, Draft)
    assert (verdict.draft.kind, set(verdict.draft.payload)) == (Kind.ADL, {"adl"})
    assert verdict.draft.peer == DOESBURG
    assert verdict.used is not None, "a declaration counts once, for an explanation too"
    body = adl_of(verdict)["body"]
    again = replay(
        body["adl.core.request"],
        body["adl.core.response"],
        bound=scene.world("inway").incoming[scene.claims().grant_hash].bound,
        snapshot=scene.world("inway").snapshot,
        at=scene.now,
    )
    assert again is not None
    assert again.differences == ()


def test_another_organisation_sees_no_steps_and_our_own_application_does(scene: Scene) -> None:
    scene.doesburg_register = without_roles(scene.doesburg_register)
    theirs = said(at(scene, "inway", scene.incoming(**EXPLAIN)))
    assert "steps" not in theirs
    assert theirs["visible"] == ["uitkering.norm", "uitkering.soort"]
    assert theirs["policy"] == "POL-1@3"
    ours = said(at(scene, "outway", scene.outgoing(**EXPLAIN)))
    assert {"R2", "R3", "R12"} <= {each["rule"] for each in ours["steps"]}


def test_what_comes_before_a_decision_is_refused_as_ever(scene: Scene) -> None:
    for changes, code in (
        ({"fsc_authorization": ""}, "ERROR_CODE_ACCESS_TOKEN_MISSING"),
        ({"purpose_declaration": "", "doelbinding": ""}, "declaration_missing"),
    ):
        verdict = at(scene, "inway", scene.incoming(**EXPLAIN, **changes))
        assert verdict.code == code
        assert headers_of(verdict.answer)["x-fsc-deny"] != "explained"


def test_an_explanation_is_never_made_from_memory_nor_remembered(scene: Scene) -> None:
    scene.services = (dataclasses.replace(SERVICES[0], declaration="unsigned"),)
    token = f"Bearer {scene.token()}"
    holdings = scene.holdings("inway")
    plain = {"fsc_authorization": token, "purpose_declaration": ""}
    for headers in (plain, plain, plain, {**plain, **EXPLAIN}, {**plain, **EXPLAIN}, plain):
        verdict = walk("inway", scene.incoming(**headers), holdings, scene.fresh())
        assert isinstance(verdict, Verdict)
        explained = headers_of(verdict.answer).get("x-fsc-deny") == "explained"
        assert explained == ("prefer" in headers)


@pytest.mark.parametrize(
    ("prefer", "by"),
    [
        ("explain", "own"),
        ("handling=lenient, explain", "own"),
        ("explain=own", "own"),
        ("explain=provider", "provider"),
        ('explain="provider"; handling=lenient', "provider"),
        ("explained", ""),
        ("handling=explain", ""),
        ("", ""),
    ],
)
def test_the_preference_is_read_as_a_preference(prefer: str, by: str) -> None:
    assert explained_by(Asked("GET", "/", {"prefer": prefer})) == by


@pytest.mark.case("A62")
async def test_both_doors_explain_without_calling_anything_or_writing_a_line(pair: Pair) -> None:
    """The asker's own side, and the provider's through both doors; then the question itself."""
    target = "/v1/_zoek?fields=uitkering.soort,woning.m2"
    for by in ("own", "provider"):
        for where, expected in (
            ("/v1/_zoek?fields=uitkering.soort", ""),
            (target, "fields_excess"),
        ):
            if by == "provider" and expected:
                # Doesburg's own policies let this through nowhere, so Weesp is not asked.
                continue
            pair.service.heard.clear()
            status, headers, raw = await pair.ask(where, Prefer=f"explain={by}")
            body = json.loads(raw)
            assert (status, body["executed"]) == (200, False)
            assert body.get("code", "") == expected
            assert headers["preference-applied"] == "explain"
            assert not pair.service.heard
            side = pair.doesburg if by == "own" else pair.weesp
            (record,) = await side.records(headers["fsc-transaction-id"])
            assert record.columns.kind == Kind.ADL
            adl: Any = record.content()["adl"]
            assert adl["event_name"] == "adl.access_evaluation"
            assert adl["attributes"]["landschap.explain"] is True
            real_status, real_headers, real_raw = await pair.ask(where)
            (real,) = await side.records(real_headers["fsc-transaction-id"])
            real_adl: Any = real.content()["adl"]
            said_then = real_adl["body"]["adl.core.response"]
            assert said_then == adl["body"]["adl.core.response"]
            assert "landschap.explain" not in real_adl["attributes"]
            assert (real_status == 200) is body["decision"]
            if expected:
                assert json.loads(real_raw)["code"] == expected
            else:
                assert body["visible"] == said_then["context"]["visible"]
    lines = await pair.weesp.log_pool.fetchval(
        "SELECT count(*) FROM logboek.record WHERE kind = $1", int(Kind.LINE)
    )
    assert lines == 0
