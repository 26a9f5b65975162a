# SPDX-License-Identifier: EUPL-1.2
"""What people write in a register of processing activities, as values: terms, lists, grounds, laws.

Nothing is guessed that changes a meaning: what is not understood is None, and the caller tells it.
Source: AVG art. 6 lid 1, art. 9 lid 2; the names of laws and their BWB numbers as on wetten.nl.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from datetime import date

from landschap.purposes.importing.columns import plain

NO = {"nee", "n", "no", "nvt", "n v t", "geen", "niet van toepassing", "onwaar", "false", "0"}
YES = {"ja", "j", "yes", "waar", "true", "1", "x"}

# Words of a ground -> letter of AVG art. 6 lid 1; the first that occurs at the begin of a word.
_GROUNDS: Mapping[str, str] = {
    "toestemming": "a",
    "uitvoering overeenkomst": "b",
    "uitvoering van een overeenkomst": "b",
    "overeenkomst": "b",
    "wettelijke verplichting": "c",
    "wettelijke plicht": "c",
    "vitaal belang": "d",
    "vitale belangen": "d",
    "publieke taak": "e",
    "algemeen belang": "e",
    "publiekrechtelijke taak": "e",
    "openbaar gezag": "e",
    "gerechtvaardigd belang": "f",
    "gerechtvaardigde belangen": "f",
}
GROUND_WORDS: Mapping[str, str] = {
    "a": "Toestemming betrokkene",
    "b": "Uitvoering overeenkomst",
    "c": "Wettelijke verplichting",
    "d": "Vitaal belang",
    "e": "Publieke taak",
    "f": "Gerechtvaardigd belang",
}
"""The names of grounds in the VNG register of processing activities (VAR); it has none for d."""

AVG = ("32016R0679", "Algemene verordening gegevensbescherming")
LAWS: Mapping[str, str] = {
    "Algemene verordening gegevensbescherming": "32016R0679",
    "Algemene wet bestuursrecht": "BWBR0005537",
    "Archiefwet 1995": "BWBR0007376",
    "Burgerlijk Wetboek Boek 1": "BWBR0002656",
    "Gemeentewet": "BWBR0005416",
    "Jeugdwet": "BWBR0034925",
    "Kieswet": "BWBR0004627",
    "Leerplichtwet 1969": "BWBR0002628",
    "Omgevingswet": "BWBR0037885",
    "Participatiewet": "BWBR0015703",
    "Paspoortwet": "BWBR0005212",
    "Wegenverkeerswet 1994": "BWBR0006622",
    "Wet basisregistratie adressen en gebouwen": "BWBR0023466",
    "Wet basisregistratie personen": "BWBR0033715",
    "Wet gemeentelijke schuldhulpverlening": "BWBR0031331",
    "Wet maatschappelijke ondersteuning 2015": "BWBR0035362",
    "Wet open overheid": "BWBR0045754",
    "Wet waardering onroerende zaken": "BWBR0007119",
}
"""Laws on which much of what a municipality does rests; one more is written with its number."""

_SHORT: Mapping[str, str] = {
    "avg": "Algemene verordening gegevensbescherming",
    "gdpr": "Algemene verordening gegevensbescherming",
    "awb": "Algemene wet bestuursrecht",
    "archiefwet": "Archiefwet 1995",
    "leerplichtwet": "Leerplichtwet 1969",
    "wegenverkeerswet": "Wegenverkeerswet 1994",
    "wet bag": "Wet basisregistratie adressen en gebouwen",
    "wet brp": "Wet basisregistratie personen",
    "wgs": "Wet gemeentelijke schuldhulpverlening",
    "wmo 2015": "Wet maatschappelijke ondersteuning 2015",
    "wmo": "Wet maatschappelijke ondersteuning 2015",
    "woo": "Wet open overheid",
    "wet woz": "Wet waardering onroerende zaken",
    "bw boek 1": "Burgerlijk Wetboek Boek 1",
    "wvw": "Wegenverkeerswet 1994",
}
_NUMBERS = {
    "een": 1, "twee": 2, "drie": 3, "vier": 4, "vijf": 5, "zes": 6, "zeven": 7, "acht": 8,
    "negen": 9, "tien": 10, "twaalf": 12, "vijftien": 15, "twintig": 20,
}  # fmt: skip
_TERM = re.compile(
    rf"(?P<count>[0-9]{{1,4}}|\b(?:{'|'.join(_NUMBERS)}))\s*"
    r"(?P<unit>jaar|jaren|jr|maanden|maand|mnd|weken|week|dagen|dag|years?|months?)\b"
)
_UNITS = {"j": ("Y", 1), "y": ("Y", 1), "m": ("M", 1), "w": ("D", 7), "d": ("D", 1)}
_ISO = re.compile(r"P(?=[0-9])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?")
_ARTICLE = re.compile(
    r"\b(?:art(?:ikel(?:en)?|\.)?|artt?\.)\s*(?P<number>[0-9]+(?:[.:][0-9]+)*[a-z]{0,2}"
    r"(?:,? (?:lid|sub|eerste|tweede|derde|onder|onderdeel) [0-9a-z]+)*)",
    re.IGNORECASE,
)
_BWB = re.compile(r"\bBWB[RVW][0-9]{7}\b")
_LETTER = re.compile(
    r"\b6[ .,]*(?:eerste lid|lid 1|1)?[ .,:-]*(?:aanhef en )?"
    r"(?:sub|onder|onderdeel|letter)?[ .,:-]*"
    r"(?P<letter>[a-f])\b"
)
_DAY_FORMS = (
    re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})(?:[ T].*)?"),
    re.compile(r"(?P<d>[0-9]{1,2})[-/.](?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})"),
)


def durations_of(text: str) -> tuple[str, ...]:
    """Every term in a text as ISO 8601 duration, in order; none when there is none."""
    if _ISO.fullmatch(text.strip()):
        return (text.strip(),)
    found = []
    for match in _TERM.finditer(text.lower()):
        count = _NUMBERS.get(match["count"]) or int(match["count"])
        unit, times = _UNITS[match["unit"][0]]
        found.append(f"P{count * times}{unit}")
    return tuple(dict.fromkeys(found))


def is_only_term(text: str) -> bool:
    """True when a text is one term and nothing more."""
    bare = text.strip().lower()
    return _TERM.fullmatch(bare) is not None or _ISO.fullmatch(text.strip()) is not None


def items_of(text: str) -> tuple[str, ...]:
    """The items of a cell that is a list: on lines, or between ; or |, else commas.

    A comma between brackets divides nothing. ``nee`` and ``n.v.t.`` are an empty list.
    """
    if plain(text) in NO:
        return ()
    mark = r"[;\n\r|•]" if re.search(r"[;\n|•]", text) else r",(?![^(]*\))"
    items = (each.strip(" \t-*.").strip() for each in re.split(mark, text))
    return tuple(dict.fromkeys(each for each in items if each))


def is_yes(text: str) -> bool | None:
    """True for yes, False for no, None for anything else."""
    words = plain(text)
    return True if words in YES else False if words in NO else None


def day_of(text: str) -> date | None:
    """A day as people write it, None when it is none."""
    for form in _DAY_FORMS:
        if match := form.fullmatch(text.strip()):
            try:
                return date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                return None
    return None


def letters_of(text: str) -> tuple[str, ...]:
    """The letters of AVG art. 6 lid 1 that a text names, by word or by letter."""
    words = plain(text)
    if re.fullmatch(r"[a-f]", words):
        return (words,)
    by_words = [
        letter for name, letter in _GROUNDS.items() if re.search(rf"\b{name}", words)
    ]  # fmt: skip
    flat = re.sub(r"[()]", " ", text.lower())
    return tuple(dict.fromkeys([*by_words, *(m["letter"] for m in _LETTER.finditer(flat))]))


def law_of(text: str, known: Mapping[str, str] = LAWS) -> tuple[str, str] | None:
    """BWB number and name of the law a text names: by number, by name, by what it is called."""
    if number := _BWB.search(text):
        name = next((name for name, bwb in known.items() if bwb == number[0]), "")
        return number[0], name or text.strip()[:200]
    words = f" {plain(text)} "
    named = [name for name in known if f" {plain(name)} " in words]
    if named:
        best = max(named, key=len)
        return known[best], best
    short = [full for name, full in _SHORT.items() if f" {name} " in words]
    if not short:
        return None
    # Beside another law, the AVG is the ground and not the law.
    chosen = next((full for full in short if full != AVG[1]), short[0])
    return LAWS[chosen], chosen


def nearest_law(text: str, known: Collection[str] = tuple(LAWS)) -> str:
    """The known law a text looks most like, or empty."""
    by_plain = {plain(name): name for name in known}
    near = difflib.get_close_matches(plain(_ARTICLE.sub("", text)), by_plain, n=1, cutoff=0.5)
    return by_plain[near[0]] if near else ""


def article_of(text: str) -> str:
    """The article a text names, or empty."""
    match = _ARTICLE.search(text)
    return match["number"].strip() if match else ""


def slug(text: str) -> str:
    """A name for in an address: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")[:70].strip("-") or "activiteit"
