# SPDX-License-Identifier: EUPL-1.2
"""A question at the Outway that is needed to answer another: what it says of that one, and how
far it may go. Doesburg was asked by Zutphen, and asks Weesp.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    BASIS,
    DOESBURG,
    PARKING,
    SINCE,
    TRANSACTION,
    WEESP,
    Scene,
    hash_of,
    headers_of,
    purpose,
    register,
    scene_of,
    text,
)

from landschap.fsc.connections import ConnectionGrant
from landschap.gateway.doors import Verdict, walk
from landschap.gateway.memory import Memory
from landschap.logboek.records import Draft
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.chain import digest_of
from landschap.purposes.declaration import Claims, Unverified, read
from landschap.purposes.model import Compatibility, Register
from landschap.purposes.permit import LIFETIME, Permit, Received, seal
from landschap.purposes.replay import question_of
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import Refusal

ZUTPHEN = "00000099000000005000"
WIDER = "https://doelen.example/id/werk-en-inkomen"
NARROWER = "https://doelen.example/id/bijstand/woonkosten"
RECEIVED = "eyJh.eyJi.c2ln"
RECEIVED_JTI = UUID("01890a5d-ac96-774b-bcce-b302099a8061")
EARLIER = UUID("01890a5d-ac96-774b-bcce-b302099a8062")
KEY = b"p" * 32
COMPATIBLE = Compatibility(
    id="bijstand-naar-parkeren",
    version=1,
    origin=ASSISTANCE,
    target=PARKING,
    test="zaak 2026-0412",
    author="A. de Vries",
    approver="B. Jansen",
    valid=SINCE,
    explanation=text("sociaal tarief"),
)


class Chain(Scene):
    """The scene in which Zutphen may ask Doesburg, under a contract that goes onward or not."""

    onward = False

    def grants(self) -> tuple[ConnectionGrant, ...]:
        bound = Bound.of(purposes=(ASSISTANCE,), legal_bases=(BASIS,), onward=self.onward)
        asked = self.grant(
            "gevraagd",
            outway_peer_id=PeerId(ZUTPHEN),
            service_peer_id=PeerId(DOESBURG),
            properties={PROPERTY: bound.as_property()},
        )
        return (*super().grants(), asked)


def _wide(owner: str, *policies: str, **changes: Any) -> Register:
    """The register with a tree of purposes, and a policy for each of these purposes as well."""
    made = register(owner)
    first = made.policies[0]
    more = tuple(
        dataclasses.replace(first, id=f"POL-{number}", purpose=uri, roles=())
        for number, uri in enumerate((ASSISTANCE, *policies), start=10)
    )
    purposes = (
        purpose(WIDER),
        *(
            dataclasses.replace(p, broader=WIDER) if p.uri == ASSISTANCE else p
            for p in made.purposes
        ),
        purpose(NARROWER, broader=ASSISTANCE),
    )
    return dataclasses.replace(
        made, policies=(*more, *made.policies[1:]), purposes=purposes, **changes
    )


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Chain:
    made = scene_of(group_anchor, weesp, doesburg)
    chain = Chain(**{each.name: getattr(made, each.name) for each in dataclasses.fields(made)})
    bound = Bound.of(
        purposes=(WIDER, PARKING), legal_bases=(BASIS,), field_set=made.weesp_register.field_sets[0]
    )
    chain.properties = {PROPERTY: bound.as_property()}
    chain.doesburg_register = _wide(DOESBURG, WIDER, PARKING)
    chain.weesp_register = _wide(WEESP, WIDER, PARKING)
    return chain


def permit(scene: Scene, **changes: Any) -> str:
    """The Permit that Doesburg's Inway gave its service for Zutphen's question."""
    made = Permit(
        transaction_id=EARLIER,
        service="gevraagd",
        method="GET",
        target="/wat/dan/ook",
        peer=ZUTPHEN,
        purpose=ASSISTANCE,
        policy="POL-7@1",
        snapshot="sha256-x",
        activity="",
        activity_version=0,
        fields=("bsn",),
        searchable=(),
        expires_at=scene.now + LIFETIME,
        grant_hash=hash_of("gevraagd"),
        declaration=str(RECEIVED_JTI),
        received=Received(digest=digest_of(RECEIVED), purpose=ASSISTANCE, origin=ASSISTANCE),
    )
    return seal(dataclasses.replace(made, **changes), KEY)


def received(**changes: Any) -> Received:
    made = Received(digest=digest_of(RECEIVED), purpose=ASSISTANCE, origin=ASSISTANCE)
    return dataclasses.replace(made, **changes)


def ask(scene: Scene, **headers: str) -> Verdict:
    """Doesburg's service asks on, with the Permit it got."""
    asked = scene.outgoing(**{"permit": permit(scene), **headers})
    found = walk("outway", asked, scene.holdings("outway"), scene.fresh())
    assert isinstance(found, Verdict), found
    return found


def declared(verdict: Verdict) -> Claims:
    unverified = read(headers_of(verdict.answer)["purpose-declaration"])
    assert isinstance(unverified, Unverified)
    return unverified.claims


def at_weesp(scene: Scene, verdict: Verdict) -> Verdict:
    """What Weesp's Inway says to the question that left."""
    sent = headers_of(verdict.answer)
    return walked_at_weesp(scene, sent["purpose-declaration"], sent["doelbinding"])


def walked_at_weesp(scene: Scene, declaration: str, plain: str = "") -> Verdict:
    asked = scene.incoming(purpose_declaration=declaration, doelbinding=plain)
    found = walk("inway", asked, scene.holdings("inway"), scene.fresh())
    assert isinstance(found, Verdict), found
    return found


def refused(verdict: Verdict) -> tuple[str, int]:
    return verdict.code, int(headers_of(verdict.answer)["x-fsc-status"])


def request_in(verdict: Verdict) -> Any:
    assert isinstance(verdict.draft, Draft)
    adl: Any = verdict.draft.payload["adl"]
    return adl["body"]["adl.core.request"]


@pytest.mark.case("A43")
def test_the_same_purpose_goes_on_one_hop_deeper_with_the_hash_of_what_was_received(
    scene: Chain,
) -> None:
    verdict = ask(scene)
    assert verdict.code == ""
    claims = declared(verdict)
    before = claims.follows
    assert before is not None
    assert (claims.issuer, claims.purpose, before.depth) == (DOESBURG, ASSISTANCE, 1)
    assert (before.issuer, before.jti, before.purpose) == (ZUTPHEN, RECEIVED_JTI, ASSISTANCE)
    assert before.digest == digest_of(RECEIVED)
    assert before.origin == ASSISTANCE
    assert at_weesp(scene, verdict).code == ""


def test_a_narrower_purpose_goes_on_and_the_origin_stays_what_it_was(scene: Chain) -> None:
    verdict = ask(scene, doelbinding=NARROWER)
    assert verdict.code == ""
    deeper = permit(
        scene,
        purpose=NARROWER,
        received=received(purpose=NARROWER, origin=ASSISTANCE, depth=2),
    )
    claims = declared(ask(scene, doelbinding=NARROWER, permit=deeper))
    assert claims.follows is not None
    assert (claims.follows.depth, claims.follows.origin) == (3, ASSISTANCE)
    assert at_weesp(scene, verdict).code == ""


@pytest.mark.case("A44")
@pytest.mark.parametrize(("asked", "onward"), [(WIDER, True), (PARKING, False)])
def test_a_wider_purpose_and_a_compatible_one_that_may_not_go_onward_are_refused(
    scene: Chain, asked: str, onward: bool
) -> None:
    """Without the Permit the same question leaves: it is the chain that refuses it."""
    scene.onward = onward
    scene.doesburg_register = dataclasses.replace(
        scene.doesburg_register, compatibilities=(COMPATIBLE,)
    )
    assert ask(scene, doelbinding=asked, permit="").code == ""
    verdict = ask(scene, doelbinding=asked)
    assert refused(verdict) == ("chain_purpose", 403)
    assert request_in(verdict)["context"]["follows"]["declaration_jti"] == str(RECEIVED_JTI)


def test_a_compatible_purpose_goes_on_by_a_test_and_a_contract_that_lets_it(scene: Chain) -> None:
    scene.onward = True
    assert refused(ask(scene, doelbinding=PARKING)) == ("chain_purpose", 403)
    scene.doesburg_register = dataclasses.replace(
        scene.doesburg_register, compatibilities=(COMPATIBLE,)
    )
    verdict = ask(scene, doelbinding=PARKING)
    assert verdict.code == ""
    # Who is asked has to know the test as well; a claim alone is not enough.
    assert refused(at_weesp(scene, verdict)) == ("chain_purpose", 403)
    scene.weesp_register = dataclasses.replace(scene.weesp_register, compatibilities=(COMPATIBLE,))
    scene.memory = Memory()  # asked again as if for the first time
    assert at_weesp(scene, verdict).code == ""


def test_who_is_asked_refuses_a_widening_that_the_asker_let_through(scene: Chain) -> None:
    """An Outway that does not keep to the rule signs a wider purpose; the Inway sees it."""
    honest = declared(ask(scene, doelbinding=NARROWER))
    assert honest.follows is not None
    before = dataclasses.replace(honest.follows, purpose=NARROWER, origin=NARROWER)
    wide = scene.declaration(follows=before, purpose=WIDER)
    assert refused(walked_at_weesp(scene, wide)) == ("chain_purpose", 403)
    same = scene.declaration(
        follows=before, purpose=NARROWER, jti=UUID("01890a5d-ac96-774b-bcce-b302099a8070")
    )
    assert walked_at_weesp(scene, same).code == ""


@pytest.mark.case("A45")
def test_a_fifth_hop_is_refused_at_both_doors(scene: Chain) -> None:
    fourth = permit(scene, received=received(depth=3))
    assert ask(scene, permit=fourth).code == ""
    fifth = permit(scene, received=received(depth=4))
    assert refused(ask(scene, permit=fifth)) == ("chain_too_deep", 403)
    honest = declared(ask(scene)).follows
    assert honest is not None
    deep = scene.declaration(follows=dataclasses.replace(honest, depth=5))
    assert refused(walked_at_weesp(scene, deep)) == ("chain_too_deep", 403)


def test_the_record_of_each_side_refers_to_the_question_before(scene: Chain) -> None:
    verdict = ask(scene)
    own = request_in(verdict)
    assert own["context"]["follows"] == {
        "issuer": ZUTPHEN,
        "declaration_jti": str(RECEIVED_JTI),
        "declaration_hash": digest_of(RECEIVED),
        "purpose": ASSISTANCE,
        "origin_purpose": ASSISTANCE,
        "depth": 1,
        "onward": False,
        "transaction_id": str(EARLIER),
    }
    theirs = request_in(at_weesp(scene, verdict))
    unverified = read(theirs["context"]["declaration"])
    assert isinstance(unverified, Unverified)
    assert unverified.claims.follows is not None
    assert unverified.claims.follows.digest == digest_of(RECEIVED)
    # Who asked Doesburg is known by its organisation; its transaction stays between those two.
    assert str(EARLIER) not in json.dumps(theirs)
    for request, owner in ((own, DOESBURG), (theirs, WEESP)):
        again = question_of(request, None, owner)
        assert again is not None
        assert again.follows is not None
        assert again.follows.digest == digest_of(RECEIVED)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("v1.e30.AA", "permit_invalid"),
        ("rommel", "permit_invalid"),
    ],
)
def test_a_permit_that_is_not_ours_is_no_question_before(
    scene: Chain, given: str, code: str
) -> None:
    assert refused(ask(scene, permit=given)) == (code, 403)


def test_a_permit_is_sealed_by_us_in_time_and_for_a_signed_declaration(scene: Chain) -> None:
    late = permit(scene, expires_at=scene.now - timedelta(seconds=1))
    assert refused(ask(scene, permit=late)) == ("permit_expired", 403)
    other = permit(scene)[:-4] + "AAAA"
    assert refused(ask(scene, permit=other)) == ("permit_invalid", 403)
    plain = permit(scene, received=None, declaration="")
    assert refused(ask(scene, permit=plain)) == ("chain_undeclared", 403)
    # For no purpose at all nothing was asked before: this is the first question of a chain.
    none = permit(scene, received=None, declaration="", purpose="")
    assert declared(ask(scene, permit=none)).follows is None


def test_the_inway_gives_its_service_what_a_next_question_needs(scene: Chain) -> None:
    from landschap.purposes.permit import open_for_next

    verdict = ask(scene, doelbinding=NARROWER)
    sent = headers_of(verdict.answer)
    answered = at_weesp(scene, verdict)
    opened = open_for_next(headers_of(answered.answer)["permit"], (KEY,), scene.now)
    assert not isinstance(opened, Refusal)
    assert opened.received == Received(
        digest=digest_of(sent["purpose-declaration"]),
        purpose=NARROWER,
        origin=ASSISTANCE,
        depth=1,
    )
    assert (opened.peer, opened.transaction_id) == (DOESBURG, TRANSACTION)
    assert opened.fields == ()


def test_a_question_along_a_chain_is_never_answered_from_memory(scene: Chain) -> None:
    """Each refers to another one; the third of a kind is decided as the first."""
    holdings = scene.holdings("inway")
    token = f"Bearer {scene.token()}"
    seen = set()
    for number in range(4):
        jti = UUID(f"01890a5d-ac96-774b-bcce-b302099a80{number + 80}")
        before = declared(ask(scene)).follows
        assert before is not None
        hashed = dataclasses.replace(before, digest=digest_of(f"a.b.{number}"))
        text_of = scene.declaration(jti=jti, follows=hashed)
        asked = scene.incoming(purpose_declaration=text_of, fsc_authorization=token)
        found = walk("inway", asked, holdings, scene.fresh())
        assert isinstance(found, Verdict)
        assert isinstance(found.draft, Draft), "made anew, and not from a mould"
        seen.add(json.dumps(request_in(found)))
    assert len(seen) == 4
