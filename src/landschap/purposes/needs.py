# SPDX-License-Identifier: EUPL-1.2
"""What a permission needs beside the purpose, and what stands against the use of one person.

A policy can need a case, a consent or a second approver. A door knows the case and the approver;
whose data is asked stands in the body, that only the service reads. So what is about the person
travels in the Permit by name (`CONSENT`, `RESTRICTION`, `OBJECTION`), and the service judges it
with `against` before anything of that person leaves.

A consent counts for one purpose and one receiver exactly, and from its moment to its withdrawal.
A restriction lets data be kept and nothing else, except with the consent of the person, or for what
the policy names: a legal claim, the rights of another, an important public interest.
Source: AVG art. 4 sub 11 and art. 7 lid 3 (consent), art. 18 lid 2 (restriction), art. 21
(objection); house algorithm, step R9.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from landschap.vocabulary.ijson import JsonValue

CASE = "zaak"
CONSENT = "toestemming"
FOUR_EYES = "vier-ogen"
NEEDS = (CASE, CONSENT, FOUR_EYES)
"""What a policy can need."""

RESTRICTION = "beperking"
OBJECTION = "bezwaar"
CHECKS = (CONSENT, RESTRICTION, OBJECTION)
"""What a service looks up about a person, as the Permit names it."""

DESPITE = ("rechtsvordering", "rechten-van-anderen", "algemeen-belang")
"""For what a restriction does not stand in the way. Source: AVG art. 18 lid 2."""


class Kind(StrEnum):
    """What is kept about a person: a consent, a restriction, an upheld objection."""

    CONSENT = CONSENT
    RESTRICTION = RESTRICTION
    OBJECTION = OBJECTION


class Facts(NamedTuple):
    """What a door knows of one question beside the question itself; nothing when not said.

    ``case`` is the case it is asked for, in whatever form; ``case_open`` is None where this
    organisation does not know cases. ``approver`` is the second person. ``consent`` is empty where
    the person is not known to the decider, else ``given``, ``missing`` or ``withdrawn``. ``marked``
    are the activities against which a restriction or objection of somebody stands, by its kind.
    """

    case: str = ""
    case_open: bool | None = None
    approver: str = ""
    consent: str = ""
    marked: Mapping[str, frozenset[str]] = {}

    def recorded(self) -> dict[str, JsonValue]:
        """What a record must hold of it to take the decision again; empty when nothing was said."""
        words: dict[str, JsonValue] = {}
        if self.case_open is not None:
            words["caseOpen"] = self.case_open
        if self.approver:
            words["approver"] = self.approver
        return words


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The last that was said of one person about one thing.

    ``about`` is the purpose of a consent, the activity of a restriction or objection; ``receiver``
    is the OIN that a consent is for. ``holds`` is False after a withdrawal or a lifting.
    """

    kind: Kind
    about: str
    receiver: str
    holds: bool
    since: datetime


class Approval(NamedTuple):
    """Who approved the use by whom, for which purpose and case, until when."""

    purpose: str
    case: str
    asked_by: str
    approved_by: str
    until: datetime


def unmet(needs: Iterable[str], facts: Facts) -> str:
    """The code of the first need that is not met at the door; empty when it may go on."""
    for need in needs:
        if need == CASE and (not facts.case or facts.case_open is False):
            return "case_missing"
        if need == FOUR_EYES and not facts.approver:
            return "approval_missing"
        if need == CONSENT and facts.consent in ("missing", "withdrawn"):
            return f"consent_{facts.consent}"
    return ""


def checks_of(
    needs: Collection[str], despite: Collection[str], activity: str, facts: Facts
) -> tuple[str, ...]:
    """What the service has to look up about the person before it answers, in a fixed order."""
    if not needs and not facts.marked:
        return ()
    wanted = set(facts.marked.get(activity, ()))
    if despite:
        wanted.discard(RESTRICTION)
    if CONSENT in needs and facts.consent != "given":
        wanted.add(CONSENT)
    return tuple(each for each in CHECKS if each in wanted)


def against(
    checks: Iterable[str], found: Iterable[Standing], *, purpose: str, receiver: str, activity: str
) -> str:
    """The code of what stands against the use of this person; empty when nothing does.

    ``found`` is the last that was said of this person about each thing, of any purpose.
    """
    said = {(each.kind.value, each.about, each.receiver): each for each in found}
    consent = said.get((CONSENT, purpose, receiver))
    for check in checks:
        if check == CONSENT and (consent is None or not consent.holds):
            return "consent_missing" if consent is None else "consent_withdrawn"
        if check == OBJECTION and _holds(said.get((OBJECTION, activity, ""))):
            return "objection_upheld"
        restricted = check == RESTRICTION and _holds(said.get((RESTRICTION, activity, "")))
        # Source: AVG art. 18 lid 2, "met toestemming van de betrokkene".
        if restricted and not _holds(consent):
            return "processing_restricted"
        if check not in CHECKS:
            return "obligation_unsupported"
    return ""


def _holds(standing: Standing | None) -> bool:
    return standing is not None and standing.holds
