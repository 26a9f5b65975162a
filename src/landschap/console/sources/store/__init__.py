# SPDX-License-Identifier: EUPL-1.2
"""Proposed changes of logical sources (schema ``console``): appended to, never changed.

All functions take a pool of role ``landschap_console``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from landschap.vocabulary.problems import Fault, ProblemError, Refusal

APPROVED, REJECTED, WITHDRAWN = "approved", "rejected", "withdrawn"
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProposal:
    """The text that a declaration should become; ``outcome`` and after are None while it waits.

    ``file`` is its name without ending, ``based_on`` what the file was known by when it was made.
    """

    number: int
    file: str
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
    at: datetime | None

    @property
    def is_open(self) -> bool:
        """True while nobody decided."""
        return self.outcome is None


async def propose(
    pool: asyncpg.Pool, author: tuple[str, str], *, file: str, body: str, reason: str, based_on: str
) -> int:
    """Keep a proposal of an account and its name; gives its number."""
    return int(
        await pool.fetchval(
            "INSERT INTO source_proposal (file, body, based_on, author, author_name, reason)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING number",
            file, body, based_on, *author, reason,
        )
    )  # fmt: skip


async def proposals(pool: asyncpg.Pool) -> Sequence[SourceProposal]:
    """The proposals, those that wait first, then the latest."""
    rows = await pool.fetch(
        f"{_ONE} ORDER BY o.number IS NOT NULL, p.number DESC LIMIT {_MOST}"  # constants
    )
    return [SourceProposal(**row) for row in rows]


async def proposal(pool: asyncpg.Pool, number: int) -> SourceProposal | None:
    """One proposal; None when there is none."""
    row = await pool.fetchrow(f"{_ONE} WHERE p.number = $1", number)  # constants
    return None if row is None else SourceProposal(**row)


async def decide(
    pool: asyncpg.Pool, number: int, outcome: str, decider: tuple[str, str], words: str
) -> None:
    """Write down what an account, with its name, said of a proposal.

    Raises ProblemError: ``source_one_person`` for who approves an own one, ``proposal_decided``.
    """
    try:
        await pool.execute(
            "INSERT INTO source_proposal_outcome (number, outcome, decider, decider_name, words)"
            " VALUES ($1, $2, $3, $4, $5)",
            number, outcome, *decider, words,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise ProblemError(_DECIDED) from None
    except asyncpg.CheckViolationError:
        raise ProblemError(_ONE_PERSON) from None


_ONE = """
SELECT p.number, p.file, p.body, p.based_on, p.author, p.author_name, p.reason, p.proposed_at,
       o.outcome, o.decider, o.decider_name, o.words, o.at
FROM source_proposal p LEFT JOIN source_proposal_outcome o ON o.number = p.number
"""


def _refusal(code: str, status: int, detail: str) -> Refusal:
    return Refusal(
        code=code,
        status=status,
        title="The logical source was not changed",
        detail=detail,
        owner="who works on logical sources in this organisation",
        fault=Fault.INPUT,
    )


_DECIDED = _refusal("proposal_decided", 409, "This proposal was decided on before.")
_ONE_PERSON = _refusal(
    "source_one_person",
    403,
    "A change of a logical source needs an author and another person who approves it.",
)
