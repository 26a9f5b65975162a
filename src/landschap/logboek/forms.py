# SPDX-License-Identifier: EUPL-1.2
"""Records of which nearly all is known beforehand.

Questions of one peer under one contract for one purpose make records that differ in identifiers and
moments only. A `Form` is made once from such a draft, with every check of the log, and then filled:
the result is byte for byte what encoding the whole draft would give (a property test holds it so),
at a tenth of the cost.

What is filled in can not break a rule: identifiers and whole numbers never look like a person's
number, and a declaration is looked at each time.

The log keeps the text of a form once and of each record what stands in its holes (`whole`). What is
sealed is the whole text all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from landschap.logboek.canonical import MAX_PAYLOAD_BYTES, holds_person_number
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.records import Columns, Draft, columns_of, encode

_COMPACT_JWS = re.compile(r"[A-Za-z0-9_.-]*")


class Moment(msgspec.Struct, frozen=True, gc=False):
    """What is new in every record of a form.

    ``declaration`` is a compact JWS and ``declaration_id`` its ``jti``, when the draft holds them.
    """

    at: datetime
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes | None
    transaction_id: UUID
    declaration: str = ""
    declaration_id: str = ""


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A record that only lacks its identifier: columns and payload have passed every check.

    ``form`` is the text of its form and ``values`` what stands in the holes of it, when it has one.
    """

    columns: Columns
    payload: bytes
    form: bytes | None = None
    values: bytes = b""


# What stands in the holes of a form, in this order: milliseconds, seconds, trace, span, parent
# span, transaction, declaration, identifier of the declaration.
Texts = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
_NO_ID = UUID(int=0)
# In the text of a form the bytes 1 to 8 stand for these; JSON never holds them.
_HOLE = re.compile(rb"[\x01-\x08]")
_PIECES = re.compile(rb"([\x01-\x08])")
_HOLES = 8

# Values that occur in no record: what stands in their place is what varies.
_MARK = Moment(
    at=datetime(2999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    trace_id=bytes.fromhex("f0e1d2c3b4a5968778695a4b3c2d1e0f"),
    span_id=bytes.fromhex("e1d2c3b4a5968778"),
    parent_span_id=bytes.fromhex("d2c3b4a596877869"),
    transaction_id=UUID("0e1d2c3b-4a59-7687-9869-5a4b3c2d1e0f"),
    declaration="marked.declaration.AbCdEfGhIjKlMnOpQrStUvWxYz",
    declaration_id="1d2c3b4a-5968-7786-95a4-b3c2d1e0f0e1",
)


class Form:
    """A record with holes."""

    def __init__(self, pieces: list[bytes], holes: list[int], columns: Columns) -> None:
        # Pieces at the even places, what varies between them.
        self._parts = [b""] * (len(pieces) + len(holes))
        self._parts[::2] = pieces
        self._holes = [(2 * place + 1, hole) for place, hole in enumerate(holes)]
        c = columns
        self._kind = c.kind
        self._rest = (
            c.subject,
            c.key_id,
            c.peer,
            c.source_delegator,
            c.destination_delegator,
            c.service,
            c.grant_hash,
            c.activity,
        )
        self._size = sum(len(piece) for piece in pieces)
        marked = self._parts.copy()
        for place, hole in self._holes:
            marked[place] = bytes((hole + 1,))
        self._text = b"".join(marked)

    def fill(self, moment: Moment) -> Ready | None:
        """The record of this moment; None when it must be made the long way.

        That is when the declaration is no compact JWS, holds what looks like a person's number, or
        makes the payload too large.
        """
        declaration = moment.declaration.encode("latin-1", "replace")
        if declaration and not _harmless(moment.declaration, declaration, self._size):
            return None
        return self.filled(
            _texts(moment, declaration),
            moment.at,
            moment.trace_id,
            moment.span_id,
            moment.transaction_id,
        )

    def filled(
        self, texts: Texts, at: datetime, trace_id: bytes, span_id: bytes, transaction_id: UUID
    ) -> Ready:
        """The record with these texts, and with the same values in its columns."""
        parts = self._parts.copy()
        for place, hole in self._holes:
            parts[place] = texts[hole]
        columns = Columns(_NO_ID, self._kind, at, trace_id, span_id, transaction_id, *self._rest)
        return Ready(columns, b"".join(parts), self._text, b"\n".join(texts))


def form_of(make: Callable[[Moment], Draft], *, has_parent: bool, has_declaration: bool) -> Form:
    """The form of the drafts that ``make`` makes. Raises InvalidRecord as `encode` does.

    ``make`` may let a draft depend on its moment only by writing the values of the moment down.
    """
    mark = _MARK
    if not has_parent:
        mark = msgspec.structs.replace(mark, parent_span_id=None)
    if not has_declaration:
        mark = msgspec.structs.replace(mark, declaration="", declaration_id="")
    draft = make(mark)
    payload = encode(draft)
    texts = _texts(mark, mark.declaration.encode())
    known = {text: place for place, text in enumerate(texts) if text}
    # Longest first: the seconds of a moment are the beginning of its milliseconds.
    pattern = re.compile(
        b"|".join(re.escape(text) for text in sorted(known, key=lambda each: -len(each)))
    )
    pieces: list[bytes] = []
    holes: list[int] = []
    end = 0
    for found in pattern.finditer(payload):
        pieces.append(payload[end : found.start()])
        holes.append(known[found[0]])
        end = found.end()
    pieces.append(payload[end:])
    columns = columns_of(draft, _NO_ID)
    if (columns.at, columns.trace_id, columns.transaction_id) != (
        mark.at,
        mark.trace_id,
        mark.transaction_id,
    ) or set(holes) != set(known.values()):
        raise InvalidRecord("this draft does not follow its moment")
    return Form(pieces, holes, columns)


def whole(form: bytes, values: bytes) -> bytes:
    """The payload of a record from the text of its form and what stands in the holes of it.

    Values that are damaged, or are none, give something that fits no leaf; so does a text for which
    this form has no hole: it would stand in the log and be proved by nothing.
    """
    texts = values.split(b"\n")
    if len(texts) != _HOLES or any(texts[place] for place in _without_hole(form)):
        return b"\n".join((form, values))
    return _HOLE.sub(lambda found: texts[found[0][0] - 1], form)


def _without_hole(form: bytes) -> list[int]:
    """The places of the texts that this form does not use."""
    used = {found[0] - 1 for found in _HOLE.findall(form)}
    return [place for place in range(_HOLES) if place not in used]


class Kept:
    """A form as the log keeps it, to be put together with many values.

    It gives what `whole` gives, at a fifth of the cost.
    """

    def __init__(self, form: bytes) -> None:
        self._form = form
        # Pieces at the even places, the bytes that stand for holes between them.
        self._parts = _PIECES.split(form)
        self._holes = [hole[0] - 1 for hole in self._parts[1::2]]
        self._without_hole = _without_hole(form)

    def filled(self, values: bytes) -> bytes:
        """The payload of a record with these values in the holes."""
        texts = values.split(b"\n")
        if len(texts) != _HOLES:
            return b"\n".join((self._form, values))
        for place in self._without_hole:
            if texts[place]:
                return b"\n".join((self._form, values))
        parts = self._parts.copy()
        parts[1::2] = [texts[hole] for hole in self._holes]
        return b"".join(parts)


def texts_of(at: datetime, trace: bytes, span: bytes, parent: bytes, transaction: bytes) -> Texts:
    """The texts of a record without declaration; all but ``at`` as they are written."""
    seconds = at.timestamp()
    return (
        b"%d" % int(seconds * 1000), b"%d" % int(seconds), trace, span, parent, transaction,
        b"", b"",
    )  # fmt: skip


def _texts(moment: Moment, declaration: bytes) -> Texts:
    parent = moment.parent_span_id
    return (
        *texts_of(
            moment.at,
            moment.trace_id.hex().encode(),
            moment.span_id.hex().encode(),
            b"" if parent is None else parent.hex().encode(),
            str(moment.transaction_id).encode(),
        )[:6],
        declaration,
        moment.declaration_id.encode() if declaration else b"",
    )


def _harmless(text: str, data: bytes, size: int) -> bool:
    return (
        _COMPACT_JWS.fullmatch(text) is not None
        and size + len(data) + 512 < MAX_PAYLOAD_BYTES
        and not holds_person_number(data)
    )
