# SPDX-License-Identifier: EUPL-1.2
"""Giving answers: only permitted fields, the address under which they can be asked again.

Source: API strategy, temporal extension; RFC 9110, "Content-Location", "ETag".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from math import floor
from urllib.parse import urlencode

import msgspec

from landschap.purposes.duties import NO_DUTIES, Duties, obey
from landschap.registers.asking import Asked
from landschap.registers.derived_history import history_told
from landschap.registers.deriving import Derivations, following_from, with_derived
from landschap.registers.geojson import in_crs
from landschap.registers.geometry_crs import CRS84, Crs
from landschap.registers.periods import OPEN
from landschap.registers.questions import AsOf, Found
from landschap.registers.timeline import Clock, Known
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ERRORS_PAGE, Refusal
from landschap.vocabulary.times import as_utc_text

_ENCODE = msgspec.json.Encoder().encode
# Doubt about a day of the history itself tells nothing of a hidden value.
_DAYS = frozenset({"beginGeldigheid", "eindGeldigheid"})
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How an answer is cut: the leaves it holds, those left out, with or without history.

    ``crs`` is how coordinates are written; ``duties`` is what each object must obey.
    ``whole_stretch``: what is told holds on all days of the stretch, not just on the day asked.
    ``with_corrections`` tells which assertion was corrected: that is formal history.
    """

    leaves: frozenset[str]
    left_out: frozenset[str]
    with_history: bool
    with_corrections: bool = False
    crs: Crs = CRS84
    duties: Duties = NO_DUTIES
    whole_stretch: bool = False


def body_of(found: Found, question: AsOf, shape: Shape) -> dict[str, JsonValue]:
    """One object as it is delivered."""
    derived = found.type.derived
    content = _whole(found, question, shape) if derived else found.content
    body = in_crs(found.type, cut(content, shape.leaves), shape.crs)
    if shape.duties:
        body = obey(body, guarding(shape.duties, derived), found.content)
    if shape.with_history:
        history = history_told(found, question, shape.leaves, whole_stretch=shape.whole_stretch)
        doubts = history["inOnderzoek"]
        if isinstance(doubts, list):
            # A doubted value is no surer for what was made of it.
            doubts += sorted(following_from(derived, map(str, doubts)))
            history["inOnderzoek"] = [path for path in doubts if path in body or path in _DAYS]
        if not shape.with_corrections:
            del history["corrigeert"]
        body["historie"] = history
    if shape.left_out:
        body["_weggelaten"] = sorted(shape.left_out)
    return body


def _whole(found: Found, question: AsOf, shape: Shape) -> Mapping[str, JsonValue]:
    """The content with what is derived, from the values as they were and on the day asked."""
    first = last = question.valid_on
    if shape.whole_stretch:
        period = found.history.period
        first, last = period.begin, period.end - _A_DAY if period.end != OPEN else OPEN
    return with_derived(found.content, found.type.derived, first, last)


def guarding(duties: Duties, derived: Derivations) -> Duties:
    """The duties where a guarded field guards what is derived from it as well."""
    mark = duties.mark
    if mark is None or not derived:
        return duties
    guarded = (*mark.guarded, *sorted(following_from(derived, mark.guarded)))
    return replace(duties, mark=replace(mark, guarded=guarded))


def cut(
    content: Mapping[str, JsonValue], leaves: frozenset[str], prefix: str = ""
) -> dict[str, JsonValue]:
    """The part of a content that lies at these paths; the order of the content is kept."""
    kept: dict[str, JsonValue] = {}
    for name, value in content.items():
        path = prefix + name
        if path in leaves:
            kept[name] = value
        elif isinstance(value, Mapping):
            inner = cut(value, leaves, f"{path}.")
            if inner:
                kept[name] = inner
    return kept


def headers_of(
    path: str, asked: Asked, question: AsOf, found: Sequence[Found], body: JsonValue
) -> dict[str, str]:
    """The headers that let an answer be repeated and recognised.

    ``Content-Location`` holds both effective times; on the source's clock also our own number,
    as a late delivery may bring older moments.
    """
    repeat = repeat_of(question.valid_on, question.known)
    if asked.crs != CRS84:
        repeat["crs"] = asked.crs.uri
    if asked.fields is not None:
        repeat["fields"] = ",".join(sorted(asked.fields))
    headers = {
        "Content-Location": f"{path}?{urlencode(repeat)}",
        "ETag": etag_of(body, [one.history.number for one in found]),
    }
    # When a value was registered from which something follows is not told.
    if found and not any(one.type.derived for one in found):
        last = max(one.history.registered_at for one in found)
        headers["Last-Modified"] = http_date(floor(last.timestamp()))
    return headers


def repeat_of(valid_on: date, known: Known) -> dict[str, str]:
    """The parameters that ask for this day and this knowledge again."""
    repeat = {
        "geldigOp": valid_on.isoformat(),
        "beschikbaarOp": as_utc_text(known.moment),
        "klok": known.clock.value,
    }
    if known.clock is Clock.SOURCE:
        repeat["volgnummer"] = str(known.number)
    return repeat


def etag_of(body: JsonValue, numbers: Sequence[int]) -> str:
    """What recognises an answer: its body as it is sent, and the assertions it rests on."""
    return etag_of_bytes(_ENCODE(body), numbers)


def etag_of_bytes(body: bytes, numbers: Sequence[int]) -> str:
    """As `etag_of`, of a body that was encoded already."""
    digest = hashlib.sha256(b"%b%b" % (body, _ENCODE(numbers))).hexdigest()
    return f'"{digest[:32]}"'


def repeat_text(valid_on: date, known: Known) -> str:
    """`repeat_of` as a query string."""
    moment = as_utc_text(known.moment).replace(":", "%3A")
    text = f"geldigOp={valid_on.isoformat()}&beschikbaarOp={moment}&klok={known.clock.value}"
    return f"{text}&volgnummer={known.number}" if known.clock is Clock.SOURCE else text


@lru_cache(maxsize=4096)
def http_date(second: int) -> str:
    """A moment as a header has it. Source: RFC 9110, 5.6.7."""
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)


def no_version(question: AsOf, *, existed: bool) -> Refusal:
    """The refusal when one object was asked for and nothing held."""
    if not existed:
        return Refusal(
            code="niet-gevonden",
            status=HTTPStatus.NOT_FOUND,
            title="There is no such object",
            detail=f"No object of {question.type.collection} has this identification, as known.",
        )
    return Refusal(
        code="tijd.geen-versie",
        status=HTTPStatus.NOT_FOUND,
        title="The object had no version on that day",
        detail=f"It exists, but nothing held on {question.valid_on}, as known at "
        f"{as_utc_text(question.known.moment)}.",
        extra={"type": f"{ERRORS_PAGE}/BestaatNiet"},
    )
