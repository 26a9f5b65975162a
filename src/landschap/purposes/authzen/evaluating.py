# SPDX-License-Identifier: EUPL-1.2
"""A question in AuthZEN's form, decided, and the decision in AuthZEN's form.

A denial is an answer, not an error. What a gateway must do with a permission (show these fields
only, these objects only) stands in obligations, because one that does not know them must treat the
answer as a denial.
Source: AuthZEN 1.0, "Decision"; Obligations profile; house design, "Explanation".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from landschap.purposes.authzen.messages import Evaluation
from landschap.purposes.authzen.words import reason_user
from landschap.purposes.decision import Decision, Question
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.steps import Step
from landschap.purposes.vetoes import denied, vetoes_of
from landschap.vocabulary.ijson import JsonValue

Answer = dict[str, JsonValue]


def unclear(hint: str) -> Answer:
    """The denial of a question that names nothing we know, with what should be written."""
    return {
        "decision": False,
        "context": {
            "reason_user": _both("request_invalid"),
            "reason_admin": {"code": "request_invalid", "hint": hint[:1000]},
        },
    }


def failed_item(message: str) -> Answer:
    """One of several evaluations that could not be read. Source: AuthZEN 1.0, "Errors"."""
    return {
        "decision": False,
        "context": {"error": {"status": 400, "message": message[:1000]}},
    }


def settled(decision: Decision, asked: Evaluation, snapshot: Snapshot) -> Decision:
    """The decision, denied when its asker says that it can not execute an obligation of it."""
    if not decision.allow or asked.supported is None:
        return decision
    needed = {str(each["type"]) for each in obligations_of(decision, snapshot)}
    missing = sorted(needed - set(asked.supported))
    if not missing:
        return decision
    about = ", ".join(missing)
    step = Step("R14", "asker", "fail", about)
    return denied(decision, "obligation_unsupported", f": {about}", step)


def answer_of(decision: Decision, snapshot: Snapshot, ignored: tuple[str, ...] = ()) -> Answer:
    """The decision as its asker gets it: of the same organisation, so with every step."""
    admin: Answer = {
        "code": decision.code,
        "policy": decision.policy,
        "snapshot": decision.snapshot,
        "steps": [dict(step._asdict()) for step in decision.steps],
    }
    context: Answer = {"reason_user": _both(decision.code), "reason_admin": admin}
    if decision.allow:
        context["visible"] = sorted(decision.visible)
        if decision.withheld:
            context["withheld"] = sorted(decision.withheld)
    else:
        refusal = decision.refusal()
        admin["detail"] = refusal.detail
        admin["missing"] = refusal.missing
        admin["owner"] = refusal.owner
        admin.update({k: v for k, v in refusal.extra.items() if k != "snapshot"})
    if said := vetoes_of(decision):
        context["vetoes"] = said
    if obligations := obligations_of(decision, snapshot):
        context["obligations"] = list(obligations)
    if ignored:
        context["ignored"] = list(ignored)
    return {"decision": decision.allow, "context": context}


def obligations_of(decision: Decision, snapshot: Snapshot) -> list[Mapping[str, JsonValue]]:
    """What the gateway must do with this answer, for it to hold."""
    if not decision.allow:
        level = decision.about if decision.code == "loa_too_low" else ""
        return [_obligation("step-up", "step-up", {"acr_value": level})] if level else []
    found: list[Mapping[str, JsonValue]] = []
    if _must_trim(decision, snapshot):
        fields: Answer = {"kind": "fields", "fields": sorted(decision.visible)}
        found.append(_obligation("fields", "custom", fields))
    if decision.rows:
        rows: list[JsonValue] = [
            {"path": each.path, "op": each.op, "values": list(each.values)}
            for each in decision.rows
        ]
        found.append(_obligation("rows", "custom", {"kind": "rows", "rows": rows}))
    if decision.obligations:
        values: list[JsonValue] = [
            {"kind": each.kind, "path": each.path, "value": each.value}
            for each in decision.obligations
        ]
        found.append(_obligation("values", "custom", {"kind": "values", "values": values}))
    if decision.checks:
        checks: Answer = {"kind": "checks", "checks": list(decision.checks)}
        found.append(_obligation("checks", "custom", checks))
    if decision.mark is not None:
        mark: Answer = {
            "kind": "mark",
            "path": decision.mark.path,
            "guarded": list(decision.mark.guarded),
            "withheld": decision.third_party,
        }
        found.append(_obligation("mark", "custom", mark))
    return found


def _must_trim(decision: Decision, snapshot: Snapshot) -> bool:
    """True unless the fields were asked by name and all of them may be seen."""
    question = decision.question
    if question.fields is not None and not decision.withheld:
        return False
    key = (question.provider or snapshot.owner, question.service)
    return decision.visible != snapshot.service_fields.get(key, frozenset())


def without_fields(question: Question) -> Question:
    """The same question, leaving the choice of fields to us: what a search asks."""
    return dataclasses.replace(question, fields=None, search=())


def _obligation(name: str, kind: str, properties: Mapping[str, JsonValue]) -> Answer:
    return {"id": name, "type": kind, "properties": properties}


def _both(code: str) -> Answer:
    return dict(reason_user(code))
