# SPDX-License-Identifier: EUPL-1.2
"""One report of a person that a value is wrong, signed by the organisation where it was said.

It goes to the organisation that holds the register, as a compact JWS for that one alone; it may be
on its way for thirty days. Taking it back is signed in the same way. Files that go with it are
named by their sums, and are brought one by one.

    PUT  /zeggenschap/v1/meldingen         a report, or that it is taken back
    PUT  /zeggenschap/v1/bewijs            one file of a report
    POST /zeggenschap/v1/meldingen/stand   what became of reports that were brought

Source: AVG art. 16 and 19; Awb art. 2:3 (doorzendplicht); RFC 7515.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec

from landschap.fsc.own import OwnPeer
from landschap.gateway.insight.told import named_schemas
from landschap.gateway.saying.question import SERVICE
from landschap.gateway.saying.statement import Unverified, read_claims, refuse, sign_claims
from landschap.vocabulary.identifiers import Bsn, InvalidValue, Oin
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Fault, Refusal
from landschap.vocabulary.times import as_utc_text, parse_moment
from landschap.vocabulary.uploads import MOST_BYTES, MOST_FILES

TYPE = "zeggenschap-melding+jwt"
REPORT_PATH = f"/{SERVICE}/v1/meldingen"
FILE_PATH = f"/{SERVICE}/v1/bewijs"
STATE_PATH = f"/{SERVICE}/v1/meldingen/stand"
MAX_BYTES = 65_536
MAX_FILE_BYTES = MOST_BYTES * 4 // 3 + 4_096
MOST_ASKED = 50
_MOST_TEXT = 255

REPORT, WITHDRAWAL = "melding", "intrekking"
WAITING, UPHELD, REJECTED, TAKEN_BACK = "in behandeling", "gegrond", "ongegrond", "ingetrokken"
STATES = (WAITING, UPHELD, REJECTED, TAKEN_BACK)

_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Code = Annotated[str, msgspec.Meta(min_length=1, max_length=_MOST_TEXT)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Payload(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The claims under their wire names."""

    iss: str
    aud: str
    sub: str
    acr: _Code
    auth_time: int
    gezegd: str
    jti: UUID
    melding: UUID
    soort: str
    register: str = ""
    objecttype: str = ""
    identificatie: str = ""
    kenmerk: str = ""
    sinds: str = ""
    voorstel: Annotated[str, msgspec.Meta(max_length=500)] = ""
    toelichting: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    bewijs: Annotated[tuple[_Digest, ...], msgspec.Meta(max_length=MOST_FILES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is reported: ``path`` of an object of ``register`` at the holder, and what is right.

    ``files`` are the SHA-256 sums, in hexadecimal, of what comes along.
    """

    register: str
    type: str
    object_id: str
    path: str
    since: date
    proposed: str = field(default="", repr=False)
    explanation: str = field(default="", repr=False)
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A report (``doubt``), or that it is taken back (None), and by whom it was said where.

    ``report`` is its number at both sides; each time it is said has a ``jti`` of its own.
    """

    issuer: str
    audience: str
    subject: str = field(repr=False)
    level: str
    authenticated_at: datetime
    said_at: datetime
    jti: UUID
    report: UUID
    doubt: Doubt | None


class Brought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report that is brought."""

    melding: str


class BroughtFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a report; ``inhoud`` is base64."""

    melding: UUID
    naam: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    inhoud: str

    def __repr__(self) -> str:
        return "BroughtFile()"


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reports that were brought, of which it is asked what became of them."""

    meldingen: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=MOST_ASKED)]


class ToldReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a report stands. ``ontbreekt`` are the sums of files that are still to be brought."""

    melding: UUID
    nummer: str
    stand: str
    ontvangen: _Moment
    uiterlijk: date | None = None
    reden: str = ""
    document: str = ""
    besloten: _Moment | None = None
    ontbreekt: tuple[str, ...] = ()


class ToldReports(msgspec.Struct, frozen=True):
    """How every report stands that was asked for and is known."""

    meldingen: tuple[ToldReport, ...] = ()


_Form = TypeVar("_Form", Brought, BroughtFile, Asking)
_Answer = TypeVar("_Answer", ToldReport, ToldReports)


def sign(said: Reported, own: OwnPeer) -> str:
    """The compact form, signed by our organisation."""
    doubt = said.doubt
    about = (
        {}
        if doubt is None
        else {
            "register": doubt.register,
            "objecttype": doubt.type,
            "identificatie": doubt.object_id,
            "kenmerk": doubt.path,
            "sinds": doubt.since.isoformat(),
            "voorstel": doubt.proposed,
            "toelichting": doubt.explanation,
            "bewijs": doubt.files,
        }
    )
    wire = _Payload(
        iss=said.issuer,
        aud=said.audience,
        sub=said.subject,
        acr=said.level,
        auth_time=int(said.authenticated_at.timestamp()),
        gezegd=as_utc_text(said.said_at),
        jti=said.jti,
        melding=said.report,
        soort=WITHDRAWAL if doubt is None else REPORT,
        **about,  # type: ignore[arg-type]  # the members above
    )
    return sign_claims(wire, own, TYPE)


def read(compact: str) -> Unverified[Reported] | Refusal:
    """The report in a compact JWS, when its form is right; else the refusal."""
    return read_claims(compact, TYPE, _reported)


def read_form(body: bytes, form: type[_Form]) -> _Form | Refusal:
    """What is brought or asked, or why it can not be read; no value stands in the words."""
    most = MAX_FILE_BYTES if form is BroughtFile else MAX_BYTES
    try:
        value = loads(body, max_bytes=most, max_depth=3, storable=True)
        return msgspec.convert(value, type=form, strict=True)
    except (InvalidJson, msgspec.ValidationError):
        return refuse("invalid", "it is no object with the members that belong there")


def read_told(body: bytes, form: type[_Answer]) -> _Answer:
    """What another organisation answered. Raises InvalidValue."""
    try:
        value = loads(body, max_bytes=1_000_000, max_depth=8, storable=True)
        found = msgspec.convert(value, type=form, strict=True)
    except (InvalidJson, msgspec.ValidationError):
        raise InvalidValue("it is no answer as the service describes it") from None
    every = (found,) if isinstance(found, ToldReport) else found.meldingen
    for each in every:
        is_decided = each.stand in (UPHELD, REJECTED)
        if each.stand not in STATES or is_decided != (each.besloten is not None):
            raise InvalidValue("a decision has a moment, and nothing else has")
        if is_decided and not each.reden.strip():
            raise InvalidValue("a decision says why")
        if len(each.reden) > 2000 or len(each.document) > 500 or len(each.nummer) > _MOST_TEXT:
            raise InvalidValue("it says too much")
    return found


def body_of(file: BroughtFile) -> bytes | None:
    """The bytes of a file; None for what is no base64."""
    try:
        return base64.b64decode(file.inhoud, validate=True)
    except (binascii.Error, ValueError):
        return None


def report_schemas() -> dict[str, JsonValue]:
    """The schemas of what is brought, asked and told, by the names of the OpenAPI document."""
    names = {
        "Brought": "GebrachteMelding", "BroughtFile": "Bewijs", "Asking": "Meldingen",
        "ToldReport": "Melding", "ToldReports": "StandVanMeldingen",
    }  # fmt: skip
    found: dict[str, JsonValue] = {}
    for form in (Brought, BroughtFile, Asking, ToldReport, ToldReports):
        found.update(named_schemas(form, names))
    return found


def not_here(detail: str) -> Refusal:
    """What is reported is not of this person here; whether it is of another is not told."""
    return Refusal(
        code="report_unknown",
        status=404,
        title="There is no such thing of this person here",
        detail=detail,
        missing="a value of this person in a register that is kept here",
        owner="the organisation whose portal asks",
        fault=Fault.PEER,
    )


def _reported(payload: Mapping[str, JsonValue]) -> Reported:
    wire = msgspec.convert(payload, type=_Payload, strict=True)
    Oin.parse(wire.iss)
    Oin.parse(wire.aud)
    named = (wire.register, wire.objecttype, wire.identificatie, wire.kenmerk)
    if wire.soort not in (REPORT, WITHDRAWAL):
        raise InvalidValue("it is neither a report nor its withdrawal")
    is_report = wire.soort == REPORT
    if is_report and not all(0 < len(each) <= _MOST_TEXT for each in named):
        raise InvalidValue("it says not what it is about")
    if is_report and len(wire.toelichting.strip()) < 3:
        raise InvalidValue("it says not why")
    if not is_report and (any(named) or wire.bewijs or wire.voorstel or wire.toelichting):
        raise InvalidValue("who takes back says no more than that")
    doubt = Doubt(
        register=wire.register,
        type=wire.objecttype,
        object_id=wire.identificatie,
        path=wire.kenmerk,
        since=date.fromisoformat(wire.sinds) if is_report else date.min,
        proposed=wire.voorstel,
        explanation=wire.toelichting,
        files=tuple(dict.fromkeys(wire.bewijs)),
    )
    return Reported(
        issuer=wire.iss,
        audience=wire.aud,
        subject=Bsn.parse(wire.sub).value,
        level=wire.acr,
        authenticated_at=datetime.fromtimestamp(wire.auth_time, UTC),
        said_at=parse_moment(wire.gezegd),
        jti=wire.jti,
        report=wire.melding,
        doubt=doubt if is_report else None,
    )
