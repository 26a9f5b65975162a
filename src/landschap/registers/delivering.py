# SPDX-License-Identifier: EUPL-1.2
"""What becomes of a notice after an attempt to deliver it, and of the subscription it is for.

Two things can be wrong, and they are told apart. A place of delivery that does not answer (no
connection, 429, 502 to 504, a refusal of who we are) says nothing about the notice: the whole
subscription waits, ever longer, and its notices lose nothing. A place that answers, and does not
take this notice, holds back this notice and the later ones of its object; after `MAX_ATTEMPTS`
or `MAX_AGE` it is a dead letter, and the later ones go on.
Source: CloudEvents HTTP webhook 1.0.2, "Delivery responses"; Digikoppeling REST API profile, retry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

FIRST_SECONDS = 1.0
CAP_SECONDS = 300.0
MAX_ATTEMPTS = 15
MAX_AGE = timedelta(days=3)
# A sink that fails this often in a row is left alone for a while: the circuit is open.
FAILURES_IN_A_ROW = 3
LONGEST_SILENCE = timedelta(days=3)
# As long as somebody may ask us to wait.
_LONGEST_WAIT = timedelta(hours=24)
_NOBODY_THERE = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED,
    }
)  # fmt: skip


class Verdict(StrEnum):
    """How an attempt ended."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNREACHED = "unreached"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How an attempt ended, in words without content, and how long we were asked to wait."""

    verdict: Verdict
    words: str = ""
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How the place of delivery of one subscription fares."""

    failures: int = 0
    failing_since: datetime | None = None
    next_try_at: datetime | None = None
    given_up: bool = False

    @property
    def is_open(self) -> bool:
        """True when it is left alone for a while."""
        return self.failures >= FAILURES_IN_A_ROW


def attempt_of(status: int, retry_after: str, now: datetime, code: str = "") -> Attempt:
    """What a status means. Redirects are not followed: a notice goes where it was agreed."""
    words = f"answered {status}" + (f" {code}" if code else "")
    if 200 <= status < 300:
        return Attempt(verdict=Verdict.TAKEN)
    if status == HTTPStatus.GONE:
        return Attempt(verdict=Verdict.GONE, words=words)
    wait = waiting_time(retry_after, now)
    if status in _NOBODY_THERE:
        return Attempt(verdict=Verdict.UNREACHED, words=words, wait=wait)
    return Attempt(verdict=Verdict.REFUSED, words=words, wait=wait)


def waiting_time(text: str, now: datetime) -> timedelta | None:
    """A ``Retry-After``, at most a day. Source: RFC 9110, 10.2.3: seconds or a date."""
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), _LONGEST_WAIT)


def back_off(attempts: int, chance: float) -> timedelta:
    """1, 2, 4 ... 300 seconds, half of it by ``chance`` (0 to 1): senders must not march in step.

    Source: Digikoppeling REST API profile: doubling, cap of 300 s, jitter.
    """
    full = min(CAP_SECONDS, FIRST_SECONDS * 2.0 ** min(max(attempts - 1, 0), 30))
    return timedelta(seconds=full * (0.5 + chance / 2))


def health_after(health: Health, attempt: Attempt, now: datetime, chance: float) -> Health:
    """The place of delivery after an attempt; whoever answered is well."""
    if attempt.verdict is not Verdict.UNREACHED:
        return Health()
    failures, since = health.failures + 1, health.failing_since or now
    pause = attempt.wait or back_off(failures, chance)
    # The first failures of a row may be of one notice only; the others are not held up by these.
    waits = failures >= FAILURES_IN_A_ROW or attempt.wait is not None
    return Health(
        failures=failures,
        failing_since=since,
        next_try_at=now + pause if waits else None,
        given_up=now - since >= LONGEST_SILENCE,
    )


def is_dead(attempts: int, first_at: datetime, answered_at: datetime | None, now: datetime) -> bool:
    """True when a notice is not tried again by itself.

    ``attempts`` counts those in which it was refused. One that only ever met silence is dead by
    its age, and only when the place answered for others since (``answered_at``).
    """
    if attempts >= MAX_ATTEMPTS:
        return True
    others_went = answered_at is not None and answered_at > first_at
    return now - first_at >= MAX_AGE and (attempts > 0 or others_went)
