# SPDX-License-Identifier: EUPL-1.2
"""Tests of policies, written beside them: a question, and the decision that is expected on it.

    [[toets]]
    naam = "zonder zaak geen bijstand"
    op = 2026-06-01T12:00:00+02:00
    vraag = { doel = "https://...", organisatie = "0000...", dienst = "situatie" }
    verwacht = { besluit = "weigeren", reden = "case_missing" }

Only what ``verwacht`` names is compared. A contract is not part of it: what the policies alone
would decide is what is tested.
Source: house rule "Policy tests live beside the policies".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.model import ACTIONS, LEGAL_BASES, LEVELS
from landschap.purposes.needs import Facts
from landschap.purposes.reading import RegisterError, Table
from landschap.purposes.reasons import REASONS
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.tables import tables_of
from landschap.vocabulary.mistakes import Mistake

_ALLOW, _DENY = "toestaan", "weigeren"
_CONSENT = {"": "", "gegeven": "given", "ontbreekt": "missing", "ingetrokken": "withdrawn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One test: its question, its moment (None: now), and what is expected by name."""

    file: str
    name: str
    question: Question
    at: datetime | None
    expected: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A test and where the decision differs from what was expected (nothing: as expected)."""

    trial: Trial
    decision: Decision
    differences: tuple[str, ...]


def parse_trials(sources: Mapping[str, str]) -> tuple[Trial, ...]:
    """The tests in these files (name -> text). Raises RegisterError with all that is wrong."""
    problems: list[Mistake] = []
    tables = tables_of(sources, problems, ("toets",))["toets"]
    trials = tuple(_trial(table) for table in tables)
    if problems:
        raise RegisterError(problems)
    return trials


def try_out(trial: Trial, snapshot: Snapshot, now: datetime) -> Outcome:
    """Decide the question of a test and compare."""
    decision = decide(trial.question, snapshot, trial.at or now)
    found = _told(decision)
    differences = tuple(
        f"{name}: expected {_words(wanted)}, found {_words(found[name])}"
        for name, wanted in trial.expected.items()
        if found[name] != wanted
    )
    return Outcome(trial=trial, decision=decision, differences=differences)


def _told(decision: Decision) -> Mapping[str, tuple[str, ...]]:
    """What of a decision can be expected, in the words of a test."""
    return {
        "besluit": (_ALLOW if decision.allow else _DENY,),
        "reden": (decision.code,),
        "beleidsregel": (decision.policy_id,),
        "velden": tuple(sorted(decision.visible)),
        "rijen": tuple(" ".join((r.path, r.op, *r.values)) for r in decision.rows),
        "opgezocht": decision.checks,
        "verplichtingen": tuple(f"{o.kind} {o.path}".strip() for o in decision.obligations),
    }


def _words(values: tuple[str, ...]) -> str:
    return ", ".join(values) or "(nothing)"


def _trial(table: Table) -> Trial:
    name = table.text("naam")
    at = table.moment("op")
    asked, expected = table.table("vraag"), table.table("verwacht")
    for key, inner in (("vraag", asked), ("verwacht", expected)):
        if inner is None:
            table.problem(key, "is missing")
    trial = Trial(
        file=table.file,
        name=name,
        question=_question(asked) if asked else Question(purpose="", organisation="", service=""),
        at=at,
        expected=_expected(expected) if expected else {},
    )
    table.close({})
    return trial


def _question(table: Table) -> Question:
    consent = table.choice("toestemming", [each for each in _CONSENT if each], default="")
    has_fields = "velden" in table.values
    fields, bases = table.texts("velden"), table.texts("grondslagen", valid=LEGAL_BASES)
    question = Question(
        purpose=table.text("doel"),
        organisation=table.text("organisatie"),
        delegatee=table.text("gevraagd_door", default=""),
        service=table.text("dienst"),
        provider=table.text("aanbieder", default=""),
        action=table.choice("handeling", ACTIONS, default="raadplegen"),
        fields=fields if has_fields else None,
        search=table.texts("zoekvelden"),
        legal_bases=bases or None,
        roles=table.texts("rollen"),
        loa=table.choice("niveau", LEVELS, default=""),
        lenient=table.boolean("ruim", default=False),
        require_bound=False,
        facts=Facts(
            case=table.text("zaak", default=""),
            case_open=table.boolean("zaak_open") if "zaak_open" in table.values else None,
            approver=table.text("goedgekeurd_door", default=""),
            consent=_CONSENT.get(consent, ""),
        ),
    )
    table.close({})
    return question


def _expected(table: Table) -> Mapping[str, tuple[str, ...]]:
    expected: dict[str, tuple[str, ...]] = {"besluit": (table.choice("besluit", (_ALLOW, _DENY)),)}
    if "reden" in table.values:
        expected["reden"] = (table.choice("reden", REASONS),)
    if "beleidsregel" in table.values:
        expected["beleidsregel"] = (table.text("beleidsregel"),)
    for name in ("rijen", "opgezocht", "verplichtingen"):
        if name in table.values:
            expected[name] = table.texts(name)
    if "velden" in table.values:
        expected["velden"] = tuple(sorted(table.texts("velden")))
    table.close({})
    return expected
