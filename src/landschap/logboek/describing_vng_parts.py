# SPDX-License-Identifier: EUPL-1.2
"""The schemas of the log by the older municipal standard.

Source: VNG, "Logging van verwerkingen", `Verwerkingsactie`, `VerwerktObject`.
"""

from __future__ import annotations

from landschap.logboek.disclosure import Level
from landschap.logboek.vng_members import MAX_NAME, MAX_OBJECTS
from landschap.logboek.vng_question import ASKED
from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]
WORDS = {
    "objecttype": "Altijd `persoon`.",
    "soortObjectId": "De soort van het nummer, zoals `BSN`.",
    "objectId": "Het nummer van de persoon zelf.",
    "beginDatum": "Handelingen vanaf deze dag.",
    "eindDatum": "En voor deze dag.",
    "verwerkingsactiviteitId": "Alleen van deze verwerkingsactiviteit.",
    "vertrouwelijkheid": "`normaal`, `opgeheven`, of beide met een komma ertussen.",
    "beperkteSet": "Altijd `true`: systeem, gebruiker en gegevensbron krijgt niemand.",
}
"""What the members of a question mean."""
_OIN = "^[0-9]{20}$"


def ref(name: str) -> Json:
    """Where a schema stands."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str, **more: JsonValue) -> Json:
    """A text."""
    return {"type": "string", "description": description, **more}


def format_of(name: str) -> Json:
    """The format of a member of a question, when it has one."""
    if name in ("beginDatum", "eindDatum"):
        return {"format": "date"}
    return {"format": "uuid"} if name == "verwerkingsactiviteitId" else {}


def schemas() -> Json:
    """What is given and what is told."""
    return {
        "NieuweVerwerkingsactie": {
            "type": "object",
            "additionalProperties": False,
            "required": ["tijdstip", "verwerkteObjecten"],
            "properties": {**_given(), **_kept(), **_not_kept(), **_objects("NieuwVerwerktObject")},
        },
        "NieuwVerwerktObject": {
            "type": "object",
            "additionalProperties": False,
            "required": ["objecttype", "soortObjectId", "objectId"],
            "properties": {
                **_object(),
                "url": text("Wordt niet bewaard."),
                "verwerktObjectId": text("Wordt niet bewaard."),
                "betrokkenheid": text("Wordt niet bewaard.", maxLength=MAX_NAME),
            },
        },
        "Wijziging": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {name: _kept()[name] for name in ("bewaartermijn", "vertrouwelijkheid")},
        },
        "Verwerkingsactie": {
            "type": "object",
            "required": ["actieId", "vertrouwelijkheid", "tijdstip", "tijdstipRegistratie"],
            "properties": {**_action(), **_objects("VerwerktObject")},
        },
        "VerwerktObject": {"type": "object", "properties": {**_numbered(), **_object()}},
        "VerwerktObjectUitgebreid": {
            "type": "object",
            "properties": {**_numbered(), **_object(), "verwerkingsactie": ref("Actie")},
        },
        "Actie": {"type": "object", "properties": _action()},
        "Verwerkingsacties": _page("Verwerkingsactie"),
        "VerwerkteObjecten": _page("VerwerktObjectUitgebreid"),
        "Vraag": {
            "type": "object",
            "additionalProperties": False,
            "required": list(ASKED[:5]),
            "properties": {name: text(words, **format_of(name)) for name, words in WORDS.items()},
        },
        "Probleem": _problem(),
    }


def _given() -> Json:
    return {"tijdstip": text("Wanneer het gebeurde.", format="date-time")}


def _kept() -> Json:
    return {
        "actieNaam": text("Wat er gebeurde.", maxLength=MAX_NAME),
        "verwerkingId": text("De verwerking.", format="uuid"),
        "verwerkingsactiviteitId": text("De verwerkingsactiviteit.", format="uuid"),
        "verwerkingsactiviteitUrl": text("Of het adres ervan.", format="uri"),
        "vertrouwelijkheid": text("In elke schrijfwijze.", enum=list(Level)),
        "bewaartermijn": text("Hoe lang de regel blijft, ISO 8601.", format="duration"),
        "uitvoerder": text("Deze organisatie zelf.", pattern=_OIN),
        "soortAfnemerId": text("Altijd `OIN`."),
        "afnemerId": text("Voor wie het was.", pattern=_OIN),
        "verwerkingsactiviteitIdAfnemer": text("Wat de afnemer noemt.", format="uuid"),
        "verwerkingsactiviteitUrlAfnemer": text("Wat de afnemer noemt.", format="uri"),
        "verwerkingIdAfnemer": text("Wat de afnemer noemt.", format="uuid"),
    }


def _not_kept() -> Json:
    dropped = ("handelingNaam", "verwerkingNaam", "gegevensbron")
    return {
        "systeem": text("Welk systeem; krijgt niemand te zien.", maxLength=MAX_NAME),
        "gebruiker": text("Wordt niet bekeken en niet bewaard.", maxLength=40),
        **{name: text("Wordt niet bewaard.", maxLength=MAX_NAME) for name in dropped},
    }


def _object() -> Json:
    group: Json = {
        "type": "object",
        "required": ["soortGegeven"],
        "properties": {"soortGegeven": text("De soort; nooit de waarde.", maxLength=100)},
    }
    return {
        "objecttype": text("Altijd `persoon`."),
        "soortObjectId": text("De soort van het nummer."),
        "objectId": text("Het nummer, zoals het gegeven of gevraagd werd.", maxLength=40),
        "verwerkteSoortenGegevens": {"type": "array", "maxItems": 50, "items": group},
    }


def _numbered() -> Json:
    return {"verwerktObjectId": text("Het nummer van de regel.", format="uuid")}


def _objects(of: str) -> Json:
    return {"verwerkteObjecten": {"type": "array", "maxItems": MAX_OBJECTS, "items": ref(of)}}


def _action() -> Json:
    return {
        "url": text("Van een actie die hier is vastgelegd.", format="uri"),
        "actieId": text("Het nummer van de actie.", format="uuid"),
        "verwerkingNaam": text("De naam van de verwerkingsactiviteit."),
        **_given(),
        "tijdstipRegistratie": text("Wanneer het logboek het kreeg.", format="date-time"),
        **_kept(),
    }


def _page(of: str) -> Json:
    return {
        "type": "object",
        "required": ["count", "results"],
        "properties": {
            "count": {"type": "integer", "description": "Hoeveel er zijn."},
            "next": {"type": ["string", "null"], "description": "Altijd leeg."},
            "previous": {"type": ["string", "null"], "description": "Altijd leeg."},
            "results": {"type": "array", "items": ref(of)},
        },
    }


def _problem() -> Json:
    return {
        "type": "object",
        "required": ["title", "status", "code"],
        "properties": {
            "type": text("Waar de code wordt uitgelegd.", format="uri"),
            "title": text("De weigering in het kort."),
            "status": {"type": "integer"},
            "detail": text("De weigering in een zin."),
            "instance": text("Welk verzoek.", format="uri-reference"),
            "code": text("De code van deze weigering."),
            "errors": {"type": "array", "items": {"type": "object"}},
            "invalidParams": {"type": "array", "items": {"type": "object"}},
        },
    }
