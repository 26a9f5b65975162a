# SPDX-License-Identifier: EUPL-1.2
"""Verdicts as the bytes the carrier understands: 200 with the place to go, or 403 with a refusal.

A refusal always travels as 403 with its real status, form and body in headers, because the
carrier hands on no other status of a sub-request. Codes in capitals get FSC's error body, the
others problem details. The contract is written out in ``docs/reference/decision-subrequest.md``.
Source: FSC Core, "Error response"; RFC 9457.
"""

from __future__ import annotations

import json
from uuid import UUID

import msgspec

from landschap.gateway import inway, outway
from landschap.gateway.asked import Asked, Trace, is_lenient
from landschap.gateway.lifecycle import CLOSED
from landschap.gateway.plan import service_upstream_name
from landschap.purposes.decision import Decision
from landschap.purposes.declaration import CHALLENGE
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal, fsc_body

_OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
_NO = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
# A refusal travels in one header; the carrier reads 24 kB of headers.
MAX_BODY_BYTES = 16_384
PERMIT = "\r\nPermit: "
_DOMAINS = {"inway": "ERROR_DOMAIN_INWAY", "outway": "ERROR_DOMAIN_OUTWAY"}


class InwayAnswer(msgspec.Struct, frozen=True):
    """Go to this service: the lines that are the same for every question under one decision."""

    first: str
    last: str

    def of(self, transaction_id: UUID, onward: str, state: str, permit: str) -> bytes:
        """The answer to one question."""
        middle = f"{transaction_id}\r\ntraceparent: {onward}"
        if state:
            middle = f"{middle}\r\ntracestate: {state}"
        if permit:
            middle = f"{middle}{PERMIT}{permit}"
        return f"{self.first}{middle}{self.last}".encode("latin-1")


def inway_answer(permitted: inway.Permitted, asked: Asked, snapshot: str) -> InwayAnswer:
    """The answer under this decision, without what is new in every question."""
    offered = permitted.purposed.identified.offered
    last = [f"X-Fsc-Base: {offered.service.base}"] if offered.service.base else []
    if permitted.decision is not None:
        last += _decision_lines(permitted.decision, asked, snapshot)
    return InwayAnswer(
        f"{_OK}X-Fsc-Service: {offered.upstream}\r\nFsc-Transaction-Id: ",
        "".join(f"\r\n{line}" for line in last) + "\r\n\r\n",
    )


def permitted_inway(
    permitted: inway.Permitted, asked: Asked, trace: Trace, snapshot: str, permit: str
) -> bytes:
    """Go to this service, with these headers."""
    identified = permitted.purposed.identified
    untouched = identified.offered.service.trace == "untouched"
    onward = asked.header("traceparent") if untouched else trace.onward()
    state = asked.header("tracestate") if untouched else trace.tracestate
    answer = inway_answer(permitted, asked, snapshot)
    return answer.of(identified.transaction_id, onward, state, permit)


def permitted_outway(outgoing: outway.Outgoing, trace: Trace) -> bytes:
    """Go to this peer's Inway, with these headers."""
    bound = outgoing.allowed.bound
    lines = [
        f"{_OK}X-Fsc-Service: {outgoing.token.upstream}",
        f"Fsc-Authorization: Bearer {outgoing.token.text}",
        f"Fsc-Transaction-Id: {bound.transaction_id}",
        f"Purpose-Declaration: {outgoing.declaration}",
        f"Doelbinding: {bound.purpose}",
        f"traceparent: {trace.onward()}",
    ]
    if trace.tracestate:
        lines.append(f"tracestate: {trace.tracestate}")
    return _bytes(lines)


def explained(body: dict[str, JsonValue], transaction_id: UUID) -> bytes:
    """Answer the caller with a decision that nothing follows on."""
    return _bytes(
        [
            f"{_NO}X-Fsc-Status: 200",
            "X-Fsc-Deny: explained",
            f"X-Fsc-Body: {_one_line(body)}",
            f"Fsc-Transaction-Id: {transaction_id}",
        ]
    )


def refused(
    refusal: Refusal, door: str, transaction_id: UUID | None = None, trace: Trace | None = None
) -> bytes:
    """Answer the caller with this refusal."""
    is_fsc = refusal.code.isupper()
    trace_id = trace.trace_id.hex() if trace else ""
    body = fsc_body(refusal, _DOMAINS[door]) if is_fsc else refusal.body(trace_id=trace_id)
    lines = [
        f"{_NO}X-Fsc-Status: {refusal.status}",
        f"X-Fsc-Deny: {'fsc' if is_fsc else 'problem'}",
        f"X-Fsc-Body: {_one_line(body)}",
    ]
    if is_fsc:
        lines.append(f"Fsc-Error-Code: {refusal.code}")
    if transaction_id is not None:
        lines.append(f"Fsc-Transaction-Id: {transaction_id}")
    if refusal.code == CLOSED:
        # So that the carrier says of it what it says on every answer.
        lines.append(f"X-Fsc-Service: {service_upstream_name(str(refusal.extra['service']))}")
    if refusal.status == 401:
        lines.append(f"X-Fsc-Www: {_challenge(refusal.code)}")
    return _bytes(lines)


def _decision_lines(decision: Decision, asked: Asked, snapshot: str) -> list[str]:
    lines = [f'Purpose-Decision: allow; policy="{decision.policy}"; version="{snapshot}"']
    if decision.withheld and is_lenient(asked):
        lines.append("Preference-Applied: handling=lenient")
    return lines


def _challenge(code: str) -> str:
    """What may be tried. Source: RFC 6750, 3; house scheme for declarations."""
    if code.startswith("declaration"):
        return CHALLENGE
    return "ApiKey" if code == "application_unknown" else "Bearer"


def _one_line(body: dict[str, JsonValue]) -> str:
    """ASCII JSON on one line, and within one header: what is longest is left out first."""
    text = json.dumps(body, separators=(",", ":"))
    if len(text) > MAX_BODY_BYTES:
        short = {key: value for key, value in body.items() if isinstance(value, str | int)}
        text = json.dumps({**short, "detail": "The explanation does not fit; see the log."})
    return text


def _bytes(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
