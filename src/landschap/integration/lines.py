# SPDX-License-Identifier: EUPL-1.2
"""Whom an answer of a logical source is about: each of them gets a line.

A question about a known person that finds nothing still concerns that person.
Source: Logboek Dataverwerkingen, "Gedrag van de applicatie", rules 2 and 5.
"""

from __future__ import annotations

from landschap.integration.plan import Plan
from landschap.integration.rows import Collected, Failure, key_text

SYSTEM = "landschap integration"


def subjects_of(plan: Plan, key: str, collected: Collected) -> tuple[str, ...] | Failure:
    """The numbers of the persons this answer is about, sorted; a Failure when they are unknown."""
    subject = plan.declaration.subject
    if subject is None:
        return ()
    if plan.declaration.key_is_subject:
        return (key,)
    found = collected[subject.column.source]
    if isinstance(found, Failure):
        return found
    numbers = {
        key_text(row.values.get(subject.column.name))
        for rows in found.by_key.values()
        for row in rows
    }
    return tuple(sorted(numbers - {""}))
