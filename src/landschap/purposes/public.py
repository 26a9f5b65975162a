# SPDX-License-Identifier: EUPL-1.2
"""The register of processing activities as anybody may read it.

An entry has the names of the VNG register of processing activities (VAR) and those it lacks. Who
processes for us, our measures and our roles are not in it; a confidential activity is in no entry,
in none of its versions, and only counted.
Source: VNG VAR API 0.1.0; AVG art. 30; house decision: the register is published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from landschap.purposes.importing.terms import GROUND_WORDS
from landschap.purposes.model import LegalBasis, ProcessingActivity, Purpose
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.versions import version_at
from landschap.vocabulary.ijson import JsonValue

_UNITS_NL = {"Y": ("jaar", "jaar"), "M": ("maand", "maanden"), "D": ("dag", "dagen")}
_UNITS_EN = {"Y": ("year", "years"), "M": ("month", "months"), "D": ("day", "days")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An activity with what its names stand for. ``purpose`` is None when it is not known."""

    activity: ProcessingActivity
    owner: str
    purpose: Purpose | None
    legal_bases: Sequence[LegalBasis]
    data_groups: Sequence[str]

    @property
    def id(self) -> UUID:
        """The same for all versions of an activity."""
        return id_of(self.activity.uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What is published at a moment: entries in order of name, and how many are confidential."""

    entries: Sequence[Entry]
    confidential: int


def id_of(uri: str) -> UUID:
    """The UUID of an activity, made from its URI. Source: RFC 9562, section 5.5."""
    return uuid5(NAMESPACE_URL, uri)


def published(snapshot: Snapshot, now: datetime) -> Published:
    """The activities that hold now."""
    found = [
        version_at(every, now)
        for every in snapshot.activity_versions.values()
        if not is_confidential(every)
    ]
    held = sorted((each for each in found if each), key=lambda one: (one.name.nl, one.uri))
    hidden = [e for e in snapshot.activity_versions.values() if is_confidential(e)]
    return Published(
        entries=[entry_of(snapshot, each) for each in held],
        confidential=sum(1 for every in hidden if version_at(every, now)),
    )


def is_confidential(versions: Iterable[ProcessingActivity]) -> bool:
    """True when one of its versions is: then what the others say would tell what it is."""
    return any(each.confidential for each in versions)


def entry_of(snapshot: Snapshot, activity: ProcessingActivity) -> Entry:
    """One activity with the purpose and grounds of the register it stands in.

    Which data it uses is what it says, or else the groups of fields its policies open.
    """
    known = next(
        (each for each in snapshot.register.purposes if each.uri == activity.purpose), None
    )
    return Entry(
        activity=activity,
        owner=snapshot.owner,
        purpose=known,
        legal_bases=[
            each for each in snapshot.register.legal_bases if each.id in activity.legal_bases
        ],
        data_groups=activity.data_groups or groups_by_policy(snapshot, activity.uri),
    )


def groups_by_policy(snapshot: Snapshot, activity: str) -> Sequence[str]:
    """The first parts of the fields that policies open under an activity."""
    fields = {
        path
        for policy in snapshot.register.policies
        if policy.activity == activity
        for path in snapshot.fields_of_set.get(policy.field_set, ())
    }
    return sorted({path.partition(".")[0] for path in fields})


def grounds_of(entry: Entry, words: dict[str, str] | None = None) -> list[str]:
    """The grounds of AVG art. 6 by name, each once."""
    names = words or dict(GROUND_WORDS)
    letters = (re.search(r"A6-1-([a-f])", each.code) for each in entry.legal_bases)
    return list(dict.fromkeys(names[found[1]] for found in letters if found))


def term_words(duration: str, *, english: bool = False) -> str:
    """An ISO 8601 duration in words: ``10 jaar``, ``2 years and 6 months``."""
    units, both = (_UNITS_EN, " and ") if english else (_UNITS_NL, " en ")
    parts = re.findall(r"([0-9]+)([YMD])", duration)
    return both.join(f"{int(n)} {units[unit][int(n) != 1]}" for n, unit in parts) or duration


def as_var(entry: Entry) -> dict[str, JsonValue]:
    """The entry for programs."""
    one, valid = entry.activity, entry.activity.valid
    made: dict[str, JsonValue] = {
        "id": str(entry.id),
        "uri": one.uri,
        "versie": one.version,
        "naam": one.name.nl,
        "omschrijving": one.what.nl,
        "verantwoordelijkeOrganisatie": one.controller or entry.owner,
        "doel": one.why.nl,
        "purposeUri": one.purpose,
        "purposeNaam": entry.purpose.label.nl if entry.purpose else "",
        "grondslag": ", ".join(grounds_of(entry)),
        "toelichtingGrondslag": one.ground.nl,
        "legalBasis": [
            {
                "code": each.code, "wet": each.law, "wetNaam": each.law_name,
                "artikel": each.article, "tekst": each.text.nl,
            }
            for each in entry.legal_bases
        ],
        "bewaartermijn": term_words(one.retention),
        "logRetention": one.log_retention,
        "dataGroups": list(entry.data_groups),
        "verwerktePersoonsgegevens": [
            {"rolBetrokkene": subject, "naam": group}
            for subject in one.subjects
            for group in entry.data_groups
        ],
        "afnemendeCategorieOntvangers": list(one.recipients),
        "afnemendeInternationaleDerden": list(one.third_countries),
    }  # fmt: skip
    said: dict[str, JsonValue] = {
        "herkomst": ", ".join(one.origin),
        "categorie": one.category,
        "verantwoordelijkeBestuursorgaan": one.public_body,
        "gebaseerdOp": one.based_on,
        "geldigVanaf": valid.since.isoformat() if valid else "",
        "geldigTot": valid.until.isoformat() if valid and valid.until else "",
    }
    return {**made, **{name: value for name, value in said.items() if value}}
