# SPDX-License-Identifier: EUPL-1.2
"""The permit: what the door allowed, for one question, readable by our own services only.

``v1.<base64url JSON>.<base64url HMAC-SHA-256>``, at most 4096 bytes, valid for 30 seconds. It is
bound to one method and one target (path and query as the service receives them), so it opens
nothing but the question it was made for. The sealing key belongs to one organisation; carriers
strip the header from whatever clients send. A list of fields that makes the permit too long is
written as the name of a field set and a bitmap over it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from landschap.purposes.duties import Confidentiality, Duties, Obligation
from landschap.purposes.model import FieldSet
from landschap.purposes.rows import RowCondition
from landschap.vocabulary.problems import Fault, Refusal

HEADER = "Permit"
LIFETIME = timedelta(seconds=30)
MAX_BYTES = 4096
MIN_KEY_BYTES = 32
_VERSION = "v1"
# Doors and services may run on two machines of one organisation; their clocks differ a little.
_SKEW = timedelta(seconds=5)
# A list longer than this goes as a bitmap; it leaves room for the other claims under the cap.
_MAX_LISTED_BYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """One permitted question.

    ``peer`` is the OIN of the organisation that asks, ``fields`` the visible field paths,
    ``searchable`` those a question may search by, ``activity`` the URI of *our* activity for the
    log line, ``declaration`` the ``jti`` of the purpose declaration. ``delegator`` is for whom the
    peer asks, ``publication_delegator`` for whom we answer; both empty when nobody. ``history``
    are the kinds of history that may be asked for, beside today as known now; ``rows`` which
    objects may be seen. ``checks`` is what the service looks up about the person before it answers,
    ``obligations`` how it changes values, ``mark`` the confidentiality mark, that withholds when
    the receiver is a ``third_party``.
    """

    transaction_id: UUID
    service: str
    method: str
    target: str
    peer: str
    purpose: str
    policy: str
    snapshot: str
    activity: str
    activity_version: int
    fields: tuple[str, ...]
    searchable: tuple[str, ...]
    expires_at: datetime
    grant_hash: str = ""
    declaration: str = ""
    delegator: str = ""
    publication_delegator: str = ""
    history: tuple[str, ...] = ()
    rows: tuple[RowCondition, ...] = ()
    checks: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    mark: Confidentiality | None = None
    third_party: bool = False

    @property
    def receiver(self) -> str:
        """The OIN of who will have the data: for whom is asked, else who asks."""
        return self.delegator or self.peer

    def duties(self, secret: bytes) -> Duties:
        """What every object of the answer must obey; ``secret`` makes pseudonyms."""
        return Duties(
            obligations=self.obligations,
            mark=self.mark,
            third_party=self.third_party,
            receiver=self.receiver,
            secret=secret,
        )


class PermitTooLarge(ValueError):
    """A permit that does not fit in 4096 bytes, even with a bitmap; ask for fewer fields."""


class _Bitmap(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    digest: str
    bits: str


class _Row(msgspec.Struct, forbid_unknown_fields=True, array_like=True):
    path: str
    op: str
    values: list[str]


class _Duty(msgspec.Struct, forbid_unknown_fields=True, array_like=True):
    kind: str
    path: str
    value: str


class _Mark(msgspec.Struct, forbid_unknown_fields=True, array_like=True):
    path: str
    guarded: list[str]
    third_party: bool


class _Wire(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The claims as they travel. A claim an older service does not know is a refusal there.

    What is the same for many questions stands first: `PermitMould` writes and seals it once.
    """

    svc: str
    mth: str
    org: str
    pur: str
    pol: str
    snp: str
    act: str
    acv: int
    fld: list[str] | None = None
    set: _Bitmap | None = None
    sea: list[str] = []
    gth: str = ""
    obo: str = ""
    pdi: str = ""
    his: list[str] = []
    row: list[_Row] = []
    chk: list[str] = []
    dut: list[_Duty] = []
    cnf: _Mark | None = None
    tgt: str
    txn: UUID
    exp: float
    jti: str = ""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Wire)


def seal(permit: Permit, key: bytes, *, field_set: FieldSet | None = None) -> str:
    """The permit as header text. ``field_set`` serves when the list of fields is long.

    Raises PermitTooLarge, and ValueError for a key under 32 bytes.
    """
    text = with_mac(encode_body(permit, field_set), key)
    if len(text) > MAX_BYTES:
        raise PermitTooLarge(f"permit of {len(text)} bytes; at most {MAX_BYTES} fit in the header")
    return text


def encode_body(permit: Permit, field_set: FieldSet | None) -> bytes:
    """The claims as they are sealed."""
    return _ENCODER.encode(_wire_of(permit, field_set))


def with_mac(claims: bytes, key: bytes) -> str:
    """Claims under the seal, as header text. Raises ValueError for a key under 32 bytes."""
    _require_key(key)
    body = _encode(claims)
    return f"{_VERSION}.{body}.{_mac(body, key)}"


def begun_mac(claims: bytes, key: bytes) -> tuple[bytes, hmac.HMAC]:
    """The begin of a header text and of its seal, for claims of which the rest is still to come.

    ``claims`` is a multiple of three bytes, so that the rest can be encoded by itself. Raises
    ValueError for a key under 32 bytes.
    """
    _require_key(key)
    text = f"{_VERSION}.".encode() + base64.urlsafe_b64encode(claims)
    return text, hmac.new(key, text, "sha256")


def open_permit(
    text: str,
    key: bytes | Sequence[bytes],
    *,
    now: datetime,
    method: str,
    target: str,
    service: str | None,
    field_sets: Mapping[str, FieldSet] | None = None,
) -> Permit | Refusal:
    """The permit in this header, when it was sealed for this very question; else the refusal.

    ``key`` may be several: after a rotation the former one opens for a while. ``target`` is the
    raw path and query, ``field_sets`` (by key) resolve a bitmap. Without a ``service`` it may be
    for any, and who asks goes by the one it names.
    """
    keys = (key,) if isinstance(key, bytes) else tuple(key)
    for each in keys:
        _require_key(each)
    if not text:
        return _refuse(
            "permit_missing", "This service answers only through the organisation's door."
        )
    wire = _unseal(text, keys)
    if wire is None:
        return _refuse("permit_invalid", "The permit was not sealed by this organisation.")
    left = datetime.fromtimestamp(wire.exp, UTC) - now
    if left <= timedelta(0):
        return _refuse("permit_expired", "The permit is older than 30 seconds.")
    if left > LIFETIME + _SKEW:
        return _refuse("permit_invalid", "The permit claims to live longer than 30 seconds.")
    wanted = wire.svc if service is None else service
    if (wire.mth, wire.tgt, wire.svc) != (method, hash_of_target(target), wanted):
        return _refuse("permit_mismatch", "The permit was given for another question.")
    fields = _fields_of(wire, field_sets or {})
    if fields is None:
        return _refuse("permit_invalid", "The permit names a field set this service does not know.")
    return _permit_of(wire, fields, target)


def closed_history(permit: Permit, *, material: str = "", formal: str = "") -> Refusal | None:
    """The refusal of a question about history that the permit does not open; None when it does.

    ``material`` and ``formal`` name what asks for that kind of history, empty when nothing does.
    Source: history digest, "Permissions".
    """
    asked = {"materieel": material, "formeel": formal}
    closed = {kind: by for kind, by in asked.items() if by and kind not in permit.history}
    if not closed:
        return None
    kinds = " and ".join(closed)
    return Refusal(
        code="geschiedenis.niet-toegestaan",
        status=403,
        title="This history is not permitted for this purpose",
        detail=f"{', '.join(closed.values())} asks for history ({kinds}) that the permit does "
        "not open. Ask about today, as known now.",
        missing=f"historie: {kinds}, in the policy of this purpose",
        owner="the privacy officers of the organisation that offers the service",
    )


def _wire_of(permit: Permit, field_set: FieldSet | None) -> _Wire:
    fields = sorted(permit.fields)
    listed = sum(len(path) + 3 for path in fields) <= _MAX_LISTED_BYTES
    bitmap = None if listed or field_set is None else _bitmap_of(fields, field_set)
    return _Wire(
        txn=permit.transaction_id,
        svc=permit.service,
        mth=permit.method,
        tgt=hash_of_target(permit.target),
        org=permit.peer,
        pur=permit.purpose,
        pol=permit.policy,
        snp=permit.snapshot,
        act=permit.activity,
        acv=permit.activity_version,
        exp=permit.expires_at.timestamp(),
        fld=fields if bitmap is None else None,
        set=bitmap,
        sea=sorted(permit.searchable),
        gth=permit.grant_hash,
        jti=permit.declaration,
        obo=permit.delegator,
        pdi=permit.publication_delegator,
        his=sorted(permit.history),
        row=[_Row(each.path, each.op, list(each.values)) for each in permit.rows],
        chk=list(permit.checks),
        dut=[_Duty(each.kind, each.path, each.value) for each in permit.obligations],
        cnf=_mark_of(permit),
    )


def _mark_of(permit: Permit) -> _Mark | None:
    mark = permit.mark
    return None if mark is None else _Mark(mark.path, list(mark.guarded), permit.third_party)


def _permit_of(wire: _Wire, fields: Sequence[str], target: str) -> Permit:
    return Permit(
        transaction_id=wire.txn,
        service=wire.svc,
        method=wire.mth,
        target=target,
        peer=wire.org,
        purpose=wire.pur,
        policy=wire.pol,
        snapshot=wire.snp,
        activity=wire.act,
        activity_version=wire.acv,
        fields=tuple(fields),
        searchable=tuple(wire.sea),
        expires_at=datetime.fromtimestamp(wire.exp, UTC),
        grant_hash=wire.gth,
        declaration=wire.jti,
        delegator=wire.obo,
        publication_delegator=wire.pdi,
        history=tuple(wire.his),
        rows=tuple(
            RowCondition(path=each.path, op=each.op, values=tuple(each.values)) for each in wire.row
        ),
        checks=tuple(wire.chk),
        obligations=tuple(
            Obligation(kind=each.kind, path=each.path, value=each.value) for each in wire.dut
        ),
        mark=Confidentiality(path=wire.cnf.path, guarded=tuple(wire.cnf.guarded))
        if wire.cnf
        else None,
        third_party=wire.cnf.third_party if wire.cnf else False,
    )


def _bitmap_of(fields: Sequence[str], field_set: FieldSet) -> _Bitmap | None:
    """The fields as bits over the sorted paths of the set; None when one lies outside it."""
    positions = {path: place for place, path in enumerate(sorted(field_set.fields))}
    if not set(fields) <= positions.keys():
        return None
    bits = 0
    for path in fields:
        bits |= 1 << positions[path]
    size = (len(positions) + 7) // 8
    raw = bits.to_bytes(size, "big")
    return _Bitmap(id=field_set.key, digest=field_set.digest, bits=_encode(raw))


def _fields_of(wire: _Wire, field_sets: Mapping[str, FieldSet]) -> Sequence[str] | None:
    if wire.set is None:
        return wire.fld
    known = field_sets.get(wire.set.id)
    if wire.fld is not None or known is None or known.digest != wire.set.digest:
        return None
    bits = int.from_bytes(_decode(wire.set.bits), "big")
    return [path for place, path in enumerate(sorted(known.fields)) if bits >> place & 1]


def _unseal(text: str, keys: Sequence[bytes]) -> _Wire | None:
    parts = text.split(".")
    if len(text) > MAX_BYTES or not text.isascii() or len(parts) != 3 or parts[0] != _VERSION:
        return None
    if not any(hmac.compare_digest(_mac(parts[1], key), parts[2]) for key in keys):
        return None
    try:
        return _DECODER.decode(_decode(parts[1]))
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None


def _mac(body: str, key: bytes) -> str:
    # The version stands under the seal too, so that a later form can not be read as this one.
    return _encode(hmac.digest(key, f"{_VERSION}.{body}".encode("ascii"), "sha256"))


def hash_of_target(target: str) -> str:
    """What stands in a permit of the target it is for."""
    return _encode(hashlib.sha256(target.encode("utf-8", "surrogateescape")).digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _require_key(key: bytes) -> None:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(
            f"the permit key holds {len(key)} bytes; at least {MIN_KEY_BYTES} are needed"
        )


def _refuse(code: str, detail: str) -> Refusal:
    return Refusal(
        code=code,
        status=403,
        title="No valid permit",
        detail=detail,
        missing="a permit of the door for this question",
        owner="operators of this organisation",
        fault=Fault.INPUT if code == "permit_missing" else Fault.OURS,
    )
