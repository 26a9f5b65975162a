# SPDX-License-Identifier: EUPL-1.2
"""The register as people write and review it: the TOML files of a folder ``doelbinding``.

The files together are one register; how it is divided over files is free. All that is wrong is
reported at once: syntax, unknown keys and names with the nearest valid one, and the checks of
`checks`. Keys are Dutch, as the officers who keep the register read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from landschap.purposes.checks import check_register
from landschap.purposes.derived import DerivedField
from landschap.purposes.duties import Confidentiality
from landschap.purposes.lists import unmapped
from landschap.purposes.model import (
    LEGAL_BASES,
    FieldSet,
    LegalBasis,
    OfferedService,
    ProcessingActivity,
    Purpose,
    PurposeScheme,
    PurposeStatus,
    Register,
)
from landschap.purposes.never import never_applying
from landschap.purposes.reading import RegisterError, Table
from landschap.purposes.reading_parts import NAME, PATH, URI, paths_of, validity_of
from landschap.purposes.reading_policies import compatibility_of, decree_of, group_of, policy_of
from landschap.purposes.tables import tables_of
from landschap.vocabulary.mistakes import Mistake

_LAW = r"BWB[RVW][0-9]{7}|3[0-9]{4}[RLD][0-9]{4}"  # BWB id, or CELEX number of European law
_DURATION = r"P(?=[0-9])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
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
    apply, purposes of one's own that lead to no shared one. Raises RegisterError with everything
    that is wrong.
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
        groups=make("groep", group_of),
        policies=make("beleidsregel", policy_of),
        decrees=make("autorisatiebesluit", decree_of),
        compatibilities=make("verenigbaarheid", compatibility_of),
    )
    for finding in check_register(register):
        tables[finding.table][finding.place].problem(finding.key, finding.message, finding.nearest)
    if problems:
        raise RegisterError(problems)
    if warned is not None:
        for finding in (*never_applying(register), *unmapped(register)):
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
        uri=table.text("uri", pattern=URI),
        title=table.words("titel"),
        publisher=table.text("uitgever"),
        rank=table.number("rang"),
        version=table.text("versie", default=""),
    )


def _purpose(table: Table, _owner: str) -> Purpose:
    statuses = [status.value for status in PurposeStatus]
    status = table.choice("status", statuses)
    return Purpose(
        uri=table.text("uri", pattern=URI),
        scheme=table.text("stelsel", pattern=URI),
        version=table.number("versie"),
        label=table.words("naam"),
        definition=table.words("omschrijving"),
        status=PurposeStatus(status) if status in statuses else PurposeStatus.DRAFT,
        valid=validity_of(table),
        broader=table.text("valt_onder", default=""),
        replaced_by=table.text("opgevolgd_door", default=""),
        exact_match=table.texts("gelijk_aan"),
        broad_match=table.texts("verwant_aan"),
    )


def _legal_basis(table: Table, _owner: str) -> LegalBasis:
    return LegalBasis(
        id=table.text("id", pattern=NAME),
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
        uri=table.text("uri", pattern=URI),
        version=table.number("versie"),
        name=table.words("naam"),
        what=table.words("wat"),
        why=table.words("waarvoor"),
        ground=table.words("waarom_mag_dit"),
        purpose=table.text("doel", pattern=URI),
        legal_bases=table.texts("grondslagen", required=True),
        subjects=table.texts("betrokkenen", required=True),
        recipients=table.texts("ontvangers"),
        retention=table.text("bewaartermijn", pattern=_DURATION),
        log_retention=table.text("bewaartermijn_logboek", default="P5Y", pattern=_DURATION),
        valid=validity_of(table) if since or "geldig_tot" in table.values else None,
        controller=table.text("verantwoordelijke", default="", pattern="[0-9]{20}"),
        public_body=table.text("bestuursorgaan", default=""),
        processors=table.texts("verwerkers"),
        data_groups=table.texts("gegevens"),
        special_data=table.texts("bijzondere_gegevens"),
        origin=table.texts("herkomst"),
        third_countries=table.texts("derde_landen"),
        measures=table.texts("maatregelen"),
        category=table.text("categorie", default=""),
        based_on=table.text("gebaseerd_op", default="", pattern=URI),
        dpia=table.text("dpia", default=""),
        confidential=table.boolean("vertrouwelijk", default=False),
    )


def _service(table: Table, owner: str) -> OfferedService:
    return OfferedService(
        provider=table.text("aanbieder", default=owner),
        name=table.text("naam", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}"),
        fields=paths_of(table, "velden", required=True),
        searchable=paths_of(table, "zoekvelden"),
        personal=table.boolean("persoonsgegevens"),
        confidential=_confidential(table),
        derived=tuple(_derived(each) for each in table.tables("afgeleid")),
    )


def _derived(table: Table) -> DerivedField:
    found = DerivedField(
        path=table.text("veld", pattern=PATH.pattern), inputs=paths_of(table, "uit", required=True)
    )
    table.close({})
    return found


def _confidential(table: Table) -> Confidentiality | None:
    inner = table.table("geheimhouding")
    if inner is None:
        return None
    found = Confidentiality(
        path=inner.text("veld", pattern=PATH.pattern),
        guarded=paths_of(inner, "afgeschermd", required=True),
    )
    inner.close({})
    return found


def _field_set(table: Table, owner: str) -> FieldSet:
    return FieldSet(
        id=table.text("id", pattern=NAME),
        version=table.number("versie"),
        provider=table.text("aanbieder", default=owner),
        service=table.text("dienst"),
        fields=paths_of(table, "velden", required=True),
        searchable=paths_of(table, "zoekvelden"),
    )
