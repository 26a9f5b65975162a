# SPDX-License-Identifier: EUPL-1.2
"""The Inway on a real nginx: what passes, what is stripped, and how each fault ends."""

from __future__ import annotations

import dataclasses
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from tests.gateway.gateway_rig import (
    Anchor,
    Caller,
    Doors,
    Leaf,
    client_context,
    http_answer,
    start_party,
)

from landschap.gateway.carrier_doors import DENY_STATUSES

SPOOFED = {
    "Permit": "forged",
    "X-Fsc-Service": "own-other",
    "X-Fsc-Base": "/base",
    "X-Fsc-Status": "200",
    "X-Landschap-Door": "outway",
    "X-Peer-Cert": "forged",
    "X_Peer_Cert": "forged",
    "X-Forwarded-For": "10.0.0.1",
    "Cookie": "session=1",
    "Authorization": "Bearer user",
    "X-Gebruiker": "j.jansen",
    "Dpl-Core-User": "j.jansen",
    "X-User": "j.jansen",
    "User-Agent": "client/1",
}


def code_of(body: bytes) -> str:
    code: str = json.loads(body)["code"]
    return code


@pytest.mark.case("fsc:Inway-Incoming-Request-1", "S-26")
def test_permitted_question_reaches_the_service_and_its_answer_the_caller(doors: Doors) -> None:
    doors.service.answer_with(http_answer(200, {"X-Answer": "1"}, b"data"))
    status, headers, body = doors.inway.ask("/v1/x", method="POST", body=b"question")
    assert (status, body, headers["x-answer"]) == (200, b"data", "1")
    assert doors.service.heard[0].body == b"question"
    assert headers["fsc-transaction-id"] == "tx-1"


def test_decider_sees_the_request_line_but_not_the_body(doors: Doors) -> None:
    doors.inway.ask("/v1/x?y=1", method="POST", body=b"secret")
    asked = doors.decider.heard[0]
    assert asked.request_line == "POST /v1/x?y=1 HTTP/1.1"
    assert asked.body == b""
    assert asked.headers["x-body-length"] == "6"
    assert asked.headers["x-landschap-door"] == "inway"


def test_decider_gets_the_certificate_of_the_connection(doors: Doors, doesburg: Leaf) -> None:
    from urllib.parse import unquote

    doors.inway.ask(headers=SPOOFED)
    pem = unquote(doors.decider.heard[0].headers["x-peer-cert"])
    assert pem.encode().strip() == doesburg.certificate_file.read_bytes().strip()


@pytest.mark.case("A46", "S-24")
def test_service_receives_only_named_headers(doors: Doors) -> None:
    doors.permit(Permit="v1.sealed", traceparent="00-t-s-01", tracestate="a=b")
    wanted = {
        "Accept": "a/b",
        "Content-Type": "c/d",
        "Prefer": "x",
        "Vertrouwelijkheid": "x",
        "VerwerkingId": "y",
        "Fsc-Authorization": "Bearer t",
    }
    doors.inway.ask(headers={**SPOOFED, **wanted, "Accept-Crs": "epsg:28992"})
    arrived = doors.service.heard[0].headers
    assert arrived == {
        "host": "door.test",
        "permit": "v1.sealed",
        "fsc-transaction-id": "tx-1",
        "fsc-authorization": "Bearer t",
        "traceparent": "00-t-s-01",
        "tracestate": "a=b",
        "accept": "a/b",
        "content-type": "c/d",
        "prefer": "x",
    }
    # It is for who decides, not for the service.
    told = doors.decider.heard[0].headers
    assert (told["vertrouwelijkheid"], told["verwerkingid"]) == ("x", "y")


@pytest.mark.case("fsc:Inway-Incoming-Request-5")
def test_service_receives_the_token(doors: Doors) -> None:
    doors.inway.ask(headers={"Fsc-Authorization": "Bearer abc"})
    assert doors.service.heard[0].headers["fsc-authorization"] == "Bearer abc"


@pytest.mark.case("fsc:Inway-TransactionLog-2")
def test_service_receives_the_transaction_id_of_the_decision(doors: Doors) -> None:
    doors.permit(Fsc_Transaction_Id="tx-of-decision")
    doors.inway.ask(headers={"Fsc-Transaction-Id": "tx-of-client"})
    assert doors.service.heard[0].headers["fsc-transaction-id"] == "tx-of-decision"


def test_extra_header_reaches_only_the_service_that_declared_it(doors: Doors) -> None:
    doors.permit(X_Fsc_Service="own-other")
    doors.inway.ask(headers={"Accept-Crs": "epsg:28992"})
    assert doors.other_service.heard[0].headers["accept-crs"] == "epsg:28992"


@pytest.mark.parametrize(
    "target",
    ["//a//b/../c%2Fd/./?q=a%20b", "/a/", "/a", "/?", "/%01", "/a;b=c", "/a?b=c?d&&e", "/%C3%A9"],
)
def test_path_arrives_byte_for_byte(doors: Doors, target: str) -> None:
    doors.inway.ask(target)
    assert doors.decider.heard[0].request_line == f"GET {target} HTTP/1.1"
    assert doors.service.heard[0].request_line == f"GET {target} HTTP/1.1"


def test_base_path_of_the_service_stands_before_the_raw_path(doors: Doors) -> None:
    doors.permit(X_Fsc_Base="/base")
    doors.inway.ask("/a//b?c")
    assert doors.service.heard[0].request_line == "GET /base/a//b?c HTTP/1.1"


@pytest.mark.case("S-04")
def test_caller_without_certificate_gets_400_and_nobody_is_asked(doors: Doors) -> None:
    caller = Caller("127.0.0.1", doors.inway.port, client_context(doors.group_anchor))
    status, headers, body = caller.ask()
    assert status == 400
    assert code_of(body) == "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"
    assert headers["content-type"] == "application/json"
    assert not doors.decider.heard
    assert not doors.service.heard


@pytest.mark.case("fsc:Inway-Incoming-Request-4")
def test_caller_with_a_foreign_certificate_gets_400_and_nobody_is_asked(
    doors: Doors, stranger_anchor: Anchor
) -> None:
    leaf = stranger_anchor.leaf("foreign", "00000099000000009000", "Vreemd", "x.test")
    caller = Caller("127.0.0.1", doors.inway.port, client_context(doors.group_anchor, leaf))
    status, _, body = caller.ask()
    assert status == 400
    assert code_of(body) == "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"
    assert not doors.decider.heard
    assert not doors.service.heard


def test_tls_below_1_2_is_refused(doors: Doors, doesburg: Leaf) -> None:
    context = client_context(doors.group_anchor, doesburg)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Caller("127.0.0.1", doors.inway.port, context).ask()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_from_1_2_on_is_spoken(doors: Doors, doesburg: Leaf, version: ssl.TLSVersion) -> None:
    context = client_context(doors.group_anchor, doesburg, version)
    context.minimum_version = version
    assert Caller("127.0.0.1", doors.inway.port, context).ask()[0] == 200
    assert doors.carrier.access_lines()[-1]["tls"] == version.name.replace("_", ".")


ODD_FORMS = {
    "bare line feeds": b"GET /a HTTP/1.1\nHost: x\nConnection: close\n\n",
    "absolute form": b"GET http://x/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "HTTP/1.0": b"GET /a HTTP/1.0\r\n\r\n",
}


@pytest.mark.parametrize("name", ODD_FORMS)
def test_odd_but_lawful_form_is_written_anew_for_who_stands_behind(doors: Doors, name: str) -> None:
    status, _, _ = doors.inway.raw(ODD_FORMS[name])
    heard = doors.service.heard
    assert status == 200
    for head in (doors.decider.heard[0].head, heard[0].head):
        assert head.startswith(b"GET /a HTTP/1.1\r\n")
        assert b"\n" not in head.replace(b"\r\n", b"")


def test_service_that_is_silent_is_waited_for_only_so_long(doors: Doors) -> None:
    """And is asked once: the record says once."""

    def silent(_heard: object) -> bytes:
        time.sleep(3)
        return http_answer(200)

    plan = doors.carrier.plan
    assert plan.inway
    short = dataclasses.replace(plan, inway=dataclasses.replace(plan.inway, answer_seconds=1))
    doors.carrier.reload(short)
    doors.service.answer_with(silent)
    began = time.monotonic()
    status, headers, body = doors.inway.ask()
    doors.carrier.reload(plan)
    assert (status, code_of(body)) == (502, "ERROR_CODE_SERVICE_UNREACHABLE")
    assert headers["fsc-transaction-id"] == "tx-1"
    assert time.monotonic() - began < 9
    assert len(doors.service.heard) == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 20"])
def test_service_that_breaks_off_before_its_answer_is_asked_once(
    doors: Doors, answer: bytes
) -> None:
    party = doors.service

    def broken(_heard: object) -> bytes:
        threading.Timer(0.2, party.hang_up).start()
        return answer

    party.answer_with(broken)
    status, headers, body = doors.inway.ask(method="POST", body=b"question")
    assert (status, code_of(body)) == (502, "ERROR_CODE_SERVICE_UNREACHABLE")
    assert headers["fsc-transaction-id"] == "tx-1"
    assert len(party.heard) == 1


def test_two_tokens_are_never_one_for_the_decider_and_another_for_the_service(
    doors: Doors,
) -> None:
    """From 1.23 on nginx tells of both and they are refused; before it both see the first."""
    doors.inway.raw(
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Fsc-Authorization: t1\r\nFsc-Authorization: t2\r\n\r\n"
    )
    seen = "t1, t2" if doors.carrier.plan.knows((1, 23, 0)) else "t1"
    assert doors.decider.heard[0].headers["fsc-authorization"] == seen
    assert doors.service.heard[0].headers["fsc-authorization"] == seen


SMUGGLING = {
    "length and chunks": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length that is no number": b"Content-Length: 3x\r\n\r\nabc",
    "name before a space": b"X-A : b\r\n\r\n",
    "folded line": b"X-A: b\r\n c\r\n\r\n",
    "zero byte": b"X-A: b\0c\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "oversized header": b"X-A: " + b"a" * 40_000 + b"\r\n\r\n",
    "too many headers": b"".join(b"X-%d: a\r\n" % n for n in range(150)) + b"\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_ambiguous_request_is_refused_before_anyone_is_asked(doors: Doors, name: str) -> None:
    if name == "too many headers" and not doors.carrier.plan.knows((1, 31, 3)):
        pytest.skip("this nginx bounds the size of headers, not their number")
    status, _, _ = doors.inway.raw(b"POST / HTTP/1.1\r\nHost: x\r\n" + SMUGGLING[name])
    assert status in (400, 501)
    assert not doors.decider.heard
    assert not doors.service.heard


@pytest.mark.parametrize(
    "line", [b"GET /%00 HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /a#b HTTP/1.1", b"rubbish"]
)
def test_request_line_that_is_no_http_is_refused(doors: Doors, line: bytes) -> None:
    status, headers, body = doors.inway.raw(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status == 400
    assert headers["fsc-error-code"] == code_of(body) == "ERROR_CODE_REQUEST_INVALID"
    assert not doors.decider.heard


def test_request_without_host_is_refused(doors: Doors) -> None:
    status, _, _ = doors.inway.raw(b"GET / HTTP/1.1\r\n\r\n")
    assert status == 400
    assert not doors.decider.heard


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_methods_that_tunnel_or_echo_are_refused(doors: Doors, method: str) -> None:
    target = "x:443" if method == "CONNECT" else "/"
    status, headers, body = doors.inway.ask(target, method=method)
    assert status == 405
    assert headers["fsc-error-code"] == code_of(body) == "ERROR_CODE_METHOD_UNSUPPORTED"
    assert not doors.service.heard


@pytest.mark.parametrize("form", ["fsc", "problem"])
@pytest.mark.parametrize("told", DENY_STATUSES)
def test_refusal_arrives_with_its_status_form_and_code(doors: Doors, told: int, form: str) -> None:
    text = '{"detail":"say \\"why\\", $not_a_variable \\u00e9","code":"x"}'
    doors.decider.answer_with(
        http_answer(
            403,
            {
                "X-Fsc-Status": str(told),
                "X-Fsc-Deny": form,
                "X-Fsc-Body": text,
                "Fsc-Error-Code": "THE_CODE",
                "Fsc-Transaction-Id": "tx-9",
                "X-Fsc-Www": "Bearer",
            },
        )
    )
    status, headers, body = doors.inway.ask(method="POST", body=b"question")
    media = {"fsc": "application/json", "problem": "application/problem+json"}[form]
    assert (status, body.decode(), headers["content-type"]) == (told, text, media)
    assert headers["fsc-error-code"] == "THE_CODE"
    assert headers["www-authenticate"] == "Bearer"
    assert headers["fsc-transaction-id"] == "tx-9"
    assert not doors.service.heard


def test_refusal_of_eight_kilobytes_arrives_whole(doors: Doors) -> None:
    text = json.dumps({"allowed_fields": ["adres.straat"] * 500})
    assert len(text) > 8000
    told = {"X-Fsc-Status": "403", "X-Fsc-Deny": "problem", "X-Fsc-Body": text}
    doors.decider.answer_with(http_answer(403, told))
    assert doors.inway.ask()[2].decode() == text


def test_refusal_over_http2_arrives_with_its_status(doors: Doors, doesburg: Leaf) -> None:
    told = {"X-Fsc-Status": "410", "X-Fsc-Deny": "fsc", "X-Fsc-Body": '{"code":"x"}'}
    doors.decider.answer_with(http_answer(403, told))
    curl = shutil.which("curl")
    assert curl, "curl speaks HTTP/2 for this test"
    done = subprocess.run(
        [
            *(curl, "-s", "--http2", "-w", "\n%{http_code} %{http_version}", "-d", "body"),
            *("--cacert", doors.group_anchor.file, "--cert", doesburg.certificate_file),
            *("--key", doesburg.key_file, "--resolve", f"door.test:{doors.inway.port}:127.0.0.1"),
            f"https://door.test:{doors.inway.port}/x",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '{"code":"x"}\n410 2'


@pytest.mark.parametrize("told", [403, 404, 418, 500, 502])
def test_errors_of_the_service_pass_unchanged(doors: Doors, told: int) -> None:
    doors.service.answer_with(http_answer(told, {"Content-Type": "text/x"}, b"mine"))
    status, headers, body = doors.inway.ask()
    assert (status, body, headers["content-type"]) == (told, b"mine", "text/x")
    assert "fsc-error-code" not in headers


def test_answer_can_not_make_nginx_jump_inside_the_door(doors: Doors) -> None:
    doors.service.answer_with(http_answer(200, {"X-Accel-Redirect": "/_decide"}, b"mine"))
    status, _, body = doors.inway.ask()
    assert (status, body) == (200, b"mine")
    assert len(doors.decider.heard) == 1


def test_client_can_not_reach_the_decision_itself(doors: Doors) -> None:
    status, _, _ = doors.inway.ask("/_decide")
    assert status == 404
    assert not doors.decider.heard


@pytest.mark.case("S-26")
@pytest.mark.parametrize("place", ["own-dead", "own-absent", "127.0.0.1:1"])
def test_service_that_is_down_gives_502_with_the_transaction_id(doors: Doors, place: str) -> None:
    doors.permit(X_Fsc_Service=place)
    began = time.monotonic()
    status, headers, body = doors.inway.ask()
    assert status == 502
    assert headers["fsc-error-code"] == code_of(body) == "ERROR_CODE_SERVICE_UNREACHABLE"
    assert headers["fsc-transaction-id"] == "tx-1"
    assert time.monotonic() - began < 1.5
    doors.permit(X_Fsc_Service="own-other")
    assert doors.inway.ask()[0] == 200


def assert_no_decision(doors: Doors) -> None:
    status, headers, body = doors.inway.ask()
    assert status == 500
    assert headers["fsc-error-code"] == code_of(body) == "TRANSACTION_LOG_WRITE_ERROR"
    assert json.loads(body)["message"] == "decider not answering"
    assert not doors.service.heard


@pytest.mark.case("S-24")
@pytest.mark.parametrize(
    "answer",
    [
        http_answer(500),
        http_answer(302, {"Location": "/"}),
        http_answer(404),
        http_answer(200),  # permits, but names no place
        http_answer(403),  # refuses, but in no form
        b"no http at all\r\n\r\n",
        http_answer(403, {"X-Fsc-Deny": "other", "X-Fsc-Body": "x"}),
    ],
)
def test_answer_that_is_no_decision_lets_nothing_through(doors: Doors, answer: bytes) -> None:
    doors.decider.answer_with(answer)
    status, _, _ = doors.inway.ask()
    assert status in (500, 502)
    assert not doors.service.heard


def test_decider_that_does_not_answer_costs_two_seconds_and_lets_nothing_through(
    doors: Doors,
) -> None:
    def slow(_heard: object) -> bytes:
        time.sleep(3)
        return http_answer(200, {"X-Fsc-Service": "own-demo"})

    doors.decider.answer_with(slow)
    began = time.monotonic()
    assert_no_decision(doors)
    assert 1.8 < time.monotonic() - began < 2.8
    doors.permit()
    assert doors.inway.ask()[0] == 200


def test_decider_that_is_gone_lets_nothing_through_and_its_return_is_noticed(doors: Doors) -> None:
    doors.decider.stop()
    assert_no_decision(doors)
    (doors.folder / "decide.sock").unlink()
    assert_no_decision(doors)
    doors.decider = start_party(doors.folder / "decide.sock")
    doors.permit()
    assert doors.inway.ask()[0] == 200


def test_slow_headers_are_cut_off(doors: Doors) -> None:
    with doors.inway.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        connection.settimeout(5)
        began = time.monotonic()
        assert connection.recv(100) == b""
        assert 1 < time.monotonic() - began < 4


def test_connection_that_never_starts_tls_is_cut_off(doors: Doors) -> None:
    with socket.create_connection(("127.0.0.1", doors.inway.port)) as connection:
        connection.settimeout(5)
        assert connection.recv(100) == b""


def test_large_answer_passes_whole_and_is_not_kept_in_files(doors: Doors) -> None:
    size = 30_000_000
    doors.service.answer_with(http_answer(200, body=b"x" * size))
    status, _, body = doors.inway.ask()
    assert (status, len(body)) == (200, size)
    kept = [f for f in (doors.folder / "run" / "nginx-proxy").rglob("*") if f.is_file()]
    assert kept == []


def test_chunked_question_passes_whole(doors: Doors) -> None:
    chunks = b"".join(b"5\r\nabcde\r\n" for _ in range(1000)) + b"0\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, _, _ = doors.inway.raw(head + chunks)
    assert status == 200
    assert doors.service.heard[0].body.count(b"abcde") == 1000
    assert doors.decider.heard[0].headers["x-body-encoding"] == "chunked"


def test_access_log_tells_the_fate_of_each_question_and_no_path(doors: Doors) -> None:
    doors.inway.ask("/personen/999993653?geheim=1")
    line = doors.carrier.access_lines()[-1]
    assert line["door"] == "inway"
    assert line["upstream"] == "own-demo"
    assert (line["status"], line["tx"], line["complete"]) == ("200", "tx-1", "OK")
    for log in (doors.folder / "log").iterdir():
        assert "999993653" not in log.read_text()


def test_error_log_never_holds_a_path(doors: Doors) -> None:
    doors.permit(X_Fsc_Service="own-dead")
    doors.inway.ask("/personen/999993653")
    doors.decider.answer_with(b"no http\r\n\r\n")
    doors.inway.ask("/personen/999993653")
    for log in (doors.folder / "log").iterdir():
        assert "999993653" not in log.read_text()
