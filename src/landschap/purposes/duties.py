# SPDX-License-Identifier: EUPL-1.2
"""Obligations: how a value must be changed before it leaves, and what goes with an answer.

    pseudonimiseren  another text for each value: the same for one receiver and purpose, another for
                     the next
    afronden         a number, rounded to a multiple of ``waarde``
    kleine-aantallen  a count under ``waarde`` that is not 0 becomes ``<waarde``
    maskeren         asterisks
    geboortejaar     of a day, the year
    pc4              of a postal code, the four figures
    melden           the receiver tells the person; it is named in the answer and in the record

A value never leaves unobliged: what an obligation can not be applied to is left out, and an
obligation that is not known is a denial. The confidentiality mark of a person (geheimhouding) is
no obligation of one policy but of the service: it travels with the answer, and takes the guarded
fields from whoever receives as a third party (derde).
Source: AVG art. 5 lid 1 sub c, art. 25; Wet BRP art. 2.59 and 3.21; AuthZEN, obligations: one
that can not be met makes the answer a denial.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from landschap.vocabulary.ijson import JsonValue

NOTIFY = "melden"
SMALL_COUNTS = "kleine-aantallen"
PUBLIC_BODY = "overheidsorgaan"
THIRD_PARTY = "derde"
RECEIVERS = (PUBLIC_BODY, THIRD_PARTY)
"""Kinds of receiver, that the confidentiality mark tells apart. Source: Wet BRP art. 3.21."""

CONFIDENTIAL = "geheimhouding"
TOLD = "_verplichtingen"
GUARDED = "_afgeschermd"
_MASK = "***"
_YEAR = re.compile(r"([0-9]{4})(?:-[0-9]{2}(?:-[0-9]{2})?)?")
_POSTAL_CODE = re.compile(r"([1-9][0-9]{3})\s?[A-Za-z]{2}")
_PSEUDONYM_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Obligation:
    """One obligation: what is done (`KINDS`), to which field, by which measure."""

    kind: str
    path: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidentiality:
    """Which field marks a person as confidential, and which fields that guards."""

    path: str
    guarded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """Everything an answer must obey: obligations, and the mark when the service has one.

    ``secret`` makes pseudonyms; ``receiver`` and ``purpose`` keep those of two receivers apart, and
    those of one receiver for two purposes.
    """

    obligations: tuple[Obligation, ...] = ()
    mark: Confidentiality | None = None
    third_party: bool = False
    receiver: str = ""
    purpose: str = ""
    secret: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.obligations) or self.mark is not None

    def hides(self, path: str) -> bool:
        """True for a field that may not be searched, filtered or followed by: it would tell."""
        hidden = hidden_by(self.obligations, self.mark, self.third_party)
        return any(path == each or path.startswith(f"{each}.") for each in hidden)


NO_DUTIES = Duties()


def hidden_by(
    obligations: Iterable[Obligation], mark: Confidentiality | None, third_party: bool
) -> frozenset[str]:
    """Fields of which the real value is not given."""
    guarded = mark.guarded if mark is not None and third_party else ()
    return frozenset({each.path for each in obligations if each.path}.union(guarded))


def fault_of(obligation: Obligation) -> str:
    """What is wrong with the form of an obligation; empty when nothing is."""
    if obligation.kind not in KINDS:
        return f"{obligation.kind[:40]!r} is no obligation; there are: {', '.join(KINDS)}"
    if obligation.kind == NOTIFY:
        return "" if not obligation.path else "melden is about the whole answer, without veld"
    if not obligation.path:
        return f"{obligation.kind} needs a veld"
    if obligation.kind == "afronden":
        return "" if _measure(obligation.value) else "afronden needs a waarde above 0, as 1000"
    if obligation.kind == SMALL_COUNTS:
        return "" if _least(obligation.value) else f"{SMALL_COUNTS} needs a waarde from 2, as 10"
    return "" if not obligation.value else f"{obligation.kind} takes no waarde"


def unknown(obligations: Iterable[Obligation]) -> str:
    """The first obligation that we can not meet; empty when we can meet all."""
    return next((each.kind for each in obligations if fault_of(each)), "")


def obey(
    body: Mapping[str, JsonValue], duties: Duties, marked_in: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """A body as it may leave. ``marked_in`` is the whole content, in which the mark is looked up.

    Raises ValueError for an obligation that is not known: then nothing may leave.
    """
    if wrong := unknown(duties.obligations):
        raise ValueError(f"the obligation {wrong[:40]!r} can not be met")
    if not duties:
        return dict(body)
    told = [NOTIFY] if any(each.kind == NOTIFY for each in duties.obligations) else []
    changed = dict(body)
    mark = duties.mark
    if mark is not None and carries(mark, marked_in):
        told.append(CONFIDENTIAL)
        if duties.third_party:
            for path in mark.guarded:
                changed = _changed(changed, path.split("."), _gone)
            changed[GUARDED] = CONFIDENTIAL
    for each in duties.obligations:
        if each.kind != NOTIFY:
            changed = _changed(changed, each.path.split("."), _change(each, duties))
    if told:
        changed[TOLD] = list(told)
    return changed


def is_marked(value: JsonValue) -> bool:
    """True unless it is certain that the person asked for no confidentiality.

    Source: LO BRP, element 07.70.10: 0 is no confidentiality, 1 to 7 are forms of it.
    """
    return value is None or str(value).strip().lower() not in ("0", "false", "nee", "n")


def carries(mark: Confidentiality, content: Mapping[str, JsonValue]) -> bool:
    """True unless the content says that its person asked for no confidentiality."""
    return is_marked(_at(content, mark.path))


def pseudonym_of(duties: Duties, path: str, value: JsonValue) -> str:
    """The text that stands for a value of a field: another per key, receiver, purpose and field.

    Who does not have ``duties.secret`` can not find the value, nor try out whether it is one.
    """
    words = "\n".join(("answer", duties.receiver, duties.purpose, path, str(value)))
    code = hmac.digest(duties.secret, words.encode(), "sha256")[:_PSEUDONYM_BYTES]
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode()


_Change = Callable[[JsonValue], JsonValue]
KINDS = (
    "pseudonimiseren", "afronden", SMALL_COUNTS, "maskeren", "geboortejaar", "pc4", NOTIFY,
)  # fmt: skip
"""Every obligation that our services meet."""


def _change(obligation: Obligation, duties: Duties) -> _Change:
    def pseudonym(value: JsonValue) -> JsonValue:
        return pseudonym_of(duties, obligation.path, value)

    def rounded(value: JsonValue) -> JsonValue:
        measure = _measure(obligation.value)
        try:
            number = Decimal(str(value))
            if measure is None or isinstance(value, bool) or not number.is_finite():
                return None
            whole = (number / measure).quantize(Decimal(1), rounding=ROUND_HALF_UP) * measure
        except InvalidOperation:
            return None
        if isinstance(value, str):
            return format(whole.normalize(), "f")
        return int(whole) if whole == whole.to_integral_value() else float(whole)

    changes: Mapping[str, _Change] = {
        "pseudonimiseren": pseudonym,
        "afronden": rounded,
        SMALL_COUNTS: lambda value: _blurred(value, _least(obligation.value)),
        "maskeren": lambda _value: _MASK,
        "geboortejaar": lambda value: _first(_YEAR, value),
        "pc4": lambda value: _first(_POSTAL_CODE, value),
    }
    return changes[obligation.kind]


def _gone(_value: JsonValue) -> JsonValue:
    return None


def _first(pattern: re.Pattern[str], value: JsonValue) -> JsonValue:
    found = pattern.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else None


def _blurred(value: JsonValue, least: int) -> JsonValue:
    """A count as it may be told. Few of something is soon somebody."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return f"<{least}" if 0 < value < least else value


def _least(text: str) -> int:
    """The smallest count that may be told; 0 for what is none."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) and int(text) > 1 else 0


def _measure(text: str) -> Decimal | None:
    try:
        measure = Decimal(text)
    except InvalidOperation:
        return None
    return measure if measure.is_finite() and measure > 0 else None


def _changed(
    body: Mapping[str, JsonValue], steps: list[str], change: _Change
) -> dict[str, JsonValue]:
    """The body with the values at these steps changed; one that becomes nothing is left out."""
    first, rest = steps[0], steps[1:]
    if first not in body:
        return dict(body)
    value = _replaced(body[first], rest, change)
    kept = {name: each for name, each in body.items() if name != first or value is not None}
    if value is not None:
        kept[first] = value
    return kept


def _replaced(value: JsonValue, rest: list[str], change: _Change) -> JsonValue:
    if isinstance(value, list | tuple):
        made = (_replaced(each, rest, change) for each in value)
        return [each for each in made if each is not None]
    if value is None:
        return None
    if rest:
        return _changed(value, rest, change) if isinstance(value, Mapping) else None
    # A group under an obligation has no value that it could be applied to.
    return None if isinstance(value, Mapping) else change(value)


def _at(content: Mapping[str, JsonValue], path: str) -> JsonValue:
    value: JsonValue = content
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value
