# SPDX-License-Identifier: EUPL-1.2
"""What changed between two versions of an object type, and what each change asks.

    text         only words changed
    compatible   everything that is stored fits; who asks can go on
    decision     nothing breaks, but somebody has to decide it: data becomes open
    major        who asks has to change: a new major version
    migration    what is stored does not fit: a declared migration, and a new major version
    impossible   no reading makes it fit: give the property another name instead

Whether a rule admits less than it did is decided by the library, which knows when one schema
covers another; where it can not tell, the change counts as one that needs a migration.
Source: Semantic Versioning 2.0.0; JSON Schema 2020-12, "Validation".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import jsonschema_rs

from landschap.registers.annotations import GeometryKind, PersonalData
from landschap.registers.derived_properties import DERIVED
from landschap.registers.deriving import parse_derivation
from landschap.registers.migrating import FILLED
from landschap.registers.schemas import ANNOTATIONS, Schema, as_list, faults
from landschap.vocabulary.ijson import JsonValue


class Effect(IntEnum):
    """What a change asks, from nothing to what can not be done."""

    TEXT = 0
    COMPATIBLE = 1
    DECISION = 2
    MAJOR = 3
    MIGRATION = 4
    IMPOSSIBLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """One change: its name, the property (empty for the type), in words, and what it asks."""

    name: str
    path: str
    words: str
    effect: Effect

    def body(self) -> dict[str, JsonValue]:
        """Its JSON."""
        return {
            "change": self.name,
            "property": self.path or None,
            "detail": self.words,
            "effect": self.effect.name.lower(),
        }

    def __str__(self) -> str:
        return f"{self.path or 'the type'}: {self.words}"


def changes_between(old: Schema, new: Schema) -> list[ModelChange]:
    """All changes from one version of a type to another, the gravest first."""
    found = [*_of_type(old, new), *_of_members(old, new, "", top=True)]
    return sorted(found, key=lambda change: (-change.effect, change.path))


def _change(name: str, path: str, words: str, effect: Effect) -> ModelChange:
    return ModelChange(name=name, path=path, words=words, effect=effect)


def _of_type(old: Schema, new: Schema) -> Iterator[ModelChange]:
    if old.get("x-identificatie") != new.get("x-identificatie"):
        yield _change("identification-changed", "", "objects are named by another property",
                      Effect.IMPOSSIBLE)  # fmt: skip
    if old.get("x-collectie") != new.get("x-collectie"):
        yield _change("collection-changed", "", f"the address changes from {old.get('x-collectie')}"
                      f" to {new.get('x-collectie')}", Effect.MAJOR)  # fmt: skip
    was, now = (each.get("x-onvolledige-datums") is True for each in (old, new))
    if was and not now:
        yield _change("incomplete-dates-refused", "", "partly unknown begins may be stored",
                      Effect.IMPOSSIBLE)  # fmt: skip
    if now and not was:
        yield _change("incomplete-dates-allowed", "", "begins may be partly unknown",
                      Effect.COMPATIBLE)  # fmt: skip
    yield from _openness(old, new, "")
    yield from _words(old, new, "", ("x-hvd-categorie", "x-abstract", "x-specialisatie-van"))


def _of_members(old: Schema, new: Schema, prefix: str, *, top: bool) -> Iterator[ModelChange]:
    before, after = _table(old), _table(new)
    for name in before.keys() - after.keys():
        # Of what follows from other properties nothing is stored, so nothing has to be moved.
        effect = Effect.MAJOR if top and DERIVED in before[name] else Effect.MIGRATION
        yield _change("property-removed", prefix + name, "is no longer there", effect)
    for name in after.keys() - before.keys():
        yield _change("property-added", prefix + name, "is new", Effect.COMPATIBLE)
        if top and _open(after[name]):
            yield _change("opened", prefix + name, "anybody may see it", Effect.DECISION)
    needed_before, needed = (
        {str(name) for name in as_list(each.get("required", []))} for each in (old, new)
    )
    for name in sorted(needed - needed_before):
        yield _change("made-required", prefix + name, "has to have a value now", Effect.MIGRATION)
    for name in sorted((needed_before & after.keys()) - needed):
        yield _change("made-optional", prefix + name, "may be absent now", Effect.COMPATIBLE)
    for name in after.keys() & before.keys():
        was, now = before[name], after[name]
        if top and FILLED in was:
            yield from _filled(was[FILLED], now, prefix + name)
        elif top and (DERIVED in was or DERIVED in now):
            yield from _derived(was, now, prefix + name)
        else:
            identifies = top and name == new.get("x-identificatie")
            yield from _of_value(was, now, prefix + name, identifies=identifies)
            if top:
                yield from _of_property(was, now, prefix + name)


def _table(schema: Schema) -> Mapping[str, Schema]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {name: value for name, value in properties.items() if isinstance(value, Mapping)}


def _filled(value: JsonValue, new: Schema, path: str) -> Iterator[ModelChange]:
    yield _change("property-added", path, "is new", Effect.COMPATIBLE)
    for fault in faults(value, new):
        yield _change("default-refused", path, f"the value it is filled with {fault.message}",
                      Effect.MIGRATION)  # fmt: skip
    if new.get("x-zoekbaar") is True:
        yield _change("default-not-found", path, "is searched by, and what it is filled with is "
                      "in no index", Effect.MIGRATION)  # fmt: skip
    if _open(new):
        yield _change("opened", path, "anybody may see it", Effect.DECISION)


def _derived(old: Schema, new: Schema, path: str) -> Iterator[ModelChange]:
    """A value that is or was derived: nothing stored can fail to fit, yet it says another thing."""
    was, now = old.get(DERIVED), new.get(DERIVED)
    if was is None:
        yield _change("made-derived", path, f"follows from other properties now, by {_rule(now)}; "
                      "what was stored of it is not read any more", Effect.MAJOR)  # fmt: skip
    elif now is None:
        yield _change("made-kept", path, "is written now, and no longer follows from others",
                      Effect.MAJOR)  # fmt: skip
    elif was != now:
        yield _change("rule-changed", path, f"follows by {_rule(now)}, not by {_rule(was)}",
                      Effect.MAJOR)  # fmt: skip
    yield from _openness(old, new, path)
    yield from _sensitivity(old, new, path)
    yield from _words(old, new, path, ("x-waarden", "x-eenheid"))


def _rule(given: JsonValue) -> str:
    return parse_derivation(given).words if isinstance(given, Mapping) else "no rule"


def _of_property(old: Schema, new: Schema, path: str) -> Iterator[ModelChange]:
    """What only a whole property has: who may see it, how it is found, when it changes."""
    yield from _openness(old, new, path)
    yield from _sensitivity(old, new, path)
    if old.get("x-groep") != new.get("x-groep"):
        yield _change("group-changed", path, "changes together with other properties than before; "
                      "its history lies in the old group", Effect.IMPOSSIBLE)  # fmt: skip
    was, now = (each.get("x-zoekbaar") is True for each in (old, new))
    if was and not now:
        yield _change("no-longer-searchable", path, "can not be searched by any more", Effect.MAJOR)
    if now and not was:
        yield _change("searchable", path, "can be searched by", Effect.COMPATIBLE)
    before, after = old.get("x-verwijst-naar"), new.get("x-verwijst-naar")
    if before is not None and before != after:
        yield _change("relation-changed", path, f"points at {after or 'nothing'}, not at {before}",
                      Effect.MAJOR)  # fmt: skip
    elif before != after:
        yield _change("relation-added", path, f"points at {after}", Effect.COMPATIBLE)
    if old.get("x-crs") != new.get("x-crs"):
        yield _change(
            "crs-changed", path, "what is stored has other coordinates", Effect.IMPOSSIBLE
        )
    shape, shape_now = old.get("x-geometrie"), new.get("x-geometrie")
    if shape != shape_now:
        wider = shape_now in (GeometryKind.ANY, None)
        yield _change("geometry-changed", path, f"is {shape_now or 'no geometry'}, not {shape}",
                      Effect.COMPATIBLE if wider else Effect.IMPOSSIBLE)  # fmt: skip
    yield from _words(old, new, path, (
        "x-relatie", "x-mim-tijdlijn-geldigheid", "x-mim-tijdlijn-registratie", "x-waardelijst",
    ))  # fmt: skip


def _openness(old: Schema, new: Schema, path: str) -> Iterator[ModelChange]:
    if _open(new) and not _open(old):
        yield _change("opened", path, "anybody may see it", Effect.DECISION)
    if _open(old) and not _open(new):
        yield _change("closed", path, "who saw it without login no longer does", Effect.MAJOR)


def _sensitivity(old: Schema, new: Schema, path: str) -> Iterator[ModelChange]:
    order = [kind.value for kind in PersonalData]
    before, after = str(old.get("x-persoonsgegeven")), str(new.get("x-persoonsgegeven"))
    if before != after:
        lower = order.index(after) < order.index(before)
        yield _change(
            "personal-data-lowered" if lower else "personal-data-raised",
            path,
            f"is {after}, was {before}",
            Effect.DECISION if lower else Effect.COMPATIBLE,
        )
    subject, subject_now = old.get("x-onderwerp"), new.get("x-onderwerp")
    if subject is not None and subject != subject_now:
        yield _change("no-longer-subject", path, "no longer says whom the object is about: use is "
                      "not recorded under that number", Effect.DECISION)  # fmt: skip
    elif subject != subject_now:
        yield _change("subject", path, "says whom the object is about", Effect.COMPATIBLE)


def _open(schema: Schema) -> bool:
    return schema.get("x-open") is True


def _of_value(old: Schema, new: Schema, path: str, *, identifies: bool) -> Iterator[ModelChange]:
    """The rules of a value, its members and items, and its unit and words."""
    narrowed = Effect.IMPOSSIBLE if identifies else Effect.MIGRATION
    inner = [*_of_members(old, new, f"{path}.", top=False)] if _table(old) or _table(new) else []
    yield from inner
    items, items_now = old.get("items"), new.get("items")
    if isinstance(items, Mapping) and isinstance(items_now, Mapping):
        inner_items = [*_of_value(items, items_now, f"{path}[]", identifies=identifies)]
        inner += inner_items
        yield from inner_items
    told = [*_enum(old, new, path, narrowed), *_format(old, new, path, narrowed)]
    yield from told
    explained = any(change.effect >= Effect.MIGRATION for change in [*inner, *told])
    if not explained and not _covers(new, old):
        yield _change("type-narrowed", path, f"takes less than before: {_told(old, new)}", narrowed)
    elif not explained and not told and not inner and not _covers(old, new):
        yield _change("type-widened", path, f"takes more than before: {_told(old, new)}",
                      Effect.COMPATIBLE)  # fmt: skip
    if old.get("x-eenheid") != new.get("x-eenheid"):
        was, now = (str(each.get("x-eenheid", "no unit")) for each in (old, new))
        yield _change("unit-changed", path, f"counts in {now}, not in {was}", Effect.IMPOSSIBLE)
    yield from _words(old, new, path, ("x-waarden",))


def _enum(old: Schema, new: Schema, path: str, narrowed: Effect) -> Iterator[ModelChange]:
    if "enum" not in old or "enum" not in new:
        return
    before, after = as_list(old["enum"]), as_list(new["enum"])
    for code in before:
        if code not in after:
            yield _change("code-removed", path, f"no longer takes {code}", narrowed)
    for code in after:
        if code not in before:
            yield _change("code-added", path, f"takes {code} as well", Effect.COMPATIBLE)


def _format(old: Schema, new: Schema, path: str, narrowed: Effect) -> Iterator[ModelChange]:
    """The library takes a form for a remark, so it is compared here."""
    before, after = old.get("format"), new.get("format")
    if before == after:
        return
    if after is None or (before, after) == ("date", "onvolledige-datum"):
        yield _change("format-widened", path, f"need not be a {before}", Effect.COMPATIBLE)
    else:
        yield _change("format-changed", path, f"has to be a {after} now", narrowed)


def _covers(wide: Schema, narrow: Schema) -> bool:
    """True when every value of the second is sure to fit the first."""
    found = jsonschema_rs.canonicalize(_rules(wide)).covers(
        jsonschema_rs.canonicalize(_rules(narrow))
    )
    return str(found) == "yes"


def _rules(schema: Schema) -> dict[str, JsonValue]:
    """Only the rules of a value, in the classes the library reads."""
    made: dict[str, JsonValue] = {}
    for keyword, value in schema.items():
        if keyword in ANNOTATIONS or keyword.startswith("x-") or keyword == "format":
            continue
        if keyword == "properties" and isinstance(value, Mapping):
            made[keyword] = {name: _rules(each) for name, each in _table(schema).items()}
        elif keyword == "items" and isinstance(value, Mapping):
            made[keyword] = _rules(value)
        else:
            made[keyword] = value
    return made


def _told(old: Schema, new: Schema) -> str:
    """Which rules differ, before and after."""
    before, after = _rules(old), _rules(new)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return ", ".join(
        f"{name} {before.get(name, 'absent')} -> {after.get(name, 'absent')}"
        for name in names
        if name not in ("properties", "items")
    )


def _words(old: Schema, new: Schema, path: str, more: tuple[str, ...]) -> Iterator[ModelChange]:
    names = ("title", "description", "x-titel-en", "x-definitie-en", "x-begrip", *more)
    changed = [name for name in names if old.get(name) != new.get(name)]
    if changed:
        yield _change("words-changed", path, f"{', '.join(changed)} changed", Effect.TEXT)
