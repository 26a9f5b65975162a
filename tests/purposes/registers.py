# SPDX-License-Identifier: EUPL-1.2
"""Registers that the tests of this room decide on."""

from dataclasses import replace
from datetime import UTC, date, datetime

from landschap.purposes.bound import Bound
from landschap.purposes.decision import Question
from landschap.purposes.model import (
    Effect,
    FieldSet,
    Group,
    LegalBasis,
    OfferedService,
    Policy,
    ProcessingActivity,
    Purpose,
    PurposeScheme,
    PurposeStatus,
    Register,
    Text,
    Validity,
)

WEESP = "00000099000000002000"
DOESBURG = "00000099000000003000"
STRANGER = "00000099000000004000"
LIST = "https://doelen.example/lijst"
SOCIAL = "https://doelen.example/id/werk-en-inkomen"
ASSISTANCE = "https://doelen.example/id/bijstand"
HOUSING_COSTS = "https://doelen.example/id/bijstand/woonkosten"
PARKING = "https://doelen.example/id/parkeren"
OLD = "https://doelen.example/id/sociale-dienst"
ACTIVITY = "https://weesp.example/activiteiten/verstrekken"
PARKING_ACTIVITY = "https://weesp.example/activiteiten/parkeren"
SERVICE = "situatie"
FIELDS = ("bsn", "adres.straat", "adres.plaats", "uitkering.soort", "uitkering.norm", "woning.m2")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SINCE_2026 = Validity(since=date(2026, 1, 1))


def text(words: str) -> Text:
    return Text(nl=words, en=words)


def purpose(uri: str, **changes: object) -> Purpose:
    made = Purpose(
        uri=uri,
        scheme=LIST,
        version=1,
        label=text(uri.rpartition("/")[2]),
        definition=text("wat het is"),
        status=PurposeStatus.ACTIVE,
        valid=SINCE_2026,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def policy(name: str, **changes: object) -> Policy:
    made = Policy(
        id=name,
        version=1,
        effect=Effect.PERMIT,
        purpose=ASSISTANCE,
        organisations=(DOESBURG,),
        provider=WEESP,
        service=SERVICE,
        actions=("raadplegen",),
        valid=SINCE_2026,
        explanation=text("uitleg"),
        field_set="bijstand@1",
        legal_bases=("eu-gdpr:A6-1-c", "eu-gdpr:A6-1-e"),
        activity=ACTIVITY,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def prohibition(name: str, **changes: object) -> Policy:
    none: dict[str, object] = {"field_set": "", "legal_bases": (), "activity": ""}
    return policy(name, effect=Effect.PROHIBIT, **(none | changes))


def field_set(name: str, *fields: str, searchable: tuple[str, ...] = ("bsn",)) -> FieldSet:
    return FieldSet(
        id=name, version=1, provider=WEESP, service=SERVICE, fields=fields, searchable=searchable
    )


def activity(uri: str, for_purpose: str) -> ProcessingActivity:
    return ProcessingActivity(
        uri=uri,
        version=1,
        name=text("Verstrekken"),
        what=text("Wij geven gegevens."),
        why=text("Voor bijstand."),
        ground=text("Het moet van de wet."),
        purpose=for_purpose,
        legal_bases=("pw-64",),
        subjects=("inwoners",),
        recipients=("gemeenten",),
        retention="P10Y",
        log_retention="P5Y",
    )


BIJSTAND = field_set("bijstand", *FIELDS[:5])


def weesp(*policies: Policy, **changes: object) -> Register:
    """Weesp's register with these policies; without any: one that permits Doesburg assistance."""
    made = Register(
        owner=WEESP,
        schemes=(PurposeScheme(uri=LIST, title=text("lijst"), publisher=WEESP, rank=1),),
        purposes=(
            purpose(SOCIAL),
            purpose(ASSISTANCE, broader=SOCIAL),
            purpose(HOUSING_COSTS, broader=ASSISTANCE),
            purpose(PARKING),
            purpose(OLD, status=PurposeStatus.RETIRED, replaced_by=SOCIAL),
        ),
        legal_bases=(
            LegalBasis(
                id="pw-64",
                code="eu-gdpr:A6-1-c",
                law="BWBR0015703",
                law_name="Participatiewet",
                article="64",
                text=text("plicht"),
            ),
        ),
        activities=(activity(ACTIVITY, ASSISTANCE), activity(PARKING_ACTIVITY, PARKING)),
        services=(
            OfferedService(
                provider=WEESP, name=SERVICE, fields=FIELDS, searchable=("bsn",), personal=True
            ),
        ),
        field_sets=(
            BIJSTAND,
            field_set("links", "bsn", "adres.straat", "adres.plaats"),
            field_set("rechts", "uitkering.soort", "uitkering.norm", searchable=()),
        ),
        groups=(Group(name="gemeenten", members=(DOESBURG,)),),
        policies=policies or (policy("bijstand-doesburg"),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


BOUND = Bound.of(
    purposes=(ASSISTANCE,), legal_bases=("eu-gdpr:A6-1-e", "eu-gdpr:A6-1-c"), field_set=BIJSTAND
)


def question(**changes: object) -> Question:
    """Doesburg asks two fields for assistance, under a contract that allows it."""
    made = Question(
        purpose=ASSISTANCE,
        organisation=DOESBURG,
        service=SERVICE,
        fields=("adres.straat", "uitkering.soort"),
        legal_bases=("eu-gdpr:A6-1-e",),
        bound=BOUND,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields
