# SPDX-License-Identifier: EUPL-1.2
"""A mandate: somebody may act in the name of another, for some services, until some moment.

Parents, guardians and who was given a mandate come in the same form. Who acts, in whose name, by
which mandate and for which services stay apart, from the login to the log.
Source: NL GOV Assurance profile for OpenID Connect, "Representation Relationships" (claim
``represents``); RFC 8693, 4.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from landschap.vocabulary import desk
from landschap.vocabulary.identifiers import Bsn, InvalidValue

MOST = 50
"""Of one login; of more the rest is not looked at."""
MOST_SERVICES = 50
_MOST_NAME = 200
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/#-]{0,199}")
# Nine digits may be somebody's number; a reference stands in the log.
_NUMBER = re.compile(r"(?<![0-9])[0-9]{9}(?![0-9])")


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """In whose name, by which mandate, for what.

    ``bsn`` is the number of the represented person; ``source`` who keeps the mandate and
    ``reference`` how it is known there. ``until`` is the first moment without it, None when the
    source named no end: then it lasts as long as the login.
    """

    bsn: str
    name: str
    source: str
    reference: str
    services: tuple[str, ...]
    until: datetime | None = None

    def __repr__(self) -> str:
        return f"Mandate({self.source!r}, {self.reference!r})"

    def has_ended(self, now: datetime) -> bool:
        """True from its end on."""
        return self.until is not None and now >= self.until

    def covers(self, services: Sequence[str]) -> bool:
        """True when it is for one of these names of a service."""
        return not set(self.services).isdisjoint(services)


def read_mandates(claim: object, *, bsn_claim: str, issuer: str) -> tuple[Mandate, ...]:
    """The mandates in a claim: one object, or a list of them.

    An object holds the number of the represented person under the name that the number of who
    logs in has too, ``name``, ``jti`` or ``reference`` (how the mandate is known), ``iss`` (who
    keeps it; else the issuer of the login), ``services`` as a list or ``scope`` with spaces, and
    ``exp`` in seconds since 1970. One that can not be read is passed over: it gives no right.
    """
    given = claim if isinstance(claim, Sequence) and not isinstance(claim, str) else [claim]
    read = (_read(each, bsn_claim, issuer) for each in given[:MOST])
    found = {each.reference: each for each in read if each is not None}
    return tuple(found.values())


def _read(value: object, bsn_claim: str, issuer: str) -> Mandate | None:
    if not isinstance(value, Mapping):
        return None
    source, reference = str(value.get("iss", issuer)), value.get("jti") or value.get("reference")
    if not isinstance(reference, str) or not (is_code(reference) and is_code(source)):
        return None
    if source == desk.SOURCE:
        return None  # what is said at our own desk is no mandate that a log-in can tell
    try:
        bsn = Bsn.parse(str(value.get(bsn_claim, ""))).value
        until = _moment(value.get("exp"))
    except (InvalidValue, ValueError, OverflowError, OSError):
        return None
    return Mandate(
        bsn=bsn,
        name=str(value.get("name", ""))[:_MOST_NAME],
        source=source,
        reference=reference,
        services=_services(value),
        until=until,
    )


def _services(value: Mapping[str, object]) -> tuple[str, ...]:
    listed, scope = value.get("services"), value.get("scope")
    if isinstance(scope, str):
        listed = scope.split()
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    codes = [each for each in listed if isinstance(each, str) and is_code(each)]
    return tuple(codes[:MOST_SERVICES])


def _moment(value: object) -> datetime | None:
    """Raises ValueError for an end that is no number: it would be no end at all."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("an end is a number of seconds")  # noqa: TRY004 - one kind for the caller
    return datetime.fromtimestamp(value, UTC)


def is_code(text: str) -> bool:
    """True for a text that may stand in a log: no spaces, and nothing like a person's number."""
    return _CODE.fullmatch(text) is not None and _NUMBER.search(text) is None
