# SPDX-License-Identifier: EUPL-1.2
"""The claims of a permit as they travel, and back.

A list of fields that is too long for the header is written as bits over a field set.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from landschap.purposes.duties import Confidentiality, Obligation
from landschap.purposes.model import FieldSet
from landschap.purposes.permit_fields import bits_of, fields_in
from landschap.purposes.permit_model import Permit, Received
from landschap.purposes.rows import RowCondition

# A list longer than this goes as a bitmap; it leaves room for the other claims under the cap.
_MAX_LISTED_BYTES = 2048


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


class _Received(msgspec.Struct, forbid_unknown_fields=True, array_like=True):
    digest: str
    # Empty when it is the purpose before it: that of the permit, that of the declaration.
    purpose: str
    origin: str
    depth: int


class Wire(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
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
    rcv: _Received | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Wire)


def encode_body(permit: Permit, field_set: FieldSet | None) -> bytes:
    """The claims as they are sealed."""
    return _ENCODER.encode(_wire_of(permit, field_set))


def decode_body(raw: bytes) -> Wire:
    """The claims of a permit whose seal holds. Raises msgspec.DecodeError."""
    return _DECODER.decode(raw)


def _wire_of(permit: Permit, field_set: FieldSet | None) -> Wire:
    fields = sorted(permit.fields)
    listed = sum(len(path) + 3 for path in fields) <= _MAX_LISTED_BYTES
    bitmap = None if listed or field_set is None else _bitmap_of(fields, field_set)
    return Wire(
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
        rcv=_received_of(permit),
    )


def _received_of(permit: Permit) -> _Received | None:
    came = permit.received
    if came is None:
        return None
    purpose = "" if came.purpose == permit.purpose else came.purpose
    return _Received(
        came.digest, purpose, "" if came.origin == came.purpose else came.origin, came.depth
    )


def _mark_of(permit: Permit) -> _Mark | None:
    mark = permit.mark
    return None if mark is None else _Mark(mark.path, list(mark.guarded), permit.third_party)


def permit_of(wire: Wire, fields: Sequence[str], target: str) -> Permit:
    """The permit with these claims; its fields were read apart, its target is the one asked."""
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
        received=_received_in(wire),
    )


def _received_in(wire: Wire) -> Received | None:
    came = wire.rcv
    if came is None:
        return None
    purpose = came.purpose or wire.pur
    return Received(
        digest=came.digest, purpose=purpose, origin=came.origin or purpose, depth=came.depth
    )


def _bitmap_of(fields: Sequence[str], field_set: FieldSet) -> _Bitmap | None:
    bits = bits_of(fields, field_set)
    if bits is None:
        return None
    return _Bitmap(id=field_set.key, digest=field_set.digest, bits=encode(bits))


def fields_of(wire: Wire, field_sets: Mapping[str, FieldSet]) -> Sequence[str] | None:
    """The fields, from their list or the bits; None when the set is not the one that was meant."""
    if wire.set is None:
        return wire.fld
    known = field_sets.get(wire.set.id)
    if wire.fld is not None or known is None or known.digest != wire.set.digest:
        return None
    return fields_in(decode(wire.set.bits), known)


def hash_of_target(target: str) -> str:
    """What stands in a permit of the target it is for."""
    return encode(hashlib.sha256(target.encode("utf-8", "surrogateescape")).digest())


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """What `encode` wrote. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
