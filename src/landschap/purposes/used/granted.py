# SPDX-License-Identifier: EUPL-1.2
"""Since when something is granted, without a break, by the registers through a period.

Only what was granted long enough can be called unused. A grant begins with the register that first
held it, or with the period of its policy when that began later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from landschap.purposes.model import Effect, FieldSet, Policy, Register


class Grant(NamedTuple):
    """One thing that a policy grants: ``what`` is policy, field, role, action or organisation."""

    policy: str
    what: str
    name: str = ""


def granted_since(
    registers: Sequence[tuple[datetime, Register]], now: datetime
) -> Mapping[Grant, datetime]:
    """Since when each grant of the last of these registers holds, as far as it is in force now.

    ``registers`` are in order, each with the moment from which it held.
    """
    since: dict[Grant, datetime] = {}
    for moment, register in registers:
        here = set(_grants(register.policies, register.field_sets))
        since = {grant: since.get(grant, moment) for grant in here}
    if not registers:
        return {}
    periods = {each.id: each.valid.moments() for each in registers[-1][1].policies}
    return {
        grant: max(moment, periods[grant.policy][0])
        for grant, moment in since.items()
        if _holds(periods[grant.policy], now)
    }


def _grants(policies: Iterable[Policy], field_sets: Iterable[FieldSet]) -> Iterator[Grant]:
    fields = {each.key: each.fields for each in field_sets}
    for policy in policies:
        if policy.effect is not Effect.PERMIT:
            continue
        yield Grant(policy.id, "policy")
        named = (
            ("field", fields.get(policy.field_set, ())),
            ("role", policy.roles),
            ("action", policy.actions),
            ("organisation", policy.organisations),
        )
        for what, names in named:
            yield from (Grant(policy.id, what, name) for name in names)


def _holds(period: tuple[datetime, datetime | None], now: datetime) -> bool:
    since, until = period
    return since <= now and (until is None or now < until)
