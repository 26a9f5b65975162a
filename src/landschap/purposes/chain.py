# SPDX-License-Identifier: EUPL-1.2
"""A question that follows from another: to answer A, its provider B asks C.

B declares for itself, on its own ground, and says from which question its own follows: who
declared that one, for which purpose, the hash of that declaration, and the purpose at the origin.
Along the chain a purpose stays what it was or becomes narrower. To another purpose it goes only
where a test of compatibility from the purpose at the origin is recorded, and where the contract
under which B was asked lets it go onward. No step widens what an earlier step narrowed.

What was declared earlier is a claim of the one who asks: here it is held against itself and
against our own list of purposes. Whether the earlier organisation declared that as well is seen
afterwards, by its log.
Source: AVG art. 5 lid 1 sub b, art. 6 lid 4; house algorithm, R5.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from landschap.purposes.snapshot import KnownPurpose, Snapshot
from landschap.vocabulary.ijson import JsonValue

MAX_HOPS = 4
"""How many times a question may lead to a next one, counted from the origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The question before this one. ``depth`` is the place of *this* one: 1 follows the origin.

    ``issuer`` and ``jti`` name its declaration, ``digest`` is the hash of that (`digest_of`),
    ``purpose`` what it declared and ``origin`` the purpose at the begin of the chain. ``onward``
    is what the contract under which it came says and ``transaction_id`` its number; both None when
    it was asked of another than us.
    """

    issuer: str
    jti: UUID
    digest: str
    purpose: str
    origin: str
    depth: int
    onward: bool | None = None
    transaction_id: UUID | None = None

    def recorded(self) -> dict[str, JsonValue]:
        """As it stands in a record, so that the decision can be taken again."""
        words: dict[str, JsonValue] = {
            "issuer": self.issuer,
            "declaration_jti": str(self.jti),
            "declaration_hash": self.digest,
            "purpose": self.purpose,
            "origin_purpose": self.origin,
            "depth": self.depth,
        }
        if self.onward is not None:
            words["onward"] = self.onward
        if self.transaction_id is not None:
            words["transaction_id"] = str(self.transaction_id)
        return words


def followed_in(words: JsonValue) -> Followed | None:
    """What `Followed.recorded` wrote; None for anything else."""
    if not isinstance(words, Mapping):
        return None
    texts = [
        words.get(name)
        for name in (
            "issuer", "declaration_jti", "declaration_hash", "purpose", "origin_purpose",
        )
    ]  # fmt: skip
    depth, onward = words.get("depth"), words.get("onward")
    if not all(isinstance(text, str) for text in texts) or type(depth) is not int:
        return None
    issuer, jti, digest, purpose, origin = (str(text) for text in texts)
    transaction_id = words.get("transaction_id")
    try:
        number = UUID(jti)
        transaction = UUID(transaction_id) if isinstance(transaction_id, str) else None
    except ValueError:
        return None
    return Followed(
        issuer=issuer,
        jti=number,
        digest=digest,
        purpose=purpose,
        origin=origin,
        depth=depth,
        onward=onward if isinstance(onward, bool) else None,
        transaction_id=transaction,
    )


def digest_of(compact: str) -> str:
    """The hash by which a declaration is named: SHA-256 over its text, base64url."""
    raw = hashlib.sha256(compact.encode("ascii")).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Verdict:
    """May this purpose follow? ``code`` is empty when it may, ``why`` says by what or why not."""

    code: str
    why: str


def judge_chain(
    purpose: KnownPurpose, followed: Followed, snapshot: Snapshot, now: datetime
) -> Verdict:
    """Whether this purpose may follow from the one before, by our own list and tests.

    Equal and narrower is meant towards the purpose before and towards that at the origin. A test
    counts from the origin, because that is what the data were first asked for.
    """
    if not 1 <= followed.depth <= MAX_HOPS:
        return Verdict("chain_too_deep", f"hop {followed.depth}, at most {MAX_HOPS}")
    inside = _within(purpose, followed.purpose, snapshot)
    if inside and _within(purpose, followed.origin, snapshot):
        return Verdict("", f"equal or narrower, hop {followed.depth}")
    test = test_for(purpose, followed.origin, snapshot, now)
    if not test:
        return Verdict(
            "chain_purpose", "neither equal nor narrower, and no test of compatibility in force"
        )
    # Another step to another purpose needs leave of the contract; to stay inside the purpose that
    # an earlier step reached by the test needs none.
    if not inside and followed.onward is False:
        return Verdict("chain_purpose", f"test {test}, but the contract does not let it go onward")
    return Verdict("", f"compatible by test {test}, hop {followed.depth}")


def test_for(purpose: KnownPurpose, origin: str, snapshot: Snapshot, now: datetime) -> str:
    """The id of a test in force that leads from an origin to this purpose; empty when none does.

    A test from a purpose counts for what is narrower than it as well.
    """
    equivalents = snapshot.equivalents
    known = snapshot.purposes.get(equivalents.get(origin, origin))
    above = known.ancestors if known is not None else ()
    for each in sorted(snapshot.register.compatibilities, key=lambda one: one.id):
        since, until = each.valid.moments()
        if (
            since <= now
            and (until is None or now < until)
            and equivalents.get(each.origin, each.origin) in above
            and equivalents.get(each.target, each.target) in purpose.ancestors
        ):
            return each.id
    return ""


def _within(purpose: KnownPurpose, wider: str, snapshot: Snapshot) -> bool:
    return snapshot.equivalents.get(wider, wider) in purpose.ancestors
