# SPDX-License-Identifier: EUPL-1.2
"""A question to a table as a statement, in the dialect of whichever database it is.

Only the asked columns are named, keys are values that are bound, never text in the statement.
Keys are made of the kind that the column is, so that the database can use its index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BIGINT,
    DATE,
    INTEGER,
    SMALLINT,
    TEXT,
    VARCHAR,
    BigInteger,
    BindParameter,
    ColumnElement,
    Enum,
    Select,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    or_,
    select,
    types,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import ReturnTypeFromArgs

from landschap.integration.access import PeriodPaths
from landschap.integration.model import Axes
from landschap.integration.rows import Question, Row, key_text
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import AMSTERDAM, as_utc_text

# More rows than this for one question is bulk delivery, not a lookup.
MAX_ROWS = 10_000
# Of text without a limit of its own no more than this many characters is read from one cell.
MAX_TEXT = 250_000
# More than this in all rows of one question is too large, by a rough count.
MAX_BYTES = 50_000_000
_MOST = 2**63 - 1
KEYS = "sleutels"
_DAY = "dag_"
# Kinds of columns whose values are equal in the database only when they are equal here.
_EXACT_KINDS = (TEXT, VARCHAR, INTEGER, BIGINT, SMALLINT, DATE, types.UUID)


class UnknownColumn(ValueError):
    """A column that the table does not have; holds its name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TooLarge(ValueError):
    """A cell, or all of them together, with more than is read for one question."""


class UnreadableValue(ValueError):
    """A value of a kind that has no JSON form. Holds the kind only, never the value."""


def split_name(table: str) -> tuple[str | None, str]:
    """Schema and name of a table as it is declared."""
    schema, _, name = table.rpartition(".")
    return schema or None, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is the same for all questions of one plan to a table; its statement is made once."""

    by: str
    columns: tuple[str, ...]
    limit: int = MAX_ROWS + 1

    @classmethod
    def of(cls, question: Question, limit: int = MAX_ROWS + 1) -> Shape:
        """The shape of a question."""
        return cls(by=question.by, columns=tuple(question.columns), limit=limit)


def statement(
    table: Table, shape: Shape, period: PeriodPaths, axes: Axes
) -> Select[*tuple[Any, ...]]:
    """The statement of all questions of a shape; `values` gives what is bound in it.

    Of long text one character more is asked than may be there, so that it never comes whole.
    Raises UnknownColumn.
    """
    by = _column(table, shape.by)
    # As the widest kind of number: one that the column is too narrow for is no error there.
    kind = BigInteger() if by.type.python_type is int else by.type
    return _asking(
        table, shape, (period, axes), by.in_(bindparam(KEYS, expanding=True, type_=kind))
    )


def gathered_statement(
    table: Table, shape: Shape, period: PeriodPaths, axes: Axes
) -> Select[*tuple[Any, ...]] | None:
    """The same for the keys of several questions, bound as one array; None where it can not be.

    That is so where the database may hold two keys for equal that are not equal here, as then
    could not be told whose row it is. Raises UnknownColumn.
    """
    by = _column(table, shape.by)
    if type(by.type) not in _EXACT_KINDS or getattr(by.type, "collation", None) is not None:
        return None
    kind = by.type.python_type
    # A text is not cut to the length of the column: a longer one stands there nowhere.
    each = BigInteger() if kind is int else Text() if kind is str else by.type
    keys = bindparam(KEYS, type_=ARRAY(each))
    return _asking(table, shape, (period, axes), by == any_(keys))


def _asking(
    table: Table, shape: Shape, held: tuple[PeriodPaths, Axes], where: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    period, axes = held
    wanted = dict.fromkeys([shape.by, *shape.columns, *period.named])
    columns = [_shortened(_column(table, name)) for name in wanted]
    if axes is Axes.VALID:
        where = and_(where, _holds_on(table, period))
    return select(*columns).where(where).limit(shape.limit)


def values(
    table: Table, question: Question, period: PeriodPaths, axes: Axes
) -> dict[str, object] | None:
    """What is bound for one question; None when none of its keys can stand in the column."""
    keys = keys_in(table, question)
    if not keys:
        return None
    return {KEYS: keys} | days(table, question.moment.valid_on, period, axes)


def keys_in(table: Table, question: Question) -> list[object]:
    """The keys of a question as the column has them, without those that can not stand there."""
    by = _column(table, question.by)
    return [made for key in question.keys if (made := _as_kind(key, by)) is not None]


def days(table: Table, day: date, period: PeriodPaths, axes: Axes) -> dict[str, object]:
    """What is bound for the day that is asked about."""
    if axes is not Axes.VALID:
        return {}
    return {
        f"{_DAY}{name}": _moment_of(day, _column(table, name))
        for name in (period.begin, period.end)
        if name
    }


def all_keys(table: Table, by: str, most: int) -> Select[*tuple[Any, ...]]:
    """The different values of a key, in their order. Raises UnknownColumn."""
    column = _column(table, by)
    return select(column).where(column.is_not(None)).distinct().order_by(column).limit(most)


class _front(ReturnTypeFromArgs[Any]):  # noqa: N801  # a function of SQL, by its own name
    """The first characters of a text; named as the dialect has it."""

    inherit_cache = True


@compiles(_front)
def _front_as_substr(element: Any, compiler: Any, **options: Any) -> str:
    return f"substr{compiler.process(element.clause_expr, **options)}"


@compiles(_front, "mssql")
def _front_as_substring(element: Any, compiler: Any, **options: Any) -> str:
    return f"substring{compiler.process(element.clause_expr, **options)}"


def _shortened(column: ColumnElement[Any]) -> ColumnElement[object]:
    kind = column.type
    if (
        isinstance(kind, Enum)
        or not isinstance(kind, String)
        or (kind.length or MAX_TEXT + 1) <= MAX_TEXT
    ):
        return column
    return _front(column, 1, MAX_TEXT + 1).label(getattr(column, "name", None))


def size_of(record: Mapping[str, object]) -> int:
    """How large a row is, roughly. Raises TooLarge for a cell of which not all was read."""
    sizes = [len(value) for value in record.values() if isinstance(value, str | bytes)]
    if any(size > MAX_TEXT for size in sizes):
        raise TooLarge
    return sum(sizes) + 8 * len(record)


def whole_statement(
    table: Table, question: Question, period: PeriodPaths, axes: Axes
) -> Select[*tuple[Any, ...]]:
    """The statement for all rows, whatever their keys. Raises UnknownColumn."""
    wanted = select(*_columns(table, question, period))
    if axes is Axes.VALID:
        bound = days(table, question.moment.valid_on, period, axes)
        return wanted.where(_holds_on(table, period)).params(bound)
    return wanted


def _columns(table: Table, question: Question, period: PeriodPaths) -> list[ColumnElement[object]]:
    """The asked columns alone."""
    wanted = dict.fromkeys([question.by, *question.columns, *period.named])
    return [_column(table, name) for name in wanted]


def _column(table: Table, name: str) -> ColumnElement[object]:
    found = table.columns.get(name)
    if found is None:
        raise UnknownColumn(name)
    return found


def _holds_on(table: Table, period: PeriodPaths) -> ColumnElement[bool]:
    begin = _column(table, period.begin)
    holds: ColumnElement[bool] = or_(begin.is_(None), begin <= _day_of(period.begin, begin))
    if period.end:
        end = _column(table, period.end)
        holds = and_(holds, or_(end.is_(None), end > _day_of(period.end, end)))
    return holds


def _day_of(name: str, column: ColumnElement[object]) -> BindParameter[Any]:
    return bindparam(f"{_DAY}{name}", type_=column.type)


def _moment_of(day: date, column: ColumnElement[object]) -> object:
    kind = column.type.python_type
    if kind is datetime:
        # A day begins here; a column without zone holds the clock on the wall.
        zone = AMSTERDAM if getattr(column.type, "timezone", False) else None
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    return day if kind is date else day.isoformat()


def _as_kind(key: str, column: ColumnElement[object]) -> object:
    """The key as the column has it; None when it can not stand there, so nothing has it."""
    try:
        match column.type.python_type:
            case kind if kind is int:
                number = int(key) if key.isascii() else None
                fits = number is not None and str(number) == key and abs(number) <= _MOST
                return number if fits else None
            case kind if kind is Decimal or kind is float:
                return Decimal(key)
            case kind if kind is UUID:
                return UUID(key)
            case kind if kind is date:
                return date.fromisoformat(key)
    except (ValueError, InvalidOperation):
        return None
    return key


def row_of(
    record: Mapping[str, object], question: Question, period: PeriodPaths, clock: str
) -> Row:
    """One record as a row: the asked columns only. Raises UnreadableValue."""
    values = {column: as_json(record[column]) for column in question.columns}
    return Row(
        id=key_text(as_json(record[question.by])),
        values=values,
        begin=_day(record, period.begin),
        end=_day(record, period.end),
        registered=_moment(record, period.registered),
        clock=clock if period.registered else "",
    )


def as_json(value: object) -> JsonValue:
    """A value of a database as JSON has it. Raises UnreadableValue."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() if value.tzinfo is not None:
            return as_utc_text(value)
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return {str(name): as_json(inner) for name, inner in value.items()}
        case Sequence() if not isinstance(value, bytes | bytearray):
            return [as_json(inner) for inner in value]
    raise UnreadableValue(type(value).__name__)


def _day(record: Mapping[str, object], name: str) -> str | None:
    value = record[name] if name else None
    if isinstance(value, datetime):
        return value.date().isoformat()
    return _text(value)


def _moment(record: Mapping[str, object], name: str) -> str | None:
    return _text(record[name]) if name else None


def _text(value: object) -> str | None:
    found = as_json(value)
    return found if isinstance(found, str) and found else None
