# SPDX-License-Identifier: EUPL-1.2
"""A company in whose name somebody logged in, and who that is: by a pseudonym, never a number.

The login tells the number in the trade register, for what the person may act, and the pseudonym by
which the means of login knows them. Who is not authorised gets no company.
Source: Afsprakenstelsel Elektronische Toegangsdiensten, "Attribute catalogue" (LegalSubjectID,
ActingSubjectID, ServiceID); Handelsregisterwet 2007, art. 9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from landschap.vocabulary.mandates import MOST_SERVICES, is_code

_KVK = re.compile(r"[0-9]{8}")
_RSIN = re.compile(r"[0-9]{9}")
_ACTING = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=#-]{7,254}")
_NINE_DIGITS = re.compile(r"(?<![0-9])[0-9]{9}(?![0-9])")
_MOST_NAME = 200


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """The company, and by what somebody may act for it.

    ``acting`` is the pseudonym of who acts, as the means of login gives it. ``source`` keeps the
    mandate and ``reference`` is how it is known there; ``until`` is the first moment without it.
    """

    kvk: str
    rsin: str
    name: str
    acting: str
    source: str
    reference: str
    services: tuple[str, ...]
    until: datetime | None = None

    def __repr__(self) -> str:
        return f"Company({self.kvk!r})"

    def covers(self, services: Sequence[str], now: datetime) -> bool:
        """True while it is for one of these names of a service."""
        ended = self.until is not None and now >= self.until
        return not ended and not set(self.services).isdisjoint(services)


class CompanyClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Under which names a login tells of a company."""

    kvk: str
    rsin: str
    acting: str
    services: str


def read_company(claims: Mapping[str, object], names: CompanyClaims, issuer: str) -> Company | None:
    """The company in these claims; None when they tell of none, or something in them is no value.

    ``mandate`` is how the mandate is known, ``mandate_until`` its end in seconds since 1970,
    ``company_name`` the name to show. A pseudonym that may be somebody's number is none.
    """
    kvk, acting = _text(claims.get(names.kvk)), _text(claims.get(names.acting))
    rsin = _text(claims.get(names.rsin))
    if not _KVK.fullmatch(kvk) or not _ACTING.fullmatch(acting) or _NINE_DIGITS.search(acting):
        return None
    if rsin and not _RSIN.fullmatch(rsin):
        return None
    reference = _text(claims.get("mandate")) or "eherkenning"
    if not is_code(reference) or not is_code(issuer):
        return None
    try:
        until = _moment(claims.get("mandate_until"))
    except (ValueError, OverflowError, OSError):
        return None
    return Company(
        kvk=kvk,
        rsin=rsin,
        name=_text(claims.get("company_name"))[:_MOST_NAME],
        acting=acting,
        source=issuer,
        reference=reference,
        services=_services(claims.get(names.services)),
        until=until,
    )


def _text(claim: object) -> str:
    return claim if isinstance(claim, str) else ""


def _services(claim: object) -> tuple[str, ...]:
    listed = claim.split() if isinstance(claim, str) else claim
    if not isinstance(listed, Sequence):
        return ()
    return tuple(each for each in listed if isinstance(each, str) and is_code(each))[:MOST_SERVICES]


def _moment(value: object) -> datetime | None:
    """Raises ValueError for an end that is no number: it would be no end at all."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("an end is a number of seconds")  # noqa: TRY004 - one kind for the caller
    return datetime.fromtimestamp(value, UTC)
