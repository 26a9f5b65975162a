# SPDX-License-Identifier: EUPL-1.2
"""Rules in Cedar that an organisation adds to one service; they can only forbid.

`read_veto` refuses what is not a ``forbid``, what has no ``@id``, and what names an attribute that
is not in `SCHEMA`: Cedar passes over a rule that fails while it is evaluated, so a misspelt name
would silently forbid nothing. For the same reason a rule that fails all the same forbids.
Needs the extra ``cedar``; without it a service that declares rules can not be used.
Source: Cedar policy language, "Schema", "Authorization"; house decision: Cedar as optional veto.
"""

from __future__ import annotations

import json
import re
from typing import Any

from landschap.purposes.decision import Decision
from landschap.purposes.model import ACTIONS, level_rank

try:
    import cedarpy
except ImportError:  # the extra is not installed
    cedarpy = None  # type: ignore[assignment]  # asked before each use

MAX_TEXT = 65_536
_ACTION = re.compile(r' for Action::"[^"]*"')
_QUOTED = ", ".join(f'"{name}"' for name in ACTIONS)

SCHEMA = f"""
entity Organisatie;
entity Dienst;
action {_QUOTED} appliesTo {{
  principal: Organisatie,
  resource: Dienst,
  context: {{
    doel: String,
    doelen: Set<String>,
    velden: Set<String>,
    grondslagen: Set<String>,
    rollen: Set<String>,
    niveau: Long,
    beleidsregel: String,
    activiteit: String,
    gemachtigde?: Organisatie,
  }},
}};
"""
"""What a rule may name: the organisation for which is asked, the service by name, and these facts
of what our policies permitted. ``doelen`` holds the purpose and those above it, ``velden`` the
fields that would be shown, ``niveau`` the place of the level of assurance (0 is none)."""

_BASE = "permit(principal, action, resource);\n"


class CedarVeto:
    """Rules that were read; made by `read_veto` alone."""

    def __init__(self, text: str, ancestors: dict[str, tuple[str, ...]]) -> None:
        self._ancestors = ancestors
        self._policies = cedarpy.PolicySet.from_str(_BASE + text)

    def forbidden_by(self, decision: Decision) -> tuple[str, ...]:
        """The ids of the rules that forbid what was permitted, empty when none does.

        A rule that can not be evaluated forbids, under the name ``error``.
        """
        result = cedarpy.is_authorized(self._request(decision), self._policies, "[]")
        diagnostics = result.diagnostics
        if diagnostics.errors:
            return ("error",)
        if result.allowed:
            return ()
        named = diagnostics.id_annotations_by_reason
        return tuple(sorted(named.get(each, each) for each in diagnostics.reasons)) or ("error",)

    def _request(self, decision: Decision) -> dict[str, Any]:
        question = decision.question
        context: dict[str, Any] = {
            "doel": decision.purpose,
            "doelen": list(self._ancestors.get(decision.purpose, (decision.purpose,))),
            "velden": sorted(decision.visible),
            "grondslagen": list(decision.legal_bases),
            "rollen": list(question.roles),
            "niveau": level_rank(question.loa) or 0,
            "beleidsregel": decision.policy_id,
            "activiteit": decision.activity.uri if decision.activity else "",
        }
        if question.delegatee:
            entity = {"type": "Organisatie", "id": question.delegatee}
            context["gemachtigde"] = {"__entity": entity}
        return {
            "principal": {"type": "Organisatie", "id": question.organisation},
            "action": {"type": "Action", "id": question.action},
            "resource": {"type": "Dienst", "id": question.service},
            "context": json.dumps(context),
        }


def is_installed() -> bool:
    """True when the extra ``cedar`` is there."""
    return cedarpy is not None


def mistakes_in(text: str) -> list[str]:
    """Everything wrong with rules, each with the id of its rule; empty when they may be used."""
    if not is_installed():
        return ['needs the extra: pip install "landschap[cedar]"']
    if len(text) > MAX_TEXT:
        return [f"more than {MAX_TEXT} characters"]
    try:
        policies = cedarpy.PolicySet.from_str(text)
        parsed = policies.to_pst()
    except ValueError as error:
        return [f"not Cedar: {error}"]
    found: list[str] = []
    if parsed.templates:
        found.append("templates are not supported: write whole rules")
    if not parsed.static_policies:
        found.append("holds no rule")
    names: dict[str, str] = {}
    for place, (key, rule) in enumerate(parsed.static_policies.items(), 1):
        name = rule.annotations.get("id", "")
        names[key] = name or f"rule {place}"
        if not name:
            found.append(f'rule {place}: has no @id("..."), by which a refusal names it')
        elif list(names.values()).count(name) > 1:
            found.append(f"{name}: this @id stands there twice")
        if rule.effect != "forbid":
            found.append(f"{names[key]}: only forbid is allowed; policies permit")
    return found + _against_schema(text, names)


def read_veto(text: str, ancestors: dict[str, tuple[str, ...]]) -> CedarVeto | list[str]:
    """The rules, or everything that is wrong with them.

    ``ancestors`` gives for a purpose itself and those above it.
    """
    return mistakes_in(text) or CedarVeto(text, ancestors)


def _against_schema(text: str, names: dict[str, str]) -> list[str]:
    result = cedarpy.validate_policies(text, SCHEMA)
    found: dict[str, None] = {}
    for error in result.errors:
        words = error.error.split(f"`{error.policy_id}`, ", 1)[-1]
        # One line per rule and attribute, not one per action as well.
        words = _ACTION.sub("", words)
        found[f"{names.get(error.policy_id, error.policy_id)}: {words}"] = None
    return list(found)
