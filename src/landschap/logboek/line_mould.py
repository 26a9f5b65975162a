# SPDX-License-Identifier: EUPL-1.2
"""Lines of which nearly all is known beforehand.

The lines of one service about one person, under one decision, differ in identifiers, moments and
the pseudonym. A `LineMould` is made once from such a draft, with every check of the log, and then
filled: byte for byte what encoding the whole draft would give (a property test holds it so).
It is for lines what `forms.Form` is for transactions, with other holes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from landschap.logboek.canonical import holds_person_number
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.forms import Ready
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.records import Columns, Draft, columns_of, encode
from landschap.vocabulary.times import as_utc_text

_NO_ID = UUID(int=0)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class LineMoment(msgspec.Struct, frozen=True):
    """What is new in every line: when, in which trace, about whom, which day and knowledge."""

    started_at: datetime
    ended_at: datetime
    trace_id: bytes
    span_id: bytes
    parent: bytes | None
    transaction_id: UUID
    subject: bytes
    valid_on: date
    known_at: datetime
    declaration: str = ""


# Values that occur in no line, each another text: what stands in their place is what varies.
_MARK = LineMoment(
    started_at=datetime(2999, 12, 30, 23, 59, 58, 998000, tzinfo=UTC),
    ended_at=datetime(2999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    trace_id=bytes.fromhex("f0e1d2c3b4a5968778695a4b3c2d1e0f"),
    span_id=bytes.fromhex("e1d2c3b4a5968778"),
    parent=bytes.fromhex("d2c3b4a596877869"),
    transaction_id=UUID("0e1d2c3b-4a59-7687-9869-5a4b3c2d1e0f"),
    subject=bytes.fromhex("f1e2d3c4b5a6978879605b4c3d2e1f00"),
    valid_on=date(2998, 10, 29),
    known_at=datetime(2997, 11, 28, 22, 57, 56, 995432, tzinfo=UTC),
    declaration="1d2c3b4a-5968-7786-95a4-b3c2d1e0f0e1",
)


class LineMould:
    """A line with holes. ``make`` gives the draft of a moment; it may let the draft depend on it
    only by writing its values down. Raises InvalidRecord as `encode` does.

    Without a parent a line stands in the trace of its own transaction.
    """

    def __init__(
        self, make: Callable[[LineMoment], Draft], *, has_parent: bool, has_declaration: bool
    ) -> None:
        mark = msgspec.structs.replace(
            _MARK,
            parent=_MARK.parent if has_parent else None,
            trace_id=_MARK.trace_id if has_parent else _MARK.transaction_id.bytes,
            declaration=_MARK.declaration if has_declaration else "",
        )
        draft = make(mark)
        known = {text: place for place, text in enumerate(_texts(mark)) if text}
        pattern = re.compile(
            b"|".join(re.escape(text) for text in sorted(known, key=lambda each: -len(each)))
        )
        payload = encode(draft)
        pieces = pattern.split(payload)
        holes = [known[found] for found in pattern.findall(payload)]
        if set(holes) != set(known.values()):
            raise InvalidRecord("this line does not follow its moment")
        self._parts = [b""] * (len(pieces) + len(holes))
        self._parts[::2] = pieces
        self._holes = [(2 * place + 1, hole) for place, hole in enumerate(holes)]
        c = columns_of(draft, _NO_ID)
        varies = (c.at, c.trace_id, c.span_id, c.transaction_id, c.subject)
        if varies != (
            mark.started_at, mark.trace_id, mark.span_id, mark.transaction_id, mark.subject,
        ):  # fmt: skip
            raise InvalidRecord("this line does not follow its moment")
        self._kind = c.kind
        self._rest = (
            c.key_id, c.peer, c.source_delegator, c.destination_delegator, c.service,
            c.grant_hash, c.activity,
        )  # fmt: skip

    def fill(self, moment: LineMoment) -> Ready | None:
        """The line of this moment; None when it must be made, or refused, the long way."""
        texts = _texts(moment)
        if (
            moment.ended_at < moment.started_at
            or holds_person_number(texts[_SUBJECT])
            or (moment.declaration and _UUID.fullmatch(moment.declaration) is None)
        ):
            return None
        parts = self._parts.copy()
        for place, hole in self._holes:
            parts[place] = texts[hole]
        columns = Columns(
            _NO_ID,
            self._kind,
            moment.started_at,
            moment.trace_id,
            moment.span_id,
            moment.transaction_id,
            moment.subject,
            *self._rest,
        )
        return Ready(columns, b"".join(parts))


_SUBJECT = 6


def _texts(moment: LineMoment) -> tuple[bytes, ...]:
    """What stands in the holes, in the order of `LineMoment`."""
    parent = moment.parent
    return (
        b"%d" % int(moment.started_at.timestamp() * 1000),
        b"%d" % int(moment.ended_at.timestamp() * 1000),
        moment.trace_id.hex().encode(),
        moment.span_id.hex().encode(),
        b"" if parent is None else parent.hex().encode(),
        str(moment.transaction_id).encode(),
        as_subject_id(moment.subject).encode(),
        moment.valid_on.isoformat().encode(),
        as_utc_text(moment.known_at).encode(),
        moment.declaration.encode(),
    )
