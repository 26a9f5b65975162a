# SPDX-License-Identifier: EUPL-1.2
"""The kinds of security event, and what each is in OCSF.

Source: Open Cybersecurity Schema Framework 1.8.0, classes and `severity_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Subject = Literal["question", "login", "entity", "access", "account", "finding"]


@dataclass(frozen=True, slots=True)
class Class:
    """A class of OCSF: its own number and that of its category."""

    uid: int
    category: int


CLASSES: Mapping[Subject, Class] = {
    "question": Class(6003, 6),  # API Activity, Application Activity
    "login": Class(3002, 3),  # Authentication, Identity & Access Management
    "entity": Class(3004, 3),  # Entity Management
    "access": Class(3005, 3),  # User Access Management
    "account": Class(3001, 3),  # Account Change
    "finding": Class(2004, 2),  # Detection Finding, Findings
}

INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Kind:
    """What happened, in words; ``activity`` within its class, with a name where that is 99."""

    of: Subject
    activity: int
    severity: int
    words: str
    name: str = ""
    succeeded: bool = False


def _done(of: Subject, activity: int, severity: int, words: str, name: str = "") -> Kind:
    return Kind(of, activity, severity, words, name, succeeded=True)


KINDS: Mapping[str, Kind] = {
    "question_refused": Kind("question", 2, LOW, "A question was refused by purpose or policy"),
    "declaration_refused": Kind("question", 2, MEDIUM, "A purpose declaration was not believed"),
    "token_refused": Kind("login", 1, MEDIUM, "An access token was not believed"),
    "application_refused": Kind("login", 1, MEDIUM, "An application was not recognised"),
    "user_refused": Kind("login", 1, MEDIUM, "The user of an application was not believed"),
    "certificate_unknown": Kind("login", 1, MEDIUM, "A certificate was not believed"),
    "certificate_revoked": _done("entity", 9, HIGH, "An authority revoked a certificate"),
    "revoked_certificate_used": Kind("login", 1, HIGH, "A revoked certificate was used"),
    "rate_limited": Kind("question", 2, MEDIUM, "A peer asks more than it may"),
    "visitor_limited": Kind("question", 2, MEDIUM, "A visitor of the pages asks more than one may"),
    "peer_refused": Kind("question", 99, MEDIUM, "The Manager refused a peer", "Agree"),
    "login_rejected": Kind("login", 1, MEDIUM, "A login was rejected"),
    "policy_changed": _done("entity", 3, MEDIUM, "Purposes and policies were changed"),
    "contract_signed": _done("entity", 99, INFORMATIONAL, "A contract was signed", "Sign"),
    "key_used": _done("entity", 99, INFORMATIONAL, "The organisation's key was used", "Sign"),
    "emergency_access": _done("access", 1, HIGH, "Emergency access was taken"),
    "emergency_ended": _done("access", 2, LOW, "Emergency access was ended"),
    "account_logout": _done("login", 2, INFORMATIONAL, "An employee logged out elsewhere"),
    "account_left": _done("account", 5, LOW, "An employee left"),
    "account_back": _done("account", 2, LOW, "An employee is back"),
    "outcome_lost": Kind("finding", 1, MEDIUM, "How a question ended was never heard"),
    "log_gap": Kind("finding", 1, CRITICAL, "The log is not what was written"),
    "log_clock_doubted": Kind(
        "finding", 1, CRITICAL, "Months of the log stay: the clock may stand ahead"
    ),
    "link_broken": Kind("finding", 1, HIGH, "A peer has another record than we, or none"),
    "events_lost": Kind("finding", 1, CRITICAL, "Security events were lost: too many waited"),
    "watch_tested": Kind("finding", 1, INFORMATIONAL, "A test of the way to the watch"),
}  # fmt: skip

# Noted by a newer version than the one that sends it: told all the same, so that none is held up.
UNKNOWN = Kind("finding", 1, MEDIUM, "A security event of a kind that this version does not know")
