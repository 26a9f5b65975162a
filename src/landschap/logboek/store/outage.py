# SPDX-License-Identifier: EUPL-1.2
"""Telling the operator that the log can not be written, since when, and what to do.

Whoever asks gets a refusal each time; the operator is told when an outage begins, once a minute
while it lasts, and when it is over. Nothing of what should have been written is told.
"""

from __future__ import annotations

import structlog

AGAIN_SECONDS = 60.0
BACK_MILLISECONDS = 5_000
"""From so far back on the clock did not drift: somebody set it."""

_REMEDIES = {
    "disk is full": "make room on the disk of its PostgreSQL; writing goes on by itself",
    "permission": "give the role landschap_logboek its rights on the schema logboek back",
    "did not answer": "look whether its PostgreSQL runs and can be reached: `landschap doctor`",
}
_OTHERWISE = "look in the log of its PostgreSQL, and at `landschap doctor`"

log = structlog.get_logger(__name__)


class Outage:
    """What the operator was told of one writer. ``now`` is any clock that only goes on."""

    def __init__(self) -> None:
        self.began: float | None = None
        self._again = 0.0
        self._clock_again = 0.0

    def failed(self, lane: str, why: str, now: float) -> None:
        """Something could not be written."""
        if self.began is None:
            self.began, self._again = now, now
        if now < self._again:
            return
        self._again = now + AGAIN_SECONDS
        remedy = next((told for words, told in _REMEDIES.items() if words in why), _OTHERWISE)
        log.error(
            "the log can not be written: questions are refused",
            lane=lane, why=why, remedy=remedy, seconds=round(now - self.began, 1),
        )  # fmt: skip

    def over(self, lane: str, now: float) -> None:
        """Something was written."""
        if self.began is not None:
            log.warning(
                "the log is written again", lane=lane, seconds=round(now - self.began, 1)
            )  # fmt: skip
            self.began = None

    def clock(self, lane: str, ahead: int, now: float) -> None:
        """The identifiers of a lane are so many milliseconds ahead of the clock."""
        if ahead < BACK_MILLISECONDS or now < self._clock_again:
            return
        self._clock_again = now + AGAIN_SECONDS
        log.warning(
            "the clock went back: records go on after the last one, their order is kept",
            lane=lane, seconds=round(ahead / 1000, 1),
            remedy="let this machine follow a time server (NTP); until it has caught up the moment"
            " in a record's identifier is later than the moment of the deed beside it",
        )  # fmt: skip
