# SPDX-License-Identifier: EUPL-1.2
"""One model from its parts: shared values (``$ref``), a more general type, lists of codes.

What is written once is used in more places; what the rest of the system reads has no references
left. A part that comes back to itself can not be put together, and is refused with the way round.

    "$ref": "#/$defs/adres"           the rules of a part of the same file, beside its own words
    "x-specialisatie-van": "zaak"     the properties of another type of the register come first
    "x-waardelijst": "status"         the codes of status.waardelijst.json

Source: JSON Schema 2020-12, "$ref", "$defs"; MIM 1.2, "Generalisatie", "Codelijst".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from landschap.registers.annotations import CODE_LIST
from landschap.registers.schemas import ANNOTATIONS, Fault, Schema, as_list, faults
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean

_DEFS = "#/$defs/"
MAX_DEPTH = 12


@dataclass(slots=True)
class Parts:
    """What the types of a register are put together from, and what is wrong per file."""

    schemas: Mapping[str, JsonValue]
    code_lists: Mapping[str, JsonValue] = field(default_factory=dict)
    wrong: dict[str, list[Fault]] = field(default_factory=dict)

    def fault(self, name: str, pointer: str, message: str) -> None:
        """Remember one fault of the type with this name."""
        self.wrong.setdefault(name, []).append(Fault(pointer, message))


def composed(parts: Parts) -> dict[str, Schema]:
    """The types that can be put together, by name; abstract ones are left out.

    What could not is in ``parts.wrong``.
    """
    made: dict[str, Schema] = {}
    for name, schema in sorted(parts.schemas.items()):
        if not isinstance(schema, Mapping):
            parts.fault(name, "", "must be an object")
            continue
        whole = _specialised(parts, name, schema)
        if whole is None:
            continue
        resolved = _resolved(parts, name, whole)
        if name not in parts.wrong and schema.get("x-abstract") is not True:
            made[name] = resolved
    return made


def code_list_faults(value: JsonValue) -> Iterator[Fault]:
    """What is wrong with a list of codes."""
    wrong = list(faults(value, CODE_LIST))
    yield from wrong
    if wrong:
        return
    codes = [code for code, _, _ in _codes(value)]
    for position, code in enumerate(codes):
        if code in codes[:position]:
            yield Fault(f"/waarden/{position}/code", f"{code} stands there twice")


def _codes(value: JsonValue) -> Iterator[tuple[JsonValue, JsonValue, JsonValue]]:
    values = value.get("waarden") if isinstance(value, Mapping) else None
    for each in values if isinstance(values, list) else []:
        if isinstance(each, Mapping):
            yield each.get("code"), each.get("titel"), each.get("title")


def _specialised(parts: Parts, name: str, schema: Schema) -> Schema | None:
    """A type with what it has from the more general ones; None when they go round."""
    line = [name]
    chain = [schema]
    while (above := chain[-1].get("x-specialisatie-van")) is not None:
        general = parts.schemas.get(str(above))
        if above in line:
            way = " -> ".join([*line, str(above)])
            parts.fault(name, "/x-specialisatie-van", f"goes round: {way}")
            return None
        if not isinstance(general, Mapping):
            hint = did_you_mean(str(above), set(parts.schemas) - {name})
            parts.fault(line[-1], "/x-specialisatie-van", f"there is no type {above}{hint}")
            return None
        line.append(str(above))
        chain.append(general)
    if len(chain) == 1:
        return schema
    return _merged(parts, name, chain)


def _merged(parts: Parts, name: str, chain: Sequence[Schema]) -> Schema:
    """The own words of a type win; properties are added up, the general ones first."""
    whole: dict[str, JsonValue] = dict(chain[0])
    whole.pop("x-specialisatie-van")
    # The identification is said once, at the top.
    for general in chain[1:]:
        if "x-identificatie" in general:
            whole.setdefault("x-identificatie", general["x-identificatie"])
    for keyword in ("properties", "$defs"):
        gathered: dict[str, JsonValue] = {}
        for each in reversed(chain):
            for key, value in _table(each, keyword).items():
                if key in gathered and each is chain[0]:
                    parts.fault(name, f"/{keyword}/{key}", "stands in the more general type too")
                gathered[key] = value
        if gathered:
            whole[keyword] = gathered
    required = [str(key) for each in reversed(chain) for key in as_list(each.get("required", []))]
    whole["required"] = list[JsonValue](dict.fromkeys(required))
    return whole


def _table(schema: Schema, keyword: str) -> Schema:
    value = schema.get(keyword)
    return value if isinstance(value, Mapping) else {}


def _resolved(parts: Parts, name: str, schema: Schema) -> Schema:
    """A type without references."""
    defs = _table(schema, "$defs")
    own = {key: value for key, value in schema.items() if key != "$defs"}
    used: set[str] = set()
    found = _walk(_Place(parts, name, defs, used), own, "", ())
    for key in sorted(set(defs) - used):
        parts.fault(name, f"/$defs/{key}", "is used nowhere")
    assert isinstance(found, Mapping)  # noqa: S101  # a mapping went in; for the type checker
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    parts: Parts
    name: str
    defs: Schema
    used: set[str]

    def fault(self, pointer: str, message: str) -> None:
        self.parts.fault(self.name, pointer, message)


def _walk(place: _Place, value: JsonValue, pointer: str, via: tuple[str, ...]) -> JsonValue:
    if not isinstance(value, Mapping):
        return value
    if pointer.count("/") > 2 * MAX_DEPTH:
        place.fault(pointer, f"lies more than {MAX_DEPTH} deep")
        return value
    if "$ref" in value:
        return _referred(place, value, pointer, via)
    made: dict[str, JsonValue] = dict(value)
    if "x-waardelijst" in value:
        _fill(place, made, pointer)
    properties = made.get("properties")
    if isinstance(properties, Mapping):
        made["properties"] = {
            key: _walk(place, inner, f"{pointer}/properties/{key}", via)
            for key, inner in properties.items()
        }
    if "items" in made:
        made["items"] = _walk(place, made["items"], f"{pointer}/items", via)
    return made


def _referred(place: _Place, value: Schema, pointer: str, via: tuple[str, ...]) -> JsonValue:
    ref = str(value["$ref"])
    key = ref.removeprefix(_DEFS)
    part = place.defs.get(key)
    if not ref.startswith(_DEFS) or not isinstance(part, Mapping):
        hint = did_you_mean(ref, [f"{_DEFS}{each}" for each in place.defs])
        place.fault(f"{pointer}/$ref", f"{ref} leads nowhere in this file{hint}")
        return {}
    place.used.add(key)
    if key in via:
        way = " -> ".join(f"{_DEFS}{each}" for each in (*via[via.index(key) :], key))
        place.fault(f"{pointer}/$ref", f"goes round: {way}")
        return {}
    own = {word: each for word, each in value.items() if word != "$ref"}
    for word in sorted(set(own) & set(part)):
        # Both rules would count; one rule in two places is not readable.
        if word not in ANNOTATIONS and not word.startswith("x-"):
            place.fault(f"{pointer}/{word}", f"stands in {ref} too; say it in one place")
    return _walk(place, {**part, **own}, pointer, (*via, key))


def _fill(place: _Place, value: dict[str, JsonValue], pointer: str) -> None:
    """The codes of a list as the rule ``enum``, with their meaning."""
    name = str(value["x-waardelijst"])
    found = place.parts.code_lists.get(name)
    if found is None:
        hint = did_you_mean(name, place.parts.code_lists)
        place.fault(f"{pointer}/x-waardelijst", f"there is no {name}.waardelijst.json{hint}")
        return
    if "enum" in value:
        place.fault(f"{pointer}/enum", "stands in the list of codes already")
    rows = list(_codes(found))
    codes: list[JsonValue] = [code for code, _, _ in rows]
    if "null" in as_list(value.get("type")):
        codes.append(None)
    value["enum"] = codes
    value["x-waarden"] = {str(code): {"nl": nl, "en": en} for code, nl, en in rows}
