# SPDX-License-Identifier: EUPL-1.2
"""A gateway to the BRP, held at the door: told why it is asked, and not by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import ACTIVITY, ASSISTANCE, WEESP, register
from tests.gateway.hold_rig import SUZANNE, Held, answer, declared, person, running_hold
from tests.gateway.pair_rig import Pair

from landschap.gateway.holding.brp import MAX_TASK_CHARACTERS, Brp, read_brp
from landschap.gateway.holding.fitting import misfits
from landschap.gateway.services import Service, read_service
from landschap.purposes.snapshot import Snapshot

ONE = f"/v1/personen/{SUZANNE}"
TASK = "Financiële administratie@Correspondentie factuur"
BRP = f"""
[brp]
{{user}}
[brp.doelbinding]
"{ASSISTANCE}" = "BRPACT-AlgemeneTaken"
[brp.verwerking]
"{{activity}}" = "{TASK}"
"""


def with_brp(text: str, *, user: str = "", activity: str = ACTIVITY) -> str:
    return text + BRP.format(user=user, activity=activity)


@pytest.fixture(scope="module")
async def held(whole_pair: Pair, group_anchor: Anchor) -> AsyncIterator[Held]:
    name = "uitkeringen.leverancier.test"
    leaf: Leaf = group_anchor.leaf("brp", "00000099000000007000", "Leverancier", name)
    async with running_hold(whole_pair, group_anchor, leaf) as held:
        held.supplier.answer_with(answer(person()))
        yield held


@pytest.mark.case("A47")
async def test_the_gateway_is_told_code_task_and_our_own_oin_and_nobody_who_asks(
    held: Held,
) -> None:
    text = declared(held).replace(
        '["Accept-Crs"]', '["X-Gebruiker", "X-Doelbinding", "x-origin-oin"]'
    )
    held.supplier.heard.clear()
    for user, told in (("", WEESP), ('gebruiker = "BurgerZelf"', "BurgerZelf")):
        await held.declare(with_brp(text, user=user))
        status, _, _ = await held.ask(
            ONE, X_Gebruiker="m.devries", X_Doelbinding="BRPACT-Totaal", X_Origin_Oin="1" * 20
        )
        assert status == 200
        arrived = held.supplier.heard.pop()
        lines = arrived.head.split(b"\r\n")
        named = [line for line in lines if line.lower().startswith(b"x-verwerking:")]
        # The diaeresis is two bytes: UTF-8, and nothing else.
        assert named == [b"x-verwerking: " + TASK.encode("utf-8")]
        assert (named[0].count(b"@"), len(TASK) <= MAX_TASK_CHARACTERS) == (1, True)
        headers = arrived.headers
        assert headers["x-doelbinding"] == "BRPACT-AlgemeneTaken"
        assert headers["x-origin-oin"] == WEESP
        assert headers["x-gebruiker"] == told
        for name in (b"x-doelbinding", b"x-gebruiker", b"x-origin-oin"):
            assert sum(line.lower().startswith(name + b":") for line in lines) == 1
        assert b"m.devries" not in arrived.head


async def test_without_words_for_its_activity_the_gateway_is_not_asked(held: Held) -> None:
    await held.declare(with_brp(declared(held), activity=f"{ACTIVITY}/anders"))
    held.supplier.heard.clear()
    status, headers, body = await held.ask(ONE)
    assert (status, body["code"]) == (503, "brp_untold")
    assert not held.supplier.heard
    assert (await held.told(headers))[0] == ["failed"]


def test_a_policy_without_a_code_or_words_is_told_before_the_service_is_offered(
    held: Held,
) -> None:
    snapshot = Snapshot(register(WEESP))
    right = read_service(with_brp(declared(held)))
    wrong = read_service(with_brp(declared(held), activity=f"{ACTIVITY}n"))
    assert isinstance(right, Service)
    assert isinstance(wrong, Service)
    assert right.hold is not None
    assert wrong.hold is not None
    assert misfits("uitkeringen", right.hold, snapshot) == []
    (told,) = misfits("uitkeringen", wrong.hold, snapshot)
    assert told.startswith(f"uitkeringen: policy POL-1: {ACTIVITY} is not in [brp.verwerking]")
    assert "did you mean" in told.lower()


def mistakes(table: dict[str, Any]) -> set[str]:
    right: dict[str, Any] = {"doelbinding": {"p": "BRPACT-Totaal"}, "verwerking": {"a": "x@y"}}
    found: list[str] = []
    read_brp({**right, **table}, lambda key, _: found.append(key))
    return set(found)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"doelbinding": {}}, "brp.doelbinding"),
        ({"doelbinding": {"p": "BRP ACT"}}, "brp.doelbinding.p"),
        ({"doelbinding": {"p": "x\r\ny"}}, "brp.doelbinding.p"),
        ({"verwerking": None}, "brp.verwerking"),
        ({"verwerking": {"a": "geen apenstaart"}}, "brp.verwerking.a"),
        ({"verwerking": {"a": "twee@apen@staarten"}}, "brp.verwerking.a"),
        ({"verwerking": {"a": "@detail"}}, "brp.verwerking.a"),
        ({"verwerking": {"a": "taak@ "}}, "brp.verwerking.a"),
        ({"verwerking": {"a": "taak@" + "é" * 238}}, "brp.verwerking.a"),
        ({"verwerking": {"a": "taak@regel\neinde"}}, "brp.verwerking.a"),
        ({"verwerking": {"a": 1}}, "brp.verwerking.a"),
        ({"gebruiker": "999993653"}, "brp.gebruiker"),
        ({"gebruiker": "Jan\tde Vries"}, "brp.gebruiker"),
        ({"gebruiker": 1}, "brp.gebruiker"),
    ],
)
def test_what_could_not_stand_in_a_header_is_refused_at_its_key(
    table: dict[str, Any], key: str
) -> None:
    assert mistakes(table) == {key}
    assert mistakes({"verwerking": {"a": "taak@" + "é" * 237}}) == set()


@given(st.text(max_size=300))
def test_what_is_read_is_always_a_header_of_one_line_with_one_at_sign(text: str) -> None:
    found: list[str] = []
    table = {"doelbinding": {"p": "C"}, "verwerking": {"a": text}}
    brp = read_brp(table, lambda key, _: found.append(key))
    headers = brp.headers("p", "a", WEESP)
    assert (headers is None) == bool(found)
    if headers is not None:
        sent = headers["x-verwerking"]
        assert sent == text
        assert sent.count("@") == 1
        assert len(sent) <= MAX_TASK_CHARACTERS
        assert not {"\r", "\n", "\0"} & set(sent)
        assert sent.encode("utf-8").decode("utf-8") == text


def test_a_purpose_without_a_line_has_no_headers() -> None:
    brp = Brp(codes={"p": "C"}, tasks={"a": "x@y"})
    assert brp.headers("p/smaller", "a", WEESP) is None
    assert brp.headers("p", "", WEESP) is None


def test_the_table_is_for_held_services_alone() -> None:
    told = read_service(
        with_brp('name = "x-y-z"\nupstream = "http://127.0.0.1:9"\nrecording = "self"\n')
    )
    assert isinstance(told, list)
    assert [each.key for each in told] == ["brp"]
