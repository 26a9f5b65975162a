# SPDX-License-Identifier: EUPL-1.2
"""Other engines may forbid what our policies permit; they never permit what these refuse.

`judge` decides and then asks the rules of our own that only forbid (`cedar`); `with_voice` puts the
answer of another decision point to it. Each leaves a step R15, so that record and explanation say
who forbade what. An answer of another is not decided again in a replay: `as_recorded` takes it
from the record.
Source: house algorithm, R14 and R15; AuthZEN 1.0, "Obligations profile".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.model import level_rank
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.steps import Step
from landschap.vocabulary.ijson import JsonValue

RULE = "R15"
CODES = frozenset({"vetoed", "pdp_unavailable", "obligation_unsupported", "loa_too_low"})
STEP_UP = "step-up"
_MAX_SHOWN = 5


class Veto(Protocol):
    """Rules that only forbid."""

    def forbidden_by(self, decision: Decision) -> tuple[str, ...]:
        """The ids of the rules that forbid what was permitted; empty when none does."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What another decision point wants done with its answer."""

    id: str
    type: str
    acr_value: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What another decision point said: ``answer`` is yes, no or unavailable.

    ``about`` is the digest of what was asked, ``why`` a code or a kind of failure, never a value.
    """

    who: str
    about: str
    answer: str
    why: str = ""
    obligations: tuple[Obligation, ...] = ()


def judge(question: Question, snapshot: Snapshot, now: datetime, veto: Veto | None) -> Decision:
    """Our decision, after our own further rules. Never raises."""
    decision = decide(question, snapshot, now)
    if veto is None or not decision.allow:
        return decision
    try:
        by = veto.forbidden_by(decision)
    except Exception as error:  # noqa: BLE001  # an accident while deciding must end in a refusal
        return denied(decision, "internal_error", type(error).__name__, Step(RULE, "cedar", "fail"))
    if not by:
        return _with(decision, Step(RULE, "cedar", "ok"))
    shown = ", ".join(by[:_MAX_SHOWN])
    return denied(decision, "vetoed", shown, Step(RULE, "cedar", "fail", shown))


def with_voice(decision: Decision, heard: Heard) -> Decision:
    """The decision after the other voice: it can only take away. Never raises."""
    if not decision.allow:
        return decision
    if heard.answer == "unavailable":
        step = Step(RULE, heard.who, "fail", heard.why)
        return denied(decision, "pdp_unavailable", heard.why, step)
    known = [each for each in heard.obligations if _is_known(each)]
    unknown = [each.type[:40] for each in heard.obligations if not _is_known(each)]
    high = max((each.acr_value for each in known), key=_rank, default="")
    too_low = _rank(high) > (level_rank(decision.question.loa) or 0)
    if heard.answer != "yes":
        step = Step(RULE, heard.who, "fail", heard.why)
        if too_low:
            return _stepped_up(decision, high, step)
        return denied(decision, "vetoed", heard.who, step)
    said = _with(decision, Step(RULE, heard.who, "ok", heard.why))
    if unknown:
        shown = ", ".join(unknown[:_MAX_SHOWN])
        step = Step("R14", heard.who, "fail", shown)
        refused = denied(said, "obligation_unsupported", f": {shown}", step)
        return msgspec.structs.replace(refused, suggestion=(high,) if too_low else ())
    if too_low:
        return _stepped_up(said, high, Step("R14", STEP_UP, "fail", high))
    return said


def as_recorded(decision: Decision, context: Mapping[str, JsonValue]) -> Decision:
    """A decision taken again, with what others said of it then, as the record has it."""
    said = context.get("vetoes")
    every = said if isinstance(said, list | tuple) else ()
    steps = [_step(each) for each in every if isinstance(each, Mapping)]
    if not steps or not decision.allow:
        return decision
    whole = msgspec.structs.replace(decision, steps=(*decision.steps, *steps))
    failed = next((each for each in steps if each.outcome == "fail"), None)
    code = str(context.get("code") or "")
    if failed is None or code not in CODES | {"internal_error"}:
        return whole
    return _closed(whole, code, failed.detail)


def vetoes_of(decision: Decision) -> list[JsonValue]:
    """The steps of other engines, for the record."""
    return [dict(s._asdict()) for s in decision.steps if s.rule == RULE or _is_obligation(s)]


def denied(decision: Decision, code: str, about: str, step: Step) -> Decision:
    """What was permitted, refused after all."""
    return _closed(_with(decision, step), code, about)


def _closed(decision: Decision, code: str, about: str) -> Decision:
    # A new value: nothing that only a permission holds may stay in it.
    return Decision(
        allow=False,
        code=code,
        question=decision.question,
        snapshot=decision.snapshot,
        owner=decision.owner,
        steps=decision.steps,
        rule=decision.rule,
        known=decision.known,
        about=about,
        vetoed=True,
    )


def _stepped_up(decision: Decision, level: str, step: Step) -> Decision:
    return denied(decision, "loa_too_low", level, step)


def _with(decision: Decision, step: Step) -> Decision:
    return msgspec.structs.replace(decision, steps=(*decision.steps, step))


def _is_known(obligation: Obligation) -> bool:
    """A step-up to a level we know. What the gateway can not execute it must not pass over."""
    return obligation.type == STEP_UP and level_rank(obligation.acr_value) is not None


def _rank(level: str) -> int:
    return level_rank(level) or 0


def _is_obligation(step: Step) -> bool:
    # Only other engines bring obligations that fail; the activity of a permission is R14 as well.
    return step.rule == "R14" and step.outcome == "fail"


def _step(value: Mapping[str, JsonValue]) -> Step:
    return Step(*(str(value.get(name) or "") for name in Step._fields))
