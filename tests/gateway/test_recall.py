# SPDX-License-Identifier: EUPL-1.2
"""A question that is decided from memory gets the answer and the record of the long way."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    PARKING,
    SERVICES,
    SPAN,
    TARGET,
    TRACE,
    Scene,
    headers_of,
    scene_of,
)

from landschap.gateway.asked import Asked, Fresh
from landschap.gateway.doors import Holdings, Verdict, walk
from landschap.gateway.memory import Memory
from landschap.gateway.recall import Recall, Recalled, tail_of
from landschap.logboek.batches import seal
from landschap.logboek.forms import Ready, whole
from landschap.logboek.records import Draft
from landschap.platform.ids import uuid7

NUMBER = UUID(int=7)


class OneToken(Scene):
    """A scene in which the asker keeps its token: a real one does, for minutes."""

    def token(self, service: str = "uitkeringen", **changes: Any) -> str:
        if changes or service != "uitkeringen":
            return super().token(service, **changes)
        kept: dict[str, str] = self.__dict__.setdefault("kept", {})
        if not kept:
            kept["token"] = super().token()
        return kept["token"]


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    made = scene_of(group_anchor, weesp, doesburg)
    return OneToken(weesp=made.weesp, doesburg=made.doesburg, now=made.now)


def _new(scene: Scene, **changes: Any) -> Fresh:
    changes.setdefault("now", scene.now + timedelta(milliseconds=250))
    return scene.fresh(span_id=uuid4().bytes[:8], **changes)


def _question(scene: Scene, **headers: str) -> Asked:
    """A question with an own transaction, span and declaration."""
    headers.setdefault("fsc_transaction_id", str(uuid7()))
    headers.setdefault("traceparent", f"00-{TRACE.hex()}-{uuid4().hex[:16]}-01")
    headers.setdefault("purpose_declaration", scene.declaration(jti=uuid7()))
    return scene.incoming(**headers)


def _walk(asked: Asked, holdings: Holdings, fresh: Fresh) -> Verdict:
    found = walk("inway", asked, holdings, fresh)
    assert isinstance(found, Verdict)
    return found


def _warm(scene: Scene, make: Callable[[], Asked]) -> Holdings:
    """Holdings that have seen such a question twice in this second."""
    holdings = scene.holdings("inway")
    for _ in range(2):
        assert not isinstance(_walk(make(), holdings, _new(scene)).draft, Ready)
    return holdings


def _equal(asked: Asked, holdings: Holdings, fresh: Fresh) -> Verdict:
    """The verdict, which must be that of the long way to the last byte."""
    unknowing = msgspec.structs.replace(holdings, recall=Recall(), memory=Memory())
    known = _walk(asked, holdings, fresh)
    long = _walk(asked, unknowing, fresh)
    assert known.answer == long.answer
    assert known.code == long.code
    assert known.used == long.used
    if isinstance(known.draft, Ready):
        _assert_recorded_alike(known.draft, long.draft)
    else:
        assert known.draft == long.draft
    return known


def _assert_recorded_alike(short: Ready, long: Draft | Ready) -> None:
    """Sealed the same, and what is kept of the form gives the same text again."""
    ours, theirs = (seal(each, NUMBER, b"s" * 16) for each in (short, long))
    assert (ours.columns, ours.leaf, ours.payload) == (theirs.columns, theirs.leaf, theirs.payload)
    assert short.form is not None
    assert whole(short.form, short.values) == theirs.payload


def test_a_third_question_of_a_kind_is_answered_and_recorded_as_the_long_way_would(
    scene: Scene,
) -> None:
    holdings = _warm(scene, lambda: _question(scene))
    for _ in range(5):
        verdict = _equal(_question(scene), holdings, _new(scene))
        assert isinstance(verdict.draft, Ready)
        assert verdict.used is not None
        assert headers_of(verdict.answer)[":status"] == "200"


def test_an_unsigned_purpose_is_recalled_too(scene: Scene) -> None:
    scene.services = (dataclasses.replace(SERVICES[0], declaration="unsigned"),)
    holdings = _warm(scene, lambda: _question(scene, purpose_declaration=""))
    verdict = _equal(_question(scene, purpose_declaration=""), holdings, _new(scene))
    assert isinstance(verdict.draft, Ready)


@pytest.mark.parametrize("traceparent", ["", "rubbish", f"00-{TRACE.hex()}-{SPAN.hex()}-00"])
def test_the_trace_goes_on_as_it_came(scene: Scene, traceparent: str) -> None:
    scene.services = (dataclasses.replace(SERVICES[0], declaration="unsigned"),)

    def question() -> Asked:
        return _question(scene, purpose_declaration="", traceparent=traceparent)

    holdings = _warm(scene, question)
    assert isinstance(_equal(question(), holdings, _new(scene)).draft, Ready)


def test_what_is_confidential_now_is_not_answered_as_what_was_not(scene: Scene) -> None:
    holdings = _warm(scene, lambda: _question(scene))
    verdict = _equal(_question(scene, vertrouwelijkheid="vertrouwelijk"), holdings, _new(scene))
    assert verdict.code == "confidential_variant_missing"


def test_what_a_peer_says_of_itself_is_in_the_record_of_each_question(scene: Scene) -> None:
    number = str(uuid4())
    holdings = _warm(scene, lambda: _question(scene, verwerkingid=number))
    for _ in range(3):
        _equal(_question(scene, verwerkingid=str(uuid4())), holdings, _new(scene))
        _equal(_question(scene), holdings, _new(scene))
    said = _equal(_question(scene, verwerkingid=number), holdings, _new(scene)).draft
    assert isinstance(said, Draft)
    assert number in repr(said.payload)


def test_another_path_with_the_same_query_gets_a_permit_of_its_own(scene: Scene) -> None:
    holdings = _warm(scene, lambda: _question(scene))
    asked = msgspec.structs.replace(
        _question(scene), target=TARGET.replace("/v1/_zoek", "/v1/iets/anders")
    )
    assert isinstance(_equal(asked, holdings, _new(scene)).draft, Ready)


def _tampered(declaration: str) -> str:
    signature = declaration.rpartition(".")[2]
    letter = "A" if signature[7] != "A" else "B"
    return declaration.replace(signature, f"{signature[:7]}{letter}{signature[8:]}")


CHANGED: dict[str, Callable[[Scene], Asked]] = {
    "other purpose": lambda s: _question(
        s, doelbinding=PARKING, purpose_declaration=s.declaration(jti=uuid7(), purpose=PARKING)
    ),
    "purpose in header only": lambda s: _question(s, doelbinding=PARKING),
    "other ground": lambda s: _question(
        s, purpose_declaration=s.declaration(jti=uuid7(), legal_bases=("eu-gdpr:A6-1-f",))
    ),
    "other level": lambda s: _question(
        s, purpose_declaration=s.declaration(jti=uuid7(), loa="none")
    ),
    "other role": lambda s: _question(
        s, purpose_declaration=s.declaration(jti=uuid7(), role="ander")
    ),
    "other action": lambda s: _question(
        s, purpose_declaration=s.declaration(jti=uuid7(), action="wissen")
    ),
    "other audience": lambda s: _question(
        s, purpose_declaration=s.declaration(jti=uuid7(), audience="00000099000000009000")
    ),
    "declaration of another trace": lambda s: _question(
        s, traceparent=f"00-{'1' * 32}-{SPAN.hex()}-01"
    ),
    "another signature": lambda s: _question(
        s, purpose_declaration=_tampered(s.declaration(jti=uuid7()))
    ),
    "no declaration": lambda s: _question(s, purpose_declaration=""),
    "no token": lambda s: _question(s, fsc_authorization=""),
    "token of another service": lambda s: _question(
        s, fsc_authorization=f"Bearer {s.token('pand-open')}"
    ),
    "token of another client": lambda s: _question(
        s, fsc_authorization=f"Bearer {s.token(client=s.weesp.certificate)}"
    ),
    "no certificate": lambda s: _question(s, x_peer_cert=""),
    "no transaction": lambda s: _question(s, fsc_transaction_id=""),
    "transaction of another version": lambda s: _question(s, fsc_transaction_id=str(uuid4())),
    "body too large": lambda s: _question(s, x_body_length="99999999"),
    "length unknown": lambda s: _question(s, x_body_length="", x_body_encoding="chunked"),
    "lenient": lambda s: _question(s, prefer="handling=lenient"),
    "other method": lambda s: msgspec.structs.replace(_question(s), method="DELETE"),
    "one field too many": lambda s: msgspec.structs.replace(
        _question(s), target=f"{TARGET.replace('&', ',woning.m2&', 1)}"
    ),
    "no query": lambda s: msgspec.structs.replace(_question(s), target="/v1/_zoek"),
    "bad query": lambda s: msgspec.structs.replace(_question(s), target=f"{TARGET}&fields=x"),
    "a person's number where a declaration should be": lambda s: _question(
        s, purpose_declaration="a.123456782.b"
    ),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_any_other_question_is_judged_by_itself(
    scene: Scene, change: Callable[[Scene], Asked]
) -> None:
    holdings = _warm(scene, lambda: _question(scene))
    assert not isinstance(_equal(change(scene), holdings, _new(scene)).draft, Ready)
    assert isinstance(_equal(_question(scene), holdings, _new(scene)).draft, Ready)


def test_a_declaration_that_was_used_before_is_refused(scene: Scene) -> None:
    holdings = _warm(scene, lambda: _question(scene))
    used = _question(scene)
    assert isinstance(_walk(used, holdings, _new(scene)).draft, Ready)
    again = _question(scene, purpose_declaration=used.header("purpose-declaration"))
    verdict = _walk(again, holdings, _new(scene))
    assert verdict.code == "declaration_replayed"


def test_nothing_is_recalled_in_the_next_second(scene: Scene) -> None:
    holdings = _warm(scene, lambda: _question(scene))
    later = _new(scene, now=scene.now + timedelta(seconds=1))
    assert not isinstance(_equal(_question(scene), holdings, later).draft, Ready)


def test_nothing_is_recalled_in_another_world(scene: Scene) -> None:
    holdings = _warm(scene, lambda: _question(scene))
    scene.weesp_register = dataclasses.replace(scene.weesp_register, policies=())
    changed = msgspec.structs.replace(holdings, world=scene.world("inway"))
    verdict = _equal(_question(scene), changed, _new(scene))
    assert not isinstance(verdict.draft, Ready)
    assert headers_of(verdict.answer)[":status"] == "403"


def test_what_was_refused_is_never_recalled(scene: Scene) -> None:
    holdings = scene.holdings("inway")
    for _ in range(4):
        asked = _question(scene, doelbinding=PARKING)
        assert not isinstance(_equal(asked, holdings, _new(scene)).draft, Ready)


def test_the_purpose_of_these_tests_is_permitted(scene: Scene) -> None:
    assert scene.claims().purpose == ASSISTANCE != PARKING


def _as_sent(asked: Asked, **last: str) -> bytes:
    """A question as the carrier writes it: what is new in it last."""
    last = {
        "Fsc-Transaction-Id": asked.header("fsc-transaction-id"),
        "traceparent": asked.header("traceparent"),
        **last,
    }
    names = [name for name in asked.headers if name.lower() not in {n.lower() for n in last}]
    lines = [f"{asked.method} {asked.target} HTTP/1.1"]
    lines += [f"{name}: {asked.headers[name]}" for name in names if asked.headers[name]]
    lines += [f"{name}: {text}" for name, text in last.items() if text]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _whole(asked: Asked) -> tuple[Asked, bytes]:
    data = _as_sent(asked)
    tail = tail_of(data)
    return msgspec.structs.replace(asked, head=data[: tail.begin] if tail else b""), data


def _warm_whole(scene: Scene) -> Holdings:
    """Holdings that have answered such a question from memory, as it came from the carrier."""
    scene.services = (dataclasses.replace(SERVICES[0], declaration="unsigned"),)
    holdings = _warm(scene, lambda: _question(scene, purpose_declaration=""))
    asked, _ = _whole(_question(scene, purpose_declaration=""))
    assert isinstance(_walk(asked, holdings, _new(scene)).draft, Ready)
    return holdings


def _again(data: bytes, holdings: Holdings, fresh: Fresh) -> Recalled | None:
    tail = tail_of(data)
    assert tail is not None
    now = (fresh.now, fresh.span_id)
    return holdings.recall.again(data, tail, holdings.world, now, holdings.secrets.permit)


def test_a_question_that_is_new_in_its_tail_only_is_answered_and_recorded_as_the_long_way_would(
    scene: Scene,
) -> None:
    holdings = _warm_whole(scene)
    for _ in range(50):
        fresh = _new(scene, now=scene.now + timedelta(microseconds=random.randrange(1_000_000)))
        asked, data = _whole(_question(scene, purpose_declaration=""))
        found = _again(data, holdings, fresh)
        assert found is not None
        long = _walk(asked, msgspec.structs.replace(holdings, recall=Recall()), fresh)
        assert found.answer == long.answer
        _assert_recorded_alike(found.ready, long.draft)


@pytest.mark.parametrize(
    "other",
    [
        {"method": "PUT"},
        {"target": TARGET + "0"},
        {"x_peer_cert": "another"},
        {"fsc_authorization": "Bearer another"},
        {"doelbinding": "https://doelen.test/id/another"},
        {"x_body_length": "1"},
        {"tracestate": "a=c"},
        {"purpose_declaration": "a.b.c"},
    ],
)
def test_a_question_that_is_new_in_anything_else_is_read_in_full(
    scene: Scene, other: dict[str, str]
) -> None:
    holdings = _warm_whole(scene)
    asked = _question(scene, purpose_declaration="")
    headers = {**asked.headers, **{k.replace("_", "-"): v for k, v in other.items()}}
    method, target = headers.pop("method", asked.method), headers.pop("target", asked.target)
    data = _as_sent(Asked(method, target, headers))
    assert _again(data, holdings, _new(scene)) is None


def test_what_was_answered_counts_for_its_second_and_its_world_only(scene: Scene) -> None:
    holdings = _warm_whole(scene)
    _, data = _whole(_question(scene, purpose_declaration=""))
    assert _again(data, holdings, _new(scene)) is not None
    assert _again(data, holdings, _new(scene, now=scene.now + timedelta(seconds=1.25))) is None
    newer = msgspec.structs.replace(holdings, world=msgspec.structs.replace(holdings.world))
    assert _again(data, newer, _new(scene)) is None


@pytest.mark.parametrize(
    "last",
    [
        {"traceparent": ""},
        {"traceparent": f"00-{'0' * 32}-{SPAN.hex()}-01"},
        {"traceparent": f"00-{TRACE.hex()}-{'0' * 16}-01"},
        {"traceparent": f"01-{TRACE.hex()}-{SPAN.hex()}-01"},
        {"traceparent": f"00-{TRACE.hex().upper()}-{SPAN.hex()}-01"},
        {"Fsc-Transaction-Id": ""},
        {"Fsc-Transaction-Id": str(uuid4())},
        {"Fsc-Transaction-Id": str(uuid7()).upper()},
        {"Fsc-Transaction-Id": f"{uuid7()}, {uuid7()}"},
        {"X-More": "1"},
    ],
)
def test_a_tail_of_another_form_is_read_in_full(scene: Scene, last: dict[str, str]) -> None:
    data = _as_sent(_question(scene, purpose_declaration=""), **last)
    assert tail_of(data) is None
    assert tail_of(_as_sent(_question(scene, purpose_declaration=""))[:-1]) is None
    assert tail_of(_as_sent(_question(scene, purpose_declaration="")) + b"G") is None
