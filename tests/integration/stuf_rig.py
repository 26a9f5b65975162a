# SPDX-License-Identifier: EUPL-1.2
"""A data broker that speaks StUF-BG 3.10, and how it is declared and asked.

It answers only what the ``scope`` of the question names, and remembers what it was asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from lxml import etree
from tests.ports import free_port

SUZANNE, BRAM = "999993653", "999990019"
BG = "http://www.egem.nl/StUF/sector/bg/0310"
STUF = "http://www.egem.nl/StUF/StUF0301"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
QUESTION = f"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:bg="{BG}" xmlns:stuf="{STUF}"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:vraag="urn:landschap:vraag">
  <soap:Body>
    <bg:npsLv01>
      <bg:stuurgegevens>
        <stuf:berichtcode>Lv01</stuf:berichtcode>
        <stuf:zender><stuf:organisatie>Proefdorp</stuf:organisatie></stuf:zender>
        <stuf:ontvanger><stuf:applicatie>Makelaar</stuf:applicatie></stuf:ontvanger>
        <stuf:referentienummer>{{referentie}}</stuf:referentienummer>
        <stuf:tijdstipBericht>{{moment}}</stuf:tijdstipBericht>
        <stuf:entiteittype>NPS</stuf:entiteittype>
      </bg:stuurgegevens>
      <bg:parameters>
        <stuf:sortering>1</stuf:sortering>
        <stuf:indicatorVervolgvraag>false</stuf:indicatorVervolgvraag>
        <stuf:peiltijdstipMaterieel>{{dag}}</stuf:peiltijdstipMaterieel>
      </bg:parameters>
      <bg:gelijk stuf:entiteittype="NPS"><bg:inp.bsn>{{sleutel}}</bg:inp.bsn></bg:gelijk>
      <bg:scope>
        <bg:object stuf:entiteittype="NPS">
          <bg:inp.bsn xsi:nil="true"/>
          <bg:geslachtsnaam vraag:kolom="naam" xsi:nil="true"/>
          <bg:geboortedatum vraag:kolom="geboren" xsi:nil="true"/>
          <bg:overlijdensdatum vraag:kolom="overleden" xsi:nil="true"/>
          <bg:verblijfsadres vraag:kolom="adres postcode">
            <bg:aoa.identificatie vraag:kolom="adres" xsi:nil="true"/>
            <bg:aoa.postcode vraag:kolom="postcode" xsi:nil="true"/>
          </bg:verblijfsadres>
        </bg:object>
      </bg:scope>
    </bg:npsLv01>
  </soap:Body>
</soap:Envelope>
"""
SOURCE = f"""\
    soort: soap
    url: "http://makelaar.test/stuf"
    handeling: {BG}/npsLv01
    vraag: npsLv01.xml
    tijd: geldig
    naamruimten: {{bg: "{BG}", stuf: "{STUF}"}}
    records: "//bg:npsLa01/bg:antwoord/bg:object"
    kolommen:
      bsn: "bg:inp.bsn"
      naam: "bg:geslachtsnaam"
      geboren: {{pad: "bg:geboortedatum", soort: stuf_datum}}
      overleden: {{pad: "bg:overlijdensdatum", soort: stuf_datum}}
      adres: "bg:verblijfsadres/bg:aoa.identificatie"
      postcode: "bg:verblijfsadres/bg:aoa.postcode"
    periode: {{begin: "stuf:tijdvakGeldigheid/stuf:beginGeldigheid"}}
"""
PERSONS = {
    SUZANNE: (
        '<bg:object stuf:entiteittype="NPS">{bsn}'
        "<bg:geslachtsnaam>Moulin &amp; Zn</bg:geslachtsnaam>"
        '<bg:geboortedatum stuf:indOnvolledigeDatum="D">19851201</bg:geboortedatum>'
        '<bg:overlijdensdatum xsi:nil="true" stuf:noValue="geenWaarde"/>'
        "<bg:verblijfsadres><bg:aoa.identificatie>0457200000000001</bg:aoa.identificatie>"
        "<bg:aoa.postcode>1381AB</bg:aoa.postcode></bg:verblijfsadres>"
        "<stuf:tijdvakGeldigheid><stuf:beginGeldigheid>20100101</stuf:beginGeldigheid>"
        "</stuf:tijdvakGeldigheid></bg:object>"
    ),
    BRAM: (
        '<bg:object stuf:entiteittype="NPS">{bsn}<bg:geslachtsnaam>Bakker</bg:geslachtsnaam>'
        '<bg:geboortedatum xsi:nil="true" stuf:noValue="nietGeautoriseerd"/></bg:object>'
    ),
}


def establishment(number: str) -> str:
    """An establishment of the trade register as an object, with a name that is made of its number."""
    return (
        f'<bg:object stuf:entiteittype="VES"><bg:vestigingsNummer>{number}</bg:vestigingsNummer>'
        f"<bg:handelsnaam>{trade_name(number)}</bg:handelsnaam></bg:object>"
    )


def trade_name(number: str) -> str:
    """How the establishment is called."""
    return f"Proefbedrijf {number[-4:]}"


def person(name: str, born: str) -> str:
    """A person as an object; ``born`` is a whole day."""
    return (
        f'<bg:object stuf:entiteittype="NPS">{{bsn}}<bg:geslachtsnaam>{name}</bg:geslachtsnaam>'
        f"<bg:geboortedatum>{born.replace('-', '')}</bg:geboortedatum></bg:object>"
    )


@dataclass
class Broker:
    """A data broker that speaks StUF."""

    port: int
    heard: list[Any] = field(default_factory=list)
    answer: Any = None
    known: dict[str, str] = field(default_factory=lambda: dict(PERSONS))

    async def serve(self, request: web.Request) -> web.Response:
        """One question; answers what its scope names."""
        root = etree.fromstring(await request.read())
        self.heard.append((dict(request.headers), root))
        if self.answer is not None:
            status, body = self.answer
            return web.Response(status=status, body=body, content_type="text/xml")
        body = self.about(root).encode()
        return web.Response(body=body, content_type="text/xml", charset="utf-8")

    def about(self, root: Any) -> str:
        """The La01 that answers an Lv01."""
        (asked,) = root.find(f"{{{ENVELOPE}}}Body")
        (key,) = root.find(f".//{{{BG}}}gelijk")
        kind = etree.QName(asked).localname.removesuffix("Lv01")
        scope = {each.tag for each in root.find(f".//{{{BG}}}scope/{{{BG}}}object").iter()}
        found = self.known.get(key.text, "").format(bsn=f"<bg:inp.bsn>{key.text}</bg:inp.bsn>")
        made = etree.fromstring(
            f'<soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:bg="{BG}" xmlns:stuf="{STUF}"'
            f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body><bg:{kind}La01>'
            f"<bg:antwoord>{found}</bg:antwoord></bg:{kind}La01></soap:Body></soap:Envelope>"
        )
        for element in list(made.iterfind(f".//{{{BG}}}object/*")):
            if element.tag not in scope and not element.tag.startswith(f"{{{STUF}}}"):
                element.getparent().remove(element)
        return str(etree.tostring(made, encoding="unicode"))

    @property
    def last(self) -> Any:
        """The question heard last."""
        return self.heard[-1][1]

    def scope(self) -> set[str]:
        """The elements that it asked for."""
        found = self.last.find(f".//{{{BG}}}scope/{{{BG}}}object")
        return {etree.QName(each).localname for each in found.iter()} - {"object"}


@asynccontextmanager
async def running_broker() -> AsyncIterator[Broker]:
    """The broker, running."""
    made = Broker(free_port())
    app = web.Application()
    app.router.add_post("/stuf", made.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", made.port).start()
    yield made
    await runner.cleanup()
