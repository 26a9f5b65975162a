# SPDX-License-Identifier: EUPL-1.2
"""The register as people write and review it: the TOML files of a folder ``doelbinding``.

The files together are one register; how it is divided over files is free. All that is wrong is
reported at once: syntax, unknown keys and names with the nearest valid one, and the checks of
`checks`. Keys are Dutch, as the officers who keep the register read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from landschap.purposes.checks import check_register
from landschap.purposes.derived import DerivedField
from landschap.purposes.duties import KINDS as DUTIES
from landschap.purposes.duties import RECEIVERS, Confidentiality, Obligation
from landschap.purposes.duties import fault_of as fault_of_duty
from landschap.purposes.model import (
    ACTIONS,
    HISTORY,
    LEGAL_BASES,
    LEVELS,
    Compatibility,
    Decree,
    Effect,
    FieldSet,
    Group,
    Hours,
    LegalBasis,
    OfferedService,
    Policy,
    ProcessingActivity,
    Purpose,
    PurposeScheme,
    PurposeStatus,
    Register,
    Validity,
)
from landschap.purposes.needs import DESPITE, NEEDS
from landschap.purposes.never import never_applying
from landschap.purposes.reading import RegisterError, Table
from landschap.purposes.rows import OPERATORS, RowCondition, fault_of
from landschap.purposes.tables import tables_of
from landschap.vocabulary.mistakes import Mistake

_URI = r"https?://[^\s]+"
_NAME = r"[a-z0-9][a-z0-9-]{0,79}"
_SET_KEY = rf"{_NAME}@[1-9][0-9]*"
_LAW = r"BWB[RVW][0-9]{7}|3[0-9]{4}[RLD][0-9]{4}"  # BWB id, or CELEX number of European law
_DURATION = r"P(?=[0-9])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
_PATH = re.compile(r"[a-z][A-Za-z0-9_]*(?:\.[a-z][A-Za-z0-9_]*)*")
_WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
_UNSUPPORTED: Mapping[str, Mapping[str, str]] = {
    # Onward is agreed in the contract, and a compatible purpose has its test: [[verenigbaarheid]].
    "beleidsregel": {"verder": "uses onward in a policy"},
    "doel": {"verenigbaar_met": "compatible purposes without a test"},
}

Made = TypeVar("Made")


def parse_register(
    sources: Mapping[str, str], owner: str, warned: list[Mistake] | None = None
) -> Register:
    """The register in these files (name -> text). ``owner`` is the OIN of whose register it is.

    What is not wrong, and was hardly meant, is added to ``warned``: permissions that can never
    apply. Raises RegisterError with everything that is wrong.
    """
    problems: list[Mistake] = []
    tables = tables_of(sources, problems, _KINDS)

    def make(name: str, maker: Callable[[Table, str], Made]) -> tuple[Made, ...]:
        made = []
        for table in tables[name]:
            made.append(maker(table, owner))
            table.close(_UNSUPPORTED.get(name, {}))
        return tuple(made)

    register = Register(
        owner=owner,
        schemes=make("stelsel", _scheme),
        purposes=make("doel", _purpose),
        legal_bases=make("grondslag", _legal_basis),
        activities=make("activiteit", _activity),
        services=make("dienst", _service),
        field_sets=make("veldenset", _field_set),
        groups=make("groep", _group),
        policies=make("beleidsregel", _policy),
        decrees=make("autorisatiebesluit", _decree),
        compatibilities=make("verenigbaarheid", _compatibility),
    )
    for finding in check_register(register):
        tables[finding.table][finding.place].problem(finding.key, finding.message, finding.nearest)
    if problems:
        raise RegisterError(problems)
    if warned is not None:
        for finding in never_applying(register):
            tables[finding.table][finding.place].problem(finding.key, finding.message)
        warned += problems
    return register


_KINDS = (
    "stelsel",
    "doel",
    "grondslag",
    "activiteit",
    "dienst",
    "veldenset",
    "groep",
    "beleidsregel",
    "autorisatiebesluit",
    "verenigbaarheid",
)


def _scheme(table: Table, _owner: str) -> PurposeScheme:
    return PurposeScheme(
        uri=table.text("uri", pattern=_URI),
        title=table.words("titel"),
        publisher=table.text("uitgever"),
        rank=table.number("rang"),
    )


def _purpose(table: Table, _owner: str) -> Purpose:
    statuses = [status.value for status in PurposeStatus]
    status = table.choice("status", statuses)
    return Purpose(
        uri=table.text("uri", pattern=_URI),
        scheme=table.text("stelsel", pattern=_URI),
        version=table.number("versie"),
        label=table.words("naam"),
        definition=table.words("omschrijving"),
        status=PurposeStatus(status) if status in statuses else PurposeStatus.DRAFT,
        valid=_validity(table),
        broader=table.text("valt_onder", default=""),
        replaced_by=table.text("opgevolgd_door", default=""),
        exact_match=table.texts("gelijk_aan"),
        broad_match=table.texts("verwant_aan"),
    )


def _legal_basis(table: Table, _owner: str) -> LegalBasis:
    return LegalBasis(
        id=table.text("id", pattern=_NAME),
        code=table.choice("code", LEGAL_BASES),
        law=table.text("wet", pattern=_LAW),
        law_name=table.text("wet_naam"),
        article=table.text("artikel"),
        text=table.words("tekst"),
        kept_for=table.text("bewaartermijn_verstrekking", default="", pattern=_DURATION),
    )


def _activity(table: Table, _owner: str) -> ProcessingActivity:
    since = table.day("geldig_vanaf")
    return ProcessingActivity(
        uri=table.text("uri", pattern=_URI),
        version=table.number("versie"),
        name=table.words("naam"),
        what=table.words("wat"),
        why=table.words("waarvoor"),
        ground=table.words("waarom_mag_dit"),
        purpose=table.text("doel", pattern=_URI),
        legal_bases=table.texts("grondslagen", required=True),
        subjects=table.texts("betrokkenen", required=True),
        recipients=table.texts("ontvangers"),
        retention=table.text("bewaartermijn", pattern=_DURATION),
        log_retention=table.text("bewaartermijn_logboek", default="P5Y", pattern=_DURATION),
        valid=_validity(table) if since or "geldig_tot" in table.values else None,
        controller=table.text("verantwoordelijke", default="", pattern="[0-9]{20}"),
        public_body=table.text("bestuursorgaan", default=""),
        processors=table.texts("verwerkers"),
        data_groups=table.texts("gegevens"),
        special_data=table.texts("bijzondere_gegevens"),
        origin=table.texts("herkomst"),
        third_countries=table.texts("derde_landen"),
        measures=table.texts("maatregelen"),
        category=table.text("categorie", default=""),
        based_on=table.text("gebaseerd_op", default="", pattern=_URI),
        dpia=table.text("dpia", default=""),
        confidential=table.boolean("vertrouwelijk", default=False),
    )


def _service(table: Table, owner: str) -> OfferedService:
    return OfferedService(
        provider=table.text("aanbieder", default=owner),
        name=table.text("naam", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}"),
        fields=_paths(table, "velden", required=True),
        searchable=_paths(table, "zoekvelden"),
        personal=table.boolean("persoonsgegevens"),
        confidential=_confidential(table),
        derived=tuple(_derived(each) for each in table.tables("afgeleid")),
    )


def _derived(table: Table) -> DerivedField:
    found = DerivedField(
        path=table.text("veld", pattern=_PATH.pattern), inputs=_paths(table, "uit", required=True)
    )
    table.close({})
    return found


def _confidential(table: Table) -> Confidentiality | None:
    inner = table.table("geheimhouding")
    if inner is None:
        return None
    found = Confidentiality(
        path=inner.text("veld", pattern=_PATH.pattern),
        guarded=_paths(inner, "afgeschermd", required=True),
    )
    inner.close({})
    return found


def _field_set(table: Table, owner: str) -> FieldSet:
    return FieldSet(
        id=table.text("id", pattern=_NAME),
        version=table.number("versie"),
        provider=table.text("aanbieder", default=owner),
        service=table.text("dienst"),
        fields=_paths(table, "velden", required=True),
        searchable=_paths(table, "zoekvelden"),
    )


def _group(table: Table, _owner: str) -> Group:
    return Group(
        name=table.text("naam", pattern=_NAME),
        members=table.texts("leden", required=True),
    )


def _policy(table: Table, owner: str) -> Policy:
    effects = [effect.value for effect in Effect]
    effect = table.choice("werking", effects)
    permits = effect != Effect.PROHIBIT
    common = {
        "id": table.text("id", pattern=_NAME),
        "purpose": table.text("doel"),
        "provider": table.text("aanbieder", default=owner),
        "service": table.text("dienst"),
        "field_set": table.text("veldenset", pattern=_SET_KEY) if permits else "",
        "activity": table.text("activiteit", pattern=_URI) if permits else "",
        "min_loa": table.choice("minimaal_niveau", LEVELS, default="") if permits else "",
    }
    actions = ACTIONS if permits else (*ACTIONS, "*")
    return Policy(
        **common,
        version=table.number("versie"),
        effect=Effect.PERMIT if permits else Effect.PROHIBIT,
        organisations=table.texts("organisaties", required=True),
        actions=table.texts("handelingen", valid=actions, required=True),
        valid=_validity(table),
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
        decree=table.text("autorisatiebesluit", default="", pattern=_NAME) if permits else "",
    )


def _obligation(table: Table) -> Obligation:
    found = Obligation(
        kind=table.choice("doe", DUTIES),
        path=table.text("veld", default="", pattern=_PATH.pattern),
        value=table.text("waarde", default=""),
    )
    table.close({})
    fault = fault_of_duty(found)
    if fault and found.kind in DUTIES:
        table.problem("doe", fault)
    return found


def _decree(table: Table, owner: str) -> Decree:
    return Decree(
        id=table.text("id", pattern=_NAME),
        reference=table.text("kenmerk"),
        receivers=table.texts("ontvangers", required=True),
        provider=table.text("aanbieder", default=owner),
        service=table.text("dienst"),
        valid=_validity(table),
        searchable=_paths(table, "zoekvelden", required=True),
        persons=tuple(map(_row, table.tables("personen"))),
    )


def _compatibility(table: Table, _owner: str) -> Compatibility:
    return Compatibility(
        id=table.text("id", pattern=_NAME),
        version=table.number("versie"),
        origin=table.text("van", pattern=_URI),
        target=table.text("naar", pattern=_URI),
        test=table.text("toets", default=""),
        legal_basis=table.text("grondslag", default="", pattern=_NAME),
        author=table.text("opgesteld_door"),
        approver=table.text("goedgekeurd_door"),
        valid=_validity(table),
        explanation=table.words("uitleg"),
    )


def _row(table: Table) -> RowCondition:
    found = RowCondition(
        path=table.text("pad", pattern=_PATH.pattern),
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


def _validity(table: Table) -> Validity:
    since = table.day("geldig_vanaf", required=True)
    until = table.day("geldig_tot")
    if since and until and since >= until:
        table.problem("geldig_tot", "must lie after geldig_vanaf; the last day itself is not in it")
    return Validity(since=since or date(2000, 1, 1), until=until)


def _paths(table: Table, key: str, *, required: bool = False) -> tuple[str, ...]:
    paths = table.texts(key, required=required)
    for path in paths:
        if "*" in path:
            table.problem(key, f"{path[:80]!r}: fields are listed one by one, without *")
        elif not _PATH.fullmatch(path):
            table.problem(key, f"{path[:80]!r} is not a dotted path of field names")
    return paths
