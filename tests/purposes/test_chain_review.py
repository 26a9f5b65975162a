# SPDX-License-Identifier: EUPL-1.2
"""A chain looked at afterwards: who tells the truth, who does not, and whom to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.purposes import registers as r

from landschap.purposes.chain import Followed, digest_of
from landschap.purposes.chain_review import Declared, Word, declared_in, hops_of, review
from landschap.purposes.declaration import Claims, sign
from landschap.vocabulary.ijson import JsonValue

KEY = ec.generate_private_key(ec.SECP256R1())
A, B, C = r.STRANGER, r.DOESBURG, r.WEESP
TRACE = bytes(range(16))
LIE = digest_of("nooit.zo.verklaard")


def claims(issuer: str, audience: str, number: int, **changes: Any) -> Claims:
    made = Claims(
        issuer=issuer,
        audience=audience,
        issued_at=r.NOW,
        expires_at=r.NOW + timedelta(seconds=60),
        jti=UUID(f"01939c5e-0000-7000-8000-00000000000{number}"),
        purpose=r.ASSISTANCE,
        legal_bases=("eu-gdpr:A6-1-e",),
        action="raadplegen",
        service=r.SERVICE,
        grant_hash="$1$3$" + "a" * 86,
        trace_id=TRACE,
    )
    return replace(made, **changes)


FIRST = claims(A, B, 1)
FIRST_TEXT = sign(FIRST, KEY, "t" * 43)


def follows(**changes: Any) -> Followed:
    made = Followed(
        issuer=A,
        jti=FIRST.jti,
        digest=digest_of(FIRST_TEXT),
        purpose=r.ASSISTANCE,
        origin=r.ASSISTANCE,
        depth=1,
    )
    return replace(made, **changes)


def second(**changes: Any) -> str:
    return sign(claims(B, C, 2, follows=follows(**changes)), KEY, "t" * 43)


def held(owner: str, side: str, record: str, compact: str) -> Declared:
    """A declaration as the door of its owner recorded it."""
    request: dict[str, JsonValue] = {
        "subject": {"type": "application" if side == "made" else "fsc-peer", "id": "x"},
        "context": {"declaration": compact},
    }
    found = declared_in(owner, record, request, permitted=True)
    assert found is not None
    assert found.side == side
    return found


def logs(compact: str, *, middle: str = FIRST_TEXT, origin: str = FIRST_TEXT) -> list[Declared]:
    """What three logs hold when B asked C with ``compact``."""
    return [
        held(A, "made", "r1", origin),
        held(B, "received", "r1", middle),
        held(B, "made", "r2", compact),
        held(C, "received", "r1", compact),
    ]


def of(owners: str, declared: list[Declared]) -> list[Declared]:
    return [each for each in declared if each.owner in owners.split()]


def words(declared: list[Declared], owners: str) -> set[tuple[str, str]]:
    found = review(of(owners, declared), owners.split())
    return {(each.word.value, each.whom) for each in found}


def test_with_all_logs_everything_is_confirmed() -> None:
    declared = logs(second())
    found = review(declared, (A, B, C))
    assert {each.word for each in found} == {Word.CONFIRMED, Word.HELD}
    assert [each.depth for each in hops_of(declared)] == [0, 1]
    assert not any(each.word.is_harm for each in found)


def test_with_the_own_log_alone_nothing_is_claimed_and_it_says_whom_to_ask() -> None:
    assert words(logs(second()), C) == {("not compared", B), ("not compared", A)}


def test_the_log_of_the_middle_shows_what_it_received_by_its_own_word() -> None:
    assert words(logs(second()), f"{B} {C}") == {
        ("confirmed", B),
        ("not compared", A),
        ("held", B),
    }


def test_a_declaration_that_was_never_made_is_in_nobodys_log() -> None:
    declared = logs(second(digest=LIE))
    assert ("absent", A) in words(declared, f"{A} {C}")
    assert ("absent", B) in words(declared, f"{B} {C}")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"purpose": r.PARKING, "origin": r.PARKING}, "its purpose, the purpose at the origin"),
        ({"origin": r.SOCIAL, "depth": 2}, "the purpose at the origin, its place in the chain"),
        ({"jti": UUID(int=7)}, "its number"),
    ],
)
def test_another_purpose_than_was_declared_is_told_by_either_log(
    changes: dict[str, Any], told: str
) -> None:
    """The hash is right, and what stands beside it is not: consistent at C, and a lie."""
    declared = logs(second(**changes))
    for owners, whom in ((f"{A} {C}", A), (f"{B} {C}", B)):
        found = review(of(owners, declared), owners.split())
        (differs,) = [each for each in found if each.word is Word.DIFFERS]
        assert (differs.whom, differs.what) == (whom, f"said otherwise than declared: {told}")


def test_a_declaration_for_another_or_of_another_trace_is_not_the_one_before() -> None:
    for changes, told in (
        ({"audience": C}, "for whom it was meant"),
        ({"trace_id": bytes(16)}, "its trace"),
    ):
        other = sign(replace(FIRST, **changes), KEY, "t" * 43)
        compact = sign(claims(B, C, 2, follows=follows(digest=digest_of(other))), KEY, "t" * 43)
        declared = logs(compact, middle=other, origin=other)
        found = review(declared, (A, B, C))
        assert any(told in each.what for each in found if each.word is Word.DIFFERS)


def test_a_log_without_what_its_owner_sent_is_told() -> None:
    declared = [each for each in logs(second()) if (each.owner, each.side) != (B, "made")]
    assert ("absent", B) in words(declared, f"{B} {C}")


def test_a_question_in_the_same_trace_that_says_it_follows_from_none_is_told() -> None:
    detached = sign(claims(B, C, 2), KEY, "t" * 43)
    found = review(logs(detached), (A, B, C))
    (one,) = [each for each in found if each.word is Word.DETACHED]
    assert (one.whom, one.about.claims.jti) == (B, UUID("01939c5e-0000-7000-8000-000000000002"))
    assert A in one.what


def test_who_is_asked_later_in_its_own_chain_did_not_detach() -> None:
    """A asks B, and B needs A again: what A received came after what A asked."""
    back = sign(claims(B, A, 2, follows=follows()), KEY, "t" * 43)
    declared = [
        held(A, "made", "r1", FIRST_TEXT),
        held(B, "received", "r1", FIRST_TEXT),
        held(B, "made", "r2", back),
        held(A, "received", "r2", back),
    ]
    found = review(declared, (A, B))
    assert not any(each.word.is_harm for each in found)


def test_what_is_no_declaration_is_passed_over() -> None:
    assert declared_in(A, "r1", {"context": {"declaration": "unsigned"}}, permitted=True) is None
    assert declared_in(A, "r1", {"context": {}}, permitted=True) is None
    assert declared_in(A, "r1", {}, permitted=True) is None
