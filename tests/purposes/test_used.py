# SPDX-License-Identifier: EUPL-1.2
"""Granted against used, and granting less: what may be left out, and how the files change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.purposes import registers as r

from landschap.purposes.checks import check_register
from landschap.purposes.files import parse_register
from landschap.purposes.model import Group, Register, Validity
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.used.editing import edited
from landschap.purposes.used.granted import Grant, granted_since
from landschap.purposes.used.measured import Count, PolicyUse, Tally, measure
from landschap.purposes.used.shrinking import Shrunk, shrink
from landschap.purposes.writing import files_of

LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
TODAY = date(2026, 11, 24)
ROLES = ("archivaris", "consulent", "teamleider")


def register(roles: Sequence[str] = ROLES) -> Register:
    """Three policies, two of which share a field set."""
    return r.weesp(
        r.policy("een", roles=tuple(roles)),
        r.policy("twee", organisations=("gemeenten",), field_set="bijstand@1"),
        r.policy("drie", organisations=("*own",), field_set="links@1"),
    )


def count(policy: str, what: str, name: str = "", **changes: Any) -> Count:
    values: dict[str, Any] = {
        "what": what, "name": name, "door": "Inway", "policy": f"{policy}@1",
        "purpose": r.ASSISTANCE, "service": r.SERVICE, "who": r.DOESBURG, "grant": "",
        "asked": 1, "given": 0, "last": r.NOW,
    }  # fmt: skip
    return Count(**(values | changes))


def measured(given_register: Register, *counts: Count, days: int = 90) -> tuple[PolicyUse, ...]:
    tally = Tally()
    tally.add(counts)
    since = granted_since([(LONG_AGO, given_register)], r.NOW)
    return measure(given_register, since, tally, now=r.NOW, at_least=timedelta(days=days))


def shrunk_of(given_register: Register, *counts: Count) -> Shrunk:
    return shrink(given_register, measured(given_register, *counts), TODAY)


def policy_of(shrunk: Shrunk, name: str) -> Any:
    return next(each for each in shrunk.register.policies if each.id == name)


def test_a_policy_that_nobody_used_ends_today_and_keeps_all_it_had() -> None:
    shrunk = shrunk_of(register())
    assert [step.policy.id for step in shrunk.steps if step.policy] == ["drie", "een", "twee"]
    for each, before in zip(shrunk.register.policies, register().policies, strict=True):
        ended = Validity(since=before.valid.since, until=TODAY)
        assert each == replace(before, version=2, valid=ended)


def test_the_last_role_never_goes_or_the_policy_would_be_open_to_all() -> None:
    used = count("een", "question")
    # Used without any role being told: then nothing is known of roles.
    shrunk = shrunk_of(register(), used, count("een", "field", "adres.straat"))
    assert policy_of(shrunk, "een").roles == ROLES
    told = shrunk_of(register(), used, count("een", "role", "consulent"))
    assert policy_of(told, "een").roles == ("consulent",)


def test_equal_narrower_sets_are_made_once_and_the_old_one_stays() -> None:
    used = [
        count(name, what, path)
        for name in ("een", "twee")
        for what, path in (("question", ""), ("field", "adres.straat"), ("role", "consulent"))
    ]
    shrunk = shrunk_of(register(), *used)
    made = [step.field_set for step in shrunk.steps if step.field_set]
    assert [(each.key, each.fields) for each in made if each] == [
        ("bijstand@2", ("bsn", "adres.straat"))
    ]
    assert policy_of(shrunk, "een").field_set == policy_of(shrunk, "twee").field_set == "bijstand@2"
    assert r.BIJSTAND in shrunk.register.field_sets


def test_a_group_is_used_when_one_of_it_asked_and_own_by_whoever_is_no_other_organisation() -> None:
    counts = (
        count("twee", "question"), count("drie", "question", who="employees"),
        count("een", "question", who=r.STRANGER),
    )  # fmt: skip
    found = {each.policy.id: each for each in measured(register(), *counts)}
    for name, organisation, times in (("twee", "gemeenten", 1), ("drie", "*own", 1)):
        (use,) = found[name].organisations
        assert (use.name, use.total.asked) == (organisation, times)
    assert [each.is_unused for each in found["een"].organisations] == [True]
    stranger = measured(register(), count("drie", "question", who=r.STRANGER))
    assert stranger[0].organisations[0].total.asked == 0, "an OIN is not our own application"


def test_what_is_not_in_force_is_not_measured() -> None:
    ended = r.policy("oud", valid=Validity(since=date(2025, 1, 1), until=date(2026, 2, 1)))
    coming = r.policy("straks", valid=Validity(since=date(2027, 1, 1)))
    never = r.prohibition("nooit")
    assert measured(r.weesp(ended, coming, never)) == ()


STATES = st.lists(st.sets(st.sampled_from("abc")), min_size=1, max_size=8)


@settings(deadline=None)
@given(states=STATES)
def test_something_is_granted_since_the_first_of_the_last_registers_without_a_break(
    states: list[set[str]],
) -> None:
    registers = [
        (LONG_AGO + timedelta(days=place), r.weesp(*(r.policy(name) for name in sorted(names))))
        for place, names in enumerate(states)
        if names
    ]
    found = granted_since(registers, r.NOW)
    for name in "abc":
        # The plain rule: walk back from the end as long as it is there.
        since = None
        for moment, each in reversed(registers):
            if name not in {policy.id for policy in each.policies}:
                break
            since = moment
        assert found.get(Grant(name, "policy")) == since
        assert found.get(Grant(name, "field", "bsn")) == since


def layout(text: str, chance: Any) -> str:
    """The same file as a person may have laid it out: comments, and lists over several lines."""
    lines: list[str] = []
    for line in text.splitlines():
        key = re.match(r"(velden|rollen|versie|veldenset|geldig_vanaf|zoekvelden) = (.*)", line)
        told = line
        if key and key[2].startswith("[") and key[2].endswith("]") and chance.draw(st.booleans()):
            inside = ",\n".join(f"  {each.strip()}" for each in key[2][1:-1].split(","))
            told = f"{key[1]} = [\n{inside},\n]"
        if key and chance.draw(st.booleans()):
            told += f"  # opmerking {len(lines)}"
        if line.startswith("[[") and chance.draw(st.booleans()):
            told = f"# over wat volgt {len(lines)}\n{told}"
        lines.append(told)
    return "\n".join(lines) + "\n"


@settings(max_examples=150, deadline=None)
@given(
    chance=st.data(),
    used=st.sets(st.sampled_from(("een", "twee", "drie"))),
    fields=st.sets(st.sampled_from(r.FIELDS[:5])),
    roles=st.sets(st.sampled_from(ROLES)),
)
def test_files_change_only_where_the_register_does_and_keep_their_comments(
    chance: Any, used: set[str], fields: set[str], roles: set[str]
) -> None:
    before = register()
    sources = {name: layout(text, chance) for name, text in files_of(before).items()}
    assert Snapshot(parse_register(sources, r.WEESP)).version == Snapshot(before).version
    counts = [count(name, "question") for name in sorted(used)]
    counts += [count(n, "field", path) for n in sorted(used) for path in sorted(fields)]
    counts += [count("een", "role", role) for role in sorted(roles) if "een" in used]
    shrunk = shrunk_of(before, *counts)
    assert check_register(shrunk.register) == []
    after = edited(sources, shrunk)
    assert after is not None
    made = parse_register(after, r.WEESP)
    assert Snapshot(made).version == Snapshot(shrunk.register).version
    for name, text in sources.items():
        old = re.findall(r"# (?:opmerking|over wat volgt) \d+", text)
        assert [each for each in old if each not in after[name]] == []
    untouched = [line for name in sources if name != "beleid.toml" for line in sources[name]]
    assert untouched == [line for name in after if name != "beleid.toml" for line in after[name]]


def test_files_that_can_not_be_edited_so_give_nothing() -> None:
    shrunk = shrunk_of(register())
    assert edited({}, shrunk) is None
    # Files of another register would be readable, and something else than was meant.
    other = replace(register(), groups=(Group(name="gemeenten", members=(r.STRANGER,)),))
    assert edited(files_of(other), shrunk) is None
    files = files_of(register())
    dotted = files["beleid.toml"].replace(
        "geldig_vanaf = 2026-01-01", '"geldig_vanaf" = 2026-01-01'
    )
    assert edited({**files, "beleid.toml": dotted}, shrunk) is None


@pytest.mark.parametrize("policy", ["een", "twee", "drie"])
def test_a_use_is_counted_under_every_version_of_its_policy(policy: str) -> None:
    counts = [count(policy, "question"), replace(count(policy, "question"), policy=f"{policy}@7")]
    found = next(each for each in measured(register(), *counts) if each.policy.id == policy)
    assert found.use.total.asked == 2
    assert not found.use.is_unused


def test_a_group_that_holds_us_is_not_own() -> None:
    with_us = replace(register(), groups=(Group(name="gemeenten", members=(r.DOESBURG, r.WEESP)),))
    found = {each.policy.id: each for each in measured(with_us, count("twee", "question"))}
    assert found["twee"].organisations[0].total.asked == 1
