# SPDX-License-Identifier: EUPL-1.2
"""Which column of a sheet is what, by likeness of the Dutch (or English) words in its header."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

KNOWN: Mapping[str, tuple[str, ...]] = {
    "naam": (
        "naam", "naam verwerking", "verwerking", "verwerkingsactiviteit", "titel",
        "naam verwerkingsactiviteit", "naam van de verwerking", "activiteit", "processing activity",
    ),
    "naam_en": ("naam engels", "naam en", "english name", "name english"),
    "wat": (
        "omschrijving", "beschrijving", "omschrijving verwerking", "wat doen wij", "toelichting",
        "beschrijving verwerking", "description", "wat",
    ),
    "waarvoor": ("waarvoor", "toelichting doel", "uitleg doel"),
    "doel": (
        "doel", "doeleinde", "doeleinden", "verwerkingsdoel", "doel van de verwerking",
        "doeleinden verwerking", "doelbinding", "purpose",
    ),
    "grondslag": (
        "grondslag", "rechtsgrond", "rechtmatige grondslag", "avg grondslag", "legal basis",
        "grondslag avg", "juridische grondslag", "rechtsgrondslag", "wettelijke grondslag avg",
    ),
    "wet": (
        "wet", "wettelijke grondslag", "wet en regelgeving", "wetgeving", "toelichting grondslag",
        "wettelijke basis", "wetsartikel", "wet en artikel", "specifieke wet",
    ),
    "betrokkenen": (
        "betrokkenen", "categorie betrokkenen", "categorieen betrokkenen", "betrokkene",
        "categorie van betrokkenen", "rol betrokkene", "data subjects",
    ),
    "gegevens": (
        "persoonsgegevens", "categorie persoonsgegevens", "categorieen persoonsgegevens",
        "gegevens", "soort gegevens", "soort persoonsgegevens", "verwerkte persoonsgegevens",
        "gewone persoonsgegevens", "personal data",
    ),
    "bijzondere_gegevens": (
        "bijzondere persoonsgegevens", "bijzondere gegevens", "gevoelige gegevens",
        "bijzondere categorieen", "bijzondere of strafrechtelijke gegevens", "special categories",
    ),
    "ontvangers": (
        "ontvangers", "categorie ontvangers", "categorieen ontvangers", "verstrekt aan",
        "ontvanger", "verstrekking aan", "externe ontvangers", "recipients",
    ),
    "verwerkers": (
        "verwerker", "verwerkers", "naam verwerker", "leverancier", "bewerker", "processors",
        "leverancier verwerker", "verwerkersovereenkomst met",
    ),
    "derde_landen": (
        "doorgifte", "derde landen", "doorgifte derde landen", "doorgifte buiten de eer",
        "doorgifte buiten eu", "internationale doorgifte", "third countries",
    ),
    "bewaartermijn": (
        "bewaartermijn", "bewaartermijnen", "bewaarduur", "termijn", "bewaartermijn gegevens",
        "vernietigingstermijn", "retention",
    ),
    "maatregelen": (
        "beveiligingsmaatregelen", "maatregelen", "beveiliging",
        "technische en organisatorische maatregelen", "security measures",
    ),
    "herkomst": ("herkomst", "bron", "herkomst gegevens", "bron van de gegevens", "source"),
    "verantwoordelijke": (
        "verwerkingsverantwoordelijke", "verantwoordelijke", "verantwoordelijke organisatie",
        "controller",
    ),
    "bestuursorgaan": ("bestuursorgaan", "verantwoordelijk bestuursorgaan"),
    "categorie": (
        "categorie", "domein", "afdeling", "team", "cluster", "proces", "taakveld", "werkproces",
    ),
    "dpia": ("dpia", "dpia uitgevoerd", "pia", "gegevensbeschermingseffectbeoordeling"),
    "gebaseerd_op": ("gebaseerd op", "ibd id", "uri", "verwijzing"),
    "vertrouwelijk": ("vertrouwelijk", "niet openbaar", "geheim", "confidential"),
    "geldig_vanaf": (
        "geldig vanaf", "ingangsdatum", "begindatum", "startdatum", "datum ingang", "vanaf",
    ),
    "geldig_tot": ("geldig tot", "einddatum", "datum einde", "tot"),
    "versie": ("versie", "versienummer", "version"),
}  # fmt: skip
"""Key of an activity -> words that head its column in registers seen in practice."""

_NEAR = 0.82
_WORDS = {words: key for key, every in KNOWN.items() for words in every}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Key -> column; ``guessed`` are the keys found by likeness, ``left`` the columns unused.

    ``nearest`` says for a column that is left which key it looks most like, or nothing.
    """

    by_key: Mapping[str, str]
    guessed: Mapping[str, float]
    left: tuple[str, ...]
    nearest: Mapping[str, str]


class InvalidColumns(ValueError):
    """A declared mapping that does not fit; the message holds everything that is wrong."""


def plain(text: str) -> str:
    """Words to compare by: no capitals, accents, signs or brackets."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"\([^)]*\)|[^a-z0-9 ]", " ", flat.lower()).split())


def recognised(head: Iterable[str]) -> set[str]:
    """The keys that a row of cells names when it is read as a header."""
    found = set()
    for cell in head:
        if cell and len(cell) <= 120 and (key := _best(cell)[0]):
            found.add(key)
    return found


def columns_of(columns: Sequence[str], declared: Mapping[str, str]) -> Columns:
    """Which column is what; what is ``declared`` goes before likeness. Raises InvalidColumns.

    Two columns that look like the same key: the better one has it, the other is left and told.
    """
    _check(columns, declared)
    taken, by_key = set(declared.values()), dict(declared)
    rated = sorted(
        ((score, -place, key, name) for place, name in enumerate(columns) if name not in taken
         for key, score in [_best(name)] if key),
        reverse=True,
    )  # fmt: skip
    guessed: dict[str, float] = {}
    for score, _, key, name in rated:
        if key not in by_key:
            by_key[key], guessed[key] = name, score
    left = tuple(name for name in columns if name not in by_key.values())
    nearest = {name: near for name in left if (near := _nearest(name))}
    return Columns(by_key=by_key, guessed=guessed, left=left, nearest=nearest)


def _check(columns: Sequence[str], declared: Mapping[str, str]) -> None:
    wrong = []
    for key, name in declared.items():
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, n=1)
            hint = f"; did you mean {near[0]}" if near else f"; there are: {', '.join(KNOWN)}"
            wrong.append(f"{key} is no key of an activity{hint}")
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]!r}" if near else ""
            wrong.append(f"{key}: there is no column {name!r}{hint}")
    twice = {name for name in declared.values() if list(declared.values()).count(name) > 1}
    wrong += [f"the column {name!r} is named more than once" for name in sorted(twice)]
    if wrong:
        raise InvalidColumns("\n".join(wrong))


def _best(name: str) -> tuple[str, float]:
    """The key a header means and how sure that is; empty when nothing is like it."""
    words = plain(name)
    if not words:
        return "", 0.0
    if words in _WORDS:
        return _WORDS[words], 1.0
    near = difflib.get_close_matches(words, _WORDS, n=1, cutoff=_NEAR)
    if not near:
        return "", 0.0
    return _WORDS[near[0]], difflib.SequenceMatcher(None, words, near[0]).ratio()


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(plain(name), _WORDS, n=1, cutoff=0.5)
    return _WORDS[near[0]] if near else ""
