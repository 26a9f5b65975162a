# SPDX-License-Identifier: EUPL-1.2
"""What each step of the demo saw, told to a person or to a program."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from rich.console import Console

from landschap.vocabulary.ijson import JsonValue

Seen = dict[str, JsonValue]


@dataclass(slots=True, kw_only=True)
class Step:
    """One thing that was done for real: its name, whether it held, and what was observed."""

    name: str
    ok: bool
    seen: Seen
    seconds: float


class StepFailedError(AssertionError):
    """A step observed something else than it should; ``seen`` holds what."""

    def __init__(self, words: str, seen: Seen) -> None:
        super().__init__(words)
        self.seen = seen


@dataclass(slots=True)
class Report:
    """The steps in order; told on ``console`` as they happen, as one document at the end."""

    console: Console
    steps: list[Step] = field(default_factory=list)

    async def step(self, name: str, act: Callable[[], Awaitable[Seen]]) -> bool:
        """Carry out one step, remember and tell what was seen. A failure ends this step only."""
        started = time.monotonic()
        try:
            seen, ok = await act(), True
        except StepFailedError as error:
            seen, ok = {**error.seen, "problem": str(error)}, False
        except Exception as error:  # noqa: BLE001  # one failing step must not end the report
            seen, ok = {"problem": f"{type(error).__name__}: {error}"}, False
        step = Step(name=name, ok=ok, seen=seen, seconds=time.monotonic() - started)
        self.steps.append(step)
        self._tell(step)
        return ok

    @property
    def ok(self) -> bool:
        """True when every step held, and there was at least one."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def as_json(self) -> str:
        """The report as one JSON document."""
        steps = [
            {"name": s.name, "ok": s.ok, "seen": s.seen, "seconds": round(s.seconds, 3)}
            for s in self.steps
        ]
        return json.dumps({"ok": self.ok, "steps": steps}, ensure_ascii=False, indent=2)

    def _tell(self, step: Step) -> None:
        mark = "[green]ok[/green]  " if step.ok else "[red bold]FAIL[/red bold]"
        self.console.print(f"{mark} [bold]{step.name}[/bold]", highlight=False)
        for key, value in step.seen.items():
            words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            self.console.print(
                f"       {key}: {words}", highlight=False, markup=False, soft_wrap=True
            )


def demand(holds: bool, words: str, seen: Seen) -> None:
    """Fail the step with what was seen unless it holds."""
    if not holds:
        raise StepFailedError(words, seen)
