# SPDX-License-Identifier: EUPL-1.2
"""Pure parts of the workbench: words of a check in Dutch, the form of a field, the picture."""

from __future__ import annotations

import pytest
import yaml
from tests.integration.source_rig import DECLARATION
from tests.integration.test_typical_mistakes import SLIPS, Slip

from landschap.console.sources import checked, differences, with_mistakes
from landschap.console.sources.dutch import said
from landschap.console.sources.field_form import FieldForm, Step, faults_of, form_of, text_of
from landschap.console.sources.part_form import (
    SourceForm,
    link_faults,
    link_form_of,
    link_text,
    source_faults,
    source_form_of,
    source_text,
)
from landschap.console.sources.picture import HEIGHT, WIDTH, pictured
from landschap.integration.declaration import parse_declaration
from landschap.integration.editing import with_field, with_part
from landschap.integration.plan import make_plan

TEXT = DECLARATION.read_text()
DEMO = parse_declaration(TEXT, "demo.yaml")


@pytest.mark.parametrize("slip", SLIPS, ids=[slip.name for slip in SLIPS])
def test_every_typical_mistake_is_told_in_dutch(slip: Slip) -> None:
    found = said(slip.told, slip.nearest, is_dutch=True)
    assert found.language == "", slip.told
    assert not found.words.startswith(slip.told)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: b\nc: \x00", 2, "onzichtbaar teken (U+0000)"),
        ("a: b\n\nc: \ufffe", 3, "onzichtbaar teken (U+FFFE)"),
        ("[" * 20_000, 1, "meer dan 12 lagen"),
        ("{a: " * 10_000, 1, "meer dan 12 lagen"),
        ("- " * 20_000 + "*a", 1, "verwijzingen"),
    ],
    ids=["nul", "no character", "lists", "mappings", "alias below"],
)
def test_a_text_that_can_not_be_read_is_a_mistake_like_any_other(
    text: str, line: int, words: str
) -> None:
    (wrong,) = checked(text, "x.yaml", None).mistakes
    assert wrong.line == line
    assert words in said(wrong.message, is_dutch=True).words


def test_what_is_not_known_in_dutch_says_that_it_is_english() -> None:
    assert said("something new", is_dutch=True).language == "en"
    assert said("is missing", is_dutch=False).words == "is missing"
    valid = said("source 'x' does not exist. Valid: a, b.", is_dutch=True)
    assert valid.words == "bron 'x' bestaat niet. Wel: a, b"


def test_a_field_that_goes_through_its_form_unchanged_changes_nothing() -> None:
    seen = 0
    for path, field in list(DEMO.fields.items())[::4]:
        form = form_of(DEMO, path)
        if form is None:
            assert field.derived is not None
            continue
        seen += 1
        assert faults_of(form, DEMO) == {}
        assert with_field(TEXT, text_of(form)) == TEXT, path
    assert seen > 3


@pytest.mark.parametrize(
    ("step", "written"),
    [
        (Step(name="deel", argument="1 - 4"), "{deel: [1, 4]}"),
        (Step(name="niets_bij", argument="9999, x"), '{niets_bij: ["9999", x]}'),
        (Step(name="splits", argument="|"), '{splits: "|"}'),
        (Step(name="codelijst", argument="landen.csv"), "{codelijst: landen.csv}"),
        (Step(name="code", argument="V=verleend; no=nee; *=onbekend"),
         '{code: {V: verleend, "no": nee}, anders: onbekend}'),
        (Step(name="deel", argument="4, 1"), ""),
        (Step(name="code", argument="V"), ""),
        (Step(name="splits"), ""),
        (Step(name="bestaat_niet"), ""),
    ],
)  # fmt: skip
def test_a_conversion_with_a_value(step: Step, written: str) -> None:
    form = FieldForm(path="a.b", columns=["straten.naam"], steps=[step])
    if not written:
        assert faults_of(form, DEMO) == {"zet_om": "argument"}
        return
    assert faults_of(form, DEMO) == {}
    assert text_of(form).parts["zet_om"] == f"[{written}]"
    made = checked(with_field(TEXT, text_of(form)), "x.yaml", None, lambda _: "code,waarde\n1,a\n")
    assert made.declaration is not None, made.mistakes


def test_boxes_of_a_picture_never_lie_over_each_other() -> None:
    boxes = pictured(make_plan(DEMO, list(DEMO.fields))).boxes
    assert len(boxes) == 7
    for one in boxes:
        for other in boxes:
            apart = abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT
            assert one is other or apart, (one, other)


def test_a_mistake_beyond_the_file_stands_at_its_last_line() -> None:
    (wrong,) = checked("a: [1\n", "x.yaml", None).mistakes
    lines = with_mistakes("a: [1", [wrong])
    assert [len(line.mistakes) for line in lines] == [1]
    assert differences("a\nb\n", "a\nc\n")[-2:] == [("-", "b"), ("+", "c")]


def test_a_source_and_link_that_go_through_their_form_unchanged_change_nothing() -> None:
    assert len(DEMO.links) > 3
    for name in DEMO.sources:
        form = source_form_of(DEMO, name)
        assert form is not None
        assert source_faults(form) == {}
        assert with_part(TEXT, source_text(form, DEMO)) == TEXT, name
        link = link_form_of(DEMO, name)
        if link is not None:
            assert link_faults(link) == {}
            assert with_part(TEXT, link_text(link)) == TEXT, name


def test_what_is_typed_in_a_form_never_becomes_more_than_a_value() -> None:
    form = SourceForm(
        name="a", kind="bestand", where='x", z: {y} # c', what="csv", keys='id"', holder="}{ *a &b"
    )
    made = yaml.safe_load(with_part(TEXT, source_text(form, DEMO)))["bronnen"]["a"]
    assert made == {
        "soort": "bestand", "pad": 'x", z: {y} # c', "vorm": "csv", "sleutels": ['id"'],
        "bronhouder": "}{ *a &b", "csv": {"scheiding": ";", "aanhaling": '"', "codering": "utf-8"},
    }  # fmt: skip


def test_another_kind_of_source_leaves_nothing_of_the_former_one() -> None:
    form = SourceForm(
        name="panden", kind="register", where="bag", what="pand", keys="identificatie", holder="W"
    )
    made = yaml.safe_load(with_part(TEXT, source_text(form, DEMO)))["bronnen"]["panden"]
    assert "url" not in made
    assert "records" not in made
