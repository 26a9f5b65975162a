# SPDX-License-Identifier: EUPL-1.2
"""One security event in the form of OCSF 1.8.0, without personal data.

An event tells which organisation, certificate, service, contract or version it is about, and a
code; never a resident, and of an employee at most a pseudonym. Facts outside the list below are
dropped, and a text in which a burgerservicenummer stands is not sent.
Source: Open Cybersecurity Schema Framework 1.8.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from landschap.platform.siem.kinds import CLASSES, KINDS, UNKNOWN, Kind
from landschap.vocabulary.identifiers import passes_eleven_test

VERSION = "1.8.0"
WITHHELD = "(withheld)"
_LONGEST = 300
_NINE = re.compile(r"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])")
_FAILURE, _SUCCESS = 2, 1
_OTHER = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A security event as it was noted; ``facts`` hold texts and whole numbers."""

    seq: int
    event_id: UUID
    at: datetime
    noted_at: datetime
    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose event it is, and by which version of this program."""

    oin: str
    organisation: str
    version: str


def form(event: Event, sender: Sender) -> dict[str, Any]:
    """The event as OCSF JSON; one of a kind that this version does not know is told as such."""
    kind = KINDS.get(event.kind, UNKNOWN)
    class_ = CLASSES[kind.of]
    facts = _clean(event.facts)
    times = int(facts.get("times", 1))
    told: dict[str, Any] = {
        "class_uid": class_.uid,
        "category_uid": class_.category,
        "activity_id": kind.activity,
        "type_uid": class_.uid * 100 + kind.activity,
        "severity_id": kind.severity,
        "time": _milliseconds(event.at),
        "count": max(times, 1),
        "message": kind.words,
        "status_id": _SUCCESS if kind.succeeded else _FAILURE,
        "metadata": _metadata(event, sender),
        **_PARTS[kind.of](_Told(event, kind, facts)),
    }
    if kind.activity == _OTHER:
        told["activity_name"] = kind.name
    if facts.get("trace"):
        told["metadata"]["correlation_uid"] = facts["trace"]
    if facts.get("code"):
        told["status_code"] = facts["code"]
    if facts.get("reason"):
        told["status_detail"] = facts["reason"]
    if kind.of == "finding":
        del told["status_id"]  # of a finding it tells whether somebody looks at it
    return told


def _metadata(event: Event, sender: Sender) -> dict[str, Any]:
    return {
        "version": VERSION,
        "uid": str(event.event_id),
        "sequence": event.seq,
        "event_code": event.kind,
        "log_name": "landschap",
        "logged_time": _milliseconds(event.noted_at),
        "tenant_uid": sender.oin,
        "product": {"name": "landschap", "vendor_name": "landschap", "version": sender.version},
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with its kind and the facts that may leave."""

    event: Event
    kind: Kind
    facts: Mapping[str, Any]

    def fact(self, *names: str) -> str:
        """The first of these facts that is there; no receiver takes an empty text."""
        return next((str(self.facts[name]) for name in names if self.facts.get(name)), "unknown")


def _question(one: _Told) -> dict[str, Any]:
    return {
        "api": {
            "operation": one.kind.name or "Ask",
            "service": {"name": one.fact("service", "door")},
        },
        "actor": {"app_uid": one.fact("peer")},
        "src_endpoint": _asker(one),
    }


def _login(one: _Told) -> dict[str, Any]:
    told: dict[str, Any] = {
        "user": {"uid": one.fact("account", "peer")},
        "service": {"name": one.fact("service", "door")},
        "src_endpoint": _asker(one),
    }
    if one.facts.get("serial"):
        told["certificate"] = {"serial_number": one.fact("serial"), "issuer": "unknown"}
    return told


def _entity(one: _Told) -> dict[str, Any]:
    name, sort = _ENTITIES.get(one.event.kind, ("thumbprint", "certificate"))
    told: dict[str, Any] = {
        "entity": {"uid": one.fact(name), "type": sort},
        "src_endpoint": _asker(one),
    }
    if one.facts.get("what"):
        told["comment"] = one.fact("what")
    return told


def _access(one: _Told) -> dict[str, Any]:
    return {"user": {"uid": one.fact("emergency")}, "privileges": [one.fact("role")]}


def _account(one: _Told) -> dict[str, Any]:
    return {"user": {"uid": one.fact("account")}}


def _finding(one: _Told) -> dict[str, Any]:
    return {"finding_info": {"uid": str(one.event.event_id), "title": one.kind.words}}


_ENTITIES = {
    "policy_changed": ("version", "register of purposes and policies"),
    "contract_signed": ("contract", "contract"),
}
_PARTS: Mapping[str, Callable[[_Told], dict[str, Any]]] = {
    "question": _question,
    "login": _login,
    "entity": _entity,
    "access": _access,
    "account": _account,
    "finding": _finding,
}


def _asker(one: _Told) -> dict[str, Any]:
    """Who asked: the Peer ID, which is the number of an organisation; never an address."""
    return {"uid": one.fact("peer")}


_KNOWN = frozenset(
    {
        "account", "code", "contract", "door", "emergency", "number", "peer", "reason", "role",
        "serial", "service", "thumbprint", "times", "trace", "version", "what",
    }
)  # fmt: skip


def _clean(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that may leave, cut to size."""
    return {name: _safe(value) for name, value in facts.items() if name in _KNOWN}


def without_numbers(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they may be kept: no number of a person stands in any text of them."""
    return {name: _safe(each) if isinstance(each, str) else each for name, each in facts.items()}


def _safe(value: Any) -> Any:
    if isinstance(value, int):
        return value
    text = "".join(c if c.isprintable() else " " for c in str(value)[:_LONGEST])
    return WITHHELD if any(passes_eleven_test(run) for run in _NINE.findall(text)) else text


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
