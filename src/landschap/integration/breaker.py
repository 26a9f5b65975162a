# SPDX-License-Identifier: EUPL-1.2
"""When to leave a failing source alone: after some failures in a row, for a while.

closed -> open after FAILURES in a row; open -> one trial after the pause; the trial decides.
Pure: the moment is an argument, in seconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FAILURES = 5
PAUSE_SECONDS = 2.0
MAX_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """How one source fared lately. ``open_until`` is None while it is asked normally."""

    failures: int = 0
    pause_seconds: float = PAUSE_SECONDS
    open_until: float | None = None

    def may_ask(self, now: float) -> bool:
        """True when the source may be asked at this moment."""
        return self.open_until is None or now >= self.open_until

    def asking(self, now: float) -> Breaker:
        """Before a question: a trial holds the others back until its outcome is known."""
        if self.open_until is None:
            return self
        return replace(self, open_until=now + self.pause_seconds)

    def succeeded(self) -> Breaker:
        """After an answer: everything is forgiven."""
        return Breaker()

    def paused(self, now: float, seconds: float | None) -> Breaker:
        """The source itself asked to be left alone for so long; without a time for one pause."""
        pause = self.pause_seconds if seconds is None else seconds
        return replace(self, failures=max(self.failures, FAILURES), open_until=now + pause)

    def failed(self, now: float) -> Breaker:
        """After a failure: count it; the pause doubles with each failed trial, to a minute."""
        failures = self.failures + 1
        if failures < FAILURES:
            return replace(self, failures=failures)
        pause = self.pause_seconds
        if failures > FAILURES:
            pause = min(pause * 2, MAX_PAUSE_SECONDS)
        return Breaker(failures=failures, pause_seconds=pause, open_until=now + pause)
