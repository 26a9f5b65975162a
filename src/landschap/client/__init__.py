# SPDX-License-Identifier: EUPL-1.2
"""Asking through the own organisation's Outway, with contract and purpose by name.

    from landschap.client import Landschap

    landschap = Landschap("http://127.0.0.1:8080", key=key)
    answer = landschap.ask("uitkeringen", "/v1/_zoek", purpose="bijstand",
                           fields=["uitkering.soort"], json={"burgerservicenummer": number})
    answer.data, answer.transaction_id

`AsyncLandschap` has the same words for asyncio. What goes wrong is one of three:

    LandschapError          all of it
        NotReached          the Outway did not answer, or not in time
        Refused             somebody said no: which code, what is missing, who can add it
        Failed              who was asked could not answer (5xx)

Nothing is asked a second time by itself: each question that arrives is a use, and is recorded.
"""

from __future__ import annotations

from landschap.client.answers import Answer, Failed, LandschapError, NotReached, Refused
from landschap.client.asking import Question
from landschap.client.connectors import AsyncLandschap, Landschap

__all__ = [
    "Answer", "AsyncLandschap", "Failed", "Landschap", "LandschapError", "NotReached", "Question",
    "Refused",
]  # fmt: skip
