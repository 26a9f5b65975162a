# SPDX-License-Identifier: EUPL-1.2
"""The Inway's rules: who may ask, by which contract, for which purpose, and what is refused why."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ACTIVITY,
    ASSISTANCE,
    BASIS,
    DOESBURG,
    PARKING,
    RETIRED,
    SPAN,
    TARGET,
    TRACE,
    TRANSACTION,
    WEESP,
    Scene,
    escaped,
    hash_of,
    headers_of,
    own_peer_of,
    register,
    scene_of,
)

from landschap.fsc.certificates import peer_certificate
from landschap.fsc.states import State
from landschap.gateway.asked import Asked
from landschap.gateway.doors import KeyWanted, Verdict, walk
from landschap.gateway.services import Service
from landschap.logboek.records import Draft, Kind
from landschap.purposes.permit import Permit, open_permit
from landschap.vocabulary.identifiers import PeerId

ELSE = "00000099000000004000"


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    return scene_of(group_anchor, weesp, doesburg)


@pytest.fixture
def stranger(group_anchor: Anchor) -> Leaf:
    return group_anchor.leaf("stranger", ELSE, "Gemeente Elders", "elders.test")


def refusal(verdict: Verdict) -> dict[str, Any]:
    headers = headers_of(verdict.answer)
    assert headers[":status"] == "403"
    body: dict[str, Any] = json.loads(headers["x-fsc-body"])
    return {"http": int(headers["x-fsc-status"]), "headers": headers, **body}


def draft_of(verdict: Verdict) -> Draft:
    assert isinstance(verdict.draft, Draft)
    return verdict.draft


def adl(verdict: Verdict) -> dict[str, Any]:
    found = draft_of(verdict).payload["adl"]
    assert isinstance(found, dict)
    return found


def to(asked: Asked, target: str, method: str = "POST") -> Asked:
    return Asked(method, target, asked.headers)


@pytest.mark.case("A1", "fsc:Inway-Incoming-Request-1")
def test_question_within_contract_and_policy_goes_to_the_service(scene: Scene) -> None:
    verdict = scene.ask_inway()
    headers = headers_of(verdict.answer)
    assert headers[":status"] == "200"
    assert headers["x-fsc-service"] == "own-uitkeringen"
    assert headers["fsc-transaction-id"] == str(TRANSACTION)
    assert headers["traceparent"] == f"00-{TRACE.hex()}-{'01' * 8}-01"
    assert headers["tracestate"] == "a=b"
    assert headers["purpose-decision"].startswith('allow; policy="POL-1@3"; version="sha256-')
    assert verdict.code == ""


def permit_of(scene: Scene, verdict: Verdict, target: str = TARGET) -> Permit:
    found = open_permit(
        headers_of(verdict.answer)["permit"],
        b"p" * 32,
        now=scene.now,
        method="POST",
        target=target,
        service="uitkeringen",
    )
    assert isinstance(found, Permit), found
    return found


def test_permit_holds_the_visible_fields_and_opens_for_this_question_only(scene: Scene) -> None:
    permit = permit_of(scene, scene.ask_inway())
    assert set(permit.fields) == {"uitkering.soort", "uitkering.norm"}
    assert permit.searchable == ("bsn",)
    assert (permit.peer, permit.purpose, permit.policy) == (DOESBURG, ASSISTANCE, "POL-1@3")
    assert (permit.activity, permit.transaction_id) == (ACTIVITY, TRANSACTION)
    assert permit.declaration == str(scene.claims().jti)


@pytest.mark.case("A30")
def test_without_fields_the_permit_holds_all_that_may_be_seen(scene: Scene) -> None:
    asked = to(scene.incoming(), "/v1/_zoek")
    permit = permit_of(scene, scene.ask_inway(asked), "/v1/_zoek")
    assert set(permit.fields) == {"bsn", "uitkering.soort", "uitkering.norm"}


@pytest.mark.case("S-32", "fsc:Inway-TransactionLog-1")
def test_record_holds_transaction_decision_declaration_and_snapshot(scene: Scene) -> None:
    draft = draft_of(scene.ask_inway())
    assert draft.kind is Kind.FSC
    assert (draft.transaction_id, draft.peer, draft.service) == (
        TRANSACTION,
        DOESBURG,
        "uitkeringen",
    )
    fsc = draft.payload["fsc"]
    assert isinstance(fsc, dict)
    assert fsc == {
        "transaction_id": str(TRANSACTION),
        "direction": "DIRECTION_INCOMING",
        "grant_hash": hash_of("uitkeringen"),
        "source": {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": DOESBURG},
        "destination": {"type": "DESTINATION_TYPE_DESTINATION", "service_peer_id": WEESP},
        "service_name": "uitkeringen",
        "created_at": int(scene.now.timestamp()),
    }
    decision = adl(scene.ask_inway())
    request = decision["body"]["adl.core.request"]
    assert request["subject"]["id"] == DOESBURG
    assert request["context"]["purpose"] == ASSISTANCE
    assert request["context"]["declaration"].count(".") == 2
    assert request["context"]["geldigOp"] == "2026-11-01"
    assert decision["parent_span_id"] == SPAN.hex()
    assert decision["trace_id"] == TRACE.hex()
    assert decision["attributes"]["adl.core.policies"]["landschap"].startswith("sha256-")


def test_record_holds_no_path(scene: Scene) -> None:
    asked = to(scene.incoming(), "/personen/999993653?fields=uitkering.soort")
    assert "999993653" not in str(scene.ask_inway(asked).draft)


# Tokens. Source: FSC Core, "Access token"; the order is that of the standard.


@pytest.mark.case("fsc:Inway-Incoming-Request-2", "S-04")
def test_refuses_without_token(scene: Scene) -> None:
    found = refusal(scene.ask_inway(scene.incoming(fsc_authorization="")))
    assert (found["http"], found["code"]) == (401, "ERROR_CODE_ACCESS_TOKEN_MISSING")
    assert found["domain"] == "ERROR_DOMAIN_INWAY"
    assert found["headers"]["x-fsc-www"] == "Bearer"
    assert found["headers"]["fsc-error-code"] == "ERROR_CODE_ACCESS_TOKEN_MISSING"
    assert found["headers"]["x-fsc-deny"] == "fsc"


@pytest.mark.case("fsc:Inway-Incoming-Request-3")
def test_refuses_token_bound_to_another_certificate(scene: Scene, stranger: Leaf) -> None:
    other = peer_certificate(stranger.certificate)
    token = scene.token(client=other)
    found = refusal(scene.ask_inway(scene.incoming(fsc_authorization=token)))
    assert (found["http"], found["code"]) == (401, "ERROR_CODE_ACCESS_TOKEN_INVALID")


@pytest.mark.case("fsc:Inway-Incoming-Request-3")
def test_refuses_a_stolen_token_that_was_good_a_moment_ago(scene: Scene, stranger: Leaf) -> None:
    asked = scene.incoming()
    assert scene.ask_inway(asked).code == ""
    stolen = {**asked.headers, "x-peer-cert": escaped(peer_certificate(stranger.certificate))}
    found = refusal(scene.ask_inway(Asked(asked.method, asked.target, stolen)))
    assert (found["http"], found["code"]) == (401, "ERROR_CODE_ACCESS_TOKEN_INVALID")


@pytest.mark.case("fsc:Inway-Incoming-Request-6")
def test_refuses_expired_token_also_when_it_was_remembered(scene: Scene) -> None:
    asked = scene.incoming()
    assert scene.ask_inway(asked).code == ""
    found = refusal(scene.ask_inway(asked, now=scene.now + timedelta(seconds=301)))
    assert (found["http"], found["code"]) == (401, "ERROR_CODE_ACCESS_TOKEN_EXPIRED")
    assert found["headers"]["x-fsc-www"] == "Bearer"


def test_refuses_token_signed_by_another(scene: Scene) -> None:
    forged = scene.token(own=dataclasses.replace(scene.weesp, key=scene.doesburg.key))
    found = refusal(scene.ask_inway(scene.incoming(fsc_authorization=forged)))
    assert found["code"] == "ERROR_CODE_ACCESS_TOKEN_INVALID"


def test_refuses_two_tokens(scene: Scene) -> None:
    two = f"Bearer {scene.token()}, Bearer {scene.token()}"
    found = refusal(scene.ask_inway(scene.incoming(fsc_authorization=two)))
    assert found["code"] == "ERROR_CODE_ACCESS_TOKEN_INVALID"


def test_refuses_token_of_another_group(scene: Scene) -> None:
    other = scene.token(own=dataclasses.replace(scene.weesp, group_id="other-group"))
    found = refusal(scene.ask_inway(scene.incoming(fsc_authorization=other)))
    assert (found["http"], found["code"]) == (403, "ERROR_CODE_WRONG_GROUP_ID_IN_TOKEN")


def test_refuses_token_for_an_inway_at_another_address(scene: Scene) -> None:
    other = scene.token(own=dataclasses.replace(scene.weesp, inway_address="https://x.test:1"))
    found = refusal(scene.ask_inway(scene.incoming(fsc_authorization=other)))
    assert found["code"] == "ERROR_CODE_ACCESS_TOKEN_INVALID"


@pytest.mark.parametrize("token", ["x", "a.b.c", "Bearer", "é", "Bearer a.b.c", "." * 20000])
def test_refuses_anything_that_is_no_token(scene: Scene, token: str) -> None:
    found = refusal(scene.ask_inway(scene.incoming(fsc_authorization=token)))
    assert found["http"] == 401


@pytest.mark.parametrize("pem", ["", "rubbish", "-----BEGIN%20CERTIFICATE-----%0Ax"])
def test_refuses_certificate_that_can_not_be_read(scene: Scene, pem: str) -> None:
    found = refusal(scene.ask_inway(scene.incoming(x_peer_cert=pem)))
    assert (found["http"], found["code"]) == (
        400,
        "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED",
    )


# Transaction id. Source: FSC Logging, "Error codes".


@pytest.mark.case("fsc:Inway-TransactionLog-3")
def test_refuses_without_transaction_id(scene: Scene) -> None:
    found = refusal(scene.ask_inway(scene.incoming(fsc_transaction_id="")))
    assert (found["http"], found["code"]) == (400, "MISSING_LOG_RECORD_ID")


@pytest.mark.parametrize(
    "given", ["x", "6ba7b810-9dad-41d1-80b4-00c04fd430c8", f"{{{TRANSACTION}}}", TRANSACTION.hex]
)
def test_refuses_transaction_id_that_is_no_uuid_of_version_7(scene: Scene, given: str) -> None:
    found = refusal(scene.ask_inway(scene.incoming(fsc_transaction_id=given)))
    assert (found["http"], found["code"]) == (400, "INVALID_LOG_RECORD_ID")


# Service, contract, method, body.


def test_refuses_service_that_is_not_offered(scene: Scene) -> None:
    scene.services = ()
    found = refusal(scene.ask_inway())
    assert (found["http"], found["code"]) == (404, "ERROR_CODE_SERVICE_NOT_FOUND")
    assert found["missing"]
    assert found["owner"]


@pytest.mark.parametrize("state", [State.PROPOSED, State.REJECTED, State.REVOKED])
def test_refuses_when_our_own_memory_says_the_contract_ended(scene: Scene, state: State) -> None:
    """The token still lives; a revoked contract works at once all the same."""
    scene.state = state
    found = refusal(scene.ask_inway())
    assert (found["http"], found["code"]) == (403, "ERROR_CODE_CONTRACT_NOT_VALID")
    assert state.value in found["message"]


def test_refuses_after_the_period_of_the_contract(scene: Scene) -> None:
    later = scene.now + timedelta(days=2)
    asked = scene.incoming(fsc_authorization=scene.token(now=later))
    found = refusal(scene.ask_inway(asked, now=later))
    assert found["code"] == "ERROR_CODE_CONTRACT_NOT_VALID"
    assert "state is expired" in found["message"]


def test_refuses_method_the_service_does_not_offer(scene: Scene) -> None:
    found = refusal(scene.ask_inway(to(scene.incoming(), TARGET, "DELETE")))
    assert (found["http"], found["code"]) == (405, "ERROR_CODE_METHOD_UNSUPPORTED")


@pytest.mark.parametrize(
    ("length", "encoding", "code"),
    [
        ("1048577", "", "ERROR_CODE_BODY_TOO_LARGE"),
        ("", "chunked", "ERROR_CODE_LENGTH_REQUIRED"),
        ("", "", "ERROR_CODE_LENGTH_REQUIRED"),
    ],
)
def test_refuses_body_over_the_limit_or_of_unknown_length(
    scene: Scene, length: str, encoding: str, code: str
) -> None:
    asked = scene.incoming(x_body_length=length, x_body_encoding=encoding)
    assert refusal(scene.ask_inway(asked))["code"] == code


def test_service_without_limit_takes_a_body_of_unknown_length(scene: Scene) -> None:
    unlimited = dataclasses.replace(scene.services[0], body_bytes=0)
    scene.services = (unlimited,)
    assert scene.ask_inway(scene.incoming(x_body_length="", x_body_encoding="chunked")).code == ""


# Declaration. Source: authorisation algorithm, R1.


@pytest.mark.case("A2", "S-30", "S-04")
def test_refuses_without_declaration(scene: Scene) -> None:
    verdict = scene.ask_inway(scene.incoming(purpose_declaration="", doelbinding=""))
    found = refusal(verdict)
    assert (found["http"], found["code"]) == (401, "declaration_missing")
    assert found["headers"]["x-fsc-www"] == "Purpose"
    assert found["headers"]["x-fsc-deny"] == "problem"
    assert found["missing"]
    assert found["owner"]
    assert draft_of(verdict).kind is Kind.ADL


@pytest.mark.case("A3")
def test_refuses_declaration_of_another_organisation(scene: Scene) -> None:
    other = scene.declaration(issuer=ELSE)
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration=other)))
    assert (found["http"], found["code"]) == (401, "declaration_invalid")


@pytest.mark.case("A4")
def test_refuses_declaration_for_another_provider(scene: Scene) -> None:
    other = scene.declaration(audience=ELSE)
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration=other)))
    assert (found["http"], found["code"]) == (401, "declaration_audience")


@pytest.mark.case("A5")
@pytest.mark.parametrize(("seconds", "code"), [(61, "declaration_expired"), (59, "")])
def test_expired_declaration_is_refused_beyond_a_minute_of_skew(
    scene: Scene, seconds: int, code: str
) -> None:
    ended = scene.now - timedelta(seconds=seconds)
    old = scene.declaration(issued_at=ended - timedelta(seconds=60), expires_at=ended)
    assert scene.ask_inway(scene.incoming(purpose_declaration=old)).code == code


@pytest.mark.case("A6")
def test_declaration_counts_once_and_a_retry_of_the_same_span_passes(scene: Scene) -> None:
    asked = scene.incoming()
    assert scene.ask_inway(asked).code == ""
    assert scene.ask_inway(asked).code == ""
    other_span = f"00-{TRACE.hex()}-{'ab' * 8}-01"
    again = Asked(asked.method, asked.target, {**asked.headers, "traceparent": other_span})
    found = refusal(scene.ask_inway(again))
    assert (found["http"], found["code"]) == (401, "declaration_replayed")


@pytest.mark.case("A7")
def test_refuses_declaration_of_another_trace(scene: Scene) -> None:
    other = scene.declaration(trace_id=b"\x09" * 16)
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration=other)))
    assert (found["http"], found["code"]) == (401, "declaration_binding")
    absent = refusal(scene.ask_inway(scene.incoming(traceparent="")))
    assert absent["code"] == "declaration_binding"


@pytest.mark.case("A8")
@pytest.mark.parametrize(
    "changes", [{"grant_hash": hash_of("pand-open")}, {"service": "pand-open"}]
)
def test_refuses_declaration_for_another_contract_or_service(
    scene: Scene, changes: dict[str, Any]
) -> None:
    other = scene.declaration(**changes)
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration=other)))
    assert (found["http"], found["code"]) == (401, "declaration_binding")


def test_refuses_declaration_of_another_action_than_the_method_is(scene: Scene) -> None:
    other = scene.declaration(action="wissen")
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration=other)))
    assert (found["http"], found["code"]) == (401, "declaration_binding")


@pytest.mark.case("A9")
@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"typ": "JWT"}])
def test_refuses_other_algorithms_and_types_before_any_signature_work(
    scene: Scene, header: dict[str, str]
) -> None:
    parts = scene.declaration().split(".")
    told = json.loads(base64.urlsafe_b64decode(parts[0] + "=="))
    raw = json.dumps({**told, **header}).encode()
    parts[0] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration=".".join(parts))))
    assert (found["http"], found["code"]) == (401, "declaration_invalid")


@pytest.mark.case("A10")
def test_refuses_declaration_over_two_kilobytes(scene: Scene) -> None:
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration="x" * 2049)))
    assert (found["http"], found["code"]) == (400, "declaration_too_large")


@pytest.mark.case("A11", "S-30")
def test_refuses_plain_purpose_that_differs_from_the_signed_one(scene: Scene) -> None:
    found = refusal(scene.ask_inway(scene.incoming(doelbinding=PARKING)))
    assert (found["http"], found["code"]) == (400, "purpose_mismatch")


@pytest.mark.case("A12")
def test_plain_purpose_is_enough_only_where_the_service_says_so(scene: Scene) -> None:
    strict = refusal(scene.ask_inway(scene.incoming(purpose_declaration="")))
    assert (strict["http"], strict["code"]) == (401, "declaration_missing")
    token = f"Bearer {scene.token('pand-plain')}"
    asked = to(
        scene.incoming(purpose_declaration="", fsc_authorization=token), "/p?fields=bouwjaar", "GET"
    )
    verdict = scene.ask_inway(asked)
    assert verdict.code == ""
    request = adl(verdict)["body"]["adl.core.request"]
    assert request["context"]["declaration"] == "unsigned"


@pytest.mark.case("A13", "S-30")
def test_refuses_unknown_and_retired_purposes(scene: Scene) -> None:
    unknown = scene.incoming(
        purpose_declaration=scene.declaration(purpose="https://doelen.example/id/x"), doelbinding=""
    )
    found = refusal(scene.ask_inway(unknown))
    assert (found["http"], found["code"]) == (403, "purpose_unknown")
    retired = scene.incoming(
        purpose_declaration=scene.declaration(purpose=RETIRED, jti=UUID(int=7)), doelbinding=""
    )
    found = refusal(scene.ask_inway(retired))
    assert (found["http"], found["code"]) == (403, "purpose_retired")
    assert found["replaced_by"] == ASSISTANCE


def test_declaration_signed_with_another_certificate_of_the_peer_asks_for_that(
    scene: Scene, group_anchor: Anchor
) -> None:
    other = group_anchor.leaf("second", DOESBURG, "Gemeente Doesburg", "tweede.test")
    signer = own_peer_of(other, group_anchor, "https://inway.doesburg.test:8443")
    asked = scene.incoming(purpose_declaration=scene.declaration(signer))
    wanted = walk("inway", asked, scene.holdings("inway"), scene.fresh())
    assert wanted == KeyWanted(DOESBURG, signer.certificate.thumbprint)
    lacking = walk("inway", asked, scene.holdings("inway", unobtainable=True), scene.fresh())
    assert isinstance(lacking, Verdict)
    assert refusal(lacking)["code"] == "declaration_invalid"
    scene.memory.peer_certificates.keep(
        (DOESBURG, signer.certificate.thumbprint), signer.certificate
    )
    assert scene.ask_inway(asked).code == ""


# Deciding. Source: authorisation algorithm, R2 to R14.


@pytest.mark.case("A28", "S-24")
def test_refuses_one_field_too_many_and_proposes_the_rest(scene: Scene) -> None:
    asked = to(scene.incoming(), "/v1/_zoek?fields=uitkering.soort,adres.straat")
    verdict = scene.ask_inway(asked)
    found = refusal(verdict)
    assert (found["http"], found["code"]) == (403, "fields_excess")
    assert found["allowed_fields"] == ["uitkering.soort"]
    assert adl(verdict)["status"] == "Unset"
    context = adl(verdict)["body"]["adl.core.response"]["context"]
    assert any(step["outcome"] == "fail" for step in context["steps"])


@pytest.mark.case("A29")
def test_lenient_question_is_trimmed_and_says_so(scene: Scene) -> None:
    target = "/v1/_zoek?fields=uitkering.soort,adres.straat"
    verdict = scene.ask_inway(to(scene.incoming(prefer="handling=lenient"), target))
    assert headers_of(verdict.answer)["preference-applied"] == "handling=lenient"
    assert permit_of(scene, verdict, target).fields == ("uitkering.soort",)
    assert adl(verdict)["body"]["adl.core.response"]["context"]["withheld"] == ["adres.straat"]


@pytest.mark.case("A31")
def test_refuses_unknown_field(scene: Scene) -> None:
    found = refusal(scene.ask_inway(to(scene.incoming(), "/v1/_zoek?fields=schoenmaat")))
    assert (found["http"], found["code"]) == (400, "fields_unknown")


@pytest.mark.parametrize(
    "query",
    [
        "fields=",
        "fields=a,,b",
        "fields=a&fields=b",
        "f%69elds=a&fields=b",
        "fields=9",
        "fields=a%0a",
    ],
)
def test_refuses_query_that_could_be_read_in_two_ways(scene: Scene, query: str) -> None:
    found = refusal(scene.ask_inway(to(scene.incoming(), f"/v1/_zoek?{query}")))
    assert (found["http"], found["code"]) == (400, "request_invalid")


def test_encoded_query_is_read_as_the_service_reads_it(scene: Scene) -> None:
    target = "/v1/_zoek?f%69elds=uitkering%2Esoort"
    verdict = scene.ask_inway(to(scene.incoming(), target))
    assert permit_of(scene, verdict, target).fields == ("uitkering.soort",)


@pytest.mark.case("A21")
def test_refusal_without_policy_names_service_and_purpose_only(scene: Scene) -> None:
    scene.weesp_register = register(WEESP, policies=())
    found = refusal(scene.ask_inway())
    assert (found["http"], found["code"]) == (403, "policy_none")
    assert "POL" not in json.dumps(found)


@pytest.mark.case("A18")
def test_refuses_contract_without_purpose(scene: Scene) -> None:
    scene.properties = {}
    found = refusal(scene.ask_inway())
    assert (found["http"], found["code"]) == (403, "contract_without_purpose")


def test_refuses_contract_whose_bound_can_not_be_read(scene: Scene) -> None:
    scene.properties = {"processing.purpose_limitation": {"v": 2}}
    assert refusal(scene.ask_inway())["code"] == "contract_bound_invalid"


def test_refuses_basis_the_policy_does_not_accept(scene: Scene) -> None:
    other = scene.declaration(legal_bases=("eu-gdpr:A6-1-f",))
    found = refusal(scene.ask_inway(scene.incoming(purpose_declaration=other)))
    assert (found["http"], found["code"]) == (403, "contract_basis")


def test_personal_service_that_nobody_writes_lines_for_is_refused(scene: Scene) -> None:
    scene.services = (dataclasses.replace(scene.services[0], recording="intent"),)
    found = refusal(scene.ask_inway())
    assert (found["http"], found["code"]) == (503, "service_misconfigured")


# Services without purpose, and delegation. Source: FSC Logging, "Log record".


def open_question(scene: Scene) -> Asked:
    token = f"Bearer {scene.token('pand-open')}"
    asked = scene.incoming(
        purpose_declaration="", doelbinding="", traceparent="", fsc_authorization=token
    )
    return to(asked, "/panden/1", "GET")


def test_service_without_personal_data_may_ask_no_purpose(scene: Scene) -> None:
    headers = headers_of(scene.ask_inway(open_question(scene)).answer)
    assert headers[":status"] == "200"
    assert headers["x-fsc-base"] == "/basis"
    assert "permit" not in headers
    assert "purpose-decision" not in headers
    assert headers["traceparent"] == f"00-{'02' * 16}-{'01' * 8}-01"


@pytest.mark.case("fsc:Inway-TransactionLog-4")
def test_record_names_for_whom_the_outway_asks(scene: Scene) -> None:
    scene.delegator = PeerId(ELSE)
    fsc = draft_of(scene.ask_inway(open_question(scene))).payload["fsc"]
    assert isinstance(fsc, dict)
    assert fsc["source"] == {
        "type": "SOURCE_TYPE_DELEGATED_SOURCE",
        "outway_peer_id": DOESBURG,
        "delegator_peer_id": ELSE,
    }


@pytest.mark.case("fsc:Inway-TransactionLog-5")
def test_record_names_for_whom_the_service_is_offered(scene: Scene) -> None:
    scene.service_delegator = PeerId(ELSE)
    fsc = draft_of(scene.ask_inway(open_question(scene))).payload["fsc"]
    assert isinstance(fsc, dict)
    assert fsc["destination"] == {
        "type": "DESTINATION_TYPE_DELEGATED_DESTINATION",
        "service_peer_id": WEESP,
        "delegator_peer_id": ELSE,
    }


def test_service_that_wants_the_trace_untouched_gets_it_so(scene: Scene) -> None:
    token = f"Bearer {scene.token('pand-plain')}"
    asked = to(scene.incoming(purpose_declaration="", fsc_authorization=token), "/p", "GET")
    headers = headers_of(scene.ask_inway(asked).answer)
    assert headers["traceparent"] == f"00-{TRACE.hex()}-{SPAN.hex()}-01"


# Refusals in general.


def every_refusal(scene: Scene) -> list[Verdict]:
    return [
        scene.ask_inway(scene.incoming(**{name: ""}))
        for name in ("x_peer_cert", "fsc_authorization", "fsc_transaction_id", "traceparent")
    ]


@pytest.mark.case("A58")
def test_every_refusal_is_recorded_as_a_decision_that_was_made(scene: Scene) -> None:
    for verdict in every_refusal(scene):
        assert draft_of(verdict).kind is Kind.ADL
        assert adl(verdict)["status"] == "Unset"
        assert adl(verdict)["body"]["adl.core.response"]["decision"] is False
        assert adl(verdict)["body"]["adl.core.response"]["context"]["code"] == verdict.code


def test_every_refusal_is_one_line_of_ascii_that_fits_one_header(scene: Scene) -> None:
    for verdict in every_refusal(scene):
        body = headers_of(verdict.answer)["x-fsc-body"]
        assert body.isascii()
        assert "\n" not in body
        assert len(body) < 16_384


def test_target_that_is_no_path_is_refused(scene: Scene) -> None:
    found = refusal(scene.ask_inway(to(scene.incoming(), "http://x/")))
    assert (found["http"], found["code"]) == (400, "ERROR_CODE_REQUEST_INVALID")


def test_service_declared_without_methods_in_file_reads_by_default() -> None:
    assert Service(name="abc", upstream="landschap").methods["POST"] == "raadplegen"


def test_basis_of_the_scene_is_a_real_one() -> None:
    from landschap.purposes.model import LEGAL_BASES

    assert BASIS in LEGAL_BASES
