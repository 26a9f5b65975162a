# SPDX-License-Identifier: EUPL-1.2
"""The annex of a DPIA for one activity: what the register knows filled in, the rest as questions.

In Dutch, as officers and supervisors read it; Markdown that reads and prints as it is.
Source: AVG art. 35 lid 7 (what a DPIA holds at least); Model gegevensbeschermingseffectbeoordeling
rijksdienst, parts A to D.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from landschap.purposes.model import OWN, Effect, Policy
from landschap.purposes.public import Entry, grounds_of, term_words
from landschap.purposes.snapshot import Snapshot

_ASKED = "**Nog in te vullen:**"
_INTRODUCTION = (
    "Wat hieronder staat, komt uit het register zoals het nu geldt. Wat het register niet weet, "
    "staat er als vraag."
)
_EXCEPTION = "op welke uitzondering van AVG art. 9 of 10 rusten de bijzondere gegevens?"
_NO_POLICY = "er is geen beleidsregel; wie gebruikt de gegevens, en hoe?"
_RISKS = (
    "Wat kan er misgaan voor betrokkenen (verlies, onbevoegde inzage, onjuistheid)?",
    "Hoe groot is de kans, en hoe ernstig is het gevolg?",
    "Welke maatregelen komen erbij, wie voert ze uit, en wanneer?",
    "Is het advies van de functionaris gegevensbescherming gevraagd (art. 35 lid 2)?",
    "Is de mening van betrokkenen gevraagd (art. 35 lid 9)?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracted:
    """A contract under which a service is asked or given for the purpose of the activity."""

    peer: str
    service: str
    purposes: Sequence[str]
    until: date


def annex(
    snapshot: Snapshot,
    entry: Entry,
    contracts: Sequence[Contracted],
    *,
    organisation: str,
    today: date,
) -> str:
    """The annex as Markdown."""
    one = entry.activity
    policies = [each for each in snapshot.register.policies if each.activity == one.uri]
    permits = [each for each in policies if each.effect is Effect.PERMIT]
    source = (
        f"{_line(organisation)}, {today.isoformat()}. Versie {one.version} van {one.uri}, "
        f"register {snapshot.version}."
    )
    lines = [
        f"# Bijlage bij de DPIA: {_line(one.name.nl)}",
        "",
        source,
        "",
        _INTRODUCTION,
        "",
        *_described(entry),
        *_lawful(entry),
        *_receivers(entry, permits, contracts, snapshot),
        *_measures(entry, permits, snapshot),
        *_section("Risico's", (f"{_ASKED} {each}" for each in _RISKS)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _described(entry: Entry) -> Iterator[str]:
    one = entry.activity
    purpose = entry.purpose
    yield from _section(
        "Beschrijving van de verwerking",
        [
            f"Wat: {_line(one.what.nl)}",
            f"Waarvoor: {_line(one.why.nl)}",
            f"Doel: {_line(purpose.label.nl) if purpose else one.purpose} ({one.purpose})",
            f"Verwerkingsverantwoordelijke: {one.controller or entry.owner}",
            _or_ask("Bestuursorgaan", one.public_body),
            _or_ask("Betrokkenen", one.subjects),
            _or_ask("Categorieën van persoonsgegevens", entry.data_groups),
            _or_ask("Bijzondere of strafrechtelijke gegevens", one.special_data),
            _or_ask("Herkomst van de gegevens", one.origin),
            f"Bewaartermijn van de gegevens: {term_words(one.retention)}",
            f"Bewaartermijn van het logboek: {term_words(one.log_retention)}",
            f"{_ASKED} hoeveel betrokkenen zijn het, en zijn er kwetsbare groepen bij?",
        ],
    )


def _lawful(entry: Entry) -> Iterator[str]:
    one = entry.activity
    laws = [
        f"{each.law_name}, artikel {each.article} ({each.law}; {each.code}): {_line(each.text.nl)}"
        for each in entry.legal_bases
    ]
    yield from _section(
        "Rechtmatigheid, noodzaak en evenredigheid",
        [
            f"Grondslag (AVG art. 6): {', '.join(grounds_of(entry))}",
            *laws,
            f"Uitleg aan inwoners: {_line(one.ground.nl)}",
            *([f"{_ASKED} {_EXCEPTION}"] if one.special_data else []),
            f"{_ASKED} kan het doel met minder gegevens worden bereikt, of op een lichtere wijze?",
            _or_ask("Gebaseerd op", one.based_on),
            _or_ask("Eerdere DPIA", one.dpia),
        ],
    )  # fmt: skip


def _receivers(
    entry: Entry, permits: Sequence[Policy], contracts: Sequence[Contracted], snapshot: Snapshot
) -> Iterator[str]:
    one = entry.activity
    by_policy = [
        f"Beleidsregel {each.id} (versie {each.version}): {_who(each, snapshot)} mag "
        f"{', '.join(each.actions)} bij {each.service}: "
        f"{', '.join(sorted(snapshot.fields_of_set.get(each.field_set, ())))}"
        for each in permits
    ]
    by_contract = [
        f"Contract met {_line(each.peer)}: {each.service}, tot {each.until.isoformat()}"
        for each in contracts
    ]
    yield from _section(
        "Ontvangers, verwerkers en doorgifte",
        [
            _or_ask("Ontvangers volgens het register", one.recipients),
            *(
                by_policy
                or [f"{_ASKED} er is geen beleidsregel; wie gebruikt de gegevens, en hoe?"]
            ),
            *(by_contract or ["Er is geen contract met een andere organisatie voor dit doel."]),
            _or_ask("Verwerkers", one.processors),
            _or_ask("Doorgifte buiten de EER", one.third_countries),
        ],
    )


def _who(policy: Policy, snapshot: Snapshot) -> str:
    members = {each.name: ", ".join(each.members) for each in snapshot.register.groups}
    names = [
        "de eigen organisatie" if name == OWN else f"{name} ({members[name]})"
        if name in members else name
        for name in policy.organisations
    ]  # fmt: skip
    roles = f" als {' of '.join(policy.roles)}" if policy.roles else ""
    return ", ".join(names) + roles


def _measures(
    entry: Entry, permits: Sequence[Policy], snapshot: Snapshot
) -> Iterator[str]:  # fmt: skip
    held = [
        "Elke vraag noemt een doel en wordt vooraf getoetst; zonder regel is het antwoord nee.",
        "Elk gebruik staat in een logboek waarvan wijziging blijkt; inwoners zien het zelf.",
        "In het logboek staat een pseudoniem, niet het nummer van de persoon.",
        *(_minimised(each, snapshot) for each in permits),
    ]
    levels = sorted({each.min_loa for each in permits if each.min_loa})
    if levels:
        held.append(f"Inloggen op ten minste: {', '.join(levels)}")
    yield from _section(
        "Maatregelen die gelden", [*held, _or_ask("Overige maatregelen", entry.activity.measures)]
    )


def _minimised(policy: Policy, snapshot: Snapshot) -> str:
    """How many of the fields of a service a policy opens."""
    service = snapshot.services.get((policy.provider, policy.service))
    fields = snapshot.fields_of_set.get(policy.field_set, frozenset())
    every = len(service.fields) if service else len(fields)
    rows = (
        f", alleen objecten die voldoen aan {len(policy.rows)} voorwaarden" if policy.rows else ""
    )
    return f"Minimalisatie door {policy.id}: {len(fields)} van {every} velden{rows}."


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    for each in items:
        yield f"- {each}"
    yield ""


def _or_ask(name: str, value: str | Iterable[str]) -> str:
    """What is known, or that it has to be filled in."""
    text = value if isinstance(value, str) else ", ".join(value)
    return f"{name}: {_line(text)}" if text else f"{_ASKED} {name[0].lower()}{name[1:]}?"


def _line(text: str) -> str:
    """One line of Markdown in which nothing of the text is markup."""
    plain = " ".join(text.split())
    return plain.translate(_MARKUP)


_MARKUP: Mapping[int, str] = {ord(sign): f"\\{sign}" for sign in "\\`*_[]<>#|"}
