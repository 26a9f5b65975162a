# SPDX-License-Identifier: EUPL-1.2
"""Basic profiles of the trade register, as its API gives them, as assertions.

A profile is one company with its owner and its main establishment. It holds from the day the
company began, and was recorded on its formal day of registration. What a profile holds and the
model has no place for is an error: nothing is left out in silence.
Source: KVK API Basisprofiel 1.4; Handelsregisterwet 2007, art. 9 to 13.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time

from landschap.registers.models import ObjectType, Register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.sources import Reading, draft_digest
from landschap.registers.timeline import Kind
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import AMSTERDAM

COMPANY, ESTABLISHMENT = "onderneming", "vestiging"
Table = Mapping[str, JsonValue]

_COMPANY: Mapping[str, str] = {
    "naam": "naam", "statutaireNaam": "statutaireNaam",
    "totaalWerkzamePersonen": "werkzamePersonen",
}  # fmt: skip
_OWNER: Mapping[str, str] = {
    "rechtsvorm": "rechtsvorm", "uitgebreideRechtsvorm": "uitgebreideRechtsvorm", "rsin": "rsin",
}  # fmt: skip
_ESTABLISHMENT: Mapping[str, str] = {
    "kvkNummer": "onderneming", "eersteHandelsnaam": "eersteHandelsnaam",
    "totaalWerkzamePersonen": "werkzamePersonen",
}  # fmt: skip
_ADDRESS: Mapping[str, str] = {
    "straatnaam": "straatnaam", "huisnummer": "huisnummer", "huisletter": "huisletter",
    "huisnummerToevoeging": "huisnummertoevoeging", "toevoegingAdres": "toevoeging",
    "postbusnummer": "postbusnummer", "postcode": "postcode", "plaats": "plaats", "land": "land",
    "straatHuisnummer": "straatHuisnummer", "postcodeWoonplaats": "postcodeWoonplaats",
    "regio": "regio",
}  # fmt: skip
_ACTIVITY: Mapping[str, str] = {"sbiCode": "sbiCode", "sbiOmschrijving": "omschrijving"}
_KINDS: Mapping[str, str] = {"bezoekadres": "bezoekadres", "correspondentieadres": "postadres",
                             "postadres": "postadres"}  # fmt: skip
# What says the same in another way, leads to other answers, or belongs to another register.
_SAID_ALREADY = frozenset({"links", "_embedded", "volledigAdres", "geoData", "volgorde"})


def readings(register: Register, file: str, profile: JsonValue) -> list[Reading]:
    """The assertions of one profile. Raises InvalidValue with what can not be read."""
    whole = _table(profile)
    embedded = _table(whole.get("_embedded"))
    owner, main = _table(embedded.get("eigenaar")), _table(embedded.get("hoofdvestiging"))
    moment = _moment(_text(whole, "formeleRegistratiedatum"))
    found = [
        _reading(
            _type(register, COMPANY), _text(whole, "kvkNummer"), _company(whole, owner),
            _period(whole), moment, file,
        )
    ]  # fmt: skip
    if main:
        period = _period(main if "materieleRegistratie" in main else whole)
        found.append(
            _reading(
                _type(register, ESTABLISHMENT), _text(main, "vestigingsnummer"),
                _establishment(main), period, moment, file,
            )
        )  # fmt: skip
    return found


def _type(register: Register, name: str) -> ObjectType:
    if name not in register.types:
        raise InvalidValue(f"{register.name} has no type {name}")
    return register.types[name]


def _company(whole: Table, owner: Table) -> dict[str, JsonValue]:
    handled = {*_COMPANY, "kvkNummer", "indNonMailing", "handelsnamen", "sbiActiviteiten",
               "formeleRegistratiedatum", "materieleRegistratie"}  # fmt: skip
    _refuse_unknown("the profile", whole, handled)
    _refuse_unknown("eigenaar", owner, {*_OWNER, "adressen"})
    names = sorted(_tables(whole.get("handelsnamen")), key=lambda each: str(each.get("volgorde")))
    made = {**_chosen(whole, _COMPANY), **_chosen(owner, _OWNER)}
    made["nonMailing"] = _yes(whole.get("indNonMailing"))
    made["handelsnamen"] = [each.get("naam") for each in names]
    made["activiteiten"] = [_activity(each) for each in _tables(whole.get("sbiActiviteiten"))]
    began = _table(whole.get("materieleRegistratie")).get("datumAanvang")
    if began:
        made["datumAanvang"] = str(IncompleteDate.parse(str(began)))
    address = _addresses(owner).get("bezoekadres")
    return {**made, "adresEigenaar": address} if address else made


def _establishment(main: Table) -> dict[str, JsonValue]:
    handled = {*_ESTABLISHMENT, "vestigingsnummer", "indHoofdvestiging", "adressen",
               "indCommercieleVestiging", "materieleRegistratie"}  # fmt: skip
    _refuse_unknown("hoofdvestiging", main, handled)
    return {
        **_chosen(main, _ESTABLISHMENT),
        "hoofdvestiging": _yes(main.get("indHoofdvestiging")),
        "commercieleVestiging": _yes(main.get("indCommercieleVestiging")),
        **_addresses(main),
    }


def _addresses(part: Table) -> dict[str, JsonValue]:
    """The addresses of an owner or establishment, by the property they fill."""
    found: dict[str, JsonValue] = {}
    for each in _tables(part.get("adressen")):
        _refuse_unknown("adressen", each, {*_ADDRESS, "type", "indAfgeschermd"})
        kind = _KINDS.get(str(each.get("type")))
        if kind is None or kind in found:
            raise InvalidValue(f"adressen holds a second or unknown kind: {each.get('type')}")
        found[kind] = {**_chosen(each, _ADDRESS), "afgeschermd": _yes(each.get("indAfgeschermd"))}
    return found


def _activity(each: Table) -> dict[str, JsonValue]:
    _refuse_unknown("sbiActiviteiten", each, {*_ACTIVITY, "indHoofdactiviteit"})
    main = _yes(each.get("indHoofdactiviteit"))
    return {**_chosen(each, _ACTIVITY), "hoofdactiviteit": main}


def _chosen(source: Table, names: Mapping[str, str]) -> dict[str, JsonValue]:
    return {
        ours: source[name] for name, ours in names.items() if source.get(name) not in (None, "")
    }


def _refuse_unknown(where: str, source: Table, handled: set[str]) -> None:
    unknown = sorted(set(source) - handled - _SAID_ALREADY)
    if unknown:
        raise InvalidValue(f"{where} holds {', '.join(unknown)}, which the model has no place for")


def _yes(value: JsonValue) -> bool:
    if value not in ("Ja", "Nee", None):
        raise InvalidValue("an indication is neither Ja nor Nee")
    return value == "Ja"


def _period(part: Table) -> tuple[Period, IncompleteDate | None]:
    """From the day it began, which may be partly unknown, to the first day it was over."""
    dates = _table(part.get("materieleRegistratie"))
    begin = IncompleteDate.parse(str(dates.get("datumAanvang") or "00000000"))
    end = dates.get("datumEinde")
    period = Period(begin.lo, IncompleteDate.parse(str(end)).lo if end else OPEN)
    return period, None if begin.complete else begin


def _moment(text: str) -> datetime:
    day = IncompleteDate.parse(text)
    if not day.complete:
        raise InvalidValue("formeleRegistratiedatum has to be a whole day")
    return datetime.combine(day.lo, time(), tzinfo=AMSTERDAM).astimezone(UTC)


def _reading(
    kind: ObjectType,
    object_id: str,
    content: Table,
    when: tuple[Period, IncompleteDate | None],
    moment: datetime,
    file: str,
) -> Reading:
    draft = Draft(
        period=when[0],
        kind=Kind.REGISTRATION,
        content=content,
        group=kind.groups[0],
        begin_source=when[1],
        source_registered_at=moment,
        source={"bestand": file},
    )
    return Reading(
        type=kind, object_id=object_id, draft=draft, digest=draft_digest(object_id, draft)
    )


def _text(source: Table, name: str) -> str:
    value = source.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidValue(f"lacks {name}")
    return value


def _table(value: JsonValue) -> Table:
    return value if isinstance(value, Mapping) else {}


def _tables(value: JsonValue) -> Sequence[Table]:
    return [_table(each) for each in value] if isinstance(value, list) else []
