# SPDX-License-Identifier: EUPL-1.2
"""Whatever stands in a model, the answer is what is wrong with it: never an accident."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from landschap.registers.client.models import READY
from landschap.registers.importing_amsterdam import from_amsterdam
from landschap.registers.importing_mim import from_mim
from landschap.registers.migrating import migration_faults, parse_migrations
from landschap.registers.model_diff import changes_between
from landschap.registers.models import InvalidModel, parse_register

VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False),
        st.sampled_from(["", "string", "object", "#/$defs/adres", "#/$defs/weg", "(", "1.0.0", "A"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "enum", "$ref", "items", "properties", "x-open",
                                         "x-waarden", "const", "van", "code"]), inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip
HR = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text())
    for path in (READY / "hr").glob("*.schema.json")
}
PERMITS = json.loads((READY / "vergunningen" / "omgevingsvergunning.schema.json").read_text())
LISTS = {
    path.name.removesuffix(".waardelijst.json"): json.loads(path.read_text())
    for path in (READY / "vergunningen").glob("*.waardelijst.json")
}
MIM = {"$defs": {
    "Ding": {"type": "object", "allOf": [{"$ref": "#/$defs/Zaak"}], "required": ["naam"],
             "properties": {"identificatie": {"type": "string"}, "naam": {"type": "string"},
                            "deel": {"$ref": "#/$defs/Deel"}, "soort": {"$ref": "#/$defs/Soort"}}},
    "Zaak": {"type": "object", "properties": {"identificatie": {"type": "string"}}},
    "Deel": {"type": "object", "properties": {"hoogte": {"type": "number"}}},
    "Soort": {"oneOf": [{"const": "A", "title": "Appel"}]},
}}  # fmt: skip
AMSTERDAM = [{"type": "dataset", "id": "bomen", "auth": "OPENBAAR", "tables": [
    {"id": "bomen", "type": "table", "temporal": {"identifier": "nr", "dimensions": {"op": ["b"]}},
     "schema": {"identifier": ["id"], "required": ["id"], "properties": {
         "id": {"type": "string"}, "boom": {"type": "object", "relation": "bomen:bomen"},
         "hoogte": {"type": "number", "unit": "m"}}}},
]}]  # fmt: skip
MIGRATION = {"migratie": [{"van": "1.0.0", "naar": "2.0.0", "reden": "x", "stappen": [
    {"hernoem": "a", "naar": "naam"}, {"codes": "naam", "van": {"A": "B"}},
    {"vul": "b", "waarde": 1}, {"vervalt": "c"}],
    "besluiten": [{"wijziging": "opened", "eigenschap": "naam"}]}]}  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    if path:
        yield path
    inner: Any = enumerate(value) if isinstance(value, list) else ()
    for key, each in value.items() if isinstance(value, dict) else inner:
        yield from places(each, (*path, key))


def spoiled(data: st.DataObject, document: Any) -> Any:
    """A document with something else, or nothing, at a place or two."""
    made = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 2))):
        there = list(places(made))
        if not there:
            return made
        *above, last = data.draw(st.sampled_from(there))
        target = made
        for key in above:
            target = target[key]
        if data.draw(st.booleans()) or isinstance(target, list):
            target[last] = data.draw(VALUES)
        else:
            del target[last]
    return made


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_spoiled_model_is_refused_or_read_and_compared(data: st.DataObject) -> None:
    schemas = spoiled(data, {**HR, "omgevingsvergunning": PERMITS})
    lists = spoiled(data, LISTS) if data.draw(st.booleans()) else LISTS
    head = {"naam": "proef", "klok": "bron"}
    with contextlib.suppress(InvalidModel):
        found = parse_register(head, schemas, "proef", code_lists=lists)
        for name, kind in found.types.items():
            whole = parse_register(head, {**HR, "omgevingsvergunning": PERMITS}, "proef", LISTS)
            if name in whole.types:
                changes_between(whole.types[name].schema, kind.schema)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_spoiled_migration_is_told(data: st.DataObject) -> None:
    found, wrong = parse_migrations(spoiled(data, MIGRATION))
    assert not (found and wrong) or all(one.reason for one in found)
    list(migration_faults(found, PERMITS))


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_spoiled_model_of_others_is_imported_with_notes(data: st.DataObject) -> None:
    for made in (from_mim("proef", spoiled(data, MIM)), from_amsterdam(spoiled(data, AMSTERDAM))):
        head = {"naam": made.name, "klok": "bron"}
        if made.schemas:
            with contextlib.suppress(InvalidModel):
                parse_register(head, made.schemas, "proef", code_lists=made.code_lists)
