# SPDX-License-Identifier: EUPL-1.2
"""Versions of a model: every change is named, what breaks is refused, old content stays readable."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.registers.rig import annotated

from landschap.registers.migrating import (
    Drop,
    Fill,
    Recode,
    Rename,
    migrated,
    migrated_schema,
    parse_migrations,
)
from landschap.registers.model_diff import Effect, changes_between
from landschap.registers.model_versions import succession
from landschap.registers.models import InvalidModel, Register, parse_register
from landschap.registers.schemas import DIALECT, faults

OLD: dict[str, Any] = {
    "$schema": DIALECT, "title": "Zaak", "x-titel-en": "Case", "type": "object",
    "additionalProperties": False, "required": ["straat"], "x-collectie": "zaken",
    "x-identificatie": "nummer", "x-versie": "1.0.0", "x-open": True,
    "properties": {
        "nummer": annotated(pattern="^[a-z0-9]+$", **{"x-open": True}),
        "straat": annotated(**{"x-zoekbaar": True}),
        "soort": annotated(enum=["A", "B"], **{"x-zoekbaar": True}),
        "telefoon": annotated(**{"x-persoonsgegeven": "gewoon"}),
        "huis": annotated(type="object", additionalProperties=False, required=["nr"], properties={
            "nr": {"type": "integer"}, "letter": {"type": "string"}}),
        "oppervlakte": annotated(type=["integer", "null"], minimum=1, **{"x-eenheid": "m2"}),
        "dag": annotated(format="date"),
        "pand": annotated(**{"x-verwijst-naar": "zaak"}),
    },
}  # fmt: skip


def changed(version: Any = "1.1.0", **edits: Any) -> dict[str, Any]:
    """OLD with members of properties set (``straat__type``), on the type with ``x_``; None: gone."""
    new = copy.deepcopy(OLD)
    new["x-versie"] = version
    for path, value in edits.items():
        *names, last = [name.replace("_", "-") if name.startswith("x_") else name
                        for name in path.split("__")]  # fmt: skip
        target = new if not names else new["properties"]
        for name in names:
            target = target[name]
        if names == [] and last in new["properties"]:
            target = new["properties"]
        if value is None:
            target.pop(last)
        else:
            target[last] = value
    return new


@pytest.mark.parametrize(
    ("edits", "name", "path", "effect"),
    [
        ({"title": "Dossier"}, "words-changed", "", Effect.TEXT),
        ({"telefoon": None}, "property-removed", "telefoon", Effect.MIGRATION),
        ({"straat__type": ["string", "null"]}, "type-widened", "straat", Effect.COMPATIBLE),
        ({"oppervlakte__type": "integer"}, "type-narrowed", "oppervlakte", Effect.MIGRATION),
        ({"oppervlakte__minimum": 5}, "type-narrowed", "oppervlakte", Effect.MIGRATION),
        ({"straat__pattern": "^[A-Z]"}, "type-narrowed", "straat", Effect.MIGRATION),
        ({"straat__maxLength": 80}, "type-narrowed", "straat", Effect.MIGRATION),
        ({"nummer__pattern": "^[a-z]+$"}, "type-narrowed", "nummer", Effect.IMPOSSIBLE),
        ({"required": ["straat", "soort"]}, "made-required", "soort", Effect.MIGRATION),
        ({"required": []}, "made-optional", "straat", Effect.COMPATIBLE),
        ({"soort__enum": ["A"]}, "code-removed", "soort", Effect.MIGRATION),
        ({"soort__enum": ["A", "B", "C"]}, "code-added", "soort", Effect.COMPATIBLE),
        ({"dag__format": "date-time"}, "format-changed", "dag", Effect.MIGRATION),
        ({"dag__format": "onvolledige-datum"}, "format-widened", "dag", Effect.COMPATIBLE),
        ({"straat__x_open": True}, "opened", "straat", Effect.DECISION),
        ({"x_open": None}, "closed", "", Effect.MAJOR),
        ({"telefoon__x_persoonsgegeven": "geen"}, "personal-data-lowered", "telefoon",
         Effect.DECISION),
        ({"straat__x_persoonsgegeven": "gewoon"}, "personal-data-raised", "straat",
         Effect.COMPATIBLE),
        ({"straat__x_zoekbaar": None}, "no-longer-searchable", "straat", Effect.MAJOR),
        ({"dag__x_zoekbaar": True}, "searchable", "dag", Effect.COMPATIBLE),
        ({"straat__x_groep": "adres"}, "group-changed", "straat", Effect.IMPOSSIBLE),
        ({"pand__x_verwijst_naar": "bag.pand"}, "relation-changed", "pand", Effect.MAJOR),
        ({"oppervlakte__x_eenheid": "ha"}, "unit-changed", "oppervlakte", Effect.IMPOSSIBLE),
        ({"x_collectie": "dossiers"}, "collection-changed", "", Effect.MAJOR),
        ({"x_identificatie": "straat"}, "identification-changed", "", Effect.IMPOSSIBLE),
        ({"huis__properties": {"nr": {"type": "integer"}}}, "property-removed", "huis.letter",
         Effect.MIGRATION),
        ({"huis__required": ["nr", "letter"]}, "made-required", "huis.letter", Effect.MIGRATION),
        ({"plaats": annotated()}, "property-added", "plaats", Effect.COMPATIBLE),
    ],
)  # fmt: skip
def test_each_change_is_named_with_its_place_and_what_it_asks(
    edits: Mapping[str, object], name: str, path: str, effect: Effect
) -> None:
    if "plaats" in edits:
        new = copy.deepcopy(OLD)
        new["properties"]["plaats"] = edits["plaats"]
    else:
        new = changed(**edits)
    found = {(one.name, one.path): one.effect for one in changes_between(OLD, new)}
    assert found.get((name, path)) is effect, found


@pytest.mark.parametrize(
    ("version", "edits", "refused"),
    [
        ("1.0.0", {}, ""),
        ("1.0.1", {"title": "Dossier"}, ""),
        ("1.1.0", {"soort__enum": ["A", "B", "C"]}, ""),
        ("1.0.1", {"soort__enum": ["A", "B", "C"]}, "the version has to be 1.1.0"),
        ("1.0.0", {"soort__enum": ["A", "B", "C"]}, "raise x-versie"),
        ("0.9.0", {}, "is older than 1.0.0"),
        ("2.0.0", {"soort__enum": ["A"]}, "declare a step in the migration to 2.0.0"),
        ("1.1.0", {"x_collectie": "dossiers"}, "the version has to be 2.0.0"),
        ("2.0.0", {"x_collectie": "dossiers"}, ""),
        ("1.1.0", {"straat__x_open": True},
         'declare the decision { wijziging = "opened", eigenschap = "straat" }'),
        ("2.0.0", {"oppervlakte__x_eenheid": "ha"}, "give it another name instead"),
    ],
)  # fmt: skip
def test_a_version_may_follow_only_when_nothing_breaks(
    version: str, edits: Mapping[str, object], refused: str
) -> None:
    told = succession(OLD, changed(version, **edits), ()).refused
    assert bool(told) is bool(refused)
    assert refused in "; ".join(told)


MIGRATION: dict[str, Any] = {"migratie": [{
    "van": "1.0.0", "naar": "2.0.0", "reden": "Nieuwe namen.",
    "stappen": [
        {"hernoem": "straat", "naar": "straatnaam"},
        {"codes": "soort", "van": {"A": "aanvraag", "B": "besluit"}},
        {"vul": "land", "waarde": "NL"},
        {"vervalt": "telefoon"},
    ],
    "besluiten": [{"wijziging": "opened", "eigenschap": "straatnaam"}],
}]}  # fmt: skip


def renewed() -> dict[str, Any]:
    """The version that MIGRATION leads to."""
    new = changed("2.0.0", telefoon=None, soort__enum=["aanvraag", "besluit"])
    new["properties"]["straatnaam"] = new["properties"].pop("straat") | {"x-open": True}
    new["properties"]["land"] = annotated()
    new["required"] = ["straatnaam", "land"]
    return new


def register(schema: Mapping[str, Any], migration: Mapping[str, Any] | None = None) -> Register:
    head = {"naam": "proef", "klok": "eigen"}
    migrations = {"zaak": migration} if migration else None
    return parse_register(head, {"zaak": schema}, "proef", migrations=migrations)


def test_a_declared_migration_lets_a_breaking_version_follow() -> None:
    kind = register(renewed(), MIGRATION).types["zaak"]
    assert succession(OLD, kind.schema, kind.migrations).refused == ()
    (without,) = [{**MIGRATION["migratie"][0], "besluiten": []}]
    told = register(renewed(), {"migratie": [without]}).types["zaak"]
    assert "declare the decision" in succession(OLD, told.schema, told.migrations).refused[0]


def test_content_is_read_in_the_newest_form_and_doubt_follows_names() -> None:
    kind = register(renewed(), MIGRATION).types["zaak"]
    old = {"straat": "Slijkstraat", "soort": "A", "telefoon": "1"}
    now = {"straatnaam": "Slijkstraat", "soort": "aanvraag", "land": "NL"}
    assert kind.as_now(old, "1.0.0", "zaak") == now
    assert kind.as_now(now, "2.0.0", "zaak") == now
    doubt = {"kenmerken": ["straat", "telefoon", "soort"]}
    assert kind.as_now(doubt, "1.0.0", "onderzoek:zaak") == {"kenmerken": ["straatnaam", "soort"]}
    # A property is filled in the group it belongs to, and in no other.
    assert migrated({}, [Fill("land", "NL")], "ander", {"land": "zaak"}) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"migratie": []}, "has fewer items than 1"),
        ({"migraties": []}, "lacks migratie"),
        ({"migratie": [{"van": "2.0.0", "naar": "1.0.0", "reden": "x"}]}, "must be later than van"),
        ({"migratie": [{"van": "1.0.0", "naar": "2.0.0", "reden": "x",
                        "stappen": [{"hernoemd": "a", "naar": "b"}]}]}, "is no step: write hernoem"),
        ({"migratie": [{"van": "1.0.0", "naar": "2.0.0", "reden": "x",
                        "stappen": [{"hernoem": "straat", "naar": "straatnam"}]}]},
         "leads to straatnam, which is not one of the properties; did you mean straatnaam"),
        ({"migratie": [{"van": "1.0.0", "naar": "3.0.0", "reden": "x"}]}, "goes further than"),
    ],
)  # fmt: skip
def test_a_migration_that_can_not_be_done_is_told(given: Mapping[str, Any], message: str) -> None:
    with pytest.raises(InvalidModel, match=message):
        register(renewed(), given)


def test_a_name_is_not_used_again_for_something_else() -> None:
    new = renewed()
    new["properties"]["straat"] = annotated()
    with pytest.raises(InvalidModel, match="straat was the name of straatnaam"):
        register(new, MIGRATION)


def test_a_migration_of_a_property_that_never_was_is_refused() -> None:
    wrong = copy.deepcopy(MIGRATION)
    wrong["migratie"][0]["stappen"].append({"vervalt": "telefon"})
    kind = register(renewed(), wrong).types["zaak"]
    told = "; ".join(succession(OLD, kind.schema, kind.migrations).refused)
    assert "there is no property telefon to migrate" in told


WORDS = st.sampled_from(["A", "B", "C", "D"])
STEPS = st.lists(
    st.one_of(
        st.builds(Rename, st.sampled_from("abcd"), st.sampled_from("efgh")),
        st.builds(Recode, st.sampled_from("abcdefgh"), st.dictionaries(WORDS, WORDS)),
        st.builds(Drop, st.sampled_from("abcd")),
        st.builds(Fill, st.sampled_from("ijk"), WORDS),
    ),
    max_size=5,
)
CODES = st.lists(WORDS, min_size=1, unique=True)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """An object type with some properties of codes and numbers."""
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    properties: dict[str, Any] = {}
    for name in names:
        codes = draw(CODES)
        low = draw(st.integers(0, 3))
        properties[name] = draw(st.sampled_from([
            annotated(enum=codes), annotated(maxLength=low),
            annotated(type="integer", minimum=low),
            annotated(type=["string", "null"]),
        ]))  # fmt: skip
    required = draw(st.lists(st.sampled_from(names), unique=True))
    return {"type": "object", "additionalProperties": False, "x-versie": "1.0.0",
            "x-identificatie": "id", "required": required, "properties": properties}  # fmt: skip


@st.composite
def contents(draw: st.DrawFn, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Content that fits a schema of `schemas`."""
    made = {}
    for name, value in schema["properties"].items():
        if name not in schema["required"] and draw(st.booleans()):
            continue
        if "enum" in value:
            made[name] = draw(st.sampled_from(value["enum"]))
        elif value["type"] == "integer":
            made[name] = draw(st.integers(value["minimum"], 9))
        elif value["type"] == "boolean":
            made[name] = draw(st.booleans())
        else:
            made[name] = draw(st.text(WORDS, max_size=value.get("maxLength", 4)))
    return made


def breaking(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(one.effect >= Effect.MIGRATION for one in changes_between(old, new))


@settings(deadline=None)
@given(schemas())
def test_a_model_is_compatible_with_itself(schema: dict[str, Any]) -> None:
    assert changes_between(schema, copy.deepcopy(schema)) == []
    assert succession(schema, schema, ()).refused == ()


@settings(deadline=None)
@given(st.data())
def test_what_counts_as_compatible_reads_everything_that_was_stored(data: st.DataObject) -> None:
    """A chain of versions: as long as none breaks, content of the first fits the last."""
    old = data.draw(schemas())
    content = data.draw(contents(old))
    assert not list(faults(content, old))
    for _ in range(3):
        wider = data.draw(st.booleans())
        new = data.draw(widened(old) if wider else schemas())
        assert not (wider and breaking(old, new))
        if breaking(old, new):
            return
        assert not list(faults(content, new))
        old = new


@st.composite
def widened(draw: st.DrawFn, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that takes all of another, and more."""
    new: dict[str, Any] = copy.deepcopy(dict(schema))
    for value in new["properties"].values():
        if not draw(st.booleans()):
            continue
        if "enum" in value:
            value["enum"] = list(dict.fromkeys([*value["enum"], draw(st.sampled_from("XYZ"))]))
        elif "maxLength" in value:
            value["maxLength"] += 1
        elif "minimum" in value:
            value["minimum"] -= 1
    new["required"] = [name for name in new["required"] if draw(st.booleans())]
    new["properties"].setdefault("z", annotated(type="boolean"))
    return new


@settings(deadline=None)
@given(st.data())
def test_migrated_content_fits_the_migrated_schema(data: st.DataObject) -> None:
    schema, steps = data.draw(schemas()), data.draw(STEPS)
    content = data.draw(contents(schema))
    read_as, wrong = migrated_schema(schema, steps)
    if wrong:
        return
    properties = read_as["properties"]
    assert isinstance(properties, Mapping)
    groups = dict.fromkeys(properties, "g")
    for name, value in properties.items():
        assert isinstance(value, Mapping)
        if "x-gevuld" in value:
            properties = {**properties, name: {"const": value["x-gevuld"]}}
    new = {**read_as, "properties": properties}
    if any(isinstance(step, Recode) and _no_codes(schema, step) for step in steps):
        return  # codes of a free text are not limited to those that are named
    assert not list(faults(migrated(content, steps, "g", groups), new))


def _no_codes(schema: Mapping[str, Any], step: Recode) -> bool:
    return any("enum" not in value for value in schema["properties"].values()) and bool(step.codes)


def test_a_migration_is_read_from_its_file_in_order() -> None:
    one = MIGRATION["migratie"][0]
    two: dict[str, Any] = {"van": "2.0.0", "naar": "3.0.0", "reden": "Nog een.",
           "stappen": [{"hernoem": "straatnaam", "naar": "weg"}]}  # fmt: skip
    found_ones, wrong = parse_migrations(json.loads(json.dumps({"migratie": [one, two]})))
    assert (len(found_ones), wrong) == (2, [])
    _, told = parse_migrations({"migratie": [two, one]})
    assert told[0].message == "must not lie before naar of the one above"
