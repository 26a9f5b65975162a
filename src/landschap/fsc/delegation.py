# SPDX-License-Identifier: EUPL-1.2
"""The agreement behind a delegation: as what the delegatee acts, under which agreement, until when.

A grant may hold two delegations, each with its own property:

| property | delegator | delegatee |
| --- | --- | --- |
| `delegation.connection.agreement` | for whom is asked | the peer of the outway |
| `delegation.publication.agreement` | for whom is offered | the peer that offers the service |

The value is ``{"v": 1, "role": ..., "reference": ..., "until": ...}``: the role is ``processor``
(art. 28 GDPR), ``joint_controller`` (art. 26) or ``independent``; ``until`` is the first day on
which the agreement no longer holds, by Dutch time. A delegation without such an agreement, or
after its end, carries no new questions, whatever the contract itself is worth.
Source: GDPR art. 26 and 28; FSC Core, "Properties"; house extension, documented for the Group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from landschap.fsc.grants import Connection, Grant, Publication, Registration
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, InvalidValue, Refusal
from landschap.vocabulary.times import AMSTERDAM, parse_day

# A reference is shown between double quotes and never holds one; nor anything that moves a cursor.
_REFERENCE = re.compile(r"[!#-~](?:[ !#-~]{0,198}[!#-~])?")
_KEYS = {"v", "role", "reference", "until"}


class Role(StrEnum):
    """What the delegatee is towards the delegator. Source: GDPR art. 4(7), 4(8), 26, 28."""

    PROCESSOR = "processor"
    JOINT_CONTROLLER = "joint_controller"
    INDEPENDENT = "independent"


class Side(StrEnum):
    """Which of the two delegations of a grant."""

    CONNECTION = "connection"
    PUBLICATION = "publication"

    @property
    def agreement_property(self) -> str:
        """The grant property that holds the agreement."""
        return f"delegation.{self.value}.agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement between delegator and delegatee; ``until`` is the first day without it."""

    role: Role
    reference: str
    until: date

    @classmethod
    def of(cls, *, role: str, reference: str, until: str) -> Agreement:
        """The agreement in these texts. Raises InvalidValue."""
        if role not in set(Role):
            raise InvalidValue(f"role {role[:40]!r}; known are {', '.join(Role)}")
        if not _REFERENCE.fullmatch(reference):
            raise InvalidValue(
                "reference holds 1 to 200 printable characters of ASCII, no double quote"
            )
        return cls(role=Role(role), reference=reference, until=parse_day(until))

    def ends_at(self) -> datetime:
        """The moment from which the agreement no longer holds."""
        return datetime(self.until.year, self.until.month, self.until.day, tzinfo=AMSTERDAM)

    def as_property(self) -> dict[str, JsonValue]:
        """The value for the grant property of its `Side`."""
        return {
            "v": 1,
            "role": self.role.value,
            "reference": self.reference,
            "until": self.until.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """One delegation in a grant; without ``agreement``, ``wrong`` says why it can not be read."""

    side: Side
    delegator: PeerId
    delegatee: PeerId
    agreement: Agreement | None
    wrong: str = ""

    def state_at(self, now: datetime) -> str:
        """``holds``, ``ended``, ``missing`` or ``invalid``."""
        if self.agreement is None:
            return "invalid" if self.wrong else "missing"
        return "holds" if now < self.agreement.ends_at() else "ended"

    def refusal_at(self, now: datetime) -> Refusal | None:
        """None while the agreement holds; else what is missing and who can add it."""
        state = self.state_at(now)
        if state == "holds":
            return None
        what = f"the agreement of {self.delegatee} with {self.delegator}, for whom it acts,"
        match self.agreement:
            case Agreement():
                detail = f'{what} ("{self.agreement.reference}") ended on {self.agreement.until}'
            case None if self.wrong:
                detail = f"{what} can not be read: {self.wrong}"
            case None:
                detail = f"{what} is not named in the contract"
        return Refusal(
            code=f"delegation_agreement_{state}",
            status=403,
            title="There is no agreement behind this delegation",
            detail=f"{detail[0].upper()}{detail[1:]}.",
            missing=f"property {self.side.agreement_property} with an agreement that still holds",
            owner=f"{self.delegator} and {self.delegatee}, by having a new contract signed",
            fault=Fault.PEER,
        )


def delegations_of(grant: Grant) -> tuple[Delegation, ...]:
    """The delegations of a grant, at most one of each side."""
    match grant:
        case Registration():
            return ()
        case Publication():
            asks: tuple[PeerId | None, PeerId] | None = None
        case Connection():
            asks = (grant.delegator, grant.outway.peer_id)
    return delegations_between(
        grant.properties, asks=asks, offers=(grant.service.delegator, grant.service.peer_id)
    )


def delegations_between(
    properties: Mapping[str, JsonValue],
    *,
    asks: tuple[PeerId | None, PeerId] | None,
    offers: tuple[PeerId | None, PeerId],
) -> tuple[Delegation, ...]:
    """The delegations with their agreements; each pair is delegator (or None) and delegatee."""
    found = []
    for side, pair in ((Side.CONNECTION, asks), (Side.PUBLICATION, offers)):
        if pair is None or pair[0] is None:
            continue
        agreement, wrong = _agreement(properties.get(side.agreement_property))
        found.append(
            Delegation(
                side=side, delegator=pair[0], delegatee=pair[1], agreement=agreement, wrong=wrong
            )
        )
    return tuple(found)


def first_refusal(delegations: Sequence[Delegation], now: datetime) -> Refusal | None:
    """The first delegation that carries no questions now, or None."""
    for each in delegations:
        refusal = each.refusal_at(now)
        if refusal is not None:
            return refusal
    return None


def _agreement(value: JsonValue) -> tuple[Agreement | None, str]:
    """The agreement, or why it can not be read; neither when there is none."""
    if value is None:
        return None, ""
    if not isinstance(value, Mapping) or set(value) != _KEYS:
        return None, f"it is not an object of {', '.join(sorted(_KEYS))}"
    if value["v"] != 1 or value["v"] is True:
        return None, "only version 1 is understood"
    match (value["role"], value["reference"], value["until"]):
        case (str() as role, str() as reference, str() as until):
            try:
                return Agreement.of(role=role, reference=reference, until=until), ""
            except InvalidValue as error:
                return None, str(error)
    return None, "role, reference and until are texts"
