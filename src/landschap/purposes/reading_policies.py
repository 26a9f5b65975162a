# SPDX-License-Identifier: EUPL-1.2
"""Who may what, read from the tables of a file: policies and what only they refer to.

Groups, authorisation decrees and tests of compatibility are here too. What is wrong is told by the
table; a value that is still needed to go on is then a harmless one.
"""

from __future__ import annotations

from landschap.purposes.duties import KINDS as DUTIES
from landschap.purposes.duties import RECEIVERS, Obligation
from landschap.purposes.duties import fault_of as fault_of_duty
from landschap.purposes.model import (
    ACTIONS,
    HISTORY,
    LEGAL_BASES,
    LEVELS,
    Compatibility,
    Decree,
    Effect,
    Group,
    Hours,
    Policy,
)
from landschap.purposes.needs import DESPITE, NEEDS
from landschap.purposes.reading import Table
from landschap.purposes.reading_parts import NAME, PATH, URI, paths_of, validity_of
from landschap.purposes.rows import OPERATORS, RowCondition, fault_of

_SET_KEY = rf"{NAME}@[1-9][0-9]*"
_WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")


def group_of(table: Table, _owner: str) -> Group:
    """A named list of organisations, ``[[groep]]``."""
    return Group(
        name=table.text("naam", pattern=NAME),
        members=table.texts("leden", required=True),
    )


def policy_of(table: Table, owner: str) -> Policy:
    """A permission or a prohibition, ``[[beleidsregel]]``."""
    effects = [effect.value for effect in Effect]
    effect = table.choice("werking", effects)
    permits = effect != Effect.PROHIBIT
    common = {
        "id": table.text("id", pattern=NAME),
        "purpose": table.text("doel"),
        "provider": table.text("aanbieder", default=owner),
        "service": table.text("dienst"),
        "field_set": table.text("veldenset", pattern=_SET_KEY) if permits else "",
        "activity": table.text("activiteit", pattern=URI) if permits else "",
        "min_loa": table.choice("minimaal_niveau", LEVELS, default="") if permits else "",
    }
    actions = ACTIONS if permits else (*ACTIONS, "*")
    return Policy(
        **common,
        version=table.number("versie"),
        effect=Effect.PERMIT if permits else Effect.PROHIBIT,
        organisations=table.texts("organisaties", required=True),
        actions=table.texts("handelingen", valid=actions, required=True),
        valid=validity_of(table),
        explanation=table.words("uitleg"),
        roles=table.texts("rollen") if permits else (),
        hours=_hours(table) if permits else None,
        legal_bases=(
            table.texts("grondslagen", valid=LEGAL_BASES, required=True) if permits else ()
        ),
        delegable=table.boolean("delegeerbaar", default=False) if permits else False,
        history=table.texts("historie", valid=HISTORY) if permits else (),
        rows=tuple(map(_row, table.tables("rijen"))) if permits else (),
        needs=table.texts("nodig", valid=NEEDS) if permits else (),
        despite=table.texts("ondanks_beperking", valid=DESPITE) if permits else (),
        obligations=tuple(map(_obligation, table.tables("verplichtingen"))) if permits else (),
        receiver=table.choice("soort_ontvanger", RECEIVERS, default="") if permits else "",
        decree=table.text("autorisatiebesluit", default="", pattern=NAME) if permits else "",
    )


def _obligation(table: Table) -> Obligation:
    found = Obligation(
        kind=table.choice("doe", DUTIES),
        path=table.text("veld", default="", pattern=PATH.pattern),
        value=table.text("waarde", default=""),
    )
    table.close({})
    fault = fault_of_duty(found)
    if fault and found.kind in DUTIES:
        table.problem("doe", fault)
    return found


def decree_of(table: Table, owner: str) -> Decree:
    """An authorisation decree, ``[[autorisatiebesluit]]``."""
    return Decree(
        id=table.text("id", pattern=NAME),
        reference=table.text("kenmerk"),
        receivers=table.texts("ontvangers", required=True),
        provider=table.text("aanbieder", default=owner),
        service=table.text("dienst"),
        valid=validity_of(table),
        searchable=paths_of(table, "zoekvelden", required=True),
        persons=tuple(map(_row, table.tables("personen"))),
    )


def compatibility_of(table: Table, _owner: str) -> Compatibility:
    """A recorded test of AVG art. 6 lid 4, ``[[verenigbaarheid]]``."""
    return Compatibility(
        id=table.text("id", pattern=NAME),
        version=table.number("versie"),
        origin=table.text("van", pattern=URI),
        target=table.text("naar", pattern=URI),
        test=table.text("toets", default=""),
        legal_basis=table.text("grondslag", default="", pattern=NAME),
        author=table.text("opgesteld_door"),
        approver=table.text("goedgekeurd_door"),
        valid=validity_of(table),
        explanation=table.words("uitleg"),
    )


def _row(table: Table) -> RowCondition:
    found = RowCondition(
        path=table.text("pad", pattern=PATH.pattern),
        op=table.choice("op", OPERATORS),
        values=table.text_or_texts("waarde"),
    )
    table.close({})
    fault = fault_of(found)
    if fault and found.op in OPERATORS:
        table.problem("waarde", fault)
    return found


def _hours(table: Table) -> Hours | None:
    inner = table.table("uren")
    if inner is None:
        return None
    days = inner.texts("dagen", valid=_WEEKDAYS, required=True)
    begin, end = inner.clock("van"), inner.clock("tot")
    inner.close({})
    if begin >= end:
        table.problem("uren", "van must lie before tot; two policies make a night")
    places = tuple(_WEEKDAYS.index(day) for day in days if day in _WEEKDAYS)
    return Hours(days=places, begin=begin, end=end)
