# SPDX-License-Identifier: EUPL-1.2
"""The page on what deciding costs: the figures, and what they are of."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.backends.openssl import backend

GOAL = 150_000
FLAT = 1.25
"""How many times as long a decision may take with most policies as with one, to be called flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """At one number of policies: per second of CPU, and how long a changed register takes."""

    policies: int
    permitted: float
    refused: float
    authzen: float
    changed_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that was measured."""

    sizes: Sequence[Size]
    declarations: Mapping[str, float]
    askers: int
    rounds: int
    seconds: float


def page(figures: Figures) -> str:
    """The whole page in Markdown."""
    sizes = figures.sizes
    head = " | ".join(_policies(each) for each in sizes)
    lines = [
        PAGE_BEGINS,
        "",
        f"| per second and core | {head} |",
        "| --- |" + " --- |" * len(sizes),
        _row("**decided and explained, permitted**", [each.permitted for each in sizes]),
        _row("decided and explained, one field too many", [each.refused for each in sizes]),
        _row("AuthZEN evaluation, JSON to JSON", [each.authzen for each in sizes]),
        "| a changed register, to the first decision on it | "
        + " | ".join(f"{each.changed_ms:.1f} ms" for each in sizes)
        + " |",
        "",
        verdict(sizes),
        "",
        "| a declaration, per second and core | |",
        "| --- | --- |",
        *(
            f"| {words} | {rate:,.0f} ({1e6 / rate:,.0f} us) |"
            for words, rate in figures.declarations.items()
        ),
        "",
        _beside(figures),
        "",
        _circumstances(figures),
        "",
        PAGE_ENDS.format(askers=figures.askers),
    ]
    return "\n".join(lines)


def _policies(size: Size) -> str:
    return f"{size.policies:,} polic{'y' if size.policies == 1 else 'ies'}"


def _row(words: str, rates: Sequence[float]) -> str:
    cells = (f"{rate:,.0f} ({1e6 / rate:.1f} us)" for rate in rates)
    return f"| {words} | {' | '.join(cells)} |"


def verdict(sizes: Sequence[Size]) -> str:
    """Whether the aims are met."""
    slowest = min(each.permitted for each in sizes)
    times = sizes[0].permitted / sizes[-1].permitted
    met = "met" if slowest >= GOAL else "NOT MET"
    flat = "met" if times <= FLAT else "NOT MET"
    return (
        f"Goal {GOAL:,} explained decisions per second and core at every number: **{met}** "
        f"({slowest:,.0f} at the least). Goal flat: **{flat}** ({times:.2f} times the CPU at "
        f"{sizes[-1].policies:,} policies against {sizes[0].policies:,})."
    )


def _beside(figures: Figures) -> str:
    name, rate = next(iter(figures.declarations.items()))
    times = figures.sizes[0].permitted / rate
    return f"A declaration that is {name} costs as much as {times:.0f} decisions."


def _circumstances(figures: Figures) -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, "
        f"load average {os.getloadavg()[0]:.1f}. The best of {figures.rounds} rounds of "
        f"{1000 * figures.seconds:g} ms of CPU each. Python {platform.python_version()}, "
        f"{backend.openssl_version_text()}."
    )


PAGE_BEGINS = """# Performance of deciding

Written by `make bench` (`benchmarks/decisions.py`). What a whole question costs at a door, with its
token, its durable record and the carrier, is told in [performance](performance.md); this page is
about deciding alone."""

PAGE_ENDS = """## What is measured

- *Decided and explained*: `decide()` on a question of four fields under a contract, from R0 to R14,
  with every step it took, the policy, the activity, the fields shown and withheld. Nothing is
  remembered from one decision to the next but which policies may be about an asker.
- *Policies*: the demo's permission of Weesp, once for each of so many organisations, all about one
  service and one purpose. Up to {askers} of those organisations ask in turns.
- *One field too many*: refused, with the question that would be allowed.
- *AuthZEN evaluation*: from the bytes of the question to the bytes of the answer, with all steps in
  it, as [the decision point](how-to/authzen.md) does between its HTTP server and its record.
- *A changed register*: its document from the database read, indexed, and a first decision taken. A
  decider does this once for each change of a policy; a consent or a contract that changes leaves
  the register as it is.
- *A declaration*: the JWS of RFC 7515 with the claims of a purpose; read, its signature verified
  and its claims held against the question, or made and signed.
- CPU of this process, on one core. A core of which the other half is busy gives less.
"""
