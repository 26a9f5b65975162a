# SPDX-License-Identifier: EUPL-1.2
"""A small logical source for the tests of the rules: addresses, dwellings, buildings, residents."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from landschap.integration.declaration import parse_declaration
from landschap.integration.model import Declaration
from landschap.integration.rows import Batch, Failure, Moment, Reason, Row, batch_of

TEXT = """\
logische_bron: bewoning
versie: 1.0.0
sleutel: nummeraanduiding
betrokkene: {uit: personen.bsn, soort: bsn}
bronnen:
  adressen: {soort: register, register: bag, objecttype: adres, sleutels: [id], bronhouder: A}
  verblijf: {soort: register, register: bag, objecttype: vbo, sleutels: [adres], bronhouder: A}
  personen: {soort: register, register: brp, objecttype: mens, sleutels: [adres], bronhouder: A}
  panden:
    soort: rest
    url: http://panden.test/panden?id={id}
    sleutels: [id]
    tijd: geldig
    stapel: 2
    records: panden
    velden_parameter: fields
    bronhouder: B
wortel: {bron: adressen, op: id}
koppelingen:
  - {naam: verblijf, van: adressen.id, naar: verblijf.adres, aantal: een}
  - {naam: panden, van: verblijf.pand, naar: panden.id, aantal: een, verplicht: true}
  - {naam: personen, van: adressen.id, naar: personen.adres, aantal: veel}
velden:
  postcode: {uit: [adressen.postcode]}
  woning.oppervlakte: {uit: [verblijf.oppervlakte], zet_om: [geheel_getal]}
  woning.toestand: {uit: [panden.status, verblijf.status]}
  woning.strikt: {uit: [panden.status, verblijf.status], strikt: true}
  woning.nieuwste: {uit: [panden.status, verblijf.status], wint: nieuwste}
  woning.zeker: {uit: [panden.status, verblijf.status], wint: eens_of_melden}
  bewoners:
    lijst: personen
    volgorde: naam
    velden:
      naam: {uit: [personen.naam]}
      bouwjaar: {uit: [panden.bouwjaar], zet_om: [geheel_getal]}
"""


def small(text: str = TEXT) -> Declaration:
    """The declaration."""
    return parse_declaration(text, "bewoning.yaml")


def row(id_: str, /, *, begin: str | None = None, **values: Any) -> Row:
    """One row."""
    return Row(id=id_, values=values, begin=begin)


ADDRESS = row("a1", id="a1", postcode="1381AB")
DWELLING = row("v1", begin="2010-01-01", adres="a1", pand="p1", oppervlakte="80", status="in v")
BUILDING = row("p1", begin="2012-01-01", id="p1", status="in p", bouwjaar="1990")
PEOPLE = (
    row("2", adres="a1", naam="Bakker", bsn="999990019"),
    row("1", adres="a1", naam="Aalbers", bsn="999993653"),
)


def found(**changes: Batch | Failure | Reason) -> dict[str, Batch | Failure]:
    """What the sources of the small declaration gave, with changes."""
    given: dict[str, Batch | Failure | Reason] = {
        "adressen": batch_of([ADDRESS], "id"),
        "verblijf": batch_of([DWELLING], "adres"),
        "panden": batch_of([BUILDING], "id"),
        "personen": batch_of(PEOPLE, "adres"),
        **changes,
    }
    return {
        name: Failure(value) if isinstance(value, Reason) else value
        for name, value in given.items()
    }


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOMENT = Moment(valid_on=date(2026, 11, 24), known_at=NOW, today=True, now=True)
