# SPDX-License-Identifier: EUPL-1.2
"""A notice as an operation on a register: what is written, and under which identifier.

    T (toevoeging)   _registreer: it holds from begin
    W (wijziging)    _wijzig: from begin this holds, with what the notice does not name as it was
    C (correctie)    _corrigeer: on that day this was true
    V (verwijdering) _beeindig, or refused, as the mapping says

Source: StUF 03.01, section 5.2 (mutatiesoort); house rule for V: that the sender no longer keeps
an object does not say that it ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from uuid import UUID

from landschap.integration.merge import put
from landschap.integration.stuf.mapping import NoticeMapping, Removal
from landschap.integration.stuf.messages import INVALID, Notice, StufFault
from landschap.vocabulary.ijson import JsonValue

_OPERATIONS = {"T": "_registreer", "W": "_wijzig", "C": "_corrigeer", "V": "_beeindig"}
_WORDS = {"T": "toevoeging", "W": "wijziging", "C": "correctie", "V": "verwijdering"}


def operation_of(notice: Notice, mapping: NoticeMapping) -> str:
    """The operation on the register. Raises StufFault for a notice that is not carried out."""
    if notice.mutation == "V" and mapping.removal is Removal.REFUSE:
        raise StufFault(INVALID, "a removal (mutatiesoort V) is not carried out here", notice.head)
    if notice.begin is None:
        raise StufFault(INVALID, f"names no day at {mapping.begin}", notice.head)
    return _OPERATIONS[notice.mutation]


def body_of(
    notice: Notice, mapping: NoticeMapping, before: Mapping[str, JsonValue] | None
) -> bytes:
    """The body of the operation. ``before`` is what holds on that day, None when nothing does."""
    assert notice.begin is not None  # noqa: S101  # `operation_of` saw it
    day = "dag" if notice.mutation == "C" else "geldigVan"
    found: dict[str, JsonValue] = {
        "reden": f"StUF-kennisgeving: {_WORDS[notice.mutation]}",
        "document": f"StUF Lk01 {notice.head.sender} {notice.head.number}",
        day: notice.begin.isoformat(),
    }
    if len(mapping.type.groups) > 1:
        found["groep"] = mapping.group
    if notice.mutation != "V":
        found["inhoud"] = _content(notice.values, before or {})
    return json.dumps(found, ensure_ascii=False).encode()


def _content(
    values: Mapping[str, JsonValue], before: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    content: dict[str, JsonValue] = deepcopy(dict(before))
    for path, value in values.items():
        if value is None:
            _take_out(content, path)
        else:
            put(content, path, value)
    return content


def _take_out(content: dict[str, JsonValue], path: str) -> None:
    *parents, last = path.split(".")
    inner: JsonValue = content
    for name in parents:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(last, None)


def act_of(peer: str, service: str, notice: Notice) -> UUID:
    """Under which identifier a notice is done: the same number of the same sender is done once."""
    head = notice.head
    named = f"stuf\0{peer}\0{service}\0{head.sender}\0{head.number}".encode()
    data = bytearray(hashlib.sha256(named).digest()[:16])
    # A UUID of version 8: an own form. Source: RFC 9562, section 5.8.
    data[6], data[8] = (data[6] & 0x0F) | 0x80, (data[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(data))


def digest_of(notice: Notice) -> str:
    """What a notice says, so that another one under the same number is seen."""
    said = [
        notice.mutation, notice.object_id, notice.begin and notice.begin.isoformat(),
        sorted(notice.values.items()),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
