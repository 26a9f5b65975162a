# SPDX-License-Identifier: EUPL-1.2
"""Why a record was not written.

    InvalidRecord    this record may not stand in the log; others are not touched
    LogUnavailable   nothing can be made durable now: refuse the question
    QueueFull        more is waiting than the limit allows: refuse the question
    StaleDecision    something changed after the decision: read it again, decide again
    AlreadySeen      one of these lines was delivered before: look which, and deliver the others
    Replayed         its declaration counts for another question: decide again, knowing that
    LaneTaken        another live process writes under this lane name

The doors turn LogUnavailable and QueueFull into FSC's TRANSACTION_LOG_WRITE_ERROR; our own
services answer 503. Source: FSC Logging, "Errors"; Logboek Dataverwerkingen, "Foutafhandeling".
"""

from __future__ import annotations

from landschap.vocabulary.problems import Fault, ProblemError, Refusal


class InvalidRecord(ProblemError):
    """A record that breaks a rule of the log; the message names the rule, never the content."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            Refusal(
                code="log_record_invalid",
                status=422,
                title="This record may not stand in the log",
                detail=detail,
                fault=Fault.INPUT,
            )
        )


class LogUnavailable(ProblemError):
    """The record could not be made durable."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            Refusal(
                code="log_unavailable",
                status=503,
                title="The log can not be written",
                detail=detail,
                missing="a durable log record",
                owner="the administrator of this organisation's database",
                fault=Fault.OURS,
            )
        )


class QueueFull(LogUnavailable):
    """The queue before the log is full; a busy log is refused like an absent one."""


class LaneTaken(LogUnavailable):
    """A lane has one writer; this one has it already."""


class StaleDecision(Exception):
    """The world is at ``epoch``; the decision was taken in an older one. Nothing was written."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"decided before epoch {epoch}")
        self.epoch = epoch


class AlreadySeen(Exception):
    """A line of this append has the trace and span of one that is kept. Nothing was written."""


class Replayed(Exception):
    """The declaration counts for another question, that of ``span``. Nothing was written."""

    def __init__(self, span: bytes) -> None:
        super().__init__("the declaration was used for another question")
        self.span = span
