# SPDX-License-Identifier: EUPL-1.2
"""Proposed changes and what became of them (schema ``purposes``): appended to, never changed.

All functions take a pool of role ``landschap_purposes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from landschap.purposes import store
from landschap.purposes.model import Register
from landschap.purposes.proposals import with_proposal
from landschap.purposes.reading import RegisterError
from landschap.purposes.store import Saved, Signers
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

APPROVED, REJECTED, WITHDRAWN = "approved", "rejected", "withdrawn"
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who proposes or decides: ``account`` tells people apart, ``name`` is for reading."""

    account: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.account})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed change; ``outcome`` and what follows are None while it waits."""

    number: int
    kind: str
    name: str
    body: str
    based_on: str
    author: str
    author_name: str
    reason: str
    proposed_at: datetime
    outcome: str | None
    decider: str | None
    decider_name: str | None
    words: str | None
    version: str | None
    at: datetime | None

    @property
    def is_open(self) -> bool:
        """True while nobody decided."""
        return self.outcome is None

    def applied_to(self, register: Register) -> Register:
        """The register with this change. Raises RegisterError."""
        return with_proposal(register, self.kind, self.name, self.body)


async def propose(  # each says one thing of the proposal
    pool: asyncpg.Pool,
    author: Person,
    *,
    kind: str,
    name: str,
    body: str,
    reason: str,
    based_on: str,
) -> int:
    """Keep a proposal; gives its number."""
    return int(
        await pool.fetchval(
            "INSERT INTO proposal (kind, name, body, based_on, author, author_name, reason)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING number",
            kind,
            name,
            body,
            based_on,
            author.account,
            author.name,
            reason,
        )
    )


async def proposals(pool: asyncpg.Pool) -> Sequence[Proposal]:
    """The proposals, those that wait first, then the latest."""
    rows = await pool.fetch(
        f"{_ONE} ORDER BY o.number IS NOT NULL, p.number DESC LIMIT {_MOST}"  # constants
    )
    return [Proposal(**row) for row in rows]


async def proposal(pool: asyncpg.Pool, number: int) -> Proposal | None:
    """One proposal; None when there is none."""
    row = await pool.fetchrow(f"{_ONE} WHERE p.number = $1", number)  # constants
    return None if row is None else Proposal(**row)


async def approve(pool: asyncpg.Pool, number: int, approver: Person, words: str) -> Saved:
    """Put a proposal in force, and then write down who did. Doing it again changes nothing.

    Raises ProblemError: ``register_one_person`` for who made it, ``proposal_decided``,
    ``register_newer`` when another register is in force than it was written on, and whatever
    saving raises.
    """
    found = await _open(pool, number)
    if found.author.casefold() == approver.account.casefold():
        raise ProblemError(_ONE_PERSON)
    snapshot, _ = await store.current_snapshot(pool)
    try:
        register = found.applied_to(snapshot.register)
    except RegisterError as error:
        raise ProblemError(
            _refusal("register_invalid", 422, f"It does not fit the register any more: {error}")
        ) from None
    reason = found.reason if not words else f"{found.reason} ({words})"
    author = Person(account=found.author, name=found.author_name)
    signers = Signers(author=str(author), approver=str(approver), reason=reason)
    saved = await store.save_register(pool, register, signers, based_on=found.based_on)
    try:
        await _decide(pool, number, APPROVED, approver, words, saved.version)
    except asyncpg.UniqueViolationError:
        raise ProblemError(_DECIDED) from None
    return saved


async def close(pool: asyncpg.Pool, number: int, outcome: str, decider: Person, words: str) -> None:
    """Reject or withdraw a proposal. Raises ProblemError when it was decided on."""
    await _open(pool, number)
    try:
        await _decide(pool, number, outcome, decider, words, None)
    except asyncpg.UniqueViolationError:
        raise ProblemError(_DECIDED) from None


async def _open(pool: asyncpg.Pool, number: int) -> Proposal:
    found = await proposal(pool, number)
    if found is None:
        raise ProblemError(_refusal("not_found", 404, "There is no such proposal."))
    if not found.is_open:
        raise ProblemError(_DECIDED)
    return found


async def _decide(  # a row has as many columns
    pool: asyncpg.Pool,
    number: int,
    outcome: str,
    decider: Person,
    words: str,
    version: str | None,
) -> None:
    await pool.execute(
        "INSERT INTO proposal_outcome (number, outcome, decider, decider_name, words, version)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        number,
        outcome,
        decider.account,
        decider.name,
        words,
        version,
    )


_ONE = """
SELECT p.number, p.kind, p.name, p.body, p.based_on, p.author, p.author_name, p.reason,
       p.proposed_at, o.outcome, o.decider, o.decider_name, o.words, o.version, o.at
FROM proposal p LEFT JOIN proposal_outcome o ON o.number = p.number
"""


def _refusal(code: str, status: int, detail: str) -> Refusal:
    return Refusal(
        code=code,
        status=status,
        title="The register was not changed",
        detail=detail,
        owner="the privacy officers of this organisation",
        fault=Fault.INPUT,
    )


_DECIDED = _refusal("proposal_decided", 409, "This proposal was decided on before.")
_ONE_PERSON = _refusal(
    "register_one_person",
    403,
    "A change of the register needs an author and another person who approves it.",
)
