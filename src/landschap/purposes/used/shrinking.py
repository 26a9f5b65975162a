# SPDX-License-Identifier: EUPL-1.2
"""A register that grants less: what was measured as unused, left out.

A policy that nobody used ends today. Of one that is used, fields and roles that nobody used go: it
gets a higher version, and a narrower field set beside the one it had, for contracts name that one
by its digest. Organisations, actions and contracts are told, and left to people: who did not ask
this quarter may have to next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from landschap.purposes.model import FieldSet, Policy, Register, Validity
from landschap.purposes.used.measured import PolicyUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry that becomes another, and why; ``source`` is the set that a new one narrows."""

    why: str
    policy: Policy | None = None
    field_set: FieldSet | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The register as it would be, and the steps to it; none when there is nothing to leave out."""

    register: Register
    steps: tuple[Step, ...]


def shrink(register: Register, measured: Iterable[PolicyUse], today: date) -> Shrunk:
    """The register without what was not used. It is coherent when the given one is."""
    sets = _Sets(register.field_sets)
    steps: list[Step] = []
    for use in measured:
        policy = use.policy
        if use.use.is_unused:
            if policy.valid.since < today:
                ended = replace(policy.valid, until=today)
                steps.append(_changed(policy, "no question was permitted by it", valid=ended))
            continue
        if use.unused_fields:
            narrow, made = sets.without(policy.field_set, use.unused_fields)
            if made:
                why = f"not used: {', '.join(use.unused_fields)}"
                steps.append(Step(why=why, field_set=narrow, source=policy.field_set))
            policy = replace(policy, field_set=narrow.key)
        if use.unused_roles:
            kept = tuple(each for each in policy.roles if each not in use.unused_roles)
            policy = replace(policy, roles=kept)
        if policy is not use.policy:
            unused = ", ".join((*use.unused_fields, *use.unused_roles))
            steps.append(_changed(policy, f"not used: {unused}"))
    changed = {step.policy.id: step.policy for step in steps if step.policy}
    return Shrunk(
        register=replace(
            register,
            field_sets=(*register.field_sets, *(s.field_set for s in steps if s.field_set)),
            policies=tuple(changed.get(each.id, each) for each in register.policies),
        ),
        steps=tuple(steps),
    )


def _changed(policy: Policy, why: str, valid: Validity | None = None) -> Step:
    changed = replace(policy, version=policy.version + 1, valid=valid or policy.valid)
    return Step(why=why, policy=changed)


class _Sets:
    """Field sets, and the narrower ones that were made: equal ones are made once."""

    def __init__(self, known: Sequence[FieldSet]) -> None:
        self._known = {each.key: each for each in known}
        self._last: dict[str, int] = {}
        for each in known:
            self._last[each.id] = max(each.version, self._last.get(each.id, 0))
        self._made: dict[tuple[str, tuple[str, ...]], FieldSet] = {}

    def without(self, key: str, fields: Sequence[str]) -> tuple[FieldSet, bool]:
        """The set without these fields, in its next version; True when it was made just now."""
        whole = self._known[key]
        kept = tuple(each for each in whole.fields if each not in fields)
        made = self._made.get((whole.id, kept))
        if made is not None:
            return made, False
        self._last[whole.id] += 1
        made = replace(whole, version=self._last[whole.id], fields=kept)
        self._made[whole.id, kept] = made
        return made, True
