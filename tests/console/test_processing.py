# SPDX-License-Identifier: EUPL-1.2
"""The register of purposes in the console: the same as is in force, and what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.console.console_rig import BIJSTAND, Console

from landschap.console.pages.processing import without_confidential
from landschap.purposes.public import id_of

ACTIVITY = "https://register.weesp.example/activiteiten/aanvraag-bijstand-behandelen"
BASE = "/console/verwerkingen"


async def test_employees_read_what_is_in_force(console: Console) -> None:
    visitor = await console.visit()
    listed = (await visitor.get(BASE)).text
    # Tests of other files may have put other words in force in the console they share.
    register = console.deps.snapshot().register
    assert next(each.name.nl for each in register.activities if each.uri == ACTIVITY) in listed
    page = (await visitor.get(f"{BASE}/{id_of(ACTIVITY)}")).text
    for words in ("Participatiewet, 53a", "inkomensconsulent", "consulent-ziet-inwoner",
                  "naam.geslachtsnaam", "10 jaar", "niet bekend"):  # fmt: skip
        assert words in page, words
    english = (await visitor.get(f"/en{BASE}/{id_of(ACTIVITY)}")).text
    assert "Legal basis" in english
    assert "10 years" in english


async def test_the_difference_between_versions_is_shown(console: Console) -> None:
    visitor = await console.visit()
    assert "Versie 1" in (await visitor.get(f"{BASE}/versies")).text
    shown = (await visitor.get(f"{BASE}/versies/1")).text
    assert "added: policy consulent-ziet-inwoner" in shown
    assert "Er is geen verschil" in (await visitor.get(f"{BASE}/versies/1?met=1")).text


@pytest.mark.parametrize("path", ["/geen", "/versies/9999", "/versies/x", "/versies/1?met=9999"])
async def test_what_is_not_there_is_told(console: Console, path: str) -> None:
    visitor = await console.visit()
    assert (await visitor.get(f"{BASE}{path}")).status == 404


def test_what_is_confidential_is_left_out_with_its_policies(console: Console) -> None:
    register = console.deps.snapshot().register
    left = without_confidential(register, {ACTIVITY})
    assert ACTIVITY not in {each.uri for each in left.activities}
    assert ACTIVITY not in {each.activity for each in left.policies}
    assert replace(left, activities=register.activities, policies=register.policies) == register
    assert BIJSTAND in {each.purpose for each in register.policies}
