# SPDX-License-Identifier: EUPL-1.2
"""The assertion of a portal, the question, and a use as it crosses: what holds and what does not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import DOESBURG, WEESP, own_peer_of, text

from landschap.fsc import jws
from landschap.fsc.own import OwnPeer
from landschap.gateway.insight.assertion import (
    LIFETIME,
    LONGEST_LOGIN,
    SKEW,
    Assertion,
    Unverified,
    read,
    sign,
    verify,
)
from landschap.gateway.insight.describing import document_of
from landschap.gateway.insight.question import Question, read_question, write_question
from landschap.gateway.insight.told import (
    Agreed,
    Answer,
    Fields,
    read_answer,
    write_answer,
)
from landschap.gateway.uses.line import Lookups, Party, Use, Who
from landschap.logboek.payloads import Mandated, Outcome
from landschap.purposes.model import ProcessingActivity
from landschap.registers.describing import About
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.mandates import read_mandates
from landschap.vocabulary.problems import Refusal

SUZANNE = "999993653"
ANOTHER = "999990196"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
MANDATE = Mandated(
    source="https://machtigen.example",
    reference="M-17",
    services=("logboek-inzage",),
    until=datetime(2027, 1, 1, tzinfo=UTC),
)
SAID = Assertion(
    issuer=WEESP,
    audience=DOESBURG,
    subject=SUZANNE,
    level="http://eidas.europa.eu/LoA/substantial",
    authenticated_at=NOW - timedelta(minutes=4),
    issued_at=NOW,
    expires_at=NOW + LIFETIME,
    jti=UUID(int=7),
    mandate=MANDATE,
)


@pytest.fixture
def own(group_anchor: Anchor, weesp: Leaf) -> OwnPeer:
    return own_peer_of(weesp, group_anchor, "https://inway.weesp.test:8443")


def held(compact: str, signer: OwnPeer, **changed: Any) -> Assertion | Refusal:
    """The assertion as Doesburg holds it against Weesp, itself, Suzanne and the clock."""
    unverified = read(compact)
    if isinstance(unverified, Refusal):
        return unverified
    against = {"peer": WEESP, "own": DOESBURG, "subject": SUZANNE, "now": NOW, **changed}
    return verify(unverified, signer.certificate.key, **against)


def code(found: Assertion | Refusal) -> str:
    assert isinstance(found, Refusal)
    return found.code


def test_an_assertion_comes_back_as_it_was_signed_and_names_its_key(own: OwnPeer) -> None:
    compact = sign(SAID, own)
    assert held(compact, own) == SAID
    unverified = read(compact)
    assert isinstance(unverified, Unverified)
    assert unverified.thumbprint == own.certificate.thumbprint
    assert held(sign(replace(SAID, mandate=None), own), own) == replace(SAID, mandate=None)


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"subject": ANOTHER}, "assertion_subject"),
        ({"own": WEESP}, "assertion_audience"),
        ({"peer": DOESBURG}, "assertion_invalid"),
        ({"now": NOW + LIFETIME + SKEW}, "assertion_expired"),
        ({"now": NOW - SKEW - timedelta(seconds=1)}, "assertion_invalid"),
    ],
)
def test_an_assertion_is_for_one_organisation_and_person_and_two_minutes(
    own: OwnPeer, changed: dict[str, Any], wanted: str
) -> None:
    assert code(held(sign(SAID, own), own, **changed)) == wanted


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"expires_at": NOW + LIFETIME + timedelta(seconds=1)}, "assertion_invalid"),
        ({"expires_at": NOW}, "assertion_invalid"),
        ({"authenticated_at": NOW + SKEW + timedelta(seconds=1)}, "assertion_invalid"),
        ({"authenticated_at": NOW - LONGEST_LOGIN - SKEW}, "assertion_expired"),
        ({"level": ""}, "assertion_invalid"),
        ({"mandate": Mandated(source="a b", reference="x", services=())}, "assertion_invalid"),
        ({"mandate": Mandated(source="a", reference=SUZANNE, services=())}, "assertion_invalid"),
    ],
)
def test_what_an_assertion_may_not_say(own: OwnPeer, changed: dict[str, Any], wanted: str) -> None:
    assert code(held(sign(replace(SAID, **changed), own), own)) == wanted


def test_another_key_type_or_form_is_none(
    own: OwnPeer, group_anchor: Anchor, doesburg: Leaf
) -> None:
    other = own_peer_of(doesburg, group_anchor, "https://inway.doesburg.test:8443")
    assert code(held(sign(SAID, other), own)) == "assertion_invalid"
    payload = {"iss": WEESP, "aud": DOESBURG, "sub": SUZANNE}
    for kind in ("", "logboek-inzage+jwt"):
        compact = jws.sign(payload, own.key, own.certificate.thumbprint, kind=kind)
        assert code(held(compact, own)) == "assertion_invalid"
    body, tail = sign(SAID, own).rsplit(".", 1)
    assert code(held(f"{body}.{tail[:-8]}AAAAAAAA", own)) == "assertion_invalid"
    assert code(held("geen.jws", own)) == "assertion_invalid"


def test_no_number_of_a_person_stands_in_words_about_an_assertion_or_a_question(
    own: OwnPeer,
) -> None:
    asked = Question(bsn=SUZANNE, assertion="x", since=NOW, until=NOW + LIFETIME)
    wrong = held(sign(SAID, own), own, subject=ANOTHER)
    assert isinstance(wrong, Refusal)
    for said in (repr(SAID), repr(asked), wrong.detail, repr(read_question(b'{"x":"999993653"}'))):
        assert SUZANNE not in said
        assert ANOTHER not in said


def test_a_question_is_read_as_it_was_written_and_nothing_more() -> None:
    asked = Question(
        bsn=SUZANNE, assertion="e30.e30.e30", since=NOW, until=NOW + LIFETIME,
        before=UUID(int=5), one=UUID(int=6),
    )  # fmt: skip
    body = write_question(asked)
    assert read_question(body) == asked
    told = json.loads(body)
    wrongs: list[Any] = [
        {**told, "meer": 1},
        {**told, "burgerservicenummer": "999993654"},
        {**told, "tot": told["vanaf"]},
        {**told, "voor": "x"},
        {key: each for key, each in told.items() if key != "verklaring"},
        [],
    ]
    for wrong in wrongs:
        found = read_question(json.dumps(wrong).encode())
        assert isinstance(found, Refusal), wrong
        assert found.status == 400


USE = Use(
    id=UUID(int=9), at=NOW, who=Who.WE_ASKED_THEM,
    actor=Party(number=DOESBURG, name="Gemeente Doesburg"),
    holder=Party(number=WEESP, name="Gemeente Weesp"), delegator=None, groups=("Adres",),
    outcome=Outcome.DELIVERED, said="Adres opvragen", activity_uri="https://doesburg.example/a",
    activity=ProcessingActivity(
        uri="https://doesburg.example/a", version=3, name=text("Bijstand"), what=text("wat"),
        why=text("waarvoor"), ground=text("grond"), purpose="", legal_bases=(), subjects=(),
        recipients=(), retention="", log_retention="",
    ),
    purpose_uri="https://doelen.example/bijstand", case="Z-1", grant_hash="$1$4$geheim",
    transaction_id=UUID(int=8), trace_id="ab" * 16, recorders=(),
)  # fmt: skip
OTHER = Party(number=DOESBURG, name="Gemeente Doesburg")
LOOKUPS = Lookups(
    own=Oin.parse("00000099000000001000"), own_name="Gemeente Weesp", look_activity="",
    group_words=str.upper,
)  # fmt: skip


def crossed(answer: Answer) -> Answer:
    return read_answer(json.dumps(write_answer(answer)).encode(), OTHER, LOOKUPS)


def test_a_use_crosses_with_all_that_may_be_shown_and_nothing_else() -> None:
    answer = Answer(
        uses=(USE,), is_all=False, fields=Fields(visible=("a.b",), withheld=("c",)),
        agreed=Agreed(parties=("Weesp",), since=NOW, until=NOW + LIFETIME), missing=("names",),
    )  # fmt: skip
    found = crossed(answer)
    shown = replace(USE, grant_hash="", transaction_id=None, recorders=(OTHER,), groups=("ADRES",))
    assert found == replace(answer, uses=[shown])
    wire = json.dumps(write_answer(answer))
    assert "geheim" not in wire
    assert str(USE.transaction_id) not in wire


def test_a_generic_use_crosses_without_anybody() -> None:
    veiled = replace(
        USE, actor=Party(number="", name=""), holder=None, activity=None, activity_uri="",
        is_generic=True, who=Who.US, groups=(), purpose_uri="", case="",
    )  # fmt: skip
    (found,) = crossed(Answer(uses=(veiled,), is_all=True)).uses
    assert found.is_generic
    assert found.actor == Party(number="", name="")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"gebruik": [{}], "meer": false}', b'{"gebruik": []}',
     b'{"gebruik": [], "meer": 1}'],
)  # fmt: skip
def test_what_is_no_answer_is_not_shown(body: bytes) -> None:
    with pytest.raises(InvalidValue):
        read_answer(body, OTHER, LOOKUPS)


def test_what_a_later_version_adds_is_passed_over_and_not_shown() -> None:
    told = write_answer(Answer(uses=(USE,), is_all=True))
    assert isinstance(told, dict)
    (use,) = told["gebruik"]
    later = {**told, "nieuw": 1, "gebruik": [{**use, "medewerker": "17"}]}
    found = read_answer(json.dumps(later).encode(), OTHER, LOOKUPS)
    assert found == crossed(Answer(uses=(USE,), is_all=True))


def test_the_schemas_of_the_document_hold_what_is_sent() -> None:
    about = About(version="1.0.0", organisation="Weesp", address="", email="a@b.nl", url="")
    parts = document_of(about)["components"]
    answer = Answer(
        uses=(USE,), is_all=True, agreed=Agreed(parties=("a",), since=NOW, until=NOW + LIFETIME)
    )
    asked = Question(bsn=SUZANNE, assertion="e30", since=NOW, until=NOW + LIFETIME)
    sent: dict[str, Any] = {
        "Antwoord": write_answer(answer), "Vraag": json.loads(write_question(asked))
    }  # fmt: skip
    for name, value in sent.items():
        ref = {"$ref": f"#/components/schemas/{name}", "components": parts}
        validator = jsonschema_rs.Draft202012Validator(ref)
        validator.validate(value)
        value.pop({"Antwoord": "meer", "Vraag": "tot"}[name])
        assert not validator.is_valid(value)


def test_too_much_in_one_answer_is_not_shown() -> None:
    for wrong in (
        Answer(uses=(USE,) * 501, is_all=True),
        Answer(uses=(replace(USE, said="x" * 2001),), is_all=True),
    ):
        with pytest.raises(InvalidValue):
            crossed(wrong)


def test_mandates_are_read_from_a_claim_and_what_can_not_be_read_gives_no_right() -> None:
    one = {
        "bsn": SUZANNE, "name": "Suzanne Moulin", "jti": "M-17", "services": ["logboek-inzage"],
        "exp": 1_798_761_600, "iss": "https://machtigen.example",
    }  # fmt: skip
    (found,) = read_mandates(one, bsn_claim="bsn", issuer="https://login.example")
    assert (found.bsn, found.source, found.reference) == (SUZANNE, one["iss"], "M-17")
    assert found.until == datetime(2027, 1, 1, tzinfo=UTC)
    assert found.covers(("logboek-inzage",))
    assert not found.covers(("vergunningen",))
    assert not found.has_ended(NOW)
    assert found.has_ended(datetime(2027, 1, 1, tzinfo=UTC))
    assert SUZANNE not in repr(found)
    scoped = {**one, "scope": "a logboek-inzage", "services": None}
    assert read_mandates([scoped], bsn_claim="bsn", issuer="x")[0].services == (
        "a", "logboek-inzage",
    )  # fmt: skip
    wrong: list[object] = [
        {**one, "bsn": "1"}, {**one, "exp": "morgen"}, {**one, "exp": True}, {**one, "jti": ""},
        {**one, "jti": SUZANNE}, {**one, "iss": "met spatie"}, "tekst", None, 3,
    ]  # fmt: skip
    assert read_mandates(wrong, bsn_claim="bsn", issuer="https://login.example") == ()
    assert read_mandates({**one, "services": "logboek-inzage"}, bsn_claim="bsn", issuer="x")[
        0
    ].services == ()  # fmt: skip
