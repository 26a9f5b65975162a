# SPDX-License-Identifier: EUPL-1.2
"""A change of a register as a notice: that something changed and where to ask, never what.

A notice is a CloudEvent that follows from one assertion alone, so it needs no table of its own:
the assertion, written in the transaction of the change, is the notice that is still to be sent.
The same assertion always gives the same notice, with the same id, also when it is sent again.

    {"specversion": "1.0", "id": "5f4c...", "source": "urn:nld:oin:0000...:systeem:bag",
     "type": "nl.bag.pand-gewijzigd", "subject": "panden/0457100000000001",
     "time": "2026-11-24T12:00:00Z", "dataref": "/bag/v1/panden/0457100000000001",
     "sequence": "17", "sequencetype": "Integer"}

An id that itself identifies a person (a BSN) stands in no notice: ``subject`` is left out then,
and ``dataref`` is the place in the feed of changes, which is read through the door.
Source: NL GOV profile for CloudEvents 1.1; CloudEvents 1.0.2, "Sequence" and "Dataref".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from landschap.registers.annotations import PersonalData
from landschap.registers.models import ObjectType
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
SPEC_VERSION = "1.0"
SEQUENCE_TYPE = "Integer"
_HIGHEST_SEQUENCE = 2**31 - 1
# In the past tense, by the sort of act. Source: NL GOV profile, "type".
PAST_TENSE = {
    "REGISTRATIE": "geregistreerd",
    "WIJZIGING": "gewijzigd",
    "CORRECTIE": "gecorrigeerd",
    "INVOEGING": "ingevoegd",
    "INTREKKING": "ingetrokken",
    "ONDERZOEK": "onderzocht",
    "VERNIETIGING": "vernietigd",
}
_OTHERWISE = "gewijzigd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One assertion, as far as a notice tells of it; ``number`` is its number in the register."""

    number: int
    type_key: str
    object_id: str
    kind: str
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """For whom a notice is: the subscription, and what its reader calls it."""

    subscription_id: UUID
    reference: str = ""


def source_of(oin: str, register: str) -> str:
    """Who tells: the register of an organisation. Source: NL GOV profile, "source"."""
    return f"urn:nld:oin:{oin}:systeem:{register}"


def type_of(kind: ObjectType, act: str) -> str:
    """What happened: ``nl.bag.pand-gewijzigd``. Source: NL GOV profile, "type"."""
    return f"nl.{kind.register}.{kind.name}-{PAST_TENSE.get(act, _OTHERWISE)}"


def types_of(kind: ObjectType) -> dict[str, str]:
    """Every type of notice about an object type, by the sort of act."""
    return {act: type_of(kind, act) for act in PAST_TENSE}


def names_a_person(kind: ObjectType) -> bool:
    """True when the id of an object is a person's own number, and may stand in no notice."""
    identification = kind.properties[kind.identification]
    identifies = identification.personal_data in (PersonalData.IDENTIFYING, PersonalData.SPECIAL)
    return identifies or bool(identification.subject_kind)


def sequence_of(number: int) -> str:
    """The place of a notice among those of its source: from 1, by 1, in 32 bits.

    Source: CloudEvents, "Sequence", type Integer: it starts again at 1.
    """
    return str((number - 1) % _HIGHEST_SEQUENCE + 1)


def event_of(
    notice: Notice, kind: ObjectType, source: str, reader: Reader | None = None
) -> dict[str, JsonValue]:
    """The notice as a CloudEvent, for one reader or for anybody.

    The moment is part of ``id``: after a back-up was put back numbers are given anew, and another
    change under an old number must not be taken for one that was told. ``time`` is the moment of
    registration; when it happened in reality is for who asks.
    """
    moment = as_utc_text(notice.registered_at)
    event: dict[str, JsonValue] = {
        "specversion": SPEC_VERSION,
        "id": str(uuid5(NAMESPACE_URL, f"{source}#{notice.number}#{moment}")),
        "source": source,
        "type": type_of(kind, notice.kind),
        "time": moment,
        "sequence": sequence_of(notice.number),
        "sequencetype": SEQUENCE_TYPE,
    }
    base = f"/{kind.register}/v1"
    if names_a_person(kind):
        event["dataref"] = f"{base}/wijzigingen?vanaf={notice.number - 1}&limit=1"
    else:
        event["subject"] = f"{kind.collection}/{notice.object_id}"
        event["dataref"] = f"{base}/{kind.collection}/{notice.object_id}"
    if reader is not None:
        event["subscription"] = str(reader.subscription_id)
        if reader.reference:
            event["subscriberreference"] = reader.reference
    return event
