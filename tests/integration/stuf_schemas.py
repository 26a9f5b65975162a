# SPDX-License-Identifier: EUPL-1.2
"""Small schemas in the form of StUF-BG 3.10, made for the messages of these tests."""

from __future__ import annotations

from pathlib import Path

from tests.integration.stuf_rig import BG, STUF

XS = "http://www.w3.org/2001/XMLSchema"
CORE = f"""<xs:schema xmlns:xs="{XS}" targetNamespace="{STUF}" xmlns="{STUF}"
    elementFormDefault="qualified" attributeFormDefault="qualified">
  <xs:import namespace="urn:proef:web" schemaLocation="http://www.example.org/2001/web.xsd"/>
  <xs:element name="berichtcode" type="xs:string"/>
  <xs:element name="zender" type="Systeem"/>
  <xs:element name="ontvanger" type="Systeem"/>
  <xs:element name="referentienummer"><xs:simpleType><xs:restriction base="xs:string">
    <xs:maxLength value="40"/></xs:restriction></xs:simpleType></xs:element>
  <xs:element name="tijdstipBericht"><xs:simpleType><xs:restriction base="xs:string">
    <xs:pattern value="[0-9]{{14}}"/></xs:restriction></xs:simpleType></xs:element>
  <xs:element name="entiteittype" type="xs:string"/>
  <xs:element name="sortering" type="xs:int"/>
  <xs:element name="indicatorVervolgvraag" type="xs:boolean"/>
  <xs:element name="peiltijdstipMaterieel" type="xs:string"/>
  <xs:element name="mutatiesoort"><xs:simpleType><xs:restriction base="xs:string">
    <xs:pattern value="[TWCV]"/></xs:restriction></xs:simpleType></xs:element>
  <xs:element name="indicatorOvername" type="xs:string"/>
  <xs:element name="tijdvakGeldigheid"><xs:complexType><xs:sequence>
    <xs:element name="beginGeldigheid" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:attribute name="entiteittype" type="xs:string"/>
  <xs:attribute name="sleutelVerzendend" type="xs:string"/>
  <xs:attribute name="verwerkingssoort" type="xs:string"/>
  <xs:attribute name="noValue" type="xs:string"/>
  <xs:attribute name="indOnvolledigeDatum" type="xs:string"/>
  <xs:complexType name="Systeem"><xs:sequence>
    <xs:element name="organisatie" type="xs:string" minOccurs="0"/>
    <xs:element name="applicatie" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>
  <xs:complexType name="Stuurgegevens"><xs:sequence>
    <xs:element ref="berichtcode"/><xs:element ref="zender"/><xs:element ref="ontvanger"/>
    <xs:element ref="referentienummer"/><xs:element ref="tijdstipBericht"/>
    <xs:element ref="entiteittype"/></xs:sequence></xs:complexType>
</xs:schema>"""
WEB = f"""<xs:schema xmlns:xs="{XS}" targetNamespace="urn:proef:web">
  <xs:element name="web" type="xs:string"/></xs:schema>"""


def _value(name: str, kind: str) -> str:
    return (
        f'<xs:element name="{name}" minOccurs="0" nillable="true"><xs:complexType>'
        f'<xs:simpleContent><xs:extension base="{kind}">'
        '<xs:attribute ref="s:noValue"/><xs:attribute ref="s:indOnvolledigeDatum"/>'
        "</xs:extension></xs:simpleContent></xs:complexType></xs:element>"
    )


SECTOR = f"""<xs:schema xmlns:xs="{XS}" targetNamespace="{BG}" xmlns="{BG}" xmlns:s="{STUF}"
    elementFormDefault="qualified">
  <xs:import namespace="{STUF}" schemaLocation="../0301/stuf0301.xsd"/>
  <xs:simpleType name="Bsn"><xs:restriction base="xs:string">
    <xs:pattern value="[0-9]{{9}}|"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Datum"><xs:restriction base="xs:string">
    <xs:pattern value="[0-9]{{8}}|"/></xs:restriction></xs:simpleType>
  <xs:complexType name="Adres"><xs:sequence>
    <xs:element name="aoa.identificatie" type="xs:string" nillable="true" minOccurs="0"/>
    <xs:element name="aoa.postcode" type="xs:string" nillable="true" minOccurs="0"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="NPS"><xs:sequence>
    {_value("inp.bsn", "Bsn")}{_value("geslachtsnaam", "xs:string")}
    {_value("geboortedatum", "Datum")}{_value("overlijdensdatum", "Datum")}
    {_value("inp.indicatieGeheim", "xs:string")}
    <xs:element name="verblijfsadres" type="Adres" minOccurs="0"/>
    <xs:element ref="s:tijdvakGeldigheid" minOccurs="0"/></xs:sequence>
    <xs:attribute ref="s:entiteittype" use="required"/>
    <xs:attribute ref="s:sleutelVerzendend"/><xs:attribute ref="s:verwerkingssoort"/>
  </xs:complexType>
  <xs:complexType name="Object"><xs:sequence>
    <xs:element name="object" type="NPS" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:element name="npsLv01"><xs:complexType><xs:sequence>
    <xs:element name="stuurgegevens" type="s:Stuurgegevens"/>
    <xs:element name="parameters"><xs:complexType><xs:sequence>
      <xs:element ref="s:sortering"/><xs:element ref="s:indicatorVervolgvraag"/>
      <xs:element ref="s:peiltijdstipMaterieel"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="gelijk" type="NPS"/><xs:element name="scope" type="Object"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="npsLa01"><xs:complexType><xs:sequence>
    <xs:element name="antwoord" type="Object"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="npsLk01"><xs:complexType><xs:sequence>
    <xs:element name="stuurgegevens" type="s:Stuurgegevens"/>
    <xs:element name="parameters"><xs:complexType><xs:sequence>
      <xs:element ref="s:mutatiesoort"/><xs:element ref="s:indicatorOvername"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="object" type="NPS" minOccurs="1" maxOccurs="2"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""
SAID = "schema: {map: stuf, bestand: bg0310/berichten.xsd}"


def write_schemas(folder: Path) -> None:
    """The schemas below ``stuf`` in a folder, as a supplier delivers them."""
    for name, content in (
        ("bg0310/berichten.xsd", SECTOR),
        ("0301/stuf0301.xsd", CORE),
        ("www.example.org/2001/web.xsd", WEB),
    ):
        path = folder / "stuf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
