# SPDX-License-Identifier: EUPL-1.2
"""MDTO: what an archive needs to know of a package, as XML per information object and per file.

The order of elements is that of the schema. The register is an Archief, each object type a Serie
in it; the file with its assertions is the representation of that Serie.
Source: MDTO 1.0.1 (Nationaal Archief), metagegevensschema and XML schema; Archiefregeling art. 17.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from landschap.registers.models import ObjectType, Register
from landschap.registers.periods import shown
from landschap.registers.retention import Rule, Value
from landschap.registers.transfer import FileDigest, Manifest, TypeFile
from landschap.vocabulary.times import as_utc_text

NAMESPACE = "https://www.nationaalarchief.nl/mdto"
_LISTS = {
    "niveau": "MDTO begrippenlijst aggregatieniveaus",
    "waardering": "MDTO begrippenlijst waarderingen",
    "dekking": "MDTO begrippenlijst dekking in tijd typen",
    "event": "MDTO begrippenlijst eventtypen",
    "beperking": "MDTO begrippenlijst beperkingen gebruik typen",
    "start": "MDTO begrippenlijst termijn trigger start looptijd",
    "formaat": "IANA media types",
    "checksum": "MDTO begrippenlijst checksum algoritmen",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an information object: what, when, by whom."""

    kind: str
    at: datetime
    actor: str
    result: str = ""


def of_register(manifest: Manifest, register: Register, events: Sequence[Event]) -> bytes:
    """The information object of the whole register."""
    root, thing = _informatieobject(manifest, register.name, register.title, "Archief")
    _text(thing, "taal", "nl")
    _events(thing, events)
    _begrip(thing, "waardering", "Gemengd: zie de series", "", _LISTS["waardering"])
    for each in manifest.types:
        _verwijzing(thing, "bevatOnderdeel", each.name, _id_of(manifest, each.name))
    _verwijzing(thing, "archiefvormer", manifest.holder.name, manifest.holder.oin, "OIN")
    _beperking(thing, any(kind.holds_personal_data for kind in register.types.values()))
    return _bytes(root)


def of_type(
    manifest: Manifest,
    kind: ObjectType,
    counted: TypeFile,
    rules: Sequence[Rule],
    events: Sequence[Event],
) -> bytes:
    """The information object of all objects of one type."""
    root, thing = _informatieobject(manifest, kind.name, kind.title, "Serie")
    description = kind.schema.get("description")
    if isinstance(description, str):
        _text(thing, "omschrijving", description)
    _dekking(thing, counted)
    _text(thing, "taal", "nl")
    _events(thing, events)
    _waardering(thing, rules)
    _verwijzing(thing, "isOnderdeelVan", kind.register, _id_of(manifest, kind.register))
    _verwijzing(thing, "heeftRepresentatie", counted.path, _id_of(manifest, counted.path))
    _verwijzing(thing, "archiefvormer", manifest.holder.name, manifest.holder.oin, "OIN")
    _beperking(thing, kind.holds_personal_data)
    return _bytes(root)


def of_file(manifest: Manifest, counted: TypeFile, digest: FileDigest) -> bytes:
    """The file with the assertions of one type."""
    root = ET.Element("MDTO", {"xmlns": NAMESPACE})
    thing = ET.SubElement(root, "bestand")
    _identificatie(thing, _id_of(manifest, counted.path))
    _text(thing, "naam", counted.path)
    _text(thing, "omvang", str(digest.size))
    _begrip(thing, "bestandsformaat", "JSON Lines", "application/jsonl", _LISTS["formaat"])
    checksum = ET.SubElement(thing, "checksum")
    _begrip(checksum, "checksumAlgoritme", "SHA-256", "", _LISTS["checksum"])
    _text(checksum, "checksumWaarde", digest.sha256)
    _text(checksum, "checksumDatum", as_utc_text(manifest.made_at))
    _verwijzing(thing, "isRepresentatieVan", counted.name, _id_of(manifest, counted.name))
    return _bytes(root)


def _informatieobject(
    manifest: Manifest, name: str, title: str, level: str
) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("MDTO", {"xmlns": NAMESPACE})
    thing = ET.SubElement(root, "informatieobject")
    _identificatie(thing, _id_of(manifest, name))
    _text(thing, "naam", title)
    _begrip(thing, "aggregatieniveau", level, "", _LISTS["niveau"])
    return root, thing


def _id_of(manifest: Manifest, name: str) -> str:
    moment = as_utc_text(manifest.known_at)
    return f"{manifest.holder.oin}/{manifest.register}/{name}/{moment}"


def _dekking(thing: ET.Element, counted: TypeFile) -> None:
    begin = shown(counted.begin)
    if begin is None or counted.begin > counted.end:
        return
    dekking = ET.SubElement(thing, "dekkingInTijd")
    _begrip(dekking, "dekkingInTijdType", "Geldigheid", "", _LISTS["dekking"])
    _text(dekking, "dekkingInTijdBegindatum", begin)
    end = shown(counted.end)
    if end is not None:
        _text(dekking, "dekkingInTijdEinddatum", end)


def _events(thing: ET.Element, events: Sequence[Event]) -> None:
    for each in sorted(events, key=lambda event: event.at):
        event = ET.SubElement(thing, "event")
        _begrip(event, "eventType", each.kind, "", _LISTS["event"])
        _text(event, "eventTijd", as_utc_text(each.at))
        _verwijzing(event, "eventVerantwoordelijkeActor", each.actor)
        if each.result:
            _text(event, "eventResultaat", each.result)


_CODES: Mapping[Value, tuple[str, str]] = {
    Value.DESTROY: ("Te vernietigen", "V"),
    Value.KEEP: ("Blijvend te bewaren", "B"),
}


def _waardering(thing: ET.Element, rules: Sequence[Rule]) -> None:
    """What becomes of it, by the rules; without one it is not valued yet.

    Where rules differ per object, the strictest is told: kept for ever, else the longest term.
    """
    kept = [rule for rule in rules if rule.value is Value.KEEP]
    chosen = next(iter(kept or rules), None)
    if chosen is None:
        _begrip(thing, "waardering", "Nog niet gewaardeerd", "", _LISTS["waardering"])
        return
    label, code = _CODES[chosen.value]
    _begrip(thing, "waardering", label, code, _LISTS["waardering"])
    term = ET.SubElement(thing, "bewaartermijn")
    start = f"{chosen.trigger.value} {chosen.path}".strip()
    _begrip(term, "termijnTriggerStartLooptijd", start, "", _LISTS["start"])
    _text(term, "termijnLooptijd", chosen.term)
    _begrip(
        thing, "informatiecategorie", chosen.result or chosen.category, chosen.category,
        "Selectielijst gemeenten en intergemeentelijke organen 2020",
    )  # fmt: skip


def _beperking(thing: ET.Element, personal: bool) -> None:
    limit = ET.SubElement(thing, "beperkingGebruik")
    label, more = (
        ("Persoonsgegevens", "AVG en UAVG; openbaarheid na overbrenging: Archiefwet art. 15.")
        if personal
        else ("Geen beperkingen", "")
    )
    _begrip(limit, "beperkingGebruikType", label, "", _LISTS["beperking"])
    if more:
        _text(limit, "beperkingGebruikNadereBeschrijving", more)


def _identificatie(parent: ET.Element, mark: str, origin: str = "landschap") -> None:
    found = ET.SubElement(parent, "identificatie")
    _text(found, "identificatieKenmerk", mark)
    _text(found, "identificatieBron", origin)


def _begrip(parent: ET.Element, tag: str, label: str, code: str, source: str) -> None:
    found = ET.SubElement(parent, tag)
    _text(found, "begripLabel", label)
    if code:
        _text(found, "begripCode", code)
    _verwijzing(found, "begripBegrippenlijst", source)


def _verwijzing(
    parent: ET.Element, tag: str, name: str, mark: str = "", origin: str = "landschap"
) -> None:
    found = ET.SubElement(parent, tag)
    _text(found, "verwijzingNaam", name)
    if mark:
        inner = ET.SubElement(found, "verwijzingIdentificatie")
        _text(inner, "identificatieKenmerk", mark)
        _text(inner, "identificatieBron", origin)


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"
