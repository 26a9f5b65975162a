# SPDX-License-Identifier: EUPL-1.2
"""Obligations: a value never leaves unobliged, and the confidentiality mark travels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.purposes.duties import (
    CONFIDENTIAL,
    GUARDED,
    KINDS,
    TOLD,
    Confidentiality,
    Duties,
    Obligation,
    fault_of,
    obey,
)
from landschap.vocabulary.ijson import JsonValue

SECRET = b"geheim" * 6
MARK = Confidentiality(path="geheim", guarded=("adres",))


def duty(kind: str, path: str = "v", value: str = "") -> Duties:
    return Duties(obligations=(Obligation(kind=kind, path=path, value=value),), secret=SECRET)


@pytest.mark.parametrize(
    ("duties", "value", "left"),
    [
        (duty("maskeren"), "900001234", "***"),
        (duty("afronden", value="1000"), 23_499, 23_000),
        (duty("afronden", value="1000"), 23_500, 24_000),
        (duty("afronden", value="0.5"), 1.3, 1.5),
        (duty("afronden", value="10"), "124", "120"),
        (duty("afronden", value="10"), "veel", None),
        (duty("afronden", value="10"), True, None),
        (duty("kleine-aantallen", value="10"), 9, "<10"),
        (duty("kleine-aantallen", value="10"), 1, "<10"),
        (duty("kleine-aantallen", value="10"), 10, 10),
        (duty("kleine-aantallen", value="10"), 0, 0),
        (duty("kleine-aantallen", value="10"), -3, None),
        (duty("kleine-aantallen", value="10"), True, None),
        (duty("kleine-aantallen", value="10"), "3", None),
        (duty("geboortejaar"), "1980-05-04", "1980"),
        (duty("geboortejaar"), "1980-05-00", "1980"),
        (duty("geboortejaar"), "onbekend", None),
        (duty("pc4"), "1382 AB", "1382"),
        (duty("pc4"), "B-1000", None),
        (duty("maskeren"), {"diep": 1}, None),
        (duty("maskeren"), ["a", "b"], ["***", "***"]),
    ],
)
def test_a_value_is_changed_or_left_out(duties: Duties, value: JsonValue, left: JsonValue) -> None:
    assert obey({"v": value, "w": 1}, duties, {}).get("v") == left


def test_a_pseudonym_is_one_for_a_receiver_and_purpose_and_another_for_the_next() -> None:
    def of(receiver: str, value: str, purpose: str = "p", secret: bytes = SECRET) -> JsonValue:
        obligations = duty("pseudonimiseren").obligations
        duties = Duties(obligations=obligations, receiver=receiver, purpose=purpose, secret=secret)
        return obey({"v": value}, duties, {})["v"]

    assert of("a", "900001234") == of("a", "900001234")
    others = [of("b", "900001234"), of("a", "900001235"), of("a", "900001234", "q")]
    assert len({of("a", "900001234"), *others, of("a", "900001234", secret=bytes(32))}) == 5


def test_what_is_told_goes_with_the_answer() -> None:
    assert obey({"v": 1}, Duties(obligations=(Obligation(kind="melden"),)), {}) == {
        "v": 1,
        TOLD: ["melden"],
    }


@pytest.mark.parametrize("mark", ["1", 7, True, None, "onbekend"])
def test_the_mark_takes_from_third_parties_and_tells_public_bodies(mark: JsonValue) -> None:
    content: dict[str, JsonValue] = {"geheim": mark, "adres": {"straat": "Kade"}, "naam": "Jansen"}
    body = {name: content[name] for name in ("adres", "naam")}
    third = obey(body, Duties(mark=MARK, third_party=True), content)
    assert third == {"naam": "Jansen", GUARDED: CONFIDENTIAL, TOLD: [CONFIDENTIAL]}
    assert obey(body, Duties(mark=MARK), content) == {**body, TOLD: [CONFIDENTIAL]}


@pytest.mark.parametrize("mark", ["0", 0, False])
def test_without_the_mark_nothing_is_taken(mark: JsonValue) -> None:
    body: dict[str, JsonValue] = {"adres": {"straat": "Kade"}}
    assert obey(body, Duties(mark=MARK, third_party=True), {"geheim": mark}) == body


def test_an_obligation_that_is_not_known_lets_nothing_leave() -> None:
    with pytest.raises(ValueError, match="can not be met"):
        obey({"v": 1}, duty("versleutelen"), {})


@pytest.mark.parametrize(
    "obligation",
    [
        Obligation(kind="x"),
        Obligation(kind="maskeren"),
        Obligation(kind="melden", path="v"),
        Obligation(kind="afronden", path="v"),
        Obligation(kind="afronden", path="v", value="-1"),
        Obligation(kind="kleine-aantallen", path="v"),
        Obligation(kind="kleine-aantallen", path="v", value="1"),
        Obligation(kind="kleine-aantallen", path="v", value="10.5"),
        Obligation(kind="pc4", path="v", value="4"),
    ],
)
def test_a_malformed_obligation_is_told(obligation: Obligation) -> None:
    assert fault_of(obligation)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(10**6, 10**9) | st.text("abcdef0123456789-", min_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)  # fmt: skip


# A count that is large enough may leave, and melden is about no value.
_ALWAYS = [kind for kind in KINDS if kind not in ("melden", "kleine-aantallen")]


@given(_VALUES, st.sampled_from(_ALWAYS))
def test_no_obliged_value_leaves_as_it_was(value: JsonValue, kind: str) -> None:
    """Whatever stands at the path, a leaf of it that says something does not leave."""
    duties = duty(kind, value="7000000000" if kind == "afronden" else "")
    left = obey({"v": value}, duties, {}).get("v")
    assert not (leaves(value) - {None, True, False}) & leaves(left)


def leaves(value: JsonValue) -> set[object]:
    if isinstance(value, dict):
        return {leaf for each in value.values() for leaf in leaves(each)}
    if isinstance(value, list):
        return {leaf for each in value for leaf in leaves(each)}
    return {value}
