# SPDX-License-Identifier: EUPL-1.2
"""Refusals: what went wrong, which link is missing, and who can add it.

A refusal is a result, not an accident. Rules return a `Refusal`; only the doors turn it into
HTTP. ``ProblemError`` carries one through code that cannot return it.

    Refusal                 a value: code, status, words, missing link, owner
    ProblemError            the same, raised
    InvalidValue            a text that is no valid value of its kind (identifiers)
    InvalidJson             a body that is not I-JSON (ijson)

Every code stands in ``docs/reference/errors.md``. Messages hold no personal data.
Source: RFC 9457 (problem details); FSC Core, "Error response".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue

__all__ = [
    "Fault",
    "InvalidJson",
    "InvalidValue",
    "ProblemError",
    "Refusal",
    "fsc_body",
    "granted",
]

_Granted = TypeVar("_Granted")
ERRORS_PAGE = "https://landschap.example/docs/reference/errors"


class Fault(StrEnum):
    """Who broke the rule, so that the reader knows whom to call."""

    OURS = "ours"
    PEER = "peer"
    INPUT = "input"
    SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something was not done.

    ``code`` is stable; ``status`` is the HTTP status; ``missing`` names the link that is absent
    (for example "purpose in the contract") and ``owner`` who can add it.
    """

    code: str
    status: int
    title: str
    detail: str
    missing: str = ""
    owner: str = ""
    fault: Fault = Fault.INPUT
    extra: Mapping[str, JsonValue] = field(default_factory=dict)

    def body(self, *, instance: str = "", trace_id: str = "") -> dict[str, JsonValue]:
        """The problem details of this refusal. Source: RFC 9457, section 3."""
        body: dict[str, JsonValue] = {
            "type": f"{ERRORS_PAGE}#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        optional = {
            "instance": instance,
            "missing": self.missing,
            "owner": self.owner,
            "traceId": trace_id,
        }
        body.update({key: value for key, value in optional.items() if value})
        body.update(self.extra)
        return body


class ProblemError(Exception):
    """A refusal on its way to a door."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.detail}")
        self.refusal = refusal


def granted(found: _Granted | Refusal) -> _Granted:
    """What is not refused. Raises ProblemError for what is."""
    if isinstance(found, Refusal):
        raise ProblemError(found)
    return found


def fsc_body(refusal: Refusal, domain: str) -> dict[str, JsonValue]:
    """The error body of FSC: message, domain and code; the missing link and owner are ours.

    ``domain`` is ``ERROR_DOMAIN_MANAGER``, ``ERROR_DOMAIN_INWAY`` or ``ERROR_DOMAIN_OUTWAY``.
    Source: FSC Core, "Error response".
    """
    body: dict[str, JsonValue] = {
        "message": refusal.detail,
        "domain": domain,
        "code": refusal.code,
    }
    if refusal.missing:
        body["missing"] = refusal.missing
    if refusal.owner:
        body["owner"] = refusal.owner
    return body
