# SPDX-License-Identifier: EUPL-1.2
"""How long a register keeps what it holds: rules in ``bewaartermijnen.toml``, beside the model.

    [[regel]]
    id = "vergunning-verleend"
    objecttype = "vergunning"
    categorie = "8.1"                # number in the Selectielijst gemeenten 2020
    resultaat = "Verleend"
    waardering = "vernietigen"       # or "blijvend bewaren": transferred, never destroyed
    termijn = "P10Y"                 # ISO 8601; counted from the day that ``begint`` names
    begint = "einde"                 # einde, intrekking, veld, waarde or overlijden
    veld = "datumBesluit"            # with veld, waarde and overlijden: which property
    waarden = ["Vervallen"]          # with waarde: from the day one of these holds
    via = "houder"                   # the property is that of the object this one names
    waar = {status = "verleend"}     # only objects that last said so
    wettelijk = "Woningwet art. 1"   # a law that says to keep: no erasure on request

A rule looks at an object as known now. What can not be established is never due: an incomplete
date counts by its last possible day, and without a day nothing happens.
Source: Archiefwet 1995 art. 3 and 5; Archiefbesluit 1995 art. 5 and 8; Selectielijst gemeenten en
intergemeentelijke organen 2020; AVG art. 5 lid 1 sub e.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from landschap.purposes.reading import Table, lines_of_tables, nearest_of
from landschap.registers.forgetting import ERASED_GROUP, KnowledgeRule
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.periods import OPEN, IncompleteDate
from landschap.registers.terms import DURATION, after
from landschap.registers.timeline import DOUBT_PREFIX, Assertion, Known, Segment, segments
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.mistakes import Mistake, MistakesError
from landschap.vocabulary.times import amsterdam_day

FILE = "bewaartermijnen.toml"
_TABLES = frozenset({"selectielijst", "regel", "kennis"})
_NAME = r"[a-z0-9][a-z0-9-]{0,60}"
_CATEGORY = r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}"

Groups = Mapping[str, Sequence[Assertion]]
# The groups of another object, by type and id, as known in the same state of knowledge.
Others = Callable[[ObjectType, str], Groups]


class Value(StrEnum):
    """What becomes of an object when its term is over."""

    DESTROY = "vernietigen"
    KEEP = "blijvend bewaren"


class Trigger(StrEnum):
    """From which day a term counts."""

    END = "einde"
    WITHDRAWN = "intrekking"
    FIELD = "veld"
    REACHED = "waarde"
    DEATH = "overlijden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One retention rule of one object type; ``person`` is the type that ``via`` leads to."""

    id: str
    type: ObjectType
    category: str
    result: str
    value: Value
    term: str
    trigger: Trigger
    path: str = ""
    values: tuple[str, ...] = ()
    via: str = ""
    where: Mapping[str, str]
    law: str = ""
    person: ObjectType | None = None

    def as_json(self) -> dict[str, JsonValue]:
        """The rule as a list and a statement keep it: what it said then."""
        return {
            "id": self.id,
            "objecttype": self.type.key,
            "categorie": self.category,
            "resultaat": self.result,
            "waardering": self.value.value,
            "termijn": self.term,
            "begint": self.trigger.value,
            "veld": self.path,
            "waarden": list(self.values),
            "via": self.via,
            "waar": dict(self.where),
            "wettelijk": self.law,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of one register, and the selection list they follow."""

    register: str
    selection_list: str
    rules: Sequence[Rule]
    knowledge: Sequence[KnowledgeRule] = ()

    def of(self, kind: ObjectType) -> list[Rule]:
        """The rules about one type."""
        return [rule for rule in self.rules if rule.type.key == kind.key]

    def by_id(self, rule_id: str) -> Rule | KnowledgeRule | None:
        """A rule by its name."""
        every: list[Rule | KnowledgeRule] = [*self.rules, *self.knowledge]
        return next((rule for rule in every if rule.id == rule_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a rule says of one object: since which day its term counts, and when it is over."""

    rule: Rule
    since: date
    due_on: date


def digest_of_rule(rule: Mapping[str, JsonValue]) -> bytes:
    """The name of what a rule says; another word, another digest."""
    return hashlib.sha256(canonical(rule)).digest()


def read_rules(source: str, file: str, register: Register, registers: Registers) -> Rules:
    """The rules in a file. Raises MistakesError with every mistake, its line and what was meant."""
    try:
        given = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise MistakesError([Mistake(file=file, line=1, key="", message=str(error))]) from None
    problems: list[Mistake] = []
    for key in set(given) - _TABLES:
        near = nearest_of(key, _TABLES)
        problems.append(Mistake(file=file, line=1, key=key, message="is not read", nearest=near))
    places = lines_of_tables(source, ["regel", "kennis"])

    def tables(name: str) -> Iterator[Table]:
        entries = given.get(name, [])
        for place, (values, lines) in enumerate(zip(entries, places[name], strict=False), start=1):
            if isinstance(values, dict):
                yield Table(
                    file=file, name=name, place=place, values=values, lines=lines,
                    problems=problems,
                )  # fmt: skip

    rules = [_rule(table, register, registers) for table in tables("regel")]
    knowledge = [_knowledge(table, register) for table in tables("kennis")]
    seen: set[str] = set()
    for table in (*tables("regel"), *tables("kennis")):
        name = str(table.values.get("id", ""))
        if name in seen:
            table.problem("id", "another rule has this id")
        seen.add(name)
    if problems:
        raise MistakesError(problems)
    return Rules(
        register=register.name,
        selection_list=str(given.get("selectielijst", "")),
        rules=[rule for rule in rules if rule is not None],
        knowledge=[rule for rule in knowledge if rule is not None],
    )


def _knowledge(table: Table, register: Register) -> KnowledgeRule | None:
    name, term = table.text("id", pattern=_NAME), table.text("termijn", pattern=DURATION)
    kind = register.types.get(table.choice("objecttype", register.types))
    table.close({})
    return None if kind is None else KnowledgeRule(id=name, type=kind, term=term)


def _rule(table: Table, register: Register, registers: Registers) -> Rule | None:
    name = table.text("id", pattern=_NAME)
    type_name = table.choice("objecttype", register.types)
    value = table.choice("waardering", [each.value for each in Value])
    trigger = table.choice("begint", [each.value for each in Trigger])
    category = table.text("categorie", pattern=_CATEGORY)
    result = table.text("resultaat", default="")
    term, path = table.text("termijn", pattern=DURATION), table.text("veld", default="")
    values, via = table.texts("waarden"), table.text("via", default="")
    where, law = table.table("waar"), table.text("wettelijk", default="")
    kind = register.types.get(type_name)
    if kind is None or value not in list(Value) or trigger not in list(Trigger):
        table.close({})
        return None
    person = _at_other_end(table, registers, kind, via)
    _check_trigger(table, Trigger(trigger), person or kind, path, values)
    conditions = _conditions(table, kind, where)
    table.close({})
    return Rule(
        id=name, type=kind, category=category, result=result, value=Value(value), term=term,
        trigger=Trigger(trigger), path=path, values=values, via=via, where=conditions, law=law,
        person=person,
    )  # fmt: skip


def _at_other_end(
    table: Table, registers: Registers, kind: ObjectType, via: str
) -> ObjectType | None:
    if not via:
        return None
    pointing = {p.name: p.points_at for p in kind.content_properties() if p.points_at}
    if via not in pointing:
        table.problem("via", f"{via!r} names no other object", nearest_of(via, pointing))
        return None
    name, _, type_name = pointing[via].rpartition(".")
    return registers.type(name or kind.register, type_name)


def _check_trigger(
    table: Table, trigger: Trigger, kind: ObjectType, path: str, values: Sequence[str]
) -> None:
    """A trigger has what it needs and nothing else; its property exists."""
    needs_path = trigger in (Trigger.FIELD, Trigger.REACHED, Trigger.DEATH)
    if needs_path and not path:
        table.problem("veld", f"is missing: {trigger.value} counts from a property")
    if path and not needs_path:
        table.problem("veld", f"{trigger.value} does not look at a property")
    if path and path not in kind.kept_paths():
        table.problem("veld", f"{kind.key} has no {path!r}", nearest_of(path, kind.kept_paths()))
    if (trigger is Trigger.REACHED) is not bool(values):
        table.problem("waarden", 'goes with begint = "waarde", and that with at least one value')
    if trigger is Trigger.DEATH and not kind.holds_personal_data:
        table.problem("begint", f"{kind.key} is no person; name one with via")


def _conditions(table: Table, kind: ObjectType, where: Table | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in where.values if where is not None else ():
        if key not in kind.kept_paths():
            table.problem("waar", f"{kind.key} has no {key!r}", nearest_of(key, kind.kept_paths()))
        assert where is not None  # noqa: S101  # it has a key
        found[key] = where.text(key)
    return found


def judge(rules: Sequence[Rule], groups: Groups, known: Known, others: Others) -> Due | None:
    """What holds for one object: of the rules that apply, keeping wins, then the latest day.

    None when no rule applies, or the day from which a term counts is not established.
    """
    lines = {
        group: segments(assertions, known)
        for group, assertions in groups.items()
        if not group.startswith(DOUBT_PREFIX) and group != ERASED_GROUP
    }
    last = _last_content(lines)
    found: list[Due] = []
    for rule in rules:
        if any(_said(last, path) != wanted for path, wanted in rule.where.items()):
            continue
        since = _since(rule, lines, groups, known, others)
        if since is None:
            # One applicable rule whose term has not begun keeps the object.
            return None
        found.append(Due(rule=rule, since=since, due_on=after(since, rule.term)))
    kept = [due for due in found if due.rule.value is Value.KEEP]
    return max(kept or found, key=lambda due: due.due_on, default=None)


def value_at(content: Mapping[str, JsonValue], path: str) -> JsonValue:
    """The value at a path of a content; None when there is none."""
    value: JsonValue = content
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _said(content: Mapping[str, JsonValue], path: str) -> str:
    """A value as a rule writes it: a text as it is, anything else as JSON."""
    value = value_at(content, path)
    return value if isinstance(value, str) else canonical(value).decode()


def _since(
    rule: Rule,
    lines: Mapping[str, Sequence[Segment]],
    groups: Groups,
    known: Known,
    others: Others,
) -> date | None:
    if rule.trigger is Trigger.END:
        return _ended(lines)
    if rule.trigger is Trigger.WITHDRAWN:
        return _withdrawn(lines, groups, known)
    content = _last_content(lines)
    if rule.person is not None:
        named = value_at(content, rule.via)
        if not isinstance(named, str):
            return None
        there = others(rule.person, named)
        lines = {group: segments(each, known) for group, each in there.items()}
        content = _last_content(lines)
    if rule.trigger is Trigger.REACHED:
        return _reached(lines, rule.path, rule.values)
    return day_in(value_at(content, rule.path))


def _held(lines: Mapping[str, Sequence[Segment]]) -> Iterator[Segment]:
    for line in lines.values():
        yield from (segment for segment in line if segment.assertion.content is not None)


def _ended(lines: Mapping[str, Sequence[Segment]]) -> date | None:
    """The first day on which nothing holds any more."""
    last = max((segment.period.end for segment in _held(lines)), default=OPEN)
    return None if last == OPEN else last


def _withdrawn(lines: Mapping[str, Sequence[Segment]], groups: Groups, known: Known) -> date | None:
    """The day on which it was registered that nothing of it was ever true."""
    if any(True for _ in _held(lines)):
        return None
    moments = [
        assertion.moment(known.clock)
        for group in lines
        for assertion in groups[group]
        if known.includes(assertion)
    ]
    return amsterdam_day(max(moments)) if moments else None


def _last_content(lines: Mapping[str, Sequence[Segment]]) -> dict[str, JsonValue]:
    """What the object last said of itself, over all its groups."""
    content: dict[str, JsonValue] = {}
    for line in lines.values():
        held = [segment for segment in line if segment.assertion.content is not None]
        if held:
            content.update(held[-1].assertion.content or {})
    return content


def _reached(
    lines: Mapping[str, Sequence[Segment]], path: str, values: Sequence[str]
) -> date | None:
    """The day from which one of the values holds, up to the last the object said."""
    for line in lines.values():
        held = [segment for segment in line if segment.assertion.content is not None]
        since: date | None = None
        for segment in reversed(held):
            if _said(segment.assertion.content or {}, path) not in values:
                break
            begin = segment.assertion.begin_source
            surely = segment.period.begin if begin is None or begin.complete else begin.hi
            since = max(surely, segment.period.begin)
        if since is not None and since != OPEN:
            return since
    return None


def day_in(value: JsonValue) -> date | None:
    """The last day that a value can mean: a date, an incomplete date or a moment."""
    if not isinstance(value, str):
        return None
    try:
        found = IncompleteDate.parse(value[:10])
    except InvalidValue:
        return None
    return None if found.hi == OPEN else found.hi
