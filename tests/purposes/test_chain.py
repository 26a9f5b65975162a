# SPDX-License-Identifier: EUPL-1.2
"""A question that follows from another: what may come after what, and how it is declared."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.purposes import registers as r

from landschap.purposes.chain import MAX_HOPS, Followed, digest_of, followed_in, judge_chain
from landschap.purposes.checks import check_register
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision
from landschap.purposes.declaration import Claims, Expected, Unverified, read, sign, verify
from landschap.purposes.files import parse_register
from landschap.purposes.model import Compatibility, Purpose, Register, Validity
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.writing import files_of
from landschap.vocabulary.problems import Refusal

KEY = ec.generate_private_key(ec.SECP256R1())
JTI = UUID("01939c5e-0000-7000-8000-000000000001")
TEST = Compatibility(
    id="bijstand-naar-parkeren",
    version=1,
    origin=r.ASSISTANCE,
    target=r.PARKING,
    test="Toets artikel 6 lid 4 AVG, zaak 2026-0412",
    author="A. de Vries",
    approver="B. Jansen",
    valid=r.SINCE_2026,
    explanation=r.text("Wie bijstand vraagt, krijgt de parkeervergunning van het sociaal tarief."),
)


def followed(**changes: object) -> Followed:
    """Doesburg asked Weesp for assistance; this question follows from that one."""
    made = Followed(
        issuer=r.STRANGER,
        jti=JTI,
        digest=digest_of("eyJ.eyJ.x"),
        purpose=r.ASSISTANCE,
        origin=r.ASSISTANCE,
        depth=1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def after(
    purpose: str, before: Followed, register: Register | None = None, now: datetime = r.NOW
) -> str:
    """The code of the chain rule alone; empty when the purpose may follow."""
    snapshot = Snapshot(register or r.weesp())
    return judge_chain(snapshot.purposes[purpose], before, snapshot, now).code


def decided(before: Followed, register: Register | None = None, **changes: object) -> Decision:
    return decide(r.question(follows=before, **changes), Snapshot(register or r.weesp()), r.NOW)


def test_the_same_purpose_and_a_narrower_one_may_follow() -> None:
    assert after(r.ASSISTANCE, followed()) == ""
    assert after(r.HOUSING_COSTS, followed()) == ""
    decision = decided(followed())
    assert decision.allow
    (step,) = [each for each in decision.steps if each.rule == "R5"]
    assert (step.subject, step.outcome) == (r.ASSISTANCE, "ok")


def test_a_wider_purpose_and_another_one_may_not_follow() -> None:
    assert after(r.SOCIAL, followed()) == "chain_purpose"
    assert after(r.PARKING, followed()) == "chain_purpose"
    refused = decided(followed(purpose=r.HOUSING_COSTS, origin=r.ASSISTANCE, depth=2))
    assert (refused.allow, refused.code) == (False, "chain_purpose")
    assert refused.refusal().status == 403
    assert r.HOUSING_COSTS in refused.refusal().detail


def test_what_an_earlier_hop_narrowed_is_not_widened_back_to_the_origin() -> None:
    assert after(r.ASSISTANCE, followed(purpose=r.HOUSING_COSTS, depth=2)) == "chain_purpose"


def test_a_purpose_before_that_our_list_does_not_know_is_followed_by_nothing() -> None:
    unknown = "https://doelen.example/id/onbekend"
    assert after(r.ASSISTANCE, followed(purpose=unknown)) == "chain_purpose"
    assert after(r.ASSISTANCE, followed(origin=unknown)) == "chain_purpose"


def test_an_equal_purpose_of_another_list_is_the_same_purpose() -> None:
    national = "https://landelijk.example/id/77"
    equal = tuple(
        replace(each, exact_match=(national,)) if each.uri == r.ASSISTANCE else each
        for each in r.weesp().purposes
    )
    register = r.weesp(purposes=equal)
    before = followed(purpose=national, origin=national)
    assert after(r.HOUSING_COSTS, before, register) == ""
    assert after(r.HOUSING_COSTS, before) == "chain_purpose"


def test_a_compatible_purpose_needs_a_test_in_force_and_a_contract_that_goes_onward() -> None:
    register = r.weesp(compatibilities=(TEST,))
    assert after(r.PARKING, followed(onward=True), register) == ""
    # At the side that is asked the contract of the others is not known; the test is still needed.
    assert after(r.PARKING, followed(onward=None), register) == ""
    assert after(r.PARKING, followed(onward=False), register) == "chain_purpose"
    assert after(r.PARKING, followed(onward=True)) == "chain_purpose"
    assert after(r.ASSISTANCE, followed(onward=False), register) == ""


def test_a_test_counts_one_way_and_in_its_own_time() -> None:
    register = r.weesp(compatibilities=(TEST,))
    back = followed(purpose=r.PARKING, origin=r.PARKING, onward=True)
    assert after(r.ASSISTANCE, back, register) == "chain_purpose"
    ended = replace(TEST, valid=Validity(since=date(2026, 1, 1), until=date(2026, 6, 1)))
    later = r.weesp(compatibilities=(ended,))
    assert after(r.PARKING, followed(onward=True), later) == "chain_purpose"
    assert after(r.PARKING, followed(onward=True), later, datetime(2026, 5, 1, tzinfo=UTC)) == ""


def test_tests_are_not_strung_together_away_from_the_origin() -> None:
    """From assistance to parking and from parking to something else is not from assistance."""
    third = "https://doelen.example/id/handhaven"
    on = replace(TEST, id="verder", origin=r.PARKING, target=third)
    register = r.weesp(purposes=(*r.weesp().purposes, r.purpose(third)), compatibilities=(TEST, on))
    reached = followed(purpose=r.PARKING, origin=r.ASSISTANCE, depth=2, onward=True)
    assert after(r.PARKING, reached, register) == ""
    assert after(third, reached, register) == "chain_purpose"
    assert after(third, replace(reached, origin=r.PARKING), register) == ""


@pytest.mark.parametrize("depth", [0, MAX_HOPS + 1])
def test_a_chain_has_at_most_four_hops(depth: int) -> None:
    assert decided(followed(depth=depth)).code == "chain_too_deep"
    assert decided(followed(depth=MAX_HOPS)).allow


def claims(**changes: object) -> Claims:
    made = Claims(
        issuer=r.DOESBURG,
        audience=r.WEESP,
        issued_at=r.NOW,
        expires_at=r.NOW + timedelta(seconds=60),
        jti=UUID("01939c5e-0000-7000-8000-000000000002"),
        purpose=r.ASSISTANCE,
        legal_bases=("eu-gdpr:A6-1-e",),
        action="raadplegen",
        service=r.SERVICE,
        grant_hash="$1$3$" + "a" * 86,
        trace_id=bytes(range(16)),
        follows=followed(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def test_what_a_declaration_follows_from_comes_back_as_it_was_declared() -> None:
    compact = sign(claims(), KEY, "t" * 43)
    unverified = read(compact)
    assert isinstance(unverified, Unverified)
    expected = Expected(
        peer=r.DOESBURG,
        provider=r.WEESP,
        service=r.SERVICE,
        grant_hash="$1$3$" + "a" * 86,
        trace_id=bytes(range(16)),
    )
    found = verify(unverified, KEY.public_key(), expected, r.NOW)
    assert not isinstance(found, Refusal)
    assert found.claims.follows == followed()
    assert len(compact) < 1500


def test_what_is_recorded_of_the_hop_before_reads_back_the_same() -> None:
    for before in (followed(), followed(onward=False), followed(onward=True, depth=3)):
        assert followed_in(before.recorded()) == before
    assert followed_in({"issuer": r.STRANGER}) is None
    assert followed_in({**followed().recorded(), "depth": True}) is None
    assert followed_in("x") is None


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"test": ""}, "toets"),
        ({"legal_basis": "pw-64"}, "toets"),
        ({"approver": "a. de  vries"}, "goedgekeurd_door"),
        ({"target": r.HOUSING_COSTS}, "naar"),
        ({"target": "https://doelen.example/id/niets"}, "naar"),
        ({"origin": "https://doelen.example/id/niets"}, "van"),
        ({"test": "", "legal_basis": "pw-46"}, "grondslag"),
    ],
)
def test_a_test_without_a_second_person_or_a_ground_is_refused(
    changes: dict[str, object], key: str
) -> None:
    wrong = replace(TEST, **changes)  # type: ignore[arg-type]  # the test names the fields
    findings = check_register(r.weesp(compatibilities=(wrong,)))
    assert [(each.table, each.key) for each in findings] == [("verenigbaarheid", key)]


def test_a_test_reads_back_from_the_files_it_is_written_in_and_changes_the_version() -> None:
    by_law = replace(TEST, id="bij-wet", test="", legal_basis="pw-64")
    register = r.weesp(compatibilities=(by_law, TEST))
    assert check_register(register) == []
    again = parse_register(files_of(register), r.WEESP)
    assert Snapshot(again).version == Snapshot(register).version
    assert Snapshot(register).version != Snapshot(r.weesp()).version
    assert Snapshot.from_document(Snapshot(register).document()).register.compatibilities


_ROOTS = ("a", "b", "c")
_TREE = [
    *(r.purpose(f"https://d.example/{root}") for root in _ROOTS),
    *(
        r.purpose(f"https://d.example/{root}/{n}", broader=f"https://d.example/{root}")
        for root in _ROOTS
        for n in range(2)
    ),
    *(
        r.purpose(f"https://d.example/{root}/{n}/{m}", broader=f"https://d.example/{root}/{n}")
        for root in _ROOTS
        for n in range(2)
        for m in range(2)
    ),
]
_PURPOSES: tuple[Purpose, ...] = tuple(_TREE)
_URIS = [each.uri for each in _PURPOSES]


def _is_below(uri: str, above: str) -> bool:
    return uri == above or uri.startswith(f"{above}/")


@given(
    wanted=st.lists(st.sampled_from(_URIS), min_size=5, max_size=5),
    tested=st.lists(st.tuples(st.sampled_from(_URIS), st.sampled_from(_URIS)), max_size=3),
    onward=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_no_organisation_along_a_chain_of_five_widens_the_purpose(
    wanted: list[str], tested: list[tuple[str, str]], onward: list[bool]
) -> None:
    """Whatever each of the five asks for and the contracts say: what gets through is inside."""
    tests = tuple(
        replace(TEST, id=f"toets-{place}", origin=origin, target=target)
        for place, (origin, target) in enumerate(tested)
    )
    snapshot = Snapshot(Register(owner=r.WEESP, purposes=_PURPOSES, compatibilities=tests))
    origin = before = wanted[0]
    reached = [origin]
    for depth, (purpose, may_go) in enumerate(zip(wanted[1:], onward, strict=False), start=1):
        hop = followed(purpose=before, origin=origin, depth=depth, onward=may_go)
        found = judge_chain(snapshot.purposes[purpose], hop, snapshot, r.NOW)
        asked = judge_chain(snapshot.purposes[purpose], replace(hop, onward=None), snapshot, r.NOW)
        # The side that is asked sees no contract of others, and is never stricter for that.
        assert not (found.code == "" and asked.code)
        if found.code:
            continue
        narrower = _is_below(purpose, before)
        by_test = any(_is_below(origin, a) and _is_below(purpose, b) for a, b in tested)
        assert narrower or (by_test and may_go)
        assert _is_below(purpose, origin) or by_test
        before = purpose
        reached.append(purpose)
    if not tested:
        assert all(_is_below(later, earlier) for earlier, later in pairwise(reached))


def test_the_example_of_the_manual_is_a_test_that_is_read() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "chains.md"
    (example,) = re.findall(r"```toml\n(.*?)```", page.read_text(), flags=re.DOTALL)
    (read_back,) = parse_register(
        {**files_of(r.weesp()), "toetsen.toml": example}, r.WEESP
    ).compatibilities
    assert replace(read_back, explanation=TEST.explanation) == TEST
