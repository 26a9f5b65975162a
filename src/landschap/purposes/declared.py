# SPDX-License-Identifier: EUPL-1.2
"""What stands in a declaration of purpose: its claims, its limits, and how it is refused.

`declaration` signs, reads and verifies them; `declaration_wire` writes and reads their form.
Source: house claims, "Purpose declaration".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from landschap.purposes.chain import MAX_HOPS, Followed
from landschap.purposes.jws import Algorithm
from landschap.vocabulary.problems import Fault, Refusal

HEADER = "Purpose-Declaration"
PLAIN_HEADER = "Doelbinding"
TYPE = "purpose+jwt"
MAX_BYTES = 2048
MAX_LIFETIME = timedelta(seconds=120)
SKEW = timedelta(seconds=60)
CHALLENGE = "Purpose"
"""Value of ``WWW-Authenticate`` beside every 401 of a declaration."""
_STATUS = {
    "declaration_too_large": 400,
    "purpose_mismatch": 400,
    "chain_too_deep": 403,
    "delegation_missing": 403,
    "delegation_mismatch": 403,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an organisation declares.

    ``issuer`` and ``audience`` are OINs, ``trace`` the 16 bytes of the trace id, ``case`` an
    opaque reference that only the asker can resolve, ``loa`` the assurance of the person behind
    the question (``none`` for a machine), ``role`` a code and never a name. ``on_behalf_of`` is the
    OIN of the delegator when the issuer asks in another's name. ``follows`` is the question that
    the issuer was asked and needs this one for; None at the origin of a chain.
    """

    issuer: str
    audience: str
    issued_at: datetime
    expires_at: datetime
    jti: UUID
    purpose: str
    legal_bases: tuple[str, ...]
    action: str
    service: str
    grant_hash: str
    trace_id: bytes
    case: str = ""
    loa: str = ""
    role: str = ""
    on_behalf_of: str = ""
    follows: Followed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A well-formed declaration whose signature has not been checked. Nothing may be decided on it.

    ``thumbprint`` (``x5t#S256``) says which certificate of the peer is needed to `verify` it.
    """

    algorithm: Algorithm
    thumbprint: str
    claims: Claims
    signing_input: bytes
    signature: bytes
    compact: str


def refuse(code: str, detail: str) -> Refusal:
    """The refusal of a declaration."""
    return Refusal(
        code=code,
        status=_STATUS.get(code, 401),
        title="No valid declaration of purpose",
        detail=detail,
        missing=f"a valid header {HEADER} for this question",
        owner="the organisation that asks, at its Outway",
        fault=Fault.PEER,
    )


def too_deep() -> Refusal:
    """A chain of more hops than is allowed."""
    return refuse("chain_too_deep", f"The chain is deeper than {MAX_HOPS} hops.")
