# SPDX-License-Identifier: EUPL-1.2
"""A malicious third peer at a real Manager, over mutual TLS.

It is a member of the Group with a proper certificate, has read a contract between Weesp and
Doesburg that is in force, and tries everything. Each attempt must achieve nothing (the tables stay
as they are), get the code of its rule, and leave one line that an operator can find.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import structlog
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.fsc import fsc_rig as rig
from tests.fsc.evil_peer import KeyServer, key_server
from tests.fsc.manager_rig import (
    Answer,
    Group,
    Manager,
    ask,
    asking,
    place,
    sign_here,
    stored,
    submit,
)

from landschap.fsc import jws
from landschap.fsc.jwks import write_jwks
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind, State
from landschap.vocabulary.ijson import canonical

SIGNATURE = "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"
ALGORITHM = "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE"
PEER_ID = "ERROR_CODE_PEER_ID_SIGNATURE_MISMATCH"
CONTENT_HASH = "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH"
PATH_HASH = "ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH"
HASH_ALGORITHM = "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"
SUBMITTER = "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"
INVALID = "ERROR_CODE_CONTRACT_INVALID"
TABLES = ("contract", "contract_grant", "participant", "signature", "certificate", "token")


@pytest.fixture(scope="module")
def evil(group: Group) -> OwnPeer:
    """The third peer: a member of the Group like any other."""
    return rig.own_peer(group.authority, rig.TUSSEN)


@pytest.fixture
async def agreed(weesp: Manager, doesburg: OwnPeer) -> dict[str, Any]:
    """A contract between the two that is in force; the attacker has a copy."""
    tree = asking(doesburg)
    assert (await submit(weesp, doesburg, tree)).status == 201
    await sign_here(weesp, tree)
    assert (await stored(weesp, tree)).state(datetime.now(UTC)) is State.VALID
    return tree


@pytest.fixture
async def evil_keys(group: Group, evil: OwnPeer) -> AsyncIterator[KeyServer]:
    """The Manager of the attacker, which answers what it likes."""
    async with key_server(evil, group.folder / "evil", rig.HOSTS[rig.TUSSEN]) as made:
        yield made


class Watch:
    """What the attempts so far got, to be held against what must come of them."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def caught(self, answer: Answer, status: int, code: str, *, by: str = rig.TUSSEN) -> None:
        """The answer has this status and code, and exactly one line tells of it."""
        told = answer.json
        assert (answer.status, told.get("code") or told.get("error")) == (status, code), told
        found = [each for each in self.lines if each["event"] in ("security", "refused")]
        assert len(found) == 1, self.lines
        assert (found[0]["peer"], found[0]["code"]) == (by, code)
        assert found[0]["reason"]
        if code != "invalid_grant":
            assert (found[0]["event"], found[0]["log_level"]) == ("security", "warning")
        self.lines.clear()


@pytest.fixture
async def watch(weesp: Manager, agreed: dict[str, Any]) -> AsyncIterator[Watch]:
    """Listens along, and afterwards sees that no table changed."""

    async def rows() -> dict[str, Any]:
        found = {}
        for table in TABLES:
            read = await weesp.pool.fetch(f"SELECT * FROM {table}")
            found[table] = sorted(map(repr, read))
        return found

    before, made = await rows(), Watch()
    with structlog.testing.capture_logs() as lines:
        made.lines = lines
        yield made
    assert await rows() == before
    assert (await stored(weesp, agreed)).state(datetime.now(UTC)) is State.VALID


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def payload(tree: Any, kind: Kind = Kind.REVOKE) -> dict[str, Any]:
    content_hash = rig.contract(tree).hash.value
    now = int(datetime.now(UTC).timestamp())
    return {"contract_content_hash": content_hash, "type": kind.value, "signed_at": now}


def made_up(
    tree: Any, header: dict[str, Any], sign: Callable[[bytes], bytes], kind: Kind = Kind.REVOKE
) -> str:
    """A JWS with this header and whatever signs it."""
    text = f"{b64(canonical(header))}.{b64(canonical(payload(tree, kind)))}"
    return f"{text}.{b64(sign(text.encode()))}"


async def test_a_signature_without_an_algorithm_of_the_list(
    weesp: Manager, doesburg: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """``alg: none``, and HS256 with the public key as the secret, in every spelling of it."""
    key = doesburg.key.public_key()
    secrets = [
        key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        doesburg.certificate.der,
    ]
    thumbprint = doesburg.certificate.thumbprint

    def keyed(secret: bytes) -> Callable[[bytes], bytes]:
        def sign(message: bytes) -> bytes:
            made = hmac.HMAC(secret, hashes.SHA256())
            made.update(message)
            return made.finalize()

        return sign

    tries: list[tuple[Any, Callable[[bytes], bytes]]] = [("HS256", keyed(s)) for s in secrets]
    tries += [(name, lambda _: b"x") for name in ("none", "None", "NONE", "PS256", "EdDSA", "", 7)]
    for algorithm, sign in tries:
        text = made_up(agreed, {"alg": algorithm, "x5t#S256": thumbprint}, sign)
        answer = await place(weesp, doesburg, agreed, Kind.REVOKE, signature=text)
        watch.caught(answer, 422, ALGORITHM, by=rig.DOESBURG)
    unsigned = made_up(agreed, {"alg": "none"}, lambda _: b"x").rpartition(".")[0] + "."
    answer = await place(weesp, doesburg, agreed, Kind.REVOKE, signature=unsigned)
    watch.caught(answer, 422, SIGNATURE, by=rig.DOESBURG)


async def test_a_true_signature_in_a_form_that_is_not_allowed(
    weesp: Manager, doesburg: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """DER instead of r and s, another curve in the header, r and s of nothing, and stretched."""
    key = doesburg.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    thumbprint = doesburg.certificate.thumbprint

    def der(message: bytes) -> bytes:
        return key.sign(message, ec.ECDSA(hashes.SHA256()))

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    forms: list[tuple[str, Callable[[bytes], bytes]]] = [
        ("ES256", der),
        ("ES384", lambda m: key.sign(m, ec.ECDSA(hashes.SHA384()))),
        ("ES512", lambda _: b"\0" * 132),
        ("RS256", der),
        ("ES256", lambda _: b"\0" * 64),
        ("ES256", lambda _: order.to_bytes(32) * 2),
        ("ES256", lambda _: b"\xff" * 64),
        ("ES256", lambda m: b"\0" + der(m)),
    ]
    for algorithm, sign in forms:
        text = made_up(agreed, {"alg": algorithm, "x5t#S256": thumbprint}, sign)
        answer = await place(weesp, doesburg, agreed, Kind.REVOKE, signature=text)
        watch.caught(answer, 422, SIGNATURE, by=rig.DOESBURG)


async def test_header_members_that_bring_their_own_key(
    weesp: Manager, doesburg: OwnPeer, evil: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """A key, a certificate or an address in the header is not looked at; ``crit`` is refused."""
    chain = [base64.b64encode(evil.certificate.der).decode()]
    own = write_jwks([ChainedCertificate(leaf=evil.certificate)])["keys"]
    extra: list[dict[str, Any]] = [
        {"jwk": own[0] if isinstance(own, list) else None},
        {"x5c": chain},
        {"jku": f"{evil.manager_address}/keys", "x5u": evil.manager_address, "kid": "../../etc"},
        {"crit": ["b64"], "b64": False},
    ]
    key = evil.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    raw = jws.sign(payload(agreed), key, doesburg.certificate.thumbprint)
    for members in extra:
        header = {"alg": "ES256", "x5t#S256": doesburg.certificate.thumbprint} | members
        text = ".".join([b64(canonical(header)), *raw.split(".")[1:]])
        answer = await place(weesp, doesburg, agreed, Kind.REVOKE, signature=text)
        watch.caught(answer, 422, SIGNATURE, by=rig.DOESBURG)


async def test_a_certificate_of_an_authority_of_its_own(
    group: Group, weesp: Manager, evil: OwnPeer, watch: Watch, evil_keys: KeyServer
) -> None:
    """In the key set it serves itself, with a chain that ends in a root of its own making."""
    own_root = rig.Authority(name="Testanker")
    forged = rig.own_peer(own_root, rig.TUSSEN)
    tree = rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64))
    chain = ChainedCertificate(leaf=forged.certificate, others=(own_root.certificate,))
    evil_keys.body = canonical(write_jwks([chain]))
    where = {"Fsc-Manager-Address": evil_keys.address}
    answer = await submit(weesp, evil, tree, rig.accept(forged, tree), headers=where)
    watch.caught(answer, 422, SIGNATURE)
    assert evil_keys.asked == ["/v1/.well-known/jwks.json"]

    # The same name and key under the real authority, but for another peer.
    as_weesp, key = own_root.issue(rig.TUSSEN, key=forged.key)
    assert as_weesp.public_key() == key.public_key()
    other = rig.own_peer(group.authority, rig.PROVINCE, key=forged.key)
    evil_keys.body = canonical(write_jwks([ChainedCertificate(leaf=other.certificate)]))
    answer = await submit(weesp, evil, tree, rig.accept(other, tree), headers=where)
    watch.caught(answer, 422, PEER_ID)


async def test_a_certificate_of_an_authority_of_its_own_opens_no_connection(
    weesp: Manager, watch: Watch
) -> None:
    """The handshake ends before a byte of HTTP; behind nginx the answer is 400 (see the Inway)."""
    outsider = rig.own_peer(rig.Authority(name="Testanker"), rig.DOESBURG)
    with pytest.raises(aiohttp.ClientError):
        await ask(weesp, outsider, "GET", "/v1/contracts")
    assert watch.lines == []


@pytest.mark.parametrize("trick", ["redirect", "giant", "rubbish", "bomb", "many"])
async def test_a_key_set_that_is_a_trap(
    group: Group, weesp: Manager, evil: OwnPeer, watch: Watch, evil_keys: KeyServer, trick: str
) -> None:
    """Never followed elsewhere, never read beyond its limit, never an accident of ours."""
    evil_keys.status = 302 if trick == "redirect" else 200
    evil_keys.body = {
        "redirect": b"",
        "giant": b" " * 3_000_000,
        "rubbish": b'{"keys": [{"x5c": ["!", 1, null]}, 7, {"x5c": "x"}]}',
        "bomb": b'{"keys":' + b"[" * 100_000,
        "many": canonical({"keys": [{"x5c": ["AA=="] * 50}] * 500}),
    }[trick]
    tree = rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64))
    other = rig.own_peer(group.authority, rig.TUSSEN)
    where = {"Fsc-Manager-Address": evil_keys.address}
    answer = await submit(weesp, evil, tree, rig.accept(other, tree), headers=where)
    assert answer.code == SIGNATURE
    assert answer.status == (422 if trick in ("rubbish", "many") else 503)
    assert evil_keys.asked == ["/v1/.well-known/jwks.json"]


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:5432", "https://10.0.0.1:8443", "https://169.254.169.254:443",
        "https://[::1]:8443", "https://[::ffff:127.0.0.1]:8443", "https://0.0.0.0:8443",
    ],
)  # fmt: skip
async def test_an_address_inside_our_network_is_not_visited(
    group: Group, weesp: Manager, evil: OwnPeer, watch: Watch, address: str
) -> None:
    tree = rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64))
    other = rig.own_peer(group.authority, rig.TUSSEN)
    where = {"Fsc-Manager-Address": address}
    answer = await submit(weesp, evil, tree, rig.accept(other, tree), headers=where)
    assert (answer.status, answer.code) == (503, SIGNATURE)
    assert "not at a public address" in answer.json["message"]


@pytest.mark.parametrize(
    "address",
    [
        "https://user@doesburg.test:8443", "https://doesburg.test:8443/x", "file:///etc/passwd",
        "https://doesburg.test:8443?x", "https://doesburg.test", "https://doesburg.test:0",
        "https://doe%73burg.test:8443", "https://doesburg.test:99999", "gopher://x:1",
        "https://doesburg.test:8443#x", "https://" + "a" * 300 + ":1", "https://[::1:8443",
        "https://[::g]:8443", "https://a..b:8443", "https://[fe80::1%25eth0]:8443",
        "https://[v1.a]:8443",
    ],
)  # fmt: skip
async def test_an_address_that_is_a_trick_is_refused(
    weesp: Manager, evil: OwnPeer, watch: Watch, address: str
) -> None:
    where = {"Fsc-Manager-Address": address}
    answer = await ask(weesp, evil, "PUT", "/v1/announce", headers=where)
    watch.caught(answer, 400, "ERROR_CODE_MANAGER_ADDRESS_INVALID")


async def test_a_contract_of_others_brought_again(
    weesp: Manager, doesburg: OwnPeer, evil: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """By a stranger, with the true signature; and each true signature where it does not belong."""
    true = rig.accept(doesburg, agreed)
    watch.caught(await submit(weesp, evil, agreed, true), 422, SUBMITTER)
    for kind in Kind:
        answer = await place(weesp, evil, agreed, kind, signature=true)
        watch.caught(answer, 422, SUBMITTER)
    for kind in (Kind.REJECT, Kind.REVOKE):
        answer = await place(weesp, doesburg, agreed, kind, signature=true)
        watch.caught(answer, 422, SIGNATURE, by=rig.DOESBURG)


async def test_a_grant_grafted_onto_a_contract_that_was_signed(
    weesp: Manager, doesburg: OwnPeer, evil: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """Of the attacker, beside the one that was agreed; with the signature under the original."""
    key = evil.certificate.key_thumbprint
    grafted = agreed | {
        "grants": [*agreed["grants"], rig.connection_grant(rig.TUSSEN, rig.WEESP, key)]
    }
    true = rig.accept(doesburg, agreed)
    watch.caught(await submit(weesp, evil, grafted, true), 422, PEER_ID)
    answer = await submit(weesp, doesburg, grafted, true)
    watch.caught(answer, 422, CONTENT_HASH, by=rig.DOESBURG)
    # Its own true signature under it: the same iv with other content is never taken.
    watch.caught(await submit(weesp, evil, grafted, rig.accept(evil, grafted)), 422, INVALID)
    # At the address of the original.
    answer = await place(
        weesp, evil, grafted, Kind.ACCEPT,
        path_hash=rig.contract(agreed).hash.value, signature=rig.accept(evil, grafted),
    )  # fmt: skip
    watch.caught(answer, 422, PATH_HASH)
    for grant in rig.contract(grafted).grants:
        answer = await token(weesp, evil, grant.hash.value)
        watch.caught(answer, 400, "invalid_grant")


async def test_two_contents_in_one_body_and_members_twice(
    weesp: Manager, doesburg: OwnPeer, evil: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """So that the one who checks and the one who keeps would read another contract."""
    own = rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64))
    both = {"content": own, "contract_content": agreed, "signature": rig.accept(evil, own)}
    watch.caught(await ask(weesp, evil, "POST", "/v1/contracts", body=both), 422, INVALID)
    text = json.dumps({"content": own, "signature": rig.accept(evil, own)})
    twice = text[:-1] + f', "content": {json.dumps(agreed)}' + "}"
    answer = await ask(weesp, evil, "POST", "/v1/contracts", body=twice.encode())
    watch.caught(answer, 400, "ERROR_CODE_REQUEST_INVALID")


async def test_giants(weesp: Manager, evil: OwnPeer, watch: Watch) -> None:
    """Properties, grants, depth, signature, body: each beyond its limit."""

    def with_properties(size: int) -> dict[str, Any]:
        big = {"a": "x" * size}
        return rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64, properties=big))

    answer = await submit(weesp, evil, with_properties(4_096), "a.b.c")
    watch.caught(answer, 422, INVALID)
    many = [
        rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64, service=f"s{n}") for n in range(101)
    ]
    watch.caught(await submit(weesp, evil, rig.content(*many), "a.b.c"), 422, INVALID)
    deep: Any = 1
    for _ in range(80):
        deep = {"a": deep}
    tree: Any = rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64))
    tree["grants"][0]["data"]["properties"] = deep
    body = {"content": tree, "signature": "a.b.c"}
    answer = await ask(weesp, evil, "POST", "/v1/contracts", body=body)
    watch.caught(answer, 400, "ERROR_CODE_REQUEST_INVALID")
    small = with_properties(10)
    watch.caught(await submit(weesp, evil, small, f"{'a' * 20_000}.b.c"), 422, SIGNATURE)
    answer = await ask(
        weesp, evil, "POST", "/v1/contracts", body=io.BytesIO(b'{"a":"' + b"x" * 1_500_000)
    )
    watch.caught(answer, 413, "ERROR_CODE_BODY_TOO_LARGE")
    # Small when sent, large when it is kept: a number whose canonical form is four times as long.
    tree["grants"][0] = rig.publication_grant(rig.TUSSEN, rig.WEESP)
    text = json.dumps({"content": tree, "signature": "a.b.c"})
    numbers = ",".join(["1e15"] * 150_000)
    text = text.replace('"protocol"', f'"properties": 1, "x": [{numbers}], "protocol"', 1)
    answer = await ask(weesp, evil, "POST", "/v1/contracts", body=text.encode())
    watch.caught(answer, 422, INVALID)


async def test_a_number_that_could_not_be_read_back_is_not_kept(
    weesp: Manager, evil: OwnPeer, watch: Watch
) -> None:
    """One such contract, kept, would have made every list of contracts fail from then on."""
    for number in ("9007199254740992.0", "1e20", "-9.007199254740993e15"):
        tree = rig.content(
            rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64, properties={"a": 4711})
        )
        text = json.dumps({"content": tree, "signature": "a.b.c"}).replace("4711", number)
        answer = await ask(weesp, evil, "POST", "/v1/contracts", body=text.encode())
        watch.caught(answer, 400, "ERROR_CODE_REQUEST_INVALID")
    assert (await ask(weesp, evil, "GET", "/v1/contracts")).status == 200


async def test_tricks_with_the_hash_in_the_address(
    weesp: Manager, doesburg: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """The address names the contract in the body, exactly, or nothing happens."""
    true = rig.contract(agreed).hash.value
    body = {"content": agreed, "signature": rig.accept(doesburg, agreed, Kind.REVOKE)}
    digest = true.removeprefix("$1$1$")
    other = rig.contract(asking(doesburg)).hash.value
    not_found = (404, "ERROR_CODE_NOT_FOUND")
    mismatch = (422, PATH_HASH)
    tricks = {
        f"$2$1${digest}": (422, HASH_ALGORITHM),
        f"$1$2${digest}": mismatch,
        f"$1$3${digest}": mismatch,
        f"$01$1${digest}": (422, HASH_ALGORITHM),
        digest: mismatch,
        other: mismatch,
        true.swapcase(): mismatch,
        f"{true}=": mismatch,
        f"{true}%00": mismatch,
        f"{true}%20": mismatch,
        f"{true};a=b": mismatch,
        f"{true}.": mismatch,
        f"{true}%2e": mismatch,
        true.replace("$", "%2524"): mismatch,
        true.replace("1", "%EF%BC%91", 1): mismatch,
        "%F0%9F%92%A9": mismatch,
        f"..%2f{true}": not_found,
        f"x%2F..%2F{true}": not_found,
        f"{true}%2Freject%2F..": not_found,
        f"/{true}": not_found,
        f"./{true}": not_found,
        f"../contracts/{true}": not_found,
        f"{true}/": not_found,
        f"%2e%2e/contracts/{true}": not_found,
    }
    for named, (status, code) in tricks.items():
        path = f"/v1/contracts/{named}/revoke"
        answer = await ask(weesp, doesburg, "PUT", path, body=body)
        assert (answer.status, answer.code) == (status, code), named
    kept = [each for each in watch.lines if each["event"] == "security"]
    assert len(kept) == sum(status == 422 for status, _ in tricks.values())
    assert all(each["reason"] for each in kept)
    assert {each["peer"] for each in kept} == {rig.DOESBURG}


async def token(manager: Manager, peer: OwnPeer, scope: str, **form: str) -> Answer:
    client = peer.peer_id.value
    asked = {"grant_type": "client_credentials", "scope": scope, "client_id": client} | form
    return await ask(manager, peer, "POST", "/v1/token", form=asked)


async def test_a_token_for_a_grant_of_another(
    group: Group, weesp: Manager, doesburg: OwnPeer, evil: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """With its own name, with the name of the other, and with another key of the same peer."""
    scope = rig.contract(agreed).grants[0].hash.value
    watch.caught(await token(weesp, evil, scope), 400, "unauthorized_client")
    answer = await token(weesp, evil, scope, client_id=rig.DOESBURG)
    watch.caught(answer, 400, "invalid_client")
    second = rig.own_peer(group.authority, rig.DOESBURG)
    assert second.certificate.key_thumbprint != doesburg.certificate.key_thumbprint
    answer = await token(weesp, second, scope)
    watch.caught(answer, 400, "unauthorized_client", by=rig.DOESBURG)
    # The certificate of the connection counts, not a header that says what it is.
    forged = {"X-Peer-Cert": "x", "X-Fsc-Peer": rig.DOESBURG, "X-Ssl-Client-Verify": "SUCCESS"}
    form = {"grant_type": "client_credentials", "scope": scope, "client_id": rig.TUSSEN}
    answer = await ask(weesp, evil, "POST", "/v1/token", form=form, headers=forged)
    watch.caught(answer, 400, "unauthorized_client")


async def test_a_form_that_could_be_read_in_two_ways(
    weesp: Manager, doesburg: OwnPeer, agreed: Any, watch: Watch
) -> None:
    scope = rig.contract(agreed).grants[0].hash.value
    good = f"grant_type=client_credentials&scope={scope}&client_id={rig.DOESBURG}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bodies = [
        f"{good}&client_id={rig.TUSSEN}",
        f"{good}&scope=x",
        f"{good}&a" + "&b=1" * 30,
        good + "&x=" + "y" * 9_000,
        good.replace("=", "", 1),
    ]
    for body in bodies:
        request = {"body": body.encode(), "headers": form}
        answer = await ask(weesp, doesburg, "POST", "/v1/token", **request)
        watch.caught(answer, 400, "invalid_request", by=rig.DOESBURG)
    request = {"body": good.replace("&", ";").encode(), "headers": form}
    answer = await ask(weesp, doesburg, "POST", "/v1/token", **request)
    watch.caught(answer, 400, "unsupported_grant_type", by=rig.DOESBURG)
    # In the address a parameter has no business, and is never read from there.
    answer = await ask(weesp, doesburg, "POST", f"/v1/token?{good}", body=b"", headers=form)
    watch.caught(answer, 400, "ERROR_CODE_REQUEST_INVALID", by=rig.DOESBURG)
    json_body = {"grant_type": "client_credentials", "scope": scope, "client_id": rig.DOESBURG}
    answer = await ask(weesp, doesburg, "POST", "/v1/token", body=json_body)
    watch.caught(answer, 400, "invalid_request", by=rig.DOESBURG)


async def test_what_others_agreed_is_neither_shown_nor_betrayed(
    weesp: Manager, evil: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """Asked for by its hash, a contract of others is as absent as one that never was."""
    true = rig.contract(agreed).grants[0].hash.value
    never = true[:-4] + "AAAA"
    shown = [
        (await ask(weesp, evil, "GET", f"/v1/contracts?grant_hash={each}")).body
        for each in (true, never)
    ]
    assert shown[0] == shown[1]
    everything = await ask(weesp, evil, "GET", "/v1/contracts?limit=1000")
    assert str(agreed["iv"]) not in everything.body.decode()
    for path in ("/v1/logs", "/v1/logs?limit=1000"):
        assert (await ask(weesp, evil, "GET", path)).json["records"] == []


async def test_an_accept_from_before_does_not_undo_a_revocation(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    """Whoever has kept every message of a contract can not bring it back to life with them."""
    tree = asking(doesburg)
    accept = rig.accept(doesburg, tree)
    await submit(weesp, doesburg, tree, accept)
    await sign_here(weesp, tree)
    assert (await place(weesp, doesburg, tree, Kind.REVOKE)).status == 201
    for signature in (accept, rig.accept(doesburg, tree)):
        assert (await submit(weesp, doesburg, tree, signature)).status == 201
        answer = await place(weesp, doesburg, tree, Kind.ACCEPT, signature=signature)
        assert answer.status == 201
    assert (await stored(weesp, tree)).state(datetime.now(UTC)) is State.REVOKED
    with structlog.testing.capture_logs() as lines:
        answer = await token(weesp, doesburg, rig.contract(tree).grants[0].hash.value)
    assert answer.json["error"] == "invalid_grant"
    assert [each["code"] for each in lines] == ["invalid_grant"]


async def test_a_signature_from_tomorrow_is_not_taken(
    weesp: Manager, doesburg: OwnPeer, agreed: Any, watch: Watch
) -> None:
    """It would be newer than any that follows."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    text = doesburg.sign(rig.contract(agreed), Kind.ACCEPT, tomorrow).jws
    answer = await place(weesp, doesburg, agreed, Kind.ACCEPT, signature=text)
    watch.caught(answer, 422, SIGNATURE, by=rig.DOESBURG)
