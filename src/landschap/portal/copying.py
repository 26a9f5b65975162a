# SPDX-License-Identifier: EUPL-1.2
"""The copy of their data that a person takes along: to read, and for programs.

    inzage.html, inzage.pdf          to read
    gegevens.json, gegevens.schema.json    the same for a program, and what its members mean
    LEESMIJ.txt, SHA256SUMS

It holds the data, what they are used for and by which law, who received them, how long they are
kept, where they are from, and the rights. What is held back by law is absent; that something may be
absent is always said.
Source: AVG art. 15 lid 1 and lid 3, art. 20 lid 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from landschap.portal.own import OwnObject
from landschap.portal.uses import Use
from landschap.purposes.choosing import Used
from landschap.registers.models import ObjectType
from landschap.registers.periods import shown
from landschap.vocabulary.documents import Document, Part, Value
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

README = """\
Uw gegevens / Your data

inzage.html           om te lezen / to read
inzage.pdf            hetzelfde, om te printen / the same, to print
gegevens.json         hetzelfde voor een programma / the same for a program
gegevens.schema.json  wat daarin staat / what is in it
SHA256SUMS            controleer met / check with: sha256sum -c SHA256SUMS

Wat de wet geheimhoudt, staat hier niet in. / What the law keeps secret is not in here.
"""
_HELD = "Misschien staat hier niet alles: wat de wet geheimhoudt, ontbreekt."
_NO_MACHINE = (
    "Welke besluiten een computer nam, staat niet in deze gegevens. U kunt vragen of een mens "
    "ernaar kijkt (AVG artikel 22)."
)
_RIGHTS = (
    "U kunt vragen om verbeteren, wissen, stoppen en meenemen, en u kunt bezwaar maken (AVG "
    "artikel 16 tot en met 21). U kunt klagen bij de Autoriteit Persoonsgegevens."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is told.

    ``missing`` are types of objects that could not be read, ``closed`` those that are not shown.
    """

    number: str
    organisation: str
    oin: str
    made_at: datetime
    objects: Sequence[OwnObject]
    missing: Sequence[ObjectType]
    closed: Sequence[ObjectType]
    uses: Sequence[Use]
    has_more_uses: bool
    purposes: Sequence[Used]


def tree_of(facts: Facts) -> JsonValue:
    """The copy for a program."""
    return {
        "kenmerk": facts.number,
        "organisatie": {"oin": facts.oin, "naam": facts.organisation},
        "gemaaktOp": as_utc_text(facts.made_at),
        "misschienNietAlles": True,
        "nietGelukt": [each.key for each in facts.missing],
        "nietGetoond": [each.key for each in facts.closed],
        "gegevens": [_object(each) for each in facts.objects],
        "doelen": [_purpose(each) for each in facts.purposes],
        "gebruik": [_use(each) for each in facts.uses],
        "ouderGebruik": facts.has_more_uses,
        "geautomatiseerdeBesluiten": _NO_MACHINE,
        "rechten": _RIGHTS,
    }


def _object(thing: OwnObject) -> JsonValue:
    return {
        "register": thing.register.name,
        "soort": thing.type.title,
        "isKopie": thing.is_copy,
        "geldigSinds": shown(thing.since),
        "opgeschrevenOp": as_utc_text(thing.registered_at),
        "waarden": dict(thing.told),
        "inOnderzoek": sorted({each.path for each in thing.values if each.in_doubt}),
    }


def _purpose(used: Used) -> JsonValue:
    activities: list[JsonValue] = [
        {
            "activiteit": each.uri,
            "naam": each.name.nl,
            "waarom": each.why.nl,
            "waaromDitMag": each.ground.nl,
            "gegevens": list(each.data_groups),
            "ontvangers": list(each.recipients),
            "bewaartermijn": each.retention,
            "herkomst": list(each.origin),
        }
        for each in used.activities
    ]
    return {"doel": used.purpose.uri, "naam": used.purpose.label.nl, "verwerkingen": activities}


def _use(use: Use) -> JsonValue:
    return {
        "id": str(use.id),
        "op": as_utc_text(use.at),
        "wie": use.actor.name or use.actor.number,
        "gegevens": list(use.groups),
        "waarvoor": use.activity.why.nl if use.activity else use.said,
        "zaak": use.case or None,
        "uitkomst": use.outcome.value,
    }


def document_of(facts: Facts) -> Document:
    """The copy to read."""
    missing = ", ".join(each.title for each in facts.missing)
    return Document(
        title="Uw gegevens",
        language="nl",
        author=facts.organisation,
        lines=(
            f"Verzoek {facts.number}",
            f"Gemaakt op {as_utc_text(facts.made_at)} door {facts.organisation}",
            *((f"Dit kon nu niet worden gelezen: {missing}",) if missing else ()),
        ),
        parts=(*_data(facts), _purposes(facts), _uses(facts)),
        definitions_title="Uw rechten",
        definitions=(("Rechten", _RIGHTS), ("Besluiten door een computer", _NO_MACHINE)),
    )


def _data(facts: Facts) -> list[Part]:
    return [
        Part(
            name=f"gegevens-{number}",
            title=f"{each.type.title} ({each.register.title})",
            columns=("Gegeven", "Waarde"),
            rows=tuple((one.title, _cell(one.value)) for one in each.values),
            note=f"Geldig sinds {shown(each.since)}. "
            + ("Dit is een kopie van een andere bron." if each.is_copy else "Wij houden dit bij."),
        )
        for number, each in enumerate(facts.objects, start=1)
    ]


def _purposes(facts: Facts) -> Part:
    rows = tuple(
        (
            activity.name.nl,
            activity.why.nl,
            activity.ground.nl,
            ", ".join(activity.recipients) or None,
            activity.retention or None,
        )
        for used in facts.purposes
        for activity in used.activities
    )
    return Part(
        name="waarvoor",
        title="Waarvoor wij gegevens gebruiken",
        columns=("Verwerking", "Waarvoor", "Waarom dit mag", "Ontvangers", "Bewaartermijn"),
        rows=rows,
        wide=True,
        empty="Hiervoor is nu niets opgeschreven.",
    )


def _uses(facts: Facts) -> Part:
    rows = tuple(
        (
            as_utc_text(each.at),
            each.actor.name or each.actor.number,
            ", ".join(each.groups) or None,
            each.outcome.value,
        )
        for each in facts.uses
    )
    return Part(
        name="gebruik",
        title="Wie uw gegevens gebruikte",
        columns=("Wanneer (UTC)", "Wie", "Welke gegevens", "Uitkomst"),
        rows=rows,
        wide=True,
        note=_HELD + (" Er is ouder gebruik." if facts.has_more_uses else ""),
        empty="Niemand gebruikte uw gegevens, voor zover u dat mag zien.",
    )


def _cell(value: str | float | bool | date | None) -> Value:
    if isinstance(value, bool):
        return "ja" if value else "nee"
    return value if value is None or isinstance(value, (str, int)) else str(value)


_TEXT: Mapping[str, JsonValue] = {"type": "string"}
_TEXTS: Mapping[str, JsonValue] = {"type": "array", "items": dict(_TEXT)}


def _closed(required: Sequence[str], properties: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "required": list(required),
        "properties": dict(properties),
        "additionalProperties": False,
    }


def _list(of: dict[str, JsonValue]) -> JsonValue:
    return {"type": "array", "items": of}


def schema() -> dict[str, JsonValue]:
    """What ``gegevens.json`` holds, as JSON Schema 2020-12."""
    text: JsonValue = dict(_TEXT)
    texts: JsonValue = dict(_TEXTS)
    moment: JsonValue = {"type": "string", "format": "date-time"}
    yes: JsonValue = {"type": "boolean"}
    activity: dict[str, JsonValue] = {
        "activiteit": text, "naam": text, "waarom": text, "waaromDitMag": text, "gegevens": texts,
        "ontvangers": texts, "bewaartermijn": text, "herkomst": texts,
    }  # fmt: skip
    thing: dict[str, JsonValue] = {
        "register": text, "soort": text, "isKopie": yes, "geldigSinds": text,
        "opgeschrevenOp": moment, "waarden": {"type": "object"}, "inOnderzoek": texts,
    }  # fmt: skip
    use: dict[str, JsonValue] = {
        "id": text, "op": moment, "wie": text, "gegevens": texts, "waarvoor": text,
        "zaak": {"type": ["string", "null"]}, "uitkomst": text,
    }  # fmt: skip
    purpose: dict[str, JsonValue] = {
        "doel": text,
        "naam": text,
        "verwerkingen": _list(_closed([*activity], activity)),
    }
    whole: dict[str, JsonValue] = {
        "kenmerk": text,
        "organisatie": _closed(["oin", "naam"], {"oin": text, "naam": text}),
        "gemaaktOp": moment,
        "misschienNietAlles": {"const": True, "description": _HELD},
        "nietGelukt": texts,
        "nietGetoond": texts,
        "gegevens": _list(_closed([*thing], thing)),
        "doelen": _list(_closed([*purpose], purpose)),
        "gebruik": _list(_closed([*use], use)),
        "ouderGebruik": yes,
        "geautomatiseerdeBesluiten": text,
        "rechten": text,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Uw gegevens",
        **_closed([*whole], whole),
    }
