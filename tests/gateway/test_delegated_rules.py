# SPDX-License-Identifier: EUPL-1.2
"""Asking for another with a purpose: what both doors demand, decide, record and pass on."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    AGREEMENT,
    DOESBURG,
    PARKING,
    TARGET,
    WEESP,
    Scene,
    hash_of,
    headers_of,
    scene_of,
)

from landschap.fsc.delegation import Side
from landschap.gateway.asked import Asked
from landschap.gateway.doors import Verdict, walk
from landschap.gateway.world import World, build_world
from landschap.logboek.records import Draft
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.declaration import Claims, read
from landschap.purposes.model import Register
from landschap.purposes.permit import Permit, open_permit
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import Refusal

VOLMACHT = "00000099000000004000"
EIGENAAR = "00000099000000005000"


def for_another(register: Register, **changes: Any) -> Register:
    """The register in which the first policy is for the delegator, for whom may be asked."""
    first, *rest = register.policies
    told: dict[str, Any] = {"organisations": (VOLMACHT,), "delegable": True, "roles": ()}
    return dataclasses.replace(
        register, policies=(dataclasses.replace(first, **told | changes), *rest)
    )


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    """Doesburg asks for another; both registers allow that."""
    made = scene_of(group_anchor, weesp, doesburg)
    made.delegator = PeerId(VOLMACHT)
    made.weesp_register = for_another(made.weesp_register)
    made.doesburg_register = for_another(made.doesburg_register)
    return made


def at_inway(scene: Scene, *, token: str = "", **claims: Any) -> Verdict:
    declaration = scene.declaration(**{"on_behalf_of": VOLMACHT} | claims)
    headers = {"fsc_authorization": f"Bearer {token or scene.token()}"}
    return scene.ask_inway(scene.incoming(purpose_declaration=declaration, **headers))


def at_outway(scene: Scene, *, world: World | None = None, **headers: str) -> Verdict:
    found = walk(
        "outway", scene.outgoing(**headers), scene.holdings("outway", world=world), scene.fresh()
    )
    assert isinstance(found, Verdict), found
    return found


def code(verdict: Verdict) -> str:
    return str(refused(verdict)["code"])


def refused(verdict: Verdict) -> dict[str, Any]:
    headers = headers_of(verdict.answer)
    assert headers[":status"] == "403", headers
    body: dict[str, Any] = json.loads(headers["x-fsc-body"])
    return {"http": int(headers["x-fsc-status"])} | body


def payload(verdict: Verdict) -> dict[str, Any]:
    assert isinstance(verdict.draft, Draft)
    return dict(verdict.draft.payload)


def declared(verdict: Verdict) -> Claims:
    unverified = read(headers_of(verdict.answer)["purpose-declaration"])
    assert not isinstance(unverified, Refusal)
    return unverified.claims


def permit(scene: Scene, verdict: Verdict) -> Permit:
    opened = open_permit(
        headers_of(verdict.answer)["permit"], b"p" * 32, now=scene.now, method="POST",
        target=TARGET, service="uitkeringen",
    )  # fmt: skip
    assert isinstance(opened, Permit), opened
    return opened


def test_inway_decides_for_the_delegator_and_names_both_delegators_everywhere(
    scene: Scene,
) -> None:
    scene.service_delegator = PeerId(EIGENAAR)
    verdict = at_inway(scene)
    assert headers_of(verdict.answer)[":status"] == "200"
    told = payload(verdict)
    assert told["fsc"]["source"]["delegator_peer_id"] == VOLMACHT
    assert told["fsc"]["destination"]["delegator_peer_id"] == EIGENAAR
    request = told["adl"]["body"]["adl.core.request"]
    assert request["subject"]["id"] == DOESBURG
    assert (request["context"]["delegator"], request["context"]["publication_delegator"]) == (
        VOLMACHT, EIGENAAR,
    )  # fmt: skip
    sealed = permit(scene, verdict)
    assert (sealed.peer, sealed.delegator, sealed.publication_delegator) == (
        DOESBURG, VOLMACHT, EIGENAAR,
    )  # fmt: skip


def test_inway_does_not_permit_the_delegatee_by_its_own_policy(scene: Scene) -> None:
    scene.weesp_register = for_another(scene.weesp_register, organisations=(DOESBURG,))
    assert code(at_inway(scene)) == "policy_none"


def test_inway_refuses_when_the_policy_does_not_let_another_ask(scene: Scene) -> None:
    scene.weesp_register = for_another(scene.weesp_register, delegable=False)
    verdict = at_inway(scene)
    assert (refused(verdict)["http"], code(verdict)) == (403, "delegation_not_allowed")


@pytest.mark.case("A40")
@pytest.mark.parametrize(
    ("on_behalf_of", "expected"),
    [("", "delegation_missing"), (EIGENAAR, "delegation_mismatch")],
)
def test_declaration_names_the_delegator_of_the_token(
    scene: Scene, on_behalf_of: str, expected: str
) -> None:
    verdict = at_inway(scene, on_behalf_of=on_behalf_of)
    assert (refused(verdict)["http"], code(verdict)) == (403, expected)
    context = payload(verdict)["adl"]["body"]["adl.core.request"]["context"]
    assert context["delegator"] == VOLMACHT


@pytest.mark.case("A41")
def test_bound_of_the_delegated_contract_counts_and_not_that_of_an_own_one(scene: Scene) -> None:
    narrow = Bound.of(purposes=(PARKING,), legal_bases=("eu-gdpr:A6-1-e",))
    scene.properties = {PROPERTY: narrow.as_property()}
    assert code(at_inway(scene)) == "contract_purpose"


@pytest.mark.case("A42")
def test_delegatee_that_asks_for_itself_is_decided_as_itself(scene: Scene) -> None:
    scene.delegator = None
    assert code(at_inway(scene, on_behalf_of="")) == "policy_none"
    scene.weesp_register = for_another(scene.weesp_register, organisations=(DOESBURG,))
    verdict = at_inway(scene, on_behalf_of="")
    assert headers_of(verdict.answer)[":status"] == "200"
    assert permit(scene, verdict).delegator == ""
    assert code(at_inway(scene)) == "delegation_mismatch"


def test_token_that_names_another_delegator_than_its_contract_is_not_believed(
    scene: Scene,
) -> None:
    asked_for = scene.token()
    scene.delegator = PeerId(EIGENAAR)
    assert code(at_inway(scene, token=asked_for)) == "ERROR_CODE_ACCESS_TOKEN_INVALID"
    scene.delegator = None
    assert code(at_inway(scene, token=asked_for)) == "ERROR_CODE_ACCESS_TOKEN_INVALID"


@pytest.mark.parametrize("side", ["delegator", "service_delegator"])
def test_inway_asks_for_the_agreement_at_once_whatever_the_token_says(
    scene: Scene, side: str
) -> None:
    scene.delegator = None
    setattr(scene, side, PeerId(VOLMACHT))
    on_behalf_of = VOLMACHT if side == "delegator" else ""
    token = scene.token()
    today = scene.now.date()
    for agreement, expected in (
        (None, "missing"),
        (dataclasses.replace(AGREEMENT, until=today - timedelta(days=1)), "ended"),
    ):
        scene.agreement = agreement
        verdict = at_inway(scene, token=token, on_behalf_of=on_behalf_of)
        found = refused(verdict)
        assert (found["http"], found["code"]) == (403, f"delegation_agreement_{expected}")
        assert VOLMACHT in found["owner"]
        assert "agreement" in found["missing"]


def test_agreement_that_can_not_be_read_is_none(scene: Scene) -> None:
    scene.properties |= {Side.CONNECTION.agreement_property: {"v": 2}}
    scene.agreement = None
    assert code(at_inway(scene)) == "delegation_agreement_invalid"


def test_unsigned_purpose_is_decided_for_the_delegator_of_the_token(scene: Scene) -> None:
    scene.weesp_register = dataclasses.replace(
        scene.weesp_register,
        policies=tuple(
            dataclasses.replace(each, organisations=(VOLMACHT,), delegable=each.id == "POL-2")
            for each in scene.weesp_register.policies
        ),
    )
    asked = scene.incoming(
        purpose_declaration="", fsc_authorization=f"Bearer {scene.token('pand-plain')}"
    )
    verdict = scene.ask_inway(Asked("GET", "/p", asked.headers))
    assert headers_of(verdict.answer)[":status"] == "200"


@pytest.mark.parametrize("door", ["inway", "outway"])
def test_reference_to_a_contract_outside_fsc_stands_in_record_and_decision(
    scene: Scene, door: str
) -> None:
    name = "delegation.connection.external_contract_reference"
    outside = {"reference": "2026/17", "delegator_id": EIGENAAR, "delegator_name": "Stichting"}
    scene.delegator = None
    scene.properties |= {name: outside}
    scene.weesp_register = for_another(scene.weesp_register, organisations=(DOESBURG,))
    scene.doesburg_register = for_another(scene.doesburg_register, organisations=("*own",))
    verdict = at_inway(scene, on_behalf_of="") if door == "inway" else at_outway(scene)
    told = payload(verdict)
    assert told["fsc"]["additional_data"] == {name: outside}
    assert told["fsc"]["source"]["type"] == "SOURCE_TYPE_SOURCE"
    assert told["adl"]["body"]["adl.core.request"]["context"][name] == outside


def test_record_without_such_a_reference_has_no_additional_data(scene: Scene) -> None:
    assert "additional_data" not in payload(at_inway(scene))["fsc"]


# The Outway of the delegatee.


def test_outway_declares_on_behalf_of_the_delegator(scene: Scene) -> None:
    verdict = at_outway(scene)
    claims = declared(verdict)
    assert (claims.issuer, claims.on_behalf_of, claims.audience) == (DOESBURG, VOLMACHT, WEESP)
    told = payload(verdict)
    assert told["fsc"]["source"]["delegator_peer_id"] == VOLMACHT
    assert told["adl"]["body"]["adl.core.request"]["context"]["delegator"] == VOLMACHT


def test_outway_decides_for_the_delegator_by_its_own_register(scene: Scene) -> None:
    scene.doesburg_register = for_another(scene.doesburg_register, organisations=("*own",))
    assert code(at_outway(scene)) == "policy_none"
    scene.doesburg_register = for_another(scene.doesburg_register, delegable=False)
    assert code(at_outway(scene)) == "delegation_not_allowed"


def test_outway_sends_nothing_without_an_agreement(scene: Scene) -> None:
    scene.agreement = dataclasses.replace(AGREEMENT, until=date(2026, 1, 1))
    assert code(at_outway(scene)) == "delegation_agreement_ended"


def of_both(scene: Scene, *, own: bool = True, twice: bool = False) -> World:
    """Doesburg's world with a delegated contract, and one of its own unless told otherwise."""
    delegated = scene.grant("uitkeringen")
    scene.delegator = None
    made = [scene.grant("uitkeringen", grant_hash=type(delegated.grant_hash)(hash_of("eigen")))]
    scene.delegator = PeerId(VOLMACHT)
    other = scene.grant("uitkeringen", grant_hash=type(delegated.grant_hash)(hash_of("tweede")))
    grants = (delegated, *(made if own else ()), *((other,) if twice else ()))
    found = scene.found("outway")
    tokens = tuple(scene.held(each) for each in ("uitkeringen", "eigen", "tweede"))
    return build_world(dataclasses.replace(found, grants=grants, tokens=tokens))


@pytest.mark.parametrize("form", ["{service}@{delegator}", "{provider}/{service}@{delegator}"])
def test_alias_that_names_the_delegator_picks_its_contract(scene: Scene, form: str) -> None:
    alias = form.format(service="uitkeringen", delegator=VOLMACHT, provider=WEESP)
    verdict = at_outway(scene, world=of_both(scene), fsc_grant_hash="", fsc_grant_alias=alias)
    claims = declared(verdict)
    assert (claims.grant_hash, claims.on_behalf_of) == (hash_of("uitkeringen"), VOLMACHT)


def test_plain_alias_picks_the_own_contract_and_never_that_of_another(scene: Scene) -> None:
    scene.doesburg_register = dataclasses.replace(
        scene.doesburg_register,
        policies=(
            dataclasses.replace(
                scene.doesburg_register.policies[0], organisations=("*own",), delegable=False
            ),
        ),
    )
    plain = {"fsc_grant_hash": "", "fsc_grant_alias": "uitkeringen"}
    claims = declared(at_outway(scene, world=of_both(scene), **plain))
    assert (claims.grant_hash, claims.on_behalf_of) == (hash_of("eigen"), "")
    found = refused(at_outway(scene, world=of_both(scene, own=False), **plain))
    assert (found["http"], found["code"]) == (400, "delegator_not_named")
    assert f"uitkeringen@{VOLMACHT}" in found["grant_aliases"]


def test_two_contracts_for_the_same_delegator_are_not_guessed_between(scene: Scene) -> None:
    alias = f"uitkeringen@{VOLMACHT}"
    verdict = at_outway(
        scene, world=of_both(scene, twice=True), fsc_grant_hash="", fsc_grant_alias=alias
    )
    assert code(verdict) == "grant_alias_ambiguous"


def test_a_stranger_behind_the_at_sign_fits_nothing(scene: Scene) -> None:
    alias = f"uitkeringen@{EIGENAAR}"
    verdict = at_outway(scene, world=of_both(scene), fsc_grant_hash="", fsc_grant_alias=alias)
    assert code(verdict) == "UNKNOWN_GRANT_HASH_IN_HEADER"
