# SPDX-License-Identifier: EUPL-1.2
"""How it stands for one person here: what there is to say, what was said, which requests there are.

For our own portal and for those of others alike.
"""

from __future__ import annotations

from datetime import datetime

from landschap.gateway.saying.question import Standing, ToldRequest, told_choice, told_use
from landschap.gateway.saying.store import Rooms
from landschap.gateway.saying.store.requests import Request, requests_of
from landschap.purposes.choosing import choices_of, uses_of
from landschap.purposes.persons.store import consents_of
from landschap.purposes.snapshot import Snapshot


async def standing_of(rooms: Rooms, snapshot: Snapshot, subject: bytes, now: datetime) -> Standing:
    """The standing of who has this pseudonym under the first key."""
    history = await consents_of(rooms.purposes, [subject])
    return Standing(
        keuzes=tuple(told_choice(each) for each in choices_of(snapshot, history, now)),
        gebruik=tuple(told_use(each) for each in uses_of(snapshot, now)),
        verzoeken=tuple(told_request(each) for each in await requests_of(rooms.gateway, subject)),
    )


def told_request(request: Request) -> ToldRequest:
    """A request as its person sees it; the words of the decision are for them."""
    return ToldRequest(
        kenmerk=str(request.number),
        recht=request.asked.right.value,
        over=request.asked.about,
        stand=request.state.value,
        ontvangen=request.received_at,
        uiterlijk=request.due,
        meteen=request.asked.at_once and request.is_open,
        reden=request.lifted.reason if request.lifted else request.reason,
        opgeheven=request.lifted.at if request.lifted else None,
    )
