# SPDX-License-Identifier: EUPL-1.2
"""A use as one organisation tells it to another, for the person it is about; and read back.

Every member is one that the person may see. No pseudonym, employee, system, contract or number of
a transaction crosses; the trace does, by which both sides of one question are known.
Source: Logboek Dataverwerkingen, "Inzage"; W3C Trace Context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from landschap.gateway.uses.line import Lookups, Party, Use, Who, object_in, texts_in
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Record
from landschap.purposes.model import ProcessingActivity, Text
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.mandates import is_code
from landschap.vocabulary.times import as_utc_text, parse_moment

MOST_USES = 500
MAX_BYTES = 4_000_000
_MOST_TEXT = 2000
_MOST_LISTED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Paths of fields that were given, and of those that were asked and not needed."""

    visible: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The contract under which data went: between whom, and its period."""

    parties: tuple[str, ...]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Uses, newest first. ``is_all`` is false when older ones are left; the rest is of one use."""

    uses: Sequence[Use]
    is_all: bool
    fields: Fields = Fields()
    agreed: Agreed | None = None
    missing: tuple[str, ...] = ()


_NAMES = {
    "_Answer": "Antwoord",
    "_Use": "Gebruik",
    "_Party": "Organisatie",
    "_Text": "Tekst",
    "_Activity": "Activiteit",
    "_Agreed": "Afspraak",
    "Who": "Wie",
    "Outcome": "Uitkomst",
}


def fields_decided(records: Iterable[Record]) -> Fields:
    """The fields that were allowed and withheld, from the records of one transaction.

    They stand in the decision, next to the steps, the policy and the asker's own words, none of
    which leave here. Without a decision that names fields there are none.
    """
    for record in records:
        adl = object_in(record.content().get("adl"))
        response = object_in(object_in(adl.get("body")).get("adl.core.response"))
        context = object_in(response.get("context"))
        visible, withheld = texts_in(context.get("visible")), texts_in(context.get("withheld"))
        if visible or withheld:
            return Fields(visible=visible, withheld=withheld)
    return Fields()


class _Wire(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a later version adds is passed over: nothing that is not known here is shown."""


class _Party(_Wire):
    oin: str
    naam: str = ""


class _Text(_Wire):
    nl: str
    en: str


class _Activity(_Wire):
    uri: str
    versie: int
    naam: _Text
    wat: _Text
    waarvoor: _Text
    waarom_dit_mag: _Text = msgspec.field(name="waaromDitMag")


class _Use(_Wire):
    id: UUID
    tijdstip: str
    wie: Who
    organisatie: _Party | None
    gegevensgroepen: list[str]
    uitkomst: Outcome
    handeling: str
    spoor: str
    alleen_algemeen: bool = msgspec.field(name="alleenAlgemeen", default=False)
    bronhouder: _Party | None = None
    namens: _Party | None = None
    activiteit: _Activity | None = None
    verwerkingsactiviteit: str = ""
    doel: str = ""
    zaak: str = ""


class _Agreed(_Wire):
    partijen: list[str]
    vanaf: str
    tot: str


class _Answer(_Wire):
    gebruik: list[_Use]
    meer: bool
    gegeven: list[str] = []
    niet_gegeven: list[str] = msgspec.field(name="nietGegeven", default_factory=list)
    afspraak: _Agreed | None = None
    ontbreekt: list[str] = []


def answer_schemas() -> dict[str, JsonValue]:
    """The schemas of an answer for an OpenAPI document, by name; the first is the answer."""
    return named_schemas(_Answer, _NAMES)


def named_schemas(root: type[msgspec.Struct], names: Mapping[str, str]) -> dict[str, JsonValue]:
    """The schemas of a form and its parts, each under its own name."""
    _, found = msgspec.json.schema_components([root], ref_template="#/components/schemas/{name}")
    text = msgspec.json.encode(found).decode()
    for known, name in names.items():
        text = text.replace(f'/schemas/{known}"', f'/schemas/{name}"')
        text = text.replace(f'"title":"{known}"', f'"title":"{name}"')
    made: dict[str, JsonValue] = msgspec.json.decode(text)
    return {names.get(known, known): schema for known, schema in made.items()}


def write_answer(answer: Answer) -> JsonValue:
    """The answer as JSON."""
    agreed = answer.agreed
    wire = _Answer(
        gebruik=[_wire_use(each) for each in answer.uses],
        meer=not answer.is_all,
        gegeven=list(answer.fields.visible),
        niet_gegeven=list(answer.fields.withheld),
        afspraak=None if agreed is None else _wire_agreed(agreed),
        ontbreekt=list(answer.missing),
    )
    value: JsonValue = msgspec.to_builtins(wire)
    return value


def read_answer(body: bytes, recorder: Party, lookups: Lookups) -> Answer:
    """What an organisation told. Raises InvalidValue for what is no answer, or too much.

    ``recorder`` is who told it, as we know them; names of others are ours where we have one.
    """
    try:
        value = loads(body, max_bytes=MAX_BYTES, max_depth=8)
        wire = msgspec.convert(value, type=_Answer, strict=True)
    except (InvalidJson, msgspec.ValidationError):
        raise InvalidValue("no answer in the form of this service") from None
    if len(wire.gebruik) > MOST_USES:
        raise InvalidValue(f"more than {MOST_USES} uses in one answer")
    for text in _texts(value):
        if len(text) > _MOST_TEXT:
            raise InvalidValue("a text in the answer is too long")
    return Answer(
        uses=[_use(each, recorder, lookups) for each in wire.gebruik],
        is_all=not wire.meer,
        fields=Fields(
            visible=tuple(wire.gegeven[:_MOST_LISTED]),
            withheld=tuple(wire.niet_gegeven[:_MOST_LISTED]),
        ),
        agreed=None if wire.afspraak is None else _agreed(wire.afspraak),
        missing=tuple(wire.ontbreekt[:_MOST_LISTED]),
    )


def _wire_agreed(agreed: Agreed) -> _Agreed:
    return _Agreed(
        partijen=list(agreed.parties),
        vanaf=as_utc_text(agreed.since),
        tot=as_utc_text(agreed.until),
    )


def _agreed(wire: _Agreed) -> Agreed:
    return Agreed(
        parties=tuple(wire.partijen[:_MOST_LISTED]),
        since=parse_moment(wire.vanaf),
        until=parse_moment(wire.tot),
    )


def _wire_use(use: Use) -> _Use:
    activity = use.activity
    return _Use(
        id=use.id,
        tijdstip=as_utc_text(use.at),
        wie=use.who,
        organisatie=None if use.is_generic else _wire_party(use.actor),
        alleen_algemeen=use.is_generic,
        bronhouder=None if use.holder is None else _wire_party(use.holder),
        namens=None if use.delegator is None else _wire_party(use.delegator),
        gegevensgroepen=list(use.groups),
        uitkomst=use.outcome,
        handeling=use.said,
        activiteit=None if activity is None else _wire_activity(activity),
        verwerkingsactiviteit=use.activity_uri,
        doel=use.purpose_uri,
        zaak=use.case,
        spoor=use.trace_id,
    )


def _wire_activity(activity: ProcessingActivity) -> _Activity:
    return _Activity(
        uri=activity.uri,
        versie=activity.version,
        naam=_wire_text(activity.name),
        wat=_wire_text(activity.what),
        waarvoor=_wire_text(activity.why),
        waarom_dit_mag=_wire_text(activity.ground),
    )


def _wire_party(party: Party) -> _Party:
    return _Party(oin=party.number, naam=party.name)


def _wire_text(text: Text) -> _Text:
    return _Text(nl=text.nl, en=text.en)


def _use(wire: _Use, recorder: Party, lookups: Lookups) -> Use:
    words: Callable[[str], str] = lookups.group_words
    groups = (words(each) for each in wire.gegevensgroepen[:_MOST_LISTED])
    return Use(
        id=wire.id,
        at=parse_moment(wire.tijdstip),
        who=wire.wie,
        actor=_party(wire.organisatie, lookups),
        is_generic=wire.alleen_algemeen,
        holder=_party_or_none(wire.bronhouder, lookups),
        delegator=_party_or_none(wire.namens, lookups),
        groups=tuple(dict.fromkeys(groups)),
        outcome=wire.uitkomst,
        said=wire.handeling,
        activity_uri=wire.verwerkingsactiviteit,
        activity=None if wire.activiteit is None else _activity(wire.activiteit),
        purpose_uri=wire.doel,
        case=wire.zaak,
        grant_hash="",
        transaction_id=None,
        trace_id=wire.spoor,
        recorders=(recorder,),
    )


def _party_or_none(wire: _Party | None, lookups: Lookups) -> Party | None:
    return None if wire is None else _party(wire, lookups)


def _party(wire: _Party | None, lookups: Lookups) -> Party:
    """Raises InvalidValue: what is no number of an organisation is none to show."""
    if wire is None:
        return Party(number="", name="")
    if not is_code(wire.oin):
        raise InvalidValue("no number of an organisation")
    known = lookups.party(wire.oin)
    return known if known.name else Party(number=known.number, name=wire.naam)


def _activity(wire: _Activity) -> ProcessingActivity:
    """What crosses of an entry of a register; what did not is empty."""
    return ProcessingActivity(
        uri=wire.uri,
        version=wire.versie,
        name=Text(nl=wire.naam.nl, en=wire.naam.en),
        what=Text(nl=wire.wat.nl, en=wire.wat.en),
        why=Text(nl=wire.waarvoor.nl, en=wire.waarvoor.en),
        ground=Text(nl=wire.waarom_dit_mag.nl, en=wire.waarom_dit_mag.en),
        purpose="",
        legal_bases=(),
        subjects=(),
        recipients=(),
        retention="",
        log_retention="",
    )


def _texts(value: JsonValue) -> list[str]:
    """Every text in a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, Sequence):
        return [text for each in value for text in _texts(each)]
    return []
