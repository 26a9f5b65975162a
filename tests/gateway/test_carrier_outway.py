# SPDX-License-Identifier: EUPL-1.2
"""The Outway on a real nginx: what leaves the house, and how each fault ends."""

from __future__ import annotations

import json

import pytest
from tests.gateway.gateway_rig import Doors, http_answer

TO_PEER = {
    "Fsc_Authorization": "Bearer token",
    "Purpose_Declaration": "a.b.c",
    "Doelbinding": "https://doelen.landschap.example/id/x",
    "traceparent": "00-t-s-01",
}


def code_of(body: bytes) -> str:
    code: str = json.loads(body)["code"]
    return code


@pytest.mark.case("fsc:Outway-IncomingRequest-1")
def test_permitted_question_reaches_the_peer_over_mutual_tls(doors: Doors) -> None:
    doors.permit_outgoing(**TO_PEER)
    doors.peer.answer_with(http_answer(200, {"X-Answer": "1"}, b"data"))
    status, headers, body = doors.outway.ask("/v1//x?y=%20", method="POST", body=b"question")
    assert (status, body, headers["x-answer"]) == (200, b"data", "1")
    arrived = doors.peer.heard[0]
    assert arrived.request_line == "POST /v1//x?y=%20 HTTP/1.1"
    assert arrived.body == b"question"


@pytest.mark.case("A46", "S-35", "fsc:Outway-TransactionLog-2")
def test_nothing_that_names_a_person_or_an_application_leaves_the_house(doors: Doors) -> None:
    doors.permit_outgoing(**TO_PEER)
    doors.outway.ask(
        headers={
            "Authorization": "Bearer user-token",
            "Cookie": "session=1",
            "X-Api-Key": "key",
            "Zaak": "Z-1",
            "Fsc-Grant-Hash": "$1$3$x",
            "Fsc-Grant-Alias": "uitkeringen",
            "X-Gebruiker": "j.jansen",
            "Dpl-Core-User": "j.jansen",
            "X-User": "j.jansen",
            "X-NLX-Request-User-Id": "j.jansen",
            "X-Forwarded-For": "10.1.2.3",
            "Forwarded": "for=10.1.2.3",
            "User-Agent": "casework/2",
            "Purpose-Declaration": "forged",
            "Permit": "forged",
            "Accept": "application/json",
            "Accept-Crs": "epsg:28992",
        }
    )
    assert doors.peer.heard[0].headers == {
        "host": "inway.weesp.test",
        "fsc-authorization": "Bearer token",
        "fsc-transaction-id": "tx-1",
        "purpose-declaration": "a.b.c",
        "doelbinding": "https://doelen.landschap.example/id/x",
        "traceparent": "00-t-s-01",
        "accept": "application/json",
        "accept-crs": "epsg:28992",
    }


def test_decider_is_asked_with_what_proves_application_user_and_purpose(doors: Doors) -> None:
    asked = {
        "Authorization": "Bearer user-token",
        "X-Api-Key": "key",
        "Fsc-Grant-Hash": "$1$3$x",
        "Doelbinding": "https://doelen.landschap.example/id/x",
        "Zaak": "Z-1",
        "Permit": "v1.of.before",
    }
    doors.outway.ask(headers={**asked, "X-Client-Cert": "forged", "X-Landschap-Door": "inway"})
    heard = doors.decider.heard[0].headers
    assert {name: heard[name.lower()] for name in asked} == asked
    assert heard["x-landschap-door"] == "outway"
    assert "x-client-cert" not in heard


@pytest.mark.case("fsc:Outway-IncomingRequest-3")
@pytest.mark.parametrize("host", ["gone.weesp.test", "other.weesp.test", "absent.weesp.test"])
def test_inway_that_is_gone_or_shows_another_name_gives_502(doors: Doors, host: str) -> None:
    """Gone: nobody listens. Other: the certificate is for another name. Absent: not configured."""
    assert doors.carrier.plan.outway is not None
    ports = {peer.host: peer.port for peer in doors.carrier.plan.outway.peers}
    doors.permit(X_Fsc_Service=f"peer-{host}-{ports.get(host, 443)}")
    status, headers, body = doors.outway.ask()
    assert status == 502
    assert headers["fsc-error-code"] == code_of(body) == "ERROR_CODE_INWAY_UNREACHABLE"
    assert json.loads(body)["domain"] == "ERROR_DOMAIN_OUTWAY"
    assert headers["fsc-transaction-id"] == "tx-1"
    assert not doors.peer.heard


@pytest.mark.parametrize("told", [401, 404, 500, 502])
def test_errors_of_the_peer_pass_unchanged(doors: Doors, told: int) -> None:
    doors.permit_outgoing()
    body = b'{"code":"ERROR_CODE_SERVICE_UNREACHABLE"}'
    theirs = {"Fsc-Error-Code": "ERROR_CODE_SERVICE_UNREACHABLE", "Content-Type": "a/b"}
    doors.peer.answer_with(http_answer(told, theirs, body))
    status, headers, got = doors.outway.ask()
    assert (status, got, headers["content-type"]) == (told, body, "a/b")
    assert headers["fsc-error-code"] == "ERROR_CODE_SERVICE_UNREACHABLE"


def test_connect_is_refused_and_opens_no_tunnel(doors: Doors) -> None:
    status, headers, body = doors.outway.ask("inway.weesp.test:443", method="CONNECT")
    assert status == 405
    assert headers["fsc-error-code"] == code_of(body) == "ERROR_CODE_METHOD_UNSUPPORTED"
    assert json.loads(body)["domain"] == "ERROR_DOMAIN_OUTWAY"
    assert not doors.peer.heard


def test_refusal_of_the_outway_says_so_and_nothing_is_sent(doors: Doors) -> None:
    told = {"X-Fsc-Status": "400", "X-Fsc-Deny": "fsc", "X-Fsc-Body": '{"code":"X"}'}
    doors.decider.answer_with(http_answer(403, {**told, "Fsc-Error-Code": "X"}))
    status, headers, _ = doors.outway.ask()
    assert (status, headers["fsc-error-code"]) == (400, "X")
    assert not doors.peer.heard


@pytest.mark.case("fsc:Outway-TransactionLog-2")
def test_client_gets_the_transaction_id_once(doors: Doors) -> None:
    doors.permit_outgoing()
    doors.peer.answer_with(http_answer(200, {"Fsc-Transaction-Id": "theirs"}))
    _, headers, _ = doors.outway.ask()
    assert headers["fsc-transaction-id"] == "tx-1"
