# SPDX-License-Identifier: EUPL-1.2
"""The derived properties of an object type: whether they are declared well, and of which fields.

    "meerderjarig": {
      "title": "Meerderjarig", "x-titel-en": "Of age", "type": ["boolean", "null"],
      "x-persoonsgegeven": "gewoon",
      "x-afgeleid": {"regel": "leeftijd-vanaf", "uit": "geboortedatum", "jaren": 18}
    }

Such a property is kept nowhere, so nothing is searched by it and it points at nothing. What follows
from personal data is personal data: a birth date does not stop being about a person when only a
yes or no is left of it.
Source: AVG art. 4 sub 1; MIM 1.2, "Indicatie afleidbaar".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from landschap.registers.annotations import PersonalData
from landschap.registers.deriving import Derivation, ValueKind, parse_derivation
from landschap.registers.deriving_checks import circle_of, form_faults, input_faults
from landschap.registers.schemas import Fault, Schema, as_list, faults
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean

DERIVED = "x-afgeleid"
_KEPT_ONLY = (
    "x-zoekbaar", "x-onderwerp", "x-verwijst-naar", "x-relatie", "x-geometrie", "x-crs", "x-groep",
    "x-mim-tijdlijn-geldigheid", "x-mim-tijdlijn-registratie",
)  # fmt: skip
_DATES = ("date", "onvolledige-datum")


def derived_faults(schema: Schema, properties: Schema) -> Iterator[Fault]:
    """Everything that is wrong with the derived properties of a type."""
    found: dict[str, Derivation] = {}
    for name, value in properties.items():
        if not isinstance(value, Mapping) or DERIVED not in value:
            continue
        where = f"/properties/{name}"
        yield from _of_property(schema, name, value)
        wrong = list(form_faults(value[DERIVED], f"{where}/{DERIVED}"))
        yield from wrong
        given = value[DERIVED]
        if not wrong and isinstance(given, Mapping):
            found[name] = parse_derivation(given)
    schemas = dict(_values(properties, ""))
    kinds = {path: kind_of(value) for path, value in schemas.items()}
    for name, each in found.items():
        where = f"/properties/{name}/{DERIVED}"
        wrong = list(input_faults(name, each, kinds, where))
        yield from wrong
        if way := circle_of(name, found):
            yield Fault(f"{where}/uit", f"goes round: {' -> '.join(way)}")
        elif not wrong:
            yield from _result(name, each, schemas[name])
            yield from _compared(each, schemas, where)
            yield from _sensitivity(name, each, properties)


def kind_of(schema: Schema) -> ValueKind:
    """What a value of a schema is, as far as a rule asks."""
    kinds = {str(each) for each in as_list(schema.get("type"))} - {"null"}
    if kinds == {"boolean"}:
        return ValueKind.YES_NO
    if kinds and kinds <= {"integer", "number"}:
        return ValueKind.NUMBER
    if kinds == {"array"}:
        return ValueKind.LIST
    if kinds != {"string"}:
        return ValueKind.OTHER
    return ValueKind.DATE if _is_date(schema) else ValueKind.TEXT


def _is_date(schema: Schema) -> bool:
    """A day by its format, or by a pattern that takes a day and not just anything."""
    if schema.get("format") in _DATES:
        return True
    try:
        pattern = re.compile(str(schema["pattern"]))
    except (KeyError, re.error):
        return False
    takes_day = pattern.search("2000-01-01") or pattern.search("20000101")
    return takes_day is not None and pattern.search("x") is None


def _values(properties: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
    for name, value in properties.items():
        if isinstance(value, Mapping):
            yield f"{prefix}{name}", value
            inner = value.get("properties")
            if isinstance(inner, Mapping):
                yield from _values(inner, f"{prefix}{name}.")


def _of_property(schema: Schema, name: str, value: Schema) -> Iterator[Fault]:
    where = f"/properties/{name}"
    if name == schema.get("x-identificatie"):
        yield Fault(f"{where}/{DERIVED}", "an identification is kept, never derived")
    if name in as_list(schema.get("required", [])):
        yield Fault("/required", f"names {name}, which is derived: nobody writes it")
    for annotation in _KEPT_ONLY:
        if value.get(annotation) not in (None, False):
            yield Fault(f"{where}/{annotation}", "is for a value that is kept; this one is derived")
    if value.get("x-open") is True:
        yield Fault(f"{where}/x-open", "open data holds no derived fields")


def _result(name: str, each: Derivation, value: Schema) -> Iterator[Fault]:
    """What the rule gives has to fit what the property says it is."""
    where = f"/properties/{name}"
    kinds = [str(kind) for kind in as_list(value.get("type"))]
    if sorted(kinds) != sorted((each.gives, "null")):
        yield Fault(
            f"{where}/type",
            f'must be ["{each.gives}", "null"]: that is what {each.rule} gives, and null where it '
            "can not be told",
        )
        return
    for band in (*each.bands(), None):
        if list(faults(band, value)):
            yield Fault(where, f"does not take {band or 'null'}, which {each.rule} can give")
    codes = as_list(value["enum"]) if "enum" in value and each.bands() else []
    for code in codes:
        if code is not None and code not in each.bands():
            hint = did_you_mean(str(code), each.bands())
            yield Fault(f"{where}/enum", f"holds {code}, which is no band{hint}")


def _compared(each: Derivation, schemas: Mapping[str, Schema], where: str) -> Iterator[Fault]:
    """A value to compare with has to be one that the field can have."""
    if each.rule != "is-een-van":
        return
    (path,) = each.inputs
    taken = schemas[path]
    for value in as_list(each.arguments["waarden"]):
        for fault in faults(value, taken):
            codes = [str(code) for code in as_list(taken.get("enum", [])) if code is not None]
            hint = did_you_mean(str(value), codes)
            yield Fault(f"{where}/waarden", f"{value} is no value of {path}: {fault.message}{hint}")


_ORDER = [kind.value for kind in PersonalData]
_SPECIAL, _ORDINARY = PersonalData.SPECIAL.value, PersonalData.ORDINARY.value


def _sensitivity(name: str, each: Derivation, properties: Schema) -> Iterator[Fault]:
    own = _personal(properties[name])
    inputs = [_personal(properties[path.partition(".")[0]]) for path in each.inputs]
    if _SPECIAL in inputs and own != _SPECIAL:
        least = _SPECIAL
    elif any(kind != _ORDER[0] for kind in inputs) and own == _ORDER[0]:
        least = _ORDINARY
    else:
        return
    yield Fault(
        f"/properties/{name}/x-persoonsgegeven",
        f"must be at least {least}: it follows from such data ({', '.join(each.inputs)})",
    )


def _personal(value: JsonValue) -> str:
    return str(value.get("x-persoonsgegeven")) if isinstance(value, Mapping) else _ORDER[0]
