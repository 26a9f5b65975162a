# SPDX-License-Identifier: EUPL-1.2
"""The client kit by itself: what it sends, what it makes of what comes back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import landschap.client as kit
from landschap.client import AsyncLandschap, Failed, Landschap, NotReached, Question, Refused
from landschap.client.answers import read_answer
from landschap.client.asking import sent_of
from landschap.vocabulary.problems import InvalidValue

PROBLEM = {
    "title": "The purpose is not known", "status": 403, "detail": "Not on the list.",
    "code": "purpose_unknown", "missing": "a purpose", "owner": "the privacy officers",
}  # fmt: skip


IN_WORDS = (
    "Not on the list (code purpose_unknown; missing: a purpose; "
    "who can add it: the privacy officers)"
)


def test_what_the_kit_offers_is_what_it_says() -> None:
    public = {each for each in vars(kit) if not each.startswith("_")}
    modules = {"answers", "asking", "connectors", "annotations"}
    assert set(kit.__all__) == public - modules


def test_a_question_with_everything_is_sent_as_the_outway_reads_it() -> None:
    question = Question(
        service="uitkeringen", path="/v1/_zoek", purpose="bijstand", fields=["a.b", "c"],
        query={"paginagrootte": "5"}, json={"burgerservicenummer": "999993653"},
        valid_on="2026-11-01", known_at="2026-11-02T10:00:00Z", case="Z-1", action="raadplegen",
        lenient=True, explain=True,
    )  # fmt: skip
    sent = sent_of(question, key="k", token="t")
    assert sent.method == "POST"
    assert sent.target == (
        "/v1/_zoek?fields=a.b,c&geldigOp=2026-11-01&beschikbaarOp=2026-11-02T10:00:00Z"
        "&paginagrootte=5"
    )
    assert json.loads(sent.body) == {"burgerservicenummer": "999993653"}
    assert sent.headers == {
        "Accept": "application/json", "Fsc-Grant-Alias": "uitkeringen", "X-Api-Key": "k",
        "Authorization": "Bearer t", "Doelbinding": "bijstand", "Handeling": "raadplegen",
        "Zaak": "Z-1", "Prefer": "handling=lenient, explain", "Content-Type": "application/json",
    }  # fmt: skip


def test_a_grant_hash_is_told_from_a_name() -> None:
    sent = sent_of(Question(service="$1$3$abc", path="/x?a=1", query={"b": "2"}))
    assert sent.headers == {"Accept": "application/json", "Fsc-Grant-Hash": "$1$3$abc"}
    assert (sent.method, sent.target) == ("GET", "/x?a=1&b=2")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"path": "v1"}, "begin with a /"),
        ({"service": ""}, "name the service"),
        ({"path": "/personen/999993653"}, "number of a person"),
        ({"path": "/personen/%39%39%39993653"}, "number of a person"),
        ({"path": "/personen?bsn=99999365%33"}, "number of a person"),
        ({"query": {"bsn": "999993653"}}, "number of a person"),
        ({"purpose": "a\r\nX-Api-Key: b"}, "plain text"),
        ({"headers": {"X y": "b"}}, "plain text"),
        ({"headers": {"content-length": "1"}}, "can not be given"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "can not be given"),
        ({"method": "GET /"}, "no method"),
        ({"path": "/" + "a" * 9_000}, "longer"),
    ],
)
def test_what_can_not_be_asked_is_said_before_anything_leaves(
    changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidValue, match=why):
        sent_of(Question(**{"service": "s", "path": "/", **changed}))


def test_no_header_is_there_twice_or_in_the_place_of_our_own() -> None:
    given = {
        "fsc-grant-hash": "$1$3$other", "fsc-grant-alias": "t", "doelbinding": "x", "zaak": "z",
        "x-api-key": "k", "authorization": "Bearer t", "prefer": "explain", "accept": "text/csv",
        "accept-crs": "epsg:28992",
    }  # fmt: skip
    sent = sent_of(Question(service="s", path="/", purpose="bijstand", headers=given))
    assert sent.headers == {
        "Fsc-Grant-Alias": "s", "Doelbinding": "bijstand", "accept": "text/csv",
        "accept-crs": "epsg:28992",
    }  # fmt: skip


def test_a_number_that_is_nobody_may_stand_in_an_address() -> None:
    target = sent_of(Question(service="s", path="/panden/0424100000002206?x=123456789")).target
    assert target == "/panden/0424100000002206?x=123456789"


@pytest.mark.parametrize(
    ("status", "kind", "body", "words"),
    [
        (403, Refused, PROBLEM, IN_WORDS),
        (540, Failed, {"message": "no", "code": "SERVICE_UNREACHABLE"},
         "no (code SERVICE_UNREACHABLE)"),
        (404, Refused, ["no"], "the answer has status 404 and no reason (status 404)"),
        (502, Failed, None, "the answer has status 502 and no reason (status 502)"),
    ],
)  # fmt: skip
def test_each_form_of_no_is_told_in_words(
    status: int, kind: type[Refused], body: object, words: str
) -> None:
    content = b"<html>" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/problem+json", "Fsc-Transaction-Id": "t1"}
    with pytest.raises(kind) as caught:
        read_answer(status, headers, content)
    assert str(caught.value) == words
    assert caught.value.transaction_id == "t1"
    assert caught.value.status == status


class Echo(BaseHTTPRequestHandler):
    """Says what it was asked; ``/groot`` is large, ``/nee`` a refusal, ``/weg`` hangs up."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/weg":
            self.close_connection = True
            return
        told: Any = {"path": self.path, "headers": dict(self.headers), "body": body.decode()}
        status = 200
        if self.path == "/nee":
            told, status = PROBLEM, 403
        raw = b"x" * 5_000 if self.path == "/groot" else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Fsc-Transaction-Id", "t1")
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST  # noqa: N815 - the server's own name

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(40)


async def test_both_kinds_ask_the_same_and_read_the_same(echo: str) -> None:
    asked: dict[str, Any] = {"purpose": "bijstand", "fields": ["a"], "json": {"b": 1}}
    plain = Landschap(echo, key="geheim").ask("s", "/v1/é?x=%20", **asked)
    async with AsyncLandschap(echo, key="geheim") as landschap:
        other = await landschap.ask("s", "/v1/é?x=%20", **asked)
    for answer in (plain, other):
        assert answer.data["path"] == "/v1/%C3%A9?x=%20&fields=a"
        assert answer.data["headers"]["X-Api-Key"] == "geheim"
        assert answer.data["headers"]["Doelbinding"] == "bijstand"
        assert json.loads(answer.data["body"]) == {"b": 1}
        assert (answer.status, answer.transaction_id) == (200, "t1")


async def test_both_kinds_fail_in_the_same_words(echo: str) -> None:
    cases = (("/nee", Refused), ("/weg", NotReached), ("/groot", NotReached))
    plain = Landschap(echo, max_bytes=1_000)
    async with AsyncLandschap(echo, max_bytes=1_000) as landschap:
        for path, kind in cases:
            with pytest.raises(kind):
                plain.ask("s", path)
            with pytest.raises(kind):
                await landschap.ask("s", path)


async def test_nobody_there_is_told_as_such() -> None:
    with pytest.raises(NotReached, match=r"127\.0\.0\.1:9 gave no answer"):
        Landschap("http://127.0.0.1:9").ask("s", "/")
    async with AsyncLandschap("http://127.0.0.1:9") as landschap:
        with pytest.raises(NotReached):
            await landschap.ask("s", "/")


def test_the_environment_tells_where_and_with_what(
    echo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDSCHAP_OUTWAY", echo)
    monkeypatch.setenv("LANDSCHAP_KEY", "uit-de-omgeving")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    answer = Landschap().ask("s", "/")
    assert answer.data["headers"]["X-Api-Key"] == "uit-de-omgeving"
    assert "uit-de-omgeving" not in repr(Landschap())
    with pytest.raises(InvalidValue, match="no address"):
        Landschap("127.0.0.1:80")
