# SPDX-License-Identifier: EUPL-1.2
"""Which fields are asked, which policy serves them best, and what may be shown.

Strict by default: one field too many refuses the question and proposes the one that would be
allowed, because trimming in silence would change the question. Lenient, on request only, trims.
Source: AVG art. 5 lid 1 sub c (minimisation).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from landschap.purposes.decision import Question
from landschap.purposes.derived import DerivedField
from landschap.purposes.snapshot import Rule
from landschap.purposes.steps import Step, step_of

_NONE: frozenset[str] = frozenset()


class Stop(Exception):
    """A decision that ends here, with a denial; caught by `decide` alone."""

    def __init__(
        self,
        code: str,
        *,
        about: str = "",
        suggestion: tuple[str, ...] = (),
        rule: Rule | None = None,
        withheld: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.about = about
        self.suggestion = suggestion
        self.rule = rule
        self.withheld = withheld


class Fit(NamedTuple):
    """A policy that holds for the question, with what it shows and opens within the contract."""

    rule: Rule
    fields: frozenset[str]
    searchable: frozenset[str]
    legal_bases: tuple[str, ...]


fit_of: Callable[[tuple[Rule, frozenset[str], frozenset[str], tuple[str, ...]]], Fit] = partial(
    tuple.__new__, Fit
)
"""A fit from its four parts, in half the time."""


def requested_fields(question: Question, known: frozenset[str]) -> frozenset[str] | None:
    """The leaf fields that are asked, None when the choice is ours; unknown names stay in."""
    if question.fields is None:
        return None
    asked = frozenset(question.fields)
    if asked <= known:
        return asked
    found: set[str] = set()
    for name in asked:
        below = [path for path in known if path.startswith(f"{name}.")]
        found.update(below if name not in known and below else [name])
    return frozenset(found)


def choose(
    fits: Sequence[Fit], question: Question, requested: frozenset[str] | None, steps: list[Step]
) -> Fit:
    """The one policy that covers most of what is asked; on a tie the first one given.

    One that opens the search goes before one that does not, as the latter could only refuse. Two
    policies are never merged: the activity and the grounds belong to one.
    """
    if len(fits) == 1:
        steps.append(fits[0].rule.chosen)
        return fits[0]
    chosen = max(fits, key=lambda fit: _covered(fit, question, requested))
    steps.append(step_of(("R11", chosen.rule.policy.id, "ok", f"1 of {len(fits)}")))
    return chosen


def _covered(fit: Fit, question: Question, requested: frozenset[str] | None) -> tuple[bool, int]:
    shown = fit.fields if requested is None else fit.fields & requested
    return not _search_excess(question, fit), len(shown)


def visible_fields(
    question: Question,
    chosen: Fit,
    requested: frozenset[str] | None,
    known: frozenset[str],
    steps: list[Step],
) -> frozenset[str]:
    """The fields that may be shown. Raises Stop for unknown fields and for too many."""
    name = chosen.rule.policy.field_set
    wanted = chosen.fields if requested is None else requested
    search_excess = _search_excess(question, chosen) if question.search else _NONE
    if wanted and not search_excess and wanted <= chosen.fields:
        steps.append(step_of(("R12", name, "ok", f"{len(wanted)} visible, 0 withheld")))
        return wanted
    visible, excess = wanted & chosen.fields, wanted - chosen.fields
    stop: Stop | None = None
    if unknown := (excess | search_excess) - known:
        stop = _unknown(chosen, unknown)
    elif search_excess:
        stop = _too_many(chosen, search_excess, visible)
    elif not visible or (excess and not question.lenient):
        stop = _too_many(chosen, excess, visible or chosen.fields)
    if stop is not None:
        steps.append(Step("R12", name, "fail", f"{stop.code}: {stop.about}"))
        raise stop
    steps.append(Step("R12", name, "ok", f"{len(visible)} visible, {len(excess)} withheld"))
    return visible


def tell_derived(
    visible: frozenset[str], derived: Sequence[DerivedField], steps: list[Step]
) -> None:
    """Say of each visible field that is derived what is read for it."""
    steps.extend(
        Step("R12", each.path, "ok", each.words) for each in derived if each.path in visible
    )


def _search_excess(question: Question, chosen: Fit) -> frozenset[str]:
    """To search by a field is to use it, so it must be in the set, and marked searchable."""
    return frozenset(question.search) - chosen.searchable


def _unknown(chosen: Fit, unknown: frozenset[str]) -> Stop:
    names = sorted(unknown)
    near = difflib.get_close_matches(names[0], sorted(chosen.fields), n=1)
    shown = ", ".join(name[:80] for name in names[:5])
    return Stop("fields_unknown", about=shown, suggestion=tuple(near), rule=chosen.rule)


def _too_many(chosen: Fit, excess: frozenset[str], allowed: frozenset[str]) -> Stop:
    return Stop(
        "fields_excess",
        about=", ".join(sorted(excess)) or "(the contract and the policy share no field)",
        suggestion=tuple(sorted(allowed)),
        rule=chosen.rule,
        withheld=excess,
    )
