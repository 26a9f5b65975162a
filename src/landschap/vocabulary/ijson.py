# SPDX-License-Identifier: EUPL-1.2
"""Strict reading of I-JSON, and its one canonical form.

What is hashed or signed must mean the same to every reader. So duplicate keys, lone surrogates,
NaN, infinities and integers that a double cannot hold are refused instead of repaired.
Source: RFC 7493 (I-JSON), RFC 8785 (JCS).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import NoReturn

import rfc8785

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

MAX_SAFE_INTEGER = 2**53 - 1
# A longer run of digits can not be a safe integer; checked before int() so that a body of a
# million digits costs nothing.
_MAX_INTEGER_DIGITS = 17
# From here on the canonical form writes an exponent. Source: RFC 8785, 3.2.2.3 (ECMAScript).
_EXPONENT_FROM = 1e21


class InvalidJson(ValueError):
    """A body that is not I-JSON within our limits; the message says where and why."""


def loads(
    data: bytes | str,
    *,
    max_bytes: int = 1_000_000,
    max_depth: int = 64,
    storable: bool = False,
) -> JsonValue:
    """Read one I-JSON value. What can be read can be read again from its canonical form.

    Raises InvalidJson for malformed JSON, duplicate keys, lone surrogates, non-finite numbers,
    integers beyond 2^53-1, bodies over max_bytes and nesting over max_depth. With ``storable``
    also for a null character, which PostgreSQL keeps in no text.
    """
    if len(data) > max_bytes:
        raise InvalidJson(f"body of {len(data)} bytes; at most {max_bytes} are read")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"not UTF-8 at byte {error.start}") from None
    _refuse_deep(text, max_depth)
    try:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_int=_safe_integer,
            parse_float=_finite_number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise InvalidJson(
            f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    # UTF-8 holds no surrogates: one can only come from an escape, or in a text given as such.
    if "\\u" in text or not (isinstance(data, bytes) or text.isascii()):
        _refuse_lone_surrogates(value)
    if storable and "u0000" in text and holds_null(value):
        raise InvalidJson("no text may hold a null character")
    return value


def canonical(value: JsonValue) -> bytes:
    """The canonical bytes of a value. Raises InvalidJson when it has no canonical form.

    Source: RFC 8785.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InvalidJson(f"no canonical form: {error}") from None


def holds_null(value: JsonValue) -> bool:
    """True when a text or a key in it holds a null character, which PostgreSQL keeps nowhere."""
    pending: list[JsonValue] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if "\0" in item:
                return True
        elif isinstance(item, Mapping):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, Sequence):
            pending.extend(item)
    return False


def _refuse_deep(text: str, max_depth: int) -> None:
    # Most bodies have fewer brackets than the limit allows levels; counting them is all it takes.
    if text.count("{") + text.count("[") <= max_depth:
        return
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > max_depth:
                raise InvalidJson(f"nested deeper than {max_depth} levels")
        elif character in "]}":
            depth -= 1


def _object_without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in result:
            raise InvalidJson(f"key {key[:80]!r} stands twice in one object")
        result[key] = value
    return result


def _safe_integer(text: str) -> int:
    if len(text) > _MAX_INTEGER_DIGITS or abs(int(text)) > MAX_SAFE_INTEGER:
        raise InvalidJson(f"integer {text[:24]} lies beyond 2^53-1; send it as a string")
    return int(text)


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidJson(f"number {text[:24]} is not finite in double precision")
    if MAX_SAFE_INTEGER < abs(number) < _EXPONENT_FROM:
        # Its canonical form would be an integer that `loads` itself refuses.
        raise InvalidJson(f"number {text[:24]} lies beyond 2^53-1; send it as a string")
    return number


def _refuse_constant(text: str) -> NoReturn:
    raise InvalidJson(f"{text} is not a JSON number")


def _refuse_lone_surrogates(value: JsonValue) -> None:
    """Walk without recursion: the depth is bounded, but a stack frame per level is not needed."""
    pending: list[JsonValue] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            _refuse_surrogate(item)
        elif isinstance(item, Mapping):
            for key in item:
                _refuse_surrogate(key)
            pending.extend(item.values())
        elif isinstance(item, Sequence):
            pending.extend(item)


def _refuse_surrogate(text: str) -> None:
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidJson("text holds a lone surrogate")
