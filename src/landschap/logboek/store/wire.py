# SPDX-License-Identifier: EUPL-1.2
"""Records as PostgreSQL takes them, an array of `logboek.sealed`, written by ourselves.

The driver would ask of every value of every record what it is: 7 us per record, where this takes 2.
It is told to send the array as it is handed over. There is no public call for that of an array, so
the driver is bound to a version and a test holds what is stored against what was sealed.
Source: PostgreSQL, `record_recv` and `array_recv`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from landschap.logboek.batches import Sealed
from landschap.logboek.records import Columns

_UUID, _INT2, _INT8, _MOMENT, _BYTES, _TEXT = 2950, 21, 20, 1184, 17, 25
_FRAME = struct.Struct("!ii")  # the type of a field and its size, or -1 for null
_SIZE = struct.Struct("!i")
_ARRAY = struct.Struct("!iiIii")
_FORM = struct.Struct("!iiq")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Sets of columns that many records have in common; beyond that all are forgotten.
_REMEMBERED = 4096
_COLUMNS = [*Columns.__struct_fields__, "salt", "leaf", "payload", "form"]
_TYPES = """
SELECT 'logboek.sealed'::regtype::oid::bigint, 'logboek.sealed[]'::regtype::oid::bigint, ARRAY(
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = 'logboek.sealed'::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum)
"""
_UNFIT = (ValueError, TypeError, AttributeError, OverflowError, struct.error)


class Unfit(asyncpg.InterfaceError, ValueError):  # type: ignore[misc]  # not typed there
    """A record holds a value that can not be sent; nothing was."""


def _sized(kind: int, size: int) -> bytes:
    return _FRAME.pack(kind, size)


_NO_UUID, _NO_BYTES, _NO_FORM = (_sized(kind, -1) for kind in (_UUID, _BYTES, _INT8))
_UUID_FRAME, _SUBJECT_FRAME = _sized(_UUID, 16), _sized(_BYTES, 16)
# The kind and the moment, with their frames.
_KIND_AND_MOMENT = struct.Struct("!iihiiq")
# Identifier, the two of above, trace, span; then what may be null, each with its own frame.
_FIRST = b"%b%%b%%b%b%%b%b%%b%%b%%b" % (
    _SIZE.pack(len(_COLUMNS)) + _sized(_UUID, 16),
    _sized(_BYTES, 16),
    _sized(_BYTES, 8),
)
# Salt, leaf, payload.
_LAST = b"%b%%b%b%%b%%b%%b" % (_sized(_BYTES, 16), _sized(_BYTES, 32))


class Wire:
    """How the records of one connection are sent."""

    def __init__(self) -> None:
        self._element = 0
        self._common: dict[tuple[object, ...], bytes] = {}

    async def begin(self, connection: asyncpg.Connection) -> None:
        """Have arrays of records sent as they are.

        Raises what PostgreSQL raises, and asyncpg.InterfaceError when it keeps other columns: of
        two that are both texts it would not see that they changed places.
        """
        self._element, array, columns = await connection.fetchrow(_TYPES)
        if columns != _COLUMNS:
            raise asyncpg.InterfaceError(
                "this database keeps other columns of a record than this version writes; run the "
                "version that it was migrated for"
            )
        codecs = connection._protocol.get_settings()  # noqa: SLF001 - see above
        codecs.add_python_codec(array, "_sealed", "logboek", [], "scalar", bytes, bytes, "binary")

    def rows(self, records: Sequence[Sealed], numbers: Mapping[bytes, int]) -> bytes:
        """The records as one array; ``numbers`` are those of their forms. Raises Unfit."""
        parts = [_ARRAY.pack(1, 0, self._element, len(records), 1)]
        try:
            for record in records:
                row = self._row(record, numbers)
                parts.append(_SIZE.pack(len(row)))
                parts.append(row)
        except _UNFIT as error:
            raise Unfit("a record holds a value that can not be sent") from error
        return b"".join(parts)

    def _row(self, record: Sealed, numbers: Mapping[bytes, int]) -> bytes:
        columns = msgspec.structs.astuple(record.columns)
        record_id, kind, at, trace, span, transaction, subject = columns[:7]
        of_kind = _KIND_AND_MOMENT.pack(_INT2, 2, kind, _MOMENT, 8, (at - _EPOCH) // _MICROSECOND)
        if len(trace) != 16 or len(span) != 8 or (subject is not None and len(subject) != 16):
            raise ValueError("a value has another size than its frame")
        first = _FIRST % (
            record_id.bytes,
            of_kind,
            trace,
            span,
            _NO_UUID if transaction is None else _UUID_FRAME + transaction.bytes,
            _NO_BYTES if subject is None else _SUBJECT_FRAME + subject,
        )
        payload = record.payload if record.form is None else record.values
        last = _LAST % (record.salt, record.leaf, _FRAME.pack(_BYTES, len(payload)), payload)
        form = _NO_FORM if record.form is None else _FORM.pack(_INT8, 8, numbers[record.form])
        return b"".join((first, self._in_common(columns[7:]), last, form))

    def _in_common(self, values: tuple[object, ...]) -> bytes:
        """Key, peer, both delegators, service, grant and activity."""
        known = self._common.get(values)
        if known is None:
            if len(self._common) >= _REMEMBERED:
                self._common.clear()
            key_id, *texts = values
            known = b"".join((_number(key_id), *(_text(each) for each in texts)))
            self._common[values] = known
        return known


def _number(value: object) -> bytes:
    if value is None:
        return _sized(_INT2, -1)
    if not isinstance(value, int):
        raise TypeError("the number of a key is a number")
    return _sized(_INT2, 2) + value.to_bytes(2, "big", signed=True)


def _text(value: object) -> bytes:
    if value is None:
        return _sized(_TEXT, -1)
    if not isinstance(value, str):
        raise TypeError("a text is a text")
    data = value.encode()
    return _sized(_TEXT, len(data)) + data
