# SPDX-License-Identifier: EUPL-1.2
"""Asking for a key, seeing what is left of it, and giving it back; by programs.

    POST   /sleutels            {"toepassing": "...", "doel": "..."}: the key, once
    GET    /sleutels/eigen      with the key in its header: quota and use
    DELETE /sleutels/eigen      with the key in its header: withdrawn, at once

Nobody is asked who they are. The same by people stands in `pages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from litestar import Response, delete, get
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.requests import check_media
from landschap.registers.open import store
from landschap.registers.open.keys import (
    HEADER,
    REVOKED,
    UNKNOWN,
    Wanted,
    figures,
    invalid_form,
    is_key,
    read_wanted,
)
from landschap.registers.open.store import Used
from landschap.registers.store.rows import Pool
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.times import as_utc_text

_MAX_FORM_BYTES = 10_000
OWN = "/sleutels/eigen"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDesk:
    """Who gives out keys, and with how many requests a day."""

    pool: Pool
    requests_per_day: int

    async def make(self, wanted: Wanted) -> str:
        """A new key."""
        now = datetime.now(UTC)
        return await store.add_key(self.pool, wanted, self.requests_per_day, now)

    async def used(self, text: str) -> Used:
        """A key that counts, and its use today. Raises ProblemError."""
        day = datetime.now(UTC).date()
        found = await store.key_of(self.pool, text, day) if is_key(text) else None
        if found is None:
            raise ProblemError(UNKNOWN)
        if found.key.revoked_at is not None:
            raise ProblemError(REVOKED)
        return found

    async def give_back(self, text: str) -> None:
        """Withdraw a key by its owner: whoever has it. Raises ProblemError."""
        found = await self.used(text)
        await store.revoke_key(self.pool, found.key.key_id, "owner", datetime.now(UTC))


def key_routes(desk: KeyDesk) -> list[ControllerRouterHandler]:
    """What may be done with a key one has."""

    @get(OWN, opt={"query": ()})
    async def own(request: AnyRequest) -> Response[bytes]:
        found = await desk.used(request.headers.get(HEADER, ""))
        key, now = found.key, datetime.now(UTC)
        body: JsonValue = {
            "nummer": key.key_id,
            "toepassing": key.application,
            "doel": key.purpose,
            "vragenPerDag": key.requests_per_day,
            "vragenVandaag": found.requests,
            "tijdstipUitgifte": as_utc_text(key.created_at),
        }
        return json_response(body, headers=figures(key, found.requests, now))

    @delete(OWN, status_code=HTTPStatus.NO_CONTENT, opt={"query": ()})
    async def give_back(request: AnyRequest) -> None:
        await desk.give_back(request.headers.get(HEADER, ""))

    return [own, give_back]


async def answer_json(desk: KeyDesk, request: AnyRequest) -> Response[bytes]:
    """A key for a program that asks for one. Raises ProblemError."""
    check_media(request)
    wanted = read_wanted(_given(await request.body()))
    if not isinstance(wanted, Wanted):
        raise ProblemError(invalid_form(wanted))
    body: JsonValue = {
        "sleutel": await desk.make(wanted),
        "header": HEADER,
        "vragenPerDag": desk.requests_per_day,
        "uitleg": "Deze sleutel ziet u maar een keer. Bewaar hem als een wachtwoord.",
    }
    return json_response(body, status=HTTPStatus.CREATED, headers={"Location": OWN})


def _given(body: bytes) -> dict[str, JsonValue]:
    """The body as an object. Raises ProblemError."""
    try:
        given = loads(body, max_bytes=_MAX_FORM_BYTES, storable=True)
    except InvalidJson as error:
        raise ProblemError(invalid_form({"": str(error)})) from None
    if not isinstance(given, dict):
        raise ProblemError(invalid_form({"": "must be an object with toepassing and doel"}))
    return given
