# SPDX-License-Identifier: EUPL-1.2
"""A field changed by machine: nothing else of the text moves, comments and order stay."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.source_rig import DECLARATION

from landschap.integration.declaration import parse_declaration
from landschap.integration.editing import (
    LINKS,
    SOURCES,
    FieldText,
    NotEditable,
    PartText,
    flow,
    with_field,
    with_part,
    without_field,
    without_part,
)
from landschap.integration.mistakes import Report
from landschap.integration.yamltree import plain, read_tree

TEXT = """\
# Boven
logische_bron: x   # de naam
velden:
  # over postcode
  postcode: {uit: [adressen.postcode], zet_om: [tekst]}  # zes tekens
  toestand:
    # waar het vandaan komt
    uit:
      - panden.status   # eerst het pand
      # dan het verblijf
      - verblijf.status
    wint: nieuwste # de nieuwste
  bewoners:
    lijst: personen
    velden:
      naam: {uit: [personen.naam]}
# Onder
"""


def comments(text: str) -> list[str]:
    return [line[line.index("#") :].strip() for line in text.splitlines() if "#" in line]


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    one, other = before.splitlines(), after.splitlines()
    return [x for x in one if x not in other], [x for x in other if x not in one]


def test_a_field_in_one_line_is_changed_and_all_other_text_stays() -> None:
    parts = {"uit": "[straten.code]", "zet_om": "[tekst]", "strikt": "true"}
    made = with_field(TEXT, FieldText(path="postcode", parts=parts))
    old, new = lines_changed(TEXT, made)
    assert old == ["  postcode: {uit: [adressen.postcode], zet_om: [tekst]}  # zes tekens"]
    assert new == ["  postcode: {uit: [straten.code], zet_om: [tekst], strikt: true}  # zes tekens"]


def test_a_field_over_lines_keeps_what_is_said_beside_its_parts() -> None:
    parts = {"uit": "[verblijf.status, panden.status]", "wint": "eens_of_melden"}
    made = with_field(TEXT, FieldText(path="toestand", parts=parts))
    assert sorted(comments(made)) == sorted(comments(TEXT))
    told = yaml.safe_load(made)["velden"]
    assert told["toestand"] == {
        "uit": ["verblijf.status", "panden.status"], "wint": "eens_of_melden",
    }  # fmt: skip
    assert list(told) == ["postcode", "toestand", "bewoners"]


def test_what_does_not_change_is_not_touched() -> None:
    parts = {"uit": "[panden.status, verblijf.status]", "wint": "nieuwste"}
    assert with_field(TEXT, FieldText(path="toestand", parts=parts)) == TEXT


def test_a_part_that_goes_leaves_its_comment() -> None:
    parts = {"uit": "[panden.status, verblijf.status]"}
    made = with_field(TEXT, FieldText(path="toestand", parts=parts))
    assert sorted(comments(made)) == sorted(comments(TEXT))
    assert "wint" not in yaml.safe_load(made)["velden"]["toestand"]


def test_a_new_field_stands_at_the_end_of_the_file_or_of_its_list() -> None:
    made = with_field(TEXT, FieldText(path="plaats", parts={"uit": "[adressen.plaats]"}))
    assert "\n  plaats: {uit: [adressen.plaats]}\n# Onder\n" in made
    inner = FieldText(path="geboren", within="bewoners", parts={"uit": "[personen.geboren]"})
    made = with_field(TEXT, inner)
    assert "[personen.naam]}\n      geboren: {uit: [personen.geboren]}\n# Onder" in made


def test_a_field_is_taken_out_with_its_comments_kept() -> None:
    made = without_field(TEXT, "toestand")
    assert list(yaml.safe_load(made)["velden"]) == ["postcode", "bewoners"]
    assert sorted(comments(made)) == sorted(comments(TEXT))
    with pytest.raises(NotEditable, match="only field"):
        without_field(TEXT, "naam", "bewoners")


def test_fields_of_a_mapping_in_braces() -> None:
    text = "velden: {a: {uit: [b.c]}, d: {uit: [e.f]}}  # kort\n"
    made = with_field(text, FieldText(path="g", parts={"uit": "[h.i]"}))
    assert made == "velden: {a: {uit: [b.c]}, d: {uit: [e.f]}, g: {uit: [h.i]}}  # kort\n"
    assert without_field(text, "d") == "velden: {a: {uit: [b.c]}}  # kort\n"
    assert without_field(text, "a") == "velden: {d: {uit: [e.f]}}  # kort\n"
    assert with_field("a: b", FieldText(path="c", parts={"uit": "[d.e]"})) == (
        "a: b\nvelden:\n  c: {uit: [d.e]}\n"
    )


@pytest.mark.parametrize("text", ["velden: [", "a: &b 1\nc: *b\n", "", "velden:\n  a: 1\n  a: 2\n"])
def test_a_text_that_can_not_be_read_is_not_edited(text: str) -> None:
    with pytest.raises(NotEditable):
        with_field(text, FieldText(path="x", within="lijst", parts={"uit": "[a.b]"}))


@pytest.mark.parametrize(
    "text",
    [
        "bronnen: x\n", "bronnen: [x]\n", "koppelingen: x\n", "koppelingen: [x]\n", "velden: x\n",
        "koppelingen: {b: c}\n", "koppelingen:\n  - x\n  - {naam: b}\n", "velden: [x]\n", "x\n", "- x\n",
    ],
)  # fmt: skip
def test_blocks_that_are_none_are_not_edited(text: str) -> None:
    link, source = (
        PartText(block=each, name="b", parts={"naam": "b"}) for each in (LINKS, SOURCES)
    )
    with pytest.raises(NotEditable):
        with_field(text, FieldText(path="b", parts={"uit": "[a.b]"}))
    for part in (link, source):
        with pytest.raises(NotEditable):
            with_part(text, part)
        with pytest.raises(NotEditable):
            without_part(text, part.block, "b")


def test_a_value_with_a_character_that_can_not_be_seen_is_not_put_in() -> None:
    text = "bronnen:\n  b: {soort: rest, url: x}\nvelden:\n  v: {uit: [b.c]}\n"
    with pytest.raises(NotEditable, match="can not be seen"):
        with_part(text, PartText(block=SOURCES, name="b", parts={"url": flow("x\x07")}))
    with pytest.raises(NotEditable, match="can not be seen"):
        with_field(text, FieldText(path="v", parts={"uit": flow(["b.c\x07"])}))


def test_a_source_that_says_nothing_can_be_taken_out() -> None:
    assert without_part("bronnen: {a: x, b: {}}\n", SOURCES, "a") == "bronnen: {b: {}}\n"


def test_fields_of_the_demo_can_be_changed_and_nothing_else_moves() -> None:
    text = DECLARATION.read_text()
    declaration = parse_declaration(text, "x.yaml")
    # Some: of a list, of the record, in one line and over several.
    for path, field in list(declaration.fields.items())[1::5]:
        if field.derived is not None:
            continue
        name = path.removeprefix(f"{field.within}.") if field.within else path
        other = FieldText(path=name, within=field.within, parts={"uit": "[inwoners.anders]"})
        made = with_field(text, other)
        assert comments(made) == comments(text)
        assert len(made.splitlines()) in (len(text.splitlines()), len(text.splitlines()) - 1)
        told = yaml.safe_load(made)["velden"]
        told = told[field.within]["velden"][name] if field.within else told[name]
        assert told == {"uit": ["inwoners.anders"]}


_any = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
    | st.integers(-99, 99)
    | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abn#:'\"\\ 0", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=40)
@given(_any)
def test_whatever_is_written_in_one_line_is_read_as_it_was_meant(value: object) -> None:
    assert plain(read_tree(f"x: {flow(value)}\n", Report("f"))) == {"x": value}


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["a.b", "c.d", "e.f"]), min_size=1, max_size=3),
       st.sampled_from(["", "nieuwste", "eens_of_melden"]), st.booleans(),
       st.sampled_from(["postcode", "toestand", "nieuw"]))  # fmt: skip
def test_a_change_and_the_way_back_lose_no_comment(
    columns: list[str], wins: str, strict: bool, path: str
) -> None:
    parts = {"uit": flow(columns), "wint": wins, "strikt": "true" if strict else ""}
    made = with_field(TEXT, FieldText(path=path, parts=parts))
    assert sorted(comments(made)) == sorted(comments(TEXT))
    old = yaml.safe_load(TEXT)["velden"].get(path)
    if old is None:
        assert without_field(made, path) == TEXT
        return
    back = with_field(made, FieldText(path=path, parts={k: flow(v) for k, v in old.items()}))
    assert yaml.safe_load(back) == yaml.safe_load(TEXT)
    assert sorted(comments(back)) == sorted(comments(TEXT))


# Sources and links.
PARTS = """\
# Boven
logische_bron: x
bronnen:
  # de adressen
  a: {soort: bestand, pad: a.csv, sleutels: [id], bronhouder: X}  # achter a
  b:
    soort: rest   # van de leverancier
    url: http://x/{id}
    sleutels:
      - id   # de sleutel
    bronhouder: Y
koppelingen:
  - {naam: b, van: a.id, naar: b.id, aantal: een}   # een is genoeg
  # dan c
  - naam: c
    van: a.c
    naar: c.id
velden:
  id: {uit: [a.id]}
# Onder
"""
NEW_SOURCE = PartText(
    block="bronnen",
    name="d",
    parts={"soort": "register", "register": "r", "sleutels": "[id]", "bronhouder": '"Gemeente W"'},
)
NEW_LINK = PartText(
    block="koppelingen", name="d", parts={"naam": "d", "van": "a.x", "naar": "d.id"}
)


def test_a_source_and_a_link_are_added_and_taken_out_again() -> None:
    made = with_part(with_part(PARTS, NEW_SOURCE), NEW_LINK)
    old, new = lines_changed(PARTS, made)
    assert old == []
    assert new == [
        '  d: {soort: register, register: r, sleutels: [id], bronhouder: "Gemeente W"}',
        "  - {naam: d, van: a.x, naar: d.id}",
    ]
    gone = without_part(without_part(made, "koppelingen", "d"), "bronnen", "d")
    assert gone == PARTS


@pytest.mark.parametrize(
    ("block", "name", "parts", "old", "new"),
    [
        (
            "koppelingen", "b", {"aantal": "veel", "verplicht": "true"},
            ["  - {naam: b, van: a.id, naar: b.id, aantal: een}   # een is genoeg"],
            ["  - {naam: b, van: a.id, naar: b.id, aantal: veel, verplicht: true}   # een is genoeg"],
        ),
        ("koppelingen", "c", {"aantal": "veel"}, [], ["    aantal: veel"]),
        (
            "bronnen", "b", {"sleutels": "[id, nr]", "url": ""},
            ["    url: http://x/{id}", "    sleutels:", "      - id   # de sleutel"],
            ["    # de sleutel", "    sleutels: [id, nr]"],
        ),
    ],
)  # fmt: skip
def test_only_what_the_form_names_is_changed(
    block: str, name: str, parts: dict[str, str], old: list[str], new: list[str]
) -> None:
    made = with_part(PARTS, PartText(block=block, name=name, parts=parts))
    assert lines_changed(PARTS, made) == (old, new)
    assert sorted(comments(made)) == sorted(comments(PARTS))


def test_the_first_link_gets_a_block_and_the_last_one_takes_it_away() -> None:
    bare = "bronnen:\n  a: {soort: rest}\nvelden: {}\n"
    made = with_part(bare, NEW_LINK)
    assert made == f"{bare}koppelingen:\n  - {{naam: d, van: a.x, naar: d.id}}\n"
    assert without_part(made, "koppelingen", "d") == bare
    flowing = "koppelingen: [{naam: b, van: a.id}, {naam: c, van: a.c}]\n"
    assert without_part(flowing, "koppelingen", "b") == "koppelingen: [{naam: c, van: a.c}]\n"
    assert yaml.safe_load(with_part(flowing, NEW_LINK))["koppelingen"][2]["naar"] == "d.id"


@pytest.mark.parametrize(
    ("block", "name", "words"),
    [
        ("koppelingen", "z", "there is no"),
        ("koppelingen", "b", "would be lost"),
        ("bronnen", "z", "there is no"),
    ],
)
def test_a_part_that_can_not_be_taken_out_by_machine_is_refused(
    block: str, name: str, words: str
) -> None:
    with pytest.raises(NotEditable, match=words):
        without_part(PARTS, block, name)


def test_the_only_source_is_not_taken_out() -> None:
    with pytest.raises(NotEditable, match="only source"):
        without_part("bronnen:\n  a: {soort: rest}\n", "bronnen", "a")
