# SPDX-License-Identifier: EUPL-1.2
"""Reading what a writer wants: one operation on one object, with its reason and its document.

    _registreer   {"geldigVan", "inhoud"}                  it holds from that day
    _wijzig       {"geldigVan", "inhoud", "latereDagen"?}  something else holds from that day
    _beeindig     {"geldigVan", "latereDagen"?}            nothing holds any more from that day
    _corrigeer    {"dag", "inhoud"}                        around that day, another value was true
    _verschuif    {"dag", "geldigVan"}                     the stretch around that day began then
    _voegin       {"geldigVan", "geldigTot", "inhoud"}     in that period this held
    _trekin       {"dag"}                                  the value around that day was never true
    _onderzoek    {"geldigVan", "kenmerken"}               these are investigated; none: no longer

Each also has ``reden`` and ``document``, and ``groep`` where a type has more than one. Everything
that is wrong with a body comes back at once.
Source: NL GOV REST API Design Rules 2.2, "resource operations", "invalid input".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from landschap.registers.geo_asking import placed
from landschap.registers.geometry_crs import CRS84, Crs
from landschap.registers.models import ObjectType
from landschap.registers.operations import Draft, Later, Line
from landschap.registers.periods import Period
from landschap.registers.refusals import invalid_body
from landschap.registers.schemas import Schema, faults
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import parse_day

_MAX_BODY = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One operation as read: what it needs of a timeline, why it is done and on what ground."""

    operation: str
    group: str
    reason: str
    document: str
    begin: date | None = None
    end: date | None = None
    day: date | None = None
    content: Mapping[str, JsonValue] | None = None
    later: Later | None = None
    paths: Sequence[str] = ()

    def on(self, line: Line) -> list[Draft] | Refusal:
        """The assertions this adds to a timeline."""
        return _OPERATIONS[self.operation].apply(self, line)


@dataclass(frozen=True, slots=True)
class _Operation:
    apply: Callable[[Change, Line], list[Draft] | Refusal]
    needs: tuple[str, ...]
    may: tuple[str, ...] = field(default=())


def _day(value: date | None) -> date:
    assert value is not None  # noqa: S101  # `read_change` saw that it is there
    return value


_OPERATIONS: Mapping[str, _Operation] = {
    "_registreer": _Operation(
        lambda c, line: line.register(_day(c.begin), c.content or {}), ("geldigVan", "inhoud")
    ),
    "_wijzig": _Operation(
        lambda c, line: line.change(_day(c.begin), c.content or {}, c.later),
        ("geldigVan", "inhoud"),
        ("latereDagen",),
    ),
    "_beeindig": _Operation(
        lambda c, line: line.end(_day(c.begin), c.later), ("geldigVan",), ("latereDagen",)
    ),
    "_corrigeer": _Operation(
        lambda c, line: line.correct(_day(c.day), c.content or {}), ("dag", "inhoud")
    ),
    "_verschuif": _Operation(
        lambda c, line: line.move_begin(_day(c.day), _day(c.begin)), ("dag", "geldigVan")
    ),
    "_voegin": _Operation(
        lambda c, line: line.insert(Period(_day(c.begin), _day(c.end)), c.content or {}),
        ("geldigVan", "geldigTot", "inhoud"),
    ),
    "_trekin": _Operation(lambda c, line: line.withdraw(_day(c.day)), ("dag",)),
    "_onderzoek": _Operation(
        lambda c, line: line.doubt(_day(c.begin), c.paths), ("geldigVan", "kenmerken")
    ),
}
OPERATIONS = tuple(_OPERATIONS)


def body_schema(kind: ObjectType, operation: str) -> Schema:
    """The JSON Schema of a body; the content of a group is checked by the model itself."""
    return _body_schema(operation, kind.groups)


@lru_cache(maxsize=1024)
def _body_schema(operation: str, groups: tuple[str, ...]) -> Schema:
    """Made once, so that its checks are made ready once."""
    known = _OPERATIONS[operation]
    members: dict[str, JsonValue] = {
        "reden": {"type": "string", "minLength": 3, "maxLength": 500},
        "document": {"type": "string", "minLength": 1, "maxLength": 500},
        "groep": {"enum": list(groups)},
    }
    each: Mapping[str, JsonValue] = {
        "geldigVan": {"type": "string", "format": "date"},
        "geldigTot": {"type": "string", "format": "date"},
        "dag": {"type": "string", "format": "date"},
        "inhoud": {"type": "object"},
        "latereDagen": {"enum": [later.value for later in Later]},
        "kenmerken": {"type": "array", "items": {"type": "string"}},
    }
    members.update({name: each[name] for name in (*known.needs, *known.may)})
    required = ["reden", "document", *known.needs]
    if len(groups) > 1:
        required.append("groep")
    return {
        "type": "object",
        "required": list[JsonValue](required),
        "additionalProperties": False,
        "properties": members,
    }


def read_change(
    kind: ObjectType, object_id: str, operation: str, body: bytes, crs: Crs = CRS84
) -> Change | Refusal:
    """One operation from its body. The refusal holds everything that is wrong, with pointers.

    ``crs`` is how coordinates are written; in the change they are as the model keeps them.
    """
    try:
        given = loads(body, max_bytes=_MAX_BODY, storable=True)
    except InvalidJson as error:
        return invalid_body([("", str(error))])
    wrong = [
        (fault.pointer, fault.message) for fault in faults(given, body_schema(kind, operation))
    ]
    if not isinstance(given, Mapping):
        return invalid_body(wrong)
    group = given.get("groep", kind.groups[0])
    content, misplaced = placed(kind, given.get("inhoud"), crs, "/inhoud")
    given = {**given, **({"inhoud": content} if "inhoud" in given else {})}
    wrong += misplaced
    wrong += _faults_of_content(kind, object_id, str(group), given)
    wrong += _faults_of_times(given)
    wrong += [
        (f"/kenmerken/{place}", f"there is no {path}")
        for place, path in enumerate(_texts(given.get("kenmerken")))
        if path not in kind.kept_paths() and path not in ("beginGeldigheid", "eindGeldigheid")
    ]
    if wrong:
        return invalid_body(wrong)
    later = given.get("latereDagen")
    return Change(
        operation=operation,
        group=str(group),
        reason=str(given["reden"]),
        document=str(given["document"]),
        begin=_date(given, "geldigVan"),
        end=_date(given, "geldigTot"),
        day=_date(given, "dag"),
        content=content if isinstance(content, Mapping) else None,
        later=Later(str(later)) if later is not None else None,
        paths=_texts(given.get("kenmerken")),
    )


def written_paths(kind: ObjectType, change: Change) -> frozenset[str]:
    """The paths a change touches: all of its group, named in the content or not.

    An assertion stands for a whole group. What its content leaves out is empty from then on, and
    what is withdrawn, ended or shifted goes as a whole.
    """
    group = (each for each in kind.content_properties() if each.group == change.group)
    leaves = {leaf for each in group for leaf in kind.leaves(each.name)}
    return frozenset(leaves | set(change.paths) - {"beginGeldigheid", "eindGeldigheid"})


def _faults_of_content(
    kind: ObjectType, object_id: str, group: str, given: Mapping[str, JsonValue]
) -> list[tuple[str, str]]:
    content = given.get("inhoud")
    if group not in kind.group_schemas:
        return []  # told already
    known = content if isinstance(content, Mapping) else None
    names = kind.properties[kind.identification].schema
    found = [("", f"the identification in the address {fault.message}")
             for fault in faults(object_id, names)]  # fmt: skip
    if known is not None:
        found += [(f"/inhoud{fault.pointer}", fault.message)
                  for fault in (*faults(known, kind.group_schemas[group]),
                                *kind.subject_faults(known))]  # fmt: skip
    return found


def _faults_of_times(given: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    begin, end = given.get("geldigVan"), given.get("geldigTot")
    if isinstance(begin, str) and isinstance(end, str) and end <= begin:
        return [("/geldigTot", "must lie after geldigVan")]
    return []


def _date(given: Mapping[str, JsonValue], name: str) -> date | None:
    return parse_day(str(given[name])) if name in given else None


def _texts(value: JsonValue) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
