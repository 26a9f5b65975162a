# SPDX-License-Identifier: EUPL-1.2
"""What another decision point is asked, and what its answer means here: yes, no or unavailable.

It learns who asks, which service, which action, for which purpose and the names of the fields; no
path, no body, no value of a field, no user, no declaration and none of our activities. An answer
that is not understood is no answer.
Source: AuthZEN 1.0, "Access Evaluation"; OPA, "Data API"; NLGov profile: processing_activity_id
SHOULD NOT cross organisational boundaries.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from landschap.purposes.authzen import names
from landschap.purposes.decision import Question
from landschap.purposes.vetoes import Heard, Obligation
from landschap.vocabulary.ijson import InvalidJson, JsonValue, canonical, loads

KINDS = ("authzen", "opa")
MAX_ANSWER_BYTES = 65_536
_OK = 200
_MAX_OBLIGATIONS = 20
# A code of theirs goes into our log, free text of theirs does not.
_CODE = re.compile(r"[A-Za-z][A-Za-z_.-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Another decision point that must agree with what we permit at one service.

    ``key_file`` names the file in the secrets folder whose content it gets as a bearer token.
    """

    address: str
    kind: str = "authzen"
    timeout_ms: int = 250
    key_file: str = ""

    @property
    def host(self) -> str:
        """What it is called in the record: its host, without path or port."""
        return urlsplit(self.address).hostname or ""


def request_of(question: Question, owner: str, traceparent: str) -> dict[str, JsonValue]:
    """The access evaluation it gets."""
    properties: dict[str, JsonValue] = {"loa": question.loa, "roles": list(question.roles)}
    about: dict[str, JsonValue] = {"provider": question.provider or owner}
    if question.fields is not None:
        about["fields"] = sorted(question.fields)
    context: dict[str, JsonValue] = {"doelbinding": question.purpose}
    if question.legal_bases is not None:
        context["grondslag"] = list(question.legal_bases)
    if question.delegatee:
        context["delegator"] = question.organisation
    if traceparent:
        context["traceparent"] = traceparent
    return {
        "subject": {
            "type": names.PEER,
            "id": question.delegatee or question.organisation,
            "properties": {name: value for name, value in properties.items() if value},
        },
        "action": {"name": names.action_uri(question.action)},
        "resource": {"type": names.SERVICE, "id": question.service, "properties": about},
        "context": {**context, "supported_obligations": ["step-up"]},
    }


def digest_of(request: Mapping[str, JsonValue]) -> str:
    """What was asked, so that an answer counts for that question alone."""
    return hashlib.sha256(canonical(request)).hexdigest()


def body_of(request: Mapping[str, JsonValue], kind: str) -> bytes:
    """The request as this kind of engine reads it: OPA answers "no" for ever without ``input``."""
    return canonical({"input": request} if kind == "opa" else request)


def heard_in(raw: bytes, status: int, voice: Voice, about: str) -> Heard:
    """What an answer means. Only an answer of 200 that says yes or no in so many words is one."""
    if status != _OK:
        return unavailable(voice, about, f"status_{_letters(status)}")
    try:
        body = loads(raw, max_bytes=MAX_ANSWER_BYTES, max_depth=16)
    except InvalidJson:
        return unavailable(voice, about, "answer_unreadable")
    answer = _opa(body) if voice.kind == "opa" else body
    if not isinstance(answer, Mapping) or not isinstance(answer.get("decision"), bool):
        return unavailable(voice, about, "answer_not_understood")
    context = answer.get("context")
    words = context if isinstance(context, Mapping) else {}
    obligations = _obligations(words.get("obligations"))
    if obligations is None:
        return unavailable(voice, about, "obligations_unreadable")
    return Heard(
        who=voice.host,
        about=about,
        answer="yes" if answer["decision"] is True else "no",
        why=_code(words),
        obligations=obligations,
    )


def unavailable(voice: Voice, about: str, why: str) -> Heard:
    """No answer that could be used."""
    return Heard(who=voice.host, about=about, answer="unavailable", why=why)


def _opa(body: JsonValue) -> JsonValue:
    """OPA's answer as a decision. A rule that is undefined has no ``result``: that is a no."""
    if not isinstance(body, Mapping):
        return None
    result = body.get("result", False)
    if isinstance(result, bool):
        return {"decision": result}
    if isinstance(result, Mapping) and "decision" not in result and "allow" in result:
        return {**result, "decision": result["allow"]}
    return result


def _obligations(given: JsonValue) -> tuple[Obligation, ...] | None:
    """The obligations in an answer; None when they can not be read."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MAX_OBLIGATIONS:
        return None
    found = []
    for each in given:
        kind = each.get("type") if isinstance(each, Mapping) else None
        if not isinstance(each, Mapping) or not isinstance(kind, str) or not kind:
            return None
        properties = each.get("properties")
        level = properties.get("acr_value") if isinstance(properties, Mapping) else None
        known = kind if _CODE.fullmatch(kind) else "unnamed"
        found.append(
            Obligation(id=str(each.get("id"))[:80], type=known, acr_value=str(level or "")[:200])
        )
    return tuple(found)


def _code(words: Mapping[str, JsonValue]) -> str:
    reason = words.get("reason_admin", words.get("reasonAdmin"))
    told = reason.get("code") if isinstance(reason, Mapping) else None
    return told if isinstance(told, str) and _CODE.fullmatch(told) else ""


def _letters(status: int) -> str:
    return {4: "refused", 5: "failed"}.get(status // 100, "unexpected")
