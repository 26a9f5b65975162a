# SPDX-License-Identifier: EUPL-1.2
"""What a check says of a declaration or a source, in Dutch; what is not known here stays English.

A check is written for the command line, in one language. Whoever reads a page gets it in theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RULES: Sequence[tuple[str, str]] = [
    (r"is missing", "ontbreekt"),
    (
        r"must be text; put numbers in quotes",
        "moet tekst zijn; zet een getal tussen aanhalingstekens",
    ),
    (r"must be true or false", "moet true of false zijn"),
    (r"must be a list: \[one, two\]", "moet een lijst zijn: [een, twee]"),
    (r"must be a list", "moet een lijst zijn"),
    (r"must hold text only", "mag alleen tekst bevatten"),
    (r"must be a mapping: key: value", "moet uit regels bestaan als naam: waarde"),
    (
        r"must be a whole number from (\d+) to (\d+)",
        r"moet een heel getal zijn van \1 tot en met \2",
    ),
    (
        r"must be lower-case words with hyphens",
        "moet uit kleine letters bestaan, met streepjes ertussen",
    ),
    (r"must be three numbers: 1.0.0", "moet uit drie getallen bestaan: 1.0.0"),
    (
        r"must be a field name such as burgerservicenummer",
        "moet de naam van een veld zijn, zoals burgerservicenummer",
    ),
    (r"stands twice in one mapping", "staat er twee keer"),
    (r"the file is empty", "het bestand is leeg"),
    (
        r"not YAML: .*",
        "dit is geen YAML: kijk naar inspringen, haken en aanhalingstekens op deze regel",
    ),
    (
        r"holds a character that can not be seen \((\S+)\); take it out",
        r"hier staat een onzichtbaar teken (\1); haal het weg",
    ),
    (r"nested deeper than (\d+) levels", r"er zitten meer dan \1 lagen in elkaar"),
    (r"anchors and aliases .*", "verwijzingen met & en * gebruiken wij niet; schrijf het uit"),
    (r"key '([^']*)' does not exist\.?", r"het woord '\1' bestaat hier niet"),
    (r"value '([^']*)' does not exist\.?", r"'\1' is geen mogelijkheid"),
    (r"source '([^']*)' does not exist\.?", r"bron '\1' bestaat niet"),
    (r"field '([^']*)' does not exist\.?", r"veld '\1' bestaat niet"),
    (r"register '([^']*)' does not exist\.?", r"register '\1' bestaat niet"),
    (r"object type '([^']*)' does not exist\.?", r"objecttype '\1' bestaat niet"),
    (r"conversion '([^']*)' does not exist\.?", r"omzetting '\1' bestaat niet"),
    (r"encoding '([^']*)' does not exist\.?", r"codering '\1' bestaat niet"),
    (r"key of (\S+) '([^']*)' does not exist\.?", r"'\2' is geen sleutel van \1"),
    (r"column of (\S+) '([^']*)' does not exist\.?", r"\1 heeft geen kolom '\2'"),
    (r"searchable path '([^']*)' does not exist\.?", r"op '\1' kan niet worden gezocht"),
    (r"first part of a field '([^']*)' does not exist\.?", r"geen veld begint met '\1'"),
    (r"'([^']*)' must be written as bron.kolom", r"'\1' moet als bron.kolom worden geschreven"),
    (r"must be the source it leads to: (\S+)", r"moet de bron zijn waar het naartoe gaat: \1"),
    (
        r"source '([^']*)' is already reached; .*",
        r"bron '\1' is al bereikt; geef een tweede bron een eigen naam",
    ),
    (
        r"a key that is split may find more than one: write aantal: veel",
        "een sleutel met splits kan er meer vinden: schrijf aantal: veel",
    ),
    (
        r"a field name is words in camelCase, with dots",
        "een veld heet met kleine letters en hoofdletters, zoals adres.huisNummer",
    ),
    (r"a list can not hold a list", "in een lijst past geen lijst"),
    (r"(\S+) needs an argument", r"bij \1 hoort een waarde"),
    (
        r"must be \[first, last\] position, counted from 1",
        "moet [eerste, laatste] plaats zijn, geteld vanaf 1",
    ),
    (r"no link leads to this source", "geen koppeling gaat naar deze bron"),
    (
        r"the root is where it starts; no link may lead to it",
        "bij de wortel begint het; daar gaat geen koppeling naartoe",
    ),
    (r"the links run in a circle(.*)", r"de koppelingen lopen rond\1"),
    (
        r"(\S+) can have several rows \(through ([^)]*)\); put the field in a list",
        r"van \1 kunnen er meer zijn (door \2); zet het veld in een lijst",
    ),
    (
        r"a list needs a source behind exactly one link with aantal: veel",
        "een lijst heeft een bron nodig achter precies een koppeling met aantal: veel",
    ),
    (r"(\S+) needs more than one source in uit", r"\1 heeft meer dan een bron nodig in uit"),
    (
        r"only parts of one source go together, not of (.*)",
        r"alleen delen van een bron gaan samen, niet van \1",
    ),
    (r"(\S+) is already a field or list itself", r"\1 is zelf al een veld of lijst"),
    (
        r"must start with http:// or https:// and hold exactly one key in braces",
        "moet met http:// of https:// beginnen, met precies een sleutel tussen accolades",
    ),
    (
        r"must start with http:// or https://; the key goes into the message",
        "moet met http:// of https:// beginnen; de sleutel staat in het bericht",
    ),
    (
        r"must be the name of a file in the secrets folder; put the secret in there",
        "moet de naam van een bestand zijn in de map met geheimen; zet het geheim daarin",
    ),
    (
        r"must be the name of a table or view, with its schema before it: brp.personen",
        "moet de naam van een tabel of view zijn, met het schema ervoor: brp.personen",
    ),
    (
        r"to ask as of a day, periode must name the column in which a row begins",
        "om op een dag te vragen, moet periode de kolom noemen waarin een rij begint",
    ),
    (
        r"a table or file can not tell what was known when; write geldig or geen",
        "een tabel of bestand weet niet wat wanneer bekend was; schrijf geldig of geen",
    ),
    (
        r"a REST source is asked by the one key in its url",
        "een REST-bron vraagt u met de ene sleutel in haar adres",
    ),
    (r"(\S+) can not be read: .*", r"\1 kan niet worden gelezen; staat het naast dit bestand?"),
    (r"(\S+) must begin with the line (.*)", r"\1 moet beginnen met de regel \2"),
    (r"holds no examples", "bevat geen voorbeelden"),
    # How a source is.
    (r"(\d+) columns, (\d+) of them used", r"\1 kolommen, waarvan \2 gebruikt"),
    (r"(\d+) rows, written (\S+)", r"\1 rijen, geschreven op \2"),
    (r"our own", "van onszelf"),
    (r"answers at (\S+) \(HTTP (\d+)\)", r"antwoordt op \1 (HTTP \2)"),
    (
        r"nothing answers at (\S+) \(([^)]*)\); is it running\?",
        r"op \1 antwoordt niemand (\2); draait het?",
    ),
    (r"gives no answer within (\d+) seconds", r"geeft binnen \1 seconden geen antwoord"),
    (r"can not be reached with the address in (.*)", r"is niet te bereiken met het adres in \1"),
    (
        r"(.*) does not exist, or we may not read it",
        r"\1 bestaat niet, of wij mogen het niet lezen",
    ),
    (r"has no column (\S+); did you mean (\S+)\?", r"heeft geen kolom \1; bedoelde u \2?"),
    (r"has no column (\S+); it has (.*)", r"heeft geen kolom \1; wel \2"),
    (r"(.*): No such file or directory", r"\1 is er niet"),
]
_COMPILED = [(re.compile(pattern, re.DOTALL), words) for pattern, words in _RULES]
_VALID = re.compile(r"\.? Valid: (.*?)\.?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """Words, and the language they are in when it is not that of the page (else empty)."""

    words: str
    language: str = ""


def said(message: str, nearest: str = "", *, is_dutch: bool) -> Said:
    """A message of a check in the language of a page, with the name that was probably meant."""
    if not is_dutch:
        more = f"; did you mean {nearest}?" if nearest else ""
        return Said(message.removesuffix(".") + more if nearest else message)
    valid = _VALID.search(message)
    bare = message[: valid.start()] if valid else message
    for pattern, words in _COMPILED:
        found = pattern.fullmatch(bare) or pattern.fullmatch(message)
        if found:
            told = found.expand(words)
            if valid and not pattern.fullmatch(message):
                told += f". Wel: {valid[1]}"
            return Said(told + (f"; bedoelde u {nearest}?" if nearest else ""))
    return Said(message + (f"; did you mean {nearest}?" if nearest else ""), "en")
