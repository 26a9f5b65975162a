# SPDX-License-Identifier: EUPL-1.2
"""The Outway's rules: who of ours may ask, by which contract, and what leaves the house."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    API_KEY,
    ASSISTANCE,
    BASIS,
    DOESBURG,
    LEVEL,
    PARKING,
    RETIRED,
    SPAN,
    TARGET,
    TRACE,
    WEESP,
    Scene,
    hash_of,
    headers_of,
    own_peer_of,
    register,
    scene_of,
)

from landschap.fsc.states import State
from landschap.gateway.asked import Asked, Fresh
from landschap.gateway.doors import (
    Holdings,
    TokenWanted,
    UserKeysWanted,
    Verdict,
    walk,
)
from landschap.gateway.users import Employees
from landschap.gateway.world import Application, Found, build_world
from landschap.logboek.records import Draft, Kind
from landschap.purposes.declaration import Declaration, Expected, read, verify
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import Refusal

ELSE = "00000099000000004000"
EMPLOYEES = Employees(
    issuer="https://inloggen.test", audience="outway", roles_claim="roles", level_claim="acr"
)
ISSUER_KEY = ECKey.generate_key("P-256", parameters={"kid": "k1"})
KEYS = KeySet([ISSUER_KEY])


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    made = scene_of(group_anchor, weesp, doesburg)
    made.employees = EMPLOYEES
    return made


def user_token(scene: Scene, key: ECKey = ISSUER_KEY, kid: str = "k1", **changes: Any) -> str:
    claims = {
        "iss": EMPLOYEES.issuer,
        "aud": EMPLOYEES.audience,
        "sub": "m.devries",
        "exp": int(scene.now.timestamp()) + 300,
        "roles": ["consulent", "teamleider"],
        "acr": "http://eidas.europa.eu/LoA/substantial",
    }
    told = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": kid}, told, key)


def by_user(scene: Scene, token: str = "", **headers: str) -> Asked:
    return scene.outgoing(authorization=f"Bearer {token or user_token(scene)}", **headers)


def holdings(scene: Scene, **changes: Any) -> Holdings:
    return scene.holdings("outway", **{"user_keys": KEYS, **changes})


def ask(scene: Scene, asked: Asked, fresh: Fresh | None = None) -> Verdict:
    found = walk("outway", asked, holdings(scene), fresh or scene.fresh())
    assert isinstance(found, Verdict), found
    return found


def refusal(verdict: Verdict) -> dict[str, Any]:
    headers = headers_of(verdict.answer)
    assert headers[":status"] == "403"
    body: dict[str, Any] = json.loads(headers["x-fsc-body"])
    return {"http": int(headers["x-fsc-status"]), "headers": headers, **body}


def draft_of(verdict: Verdict) -> Draft:
    assert isinstance(verdict.draft, Draft)
    return verdict.draft


def for_another(register: Register, whom: str, **changes: Any) -> Register:
    """The register in which the first policy is for another organisation, for whom we may ask."""
    first, *rest = register.policies
    told: dict[str, Any] = {"organisations": (whom,), "delegable": True}
    return dataclasses.replace(
        register, policies=(dataclasses.replace(first, **told | changes), *rest)
    )


def declared(scene: Scene, verdict: Verdict) -> Declaration:
    """The declaration as Weesp would read and verify it."""
    unverified = read(headers_of(verdict.answer)["purpose-declaration"])
    assert not isinstance(unverified, Refusal)
    expected = Expected(
        peer=DOESBURG,
        provider=WEESP,
        service="uitkeringen",
        grant_hash=hash_of("uitkeringen"),
        trace_id=TRACE,
    )
    found = verify(unverified, scene.doesburg.certificate.key, expected, scene.now)
    assert isinstance(found, Declaration), found
    return found


@pytest.mark.case("fsc:Outway-IncomingRequest-1")
def test_question_within_register_and_contract_goes_to_the_peer(scene: Scene) -> None:
    headers = headers_of(ask(scene, by_user(scene)).answer)
    assert headers[":status"] == "200"
    assert headers["x-fsc-service"] == "peer-inway.weesp.test-8443"
    assert headers["fsc-authorization"] == f"Bearer {scene.held('uitkeringen').token}"
    assert headers["fsc-transaction-id"] == str(scene.fresh().transaction_id)
    assert headers["doelbinding"] == ASSISTANCE
    assert headers["traceparent"] == f"00-{TRACE.hex()}-{'01' * 8}-01"


def test_declaration_says_what_the_organisation_asks(scene: Scene) -> None:
    claims = declared(scene, ask(scene, by_user(scene))).claims
    assert (claims.issuer, claims.audience, claims.purpose) == (DOESBURG, WEESP, ASSISTANCE)
    assert (claims.legal_bases, claims.action) == ((BASIS,), "raadplegen")
    assert (claims.loa, claims.role) == (LEVEL, "consulent")
    assert claims.expires_at - claims.issued_at <= timedelta(seconds=120)


@pytest.mark.case("S-35")
def test_user_never_leaves_the_house(scene: Scene) -> None:
    verdict = ask(scene, by_user(scene, zaak="Z-2026-00412"))
    outside = verdict.answer.decode("latin-1")
    payload = headers_of(verdict.answer)["purpose-declaration"].split(".")[1]
    outside += base64.urlsafe_b64decode(payload + "==").decode()
    for word in ("m.devries", "teamleider", "zaaksysteem", "Z-2026-00412", API_KEY):
        assert word not in outside


@pytest.mark.case("S-35")
def test_own_log_resolves_the_reference_to_the_user(scene: Scene) -> None:
    verdict = ask(scene, by_user(scene, zaak="Z-2026-00412"))
    jti = str(declared(scene, verdict).claims.jti)
    decision = draft_of(verdict).payload["adl"]
    assert isinstance(decision, dict)
    request = decision["body"]["adl.core.request"]
    assert request["context"]["declaration_jti"] == jti
    assert request["context"]["case"] == "Z-2026-00412"
    assert request["subject"] == {
        "type": "application",
        "id": "zaaksysteem",
        "properties": {
            "user": "m.devries",
            "roles": ["consulent", "teamleider"],
            "loa": LEVEL,
        },
    }


def test_case_is_another_reference_for_every_provider_and_the_same_for_one(scene: Scene) -> None:
    first = declared(scene, ask(scene, by_user(scene, zaak="Z-1"))).claims.case
    again = declared(scene, ask(scene, by_user(scene, zaak="Z-1"))).claims.case
    other = declared(scene, ask(scene, by_user(scene, zaak="Z-2"))).claims.case
    assert first == again
    assert len({first, other, ""}) == 3


@pytest.mark.case("fsc:Outway-TransactionLog-1")
def test_record_is_an_outgoing_transaction_without_subject(scene: Scene) -> None:
    draft = draft_of(ask(scene, by_user(scene)))
    assert (draft.kind, draft.peer, draft.subject) == (Kind.FSC, WEESP, None)
    fsc = draft.payload["fsc"]
    assert isinstance(fsc, dict)
    assert fsc["direction"] == "DIRECTION_OUTGOING"
    assert fsc["source"] == {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": DOESBURG}
    assert fsc["grant_hash"] == hash_of("uitkeringen")


@pytest.mark.case("fsc:Outway-TransactionLog-3")
def test_record_names_for_whom_we_ask(scene: Scene) -> None:
    scene.delegator = PeerId(ELSE)
    scene.doesburg_register = for_another(scene.doesburg_register, ELSE)
    fsc = draft_of(ask(scene, by_user(scene))).payload["fsc"]
    assert isinstance(fsc, dict)
    assert fsc["source"]["type"] == "SOURCE_TYPE_DELEGATED_SOURCE"
    assert fsc["source"]["delegator_peer_id"] == ELSE


@pytest.mark.case("fsc:Outway-TransactionLog-4")
def test_record_names_for_whom_the_service_is_offered(scene: Scene) -> None:
    scene.service_delegator = PeerId(ELSE)
    fsc = draft_of(ask(scene, by_user(scene))).payload["fsc"]
    assert isinstance(fsc, dict)
    assert fsc["destination"]["type"] == "DESTINATION_TYPE_DELEGATED_DESTINATION"
    assert fsc["destination"]["delegator_peer_id"] == ELSE


# The application and its user.


@pytest.mark.case("S-04")
@pytest.mark.parametrize("key", ["", "guess", API_KEY[:-1], API_KEY.upper()])
def test_refuses_application_without_a_key_we_gave(scene: Scene, key: str) -> None:
    found = refusal(ask(scene, scene.outgoing(x_api_key=key)))
    assert (found["http"], found["code"]) == (401, "application_unknown")
    assert found["headers"]["x-fsc-www"] == "ApiKey"


def test_application_may_prove_itself_by_a_certificate(scene: Scene, doesburg: Leaf) -> None:
    from tests.gateway.gateway_scene import escaped

    thumbprint = scene.doesburg.certificate.thumbprint
    world = build_world(
        Found(
            epoch=7,
            own=scene.doesburg,
            snapshot=Snapshot(scene.doesburg_register),
            grants=scene.grants(),
            tokens=(scene.held("uitkeringen"),),
            applications=(Application(name="balie", certificate_thumbprint=thumbprint),),
            employees=EMPLOYEES,
        )
    )
    asked = by_user(scene, x_api_key="", x_client_cert=escaped(scene.doesburg.certificate))
    found = walk("outway", asked, holdings(scene, world=world), scene.fresh())
    assert isinstance(found, Verdict)
    assert found.code == ""
    stranger = by_user(scene, x_api_key="", x_client_cert=escaped(scene.weesp.certificate))
    found = walk("outway", stranger, holdings(scene, world=world), scene.fresh())
    assert isinstance(found, Verdict)
    assert found.code == "application_unknown"


def test_without_user_it_is_a_machine_and_a_policy_for_roles_refuses_it(scene: Scene) -> None:
    found = refusal(ask(scene, scene.outgoing()))
    assert (found["http"], found["code"]) == (403, "role_not_allowed")


def test_machine_is_declared_as_such(scene: Scene) -> None:
    policies = register(DOESBURG).policies
    free = tuple(dataclasses.replace(policy, roles=()) for policy in policies)
    scene.doesburg_register = register(DOESBURG, policies=free)
    claims = declared(scene, ask(scene, scene.outgoing())).claims
    assert (claims.loa, claims.role) == ("none", "")


WRONG_USERS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://elders.test"},
    "another audience": {"aud": "other"},
    "expired": {"exp": 1},
    "without end": {"exp": None},
    "not yet": {"nbf": 2**33},
    "without subject": {"sub": None},
}


@pytest.mark.parametrize("name", WRONG_USERS)
def test_refuses_token_of_a_user_that_does_not_hold(scene: Scene, name: str) -> None:
    found = refusal(ask(scene, by_user(scene, user_token(scene, **WRONG_USERS[name]))))
    assert (found["http"], found["code"]) == (401, "user_invalid")
    assert found["headers"]["x-fsc-www"] == "Bearer"


def test_refuses_token_signed_by_another_under_the_same_key_id(scene: Scene) -> None:
    other = ECKey.generate_key("P-256", parameters={"kid": "k1"})
    found = refusal(ask(scene, by_user(scene, user_token(scene, key=other))))
    assert found["code"] == "user_invalid"


@pytest.mark.parametrize("text", ["Basic eDp5", "Bearer x", "Bearer a.b.c", "Bearer " + "x" * 9000])
def test_refuses_anything_that_is_no_token_of_a_user(scene: Scene, text: str) -> None:
    found = refusal(ask(scene, scene.outgoing(authorization=text)))
    assert (found["http"], found["code"]) == (401, "user_invalid")


def test_refuses_unsigned_token(scene: Scene) -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').rstrip(b"=").decode()
    body = user_token(scene).split(".")[1]
    assert refusal(ask(scene, by_user(scene, f"{header}.{body}.")))["code"] == "user_invalid"


def test_token_with_an_unknown_key_asks_for_newer_keys_first(scene: Scene) -> None:
    asked = by_user(scene, user_token(scene, kid="k2"))
    found = walk("outway", asked, holdings(scene), scene.fresh())
    assert found == UserKeysWanted(KEYS)
    late = walk("outway", asked, holdings(scene, unobtainable=True), scene.fresh())
    assert isinstance(late, Verdict)
    assert late.code == "user_invalid"


def test_remembered_user_ends_with_the_token(scene: Scene) -> None:
    asked = by_user(scene)
    assert ask(scene, asked).code == ""
    later = scene.fresh(now=scene.now + timedelta(seconds=306))
    assert ask(scene, asked, later).code == "user_invalid"


@pytest.mark.parametrize(
    ("account", "until", "code"),
    [
        ("sub:m.devries", 0, "user_invalid"),
        ("sub:m.devries", -1, ""),
        ("sub:m.devries", float("inf"), "user_invalid"),
        ("sid:s-1", 0, "user_invalid"),
        ("sid:s-2", float("inf"), ""),
        ("sub:another", float("inf"), ""),
    ],
)
def test_token_of_an_employee_who_left_or_logged_out_is_void_at_once(
    scene: Scene, account: str, until: float, code: str
) -> None:
    given = int(scene.now.timestamp()) - 5
    asked = by_user(scene, user_token(scene, iat=given, sid="s-1"))
    held = holdings(scene)
    # Remembered from an earlier question: the world that came after it counts.
    assert code_of(scene, asked, held) == ""
    world = msgspec.structs.replace(held.world, departed={account: given + until})
    assert code_of(scene, asked, msgspec.structs.replace(held, world=world)) == code


def code_of(scene: Scene, asked: Asked, held: Holdings) -> str:
    found = walk("outway", asked, held, scene.fresh())
    assert isinstance(found, Verdict), found
    return found.code


def test_token_that_does_not_say_when_it_was_given_is_void_after_any_departure(
    scene: Scene,
) -> None:
    held = holdings(scene)
    world = msgspec.structs.replace(held.world, departed={"sub:m.devries": 1.0})
    held = msgspec.structs.replace(held, world=world)
    assert code_of(scene, by_user(scene), held) == "user_invalid"


def test_user_without_an_issuer_configured_is_refused(scene: Scene) -> None:
    asked = by_user(scene)
    scene.employees = None
    assert refusal(ask(scene, asked))["code"] == "user_invalid"


@pytest.mark.parametrize(
    ("claim", "level"),
    [
        ("http://eidas.europa.eu/LoA/low", "loa2"),
        ("http://eidas.europa.eu/LoA/high", "loa4"),
        ("urn:etoegang:core:assurance-class:loa3", "loa3"),
        ("something else", "none"),
        (None, "none"),
    ],
)
def test_level_of_the_user_is_translated_and_never_guessed(
    scene: Scene, claim: str | None, level: str
) -> None:
    verdict = ask(scene, by_user(scene, user_token(scene, acr=claim)))
    assert declared(scene, verdict).claims.loa.endswith(level)


# The contract. Source: FSC Core, "Outway".


@pytest.mark.parametrize("given", ["", "$1$3$unknown", hash_of("elders"), "x"])
def test_refuses_grant_hash_that_is_not_ours(scene: Scene, given: str) -> None:
    found = refusal(ask(scene, by_user(scene, fsc_grant_hash=given)))
    assert (found["http"], found["code"]) == (400, "UNKNOWN_GRANT_HASH_IN_HEADER")
    assert found["domain"] == "ERROR_DOMAIN_OUTWAY"


@pytest.mark.parametrize("alias", ["uitkeringen", f"{WEESP}/uitkeringen"])
def test_alias_stands_for_the_one_contract_it_fits(scene: Scene, alias: str) -> None:
    assert ask(scene, by_user(scene, fsc_grant_hash="", fsc_grant_alias=alias)).code == ""


def test_purpose_may_be_named_by_its_last_part_when_one_fits(scene: Scene) -> None:
    assert ask(scene, by_user(scene, doelbinding="bijstand")).code == ""
    # Of our own register, and not in the contract: known, and refused for that.
    assert ask(scene, by_user(scene, doelbinding="parkeren")).code == "contract_purpose"
    assert ask(scene, by_user(scene, doelbinding="bijst")).code == "purpose_unknown"


def test_alias_stands_for_the_contract_of_the_key_we_show_now(scene: Scene) -> None:
    """Around a change of key there are two contracts: one for the old key, one for the new."""
    next_key = dataclasses.replace(
        scene.grant("uitkeringen"),
        grant_hash=dataclasses.replace(
            scene.grant("uitkeringen").grant_hash, value=hash_of("volgende sleutel")
        ),
        outway_thumbprint="b" * 64,
    )
    world = build_world(
        Found(
            epoch=7,
            own=scene.doesburg,
            snapshot=Snapshot(scene.doesburg_register),
            grants=(*scene.grants(), next_key),
            tokens=(scene.held("uitkeringen"),),
            applications=tuple(scene.world("outway").keys.values()),
            employees=EMPLOYEES,
        )
    )
    asked = by_user(scene, fsc_grant_hash="", fsc_grant_alias="uitkeringen")
    found = walk("outway", asked, holdings(scene, world=world), scene.fresh())
    assert isinstance(found, Verdict)
    assert found.code == ""


def test_an_old_worker_of_the_carrier_asks_on_as_the_former_certificate(
    scene: Scene, group_anchor: Anchor
) -> None:
    """Token, declaration and contract are those of the certificate that the peer sees."""
    leaf = group_anchor.leaf("doesburg-nieuw", DOESBURG, "Gemeente Doesburg", "x.test")
    renewed = own_peer_of(leaf, group_anchor, scene.doesburg.inway_address)
    former = scene.doesburg
    own = dataclasses.replace(renewed, former=(former.certificate,))
    world = msgspec.structs.replace(scene.world("outway"), own=own)
    held = holdings(scene, world=world)
    signing = msgspec.structs.replace(
        held.secrets.signing,
        key=own.key,
        thumbprint=own.certificate.thumbprint,
        former={former.certificate.thumbprint: (former.key, former.certificate.thumbprint)},
    )
    held = msgspec.structs.replace(
        held, secrets=msgspec.structs.replace(held.secrets, signing=signing)
    )
    as_former = by_user(scene, x_outway_certificate=former.certificate.thumbprint)
    found = walk("outway", as_former, held, scene.fresh())
    assert isinstance(found, Verdict)
    headers = headers_of(found.answer)
    assert headers["fsc-authorization"] == f"Bearer {scene.held('uitkeringen').token}"
    header = headers["purpose-declaration"].split(".")[0]
    told = json.loads(base64.urlsafe_b64decode(header + "=="))
    assert told["x5t#S256"] == former.certificate.thumbprint
    # A new worker shows the new certificate; the contract still names the old key.
    found = walk("outway", by_user(scene), held, scene.fresh())
    assert isinstance(found, Verdict)
    assert "another" in refusal(found)["message"]


def test_alias_that_fits_several_contracts_is_refused(scene: Scene) -> None:
    twin = dataclasses.replace(
        scene.grant("uitkeringen"), grant_hash=dataclasses.replace(
            scene.grant("uitkeringen").grant_hash, value=hash_of("tweede")
        )
    )  # fmt: skip
    world = build_world(
        Found(
            epoch=7,
            own=scene.doesburg,
            snapshot=Snapshot(scene.doesburg_register),
            grants=(*scene.grants(), twin),
            applications=tuple(scene.world("outway").keys.values()),
            employees=EMPLOYEES,
        )
    )
    asked = by_user(scene, fsc_grant_hash="", fsc_grant_alias="uitkeringen")
    found = walk("outway", asked, holdings(scene, world=world), scene.fresh())
    assert isinstance(found, Verdict)
    told = refusal(found)
    assert (told["http"], told["code"]) == (400, "grant_alias_ambiguous")
    assert len(told["grant_hashes"]) == 2


@pytest.mark.case("fsc:Outway-IncomingRequest-2")
@pytest.mark.parametrize("state", [State.PROPOSED, State.REJECTED, State.REVOKED])
def test_refuses_without_valid_contract_and_sends_nothing(scene: Scene, state: State) -> None:
    scene.state = state
    found = refusal(ask(scene, by_user(scene)))
    assert (found["http"], found["code"]) == (403, "ERROR_CODE_CONTRACT_NOT_VALID")


def test_refuses_contract_for_the_key_of_another_outway(scene: Scene) -> None:
    other = scene.grant("uitkeringen", outway_thumbprint="0" * 64)
    world = build_world(
        Found(
            epoch=7,
            own=scene.doesburg,
            snapshot=Snapshot(scene.doesburg_register),
            grants=(other,),
            applications=tuple(scene.world("outway").keys.values()),
            employees=EMPLOYEES,
        )
    )
    found = walk("outway", by_user(scene), holdings(scene, world=world), scene.fresh())
    assert isinstance(found, Verdict)
    assert found.code == "ERROR_CODE_GRANT_OF_ANOTHER_OUTWAY"


def test_client_may_give_its_own_transaction_id_of_version_7(scene: Scene) -> None:
    given = "01890a5d-ac96-774b-bcce-b302099a8057"
    headers = headers_of(ask(scene, by_user(scene, fsc_transaction_id=given)).answer)
    assert headers["fsc-transaction-id"] == given
    wrong = by_user(scene, fsc_transaction_id="6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    found = refusal(ask(scene, wrong))
    assert (found["http"], found["code"]) == (400, "INVALID_LOG_RECORD_ID")


def test_trace_of_the_client_goes_on_with_our_span_as_parent(scene: Scene) -> None:
    verdict = ask(scene, by_user(scene, tracestate="a=b"))
    headers = headers_of(verdict.answer)
    assert headers["tracestate"] == "a=b"
    decision = draft_of(verdict).payload["adl"]
    assert isinstance(decision, dict)
    assert decision["parent_span_id"] == SPAN.hex()
    assert headers["traceparent"].split("-")[2] == decision["span_id"]


# Purpose.


@pytest.mark.case("S-30", "S-04")
def test_refuses_question_without_purpose(scene: Scene) -> None:
    found = refusal(ask(scene, by_user(scene, doelbinding="")))
    assert (found["http"], found["code"]) == (400, "purpose_missing")


@pytest.mark.case("S-30")
@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        ("https://doelen.example/id/x", "purpose_unknown"),
        (PARKING, "contract_purpose"),
        (RETIRED, "purpose_retired"),
    ],
)
def test_refuses_purpose_outside_register_or_contract(
    scene: Scene, purpose: str, code: str
) -> None:
    assert refusal(ask(scene, by_user(scene, doelbinding=purpose)))["code"] == code


def test_refuses_user_whose_role_the_own_policy_does_not_name(scene: Scene) -> None:
    found = refusal(ask(scene, by_user(scene, user_token(scene, roles=["archivaris"]))))
    assert (found["http"], found["code"]) == (403, "role_not_allowed")


@pytest.mark.case("A18")
def test_refuses_contract_that_names_no_purpose(scene: Scene) -> None:
    scene.properties = {}
    assert refusal(ask(scene, by_user(scene)))["code"] == "contract_without_purpose"


def test_refuses_fields_outside_the_own_policy(scene: Scene) -> None:
    asked = by_user(scene)
    found = refusal(ask(scene, Asked("POST", "/v1/_zoek?fields=adres.straat", asked.headers)))
    assert (found["http"], found["code"]) == (403, "fields_excess")


def several_actions(scene: Scene) -> None:
    bound = dict(scene.properties["processing.purpose_limitation"])
    bound["actions"] = ["raadplegen", "wissen"]
    scene.properties = {"processing.purpose_limitation": bound}


def test_contract_of_several_actions_needs_the_action_named(scene: Scene) -> None:
    several_actions(scene)
    found = refusal(ask(scene, by_user(scene)))
    assert (found["http"], found["code"]) == (400, "action_unclear")
    assert ask(scene, by_user(scene, handeling="raadplegen")).code == ""
    assert refusal(ask(scene, by_user(scene, handeling="kijken")))["code"] == "action_unclear"


# Tokens.


def test_without_a_token_one_is_wanted_and_without_success_refused(scene: Scene) -> None:
    late = scene.fresh(now=scene.now + timedelta(seconds=96))
    found = walk("outway", by_user(scene), holdings(scene), late)
    own = scene.doesburg.certificate.thumbprint
    assert found == TokenWanted(hash_of("uitkeringen"), own)
    given_up = walk("outway", by_user(scene), holdings(scene, unobtainable=True), late)
    assert isinstance(given_up, Verdict)
    told = refusal(given_up)
    assert (told["http"], told["code"]) == (502, "ERROR_CODE_TOKEN_UNAVAILABLE")
    assert draft_of(given_up).kind is Kind.ADL


@pytest.mark.case("fsc:Outway-IncomingRequest-2")
def test_no_token_is_asked_for_a_question_that_is_refused_anyway(scene: Scene) -> None:
    late = scene.fresh(now=scene.now + timedelta(seconds=96))
    found = walk("outway", by_user(scene, doelbinding=PARKING), holdings(scene), late)
    assert isinstance(found, Verdict)


def test_connect_is_refused(scene: Scene) -> None:
    asked = Asked("CONNECT", "/", by_user(scene).headers)
    found = refusal(ask(scene, asked))
    assert (found["http"], found["code"]) == (405, "ERROR_CODE_METHOD_UNSUPPORTED")


def test_refusals_carry_a_transaction_id_by_which_they_can_be_explained(scene: Scene) -> None:
    for asked in (scene.outgoing(x_api_key=""), by_user(scene, doelbinding=PARKING)):
        verdict = ask(scene, asked)
        told = headers_of(verdict.answer)["fsc-transaction-id"]
        assert draft_of(verdict).transaction_id == UUID(told)


def test_what_the_outway_declares_the_inway_accepts(scene: Scene) -> None:
    """Both doors, one question: the declaration made here opens the door there."""
    sent = headers_of(ask(scene, by_user(scene)).answer)
    arrived = scene.incoming(
        fsc_transaction_id=sent["fsc-transaction-id"],
        purpose_declaration=sent["purpose-declaration"],
        doelbinding=sent["doelbinding"],
        traceparent=sent["traceparent"],
    )
    verdict = scene.ask_inway(Asked("POST", TARGET, arrived.headers))
    assert verdict.code == ""
