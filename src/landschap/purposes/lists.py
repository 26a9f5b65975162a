# SPDX-License-Identifier: EUPL-1.2
"""Lists of purposes: which are one's own, and to which purpose of a shared list each leads.

A purpose that travels must mean the same to both sides, so one that only its maker knows is of use
inside only. It leads to a shared one when it lies under it, or when the two are called equal.
Source: house rule on purpose schemes, "local schemes hang under a national concept".
"""

from __future__ import annotations

from collections.abc import Iterator

from landschap.purposes.checks import Finding
from landschap.purposes.model import Purpose, PurposeStatus, Register
from landschap.purposes.snapshot import Snapshot


def is_local(purpose: Purpose, register: Register) -> bool:
    """True for a purpose of a list that the owner of the register publishes itself."""
    lists = {each.uri: each for each in register.schemes}
    found = lists.get(purpose.scheme)
    return found is not None and found.publisher == register.owner


def shared_purpose(purpose: Purpose, snapshot: Snapshot) -> str:
    """The nearest purpose of somebody else's list that this one equals or lies under; or empty."""
    known = snapshot.purposes.get(purpose.uri)
    for uri in known.ancestors if known else (purpose.uri,):
        here = snapshot.purposes.get(uri)
        if here is None:
            continue
        if not is_local(here.purpose, snapshot.register):
            return uri
        for match in here.purpose.exact_match:
            other = snapshot.purposes.get(match)
            if other is None or not is_local(other.purpose, snapshot.register):
                return match
    return ""


def unmapped(register: Register) -> Iterator[Finding]:
    """A finding for each purpose of one's own that leads to no shared one, where there are some."""
    if all(each.publisher == register.owner for each in register.schemes):
        return
    snapshot = Snapshot(register)
    for place, purpose in enumerate(register.purposes):
        in_use = purpose.status is PurposeStatus.ACTIVE and is_local(purpose, register)
        if in_use and not shared_purpose(purpose, snapshot):
            yield Finding(
                table="doel",
                place=place,
                key="valt_onder",
                message="is one of our own and leads to no purpose of a shared list, so nobody "
                "else knows it; give valt_onder or gelijk_aan",
            )
