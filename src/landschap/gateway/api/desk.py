# SPDX-License-Identifier: EUPL-1.2
"""The desk: takes a question, has it decided, has it recorded, and only then answers.

The common way has no task and no await: walk, submit the record, answer when it is durable.
Only when something must be fetched first, or the world turned out to be newer, does a question
get a task of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from landschap.gateway import answers, refusals
from landschap.gateway.api.telling import tell
from landschap.gateway.asked import Asked, Fresh, Trace, trace_of
from landschap.gateway.doors import (
    Holdings,
    Verdict,
    VoiceWanted,
    Wanted,
    failed,
    not_loggable,
    walk,
)
from landschap.gateway.recall import Tail
from landschap.logboek.faults import InvalidRecord, Replayed, StaleDecision
from landschap.logboek.store import Done, LogWriter
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.authzen.voice import unavailable
from landschap.purposes.vetoes import Heard

if TYPE_CHECKING:
    from landschap.gateway.api.protocol import DoorProtocol

Reply = Callable[[bytes], None]
DOORS = frozenset({"inway", "outway"})
# A world may change again while a question is decided again; more often than this is an accident.
_ATTEMPTS = 5
_PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %d\r\n\r\n"
_NOT_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Sources(msgspec.Struct, frozen=True):
    """How the desk gets what a walk lacks: a newer world, a thing that was wanted, a voice."""

    newer: Callable[[int], Awaitable[None]]
    obtain: Callable[[Wanted], Awaitable[bool]]
    hear: Callable[[VoiceWanted], Awaitable[Heard]]


class Desk:
    """One per decider; ``holdings`` is replaced as a whole when the world is newer."""

    def __init__(self, holdings: Holdings, log: LogWriter, sources: Sources) -> None:
        self.holdings = holdings
        self.connections: set[DoorProtocol] = set()
        self._log = log
        self._sources = sources
        self._counts: Counter[tuple[str, str]] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, asked: Asked, reply: Reply) -> None:
        """Answer a question of nginx, or one of an operator on the socket itself."""
        door = asked.header("x-landschap-door")
        if door not in DOORS:
            reply(self._own_page(asked.target))
            return
        fresh = Fresh(datetime.now(UTC), new_span_id(), new_trace_id(), uuid7(), uuid7())
        _Question(self, door, asked, reply, fresh).decide(self.holdings)

    def ask_again(self, data: bytes, tail: Tail, by: DoorProtocol) -> bool:
        """Answer a whole question as one just before it; False when it must be read and decided."""
        holdings = self.holdings
        fresh = (datetime.now(UTC), new_span_id())
        key = holdings.secrets.permit
        found = holdings.recall.again(data, tail, holdings.world, fresh, key)
        if found is None:
            return False
        try:
            self._log.hand_in(
                found.ready,
                holdings.world.epoch,
                _Again(self, data, tail, found.answer, by).recorded,
            )
        except Exception:  # noqa: BLE001  # the long way says what is the matter with the log
            return False
        return True

    def count(self, door: str, code: str) -> None:
        """One more verdict."""
        self._counts[door, code or "permitted"] += 1

    def spawn(self, work: Awaitable[None]) -> None:
        """Do something beside, and hold on to it until it is done."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def waiting(self) -> int:
        """Questions that have no answer yet."""
        return sum(connection.busy for connection in self.connections)

    def _own_page(self, target: str) -> bytes:
        """`/metrics` and `/ready`: for who reaches the socket itself, past nginx."""
        if target == "/ready":
            text = f"epoch {self.holdings.world.epoch}\n"
        elif target == "/metrics":
            text = self.figures()
        else:
            return _NOT_HERE
        body = text.encode()
        return _PLAIN % len(body) + body

    def figures(self) -> str:
        """What this decider did and holds, for Prometheus."""
        lane = self._log.lane
        lines = ["# TYPE landschap_decider_verdicts counter"]
        lines += [
            f'landschap_decider_verdicts_total{{lane="{lane}",door="{door}",code="{code}"}} {n}'
            for (door, code), n in sorted(self._counts.items())
        ]
        gauges = {
            "landschap_decider_epoch": self.holdings.world.epoch,
            "landschap_decider_waiting": self.waiting,
            "landschap_decider_log_healthy": int(self._log.healthy),
            "landschap_decider_tokens_remembered": len(self.holdings.memory.tokens),
            "landschap_decider_declarations_remembered": len(self.holdings.memory.replays),
        }
        for name, value in gauges.items():
            lines += [f"# TYPE {name} gauge", f'{name}{{lane="{lane}"}} {value}']
        return "\n".join(lines) + "\n"

    # What a question needs of the desk.
    def hand_in(self, verdict: Verdict, epoch: int, done: Done) -> None:
        """Have the record written. Raises InvalidRecord, LogUnavailable, QueueFull."""
        self._log.hand_in(verdict.draft, epoch, done, verdict.used)

    @property
    def sources(self) -> Sources:
        """Where missing things come from."""
        return self._sources


class _Question:
    """One question on its way: decide, record, answer."""

    __slots__ = ("asked", "attempts", "desk", "door", "fresh", "heard", "reply", "verdict")

    def __init__(self, desk: Desk, door: str, asked: Asked, reply: Reply, fresh: Fresh) -> None:
        self.desk = desk
        self.door = door
        self.asked = asked
        self.reply = reply
        self.fresh = fresh
        self.attempts = 0
        self.verdict: Verdict | None = None
        # Of this very question; whatever else has to be fetched for it, it is asked once.
        self.heard: Heard | None = None

    def decide(self, holdings: Holdings) -> None:
        """Walk through the door; what is lacking is fetched beside."""
        try:
            found = walk(self.door, self.asked, holdings, self.fresh)
        except Exception:  # noqa: BLE001  # an accident while deciding must end in a refusal
            found = failed(self.door, self.asked, holdings, self.fresh)
        if isinstance(found, Verdict):
            self._record(found, holdings)
        else:
            self.desk.spawn(self._fetch(found))

    def _record(self, verdict: Verdict, holdings: Holdings) -> None:
        self.verdict = verdict
        try:
            self.desk.hand_in(verdict, holdings.world.epoch, self._recorded)
        except InvalidRecord:
            self._record_bare(holdings)
        except Exception:  # noqa: BLE001  # whatever keeps the record away keeps the answer away
            self._unwritable()

    def _record_bare(self, holdings: Holdings) -> None:
        """The log may not hold what was asked; the refusal of that holds nothing of it."""
        bare = not_loggable(self.door, self.asked, holdings, self.fresh)
        self.verdict = bare
        try:
            self.desk.hand_in(bare, holdings.world.epoch, self._recorded)
        except Exception:  # noqa: BLE001  # as above
            self._unwritable()

    def _recorded(self, error: Exception | None) -> None:
        if error is None and self.verdict is not None:
            self.desk.count(self.door, self.verdict.code)
            tell(self.door, self.verdict)
            self.reply(self.verdict.answer)
        elif isinstance(error, StaleDecision) and self.attempts < _ATTEMPTS:
            self.attempts += 1
            self.desk.spawn(self._again(error.epoch))
        elif isinstance(error, Replayed) and self.attempts < _ATTEMPTS:
            self.attempts += 1
            self._decide_as_replay(error.span)
        elif isinstance(error, InvalidRecord) and self.attempts < _ATTEMPTS:
            self.attempts = _ATTEMPTS
            self._record_bare(self.desk.holdings)
        else:
            self._unwritable()

    def _decide_as_replay(self, span: bytes) -> None:
        """Another decider saw the declaration with this span: know that, and decide again."""
        holdings = self.desk.holdings
        if self.verdict is not None and self.verdict.used is not None:
            holdings.memory.replays.learn(self.verdict.used, span)
        self.decide(holdings)

    async def _again(self, epoch: int) -> None:
        """The world is newer than the decision: see it, and decide again."""
        self.heard = None
        try:
            await self.desk.sources.newer(epoch)
        except Exception:  # noqa: BLE001  # without the newer world there is no decision
            self._unwritable()
        else:
            self.decide(self.desk.holdings)

    async def _fetch(self, wanted: Wanted) -> None:
        """Fetch what is lacking, once; a second time lacking is a refusal."""
        if isinstance(wanted, VoiceWanted):
            await self._hear(wanted)
            return
        try:
            got = await self.desk.sources.obtain(wanted)
        except Exception:  # noqa: BLE001  # what can not be fetched, for whatever reason, is lacking
            got = False
        holdings = msgspec.structs.replace(self.desk.holdings, heard=self.heard)
        if not got or self.attempts >= _ATTEMPTS:
            holdings = msgspec.structs.replace(holdings, unobtainable=True)
        self.attempts += 1
        self.decide(holdings)

    async def _hear(self, wanted: VoiceWanted) -> None:
        """Ask the other decision point, and walk again with what it said."""
        try:
            heard = await self.desk.sources.hear(wanted)
        except Exception:  # noqa: BLE001  # a voice that can not be heard has said nothing
            heard = unavailable(wanted.voice, wanted.about, "failed")
        if self.attempts >= _ATTEMPTS:
            heard = unavailable(wanted.voice, wanted.about, "too_many_attempts")
        self.attempts += 1
        self.heard = heard
        self.decide(msgspec.structs.replace(self.desk.holdings, heard=heard))

    def _unwritable(self) -> None:
        refusal = refusals.log_unwritable()
        self.desk.count(self.door, refusal.code)
        self.reply(answers.refused(refusal, self.door, None, trace_of(self.asked, self.fresh)))


class _Again:
    """A question answered from memory, until its record is durable."""

    __slots__ = ("answer", "by", "data", "desk", "tail")

    def __init__(
        self, desk: Desk, data: bytes, tail: Tail, answer: bytes, by: DoorProtocol
    ) -> None:
        self.desk = desk
        self.data = data
        self.tail = tail
        self.answer = answer
        self.by = by

    def recorded(self, error: Exception | None) -> None:
        """Answer, or decide it anew in the newer world, or say that it can not be recorded."""
        if error is None:
            self.desk.count("inway", "")
            self.by.reply(self.answer)
        elif isinstance(error, StaleDecision | InvalidRecord):
            self.by.decide_anew(self.data)
        else:
            refusal = refusals.log_unwritable()
            self.desk.count("inway", refusal.code)
            trace = Trace(bytes.fromhex(self.tail.trace.decode()), b"", None, 0, "")
            self.by.reply(answers.refused(refusal, "inway", None, trace))
