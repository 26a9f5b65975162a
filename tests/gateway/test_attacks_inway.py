# SPDX-License-Identifier: EUPL-1.2
"""A malicious third peer at a real Inway and a real Manager, both behind a real nginx.

It is a member of the Group with a proper certificate, has got hold of a token of Doesburg that
still holds, and tries everything. Nothing reaches the service, each attempt gets the code of its
rule, and leaves one line that an operator can find: in the technical log where the decider or the
Manager refused, in the access log of nginx where nginx did.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.gateway.gateway_rig import Anchor, Caller, Leaf, client_context, http_answer
from tests.gateway.gateway_scene import DOESBURG
from tests.gateway.pair_rig import Pair

from landschap.fsc import jws, keys
from landschap.fsc.keys import PrivateKey
from landschap.fsc.thumbprints import thumbprint_of
from landschap.platform.ids import uuid7
from landschap.vocabulary.ijson import canonical

INVALID = "ERROR_CODE_ACCESS_TOKEN_INVALID"
MISSING = "ERROR_CODE_ACCESS_TOKEN_MISSING"
EXPIRED = "ERROR_CODE_ACCESS_TOKEN_EXPIRED"
CERTIFICATE = "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"
REQUEST = "ERROR_CODE_REQUEST_INVALID"
EVIL = "00000099000000066000"
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def evil(group_anchor: Anchor) -> Leaf:
    """The third peer: a member of the Group like any other."""
    return group_anchor.leaf("evil", EVIL, "Dienst Kwaad", "evil.test")


@pytest.fixture
async def stolen(pair: Pair) -> str:
    """A token of Doesburg that holds: whoever saw a question behind the Inway has it."""
    status, _, _ = await pair.ask("/v1/x", "GET", service="pand-open")
    assert status == 200
    token = pair.service.heard[0].headers["fsc-authorization"]
    pair.service.heard.clear()
    assert (await use(pair.inway, token))[0] == 200  # with its own certificate it is good
    pair.service.heard.clear()
    return token


def as_peer(pair: Pair, anchor: Anchor, leaf: Leaf | None, *, door: str = "inway") -> Caller:
    """Somebody with this certificate, or none, before Weesp's Inway or Manager."""
    port = pair.inway.port
    if door == "manager":
        port = int(pair.weesp.settings.addresses.manager.rpartition(":")[2])
    return Caller("127.0.0.1", port, client_context(anchor, leaf))


async def use(caller: Caller, token: str | None, **headers: str) -> Answer:
    """Ask the service that wants no purpose, with this token."""
    told = {"Fsc-Transaction-Id": str(uuid7())} | headers
    if token is not None:
        told["Fsc-Authorization"] = token
    return await asyncio.to_thread(caller.ask, "/v1/x", headers=told)


def code_of(answer: Answer) -> tuple[int, str]:
    told = json.loads(answer[2])
    assert answer[1]["fsc-error-code"] == told["code"]
    return answer[0], told["code"]


class Watch:
    """The lines of the technical log, to be held against each attempt."""

    def __init__(self, lines: list[Any]) -> None:
        self.lines = lines

    def caught(self, answer: Answer, status: int, code: str, *, by: str, door: str) -> None:
        """The answer has this status and code, and exactly one line tells of it."""
        assert code_of(answer) == (status, code), answer
        (line,) = [each for each in self.lines if each["event"] == "security"]
        assert (line["door"], line["peer"], line["code"]) == (door, by, code)
        assert line["reason"]
        self.lines.clear()


@pytest.fixture
async def watch(pair: Pair) -> AsyncIterator[Watch]:
    """Listens along; afterwards the service has heard nothing."""
    with structlog.testing.capture_logs() as lines:
        yield Watch(lines)
    assert not pair.service.heard


async def seen_by_nginx(pair: Pair, since: float) -> list[dict[str, str]]:
    """The lines of the access log from a moment on."""
    assert pair.weesp.carrier is not None
    lines = await asyncio.to_thread(pair.weesp.carrier.access_lines)
    return [line for line in lines if float(line["at"]) >= since]


async def test_a_stolen_token_is_worth_nothing_with_another_certificate(
    pair: Pair, group_anchor: Anchor, evil: Leaf, stolen: str, watch: Watch
) -> None:
    """Of another peer; of the same peer with another key; of the same peer with the same key."""
    caller = as_peer(pair, group_anchor, evil)
    watch.caught(await use(caller, stolen), 401, INVALID, by=EVIL, door="inway")
    second = group_anchor.leaf("doesburg-2", DOESBURG, "Gemeente Doesburg", "outway.doesburg.test")
    caller = as_peer(pair, group_anchor, second)
    watch.caught(await use(caller, stolen), 401, INVALID, by=DOESBURG, door="inway")


async def test_headers_that_say_who_is_calling_are_not_believed(
    pair: Pair, group_anchor: Anchor, evil: Leaf, doesburg: Leaf, stolen: str, watch: Watch
) -> None:
    """The certificate of Doesburg in each header in which it travels somewhere."""
    pem = doesburg.certificate_file.read_text()
    escaped = quote(pem)
    caller = as_peer(pair, group_anchor, evil)
    for name in (
        "X-Peer-Cert", "X_Peer_Cert", "x-peer-cert", "X-Client-Cert", "X-Ssl-Client-Cert",
        "Ssl-Client-Escaped-Cert", "X-Forwarded-Client-Cert", "Client-Cert", "X-Landschap-Door",
    ):  # fmt: skip
        answer = await use(caller, stolen, **{name: escaped})
        watch.caught(answer, 401, INVALID, by=EVIL, door="inway")
    for name in ("X-Fsc-Service", "X-Fsc-Status", "X-Fsc-Deny", "Permit", "X-Original-Uri"):
        answer = await use(caller, None, **{name: "own-pand-open"})
        watch.caught(answer, 401, MISSING, by=EVIL, door="inway")


async def test_a_certificate_of_an_authority_of_its_own_is_400_and_seen(
    pair: Pair, group_anchor: Anchor, stranger_anchor: Anchor, stolen: str, watch: Watch
) -> None:
    """At both doors; also no certificate at all. nginx refuses, nobody behind it is asked."""
    forged = stranger_anchor.leaf("as-doesburg", DOESBURG, "Gemeente Doesburg", "doesburg.test")
    began = time.time()
    for door in ("inway", "manager"):
        for leaf in (forged, None):
            caller = as_peer(pair, group_anchor, leaf, door=door)
            answer = await use(caller, stolen)
            assert code_of(answer) == (400, CERTIFICATE)
            assert json.loads(answer[2])["domain"] == f"ERROR_DOMAIN_{door.upper()}"
    assert watch.lines == []
    lines = await seen_by_nginx(pair, began)
    found = [(line["door"], line["code"], line["verify"].split(":")[0]) for line in lines]
    assert found == [
        (door, CERTIFICATE, verdict)
        for door in ("inway", "manager")
        for verdict in ("FAILED", "NONE")
    ]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def keyed(secret: bytes) -> Callable[[bytes], bytes]:
    """A signature with a shared secret, HS256."""

    def sign(message: bytes) -> bytes:
        made = hmac.HMAC(secret, hashes.SHA256())
        made.update(message)
        return made.finalize()

    return sign


def made_up(header: dict[str, Any], claims: Any, sign: Callable[[bytes], bytes]) -> str:
    text = f"{b64(canonical(header))}.{b64(canonical(claims))}"
    return f"Bearer {text}.{b64(sign(text.encode()))}"


async def test_tokens_that_weesp_never_signed(
    pair: Pair, evil: Leaf, stolen: str, watch: Watch
) -> None:
    """No algorithm, the public key as a secret, DER, another curve, a key that comes along."""
    true = jws.parse(stolen.removeprefix("Bearer "))
    weesp, thumbprint = pair.weesp.own, true.thumbprint
    key: PrivateKey = weesp.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    public = key.public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    secrets = [
        public.public_bytes(serialization.Encoding.PEM, spki),
        public.public_bytes(serialization.Encoding.DER, spki),
        weesp.certificate.der,
    ]
    chain = [base64.b64encode(evil.der).decode()]
    evil_print = thumbprint_of(evil.certificate)

    def der(message: bytes) -> bytes:
        return key.sign(message, ec.ECDSA(hashes.SHA256()))

    def by_evil(message: bytes) -> bytes:
        return keys.sign(message, evil.key, keys.ALGORITHMS["ES256"])

    tries: list[tuple[dict[str, Any], Callable[[bytes], bytes]]] = [
        *(({"alg": "HS256"}, keyed(secret)) for secret in secrets),
        *(({"alg": name}, lambda _: b"x") for name in ("none", "NONE", "PS256", "EdDSA", "")),
        ({"alg": "ES256"}, der),
        ({"alg": "ES384"}, lambda m: key.sign(m, ec.ECDSA(hashes.SHA384()))),
        ({"alg": "RS256"}, der),
        ({"alg": "ES256"}, lambda _: b"\0" * 64),
        ({"alg": "ES256"}, by_evil),
        ({"alg": "ES256", "x5c": chain, "kid": evil_print}, by_evil),
        ({"alg": "ES256", "jku": "https://evil.test:8443/keys"}, by_evil),
        ({"alg": "ES256", "x5t#S256": evil_print}, by_evil),
        ({"alg": "ES256", "crit": ["exp"]}, der),
    ]
    for header, sign in tries:
        token = made_up({"x5t#S256": thumbprint} | header, true.payload, sign)
        answer = await use(pair.inway, token)
        watch.caught(answer, 401, INVALID, by=DOESBURG, door="inway")
    head, claims, signature = stolen.removeprefix("Bearer ").split(".")
    for token in (
        f"{head}.{claims}.", f"{head}.{claims}", f"{head}..{signature}", f"{head}.{claims}.{claims}",
        f"{head}.{claims}.{signature}.{signature}", f"{head}.{claims}.{signature}=", "x" * 9_000,
        f"{head}.{b64(canonical({**true.payload, 'svc': 'uitkeringen'}))}.{signature}",
        "a b", "Basic abc",
    ):  # fmt: skip
        answer = await use(pair.inway, f"Bearer {token}")
        watch.caught(answer, 401, INVALID, by=DOESBURG, door="inway")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gid": "andere-groep"}, "ERROR_CODE_WRONG_GROUP_ID_IN_TOKEN"),
        ({"iss": EVIL}, INVALID),
        ({"sub": EVIL}, INVALID),
        ({"cnf": {"x5t#S256": "A" * 43}}, INVALID),
        ({"cnf": None}, INVALID),
        ({"aud": "https://inway.evil.test:443"}, INVALID),
        ({"exp": 1}, EXPIRED),
        ({"nbf": 2**34}, INVALID),
        ({"exp": "9999999999"}, INVALID),
        ({"exp": True}, INVALID),
        ({"gth": "$1$3$" + "a" * 86}, "ERROR_CODE_CONTRACT_NOT_VALID"),
        ({"act": {"sub": EVIL}}, None),
        ({"pdi": EVIL}, None),
    ],
    ids=repr,
)
async def test_each_claim_counts_even_under_a_true_signature(
    pair: Pair, stolen: str, watch: Watch, change: dict[str, Any], code: str | None
) -> None:
    """Signed with Weesp's own key, as a Manager that was led astray might do."""
    true = jws.parse(stolen.removeprefix("Bearer "))
    claims = {**true.payload, **change}
    claims = {name: value for name, value in claims.items() if value is not None}
    token = jws.sign(claims, pair.weesp.own.key, true.thumbprint)
    answer = await use(pair.inway, f"Bearer {token}")
    assert answer[0] in (401, 403)
    if code is not None:
        status = 401 if "ACCESS_TOKEN" in code else 403
        watch.caught(answer, status, code, by=DOESBURG, door="inway")


TWICE = {
    "two tokens, the false one first": ["Fsc-Authorization: x", "Fsc-Authorization: {token}"],
    "two tokens, the false one last": ["Fsc-Authorization: {token}", "Fsc-Authorization: x"],
    "two tokens in one line": ["Fsc-Authorization: {token}, {token}"],
    "a token in another spelling": ["Fsc_Authorization: {token}"],
    "a token in the usual header": ["Authorization: {token}"],
    "a token in the address of the header": ["X-Fsc-Authorization: {token}"],
}


@pytest.mark.parametrize("name", TWICE)
async def test_a_token_that_could_be_read_in_two_ways(
    pair: Pair, stolen: str, watch: Watch, name: str
) -> None:
    """Each refused, although the one true token is among them and the certificate is right."""
    lines = [line.format(token=stolen) for line in TWICE[name]]
    head = ["GET /v1/x HTTP/1.1", "Host: door.test", "Connection: close", *lines]
    head.append(f"Fsc-Transaction-Id: {uuid7()}")
    data = "\r\n".join(head).encode() + b"\r\n\r\n"
    answer = await asyncio.to_thread(pair.inway.raw, data)
    code = INVALID if "two tokens" in name else MISSING
    watch.caught(answer, 401, code, by=DOESBURG, door="inway")


SMUGGLED = b"GET /v1/geheim HTTP/1.1\r\nHost: door.test\r\nConnection: close\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n",
    "length with a sign": b"Content-Length: +%d\r\n\r\n",
    "space before the colon": b"Content-Length : %d\r\n\r\n",
    "folded length": b"Content-Length:\r\n %d\r\n\r\n",
    "folded token": b"Fsc-Authorization:\r\n x\r\n\r\n",
    "hidden coding": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "bare line end": b"X-A: b\nContent-Length: %d\n\n",
    "zero byte": b"X-A: b\0c\r\n\r\n",
    "a giant header": b"X-A: " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": b"".join(b"X-%d: a\r\n" % n for n in range(300)) + b"\r\n",
}


@pytest.mark.parametrize("door", ["inway", "manager"])
@pytest.mark.parametrize("name", AMBIGUOUS)
async def test_a_second_question_hidden_in_the_first(
    pair: Pair, group_anchor: Anchor, doesburg: Leaf, stolen: str, name: str, door: str
) -> None:
    """Whatever the two readers would make of it: what is hidden is never asked with the token.

    With a proper token and certificate, so that the form alone decides.
    """
    caller = as_peer(pair, group_anchor, doesburg, door=door)
    head = f"POST /v1/x HTTP/1.1\r\nHost: door.test\r\nFsc-Transaction-Id: {uuid7()}\r\n"
    if name != "folded token":
        head += f"Fsc-Authorization: {stolen}\r\n"
    rest = AMBIGUOUS[name]
    rest = rest % len(SMUGGLED) if b"%d" in rest else rest
    began = time.time()
    answers = await asyncio.to_thread(_everything, caller, head.encode() + rest + SMUGGLED)
    statuses = [int(line.split()[1]) for line in answers if line.startswith(b"HTTP/1.1 ")]
    # Either the whole is refused, or the second is a question of its own that has no token.
    assert statuses
    assert not [each for each in pair.service.heard if "geheim" in each.request_line]
    assert all(status >= 400 for status in statuses) or name == "bare line end"
    lines = await seen_by_nginx(pair, began)
    assert [line["door"] for line in lines] == [door] * len(lines)
    assert [int(line["status"]) for line in lines][: len(statuses)] == statuses
    # A coding that nginx does not know it answers with 501, before any rule of ours.
    refused = [line for line in lines if int(line["status"]) >= 400 and line["status"] != "501"]
    assert all(line["code"].startswith("ERROR_CODE_") for line in refused), refused
    pair.service.heard.clear()


def _everything(caller: Caller, data: bytes) -> list[bytes]:
    """All lines that come back until the connection is closed."""
    found = b""
    with caller.connect() as connection:
        connection.settimeout(5)
        try:
            connection.sendall(data)
            while piece := connection.recv(65_536):
                found += piece
        except (TimeoutError, ConnectionError, ssl.SSLError):
            pass
    return found.split(b"\r\n")


async def test_a_giant_body_at_the_manager_is_refused_in_the_form_of_the_standard(
    pair: Pair, group_anchor: Anchor, evil: Leaf, watch: Watch
) -> None:
    caller = as_peer(pair, group_anchor, evil, door="manager")
    began = time.time()
    head = "POST /v1/contracts HTTP/1.1\r\nHost: door.test\r\nContent-Length: 3000000\r\n\r\n"
    answer = await asyncio.to_thread(caller.raw, head.encode())
    assert code_of(answer) == (413, "ERROR_CODE_BODY_TOO_LARGE")
    assert json.loads(answer[2])["domain"] == "ERROR_DOMAIN_MANAGER"
    (line,) = await seen_by_nginx(pair, began)
    assert (line["door"], line["code"]) == ("manager", "ERROR_CODE_BODY_TOO_LARGE")
    assert line["serial"] == f"{evil.certificate.serial_number:X}".zfill(len(line["serial"]))
    assert watch.lines == []


async def test_the_manager_behind_nginx_believes_the_certificate_alone(
    pair: Pair, group_anchor: Anchor, evil: Leaf, doesburg: Leaf, watch: Watch
) -> None:
    """A token for Doesburg's grant, with Doesburg's certificate in a header."""
    caller = as_peer(pair, group_anchor, evil, door="manager")
    form = {
        "grant_type": "client_credentials",
        "scope": pair.grants["pand-open"],
        "client_id": DOESBURG,
    }
    body = "&".join(f"{name}={quote(value, safe='')}" for name, value in form.items()).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Peer-Cert": quote(doesburg.certificate_file.read_text()),
        "X_Peer_Cert": quote(doesburg.certificate_file.read_text()),
    }
    status, _, told = await asyncio.to_thread(
        caller.ask, "/v1/token", method="POST", headers=headers, body=body
    )
    assert (status, json.loads(told)["error"]) == (400, "invalid_client")
    (line,) = [each for each in watch.lines if each["event"] == "security"]
    assert (line["door"], line["peer"], line["code"]) == ("manager", EVIL, "invalid_client")


async def test_who_sends_slowly_or_reads_slowly_keeps_nobody_waiting(
    pair: Pair, group_anchor: Anchor, evil: Leaf, stolen: str
) -> None:
    """Forty that never finish their headers and twenty that never read their answer."""
    assert pair.weesp.carrier is not None
    answer = http_answer(200, body=b"x" * 20_000_000)
    pair.service.answer_with(answer)
    slow = [as_peer(pair, group_anchor, evil, door=d) for d in ("inway", "manager")] * 20
    opened = await asyncio.gather(*(asyncio.to_thread(each.connect) for each in slow))
    for each in opened:
        each.sendall(b"GET /v1/x HTTP/1.1\r\nHost: door.test\r\nX-A")
    head = f"GET /v1/x HTTP/1.1\r\nHost: door.test\r\nFsc-Authorization: {stolen}\r\n"
    unread = await asyncio.gather(*(asyncio.to_thread(pair.inway.connect) for _ in range(20)))
    for each in unread:
        each.sendall(f"{head}Fsc-Transaction-Id: {uuid7()}\r\n\r\n".encode())
    try:
        await asyncio.sleep(1)
        pair.service.answer_with(http_answer(200, body=b"data"))
        for _ in range(10):
            began = time.monotonic()
            assert (await use(pair.inway, stolen))[0] == 200
            assert time.monotonic() - began < 3
        # What nobody reads is not held either: twenty answers of twenty megabytes.
        assert _resident_bytes(pair.weesp.carrier.process.pid) < 150_000_000
        plan = pair.weesp.carrier.plan
        deadline = time.monotonic() + plan.header_timeout_seconds + 5
        for each in opened:
            each.settimeout(max(0.1, deadline - time.monotonic()))
            assert await asyncio.to_thread(_is_closed, each)
    finally:
        for each in (*opened, *unread):
            each.close()
        pair.service.heard.clear()


def _is_closed(connection: socket.socket) -> bool:
    """True when the other side ended it, with at most a refusal before."""
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except (ConnectionError, ssl.SSLError):
        return True
    return True


def _resident_bytes(master: int) -> int:
    """Memory of nginx and its workers together."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    total = 0
    for pid in (str(master), *children):
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0]) * 1024
    return total
