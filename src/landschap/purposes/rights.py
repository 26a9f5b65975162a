# SPDX-License-Identifier: EUPL-1.2
"""Which right of a person can be used where: a table, with the article of each cell.

    verdict_of(right, ground, register, subject) -> Verdict

The ground is the one in law on which data are used; the register says whether a law has its own
procedure for them. A company has none of these rights: they are of people.
Source: AVG art. 4 sub 1, 7 lid 3, 12 lid 3, 15 up to and with 22; UAVG art. 40 and 47; Wet BRP art.
2.55 and 2.58; Handelsregisterwet 2007 art. 19; Wet BAG art. 39.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from landschap.purposes.model import LegalBasis, Text


class Right(StrEnum):
    """What one can ask for, as it stands in addresses and requests."""

    ACCESS = "inzage"
    CORRECTION = "verbetering"
    ERASURE = "wissen"
    RESTRICTION = "beperking"
    PORTABILITY = "overdracht"
    OBJECTION = "bezwaar"
    HUMAN = "menselijke-blik"


class Ground(StrEnum):
    """The ground of AVG art. 6 lid 1, by its letter."""

    CONSENT = "a"
    CONTRACT = "b"
    DUTY = "c"
    VITAL = "d"
    PUBLIC_TASK = "e"
    INTEREST = "f"


class Registry(StrEnum):
    """Which law has a procedure of its own; ``OWN`` is none."""

    OWN = "eigen"
    BRP = "brp"
    BAG = "bag"
    PUBLIC = "openbaar"


class Subject(StrEnum):
    """Whose data they are."""

    PERSON = "persoon"
    COMPANY = "bedrijf"


class Outcome(StrEnum):
    """What one can do."""

    POSSIBLE = "kan"
    OTHER = "anders"
    NOT = "kan-niet"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one can do, by which article, and why in words of a resident."""

    outcome: Outcome
    article: str
    words: Text


def _can(article: str, nl: str, en: str) -> Verdict:
    return Verdict(Outcome.POSSIBLE, article, Text(nl=nl, en=en))


def _other(article: str, nl: str, en: str) -> Verdict:
    return Verdict(Outcome.OTHER, article, Text(nl=nl, en=en))


def _not(article: str, nl: str, en: str) -> Verdict:
    return Verdict(Outcome.NOT, article, Text(nl=nl, en=en))


_ACCESS = _can(
    "AVG artikel 15", "U kunt vragen welke gegevens wij hebben.", "You can ask which data we have."
)
_CORRECT = _can(
    "AVG artikel 16",
    "Klopt iets niet? Geef het door bij uw gegevens.",
    "Is something wrong? Report it with your data.",
)
_RESTRICT = _can(
    "AVG artikel 18 lid 1",
    "U kunt vragen om uw gegevens een tijd niet te gebruiken.",
    "You can ask not to use your data for a while.",
)
_WITHDRAW = _other(
    "AVG artikel 7 lid 3",
    "U gaf hiervoor toestemming. Trek die in.",
    "You gave your consent for this. Withdraw it.",
)
_HUMAN = _can(
    "AVG artikel 22 lid 3",
    "Nam een computer een besluit? Vraag of een mens ernaar kijkt.",
    "Did a computer decide? Ask a person to look at it.",
)
_HUMAN_BY_LAW = _other(
    "AVG artikel 22 lid 2 onder b; UAVG artikel 40",
    "De wet regelt dit besluit. Maak bezwaar tegen het besluit.",
    "The law arranges this decision. Object to the decision.",
)
_NO_MOVE = "AVG artikel 20 lid 1 onder a"
_CELLS: dict[tuple[Right, Ground], Verdict] = {
    **{(Right.ACCESS, each): _ACCESS for each in Ground},
    **{(Right.CORRECTION, each): _CORRECT for each in Ground},
    (Right.ERASURE, Ground.CONSENT): _can(
        "AVG artikel 17 lid 1 onder b",
        "U gaf toestemming. U kunt vragen om uw gegevens te wissen.",
        "You gave your consent. You can ask to erase your data.",
    ),
    (Right.ERASURE, Ground.CONTRACT): _can(
        "AVG artikel 17 lid 1 onder a",
        "Zijn de gegevens niet meer nodig? Vraag om ze te wissen.",
        "Are the data not needed any more? Ask to erase them.",
    ),
    (Right.ERASURE, Ground.DUTY): _not(
        "AVG artikel 17 lid 3 onder b",
        "De wet zegt dat wij deze gegevens moeten bewaren.",
        "The law says that we must keep these data.",
    ),
    (Right.ERASURE, Ground.VITAL): _can(
        "AVG artikel 17 lid 1 onder a",
        "Is het gevaar voorbij? Vraag om de gegevens te wissen.",
        "Is the danger over? Ask to erase the data.",
    ),
    (Right.ERASURE, Ground.PUBLIC_TASK): _not(
        "AVG artikel 17 lid 3 onder b",
        "Wij hebben deze gegevens nodig voor een taak uit de wet.",
        "We need these data for a task in the law.",
    ),
    (Right.ERASURE, Ground.INTEREST): _can(
        "AVG artikel 17 lid 1 onder c",
        "Maakte u bezwaar? Dan kunt u vragen om uw gegevens te wissen.",
        "Did you object? Then you can ask to erase your data.",
    ),
    **{(Right.RESTRICTION, each): _RESTRICT for each in Ground},
    (Right.PORTABILITY, Ground.CONSENT): _can(
        _NO_MOVE,
        "U kunt uw gegevens meenemen in een bestand.",
        "You can take your data with you in a file.",
    ),
    (Right.PORTABILITY, Ground.CONTRACT): _can(
        _NO_MOVE,
        "U kunt uw gegevens meenemen in een bestand.",
        "You can take your data with you in a file.",
    ),
    (Right.PORTABILITY, Ground.PUBLIC_TASK): _not(
        "AVG artikel 20 lid 3",
        "Dit recht geldt niet voor een taak uit de wet.",
        "This right does not apply to a task in the law.",
    ),
    **{
        (Right.PORTABILITY, each): _not(
            _NO_MOVE,
            "Dit recht geldt alleen bij toestemming of een contract.",
            "This right applies only to consent or a contract.",
        )
        for each in (Ground.DUTY, Ground.VITAL, Ground.INTEREST)
    },
    (Right.OBJECTION, Ground.CONSENT): _WITHDRAW,
    **{
        (Right.OBJECTION, each): _can(
            "AVG artikel 21 lid 1",
            "U kunt bezwaar maken als uw situatie anders is.",
            "You can object when your situation is different.",
        )
        for each in (Ground.PUBLIC_TASK, Ground.INTEREST)
    },
    **{
        (Right.OBJECTION, each): _not(
            "AVG artikel 21 lid 1",
            "De wet of een afspraak zegt dat wij dit moeten doen.",
            "The law or an agreement says that we must do this.",
        )
        for each in (Ground.CONTRACT, Ground.DUTY, Ground.VITAL)
    },
    **{(Right.HUMAN, each): _HUMAN for each in (Ground.CONSENT, Ground.CONTRACT, Ground.INTEREST)},
    **{
        (Right.HUMAN, each): _HUMAN_BY_LAW
        for each in (Ground.DUTY, Ground.VITAL, Ground.PUBLIC_TASK)
    },
}
_BRP = "Wet BRP"
_BY_LAW: dict[tuple[Registry, Right], Verdict] = {
    (Registry.BRP, Right.ACCESS): _can(
        f"AVG artikel 15; {_BRP} artikel 2.55",
        "U kunt zien wat er in de basisregistratie over u staat.",
        "You can see what the register of persons holds about you.",
    ),
    (Registry.BRP, Right.CORRECTION): _other(
        f"{_BRP} artikel 2.58",
        "Hiervoor is een eigen procedure. Geef de fout door bij uw gegevens.",
        "This has a procedure of its own. Report the error with your data.",
    ),
    (Registry.BRP, Right.ERASURE): _not(
        f"AVG artikel 17 lid 3 onder b; {_BRP} artikel 2.58",
        "De wet zegt dat deze gegevens blijven staan.",
        "The law says that these data stay.",
    ),
    (Registry.BRP, Right.RESTRICTION): _other(
        f"{_BRP} artikel 2.26",
        "Twijfelt u aan een gegeven? Geef het door. Wij zetten erbij dat het in onderzoek is.",
        "Do you doubt a value? Report it. We mark it as under investigation.",
    ),
    (Registry.BRP, Right.OBJECTION): _other(
        f"{_BRP} artikel 2.59",
        "Vraag uw gemeente om geheimhouding van uw gegevens.",
        "Ask your municipality to keep your data confidential.",
    ),
    (Registry.BAG, Right.CORRECTION): _other(
        "Wet BAG artikel 39",
        "Iedereen kan een fout in een adres of gebouw melden.",
        "Everyone can report an error in an address or building.",
    ),
    (Registry.PUBLIC, Right.ACCESS): _other(
        "UAVG artikel 47 lid 1",
        "Dit register is openbaar. U vraagt het op bij wie het beheert.",
        "This register is public. Ask whoever keeps it.",
    ),
    (Registry.PUBLIC, Right.CORRECTION): _other(
        "UAVG artikel 47 lid 1; Handelsregisterwet 2007 artikel 19",
        "U geeft een verandering door bij wie dit register beheert.",
        "Report a change to whoever keeps this register.",
    ),
    (Registry.PUBLIC, Right.ERASURE): _not(
        "AVG artikel 17 lid 3 onder b",
        "De wet zegt dat dit in een openbaar register staat.",
        "The law says that this is in a public register.",
    ),
    (Registry.PUBLIC, Right.RESTRICTION): _not(
        "UAVG artikel 47 lid 1",
        "Dit recht geldt niet voor een openbaar register.",
        "This right does not apply to a public register.",
    ),
    (Registry.PUBLIC, Right.OBJECTION): _not(
        "UAVG artikel 47 lid 2",
        "Dit recht geldt niet voor een openbaar register.",
        "This right does not apply to a public register.",
    ),
}
_COMPANY = _not(
    "AVG artikel 4 onder 1",
    "Dit recht is er voor mensen, niet voor bedrijven.",
    "This right is for people, not for companies.",
)
_COMPANY_CORRECTION = _other(
    "Handelsregisterwet 2007 artikel 19",
    "Geef een verandering van uw bedrijf door aan KVK.",
    "Report a change of your company to the Chamber of Commerce.",
)
_LAWS = {
    "BWBR0033715": Registry.BRP,
    "BWBR0023466": Registry.BAG,
    "BWBR0021777": Registry.PUBLIC,
    "BWBR0004541": Registry.PUBLIC,
}
_CODE = "eu-gdpr:A6-1-"


def verdict_of(right: Right, ground: Ground, register: Registry, subject: Subject) -> Verdict:
    """What one can do here. Every combination has an answer."""
    if subject is Subject.COMPANY:
        return _COMPANY_CORRECTION if right is Right.CORRECTION else _COMPANY
    return _BY_LAW.get((register, right)) or _CELLS[right, ground]


def grounds_of(bases: Iterable[LegalBasis]) -> tuple[Ground, ...]:
    """The grounds of art. 6 in these, each once; those of art. 9 come beside one of these."""
    letters = (each.code.removeprefix(_CODE)[:1] for each in bases if each.code.startswith(_CODE))
    return tuple(dict.fromkeys(Ground(letter) for letter in letters))


def register_of(bases: Iterable[LegalBasis]) -> Registry:
    """The register that the laws among these have a procedure for."""
    return next((_LAWS[each.law] for each in bases if each.law in _LAWS), Registry.OWN)


_ORDER = (Outcome.POSSIBLE, Outcome.OTHER, Outcome.NOT)


def best_of(right: Right, bases: Iterable[LegalBasis], subject: Subject) -> Verdict | None:
    """The verdict on a use that may rest on several grounds: the one that leaves most to a person.

    None when no ground of art. 6 is known: then nothing is said of it.
    """
    every = tuple(bases)
    register = register_of(every)
    found = [verdict_of(right, each, register, subject) for each in grounds_of(every)]
    return min(found, key=lambda each: _ORDER.index(each.outcome), default=None)


def due_on(asked: date, *, extended: bool = False) -> date:
    """The last day to answer: a month, with two more when that was told. Source: AVG art. 12 lid 3.

    A day that the last month does not have is its last day.
    """
    months = asked.month - 1 + (3 if extended else 1)
    year, month = asked.year + months // 12, months % 12 + 1
    for day in range(asked.day, 27, -1):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return date(year, month, min(asked.day, 28))
