# SPDX-License-Identifier: EUPL-1.2
"""Which act an organisation is told of that received a value which is known to be wrong now.

Source: AVG art. 19 ("kennisgevingsplicht").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from landschap.gateway.correcting.receivers import Corrected, Receiver, differs_somewhere
from landschap.registers.timeline import Assertion, Kind

# Acts that say of the past that it was otherwise than was known.
_MENDS = frozenset({Kind.CORRECTION, Kind.INSERTION, Kind.WITHDRAWAL})


def first_receipts(receivers: Sequence[Receiver], own: str) -> dict[str, datetime]:
    """Per organisation the first receipt, over all purposes and whoever asked in its name.

    Our own people are none of these: they ask the register itself.
    """
    found: dict[str, datetime] = {}
    for each in receivers:
        if each.organisation != own:
            before = found.get(each.organisation, each.first)
            found[each.organisation] = min(before, each.first)
    return dict(sorted(found.items()))


def correction_since(corrected: Corrected, first: datetime) -> Assertion:
    """The act that is told to who received the value first at a moment.

    The last that mended the field after it. When none is called mending, it is the first that made
    the field another one: the same each time, so that an ordinary change later is no reason to
    tell again. Who asked for what was known long ago may have received it after the correction;
    then every act counts. The group of the field has at least one.
    """
    acts = sorted(corrected.assertions, key=lambda each: each.number)
    changed = [each for each in acts if _changed(corrected, each)] or acts
    later = [each for each in changed if each.registered_at > first] or changed
    mended = [each for each in later if each.kind in _MENDS]
    return mended[-1] if mended else later[0]


def was_mended_after(corrected: Corrected, moment: datetime) -> bool:
    """Whether the field of any day was made another one after a moment."""
    later = (each for each in corrected.assertions if each.registered_at > moment)
    return any(_changed(corrected, each) for each in later)


def _changed(corrected: Corrected, by: Assertion) -> bool:
    """Whether an act made the field of any day another one than was known before it."""
    after = replace(corrected.known, number=by.number)
    before = replace(corrected.known, number=by.number - 1)
    return differs_somewhere(replace(corrected, known=after), before)
