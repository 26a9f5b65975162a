# SPDX-License-Identifier: EUPL-1.2
"""What the demo must answer, computed by reading the packaged rows in the plainest way.

No code of the product is used here, so that the product can be checked against it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
Row = dict[str, str]
Json = object


def read(path: Path) -> list[Row]:
    """All rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def line_as_of(rows: Iterable[dict[str, Json]], on: str, known: datetime) -> Json:
    """What an object's lines say: the last one registered by then that covers the day."""
    content: Json = None
    latest: tuple[datetime, int] | None = None
    for place, row in enumerate(rows):
        registered = datetime.fromisoformat(str(row["tijdstipRegistratie"]))
        covers = str(row["geldigVan"]) <= on and (
            not row["geldigTot"] or on < str(row["geldigTot"])
        )
        if registered <= known and covers and (latest is None or latest < (registered, place)):
            latest, content = (registered, place), row["inhoud"]
    return content


def version_as_of(rows: Iterable[Row], on: str, known: datetime) -> Row | None:
    """The version of an object that was valid on a day as known then, read as the BAG says."""
    for row in rows:
        began = row["beginGeldigheid"] <= on and local(row["tijdstipRegistratie"]) <= known
        end_known = row["eindRegistratie"] and local(row["eindRegistratie"]) <= known
        if began and not (end_known and on >= row["eindGeldigheid"]):
            return row
    return None


def local(text: str) -> datetime:
    """A moment of the BAG: local time without offset."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


def answer(bsn: str, on: str, known: datetime, out: Path) -> dict[str, Json]:
    """The whole situation of one person on a day, as known then, by dotted path."""
    found: dict[str, Json] = {"burgerservicenummer": bsn}
    home = person_as_of(out / "inwoners.jsonl", bsn, on, known)
    money = person_as_of(out / "uitkeringen.jsonl", bsn, on, known)
    if money is not None:
        found |= {f"uitkering.{k}": v for k, v in money.items() if k != "burgerservicenummer"}
    if home is None:
        return found
    address = bag_as_of(
        out, "nummeraanduidingen", "identificatie", home["nummeraanduiding"], on, known
    )
    if address is None:
        return found
    found |= {f"adres.{key}": address[key] or None for key in ("huisletter", "postcode")}
    found["adres.huisnummer"] = int(address["huisnummer"])
    street = bag_as_of(out, "openbare-ruimten", "identificatie", address["ligtAan"], on, known)
    if street is not None:
        found["adres.straat"] = street["naam"]
        town = bag_as_of(out, "woonplaatsen", "identificatie", street["ligtIn"], on, known)
        found["adres.woonplaats"] = town["naam"] if town else None
    unit = bag_as_of(
        out, "verblijfsobjecten", "heeftAlsHoofdadres", address["identificatie"], on, known
    )
    if unit is not None:
        found["woning.oppervlakte"] = int(unit["oppervlakte"])
        found["woning.gebruiksdoel"] = unit["gebruiksdoel"].split("|")
        building = bag_as_of(out, "panden", "identificatie", unit["maaktDeelUitVan"], on, known)
        if building is not None:
            found["pand.identificatie"] = building["identificatie"]
            found["pand.bouwjaar"] = int(building["oorspronkelijkBouwjaar"])
            found["pand.status"] = building["status"]
    return found


def person_as_of(path: Path, bsn: str, on: str, known: datetime) -> dict[str, Json] | None:
    """The content of the one object that is about a person then."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    mine = {r["object"] for r in rows if r["inhoud"] and r["inhoud"]["burgerservicenummer"] == bsn}
    for obj in sorted(mine):
        content = line_as_of([r for r in rows if r["object"] == obj], on, known)
        if isinstance(content, dict):
            return content
    return None


def bag_as_of(
    out: Path, name: str, column: str, value: Json, on: str, known: datetime
) -> Row | None:
    """The version of the object with this value."""
    return version_as_of(
        (r for r in read(out / "bag" / f"{name}.csv") if r[column] == value), on, known
    )


def expectations(bsns: Sequence[str], suzanne: str, out: Path) -> list[dict[str, Json]]:
    """Questions with their answers: everybody in March 2021, Suzanne on both axes."""
    questions: list[tuple[str, str, str | None]] = [(bsn, "2021-03-01", None) for bsn in bsns]
    questions += [
        (suzanne, "2021-03-01", "2021-03-15T00:00:00+01:00"),
        (suzanne, "2020-07-01", "2020-08-01T00:00:00+02:00"),
        (suzanne, "2020-07-01", None),
        (suzanne, "2021-08-31", None),
        (suzanne, "2021-09-01", "2021-08-31T00:00:00+02:00"),
        (suzanne, "2021-09-01", None),
        (suzanne, "2018-01-01", None),
    ]
    end = datetime(2100, 1, 1, tzinfo=AMSTERDAM)
    return [
        {
            "burgerservicenummer": bsn,
            "geldigOp": on,
            "beschikbaarOp": known,
            "antwoord": answer(bsn, on, datetime.fromisoformat(known) if known else end, out),
        }
        for bsn, on, known in questions
    ]
