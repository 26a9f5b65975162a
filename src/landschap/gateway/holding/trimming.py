# SPDX-License-Identifier: EUPL-1.2
"""What of one answer may leave, for one Permit.

Whatever is not a permitted field stays here. A field that the mapping knows and the Permit does
not give is *trimmed*; one that nobody declared, or that the service was told not to send, is
*stopped* and an alarm. A record outside the row conditions goes as if it did not exist.
Source: AVG art. 5 lid 1 sub c; house rules "Minimisation" and "Rows".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from landschap.gateway.holding.places import Node
from landschap.purposes.duties import NO_DUTIES, Duties, obey
from landschap.purposes.rows import RowCondition, hold
from landschap.vocabulary.ijson import JsonValue

_ONE = "value"
Facts = dict[str, list[JsonValue]]
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")


class Unreadable(ValueError):
    """A body that is not read here, or is not as it was declared. The message holds no value."""


@dataclass(slots=True, kw_only=True)
class Cut:
    """One cutting: what is permitted going in, what was met coming out.

    ``facts`` of each record that stays are kept as numbers of persons; ``left`` and ``removed``
    count records, ``released`` names the fields that leave. Of ``duties`` only obligations about a
    field are met here.
    """

    permitted: frozenset[str]
    persons: frozenset[str] = frozenset()
    rows: tuple[RowCondition, ...] = ()
    is_told_fields: bool = False
    duties: Duties = NO_DUTIES
    numbers: list[str] = field(default_factory=list)
    released: set[str] = field(default_factory=set)
    everything: Facts = field(default_factory=dict)
    left: int = 0
    removed: int = 0
    nameless: int = 0
    trimmed: int = 0
    stopped: int = 0
    _facts: Facts | None = None
    _names: set[str] = field(default_factory=set)

    def meet(self, node: Node, value: JsonValue) -> bool:
        """True when this value stays. Its field is remembered either way."""
        if not node.field:
            # How many there are, told outside the records, would tell what lies outside the rows.
            return not self.rows or self._facts is not None
        facts = self.everything if self._facts is None else self._facts
        facts.setdefault(node.field, []).append(value)
        if node.field in self.permitted:
            self._names.add(node.field)
            return True
        if self.is_told_fields and node.field not in self.persons:
            self.stopped += 1
        else:
            self.trimmed += 1
        return False

    def obliged(self, node: Node, value: JsonValue) -> JsonValue:
        """The value as its obligations let it leave; None when they leave nothing of it."""
        mine = tuple(each for each in self.duties.obligations if each.path == node.field)
        if not mine or not node.field or value is None:
            return value
        duties = replace(self.duties, obligations=tuple(replace(m, path=_ONE) for m in mine))
        return obey({_ONE: value}, duties, {}).get(_ONE)

    def enter_record(self) -> Facts | None:
        """What follows belongs to one record; give what comes back to `leave_record`."""
        before, self._facts, self._names = self._facts, {}, set()
        return before

    def leave_record(self, before: Facts | None) -> bool:
        """True when the record may be seen; then its persons and fields count."""
        facts, self._facts = self._facts or {}, before
        if self.rows and not all(_holds(each, facts) for each in self.rows):
            self.removed += 1
            return False
        self.left += 1
        self.released |= self._names
        found = [_text(value) for path in self.persons for value in facts.get(path, [])]
        found = [number for number in found if number]
        self.numbers += found
        self.nameless += not found
        return True


def _holds(condition: RowCondition, facts: Mapping[str, Sequence[JsonValue]]) -> bool:
    """One condition on one record; a field with several values, or none, decides nothing."""
    values = facts.get(condition.path, ())
    value = values[0] if len(values) == 1 else None
    if condition.op in ("lt", "gt") and isinstance(value, str) and _NUMBER.fullmatch(value):
        # All of XML is text; what is compared with a number is read as one.
        bound = condition.values[0]
        value = float(value) if _NUMBER.fullmatch(bound) else value
    return hold([replace(condition, path="value")], {"value": value})


def _text(value: JsonValue) -> str:
    is_number = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if is_number else ""
