# SPDX-License-Identifier: EUPL-1.2
"""All objects as sets give what each object gives by itself: conversions, joins, conflicts, gaps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.integration.bulk_rig import (
    Engine,
    Rows,
    all_fields,
    leaving,
    of_key,
    plain,
    staged,
)
from tests.integration.small import ADDRESS, BUILDING, DWELLING, PEOPLE, TEXT, row, small

from landschap.integration.bulk.relational import relational
from landschap.integration.declaration import parse_declaration
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import Reason, Row, key_text
from landschap.purposes.duties import Confidentiality, Duties, Obligation
from landschap.purposes.rows import RowCondition

VALUES: tuple[Any, ...] = (
    None, "", " ", "0", "7", " 12 ", "+5", "-3", "007", "1234567890123456", "999999999999999", "5.0",
    "1.50", "1.", "abc", "é", "1 \n", "\u00a08\u00a0", "٣", "20200229", "2021-02-29", "2020-02-29",
    "2020-0229", "0000-01-01", "2020-05-00", "2020-00-00", "00000000", "2020-00-12", "0000-00-12",
    "2021-13-00", "1985", "0000", "19850102", "1985-01-02", "ja", " NEE ", "True", "1", "0", "9999",
    "a|b||c", "|", "V", "G", "v'd", "a\\b", 0, 5, -7, 10**15, 10**14, 2**62, 5.0, 1.5, -0.5,
    1e16, 1e-7, True, False, [], ["a", "b"], {"x": 1}, [1, None],
)  # fmt: skip
STEPS = (
    "[]", "[geheel_getal]", "[getal]", "[tekst]", "[leeg_is_niets]", "[datum]", "[onvolledige_datum]",
    "[jaar]", "[ja_nee]", "[{deel: [1, 4]}]", "[{deel: [3, 3]}]", "[{code: {V: verleend, G: 'g''s'}}]",
    "[{code: {V: verleend, '5': vijf, 'true': ja}, anders: onbekend}]", "[{niets_bij: ['9999', '5']}]",
    "[{splits: '|'}]", "[tekst, leeg_is_niets, {deel: [1, 4]}, geheel_getal]",
    "[{niets_bij: ['9999']}, geheel_getal]", "[geheel_getal, getal]",
    "[leeg_is_niets, {splits: 'b'}, leeg_is_niets]", "[ja_nee, tekst]", "[geheel_getal, {deel: [1, 2]}]",
)  # fmt: skip


ONE = """\
logische_bron: x
versie: 1.0.0
sleutel: id
bronnen:
  a: {{soort: register, register: r, objecttype: o, sleutels: [id], bronhouder: A}}
wortel: {{bron: a, op: id}}
velden:
  id: {{uit: [a.id]}}
  v: {{uit: [a.v], zet_om: {}}}
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The embedded engine, with a folder in memory."""
    made = Engine(Path(tempfile.mkdtemp(dir="/dev/shm")))
    yield made
    made.close()
    shutil.rmtree(made.folder)


def equal(plan: Plan, given: Rows, engine: Engine, **how: Any) -> int:
    """Both ways, compared per key of the root; gives how many records there are."""
    given_rows = given[plan.root.source.name]
    assert not isinstance(given_rows, Reason)
    keys = dict.fromkeys(key_text(row.values.get(plan.root.by)) for row in given_rows)
    leaves = leaving(plan, **how)
    one_by_one = [found for key in keys if key for found in of_key(leaves, given, key)]
    together = engine.records(leaves, staged(plan, given, engine.folder))
    assert plain(together) == plain(one_by_one)
    return len(together)


def test_keys_that_stand_twice_matter_only_where_one_row_is_matched() -> None:
    # Not of the root, which is the largest, nor of the rows of a list.
    plan = make_plan(small(), small().fields)
    assert relational(plan).matched == {"verblijf", "panden"}


@pytest.mark.parametrize("kind", ["every", "texts", "numbers"])
def test_every_conversion_gives_the_same_of_every_value(engine: Engine, kind: str) -> None:
    fields = "\n".join(
        f"  f{chr(97 + n)}: {{uit: [a.v], zet_om: {s}}}" for n, s in enumerate(STEPS)
    )
    declaration = parse_declaration(ONE.format("[]") + fields + "\n", "x.yaml")
    values = {
        "every": VALUES,
        "texts": [v for v in VALUES if v is None or isinstance(v, str)],
        "numbers": [v for v in VALUES if v is None or ((isinstance(v, int) and abs(v) < 2**63)
                    and not isinstance(v, bool))],
    }[kind]  # fmt: skip
    rows = [row(f"{n}", id=f"{n}", v=value) for n, value in enumerate(values)]
    assert equal(all_fields(declaration), {"a": rows}, engine) == len(values)


def test_a_chain_over_numbers_gives_the_same_below_ten_to_the_fifteenth(engine: Engine) -> None:
    declaration = parse_declaration(ONE.format("[getal, geheel_getal]"), "x.yaml")
    values = ("5.0", "5.5", "", None, 7, 7.0, 7.25, "x", -3, 10**14)
    rows = [row(f"{n}", id=f"{n}", v=value) for n, value in enumerate(values)]
    assert equal(all_fields(declaration), {"a": rows}, engine) == len(values)


def test_a_long_code_list_is_looked_up_in_a_table(engine: Engine) -> None:
    lines = "".join(f"{n},waarde {n}\n" for n in range(5_000))
    declaration = parse_declaration(
        ONE.format("[{codelijst: c.csv}]")
        + "  ruim: {uit: [a.v], zet_om: [{codelijst: c.csv, anders: onbekend}]}\n",
        "x.yaml",
        lambda _name: "code,waarde\n" + lines,
    )
    rows = [row(f"{n}", id=f"{n}", v=v) for n, v in enumerate((None, "0", "4999", "5000", 17))]
    assert equal(all_fields(declaration), {"a": rows}, engine) == 5


WINS = TEXT.replace("velden:\n", """velden:
  woning.aaneen: {uit: [panden.status, panden.naam], wint: aaneen}
  woning.aaneenStrikt: {uit: [panden.status, panden.naam], wint: aaneen, strikt: true}
  woning.getallen: {uit: [panden.getal, verblijf.getal], zet_om: [geheel_getal]}
  woning.gemengd: {uit: [verblijf.getal, panden.status]}
  woning.zekerGetal: {uit: [verblijf.getal, panden.getal], wint: eens_of_melden}
  aantal: {afgeleid: {regel: aantal, uit: bewoners}}
""", 1).replace("    velden:\n", """    velden:
      oud: {afgeleid: {regel: gevuld, uit: bouwjaar}}
      toestand: {uit: [personen.status, panden.status], wint: nieuwste}
""", 1)  # fmt: skip
DAYS = st.sampled_from([None, "2001-01-01", "2010-01-01", "2019-05-05"])
KEYS = st.sampled_from(["a1", "a2", "a3", "", None])
STATUS = st.sampled_from([None, "", "goed", "slecht", 5, True])
NUMBER = st.sampled_from([None, "", "3", "3.0", " 4", "vier", 3, 3.0, 4.5])


def rows_of(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    one = st.builds(lambda begin, values: (begin, values), DAYS, st.fixed_dictionaries({**columns}))
    return st.lists(one, max_size=6).map(
        lambda found: [
            Row(id=f"{n}", values=values, begin=begin) for n, (begin, values) in enumerate(found)
        ]
    )


SOURCES = {
    "adressen": rows_of(id=KEYS, postcode=STATUS),
    "verblijf": rows_of(
        adres=KEYS, pand=st.sampled_from([None, "p1", "p2", ["p1"], ["p1", "p2"]]), oppervlakte=NUMBER,
        status=STATUS, getal=NUMBER,
    ),
    "panden": rows_of(id=st.sampled_from(["p1", "p2"]), status=STATUS, bouwjaar=NUMBER, getal=NUMBER,
                      naam=STATUS),
    "personen": rows_of(
        adres=KEYS, naam=STATUS, bsn=st.sampled_from(["999990019", "999993653"]), status=STATUS
    ),
}  # fmt: skip


def sampled(engine: Engine, data: st.DataObject) -> None:
    """Some rows and fields, compared."""
    declaration = small(WINS)
    rows: dict[str, Any] = {
        name: data.draw(
            strategy
            if name == "adressen"
            else st.one_of(
                strategy, strategy, st.sampled_from([Reason.UNREACHABLE, Reason.TOO_LATE])
            ),
            label=name,
        )
        for name, strategy in SOURCES.items()
    }
    chosen = data.draw(st.sets(st.sampled_from(sorted(declaration.fields)), min_size=1))
    equal(make_plan(declaration, chosen), rows, engine)


# A failure is not made smaller: each try asks the engine, and a whole plan is read by eye as well.
FEW = settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate))


@FEW
@given(data=st.data())
def test_all_objects_at_once_are_each_object_by_itself(engine: Engine, data: st.DataObject) -> None:
    sampled(engine, data)


@pytest.mark.long
@settings(FEW, max_examples=400)
@given(data=st.data())
def test_many_more_of_these(engine: Engine, data: st.DataObject) -> None:
    sampled(engine, data)


@pytest.mark.parametrize(
    "failing",
    [
        "",
        pytest.param("panden", marks=pytest.mark.long),
        pytest.param("verblijf", marks=pytest.mark.long),
    ],
)
def test_every_conflict_is_decided_alike(engine: Engine, failing: str) -> None:
    """Two sources that say the same, another thing, or nothing, since the same day or another."""
    days, told = (None, "2001-01-01", "2010-01-01"), (None, "goed", "slecht", 5)
    cases = list(product(days, days, told, told))
    numbers = ("3", "vier", None)
    rows: dict[str, Any] = {name: [] for name in SOURCES}
    for n, (first, second, one, other) in enumerate(cases):
        number = numbers[n % 3]
        rows["adressen"].append(row(f"a{n}", id=f"a{n}", postcode="1"))
        rows["verblijf"].append(
            row(f"v{n}", begin=first, adres=f"a{n}", pand=f"p{n}", status=one, getal=number)
        )
        if n % 7:
            rows["panden"].append(
                row(f"p{n}", begin=second, id=f"p{n}", status=other, getal="3", naam=one)
            )
    if failing:
        rows[failing] = Reason.TOO_LATE
    declaration = small(WINS)
    plan = make_plan(
        declaration, [path for path in declaration.fields if path.startswith("woning")]
    )
    assert equal(plan, rows, engine) == len(cases)


ROWS: Rows = {
    "adressen": [ADDRESS, row("a2", id="a2", postcode="1382XX"), row("a3", id="a3", postcode=None)],
    "verblijf": [DWELLING, row("v2", adres="a2", pand=None, oppervlakte="90")],
    "panden": [BUILDING],
    "personen": [*PEOPLE, row("3", adres="a2", naam="Claassen", bsn="999990019")],
}


def test_conditions_and_duties_are_obeyed_by_the_same_rules(engine: Engine) -> None:
    plan = all_fields(small(WINS))
    duties = Duties(
        obligations=(
            Obligation(kind="pc4", path="postcode"),
            Obligation(kind="kleine-aantallen", path="aantal", value="2"),
            Obligation(kind="pseudonimiseren", path="bewoners.naam"),
            Obligation(kind="afronden", path="woning.oppervlakte", value="50"),
            Obligation(kind="melden"),
        ),
        mark=Confidentiality(path="woning.toestand", guarded=("bewoners",)),
        third_party=True,
        receiver="r", purpose="p", secret=b"s" * 32,
    )  # fmt: skip
    condition = RowCondition(path="postcode", op="exists")
    assert equal(plan, ROWS, engine, duties=duties, rows=(condition,)) == 2
    (first, *_) = engine.records(leaving(plan, duties=duties), staged(plan, ROWS, engine.folder))
    assert "1381AB" not in str(first)
    assert "Bakker" not in str(first)


def test_a_source_that_failed_is_a_named_gap_of_every_object_that_leans_on_it(
    engine: Engine,
) -> None:
    rows = {**ROWS, "panden": Reason.TOO_LATE}
    plan = make_plan(small(), ["woning.toestand", "postcode"])
    equal(plan, rows, engine)
    found = {
        each["postcode"]: each
        for each in engine.records(leaving(plan), staged(plan, rows, engine.folder))
    }
    assert found["1381AB"]["_ontbreekt"] == [
        {"bron": "panden", "reden": "te_laat", "veld": "woning.toestand", "vervangen": True}
    ]
    # Who has no building would not have been asked for one.
    assert found["1382XX"]["_ontbreekt"][0]["reden"] == "geen_partner"
    assert "_ontbreekt" not in found[None]
