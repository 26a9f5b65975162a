# SPDX-License-Identifier: EUPL-1.2
"""How long a source asks to be left alone: the header ``Retry-After``.

Source: RFC 9110, section 10.2.3: a number of seconds, or a moment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Who asks for longer is asked again after an hour.
MAX_SECONDS = 3_600.0
_MOST_DIGITS = 9


def seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """The seconds from ``now``, at least 0, at most an hour; None when nothing is said."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return min(float(text), MAX_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_SECONDS)
