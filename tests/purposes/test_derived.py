# SPDX-License-Identifier: EUPL-1.2
"""What follows from a field is permitted apart, explained, guarded, and never searched by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.purposes import registers as r

from landschap.cli.policy import who_may_see
from landschap.purposes.checks import check_register
from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.derived import DerivedField, following_from
from landschap.purposes.duties import Confidentiality
from landschap.purposes.files import parse_register
from landschap.purposes.model import Decree, Policy, Register
from landschap.purposes.rows import RowCondition
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.writing import files_of

LARGE = DerivedField(path="woning.groot", inputs=("woning.m2",))
HELPED = DerivedField(path="krijgtHulp", inputs=("uitkering",))
FIELDS = (*r.FIELDS, "woning.groot", "krijgtHulp")


def register(
    *policies: Policy, derived: Sequence[DerivedField] = (LARGE, HELPED),
    searchable: tuple[str, ...] = ("bsn",), mark: Confidentiality | None = None,
) -> Register:  # fmt: skip
    made = r.weesp(*policies)
    (service,) = made.services
    return replace(
        made,
        services=(
            replace(service, fields=FIELDS, derived=tuple(derived), searchable=searchable,
                    confidential=mark),
        ),
        field_sets=(*made.field_sets, r.field_set("klein", "bsn", "woning.groot", "krijgtHulp")),
    )  # fmt: skip


def ask(**changes: object) -> Question:
    """The question of Doesburg, under a contract that leaves the fields to the policy."""
    return r.question(bound=replace(r.BOUND, field_set="", field_set_digest=""), **changes)


SMALL = r.policy("a-klein", field_set="klein@1")


def told(made: Register) -> list[str]:
    return [f"{f.table} {f.key}: {f.message} {f.nearest}".rstrip() for f in check_register(made)]


def test_it_is_permitted_alone_and_the_steps_say_from_what_it_follows() -> None:
    assert told(register(SMALL)) == []
    snapshot = Snapshot(register(SMALL))
    decision = decide(ask(fields=("woning.groot",)), snapshot, r.NOW)
    assert (decision.allow, set(decision.visible)) == (True, {"woning.groot"})
    steps = [(s.subject, s.detail) for s in decision.steps if s.rule == "R12"]
    assert ("woning.groot", "derived from woning.m2") in steps
    assert not any(subject == "krijgtHulp" for subject, _ in steps)
    closed = decide(ask(fields=("woning.m2",)), snapshot, r.NOW)
    assert (closed.code, set(closed.suggestion)) == (
        "fields_excess", {"bsn", "woning.groot", "krijgtHulp"}
    )  # fmt: skip
    searched = decide(ask(search=("woning.groot",)), snapshot, r.NOW)
    assert searched.code == "fields_excess"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"derived": [DerivedField(path="woning.groot", inputs=("woning.m3",))]},
         "dienst afgeleid: 'woning.m3' does not exist woning.m2"),
        ({"derived": [DerivedField(path="woning.grot", inputs=("woning.m2",))]},
         "dienst afgeleid: 'woning.grot' does not exist woning.groot"),
        ({"derived": [LARGE, LARGE]}, "dienst afgeleid: 'woning.groot' stands there twice"),
        ({"derived": [DerivedField(path="woning.groot", inputs=("krijgtHulp",)),
                      DerivedField(path="krijgtHulp", inputs=("woning.groot",))]},
         "dienst afgeleid: 'woning.groot' goes round: woning.groot -> krijgtHulp -> woning.groot"),
        ({"searchable": ("bsn", "woning.groot")},
         "dienst zoekvelden: 'woning.groot' is derived, so nothing can be searched by it"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_the_name_that_was_meant(
    changes: dict[str, object], expected: str
) -> None:
    assert expected in told(register(SMALL, **changes))  # type: ignore[arg-type]  # the test names them


def test_no_row_condition_is_about_what_is_kept_nowhere() -> None:
    row = (RowCondition(path="woning.groot", op="eq", values=("true",)),)
    words = "'woning.groot' is derived and kept nowhere; limit by woning.m2"
    assert f"beleidsregel rijen: {words}" in told(register(replace(SMALL, rows=row)))
    decree = Decree(
        id="b", reference="1", receivers=(r.DOESBURG,), provider=r.WEESP, service=r.SERVICE,
        valid=r.SINCE_2026, persons=row,
    )  # fmt: skip
    made = replace(register(SMALL), decrees=(decree,))
    assert f"autorisatiebesluit personen: {words}" in told(made)


def test_a_guarded_field_guards_what_follows_from_it() -> None:
    mark = Confidentiality(path="bsn", guarded=("woning",))
    snapshot = Snapshot(register(replace(SMALL, receiver="derde"), mark=mark))
    decision = decide(ask(fields=("woning.groot",)), snapshot, r.NOW)
    assert decision.mark is not None
    assert "woning.groot" in decision.mark.guarded
    assert "krijgtHulp" not in decision.mark.guarded


def test_who_may_see_a_field_names_who_sees_what_follows_from_it() -> None:
    snapshot = Snapshot(register(SMALL, r.policy("b-alles")))
    now = datetime(2026, 6, 1, tzinfo=UTC)

    def rows(field: str) -> set[tuple[object, object, object]]:
        found = who_may_see(snapshot, field, "", now)
        return {(row["policy"], row["field"], row["as"]) for row in found}

    assert rows("woning.m2") == {("a-klein", "woning.groot", "derived from woning.m2")}
    assert rows("uitkering.norm") == {
        ("a-klein", "krijgtHulp", "derived from uitkering"),
        ("b-alles", "uitkering.norm", "it is"),
    }
    assert rows("woning.groot") == {("a-klein", "woning.groot", "derived from woning.m2")}


def test_following_goes_over_what_is_derived_itself() -> None:
    busy = DerivedField(path="druk", inputs=("krijgtHulp",))
    assert following_from([busy, LARGE, HELPED], "uitkering.soort") == {"krijgtHulp", "druk"}
    assert following_from([busy, LARGE, HELPED], "adres") == frozenset()


def test_it_is_written_to_files_and_read_again_and_its_absence_changes_no_version() -> None:
    made = register(SMALL)
    again = parse_register(files_of(made), made.owner)
    assert again.services == made.services
    assert Snapshot(again).version == Snapshot(made).version
    assert b"derived" not in Snapshot(r.weesp()).document()
    assert b"woning.groot" in Snapshot(made).document()
