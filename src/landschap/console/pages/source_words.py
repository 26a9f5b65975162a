# SPDX-License-Identifier: EUPL-1.2
"""The words of the page on which a declaration is written: labels, faults, rules, what was done."""

from __future__ import annotations

from collections.abc import Mapping

from landschap.integration.model import Wins
from landschap.platform.web import N_

LABELS: Mapping[str, str] = {
    "tekst": N_("Het bestand"),
    "veld": N_("Naam van het veld"),
    "lijst": N_("In lijst"),
    "kolom": N_("Komt uit"),
    "zet_om": N_("Omzetten"),
    "wint": N_("Als bronnen verschillen"),
    "bron_naam": N_("Naam van de bron"),
    "bron_soort": N_("Soort bron"),
    "bron_waar": N_("Waar"),
    "bron_wat": N_("Wat daar"),
    "bron_sleutels": N_("Sleutels"),
    "bron_houder": N_("Bronhouder"),
    "koppel_van": N_("Van kolom"),
    "koppel_naar": N_("Naar kolom"),
    "koppel_splits": N_("Teken tussen meer sleutels"),
    "voorbeeld": N_("Voorbeeldvraag"),
    "bestand": N_("Naam van het bestand"),
    "reden": N_("Waarom deze wijziging"),
}
SAYS: Mapping[str, str] = {
    "name": N_("Begin met een kleine letter, zonder spaties, zoals adres.huisnummer"),
    "column": N_("Kies ten minste een kolom"),
    "several": N_("Deze regel heeft meer dan een kolom nodig"),
    "choice": N_("Kies een van de mogelijkheden"),
    "argument": N_("Hier hoort een waarde bij, zoals het voorbeeld laat zien"),
    "wrong": N_("Er staan nog fouten in. Los die eerst op"),
    "long": N_("De tekst is leeg of te lang: hooguit 60.000 tekens"),
    "nothing": N_("Hiermee verandert er niets"),
    "reason": N_("Schrijf op waarom, in ten minste drie tekens"),
    "person": N_("Hier staat het nummer van een persoon. Haal dat weg: dit wordt bewaard"),
    "task": N_(
        "Kies eerst een doel en zaak, in een nieuw tabblad. Druk daarna hier opnieuw op de knop"
    ),
    "stem": N_("Geef een naam die er nog niet is, met letters, cijfers en streepjes"),
    "source_name": N_("Begin met een kleine letter, zonder spaties, zoals vergunningen"),
    "empty": N_("Vul dit in"),
    "form": N_("Een van: csv, excel, jsonl, json, geojson, parquet"),
    "keys": N_("Noem ten minste een kolom, met komma's ertussen"),
    "link_column": N_("Schrijf bron.kolom, zoals adressen.pand"),
    "splits": N_("Een gesplitste sleutel kan er meer vinden. Kies: meer rijen"),
    "as_text": N_("Dit kan alleen als tekst worden gewijzigd"),
}
DONE: Mapping[str, str] = {
    "bron": N_("De bron staat in het bestand"),
    "bron_weg": N_("De bron is uit het bestand"),
    "koppel": N_("De koppeling staat in het bestand"),
    "koppel_weg": N_("De koppeling is uit het bestand"),
}
WINS: Mapping[str, str] = {
    Wins.FIRST_FILLED.value: N_("de eerste die iets zegt"),
    Wins.NEWEST.value: N_("de nieuwste"),
    Wins.AGREE_OR_REPORT.value: N_("geen: zij moeten het eens zijn"),
    Wins.JOINED.value: N_("alle, achter elkaar"),
}
