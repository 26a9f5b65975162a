# SPDX-License-Identifier: EUPL-1.2
"""Who waits before the log: what is to be written for them, and how they are told."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from uuid import UUID

from landschap.logboek.batches import Sealed
from landschap.logboek.declarations import UsedDeclaration
from landschap.logboek.faults import Replayed, StaleDecision
from landschap.logboek.forms import Ready
from landschap.logboek.seen import SeenLine
from landschap.logboek.store.lane import Withheld

# Told once, when the records are durable (None) or will never be.
Done = Callable[[Exception | None], None]


class Waiting(ABC):
    """One append: its records, the epoch of its decision, its declaration, how long it may wait.

    ``seen`` are the lines of it that may be delivered once only.

    The records are sealed when their batch is made: identifiers rise in the order of the lane.
    """

    __slots__ = ("deadline", "epoch", "ready", "records", "seen", "used")

    def __init__(
        self,
        ready: Sequence[Ready],
        decided: tuple[int | None, UsedDeclaration | None],
        deadline: float,
        seen: Sequence[SeenLine] = (),
    ) -> None:
        self.ready = ready
        self.records: Sequence[Sealed] = ()
        self.epoch, self.used = decided
        self.deadline = deadline
        self.seen = seen

    @property
    @abstractmethod
    def open(self) -> bool:
        """True while somebody waits. What nobody waits for any more is not written, unless it is
        being written already.
        """

    @abstractmethod
    def release(self) -> None:
        """Tell that the records are durable."""

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """Tell why they never will be; who was told before is not told again."""


class Promised(Waiting):
    """Who waits for a future, that ends with the identifiers of the records."""

    __slots__ = ("future",)

    def __init__(
        self,
        ready: Sequence[Ready],
        decided: tuple[int | None, UsedDeclaration | None],
        deadline: float,
        seen: Sequence[SeenLine],
        future: asyncio.Future[list[UUID]],
    ) -> None:
        super().__init__(ready, decided, deadline, seen)
        self.future = future

    @property
    def open(self) -> bool:
        """False once the future has ended, also when it was given up."""
        return not self.future.done()

    def release(self) -> None:
        """End the future with the identifiers."""
        if not self.future.done():
            self.future.set_result([record.columns.record_id for record in self.records])

    def fail(self, error: Exception) -> None:
        """End the future with this fault."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # one who no longer waits is no unhandled fault


class Called(Waiting):
    """Who is called; that costs less than a future."""

    __slots__ = ("_done", "_open")

    def __init__(
        self,
        ready: Sequence[Ready],
        decided: tuple[int | None, UsedDeclaration | None],
        deadline: float,
        done: Done,
    ) -> None:
        super().__init__(ready, decided, deadline)
        self._done = done
        self._open = True

    @property
    def open(self) -> bool:
        """False once it was told."""
        return self._open

    def release(self) -> None:
        """Tell that the records are durable."""
        if self._open:
            self._end(None)

    def fail(self, error: Exception) -> None:
        """Tell why they never will be."""
        if self._open:
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        self._open = False
        try:
            self._done(error)
        except Exception as accident:  # noqa: BLE001 - of one who waited, not of the batch
            told = {"message": "told of a record", "exception": accident}
            asyncio.get_running_loop().call_exception_handler(told)


def judge(waiting: Waiting, withheld: Withheld) -> None:
    """Whom of a batch that was not written it is about: those go, the others try again."""
    if waiting.epoch is not None and waiting.epoch < withheld.epoch:
        waiting.fail(StaleDecision(withheld.epoch))
    elif waiting.used is not None and waiting.used.key in withheld.spans:
        waiting.fail(Replayed(withheld.spans[waiting.used.key]))
