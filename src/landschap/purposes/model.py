# SPDX-License-Identifier: EUPL-1.2
"""The register of one organisation: why it may use which data, for whom, and on what ground.

A `Register` is what people write and review; `purposes.snapshot` makes from it the indexed,
hashed value that decisions are taken on. Nothing here decides.
Source: AVG art. 5 lid 1 sub b (purpose limitation), art. 6 (ground), art. 30 (register).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cache

from landschap.purposes.derived import DerivedField
from landschap.purposes.duties import Confidentiality, Obligation
from landschap.purposes.rows import RowCondition
from landschap.vocabulary.ijson import canonical
from landschap.vocabulary.times import AMSTERDAM

OWN = "*own"
"""Stands in a policy for the organisation whose register it is."""

ANYONE = "*"
"""Stands in a prohibition for every organisation, every purpose or every service."""

ACTIONS = (
    "verwerken",
    "verzamelen",
    "vastleggen",
    "ordenen",
    "structureren",
    "opslaan",
    "bijwerken-of-wijzigen",
    "opvragen",
    "raadplegen",
    "gebruiken",
    "verstrekken",
    "doorzenden",
    "verspreiden",
    "beschikbaar-stellen",
    "samenbrengen",
    "met-elkaar-in-verband-brengen",
    "afschermen",
    "wissen",
    "vernietigen",
)
"""What can be done with data. Source: AVG art. 4 lid 2, names of the FTV ontology."""

HISTORY = ("materieel", "formeel")
"""Kinds of history that a policy can open beside today's data as known now: what was true on
another day, and what was known at another moment. Source: history digest, "Permissions"."""

LEGAL_BASES = (
    *(f"eu-gdpr:A6-1-{letter}" for letter in "abcdef"),
    "eu-gdpr:A6-1-a-explicit-consent",
    *(f"eu-gdpr:A9-2-{letter}" for letter in "abcdefghij"),
)
"""Grounds by their name in DPV. Source: AVG art. 6 lid 1, art. 9 lid 2; DPV, GDPR module."""

_LEVEL_PREFIX = "urn:etoegang:core:assurance-class:"
LEVELS = (
    "none",
    *(f"{_LEVEL_PREFIX}{name}" for name in ("loa1", "loa2", "loa2plus", "loa3", "loa4")),
)
"""How sure one is of the person behind the question, lowest first. Source: eTD, "Assurance"."""

_RANK_OF_LEVEL = {level: rank for rank, level in enumerate(LEVELS)}


def level_rank(level: str) -> int | None:
    """The place of an assurance level in `LEVELS`; nothing said counts as none, else None."""
    return 0 if level == "" else _RANK_OF_LEVEL.get(level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same words in Dutch (level B1 where residents read them) and English."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Half-open period of Dutch calendar days: from the first day, up to and not on ``until``."""

    since: date
    until: date | None = None

    def moments(self) -> tuple[datetime, datetime | None]:
        """The same period as moments, days beginning at midnight in the Netherlands."""
        return midnight(self.since), midnight(self.until) if self.until else None


@cache
def midnight(day: date) -> datetime:
    """The moment a Dutch calendar day begins."""
    return datetime.combine(day, time(), tzinfo=AMSTERDAM).astimezone(UTC)


class PurposeStatus(StrEnum):
    """The life of a purpose in its list."""

    DRAFT = "concept"
    ACTIVE = "actief"
    RETIRED = "ingetrokken"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeScheme:
    """A list of purposes: the national one, or one's own. A lower rank wins in an equivalence.

    ``version`` is what its publisher calls this edition; its purposes have versions of their own.
    """

    uri: str
    title: Text
    publisher: str
    rank: int
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What data may be used for.

    Only ``exact_match`` makes two purposes equal; ``broad_match`` (DPV) is documentation, because
    matching through a general term would let an unrelated use satisfy a narrow permission.
    """

    uri: str
    scheme: str
    version: int
    label: Text
    definition: Text
    status: PurposeStatus
    valid: Validity
    broader: str = ""
    replaced_by: str = ""
    exact_match: tuple[str, ...] = ()
    broad_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """One ground in law: the GDPR letter and the national law (BWB id) with its article.

    ``kept_for`` is how long the law wants it known who was supplied with what, as ISO 8601
    duration; empty when it says nothing. Source: Wet BRP art. 3.11 (twenty years).
    """

    id: str
    code: str
    law: str
    law_name: str
    article: str
    text: Text
    kept_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingActivity:
    """What the organisation does with personal data, as residents read it.

    ``what``, ``why`` and ``ground`` are whole sentences. ``retention`` and ``log_retention`` are
    ISO 8601 durations. An activity without ``valid`` holds for as long as it stands there; one of
    several versions says from when. ``controller`` is an OIN, empty for the organisation itself.
    What is empty below is not known. A ``confidential`` one is published as a count only.
    Source: AVG art. 30 lid 1.
    """

    uri: str
    version: int
    name: Text
    what: Text
    why: Text
    ground: Text
    purpose: str
    legal_bases: tuple[str, ...]
    subjects: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: str
    log_retention: str
    valid: Validity | None = None
    controller: str = ""
    public_body: str = ""
    processors: tuple[str, ...] = ()
    data_groups: tuple[str, ...] = ()
    special_data: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    third_countries: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    category: str = ""
    based_on: str = ""
    dpia: str = ""
    confidential: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedService:
    """All field paths a service knows, and by which a question may search.

    ``provider`` is the OIN of who offers it. ``confidential`` names the confidentiality mark of a
    person (geheimhouding), where the service holds one; ``derived`` what follows from what.
    """

    provider: str
    name: str
    fields: tuple[str, ...]
    searchable: tuple[str, ...]
    personal: bool
    confidential: Confidentiality | None = None
    derived: tuple[DerivedField, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSet:
    """The fields of one service that belong together for a purpose, as dotted paths."""

    id: str
    version: int
    provider: str
    service: str
    fields: tuple[str, ...]
    searchable: tuple[str, ...]

    @property
    def key(self) -> str:
        """How policies name this version of the set."""
        return f"{self.id}@{self.version}"

    @property
    def digest(self) -> str:
        """SHA-256 over what the set permits, so that two sides know they mean the same."""
        return digest_of(
            {
                "provider": self.provider,
                "service": self.service,
                "fields": sorted(self.fields),
                "searchable": sorted(self.searchable),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decree:
    """An authorisation decree (autorisatiebesluit): with what its receivers may be supplied.

    ``reference`` is its number as published, ``searchable`` the search paths it grants, ``persons``
    the category of persons. Source: Wet BRP art. 3.2 and 3.3; Besluit BRP art. 37.
    """

    id: str
    reference: str
    receivers: tuple[str, ...]
    provider: str
    service: str
    valid: Validity
    searchable: tuple[str, ...] = ()
    persons: tuple[RowCondition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A name for several organisations."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compatibility:
    """A recorded test: what was asked for one purpose may lead to a question for another.

    It rests on the test of AVG art. 6 lid 4 (``test``: where it is kept) or on a ground in law
    (``legal_basis``: its id); ``author`` made it and another, ``approver``, approved it. It goes
    one way, covers what is narrower than ``target``, and permits nothing by itself.
    """

    id: str
    version: int
    origin: str
    target: str
    author: str
    approver: str
    valid: Validity
    explanation: Text
    test: str = ""
    legal_basis: str = ""


class Effect(StrEnum):
    """What a policy does when it matches; a prohibition always wins."""

    PERMIT = "toestaan"
    PROHIBIT = "verbieden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Office hours by the Dutch clock: weekdays (Monday is 0), a half-open stretch of the day."""

    days: tuple[int, ...]
    begin: time
    end: time

    def contains(self, moment: datetime) -> bool:
        """True when the moment falls inside, by the clock on the wall."""
        local = moment.astimezone(AMSTERDAM)
        return local.weekday() in self.days and self.begin <= local.time() < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who may do what, for which purpose, with which fields of which service.

    ``legal_bases`` are the grounds an asker may rely on (at an Outway: those we declare);
    ``activity`` is *our* activity that the log line will name. ``delegable``: another may ask for
    the organisations that it names. ``history`` holds which of `HISTORY` it opens, ``rows`` which
    objects may be seen: all of them when there is no condition. ``needs`` is what must be there
    beside the purpose (`needs.NEEDS`), ``despite`` for what a restriction does not stand in the
    way, ``obligations`` how values are changed before they leave, ``receiver`` which kind of
    receiver it is about, ``decree`` the authorisation decree that must be in force for it.
    """

    id: str
    version: int
    effect: Effect
    purpose: str
    organisations: tuple[str, ...]
    provider: str
    service: str
    actions: tuple[str, ...]
    valid: Validity
    explanation: Text
    roles: tuple[str, ...] = ()
    field_set: str = ""
    min_loa: str = ""
    hours: Hours | None = None
    legal_bases: tuple[str, ...] = ()
    activity: str = ""
    delegable: bool = False
    history: tuple[str, ...] = ()
    rows: tuple[RowCondition, ...] = ()
    needs: tuple[str, ...] = ()
    despite: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    receiver: str = ""
    decree: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Everything one organisation has decided about purposes, as its people wrote it."""

    owner: str
    schemes: tuple[PurposeScheme, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    legal_bases: tuple[LegalBasis, ...] = ()
    activities: tuple[ProcessingActivity, ...] = ()
    services: tuple[OfferedService, ...] = ()
    field_sets: tuple[FieldSet, ...] = ()
    groups: tuple[Group, ...] = ()
    policies: tuple[Policy, ...] = ()
    decrees: tuple[Decree, ...] = ()
    compatibilities: tuple[Compatibility, ...] = ()


def digest_of(value: dict[str, object]) -> str:
    """``sha256-`` and 43 base64url characters over the canonical JSON of a value."""
    return digest_of_text(canonical(value))  # type: ignore[arg-type]  # checked by canonical


def digest_of_text(raw: bytes) -> str:
    """The same over a text that is canonical JSON already."""
    hashed = hashlib.sha256(raw).digest()
    return "sha256-" + base64.urlsafe_b64encode(hashed).rstrip(b"=").decode("ascii")
