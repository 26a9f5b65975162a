# SPDX-License-Identifier: EUPL-1.2
"""Question and answer as a page tells them: as they went over the line, without secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping

from landschap.client.answers import Answer
from landschap.client.asking import Sent

MOST_SHOWN = 20_000
_SECRET = frozenset({"X-Api-Key", "Authorization"})
_HEADERS = ("content-type", "fsc-transaction-id", "fsc-error-code", "purpose-decision",
            "preference-applied", "deprecation", "sunset", "link", "retry-after")  # fmt: skip


def sent_text(sent: Sent, host: str) -> str:
    """The question; of a secret only that there was one."""
    lines = [f"{sent.method} {sent.target} HTTP/1.1", f"Host: {host}"]
    lines += [
        f"{name}: {'(...)' if name in _SECRET else value}" for name, value in sent.headers.items()
    ]
    return "\n".join([*lines, "", pretty(sent.body)]).rstrip()


def answer_text(answer: Answer) -> str:
    """The answer with the headers that mean something to who asks."""
    lines = [f"HTTP/1.1 {answer.status}"]
    lines += [
        f"{_named(name)}: {answer.headers[name]}" for name in _HEADERS if name in answer.headers
    ]
    return "\n".join([*lines, "", pretty(answer.content)]).rstrip()


def pretty(content: bytes) -> str:
    """JSON with lines, anything else as it is; what is longer than can be read is cut."""
    text = content.decode("utf-8", errors="replace")
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        pass
    if len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n[... {len(text) - MOST_SHOWN:,}]"


def allowed_fields(problem: Mapping[str, object]) -> tuple[str, ...]:
    """Which fields would have been given, when a refusal says so."""
    found = problem.get("allowed_fields")
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()


def _named(header: str) -> str:
    return "-".join(part.title() for part in header.split("-"))
