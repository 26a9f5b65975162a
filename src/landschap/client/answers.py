# SPDX-License-Identifier: EUPL-1.2
"""What came back: an answer, or why there is none.

Both forms of refusal are read: problem details (purpose and policy) and the error body of FSC.
Source: RFC 9457; FSC Core, "Error response"; ``docs/reference/errors.md``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from landschap.vocabulary.ijson import JsonValue

_ANSWER_BELOW, _FAULT_FROM = 400, 500
_LONGEST_WORDS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it was given. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The content as text; bytes that are none are replaced."""
        return self.content.decode("utf-8", errors="replace")

    @property
    def data(self) -> Any:
        """The content as JSON gives it. Raises ValueError when it is none."""
        return json.loads(self.content)

    @property
    def transaction_id(self) -> str:
        """What ``landschap explain`` takes, at each of the organisations."""
        return self.headers.get("fsc-transaction-id", "")

    @property
    def decision(self) -> str:
        """Under which policy the provider answered, as it says: ``Purpose-Decision``."""
        return self.headers.get("purpose-decision", "")


class LandschapError(Exception):
    """There is no answer."""


class NotReached(LandschapError):
    """The Outway did not answer, or not in time. Whether the question arrived is then unknown."""


class _Told(LandschapError):
    def __init__(self, answer: Answer) -> None:
        told = _told(answer)
        self.answer = answer
        self.status = answer.status
        self.code = _text(told.get("code"))
        self.title = _text(told.get("title"))
        self.detail = _text(told.get("detail") or told.get("message"))
        self.missing = _text(told.get("missing"))
        self.owner = _text(told.get("owner"))
        self.problem: Mapping[str, JsonValue] = told
        super().__init__(self._words())

    @property
    def transaction_id(self) -> str:
        """What ``landschap explain`` takes."""
        return self.answer.transaction_id

    def _words(self) -> str:
        what = self.detail or self.title or f"the answer has status {self.status} and no reason"
        more = [
            f"code {self.code}" if self.code else f"status {self.status}",
            f"missing: {self.missing}" if self.missing else "",
            f"who can add it: {self.owner}" if self.owner else "",
        ]
        return f"{what.rstrip('.')} ({'; '.join(each for each in more if each)})"


class Refused(_Told):
    """Somebody said no (4xx).

    ``code`` stands in the manual, ``detail`` says why, ``missing`` what lacks and ``owner`` who can
    add it; ``problem`` is all of it.
    """


class Failed(_Told):
    """The Outway, the provider or its service could not answer (5xx); the same words."""


def read_answer(status: int, headers: Mapping[str, str], content: bytes) -> Answer:
    """The answer. Raises Refused and Failed."""
    lower = {name.lower(): value for name, value in headers.items()}
    answer = Answer(status=status, headers=lower, content=content)
    if status >= _FAULT_FROM:
        raise Failed(answer)
    if status >= _ANSWER_BELOW:
        raise Refused(answer)
    return answer


def _told(answer: Answer) -> dict[str, JsonValue]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        told = answer.data
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(value: JsonValue) -> str:
    return value[:_LONGEST_WORDS] if isinstance(value, str) else ""
