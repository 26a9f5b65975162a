# SPDX-License-Identifier: EUPL-1.2
"""Counts without the small ones: a count below a threshold is hidden, and can not be computed.

A table is one row of groups with their total. Hiding the small counts alone is not enough: with
one hidden count the total gives it away, and hidden counts that together are few are few each. So
the smallest of the told counts are hidden too, until the hidden ones are at least two, are together
no fewer than the threshold, and leave more than one possibility for each of them. When that can not
be reached, the total is hidden as well.

A group that does not occur counts as zero and is hidden like any other small count: that nobody is
in a group is also something about everybody. Groups are those of the model, never those found.
Source: CBS, Handboek Statistische Beveiliging; Hundepool et al., Statistical Disclosure Control,
chapter 4 (threshold rule, secondary suppression).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What may be published: a count per group, None where it is hidden; so for the total."""

    counts: Mapping[str, int | None]
    total: int | None
    least: int


def suppressed(counts: Mapping[str, int], least: int) -> Table:
    """The table to publish. ``least`` is the smallest count that is told, at least 3."""
    if least < 3:
        raise ValueError("the smallest count that is told is at least 3")
    total = sum(counts.values())
    if total < least:
        return Table(counts=dict.fromkeys(counts), total=None, least=least)
    hidden = {group for group, count in counts.items() if count < least}
    while hidden and not _is_safe(hidden, counts, least):
        rest = [count for group, count in counts.items() if group not in hidden]
        if not rest:
            return Table(counts=dict.fromkeys(counts), total=None, least=least)
        # From small to large, so that little is lost; equal counts together, or the choice tells.
        hidden |= {group for group, count in counts.items() if count == min(rest)}
    told = {group: None if group in hidden else count for group, count in counts.items()}
    return Table(counts=told, total=total, least=least)


def _is_safe(hidden: set[str], counts: Mapping[str, int], least: int) -> bool:
    """True when who knows this rule and the total can not compute a hidden count."""
    values = [counts[group] for group in hidden]
    if len(values) < 2 or sum(values) < least:
        return False
    # Small counts that are all as large as they can be would be known by their sum.
    return max(values) >= least or sum(values) < len(values) * (least - 1)
