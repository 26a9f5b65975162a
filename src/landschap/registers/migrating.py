# SPDX-License-Identifier: EUPL-1.2
"""Reading what was written under an older version of a model, in the form of the newest.

Nothing that was registered is changed: each assertion keeps the version it was written under, and
a declared migration says how it is read. It stands in ``TYPE.migratie.toml``:

    [[migratie]]
    van = "1.1.0"                      # what was the newest version
    naar = "2.0.0"                     # the version that needs it
    reden = "Straat heet nu straatnaam."
    stappen = [
      { hernoem = "straat", naar = "straatnaam" },
      { codes = "soort", van = { A = "aanvraag", B = "besluit" } },
      { vul = "land", waarde = "Nederland" },
      { vervalt = "telefoon" },
    ]
    besluiten = [
      { wijziging = "opened", eigenschap = "soort" },
    ]

A decision (``besluiten``) is for a change that harms nothing that is stored but somebody: data
that becomes open, a lower class of personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from landschap.registers.schemas import Fault, Schema, as_list, faults
from landschap.registers.timeline import DOUBT_PREFIX
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean

Content = Mapping[str, JsonValue]
Version = tuple[int, int, int]

# What a person has to decide on, beside what becomes of stored content.
DECISIONS = ("opened", "personal-data-lowered", "no-longer-subject")


@dataclass(frozen=True, slots=True)
class Rename:
    """A property has another name from now on."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Recode:
    """Codes of a property have become other ones; a code that is not named stays."""

    path: str
    codes: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Fill:
    """A property has this value where older content has none."""

    path: str
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Drop:
    """A property is no longer shown; what was registered of it stays stored."""

    path: str


# Stands in a migrated schema for a property that did not exist, with the value it gets.
FILLED = "x-gevuld"

Step = Rename | Recode | Fill | Drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """How content from before ``to`` is read, and what was decided with it."""

    since: Version
    to: Version
    reason: str
    steps: tuple[Step, ...] = ()
    decisions: frozenset[tuple[str, str]] = field(default_factory=frozenset)


def version_of(text: str) -> Version:
    """``1.2.0`` as numbers that can be compared."""
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def as_text(version: Version) -> str:
    """The way a version is written."""
    return ".".join(map(str, version))


def parse_migrations(given: JsonValue) -> tuple[list[Migration], list[Fault]]:
    """The migrations of one type in order, and everything that is wrong with them."""
    wrong = [_said(fault) for fault in faults(given, _FILE)]
    if wrong or not isinstance(given, Mapping):
        return [], wrong
    made = [_migration(each) for each in as_list(given["migratie"]) if isinstance(each, Mapping)]
    for position, one in enumerate(made):
        where = f"/migratie/{position}"
        if one.to <= one.since:
            wrong.append(Fault(f"{where}/naar", "must be later than van"))
        if position and one.since < made[position - 1].to:
            wrong.append(Fault(f"{where}/van", "must not lie before naar of the one above"))
    return made, wrong


def migration_faults(migrations: Sequence[Migration], schema: Schema | None) -> Iterator[Fault]:
    """Whether migrations end at the properties of the type as it is now."""
    if schema is None:
        yield Fault("", "belongs to no type: there is no schema of that name beside it")
        return
    version, properties = schema.get("x-versie"), schema.get("properties")
    names = set(properties) if isinstance(properties, Mapping) else set()
    if migrations and isinstance(version, str) and migrations[-1].to > version_of(version):
        yield Fault("/migratie", f"goes further than x-versie {version}")
    steps = [step for one in migrations for step in one.steps]
    for position, step in enumerate(steps):
        if isinstance(step, Drop):
            continue
        if isinstance(step, Rename) and step.old in names:
            # Stored content is searched under every name it had: one name, one meaning.
            yield Fault("/migratie", f"{step.old} was the name of {step.new}; give what is called "
                        "that now another name")  # fmt: skip
        reached = step.new if isinstance(step, Rename) else step.path
        end = _name_after(reached, steps[position + 1 :])
        if end and end not in names:
            hint = did_you_mean(end, names)
            yield Fault("/migratie", f"leads to {end}, which is not one of the properties{hint}")


def _said(fault: Fault) -> Fault:
    """A step that is none of the four, in words that tell which there are."""
    if fault.message.startswith("breaks the rule oneOf"):
        return Fault(
            fault.pointer,
            "is no step: write hernoem and naar, codes and van, vul and waarde, or vervalt",
        )
    return fault


def _migration(given: Mapping[str, JsonValue]) -> Migration:
    return Migration(
        since=version_of(str(given["van"])),
        to=version_of(str(given["naar"])),
        reason=str(given["reden"]),
        steps=tuple(_step(each) for each in as_list(given.get("stappen", []))),
        decisions=frozenset(
            (str(each["wijziging"]), str(each.get("eigenschap", "")))
            for each in as_list(given.get("besluiten", []))
            if isinstance(each, Mapping)
        ),
    )


def _step(given: JsonValue) -> Step:
    assert isinstance(given, Mapping)  # noqa: S101  # checked by _FILE; for the type checker
    if "hernoem" in given:
        return Rename(str(given["hernoem"]), str(given["naar"]))
    if "codes" in given:
        codes = given["van"]
        return Recode(str(given["codes"]), codes if isinstance(codes, Mapping) else {})
    if "vul" in given:
        return Fill(str(given["vul"]), given["waarde"])
    return Drop(str(given["vervalt"]))


_VERSION: Schema = {"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"}
_TEXT: Schema = {"type": "string", "minLength": 1}


def _of(**members: Schema) -> Schema:
    return {
        "type": "object",
        "required": list(members),
        "additionalProperties": False,
        "properties": dict(members),
    }


_FILE: Schema = {
    "type": "object",
    "required": ["migratie"],
    "additionalProperties": False,
    "properties": {
        "migratie": {
            "type": "array",
            "minItems": 1,
            "maxItems": 200,
            "items": {
                "type": "object",
                "required": ["van", "naar", "reden"],
                "additionalProperties": False,
                "properties": {
                    "van": _VERSION,
                    "naar": _VERSION,
                    "reden": _TEXT,
                    "stappen": {
                        "type": "array",
                        "items": {
                            "oneOf": [
                                _of(hernoem=_TEXT, naar=_TEXT),
                                _of(codes=_TEXT, van={"type": "object", "minProperties": 1}),
                                _of(vul=_TEXT, waarde={}),
                                _of(vervalt=_TEXT),
                            ]
                        },
                    },
                    "besluiten": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["wijziging"],
                            "additionalProperties": False,
                            "properties": {
                                "wijziging": {"enum": list(DECISIONS)},
                                "eigenschap": _TEXT,
                            },
                        },
                    },
                },
            },
        }
    },
}


def steps_after(migrations: Iterable[Migration], version: Version) -> list[Step]:
    """What has to be done with content written under a version, in order."""
    return [step for one in migrations if one.to > version for step in one.steps]


def migrated(
    content: Content, steps: Sequence[Step], group: str, groups: Mapping[str, str]
) -> Content:
    """Content of one group in the newest form. ``groups`` names the group of each property now.

    Doubt about a group names properties; it follows their names.
    """
    if group.startswith(DOUBT_PREFIX):
        return {**content, "kenmerken": list(_renamed(content.get("kenmerken"), steps))}
    made: dict[str, JsonValue] = dict(content)
    for position, step in enumerate(steps):
        match step:
            case Rename(old, new):
                if old in made:
                    made[new] = made.pop(old)
            case Recode(path, codes):
                if path in made:
                    made[path] = _recoded(made[path], codes)
            case Drop(path):
                made.pop(path, None)
            case Fill(path, value):
                if (
                    path not in made
                    and groups.get(_name_after(path, steps[position + 1 :])) == group
                ):
                    made[path] = value
    return made


def _recoded(value: JsonValue, codes: Mapping[str, JsonValue]) -> JsonValue:
    if isinstance(value, list):
        return [_recoded(each, codes) for each in value]
    return codes.get(str(value), value) if isinstance(value, str | int) else value


def _name_after(path: str, steps: Iterable[Step]) -> str:
    """The name a property has in the end; empty when it is dropped."""
    for step in steps:
        if isinstance(step, Rename) and step.old == path:
            path = step.new
        elif isinstance(step, Drop) and step.path == path:
            return ""
    return path


def _renamed(paths: JsonValue, steps: Sequence[Step]) -> Iterator[JsonValue]:
    for path in as_list(paths):
        first, dot, rest = str(path).partition(".")
        name = _name_after(first, steps)
        if name:
            yield f"{name}{dot}{rest}"


def names_before(path: str, migrations: Sequence[Migration]) -> list[str]:
    """The names under which a property may be stored, the newest first."""
    names = [path]
    for one in reversed(migrations):
        for step in reversed(one.steps):
            if isinstance(step, Rename) and step.new == names[-1]:
                names.append(step.old)
    return names


def codes_before(path: str, values: Sequence[str], migrations: Sequence[Migration]) -> list[str]:
    """What the values of a property may be stored as."""
    wanted = list(values)
    name = path
    for one in reversed(migrations):
        for step in reversed(one.steps):
            if isinstance(step, Rename) and step.new == name:
                name = step.old
            elif isinstance(step, Recode) and step.path == name:
                wanted += [old for old, new in step.codes.items() if str(new) in wanted]
    return list(dict.fromkeys(wanted))


def migrated_schema(schema: Schema, steps: Iterable[Step]) -> tuple[Schema, list[str]]:
    """The schema of what older content becomes, and steps that can not be done on it."""
    properties = schema.get("properties")
    members: dict[str, JsonValue] = dict(properties) if isinstance(properties, Mapping) else {}
    required = [str(name) for name in as_list(schema.get("required", []))]
    wrong = []
    for step in steps:
        touched = step.old if isinstance(step, Rename) else step.path
        if not isinstance(step, Fill) and touched not in members:
            wrong.append(
                f"there is no property {touched} to migrate{did_you_mean(touched, members)}"
            )
            continue
        match step:
            case Rename(old, new):
                if new in members:
                    wrong.append(f"{old} can not be called {new}, which is there already")
                    continue
                if "x-geometrie" in _table(members[old]):
                    wrong.append(f"{old} is a geometry, which is found under the name it has")
                    continue
                members = {new if name == old else name: value for name, value in members.items()}
                required = [new if name == old else name for name in required]
            case Recode(path, codes):
                members[path] = _recoded_schema(members[path], codes)
            case Drop(path):
                del members[path]
                required = [name for name in required if name != path]
            case Fill(path, value):
                members.setdefault(path, {FILLED: value})
                required = [*required, *([path] if path not in required else [])]
    return {**schema, "properties": members, "required": list[JsonValue](required)}, wrong


def _table(value: JsonValue) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _recoded_schema(value: JsonValue, codes: Mapping[str, JsonValue]) -> JsonValue:
    if not isinstance(value, Mapping):
        return value
    made: dict[str, JsonValue] = dict(value)
    if "enum" in value:
        recoded = [_recoded(code, codes) for code in as_list(value["enum"])]
        made["enum"] = [code for n, code in enumerate(recoded) if code not in recoded[:n]]
    if "items" in value:
        made["items"] = _recoded_schema(value["items"], codes)
    return made
