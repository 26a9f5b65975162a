# SPDX-License-Identifier: EUPL-1.2
"""The form asks the own Outway: with a key of its own, under its own purpose and contracts.

It is a client like any other, and knows what is published: the OpenAPI documents of two services.
Each question carries the number of the application as its case, so that the uses for one
application stand together.
Source: ``docs/how-to/ask-from-a-program.md``; NL GOV REST API Design Rules 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from landschap.client import AsyncLandschap, Failed, LandschapError, Refused
from landschap.forms.application import idempotency_key
from landschap.forms.fetched import ASKED, Fetched, Outcome, fetched_of
from landschap.platform.form_settings import FormSettings
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

log = structlog.get_logger(__name__)
FETCH_SECONDS, REGISTER_SECONDS = 6.0, 15.0
_MAX_BYTES = 1_000_000
# Under this number one stands already: with the same key, or after the key was forgotten.
_THERE_ALREADY = frozenset({"idempotency_key_reused", "geschiedenis.gewijzigd"})
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The register has it: since when; ``is_new`` is False when another one stood there already."""

    at: str = ""
    is_new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRegistered:
    """It is not there, or nobody knows yet. ``code`` is why; empty when nobody answered."""

    code: str = ""
    may_be_there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormClient:
    """How the form asks. ``key`` reads the form's key, with each question: it may be replaced."""

    outway: str
    key: Callable[[], str] = field(repr=False)
    settings: FormSettings

    async def fetch(self, person: str, number: str) -> Fetched:
        """Ask for what the form is filled in with. What goes wrong is told, never raised."""
        service = self.settings.fetch_service
        at = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            async with self._line(FETCH_SECONDS) as line:
                answer = await line.ask(
                    service,
                    f"/{_name(service)}/v1/_zoek",
                    purpose=self.settings.purpose,
                    fields=ASKED,
                    json={"burgerservicenummer": person},
                    case=number,
                    lenient=True,
                )
            return fetched_of(answer.data, at, answer.transaction_id)
        except Refused as refused:
            if refused.status == _NOT_FOUND:
                return Fetched(outcome=Outcome.NOBODY, at=at)
            log.warning("form not filled in", code=refused.code)
            return Fetched(outcome=Outcome.REFUSED, at=at, code=refused.code)
        except (LandschapError, InvalidValue, OSError, ValueError, RecursionError) as error:
            log.warning("form not filled in", error=type(error).__name__)
            return Fetched(outcome=Outcome.AWAY, at=at)

    async def register(
        self, number: str, body: Mapping[str, JsonValue]
    ) -> Registered | NotRegistered:
        """Register an application, once however often it is sent. Never raised, always told."""
        service = self.settings.register_service
        try:
            async with self._line(REGISTER_SECONDS) as line:
                answer = await line.ask(
                    service,
                    f"/{_name(service)}/v1/aanvragen/{number}/_registreer",
                    purpose=self.settings.purpose,
                    json=dict(body),
                    case=number,
                    headers={"If-None-Match": "*", "Idempotency-Key": idempotency_key(number)},
                )
            return Registered(at=str(answer.data["tijdstipRegistratie"]))
        except Refused as refused:
            if refused.code in _THERE_ALREADY:
                return Registered(is_new=False)
            log.warning("application not registered", code=refused.code)
            return NotRegistered(code=refused.code)
        except (LandschapError, InvalidValue, OSError, ValueError, TypeError, KeyError) as error:
            # Also an answer that can not be read came from somebody who may have written it.
            code = error.code if isinstance(error, Failed) else ""
            log.warning("application not registered", error=type(error).__name__, code=code)
            return NotRegistered(code=code, may_be_there=True)

    def _line(self, seconds: float) -> AsyncLandschap:
        return AsyncLandschap(self.outway, key=self.key(), timeout=seconds, max_bytes=_MAX_BYTES)


def _name(contract: str) -> str:
    """The service of a contract's name: ``peer/service``, either with ``@delegator``."""
    return contract.split("@", 1)[0].rsplit("/", 1)[-1]
