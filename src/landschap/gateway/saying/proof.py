# SPDX-License-Identifier: EUPL-1.2
"""The receipt of a statement: what was written down, signed by the organisation that wrote it.

The same parts as the record of a consent in ISO/IEC TS 27560, with terms of W3C DPV: header,
processing, party, event. The person stands in it by the pseudonym of that organisation alone.
Anybody can check it where the organisation says so, by its number or by its text.
Source: ISO/IEC TS 27560:2023; W3C DPV, "Consent records"; AVG art. 7 lid 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from landschap.fsc import jws
from landschap.fsc.own import OwnPeer
from landschap.purposes.model import Text
from landschap.purposes.needs import Kind
from landschap.vocabulary.desk import SOURCE
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text, parse_moment

TYPE = "zeggenschap-bewijs+jwt"
PATH = "/bewijs"
_SCHEMA = "ISO/IEC TS 27560:2023"
_STATES = {
    (Kind.CONSENT, True): "given",
    (Kind.CONSENT, False): "withdrawn",
    (Kind.OBJECTION, True): "requested",
    (Kind.OBJECTION, False): "withdrawn",
    (Kind.RESTRICTION, True): "requested",
    (Kind.RESTRICTION, False): "withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who wrote it down. ``address`` is where its portal stands, empty without one."""

    number: str
    name: str
    address: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written down. ``outcome`` is what it did; ``at_desk`` where it was said."""

    receipt: UUID
    subject: bytes
    kind: Kind
    about: str
    label: Text
    receiver: str
    groups: tuple[str, ...]
    retention: str
    holds: bool
    said_at: datetime
    written_at: datetime
    outcome: str
    at_desk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What anybody may see of a receipt: nothing of the person."""

    receipt: UUID
    issuer: str
    kind: str
    state: str
    about: str
    label: Text
    receiver: str
    said_at: datetime
    written_at: datetime
    outcome: str
    check: str

    def is_of(self, kind: str, receiver: str, *, holds: bool) -> bool:
        """Whether it is the receipt of such a statement, and not of another one."""
        try:
            state = _STATES[Kind(kind), holds]
        except ValueError:
            return False
        return (self.kind, self.receiver, self.state) == (kind, receiver, state)


def make(written: Written, by: Controller, own: OwnPeer) -> str:
    """The receipt as a compact JWS, signed by our organisation."""
    signer = own.signer
    return jws.sign(_tree(written, by), signer.key, signer.certificate.thumbprint, kind=TYPE)


def _tree(written: Written, by: Controller) -> dict[str, JsonValue]:
    processing: dict[str, JsonValue] = {
        "privacyNotice": f"{by.address}/privacy",
        "language": ["nl", "en"],
        "purpose": written.about,
        "purposeText": {"nl": written.label.nl, "en": written.label.en},
        "personalData": list(written.groups),
        "dataControllers": [by.number],
        "recipients": [written.receiver] if written.receiver else [],
        "storageLocations": ["NL"],
        "retentionPeriod": written.retention,
        "jurisdiction": "NL",
        "withdrawalMethod": f"{by.address}/toestemmingen",
    }
    if written.kind is Kind.CONSENT:
        processing["lawfulBasis"] = "eu-gdpr:A6-1-a"
    party: JsonValue = {
        "id": by.number, "name": by.name, "contact": by.email, "type": "dpv:DataController",
    }  # fmt: skip
    return {
        "@context": "https://w3id.org/dpv",
        "iss": by.number,
        "jti": str(written.receipt),
        "check": f"{by.address}{PATH}/{written.receipt}",
        "header": {
            "schemaVersion": _SCHEMA,
            "recordId": str(written.receipt),
            "principalId": written.subject.hex(),
        },
        "processing": processing,
        "party": [party],
        "event": {
            "time": as_utc_text(written.said_at),
            "recordedAt": as_utc_text(written.written_at),
            "kind": written.kind.value,
            "state": _STATES[written.kind, written.holds],
            "outcome": written.outcome,
            "entityId": by.number,
            **({"via": SOURCE} if written.at_desk else {}),
        },
    }


def show(compact: str) -> Shown | None:
    """What a receipt says, for anybody; None when it is none. No signature is checked."""
    try:
        read = jws.parse(compact)
        if read.header.get("typ") != TYPE:
            return None
        return _shown(read.payload)
    except (InvalidValue, ValueError, KeyError, TypeError):
        return None


def signed_by(compact: str, own: OwnPeer) -> bool:
    """Whether a certificate of ours, of now or of a moment ago, made this signature."""
    try:
        read = jws.parse(compact)
    except InvalidValue:
        return False
    known = (own.signer.certificate, own.certificate, *own.former)
    return any(
        each.thumbprint == read.thumbprint and jws.verifies(read, each.key) for each in known
    )


def _shown(payload: object) -> Shown:
    """Raises KeyError, TypeError or ValueError for what has another form."""
    tree: dict[str, dict[str, JsonValue]] = dict(payload)  # type: ignore[call-overload]  # checked by use
    event, processing = tree["event"], tree["processing"]
    text = processing["purposeText"]
    if not isinstance(text, dict):
        raise TypeError("no words")
    recipients = processing["recipients"]
    first = recipients[0] if isinstance(recipients, list) and recipients else ""
    return Shown(
        receipt=UUID(str(tree["jti"])),
        issuer=str(tree["iss"]),
        kind=str(event["kind"]),
        state=str(event["state"]),
        about=str(processing["purpose"]),
        label=Text(nl=str(text["nl"]), en=str(text["en"])),
        receiver=str(first),
        said_at=parse_moment(str(event["time"])),
        written_at=parse_moment(str(event["recordedAt"])),
        outcome=str(event["outcome"]),
        check=str(tree["check"]),
    )
