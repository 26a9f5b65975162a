# SPDX-License-Identifier: EUPL-1.2
"""The steps of which a decision is made and by which it is explained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple


class Step(NamedTuple):
    """One step of a decision.

    ``rule`` is R0 to R15 of the decision algorithm, ``outcome`` one of ok, miss (one candidate
    fell away), skip (nothing to check) and fail (the decision ends here).
    """

    rule: str
    subject: str
    outcome: str
    detail: str = ""


step_of: Callable[[tuple[str, str, str, str]], Step] = partial(tuple.__new__, Step)
"""A step from its four parts, in half the time: for the steps that every permission has."""
